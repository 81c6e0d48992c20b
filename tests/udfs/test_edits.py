"""Edits: applied piecewise against a naive oracle, refused where they clash, composed without a change of result."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.text.edits import Edit, apply, check, compose


@st.composite
def edits_of(draw: st.DrawFn, length: int, reason: str) -> list[Edit]:
    edits: list[Edit] = []
    at = 0
    while at <= length and draw(st.booleans()):
        start = draw(st.integers(at, min(length, at + 3)))
        end = draw(st.integers(start, min(length, start + 4)))
        edits.append(Edit(start, end, draw(st.text("xyz", max_size=3)), reason))
        at = max(end, start + 1)
    return edits


@st.composite
def edited_texts(draw: st.DrawFn) -> tuple[str, list[Edit]]:
    text = draw(st.text(max_size=25))
    return text, draw(edits_of(len(text), "first"))


@given(edited_texts())
def test_apply_equals_replacing_from_the_end(case: tuple[str, list[Edit]]) -> None:
    text, edits = case
    expected = text
    for edit in reversed(edits):
        expected = expected[: edit.start] + edit.replacement + expected[edit.end :]
    assert apply(text, edits) == expected


@given(edited_texts())
def test_a_cut_can_be_undone(case: tuple[str, list[Edit]]) -> None:
    text, edits = case
    undo, grown = [], 0
    for edit in edits:
        start = edit.start + grown
        undo.append((start, start + len(edit.replacement), text[edit.start : edit.end]))
        grown += len(edit.replacement) - (edit.end - edit.start)
    restored = apply(text, edits)
    for start, end, original in reversed(undo):
        restored = restored[:start] + original + restored[end:]
    assert restored == text


@given(st.data())
def test_composed_edits_equal_one_after_the_other(data: st.DataObject) -> None:
    text = data.draw(st.text("abcdefgh", max_size=25))
    first = data.draw(edits_of(len(text), "first"))
    middle = apply(text, first)
    second = data.draw(edits_of(len(middle), "second"))
    both = compose(first, second)
    check(len(text), both)
    assert apply(text, both) == apply(middle, second)


def test_composed_edits_that_do_not_meet_keep_their_reasons() -> None:
    first = [Edit(0, 2, "", "menu"), Edit(6, 8, "<mail>", "pii")]  # abcdefghij -> cdef<mail>ij
    second = [Edit(0, 2, "", "upper"), Edit(4, 10, "", "pii_line")]  # -> efij
    assert compose(first, second) == (Edit(0, 2, "", "menu"), Edit(2, 4, "", "upper"), Edit(6, 8, "", "pii_line"))


def test_offsets_are_code_points() -> None:
    assert apply("a😀b\u0301c", [Edit(1, 2, "", "emoji"), Edit(4, 5, "C", "case")]) == "ab\u0301C"


@pytest.mark.parametrize(
    "edits",
    [
        [Edit(0, 4, "", "r")],
        [Edit(-1, 1, "", "r")],
        [Edit(2, 1, "", "r")],
        [Edit(0, 2, "", "r"), Edit(1, 3, "", "r")],
        [Edit(1, 2, "", "r"), Edit(0, 1, "", "r")],
        [Edit(1, 1, "x", "r"), Edit(1, 2, "y", "r")],
    ],
)
def test_clashing_edits_are_refused(edits: list[Edit]) -> None:
    with pytest.raises(ValueError, match="edit"):
        apply("abc", edits)
