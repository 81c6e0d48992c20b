"""Made-up programs about one text: for each reason of `refined`, and each of a call that does not count, one that gives
it."""

from collections.abc import Mapping

from udfs.programs.compat import Outcome
from udfs.programs.execution import DropReason
from udfs.programs.operations import CallReason
from udfs.programs.refining import Written

LINES = "\n".join(f"line {number} has five words" for number in range(30))


def of_chunk(program: str) -> Written:
    """A program about the first 25 lines."""
    return Written("chunk", 0, 24, program)


def of_document(program: str, score: float | None = None) -> Written:
    """A program about the whole document."""
    return Written("document", 0, 29, program, score)


# Each with the settings that it needs.
DROP_EXAMPLES: Mapping[DropReason, tuple[Written, Mapping[str, object]]] = {
    DropReason.DROP_DOCUMENT: (of_document("drop_doc()"), {}),
    DropReason.NO_DECISION: (of_document("A fine page."), {"strict": {"keep_undecided": False}}),
    DropReason.LITTLE_LEFT: (of_document("remove_lines(1, 29)"), {}),
    DropReason.TOO_SHORT: (of_document("remove_lines(2, 29)"), {}),
}

COMPAT_EXAMPLES: Mapping[Outcome, str] = {
    Outcome.LITTLE_LEFT: "remove_lines(start=1, end=29)",
    Outcome.TOO_SHORT: "remove_lines(start=2, end=29)",
}

# The score of the last one is below the limit.
CALL_EXAMPLES: Mapping[CallReason, Written] = {
    CallReason.NOT_A_CALL: of_chunk("This page has no noise."),
    CallReason.UNKNOWN_CALL: of_chunk("delete_lines(0, 1)"),
    CallReason.BAD_ARGUMENTS: of_chunk("remove_lines('first')"),
    CallReason.TRUNCATED: of_chunk("remove_lines(start=1, en"),
    CallReason.REPEATED: of_chunk("remove_lines(0, 1)\nremove_lines(start=0, end=1)"),
    CallReason.WRONG_LEVEL: of_chunk("drop_doc()"),
    CallReason.CONTRADICTED: of_chunk("normalize('line 3 has', 'a')\nnormalize('line 3 has', 'b')"),
    CallReason.BAD_RANGE: of_chunk("remove_lines(5, 4)"),
    CallReason.LINE_OUT_OF_RANGE: of_chunk("remove_lines(25, 26)"),
    CallReason.MISSING_TARGET: of_chunk("normalize('a string of another page')"),
    CallReason.SHORT_SOURCE: of_chunk("normalize('li')"),
    CallReason.COMMON_SOURCE: of_chunk("normalize('five words')"),
    CallReason.OVER_BUDGET: of_chunk("remove_lines(0, 1)\nremove_lines(5, 4)\nremove_lines(25, 26)"),
    CallReason.UNSURE: of_document("drop_doc()", 0.2),
}
