"""Compiled repetition measures: lines, paragraphs, words and n-grams are compared by 64-bit hashes, and those of equal
hashes taken as equal. The definitions are in `udfs.text.measures.repetition`.

An n-gram can only occur twice where the (n-1)-grams at its first and second word do, so n goes up from 1 and only such
places are looked at again: on most pages few are left at n = 4."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from udfs.text.kernels.characters import Offsets, Utf8, count_code_points
from udfs.text.kernels.compiling import compiled
from udfs.text.kernels.segments import visible_lines
from udfs.text.kernels.words import ALNUM_FIRST, hash_of, mixed, unicode_words, word_facts
from udfs.text.measures.repetition import check_n
from udfs.text.page import Page

Hashes = NDArray[np.uint64]
Places = NDArray[np.int32]
_MOST_N = 10  # n-grams up to this are counted in one go
_LENGTH_BITS = 32
_LENGTHS = (1 << _LENGTH_BITS) - 1
_ODD = np.uint64(0x9E3779B97F4A7C15)


class Repeated(NamedTuple):
    """Segments of a text, and those of them that it has more than once."""

    segments: int
    repeated: int
    characters: int
    repeated_characters: int


def duplicate_lines_ratio(page: Page, ignore_case: bool = False) -> float | None:
    """See the definition."""
    found = page.once(_lines, ignore_case)
    return found.repeated / found.segments if found.segments else 1.0


def duplicate_paragraphs_ratio(page: Page, ignore_case: bool = False) -> float | None:
    """See the definition."""
    found = page.once(_paragraphs, ignore_case)
    return found.repeated / found.segments if found.segments else 1.0


def duplicate_line_characters_ratio(page: Page, ignore_case: bool = False) -> float | None:
    """See the definition."""
    found = page.once(_lines, ignore_case)
    return found.repeated_characters / found.characters if found.segments else 1.0


def duplicate_paragraph_characters_ratio(page: Page, ignore_case: bool = False) -> float | None:
    """See the definition."""
    found = page.once(_paragraphs, ignore_case)
    return found.repeated_characters / found.characters if found.segments else 1.0


def top_ngram_characters_ratio(page: Page, n: int = 2, ignore_case: bool = False) -> float | None:
    """See the definition."""
    return _ngram_share(page, n, ignore_case, column=1)


def repeated_ngram_characters_ratio(page: Page, n: int = 5, ignore_case: bool = False) -> float | None:
    """See the definition."""
    return _ngram_share(page, n, ignore_case, column=2)


def _ngram_share(page: Page, n: int, ignore_case: bool, column: int) -> float:
    check_n(n)
    rows = page.once(_ngrams, ignore_case, max(n, _MOST_N))
    if n >= len(rows) or not rows[n][column]:
        return 0.0 if page.utf8.size else 1.0
    characters: int = rows[0][0]
    share: float = rows[n][column] / characters
    return share


def _folded(page: Page, ignore_case: bool) -> Page:
    return page.once(_lowered) if ignore_case else page


def _lowered(page: Page) -> Page:
    return Page(page.text.lower())


def _lines(page: Page, ignore_case: bool) -> Repeated:
    page = _folded(page, ignore_case)
    lines = page.once(visible_lines)
    return Repeated(*_repeated(page.utf8, lines.starts, lines.ends))


def _paragraphs(page: Page, ignore_case: bool) -> Repeated:
    page = _folded(page, ignore_case)
    lines = page.once(visible_lines)
    starts = np.flatnonzero(lines.opens)
    if len(starts) == len(lines.starts):  # each line is a paragraph
        return page.once(_lines, False)
    lasts = np.append(starts[1:], len(lines.ends)) - 1
    return Repeated(*_repeated(page.utf8, lines.starts[starts], lines.ends[lasts]))


def _ngrams(page: Page, ignore_case: bool, most: int) -> list[list[int]]:
    """For each n from 0 on, until none is repeated: `[characters of all words, of the top n-gram's copies, of the words
    in repeated n-grams]`; the first number stands in row 0 only."""
    utf8 = _folded(page, ignore_case).utf8
    _, lengths, hashes = word_facts(utf8, *unicode_words(utf8, ALNUM_FIRST))
    rows: list[list[int]] = _ngram_counts(hashes, lengths, most).tolist()
    return rows


@compiled
def _table_size(entries: int) -> int:
    size = 16
    while size < 2 * entries:
        size *= 2
    return size


@compiled
def _repeated(text: Utf8, starts: Offsets, ends: Offsets) -> tuple[int, int, int, int]:
    count = starts.size
    size = _table_size(count)
    keys, copies, lengths = np.empty(size, np.uint64), np.zeros(size, np.int64), np.empty(size, np.int64)
    characters = 0
    for i in range(count):
        key = hash_of(text, starts[i], ends[i])
        place = np.int64(key) & (size - 1)
        while copies[place] and keys[place] != key:
            place = (place + 1) & (size - 1)
        if not copies[place]:
            keys[place] = key
            lengths[place] = count_code_points(text, starts[i], ends[i])
        copies[place] += 1
        characters += lengths[place]
    repeated = repeated_characters = 0
    for i in range(size):
        if copies[i] > 1:
            repeated += copies[i]
            repeated_characters += copies[i] * lengths[i]
    return count, repeated, characters, repeated_characters


@compiled
def _ngram_counts(hashes: Hashes, lengths: Offsets, most: int) -> Offsets:
    """The rows of `_ngrams`; shape (rows, 3)."""
    words = hashes.size
    rows = np.zeros((most + 1, 3), np.int64)
    until = np.zeros(words + 1, np.int64)  # characters before each word
    for i in range(words):
        until[i + 1] = until[i] + lengths[i]
    rows[0, 0] = until[words]
    places = np.arange(words)  # of n-grams that may be repeated
    chained = hashes.copy()  # of the n-gram at each of these places
    repeated = np.zeros(words + 1, np.bool_)  # whether the (n-1)-gram at a place is
    table = np.empty(_table_size(words), np.int32)
    firsts, copies = np.empty(words, np.int32), np.empty(words, np.int32)
    left = words
    for n in range(1, most + 1):
        if n > 1:
            left = _extended(hashes, places, left, repeated, chained, n)
        if not left:
            return rows[:n]
        _count(chained, places, left, table, firsts, copies)
        best: Any = 0  # copies and, of as many copies, characters
        covered: Any = 0
        done: Any = 0
        for j in range(left):  # without branches, which nobody could predict
            i, copy = places[j], np.int64(copies[firsts[j]])
            again = copy > 1
            repeated[i] = again
            covered += again * (until[i + n] - until[max(i, done)])
            done = i + n if again else done
            best = max(best, again * ((copy << _LENGTH_BITS) + until[i + n] - until[i]))
        rows[n, 1], rows[n, 2] = (best >> _LENGTH_BITS) * (best & _LENGTHS), covered
    return rows


@compiled
def _extended(hashes: Hashes, places: Offsets, left: int, repeated: NDArray[np.bool_], chained: Hashes, n: int) -> int:
    """Keep the places whose n-gram may be repeated, and hash those; returns how many are left."""
    kept = 0
    for j in range(left):
        i = places[j]
        if i + n <= hashes.size and repeated[i] and repeated[i + 1]:
            places[kept] = i
            chained[i] = mixed(chained[i] * _ODD + hashes[i + n - 1])
            kept += 1
        else:
            repeated[i] = False  # nor is any longer one; no later place looks back at it
    return kept


@compiled
def _count(chained: Hashes, places: Offsets, left: int, table: Places, firsts: Places, copies: Places) -> None:
    """Count the n-grams at `places[:left]`: of the j-th there are `copies[firsts[j]]`."""
    size = _table_size(left)
    table[:size] = 0  # else 1 more than the number of the first n-gram with such a hash
    for j in range(left):
        key = chained[places[j]]
        place = np.int64(key) & (size - 1)
        while table[place] and chained[places[table[place] - 1]] != key:
            place = (place + 1) & (size - 1)
        if not table[place]:
            table[place] = j + 1
            copies[j] = 0
        firsts[j] = table[place] - 1
        copies[firsts[j]] += 1


MEASURES: Mapping[str, Callable[..., float | None]] = MappingProxyType(
    {
        "duplicate_lines_ratio": duplicate_lines_ratio,
        "duplicate_paragraphs_ratio": duplicate_paragraphs_ratio,
        "duplicate_line_characters_ratio": duplicate_line_characters_ratio,
        "duplicate_paragraph_characters_ratio": duplicate_paragraph_characters_ratio,
        "top_ngram_characters_ratio": top_ngram_characters_ratio,
        "repeated_ngram_characters_ratio": repeated_ngram_characters_ratio,
    }
)
