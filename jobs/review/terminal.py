"""Text of strangers on a terminal: nothing that a page, a model or a server wrote can move the cursor, change a colour
or reorder what is read, and rows keep to the terminal's width."""

import unicodedata
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

_RESET = "\x1b[0m"
_WIDE = frozenset("WF")
_MARKS = frozenset(("Mn", "Me"))  # stand on the character before


class Paint(StrEnum):
    """ANSI colours (SGR parameters); the empty one is none."""

    PLAIN = ""
    FAINT = "2"
    BOLD = "1"
    GOES = "31;9"  # red, struck through
    COMES = "32;4"  # green, underlined
    GOES_AS_REPEAT = "35;9"  # magenta, yellow and cyan, struck through
    GOES_AS_SEEN = "33;9"
    GOES_BY_PROGRAM = "36;9"
    WOULD_GO = "4"  # underlined
    COUNTS = "32"
    WARNS = "33"


class Span(NamedTuple):
    """Text in one colour. It is printed as it is: strangers' text goes through `printable` before."""

    text: str
    paint: Paint = Paint.PLAIN


def columns_of(character: str) -> int:
    """Columns that a terminal gives a character: two for the wide ones of East Asia, none for a combining mark."""
    if character.isascii():
        return 1
    if unicodedata.category(character) in _MARKS:
        return 0
    return 2 if unicodedata.east_asian_width(character) in _WIDE else 1


def fitted(text: str, width: int) -> str:
    """`text`, or as much of its beginning as `width` columns hold with an ellipsis."""
    if len(text) * 2 <= width:
        return text
    used = 0
    for place, character in enumerate(text):
        used += columns_of(character)
        if used > width:
            return _head(text[:place], width - 1) + "…"
    return text


def _head(text: str, width: int) -> str:
    used = sum(map(columns_of, text))
    while text and used > width:
        used -= columns_of(text[-1])
        text = text[:-1]
    return text


def wrapped(spans: Sequence[Span], width: int) -> Iterator[list[Span]]:
    """Rows of at most `width` columns (two at least); one empty row where there is nothing."""
    row: list[Span] = []
    used = 0
    for span in spans:
        start = 0
        for place, character in enumerate(span.text):
            size = columns_of(character)
            if used + size > max(width, 2):
                row.append(span._replace(text=span.text[start:place]))
                yield row
                row, used, start = [], 0, place
            used += size
        row.append(span._replace(text=span.text[start:]))
    yield row


def painted(spans: Sequence[Span], *, color: bool) -> str:
    """A row as it is printed, without blanks at its end."""
    if not color:
        return "".join(span.text for span in spans).rstrip()
    return "".join(
        f"\x1b[{span.paint.value}m{span.text}{_RESET}" if span.paint and span.text else span.text for span in spans
    ).rstrip()
