"""Operations as values, and the one way in which they are written."""

import ast
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from udfs.programs.operations import (
    NUMBER_DIGITS,
    OPERATIONS,
    CallReason,
    DropDocument,
    KeepChunk,
    KeepDocument,
    Normalize,
    Operation,
    Rejected,
    RemoveAll,
    RemoveLines,
    format_program,
    quoted,
)
from udfs.programs.parsing import parse

STRINGS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NUMBERS = st.integers(-(10**NUMBER_DIGITS) + 1, 10**NUMBER_DIGITS - 1)
PLAIN = st.sampled_from([KeepDocument(), DropDocument(), KeepChunk(), RemoveAll()])
OPERATION: st.SearchStrategy[Operation] = st.one_of(
    PLAIN, st.builds(RemoveLines, NUMBERS, NUMBERS), st.builds(Normalize, STRINGS, STRINGS)
)


def test_one_canonical_form_is_written() -> None:
    program = (
        KeepDocument(),
        DropDocument(),
        KeepChunk(),
        RemoveAll(),
        RemoveLines(3, 5),
        Normalize('say "é"\\\n', "\x00\u2028"),
        Rejected(CallReason.NOT_A_CALL, "I think\rso"),
    )
    assert format_program(program).split("\n") == [
        "keep_doc()",
        "drop_doc()",
        "keep_chunk()",
        "remove_all()",
        "remove_lines(start=3, end=5)",
        r'normalize(source_str="say \"é\"\\\n", target_str="\x00\u2028")',
        r'# not_a_call: "I think\rso"',
    ]


@given(st.lists(OPERATION, max_size=6).map(tuple))
def test_what_is_written_is_read_back(program: tuple[Operation, ...]) -> None:
    assert parse(format_program(program)) == program


@given(st.lists(st.one_of(OPERATION, st.builds(Rejected, st.sampled_from(CallReason), STRINGS)), max_size=6))
def test_what_was_rejected_is_a_comment(program: list[Operation | Rejected]) -> None:
    assert parse(format_program(program)) == tuple(one for one in program if not isinstance(one, Rejected))


@given(st.text(max_size=20))
def test_a_quoted_string_is_a_literal_of_python_on_one_line(string: str) -> None:
    assert ast.literal_eval(quoted(string)) == string
    assert len(quoted(string).splitlines()) == 1


def test_no_name_has_two_meanings() -> None:
    for names in (
        [name for kind in OPERATIONS for name in kind.names],
        *([name for argument in kind.arguments for name in argument] for kind in OPERATIONS),
    ):
        assert not [name for name, count in Counter(names).items() if count > 1]


def test_operations_of_different_kinds_are_different() -> None:
    assert len({KeepDocument(), DropDocument(), KeepChunk(), RemoveAll(), RemoveLines(0, 1), Normalize("0", "1")}) == 6
