"""Compiled twin of `udfs.text.measures.redpajama_repetition`.

An n-gram is known by a 64-bit mix of its words' hashes; those with equal ones are taken as equal."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from udfs.text.kernels.compiling import compiled
from udfs.text.kernels.measures.redpajama import words
from udfs.text.kernels.pii_words import Hashes
from udfs.text.kernels.spans import Offsets
from udfs.text.kernels.words import mixed
from udfs.text.page import Page

_FACTOR = np.uint64(0x9E3779B97F4A7C15)


def _top(page: Page, n: int) -> float:
    found = page.once(words)
    if len(found.lengths) < n:
        return 0.0
    length, count = _commonest(found.hashes, found.lengths, n)
    return length * count / found.characters if count > 1 else 0.0


def _duplicated(page: Page, n: int) -> float:
    found = page.once(words)
    return _repeated(found.hashes, found.lengths, n) / found.characters if len(found.lengths) >= n else 0.0


@compiled
def _numbered(hashes: Hashes, n: int) -> tuple[Offsets, Offsets, Offsets]:
    """For each n-gram its number by first occurrence; for each number how often it occurs and where first."""
    ngrams = len(hashes) - n + 1
    size = 16
    while size < 2 * ngrams:
        size *= 2
    places = np.zeros(size, np.int32)  # number + 1; 0 is free
    keys, numbers = np.empty(ngrams, np.uint64), np.empty(ngrams, np.int64)
    counts, firsts = np.zeros(ngrams, np.int64), np.empty(ngrams, np.int64)
    leading, rolling, found = np.uint64(1), np.uint64(0), 0
    for k in range(n - 1):
        rolling = (rolling + hashes[k]) * _FACTOR
        leading *= _FACTOR
    for i in range(ngrams):
        rolling += hashes[i + n - 1]
        key = mixed(rolling)
        rolling = (rolling - hashes[i] * leading) * _FACTOR
        place = np.int64(key) & (size - 1)
        while places[place] and keys[places[place] - 1] != key:
            place = (place + 1) & (size - 1)
        if places[place] == 0:
            keys[found], firsts[found] = key, i
            found += 1
            places[place] = found
        numbers[i] = places[place] - 1
        counts[numbers[i]] += 1
    return numbers, counts[:found], firsts[:found]


@compiled
def _commonest(hashes: Hashes, lengths: Offsets, n: int) -> tuple[int, int]:
    """Characters and count of the commonest n-gram, the first of equally common ones."""
    _, counts, firsts = _numbered(hashes, n)
    best = 0
    for number in range(len(counts)):
        if counts[number] > counts[best]:
            best = number
    return int(lengths[firsts[best] : firsts[best] + n].sum()), int(counts[best])


@compiled
def _repeated(hashes: Hashes, lengths: Offsets, n: int) -> int:
    """Characters of words in n-grams that occur twice or more."""
    numbers, counts, _ = _numbered(hashes, n)
    characters, until = 0, 0
    for i in range(len(numbers)):
        if counts[numbers[i]] > 1:
            for k in range(max(i, until), i + n):
                characters += int(lengths[k])
            until = i + n
    return characters


def rps_doc_frac_chars_top_2gram(page: Page) -> float | None:
    """See the definition."""
    return _top(page, 2)


def rps_doc_frac_chars_top_3gram(page: Page) -> float | None:
    """See the definition."""
    return _top(page, 3)


def rps_doc_frac_chars_top_4gram(page: Page) -> float | None:
    """See the definition."""
    return _top(page, 4)


def rps_doc_frac_chars_dupe_5grams(page: Page) -> float | None:
    """See the definition."""
    return _duplicated(page, 5)


def rps_doc_frac_chars_dupe_6grams(page: Page) -> float | None:
    """See the definition."""
    return _duplicated(page, 6)


def rps_doc_frac_chars_dupe_7grams(page: Page) -> float | None:
    """See the definition."""
    return _duplicated(page, 7)


def rps_doc_frac_chars_dupe_8grams(page: Page) -> float | None:
    """See the definition."""
    return _duplicated(page, 8)


def rps_doc_frac_chars_dupe_9grams(page: Page) -> float | None:
    """See the definition."""
    return _duplicated(page, 9)


def rps_doc_frac_chars_dupe_10grams(page: Page) -> float | None:
    """See the definition."""
    return _duplicated(page, 10)


MEASURES: Mapping[str, Callable[..., float | None]] = MappingProxyType(
    {
        measure.__name__: measure
        for measure in (
            rps_doc_frac_chars_top_2gram,
            rps_doc_frac_chars_top_3gram,
            rps_doc_frac_chars_top_4gram,
            rps_doc_frac_chars_dupe_5grams,
            rps_doc_frac_chars_dupe_6grams,
            rps_doc_frac_chars_dupe_7grams,
            rps_doc_frac_chars_dupe_8grams,
            rps_doc_frac_chars_dupe_9grams,
            rps_doc_frac_chars_dupe_10grams,
        )
    }
)
