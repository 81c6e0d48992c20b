"""Compiled twins of C4's measures. The definitions are in `udfs.text.measures.c4`.

One pass over the page's lines copies those that would stay, without their citations, and notes what they mention."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from udfs.text.cuts.c4 import POLICY
from udfs.text.kernels.c4_lines import copy_line, ends_sentence, has_words
from udfs.text.kernels.characters import Offsets, Utf8, count_code_points
from udfs.text.kernels.compiling import compiled
from udfs.text.kernels.english.sentences import sentence_count
from udfs.text.kernels.line_ends import LINE_END_BYTES, line_end
from udfs.text.kernels.mentions import mentioned, phrases_of
from udfs.text.kernels.segment_hashes import skip_space, skip_space_back
from udfs.text.page import Page

_LOREM_IPSUM, _JAVASCRIPT, _POLICY, _BRACKET = 1, 2, 4, 8
_PHRASES = phrases_of(("lorem ipsum",), ("javascript",), POLICY, ("{",))
_LF = 0x0A


class Lines(NamedTuple):
    """The lines that would stay; shapes (lines,) but for the text."""

    text: Utf8  # one after the other, without citations
    starts: Offsets
    ends: Offsets
    mentions: Offsets  # bits


def lorem_ipsum_lines(
    page: Page,
    terminal_punctuation: bool = True,
    citations: bool = True,
    longest_word: int = 1000,
    fewest_words: int = 3,
    javascript: bool = True,
    first: bool = True,
) -> float | None:
    """See the definition."""
    lines = page.once(lines_of, terminal_punctuation, citations, longest_word, fewest_words)
    return _count(lines.mentions, _LOREM_IPSUM, 0, first, _skipped(javascript))


def curly_bracket_lines(
    page: Page,
    terminal_punctuation: bool = True,
    citations: bool = True,
    longest_word: int = 1000,
    fewest_words: int = 3,
    javascript: bool = True,
) -> float | None:
    """See the definition."""
    lines = page.once(lines_of, terminal_punctuation, citations, longest_word, fewest_words)
    return _count(lines.mentions, _BRACKET, _skipped(javascript), False, 0)


def kept_sentence_count(
    page: Page,
    terminal_punctuation: bool = True,
    citations: bool = True,
    longest_word: int = 1000,
    fewest_words: int = 3,
    javascript: bool = True,
    policy: bool = True,
) -> float | None:
    """See the definition."""
    lines = page.once(lines_of, terminal_punctuation, citations, longest_word, fewest_words)
    return _sentences(*lines, _skipped(javascript) | (_POLICY if policy else 0))


def third_longest_line_length(page: Page) -> float | None:
    """See the definition."""
    return _third_longest(page.utf8)


def _skipped(javascript: bool) -> int:
    return _JAVASCRIPT if javascript else 0


def lines_of(page: Page, terminal_punctuation: bool, citations: bool, longest_word: int, fewest_words: int) -> Lines:
    """The page's lines that these rules leave."""
    found = Lines(*_lines(page.utf8, terminal_punctuation, citations, longest_word, fewest_words, *_PHRASES))
    found.text.flags.writeable = False  # as a page's text, so that kernels are compiled for one kind of array
    return found


@compiled
def _lines(
    text: Utf8,
    terminal: bool,
    citations: bool,
    longest: int,
    fewest: int,
    written: Utf8,
    bounds: Offsets,
    by_byte: Offsets,
    places: Offsets,
    following: Offsets,
    bits: Offsets,
) -> tuple[Utf8, Offsets, Offsets, Offsets]:
    most = 1
    for byte in text:
        most += LINE_END_BYTES[byte]
    kept, mentions = np.empty(text.size, np.uint8), np.zeros(most, np.int64)
    starts, ends = np.empty(most, np.int64), np.empty(most, np.int64)
    count = to = start = 0
    while start < text.size:
        end, following_line = line_end(text, start)
        left = skip_space(text, start, end)
        right = skip_space_back(text, left, end)
        start = following_line
        if not has_words(text, left, right, fewest, longest):
            continue
        until = copy_line(text, left, right, kept, to, citations)
        if terminal and not ends_sentence(kept, to, until):
            continue
        starts[count], ends[count] = to, until
        count, to = count + 1, until
    # most pages mention nothing, which one search shows
    if mentioned(kept, 0, to, written, bounds, by_byte, places, following, bits):
        for line in range(count):
            mentions[line] = mentioned(
                kept, starts[line], ends[line], written, bounds, by_byte, places, following, bits
            )
    return kept[:to], starts[:count], ends[:count], mentions[:count]


@compiled
def _count(mentions: Offsets, wanted: int, skipped: int, first: bool, javascript: int) -> int:
    """Lines with the wanted bit and none of the skipped ones; with `first` up to the first line with a bracket, those
    that have the bit `javascript` left out."""
    count = 0
    for line in range(mentions.size):
        bits = mentions[line]
        count += bits & wanted != 0 and bits & skipped == 0
        if first and bits & _BRACKET and not bits & javascript:
            break
    return count


@compiled
def _sentences(text: Utf8, starts: Offsets, ends: Offsets, mentions: Offsets, skipped: int) -> int:
    """Sentences of the lines without any of the skipped bits, each line a text of its own."""
    count = 0
    for line in range(starts.size):
        if not mentions[line] & skipped:
            count += sentence_count(text, starts[line], ends[line])
    return count


@compiled
def _third_longest(text: Utf8) -> int:
    first = second = third = lines = start = 0
    while start <= text.size:
        end = start
        while end < text.size and text[end] != _LF:
            end += 1
        length = count_code_points(text, start, end)
        if length > first:
            first, second, third = length, first, second
        elif length > second:
            second, third = length, second
        elif length > third:
            third = length
        lines += 1
        start = end + 1
    return third if lines > 2 else 0


MEASURES: Mapping[str, Callable[..., float | None]] = MappingProxyType(
    {
        "lorem_ipsum_lines": lorem_ipsum_lines,
        "curly_bracket_lines": curly_bracket_lines,
        "kept_sentence_count": kept_sentence_count,
        "third_longest_line_length": third_longest_line_length,
    }
)
