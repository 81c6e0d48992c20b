"""Compiled twins of C4's line rules. The definitions are in `udfs.text.cuts.c4`."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from udfs.text.cuts.c4 import MENTIONS, checked
from udfs.text.cuts.c4 import mentioning_lines as defined_mentioning_lines
from udfs.text.kernels.c4_lines import ANY_LENGTH, ends_sentence, has_words
from udfs.text.kernels.characters import Offsets, Utf8
from udfs.text.kernels.compiling import compiled
from udfs.text.kernels.joining import NO_SPANS, defined, deletions, joined
from udfs.text.kernels.line_ends import line_end
from udfs.text.kernels.mentions import are_plain, mentioned, phrases_of
from udfs.text.kernels.segment_hashes import skip_space, skip_space_back
from udfs.text.kernels.spans import Spans
from udfs.text.page import Page

_LF = 10
Found = tuple[Offsets, Offsets]


def separate_lines(page: Page) -> Spans:
    """See the definition."""
    starts, ends, separators = _separated(page.utf8)
    if not len(starts):
        return NO_SPANS
    return Spans(starts, ends, [b"\n" if one else b"" for one in separators.tolist()])


def few_word_lines(page: Page, fewest: int = 3) -> Spans:
    """See the definition."""
    return deletions(*_few(page.utf8, fewest))


def unterminated_lines(page: Page) -> Spans:
    """See the definition."""
    return deletions(*_unterminated(page.utf8))


def mentioning_lines(page: Page, phrases: Sequence[str] = MENTIONS) -> Spans:
    """See the definition."""
    wanted = checked(tuple(phrases))
    if not are_plain(wanted):
        return defined(page, defined_mentioning_lines(page, wanted))
    return deletions(*_mentioning(page.utf8, *phrases_of(wanted)))


def surrounding_space(page: Page) -> Spans:
    """See the definition."""
    return deletions(*_surrounding(page.utf8))


@compiled
def _separated(text: Utf8) -> tuple[Offsets, Offsets, NDArray[np.bool_]]:
    most = start = 0
    while start < text.size:
        start = line_end(text, start)[1]
        most += 2
    starts, ends, separators = np.empty(most, np.int64), np.empty(most, np.int64), np.zeros(most, np.bool_)
    made = start = 0
    while start < text.size:
        end, following = line_end(text, start)
        left = skip_space(text, start, end)
        right = skip_space_back(text, left, end)
        is_last = following == text.size
        if left > start:
            starts[made], ends[made] = start, left
            made += 1
        if following - right != (0 if is_last else 1) or not (is_last or text[right] == _LF):
            starts[made], ends[made], separators[made] = right, following, not is_last
            made += 1
        start = following
    return starts[:made], ends[:made], separators[:made]


@compiled
def _line_bounds(text: Utf8) -> Found:
    """The lines, cut at line feeds."""
    count = 1
    for byte in text:
        count += byte == _LF
    starts, ends = np.empty(count, np.int64), np.empty(count, np.int64)
    line, starts[0] = 0, 0
    for at in range(text.size):
        if text[at] == _LF:
            ends[line] = at
            line += 1
            starts[line] = at + 1
    ends[line] = text.size
    return starts, ends


@compiled
def _few(text: Utf8, fewest: int) -> Found:
    starts, ends = _line_bounds(text)
    goes = np.empty(starts.size, np.bool_)
    for line in range(starts.size):
        first = skip_space(text, starts[line], ends[line])
        goes[line] = text.size > 0 and not has_words(text, first, ends[line], fewest, ANY_LENGTH)
    return joined(text, starts, ends, goes, starts[:0], starts[:0], False)


@compiled
def _unterminated(text: Utf8) -> Found:
    starts, ends = _line_bounds(text)
    goes = np.empty(starts.size, np.bool_)
    for line in range(starts.size):
        goes[line] = text.size > 0 and not ends_sentence(text, starts[line], ends[line])
    return joined(text, starts, ends, goes, starts[:0], starts[:0], False)


@compiled
def _mentioning(
    text: Utf8,
    written: Utf8,
    bounds: Offsets,
    by_byte: Offsets,
    places: Offsets,
    following: Offsets,
    bits: Offsets,
) -> Found:
    none = np.empty(0, np.int64)
    if not mentioned(text, 0, text.size, written, bounds, by_byte, places, following, bits):
        return none, none
    starts, ends = _line_bounds(text)
    goes = np.empty(starts.size, np.bool_)
    for line in range(starts.size):
        found = mentioned(text, starts[line], ends[line], written, bounds, by_byte, places, following, bits)
        goes[line] = found != 0
    return joined(text, starts, ends, goes, starts[:0], starts[:0], False)


@compiled
def _surrounding(text: Utf8) -> Found:
    left = skip_space(text, 0, text.size)
    right = skip_space_back(text, left, text.size)
    starts, ends = np.array([0, right]), np.array([left, text.size])
    first = 0 if left > 0 else 1
    last = 2 if left < right < text.size else 1
    return starts[first:last], ends[first:last]


CUTS: Mapping[str, Callable[..., Spans]] = MappingProxyType(
    {
        "separate_lines": separate_lines,
        "few_word_lines": few_word_lines,
        "unterminated_lines": unterminated_lines,
        "mentioning_lines": mentioning_lines,
        "surrounding_space": surrounding_space,
    }
)
