"""The edits of several stages on one text: a list of pieces that has every state of the text in it.

A stage's edits are offsets in the text as that stage received it. Here they are laid over each other: a piece of text
is what a stage put in or what the page had, and what a stage cut or what is left. So the received text is the pieces
that no stage put in, the text that is left is those that no stage cut, and nothing that was ever there is lost, not
even what one stage put in and a later one cut.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from udfs.text.edits import Edit, check


class Layer(NamedTuple):
    """The edits of a stage: offsets in the text that the layers before it leave. Where they were only written down
    and not made (`made`), the text stays as it is."""

    stage: str
    edits: Sequence[Edit]
    made: bool = True


class Cause(NamedTuple):
    """Why a piece was put in or cut: the place of the layer, and the edit's reason."""

    layer: int
    stage: str
    reason: str


class Piece(NamedTuple):
    """A part of the text, never empty. `put` None: the page had it; `cut` None: it is left; `would` is a cut that was
    written down and not made."""

    text: str
    put: Cause | None = None
    cut: Cause | None = None
    would: Cause | None = None

    @property
    def is_touched(self) -> bool:
        """Whether anything was done with it."""
        return not (self.put is None and self.cut is None and self.would is None)


def composed(text: str, layers: Sequence[Layer]) -> tuple[Piece, ...]:
    """The pieces of `text` after all layers, in one pass for each. Raises ValueError where edits do not fit the text
    that they are about (`udfs.text.edits.check`)."""
    pieces = [Piece(text)] if text else []
    for number, layer in enumerate(layers):
        check(sum(len(piece.text) for piece in pieces if piece.cut is None), layer.edits)
        pieces = list(_laid_over(pieces, number, layer))
    return tuple(pieces)


def _laid_over(pieces: Iterable[Piece], number: int, layer: Layer) -> Iterator[Piece]:
    edits = iter(layer.edits)
    edit = next(edits, None)
    end = 0  # of the piece, in the text as this layer received it
    for piece in pieces:
        if piece.cut is not None:
            yield piece
            continue
        start, end = end, end + len(piece.text)
        at = start
        while edit is not None and edit.start < end:
            cause = Cause(number, layer.stage, edit.reason)
            if at < edit.start:
                yield piece._replace(text=piece.text[at - start : edit.start - start])
                at = edit.start
            stop = min(edit.end, end)
            if at < stop:
                gone = piece._replace(text=piece.text[at - start : stop - start])
                yield gone._replace(cut=cause) if layer.made else gone._replace(would=cause)
                at = stop
            if edit.end > end:  # it goes on in the next piece
                break
            yield from _put(edit, cause, layer)
            edit = next(edits, None)
        if at < end:
            yield piece._replace(text=piece.text[at - start :])
    for last in () if edit is None else (edit, *edits):  # behind the end of the text
        yield from _put(last, Cause(number, layer.stage, last.reason), layer)


def _put(edit: Edit, cause: Cause, layer: Layer) -> Iterator[Piece]:
    if edit.replacement and layer.made:
        yield Piece(edit.replacement, put=cause)


# --- states of the text


def received(pieces: Iterable[Piece]) -> str:
    """The text before the first layer."""
    return "".join(piece.text for piece in pieces if piece.put is None)


def left(pieces: Iterable[Piece]) -> str:
    """The text after the last layer."""
    return "".join(piece.text for piece in pieces if piece.cut is None)


def is_before(piece: Piece, layer: int) -> bool:
    """Whether a piece is in the text as a layer received it."""
    return (piece.put is None or piece.put.layer < layer) and (piece.cut is None or piece.cut.layer >= layer)


def before(pieces: Iterable[Piece], layer: int) -> str:
    """The text as a layer received it."""
    return "".join(piece.text for piece in pieces if is_before(piece, layer))


def shown_edits(pieces: Iterable[Piece]) -> tuple[Edit, ...]:
    """All layers as edits of the received text: `apply(received(pieces), shown_edits(pieces)) == left(pieces)`. What
    touches is one edit, which has all reasons; what was put in and cut again is none."""
    edits: list[Edit] = []
    at = 0
    for changed, run in groupby(pieces, lambda piece: piece.put is not None or piece.cut is not None):
        here = list(run)
        start, at = at, at + sum(len(piece.text) for piece in here if piece.put is None)
        replacement = "".join(piece.text for piece in here if piece.cut is None)
        if changed and (start < at or replacement):
            reasons = dict.fromkeys(
                cause.reason for piece in here for cause in (piece.put, piece.cut) if cause is not None
            )
            edits.append(Edit(start, at, replacement, ", ".join(reasons)))
    return tuple(edits)


# --- lines


class Row(NamedTuple):
    """A line as it is shown: up to a line break of any state, which is its last piece. `number` and `seen_number`
    count lines from 0, in the received text and in the text as the layer `seen` received it; None where the row is no
    new line there."""

    number: int | None
    seen_number: int | None
    pieces: tuple[Piece, ...]

    @property
    def is_touched(self) -> bool:
        """Whether anything was done with it."""
        return any(piece.is_touched for piece in self.pieces)


class _Lines:
    """Counts the lines of one state of the text, row by row."""

    def __init__(self) -> None:
        self.line, self.open = 0, False

    def number(self, row: Sequence[bool], breaks: bool, is_last: bool) -> int | None:
        """The row's number: `row` says of each of its pieces whether this state has it, `breaks` of a line break."""
        is_new = not self.open and (any(row) or is_last)  # a last line may be empty
        found = self.line if is_new else None
        self.open = self.open or is_new
        if breaks:
            self.line, self.open = self.line + 1, False
        return found


def rows(pieces: Sequence[Piece], seen: int) -> list[Row]:
    """The pieces line by line. Time is linear in the text."""
    first, second = _Lines(), _Lines()
    found = []
    lines = list(_split(pieces))
    for place, line in enumerate(lines):
        ends = bool(line) and line[-1].text == "\n"
        is_last = place == len(lines) - 1
        of_page = [piece.put is None for piece in line]
        of_seen = [is_before(piece, seen) for piece in line]
        found.append(
            Row(
                first.number(of_page, ends and of_page[-1], is_last),
                second.number(of_seen, ends and of_seen[-1], is_last),
                tuple(line),
            )
        )
    return found


def _split(pieces: Iterable[Piece]) -> Iterator[list[Piece]]:
    line: list[Piece] = []
    for piece in pieces:
        *ended, rest = piece.text.split("\n")
        for text in ended:
            line += [piece._replace(text=text)] if text else []
            yield [*line, piece._replace(text="\n")]
            line = []
        line += [piece._replace(text=rest)] if rest else []
    yield line
