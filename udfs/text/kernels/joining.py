"""What compiled line rules share: the lines of a text with their counts, and the spans that leave some of them.

The definition of the spans is `udfs.text.cuts.lines.joined`."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from udfs.text.kernels.characters import (
    ASCII,
    DIGIT,
    SPACE,
    UPPER,
    Offsets,
    Utf8,
    byte_offsets,
    classes_of,
    decode,
    start_before,
)
from udfs.text.kernels.compiling import compiled, inlined
from udfs.text.kernels.spans import NOTHING, Spans
from udfs.text.page import Page

Flags = NDArray[np.bool_]
NEWLINE = 10


class LineTable(NamedTuple):
    """All lines of a text, blank ones too, cut at U+000A; shapes (lines,)."""

    starts: Offsets  # bytes
    ends: Offsets  # without the line break
    characters: Offsets  # code points
    upper_case: Offsets  # characters that are
    digits: Offsets
    words: Offsets  # without white space


def line_table(page: Page) -> LineTable:
    """The page's lines."""
    return LineTable(*_line_table(page.utf8))


@compiled
def _line_table(text: Utf8) -> tuple[Offsets, Offsets, Offsets, Offsets, Offsets, Offsets]:
    count = 1
    for byte in text:
        count += byte == NEWLINE
    starts, ends, characters = np.empty(count, np.int64), np.empty(count, np.int64), np.empty(count, np.int64)
    upper_case, digits, words = np.empty(count, np.int64), np.empty(count, np.int64), np.empty(count, np.int64)
    at = 0
    for line in range(count):
        starts[line] = at
        points = upper = digit = word = in_word = 0
        while at < text.size and text[at] != NEWLINE:
            if text[at] < 0x80:
                classes: Any = np.int64(ASCII[text[at]])
                at += 1
            else:
                code, width = decode(text, at)
                classes = np.int64(classes_of(code))
                at += width
            inside = ~classes >> 2 & 1  # not SPACE
            points += 1
            upper += classes >> 3 & 1  # UPPER
            digit += classes >> 7 & 1  # DIGIT
            word += inside & ~in_word
            in_word = inside
        ends[line], characters[line] = at, points
        upper_case[line], digits[line], words[line] = upper, digit, word
        at += 1
    return starts, ends, characters, upper_case, digits, words


assert (SPACE, UPPER, DIGIT) == (1 << 2, 1 << 3, 1 << 7)  # the kernel shifts by these


@compiled
def joined(
    text: Utf8, starts: Offsets, ends: Offsets, goes: Flags, part_starts: Offsets, part_ends: Offsets, strip: bool
) -> tuple[Offsets, Offsets]:
    """Spans that leave the lines that do not go, joined, without their parts; and stripped."""
    most = starts.size + part_starts.size + 2
    made_starts, made_ends = np.empty(most, np.int64), np.empty(most, np.int64)
    made = part = kept_until = 0
    for line in range(starts.size):
        if goes[line]:
            made = _add(made_starts, made_ends, made, starts[line], ends[line] + 1)
        else:
            kept_until = ends[line]
        while part < part_starts.size and part_starts[part] < ends[line]:
            if not goes[line]:
                made = _add(made_starts, made_ends, made, part_starts[part], part_ends[part])
            part += 1
    if kept_until < text.size:
        while made and made_ends[made - 1] > kept_until:
            made -= 1
        made = _add(made_starts, made_ends, made, kept_until, text.size)
    if not strip:
        return made_starts[:made], made_ends[:made]
    return _stripped(text, made_starts, made_ends, made)


@inlined
def _add(starts: Offsets, ends: Offsets, made: int, start: int, end: int) -> int:
    if made and ends[made - 1] == start:
        made -= 1
        start = starts[made]
    if start < end:
        starts[made], ends[made] = start, end
        made += 1
    return made


@compiled
def _stripped(text: Utf8, starts: Offsets, ends: Offsets, made: int) -> tuple[Offsets, Offsets]:
    """The spans, with the white space at both ends of what they leave; `starts` and `ends` are written over."""
    before, first = 0, 0  # spans before the first visible character, and where that is
    while True:
        if before < made and starts[before] == first:
            first, before = ends[before], before + 1
        elif first < text.size and is_space_at(text, first):
            first += decode(text, first)[1]
        else:
            break
    if first == text.size:
        starts[0], ends[0] = 0, text.size
        return starts[: text.size > 0], ends[: text.size > 0]
    after, last = made, text.size  # spans before what goes at the end, and the end of the last visible character
    while True:
        if after > before and ends[after - 1] == last:
            after -= 1
            last = starts[after]
        elif is_space_at(text, start_before(text, last)):
            last = start_before(text, last)
        else:
            break
    kept = np.empty(after - before + 2, np.int64), np.empty(after - before + 2, np.int64)
    count = _add(kept[0], kept[1], 0, 0, first)
    for span in range(before, after):
        count = _add(kept[0], kept[1], count, starts[span], ends[span])
    count = _add(kept[0], kept[1], count, last, text.size)
    return kept[0][:count], kept[1][:count]


@inlined
def is_space_at(text: Utf8, at: int) -> Any:
    """Whether the character that begins at `at` is white space."""
    code, _width = decode(text, at)
    return classes_of(code) & SPACE != 0


def deletions(starts: Offsets, ends: Offsets) -> Spans:
    """What a kernel found, as spans that delete."""
    return Spans(starts, ends) if len(starts) else NO_SPANS


def defined(page: Page, edits: Iterable[tuple[int, int, str]]) -> Spans:
    """The deletions that a definition found, in code points, as spans: for what no kernel knows."""
    found = np.array([edit[:2] for edit in edits], np.int64).reshape(-1, 2)
    return deletions(
        byte_offsets(page.utf8, np.ascontiguousarray(found[:, 0])),
        byte_offsets(page.utf8, np.ascontiguousarray(found[:, 1])),
    )


NO_SPANS = Spans(NOTHING, NOTHING)
