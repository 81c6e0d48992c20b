"""Compiled twins of the measures of recurrence. The definitions are in `udfs.text.measures.recurrence`.

Lines, paragraphs and n-grams are compared by 64-bit hashes; those whose hashes are equal are taken as equal."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from udfs.text.kernels.characters import Offsets, Utf8, code_points, count_code_points
from udfs.text.kernels.compiling import compiled
from udfs.text.kernels.measures.gopher import words_of
from udfs.text.kernels.segment_hashes import (
    Hashes,
    empty_slots,
    first_with,
    mixed,
    skip_space,
    skip_space_back,
    stretch_hash,
)
from udfs.text.page import Page

_LF = 10
_BASE = 0x9E3779B97F4A7C15  # of the polynomials: odd, so that it has an inverse modulo 2**64
_UP, _DOWN = np.uint64(_BASE), np.uint64(pow(_BASE, -1, 1 << 64))
_POWERS, _INVERSES = _UP ** np.arange(64, dtype=np.uint64), _DOWN ** np.arange(64, dtype=np.uint64)  # modulo 2**64
_BYTES = np.array([pow(_BASE, 3 + byte, (1 << 64) - 59) for byte in range(256)], np.uint64)  # a number for each byte


class Counts(NamedTuple):
    """What is counted of the lines of a text, or of its paragraphs; a copy equals an earlier one."""

    segments: int
    copies: int
    copied_characters: int
    written_copied_characters: int  # of those that are not blank
    line_feeds: int  # of the text, between the segments


class WordSums(NamedTuple):
    """Sums over the words before each word and over all of them, by which n-grams are hashed in constant time; shapes
    (words + 1,)."""

    values: Hashes  # each byte's number times _BASE to the power of its place in the words without spaces
    inverses: Hashes  # _BASE to the power of minus the bytes
    characters: Offsets  # code points


def recurring_paragraphs_ratio(page: Page) -> float | None:
    """See the definition."""
    counts = page.once(_paragraphs)
    return counts.copies / counts.segments


def recurring_paragraph_characters_ratio(page: Page) -> float | None:
    """See the definition."""
    characters = page.once(_characters)
    return page.once(_paragraphs).copied_characters / characters if characters else 0.0


def recurring_lines_ratio(page: Page) -> float | None:
    """See the definition."""
    counts = page.once(lines_of)
    return counts.copies / counts.segments


def recurring_line_characters_ratio(page: Page, blank_lines: bool = True) -> float | None:
    """See the definition."""
    counts, characters = page.once(lines_of), page.once(_characters)
    if blank_lines:
        return counts.copied_characters / characters if characters else 0.0
    characters -= counts.line_feeds
    return counts.written_copied_characters / characters if characters else 0.0


def commonest_ngram_characters_ratio(page: Page, n: int = 2) -> float | None:
    """See the definition."""
    _check(n)
    words = page.once(words_of)
    if len(words.starts) < n:
        return 0.0
    return _commonest(words.hashes, page.once(_word_sums).characters, n) / page.once(_characters)


def recurring_ngram_characters_ratio(page: Page, n: int = 5) -> float | None:
    """See the definition."""
    _check(n)
    characters = page.once(_characters)
    return _recurring(*page.once(_word_sums), n) / characters if characters else 0.0


def lines_of(page: Page) -> Counts:
    """What is counted of the page's lines."""
    return Counts(*_recurrences(page.utf8, 0, len(page.utf8), 1))


def _paragraphs(page: Page) -> Counts:
    return Counts(*_recurrences(page.utf8, *_stripped(page.utf8), 2))


def _characters(page: Page) -> int:
    return code_points(page.utf8)


def _word_sums(page: Page) -> WordSums:
    words = page.once(words_of)
    return WordSums(*_sums(page.utf8, words.starts, words.ends, words.lengths))


def _check(n: int) -> None:
    if n < 1:
        raise ValueError(f"n is {n}; n-grams have 1 word or more")


@compiled
def _stripped(text: Utf8) -> tuple[int, int]:
    start = skip_space(text, 0, text.size)
    return start, skip_space_back(text, start, text.size)


@compiled
def _recurrences(text: Utf8, start: int, until: int, least: int) -> tuple[int, int, int, int, int]:
    """Counts of the segments of `text[start:until]` between runs of at least so many line feeds, 1 or 2."""
    most = 1
    for byte in text:
        most += byte == _LF
    slots, hashes = empty_slots(most), np.empty(most, np.uint64)
    segments = copied = written = line_feeds = distinct = 0
    while True:
        end = start
        while end < until and not (text[end] == _LF and (least == 1 or text[min(end + 1, until - 1)] == _LF)):
            end += 1
        segments += 1
        if first_with(stretch_hash(text, start, end), slots, hashes, distinct) == distinct:
            distinct += 1
        else:
            characters = count_code_points(text, start, end)
            copied += characters
            written += characters if skip_space(text, start, end) < end else 0
        if end == until:
            return segments, segments - distinct, copied, written, line_feeds
        start = end
        while start < until and text[start] == _LF:
            start += 1
        line_feeds += start - end


@compiled
def _sums(text: Utf8, starts: Offsets, ends: Offsets, lengths: Offsets) -> tuple[Hashes, Hashes, Offsets]:
    count = starts.size
    values, inverses = np.empty(count + 1, np.uint64), np.empty(count + 1, np.uint64)
    characters = np.empty(count + 1, np.int64)
    value, power, inverse, length = np.uint64(0), np.uint64(1), np.uint64(1), 0
    for word in range(count):
        values[word], inverses[word], characters[word] = value, inverse, length
        own, size = np.uint64(0), ends[word] - starts[word]
        for at in range(ends[word] - 1, starts[word] - 1, -1):
            own = own * _UP + _BYTES[text[at]]
        value += own * power
        while size >= _POWERS.size:
            power, inverse, size = power * _POWERS[-1], inverse * _INVERSES[-1], size - (_POWERS.size - 1)
        power, inverse = power * _POWERS[size], inverse * _INVERSES[size]
        length += lengths[word]
    values[count], inverses[count], characters[count] = value, inverse, length
    return values, inverses, characters


@compiled
def _commonest(words: Hashes, characters: Offsets, n: int) -> int:
    """Characters of the most frequent n-gram, with a space between its words, times its count; there is one."""
    count = words.size - n + 1
    slots, hashes = empty_slots(count), np.empty(count, np.uint64)
    firsts, copies = np.empty(count, np.int64), np.zeros(count, np.int64)
    drop, value = _UP, np.uint64(0)  # what the word before the n-gram is multiplied by, and the n-gram before
    for i in range(n - 1):
        drop *= _UP
        value = value * _UP + mixed(words[i])
    distinct = best = 0
    for at in range(count):
        value = value * _UP + mixed(words[at + n - 1])
        if at:
            value -= drop * mixed(words[at - 1])
        number = first_with(mixed(value), slots, hashes, distinct)
        if number == distinct:
            firsts[number] = at
            distinct += 1
        copies[number] += 1
        # numbers are in order of the first copies, so of equals the smaller number is the first
        if copies[number] > copies[best] or (copies[number] == copies[best] and number < best):
            best = number
    first = firsts[best]
    found: int = (characters[first + n] - characters[first] + n - 1) * copies[best]
    return found


@compiled
def _recurring(values: Hashes, inverses: Hashes, characters: Offsets, n: int) -> int:
    """Characters of the n-grams that stood there before."""
    count = values.size - n
    if count < 1:
        return 0
    slots, hashes = empty_slots(count), np.empty(count, np.uint64)
    distinct = copied = at = 0
    while at < count:
        value = mixed((values[at + n] - values[at]) * inverses[at])
        if first_with(value, slots, hashes, distinct) < distinct:
            copied += characters[at + n] - characters[at]
            at += n
        else:
            distinct += 1
            at += 1
    return copied


MEASURES: Mapping[str, Callable[..., float | None]] = MappingProxyType(
    {
        "recurring_paragraphs_ratio": recurring_paragraphs_ratio,
        "recurring_paragraph_characters_ratio": recurring_paragraph_characters_ratio,
        "recurring_lines_ratio": recurring_lines_ratio,
        "recurring_line_characters_ratio": recurring_line_characters_ratio,
        "commonest_ngram_characters_ratio": commonest_ngram_characters_ratio,
        "recurring_ngram_characters_ratio": recurring_ngram_characters_ratio,
    }
)
