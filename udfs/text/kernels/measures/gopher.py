"""Compiled twins of Gopher's quality measures. The definitions are in `udfs.text.measures.gopher`.

Two words with one 64-bit hash are taken as equal."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from udfs.text.kernels.characters import Offsets, Utf8, decode, start_before
from udfs.text.kernels.compiling import compiled, inlined
from udfs.text.kernels.english.tables import ALL_SYMBOLS, HAS_LETTER, hash_of
from udfs.text.kernels.english.words import english_words
from udfs.text.kernels.line_ends import line_end
from udfs.text.kernels.segment_hashes import Hashes, skip_space, skip_space_back
from udfs.text.measures.gopher import STOP_WORDS
from udfs.text.page import Page

_DOT, _HYPHEN, _BULLET, _ELLIPSIS = 0x2E, 0x2D, 0x2022, 0x2026
_ELLIPSIS_BYTES = chr(_ELLIPSIS).encode()


class Words(NamedTuple):
    """The English words, in order; shapes (words,)."""

    starts: Offsets  # bytes
    ends: Offsets
    hashes: Hashes
    lengths: Offsets  # code points
    flags: Utf8  # HAS_LETTER, ALL_SYMBOLS


class WordCounts(NamedTuple):
    """What one pass over the English words counts."""

    words: int
    non_symbols: int
    non_symbol_characters: int
    alphabetic: int


class LineCounts(NamedTuple):
    """What one pass over the lines counts."""

    lines: int
    bulleted: int
    ending_in_ellipsis: int


def non_symbol_word_count(page: Page) -> float | None:
    """See the definition."""
    return page.once(word_counts).non_symbols


def mean_non_symbol_word_length(page: Page) -> float | None:
    """See the definition."""
    counts = page.once(word_counts)
    return counts.non_symbol_characters / counts.non_symbols if counts.non_symbols else None


def hashes_per_word(page: Page) -> float | None:
    """See the definition."""
    words = page.once(word_counts).words
    return page.utf8.tobytes().count(b"#") / words if words else None


def ellipses_per_word(page: Page) -> float | None:
    """See the definition."""
    words = page.once(word_counts).words
    raw = page.utf8.tobytes()
    return (raw.count(b"...") + raw.count(_ELLIPSIS_BYTES)) / words if words else None


def bulleted_lines_ratio(page: Page) -> float | None:
    """See the definition."""
    counts = page.once(line_counts)
    return counts.bulleted / counts.lines if counts.lines else 0.0


def trailing_ellipsis_lines_ratio(page: Page) -> float | None:
    """See the definition."""
    counts = page.once(line_counts)
    return counts.ending_in_ellipsis / counts.lines if counts.lines else 0.0


def alphabetic_words_ratio(page: Page) -> float | None:
    """See the definition."""
    counts = page.once(word_counts)
    return counts.alphabetic / counts.words if counts.words else None


def distinct_stop_words(page: Page, stop_words: Sequence[str] = STOP_WORDS) -> float | None:
    """See the definition."""
    return _distinct(page.once(words_of).hashes, _hashes_of(tuple(stop_words)))


def words_of(page: Page) -> Words:
    """The page's English words."""
    return Words(*english_words(page.utf8))


def word_counts(page: Page) -> WordCounts:
    """What is counted of the page's English words."""
    words = page.once(words_of)
    return WordCounts(*_word_counts(words.lengths, words.flags))


def line_counts(page: Page) -> LineCounts:
    """What is counted of the page's lines."""
    return LineCounts(*_line_counts(page.utf8))


@compiled
def _word_counts(lengths: Offsets, flags: Utf8) -> tuple[int, int, int, int]:
    non_symbols = non_symbol_characters = alphabetic = 0
    for word in range(lengths.size):
        counts = flags[word] & ALL_SYMBOLS == 0
        non_symbols += counts
        non_symbol_characters += counts * lengths[word]
        alphabetic += flags[word] & HAS_LETTER != 0
    return lengths.size, non_symbols, non_symbol_characters, alphabetic


@compiled
def _line_counts(text: Utf8) -> tuple[int, int, int]:
    lines = bulleted = ending = start = 0
    while start < text.size:
        end, following = line_end(text, start)
        lines += 1
        bulleted += _has_bullet(text, start, end)
        ending += _has_ellipsis(text, start, end)
        start = following
    return lines, bulleted, ending


@inlined
def _has_bullet(text: Utf8, start: int, end: int) -> bool:
    """Whether the line begins with a bullet behind white space."""
    first = skip_space(text, start, end)
    return first < end and decode(text, first)[0] in (_HYPHEN, _BULLET)


@inlined
def _has_ellipsis(text: Utf8, start: int, end: int) -> bool:
    """Whether the line ends in an ellipsis before white space."""
    end = skip_space_back(text, start, end)
    if end - start < 3:
        return False
    if decode(text, start_before(text, end))[0] == _ELLIPSIS:
        return True
    return bool(text[end - 1] == _DOT and text[end - 2] == _DOT and text[end - 3] == _DOT)


@lru_cache(64)
def _hashes_of(words: tuple[str, ...]) -> Hashes:
    """The words' hashes without repeats, ascending."""
    return np.array(sorted({hash_of(word.encode("utf-8", "surrogatepass")) for word in words}), np.uint64)


@compiled
def _distinct(hashes: Hashes, wanted: Hashes) -> int:
    """How many of the wanted words are there."""
    missing = np.ones(wanted.size, np.bool_)
    found = 0
    for word in range(hashes.size):
        for one in range(wanted.size):
            if hashes[word] == wanted[one] and missing[one]:
                missing[one] = False
                found += 1
        if found == wanted.size:
            break
    return found


MEASURES: Mapping[str, Callable[..., float | None]] = MappingProxyType(
    {
        "non_symbol_word_count": non_symbol_word_count,
        "mean_non_symbol_word_length": mean_non_symbol_word_length,
        "hashes_per_word": hashes_per_word,
        "ellipses_per_word": ellipses_per_word,
        "bulleted_lines_ratio": bulleted_lines_ratio,
        "trailing_ellipsis_lines_ratio": trailing_ellipsis_lines_ratio,
        "alphabetic_words_ratio": alphabetic_words_ratio,
        "distinct_stop_words": distinct_stop_words,
    }
)
