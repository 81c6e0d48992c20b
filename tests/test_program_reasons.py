"""Reasons of `refined` and of calls that do not count: each has a program that gives it, and its sentence in
docs/reasons.md."""

import pytest

from tests.reason_programs import CALL_EXAMPLES, COMPAT_EXAMPLES, DROP_EXAMPLES, LINES, of_chunk
from tests.test_reasons import CALLS, COMPAT, documented, sentences_of
from udfs.programs.compat import Compat, Outcome
from udfs.programs.execution import DropReason
from udfs.programs.operations import ERRORS, CallReason
from udfs.programs.refining import ExecuteSettings, refine


def test_reasons_of_programs_are_documented_with_the_sentences_of_their_enums() -> None:
    tables = documented()
    assert tables["refined"] == sentences_of(DropReason)
    outcomes = sentences_of(Outcome)
    assert tables[COMPAT] == {reason: outcomes[reason] for reason in outcomes if reason in COMPAT_EXAMPLES}
    errors = {reason: "yes" if reason in ERRORS else "no" for reason in CallReason}
    assert tables[CALLS] == {
        reason: [*said, errors[CallReason(reason)]] for reason, said in sentences_of(CallReason).items()
    }


def test_each_reason_of_a_program_has_an_example() -> None:
    assert set(DROP_EXAMPLES) == set(DropReason)
    assert set(CALL_EXAMPLES) == set(CallReason)
    assert set(COMPAT_EXAMPLES) == {one for one in Outcome if not Compat("", one, 0, (), ()).keep}


@pytest.mark.parametrize("reason", DROP_EXAMPLES)
def test_a_program_gives_the_reason_of_its_document(reason: DropReason) -> None:
    written, limits = DROP_EXAMPLES[reason]
    assert refine(LINES, [written], ExecuteSettings.model_validate(limits)).reason == reason


@pytest.mark.parametrize("reason", COMPAT_EXAMPLES)
def test_a_program_gives_the_reason_of_compat_mode(reason: Outcome) -> None:
    given = ExecuteSettings.model_validate({"mode": "compat"})
    assert refine(LINES, [of_chunk(COMPAT_EXAMPLES[reason])], given).reason == reason


@pytest.mark.parametrize("reason", CALL_EXAMPLES)
def test_a_call_gives_its_reason(reason: CallReason) -> None:
    found = refine(LINES, [CALL_EXAMPLES[reason]], ExecuteSettings.model_validate({"min_drop_score": 0.5}))
    assert reason in found.rejected_calls
