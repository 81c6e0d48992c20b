"""What the kernels of personal data ask of words: whether a byte belongs to one, which word stands before a place, and
whether it is in a list. Lists are kept as 64-bit hashes (FNV-1a); words with equal hashes are taken as equal."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from udfs.text.kernels.compiling import compiled, inlined
from udfs.text.kernels.spans import Utf8

Hashes = NDArray[np.uint64]

_OFFSET, _PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)
WORD = np.array([byte < 128 and (chr(byte).isalnum() or chr(byte) == "_") for byte in range(256)])
UPPER = np.array([65 <= byte <= 90 for byte in range(256)])
_LETTER = np.array([byte >= 128 or chr(byte).isalpha() for byte in range(256)])
_SEPARATOR = np.array([byte < 128 and chr(byte) in " \t\n:.#=(*|-" for byte in range(256)])
_MOST_BYTES = 200  # of a word; no list has one of a quarter of it


def hashes(words: Iterable[str]) -> Hashes:
    """The hashes of a list of words in lower case, shape (words,)."""
    return np.array([_fnv(word.encode()) for word in sorted(words)], np.uint64)


def _fnv(word: bytes) -> int:
    found = int(_OFFSET)
    for byte in word:
        found = (found ^ byte) * int(_PRIME) & 0xFFFFFFFFFFFFFFFF
    return found


@compiled
def hash_of(utf8: Utf8, start: int, end: int) -> np.uint64:
    """Hash of `utf8[start:end]` in lower case (ASCII only)."""
    found = _OFFSET
    for i in range(start, end):
        byte = utf8[i]
        found = (found ^ np.uint64(byte + 32 if UPPER[byte] else byte)) * _PRIME
    return found


@compiled
def exact_hash_of(utf8: Utf8, start: int, end: int) -> np.uint64:
    """Hash of `utf8[start:end]` as it stands."""
    found = _OFFSET
    for i in range(start, end):
        found = (found ^ np.uint64(utf8[i])) * _PRIME
    return found


@inlined
def contains(words: Hashes, sought: np.uint64) -> bool:
    """Whether a hash is listed. The lists are short."""
    found = False
    for word in words:  # to the end: so it is done for several at once
        found |= word == sought
    return found


@compiled
def is_in(words: Hashes, utf8: Utf8, start: int, end: int) -> bool:
    """Whether `utf8[start:end]` in lower case is one of the words."""
    return contains(words, hash_of(utf8, start, end))


@compiled
def word_end(utf8: Utf8, start: int) -> int:
    """Where the word before `start` ends: before at most six separators."""
    end = start
    for _ in range(6):
        width = _separator_before(utf8, end)
        if width == 0:
            break
        end -= width
    return end


@compiled
def word_begin(utf8: Utf8, end: int) -> int:
    """Where the word that ends at `end` begins."""
    begin = end
    while begin > max(end - _MOST_BYTES, 0) and _LETTER[utf8[begin - 1]] and not _separator_before(utf8, begin):
        begin -= 1
    return begin


@compiled
def hash_before(utf8: Utf8, start: int) -> tuple[np.uint64, int]:
    """Hash of the word before `start`, and where it begins."""
    end = word_end(utf8, start)
    begin = word_begin(utf8, end)
    return hash_of(utf8, begin, end), begin


@compiled
def _separator_before(utf8: Utf8, end: int) -> int:
    """Bytes of the separator that ends at `end`, 0 where none does: ASCII ones, U+00A0, U+FF1A."""
    if end > 0 and _SEPARATOR[utf8[end - 1]]:
        return 1
    if end > 1 and utf8[end - 1] == 0xA0 and utf8[end - 2] == 0xC2:
        return 2
    if end > 2 and utf8[end - 1] == 0x9A and utf8[end - 2] == 0xBC and utf8[end - 3] == 0xEF:
        return 3
    return 0
