"""Edits of several stages on one text: every state of the text is in the pieces, and lines are counted in each."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.explaining.composed import Cause, Layer, Piece, Row, before, composed, left, received, rows, shown_edits
from udfs.text.edits import Edit, apply, check, compose

STAGES = ("screen", "dedup_bloom", "execute")
TEXTS = st.text("ab\n", max_size=12) | st.text(max_size=30)
REPLACEMENTS = st.sampled_from(["", "", "X", "y\n", "\n\nz", "\U0001f600"])


def drawn_edits(data: st.DataObject, length: int, reason: str) -> list[Edit]:
    """Edits that fit a text of `length`: cuts, replacements, insertions, some of which touch."""
    points = sorted(data.draw(st.lists(st.integers(0, length), max_size=8)))
    edits: list[Edit] = []
    for start, end in zip(points[::2], points[1::2], strict=False):
        replacement = data.draw(REPLACEMENTS)
        if (start < end or replacement) and (not edits or (start >= edits[-1].end and start > edits[-1].start)):
            edits.append(Edit(start, end, replacement, reason))
    check(length, edits)
    return edits


@given(TEXTS, st.data())
def test_the_shown_cuts_on_the_shown_text_give_what_the_stages_left(text: str, data: st.DataObject) -> None:
    """The oracle: each stage's edits applied to the text that it received, one after the other."""
    states, layers = [text], []
    for number, stage in enumerate(STAGES):
        made = data.draw(st.booleans()) if number == 2 else True
        layer = Layer(stage, drawn_edits(data, len(states[-1]), f"r{number}"), made)
        layers.append(layer)
        states.append(apply(states[-1], layer.edits) if made else states[-1])
    pieces = composed(text, layers)
    assert received(pieces) == text
    assert [before(pieces, number) for number in range(4)] == states
    assert left(pieces) == states[-1]
    edits = shown_edits(pieces)
    check(len(text), edits)
    assert apply(text, edits) == states[-1]
    assert all(piece.text for piece in pieces)


@given(TEXTS, st.data())
def test_two_layers_are_what_compose_makes_of_them(text: str, data: st.DataObject) -> None:
    first = drawn_edits(data, len(text), "first")
    second = drawn_edits(data, len(apply(text, first)), "second")
    pieces = composed(text, [Layer("screen", first), Layer("execute", second)])
    assert left(pieces) == apply(text, compose(first, second))


@given(TEXTS, st.data())
def test_a_piece_has_the_reason_of_the_edit_that_made_it(text: str, data: st.DataObject) -> None:
    edits = [edit._replace(reason=f"e{at}") for at, edit in enumerate(drawn_edits(data, len(text), ""))]
    pieces = composed(text, [Layer("screen", edits)])
    for edit in edits:
        cause = Cause(0, "screen", edit.reason)
        assert "".join(piece.text for piece in pieces if piece.cut == cause) == text[edit.start : edit.end]
        assert "".join(piece.text for piece in pieces if piece.put == cause) == edit.replacement


@given(TEXTS, st.data())
def test_lines_are_counted_in_both_texts(text: str, data: st.DataObject) -> None:
    first = drawn_edits(data, len(text), "first")
    seen_text = apply(text, first)
    second = drawn_edits(data, len(seen_text), "second")
    pieces = composed(text, [Layer("screen", first), Layer("execute", second)])
    shown = rows(pieces, 1)
    assert "".join(piece.text for row in shown for piece in row.pieces) == "".join(piece.text for piece in pieces)
    assert [row.number for row in shown if row.number is not None] == list(range(text.count("\n") + 1))
    assert [r.seen_number for r in shown if r.seen_number is not None] == list(range(seen_text.count("\n") + 1))
    lines = seen_text.split("\n")
    for row in shown:
        if row.seen_number is not None:
            here = "".join(p.text for p in row.pieces if before([p], 1)).rstrip("\n")
            assert lines[row.seen_number].startswith(here)


def test_what_one_stage_puts_in_and_another_cuts_is_shown_and_is_no_edit() -> None:
    pieces = composed("a-b", [Layer("screen", [Edit(1, 2, "X", "mask")]), Layer("execute", [Edit(1, 2, "", "gone")])])
    mask, gone = Cause(0, "screen", "mask"), Cause(1, "execute", "gone")
    assert pieces == (Piece("a"), Piece("-", cut=mask), Piece("X", put=mask, cut=gone), Piece("b"))
    assert shown_edits(pieces) == (Edit(1, 2, "", "mask, gone"),)


def test_what_is_put_in_stands_behind_what_it_replaces() -> None:
    pieces = composed("abc", [Layer("screen", [Edit(1, 2, "", "r")]), Layer("execute", [Edit(0, 1, "X", "r")])])
    assert [piece.text for piece in pieces] == ["a", "X", "b", "c"]


def test_cuts_that_were_not_made_leave_the_text() -> None:
    pieces = composed("a b", [Layer("execute", [Edit(0, 1, "Z", "r")], made=False)])
    assert pieces == (Piece("a", would=Cause(0, "execute", "r")), Piece(" b"))
    assert left(pieces) == "a b"
    assert not shown_edits(pieces)


def test_rows_of_cut_line_breaks() -> None:
    pieces = composed("a\nb\nc", [Layer("screen", [Edit(1, 2, "", "join")])])
    cut = Cause(0, "screen", "join")
    assert rows(pieces, 1) == [
        Row(0, 0, (Piece("a"), Piece("\n", cut=cut))),
        Row(1, None, (Piece("b"), Piece("\n"))),
        Row(2, 1, (Piece("c"),)),
    ]
    assert rows((), 1) == [Row(0, 0, ())]


def test_edits_that_do_not_fit_raise() -> None:
    with pytest.raises(ValueError, match="outside"):
        composed("abc", [Layer("screen", [Edit(0, 2, "", "r")]), Layer("execute", [Edit(1, 2, "", "r")])])


def test_a_long_text_takes_linear_time() -> None:
    text = "ab\n" * 100_000
    edits = [Edit(place, place + 1, "c", "r") for place in range(0, len(text), 3)]
    pieces = composed(text, [Layer("screen", edits), Layer("execute", edits)])
    assert len(rows(pieces, 1)) == 100_001
