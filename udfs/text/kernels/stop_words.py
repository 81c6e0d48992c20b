"""Stop words, compiled: words are lowered and hashed in one pass, and their hashes looked up. The definition is
`udfs.text.measures.quality.stop_word_count`.

A word whose 64-bit hash is that of a stop word is taken for it."""

from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from udfs.text.kernels.characters import ASCII, LOWER_BYTES, SPACE, UNEVEN, Utf8, classes_of, decode, lower_case
from udfs.text.kernels.compiling import compiled
from udfs.text.measures import quality
from udfs.text.measures.quality import Language
from udfs.text.page import Page
from udfs.text.stop_words import STOP_WORDS

Hashes = NDArray[np.uint64]
_FACTOR = 0x9E3779B97F4A7C15
_BEFORE_WORD = 1
_HASH_FACTOR, _HASH_SHIFT, _NO_WORD, _FREE = np.uint64(_FACTOR), np.uint64(40), np.uint64(_BEFORE_WORD), np.uint64(0)
_SIZE = 256  # places of the table, many times the words of a list
_UNEVEN_1, _UNEVEN_2 = map(ord, UNEVEN)
_ASCII_LOWER = LOWER_BYTES.astype(np.uint64)


def stop_word_count(page: Page, language: Language = "page", count: Literal["all", "unique"] = "all") -> float | None:
    """See the definition."""
    language = page.detected[0] if language == "page" else language  # type: ignore[assignment]  # any that is detected
    if language not in STOP_WORDS:
        return None
    every, unique = page.once(_counts, language)
    if every < 0:
        return quality.stop_word_count(page, language, count)
    return every if count == "all" else unique


def _counts(page: Page, language: str) -> tuple[int, int]:
    """How many words are stop words, and how many different ones; -1 where the definition must say."""
    return _stop_words(page.utf8, _table(language))


@lru_cache
def _table(language: str) -> Hashes:
    """The hashes of a language's stop words, each in the place that it names or the next free one; 0: free."""
    table = np.zeros(_SIZE, np.uint64)
    for word in sorted(STOP_WORDS[language]):
        hashed = _BEFORE_WORD
        for letter in word:
            hashed = (hashed * _FACTOR + ord(letter)) % 2**64
        place = (hashed >> int(_HASH_SHIFT)) % _SIZE
        while table[place]:
            place = (place + 1) % _SIZE
        table[place] = hashed
    return table


@compiled
def _stop_words(text: Utf8, table: Hashes) -> tuple[int, int]:
    seen = np.zeros(table.size, np.bool_)
    every, unique, at, hashed = 0, 0, 0, _NO_WORD
    while at <= text.size:
        byte = text[at] if at < text.size else np.uint8(32)
        if byte < 0x80:
            inside, letter, width = not ASCII[byte] & SPACE, _ASCII_LOWER[byte], 1
        else:
            code, width = decode(text, at)
            if code in (_UNEVEN_1, _UNEVEN_2):
                return -1, -1
            inside, letter = not classes_of(code) & SPACE, np.uint64(lower_case(code))
        at += width
        if inside:
            hashed = hashed * _HASH_FACTOR + letter
        elif hashed != _NO_WORD:
            place = np.int64(hashed >> _HASH_SHIFT) & (table.size - 1)
            while table[place] != _FREE and table[place] != hashed:
                place = (place + 1) & (table.size - 1)
            if table[place] == hashed:
                every += 1
                unique += not seen[place]
                seen[place] = True
            hashed = _NO_WORD
    return every, unique
