"""A text line by line, each in pieces: what stays, what edits cut, and what they put in its place."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import accumulate
from typing import NamedTuple

from udfs.text.edits import Edit


class Kind(StrEnum):
    """What becomes of a piece of a line."""

    STAYS = "stays"
    CUT = "cut"
    PUT = "put"  # not in the text as received


class Piece(NamedTuple):
    """A part of a line."""

    kind: Kind
    text: str


class Line(NamedTuple):
    """A line and its number, from 0, as models were shown it. The text as received is its pieces but those put in."""

    number: int
    goes: bool  # with its line end: nothing of it is left
    pieces: tuple[Piece, ...]

    @property
    def is_touched(self) -> bool:
        """Whether anything happens to it."""
        return self.goes or any(piece.kind is not Kind.STAYS for piece in self.pieces)


def marked_lines(text: str, edits: Sequence[Edit]) -> list[Line]:
    """All lines of `text` with what `edits` (sorted, not overlapping, inside the text) make of them. What is put in
    stands in the line where its edit starts. Time is linear in both."""
    lengths = [len(line) + 1 for line in text.split("\n")]
    starts = [0, *accumulate(lengths)]
    found: list[Line] = []
    first = 0  # the first edit that does not end before the line
    for number, start in enumerate(starts[:-1]):
        end = starts[number + 1] - 1
        while first < len(edits) and edits[first].end < start:
            first += 1
        last = first
        while last < len(edits) and edits[last].start <= end:
            last += 1
        here = edits[first:last]
        goes = any(_takes_line(text, edit, start, end) for edit in here)
        found.append(Line(number, goes, tuple(_pieces(text, here, start, end))))
    return found


def _takes_line(text: str, edit: Edit, start: int, end: int) -> bool:
    """Whether an edit takes the line at `start` to `end` as a whole. Lines up to the end of the text go with the line
    end before them, others with the one behind them."""
    if edit.replacement:
        return False
    is_tail = edit.end == len(text) and edit.start > 0
    if is_tail and (text.startswith("\n", edit.start) or not text.endswith("\n", 0, edit.start)):
        return edit.start < start
    return edit.start <= start and (end < edit.end or (edit.start == 0 and edit.end == len(text)))


def _pieces(text: str, edits: Sequence[Edit], start: int, end: int) -> Iterator[Piece]:
    done = start
    for edit in edits:
        before, behind = max(edit.start, start), min(edit.end, end)
        if done < before:
            yield Piece(Kind.STAYS, text[done:before])
        if before < behind:
            yield Piece(Kind.CUT, text[before:behind])
        if edit.replacement and edit.start >= start:
            yield Piece(Kind.PUT, edit.replacement)
        done = max(done, behind)
    if done < end:
        yield Piece(Kind.STAYS, text[done:end])
