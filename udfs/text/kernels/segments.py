"""Lines and paragraphs as kernels see them: where the visible text of each line is.

Lines are cut at U+000A, stripped, and left out where nothing is left, as in `Page.lines`. A paragraph is a run of such
lines without an empty line between them; stripped, its text goes from its first line's start to its last line's end."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from udfs.text.kernels.characters import SPACE, Offsets, Utf8, classes_of, decode, start_before
from udfs.text.kernels.compiling import compiled, inlined
from udfs.text.page import Page

_NEWLINE = 10


class Lines(NamedTuple):
    """The lines of a text that are not blank, in order; shapes (lines,)."""

    starts: Offsets  # bytes, of the stripped line
    ends: Offsets
    opens: NDArray[np.bool_]  # whether a paragraph begins with it


def visible_lines(page: Page) -> Lines:
    """The page's lines that are not blank."""
    return Lines(*_visible_lines(page.utf8))


@compiled
def _visible_lines(text: Utf8) -> tuple[Offsets, Offsets, NDArray[np.bool_]]:
    most = 1
    for byte in text:
        most += byte == _NEWLINE
    starts, ends, opens = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most, np.bool_)
    found, start, opening = 0, 0, True
    while start <= text.size:
        end = start
        while end < text.size and text[end] != _NEWLINE:
            end += 1
        first = _visible_from(text, start, end)
        if first < end:
            starts[found], ends[found], opens[found] = first, _visible_until(text, end), opening
            found, opening = found + 1, False
        elif start == end:
            opening = True
        start = end + 1
    return starts[:found], ends[:found], opens[:found]


@inlined
def _visible_from(text: Utf8, at: int, end: int) -> Any:
    """The first character from `at` on that is not white space, or `end`."""
    while at < end:
        code, width = decode(text, at)
        if not classes_of(code) & SPACE:
            break
        at += width
    return at


@inlined
def _visible_until(text: Utf8, end: int) -> Any:
    """The end of the last character before `end` that is not white space; there is one."""
    while True:
        last = start_before(text, end)
        if not classes_of(decode(text, last)[0]) & SPACE:
            return end
        end = last
