"""Compiled line rules. The definitions are in `udfs.text.cuts.lines`.

What most of them ask of a line is counted for all lines in one pass, which they share while no cut changes the text."""

from collections.abc import Callable, Mapping
from math import inf
from types import MappingProxyType

import numpy as np

from udfs.text.cuts import lines
from udfs.text.kernels.characters import ALNUM, DECIMAL, SPACE, Offsets, Utf8, classes_of, decode, start_before
from udfs.text.kernels.compiling import compiled, inlined
from udfs.text.kernels.joining import NO_SPANS, Flags, defined, deletions, is_space_at, joined, line_table
from udfs.text.kernels.spans import Spans
from udfs.text.page import Page, Words

_COUNTERS = "likes shares comments retweets reposts quotes bookmarks upvotes downvotes downloads views followers"
_LETTER_BITS, _LONGEST_COUNTER = 5, max(map(len, _COUNTERS.split()))
_COUNTER_KEYS = np.array(
    [sum((ord(c) - 96) << _LETTER_BITS * i for i, c in enumerate(reversed(word))) for word in _COUNTERS.split()],
    np.int64,
)
_KELVIN = 0x212A  # its lower case is k
_FULL_STOP, _COMMA, _UNDERSCORE, _ELLIPSIS = 0x2E, 0x2C, 0x5F, 0x2026
_END_MARKS = tuple(map(ord, '!?"'))


def uppercase_lines(page: Page, most: float = 0.5) -> Spans:
    """See the definition."""
    table = page.once(line_table)
    return _with_at_most(page, table.upper_case, most)


def numeric_lines(page: Page, most: float = 0.999999) -> Spans:
    """See the definition."""
    table = page.once(line_table)
    return _with_at_most(page, table.digits, most)


def _with_at_most(page: Page, counted: Offsets, most: float) -> Spans:
    table = page.once(line_table)
    return deletions(*_share(page.utf8, table.starts, table.ends, table.characters, counted, float(most)))


@compiled
def _share(
    text: Utf8, starts: Offsets, ends: Offsets, characters: Offsets, counted: Offsets, most: float
) -> tuple[Offsets, Offsets]:
    goes = np.empty(starts.size, np.bool_)
    for line in range(starts.size):
        goes[line] = characters[line] > 0 and counted[line] / characters[line] > most
    return joined(text, starts, ends, goes, starts[:0], starts[:0], True)


def short_lines(page: Page, fewest: int = 2, most: float = inf) -> Spans:
    """See the definition."""
    table = page.once(line_table)
    return deletions(*_short(page.utf8, table.starts, table.ends, table.words, fewest, float(most)))


@compiled
def _short(
    text: Utf8, starts: Offsets, ends: Offsets, words: Offsets, fewest: int, most: float
) -> tuple[Offsets, Offsets]:
    goes = np.empty(starts.size, np.bool_)
    for line in range(starts.size):
        goes[line] = starts[line] < ends[line] and not fewest <= words[line] <= most
    return joined(text, starts, ends, goes, starts[:0], starts[:0], False)


def counter_lines(page: Page) -> Spans:
    """See the definition."""
    table = page.once(line_table)
    return deletions(*_counters(page.utf8, table.starts, table.ends, table.digits))


@compiled
def _counters(text: Utf8, starts: Offsets, ends: Offsets, digits: Offsets) -> tuple[Offsets, Offsets]:
    goes = np.empty(starts.size, np.bool_)
    for line in range(starts.size):
        goes[line] = digits[line] > 0 and _is_counter(text, starts[line], ends[line])
    return joined(text, starts, ends, goes, starts[:0], starts[:0], True)


@compiled
def _is_counter(text: Utf8, at: int, end: int) -> bool:
    """Whether the line is marks, a number, perhaps one of k, m, b, white space, a name of `_COUNTERS`, marks.

    No part of the published pattern can begin with what the part before it can end with, so one pass decides."""
    at = _marks_end(text, at, end)
    if at == end or not classes_of(decode(text, at)[0]) & DECIMAL:
        return False
    while at < end:
        code, width = decode(text, at)
        if not (classes_of(code) & DECIMAL or code in (_FULL_STOP, _COMMA)):
            break
        at += width
    if at < end and _is_scale(decode(text, at)[0]):
        at += decode(text, at)[1]
    if at == end or not is_space_at(text, at):
        return False
    while at < end and is_space_at(text, at):
        at += decode(text, at)[1]
    key = letters = 0
    while at < end and letters <= _LONGEST_COUNTER:
        code, width = decode(text, at)
        letter = 107 if code == _KELVIN else code | 32
        if not 97 <= letter <= 122:
            break
        key, letters, at = key << _LETTER_BITS | (letter - 96), letters + 1, at + width
    known = False
    for one in _COUNTER_KEYS:
        known |= one == key
    return known and _marks_end(text, at, end) == end


@inlined
def _is_scale(code: int) -> bool:
    return code | 32 == 107 or code | 32 == 109 or code | 32 == 98 or code == _KELVIN


@compiled
def _marks_end(text: Utf8, at: int, end: int) -> int:
    """The first character from `at` on that a regular expression calls a word character, or `end`."""
    while at < end:
        code, width = decode(text, at)
        if classes_of(code) & ALNUM or code == _UNDERSCORE:
            break
        at += width
    return at


def unpunctuated_lines(page: Page, ellipses: bool = True) -> Spans:
    """See the definition."""
    table = page.once(line_table)
    return deletions(*_unpunctuated(page.utf8, table.starts, table.ends, ellipses))


@compiled
def _unpunctuated(text: Utf8, starts: Offsets, ends: Offsets, ellipses: bool) -> tuple[Offsets, Offsets]:
    goes = np.zeros(starts.size, np.bool_)
    for line in range(starts.size):
        start, end = starts[line], ends[line]
        while end > start and is_space_at(text, start_before(text, end)):
            end = start_before(text, end)
        if end == start:
            goes[line] = start < ends[line]
        else:
            code, _width = decode(text, start_before(text, end))
            is_dot = code in (_FULL_STOP, _ELLIPSIS)
            goes[line] = not (is_dot or code in _END_MARKS)
            if is_dot and not ellipses:
                dots = end - start >= 3 and text[end - 2] == _FULL_STOP and text[end - 3] == _FULL_STOP
                goes[line] = code == _ELLIPSIS or dots
    return joined(text, starts, ends, goes, starts[:0], starts[:0], False)


def long_word_lines(page: Page, longest: int = 1000, words: Words = "fasttext", punctuation: bool = True) -> Spans:
    """See the definition."""
    if words == "unicode":
        return defined(page, lines.long_word_lines(page, longest, words, punctuation))
    if not _may_have_long_word(page.utf8, longest):
        return NO_SPANS
    table = page.once(line_table)
    at_space = words == "space"
    return deletions(*_long_words(page.utf8, table.starts, table.ends, longest, at_space, bool(punctuation)))


@compiled
def _may_have_long_word(text: Utf8, longest: int) -> bool:
    """Whether more bytes stand together without what every kind of word ends at; looks at few bytes where none do."""
    start, at = 0, longest
    while at < text.size:
        while at >= start and text[at] != 32 and not 9 <= text[at] <= 13:
            at -= 1
        if at < start:
            return True
        start = at + 1
        at = start + longest
    return False


@compiled
def _long_words(
    text: Utf8, starts: Offsets, ends: Offsets, longest: int, at_space: bool, punctuation: bool
) -> tuple[Offsets, Offsets]:
    goes: Flags = np.zeros(starts.size, np.bool_)
    for line in range(starts.size):
        at = starts[line]
        length, visible, counted = 0, False, False
        while at < ends[line]:
            code, width = decode(text, at)
            classes = classes_of(code)
            at += width
            # fastText ends words at these only
            if (classes & SPACE and (at_space or code == 32 or 9 <= code <= 13)) or (code == 0 and not at_space):
                length, visible = 0, False
                continue
            if length == 0:
                counted = punctuation or classes & ALNUM != 0
            length += 1
            visible = visible or not classes & SPACE
            goes[line] |= length > longest and visible and counted
    return joined(text, starts, ends, goes, starts[:0], starts[:0], False)


CUTS: Mapping[str, Callable[..., Spans]] = MappingProxyType(
    {
        "uppercase_lines": uppercase_lines,
        "numeric_lines": numeric_lines,
        "counter_lines": counter_lines,
        "short_lines": short_lines,
        "long_word_lines": long_word_lines,
        "unpunctuated_lines": unpunctuated_lines,
    }
)
