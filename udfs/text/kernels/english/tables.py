"""Tables of the compiled English tokeniser: classes of characters, and words found by their hash.

Made from `udfs.text.english.exceptions` and the running interpreter. A word is known by the 64-bit hash of its bytes
alone: words of one hash are taken as equal.
"""

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from udfs.text.english import words as definition
from udfs.text.english.exceptions import ALPHA, EXCEPTIONS, LOWER, QUOTES, SENTENCE_ENDS, SYMBOLS, UPPER
from udfs.text.kernels import characters
from udfs.text.kernels.characters import CODE_POINTS, Utf8, decode, table_of, two_stages
from udfs.text.kernels.compiling import inlined
from udfs.text.symbols import SYMBOLS as DATATROVE_SYMBOLS

F = TypeVar("F", bound=Callable[..., Any])

# Classes of characters, as the tokeniser has them ...
IS_LOWER, IS_UPPER, IS_ALPHA, IS_QUOTE, IS_SYMBOL, IS_DIGIT = (1 << bit for bit in range(6))
IN_FRONT, BOTH_SIDES, BEFORE_FULL_STOP, BETWEEN_DIGITS, BETWEEN_LETTERS, MAY_CUT = (1 << bit for bit in range(6, 12))
IN_LABEL, IN_SCHEME, ENDS_SENTENCE, IS_DATATROVE_SYMBOL = (1 << bit for bit in range(12, 16))
# ... and as Python and Unicode have them.
IS_SPACE, IS_LETTER, IS_DECIMAL, IS_PUNCTUATION = (1 << bit for bit in range(16, 20))

HAS_LETTER = 1
"""Flag of a word: it has a character for which `str.isalpha` is true."""
ALL_SYMBOLS = 2
"""Flag of a word: all of its characters are in `udfs.text.symbols.SYMBOLS`."""

_SEED, _FACTOR, _LAST_FACTOR = 0xCBF29CE484222325, 0x9E3779B97F4A7C15, 0xD6E8FEB86659FD93
_MASK = (1 << 64) - 1
SEED, FACTOR, LAST_FACTOR = np.uint64(_SEED), np.uint64(_FACTOR), np.uint64(_LAST_FACTOR)
HALF, SIX, ONE = np.uint64(32), np.uint64(6), np.uint64(1)


def _classes() -> tuple[NDArray[np.uint16], NDArray[np.uint8], NDArray[np.uint32]]:
    """Blocks and entries of the kinds of all code points, and the classes of each kind; costs about 150 ms."""
    values = np.zeros(CODE_POINTS, np.uint32)
    for flag, (blocks, entries), theirs in (
        (IS_SPACE, (characters.BLOCKS, characters.ENTRIES), characters.SPACE),
        (IS_LETTER, (characters.BLOCKS, characters.ENTRIES), characters.ALPHA),
        (IS_DECIMAL, (characters.BLOCKS, characters.ENTRIES), characters.DECIMAL),
        (IN_SCHEME, (characters.BLOCKS, characters.ENTRIES), characters.ALNUM),
        (IS_PUNCTUATION, table_of({1: _is_punctuation}), 1),
    ):
        values[(entries.reshape(-1, characters.BLOCK)[blocks].ravel() & theirs) != 0] |= flag
    between = frozenset(sign[0] for sign in definition.BETWEEN)
    for flag, members in (
        (IS_LOWER, LOWER),
        (IS_UPPER, UPPER),
        (IS_ALPHA, ALPHA),
        (IS_QUOTE, QUOTES),
        (IS_SYMBOL, SYMBOLS),
        (IS_DIGIT, definition.DIGITS),
        (IN_FRONT, definition.IN_FRONT),
        (BOTH_SIDES, definition.BOTH_SIDES),
        (BEFORE_FULL_STOP, definition.BEFORE_FULL_STOP),
        (BETWEEN_DIGITS, definition.BETWEEN_DIGITS),
        (BETWEEN_LETTERS, between),
        (MAY_CUT, SYMBOLS | between | definition.BETWEEN_DIGITS | frozenset(".,…")),
        (IN_SCHEME, frozenset("_+-.")),
        (ENDS_SENTENCE, SENTENCE_ENDS),
        (IS_DATATROVE_SYMBOL, DATATROVE_SYMBOLS),
    ):
        values[np.frombuffer("".join(members).encode("utf-32-le"), np.uint32)] |= flag
    values[0xA1:0x10000] |= IN_LABEL
    values[[byte for byte in range(128) if chr(byte).isalnum() or chr(byte) in "_-"]] |= IN_LABEL
    numbers, classes = two_stages(values)
    kinds, kind_of_each = np.unique(classes, return_inverse=True)
    assert len(kinds) <= 256
    return numbers, kind_of_each.astype(np.uint8), kinds


def _is_punctuation(character: str) -> bool:
    return unicodedata.category(character)[0] == "P"


BLOCKS, ENTRIES, KINDS = _classes()
ASCII = np.concatenate([KINDS[ENTRIES[:128]], np.zeros(128, np.uint32)])
"""Classes of ASCII; 0 for bytes of other characters."""


@inlined
def class_of(code: int) -> int:
    """The classes of a code point."""
    classes: int = KINDS[ENTRIES[(np.int64(BLOCKS[code >> 7]) << 7) + (code & 127)]]
    return classes


@inlined
def class_at(text: Utf8, at: int) -> int:
    """The classes of the character that begins at `at`."""
    return class_of(decode(text, at)[0])


def uncounted(kernel: F) -> F:
    """A kernel that makes no arrays nor parts of arrays and counts no references to those it is given.

    numba counts them at each call of a function that has more than one way out, inlined or not; atomic counting costs
    more than the work of functions as short as these (measured: half of the tokeniser's time).
    """
    kernel.targetoptions["_nrt"] = False  # type: ignore[attr-defined]  # an option of numba's dispatcher
    return kernel


def hash_of(word: bytes) -> int:
    """What `hash_bytes` gives for `word`, in Python."""
    found = _SEED
    for byte in word:
        found = (found ^ byte) * _FACTOR & _MASK
    return _mixed(found)


def _mixed(found: int) -> int:
    found = (found ^ found >> 32) * _LAST_FACTOR & _MASK
    return found ^ found >> 32


@inlined
def mixed(found: np.uint64) -> np.uint64:
    """The last step of a hash."""
    found = (found ^ (found >> HALF)) * LAST_FACTOR
    return found ^ (found >> HALF)


@inlined
def hash_bytes(text: Utf8, start: int, end: int) -> np.uint64:
    """64-bit hash of `text[start:end]`."""
    found = SEED
    for at in range(start, end):
        found = (found ^ np.uint64(text[at])) * FACTOR
    return mixed(found)


@inlined
def hash_pair(first: np.uint64, second: np.uint64) -> np.uint64:
    """64-bit hash of a hash and the next token's."""
    return mixed((first ^ second) * FACTOR + second)


def _hash_pair(first: int, second: int) -> int:
    return _mixed((((first ^ second) * _FACTOR & _MASK) + second) & _MASK)


def _slots(found: Mapping[int, int]) -> tuple[NDArray[np.uint64], NDArray[np.uint16]]:
    """An open-addressing table of hashes, at most a third full: keys (0 for an empty slot) and values."""
    size = 1 << (3 * len(found)).bit_length()
    keys, values = np.zeros(size, np.uint64), np.zeros(size, np.uint16)
    for key, value in found.items():
        slot = key % size
        while keys[slot]:
            slot = (slot + 1) % size
        keys[slot], values[slot] = key, value
    return keys, values


@inlined
def slot_of(keys: NDArray[np.uint64], key: np.uint64) -> int:
    """Where a hash stands in a table of `_slots`, -1 where it does not."""
    mask = keys.size - 1
    slot: int = np.int64(key) & mask  # type: ignore[assignment]  # numba has one type for both
    while keys[slot] != 0:
        if keys[slot] == key:
            return slot
        slot = (slot + 1) & mask
    return -1


def _exception_cuts() -> dict[int, int]:
    """Hash of each exception -> bytes of its first part and, times 256, of its second; 0 where no more follow."""
    cuts = {}
    for word, parts in EXCEPTIONS.items():
        lengths = [len(part.encode()) for part in parts[:-1]]
        cuts[hash_of(word.encode())] = sum(length << 8 * i for i, length in enumerate(lengths))
    return cuts


def _row_prefixes() -> dict[int, int]:
    """Hash of each beginning of a row of tokens that spells an exception -> whether a row ends there."""
    prefixes: dict[int, int] = {}
    for row in (row for rows in definition.rows().values() for row in rows):
        key = 0
        for i, token in enumerate(row):
            key = _hash_pair(key, hash_of(token.encode())) if i else hash_of(token.encode())
            prefixes[key] = max(prefixes.get(key, 0), int(i + 1 == len(row)))
    return prefixes


def _sieve(hashes: Iterable[int]) -> NDArray[np.uint64]:
    """A bit for each value of the last 14 bits of a hash: it tells of most words in little cache that no table has
    them."""
    bits = np.zeros((256, 64), np.uint64)
    for key in hashes:
        bits[key >> 6 & 255, key & 63] = 1
    sieve: NDArray[np.uint64] = np.bitwise_or.reduce(bits << np.arange(64, dtype=np.uint64), axis=1)
    return sieve


EXCEPTION_KEYS, EXCEPTION_CUTS = _slots(_exception_cuts())
EXCEPTION_SIEVE = _sieve(_exception_cuts())
LONGEST_EXCEPTION_BYTES = max(len(word.encode()) for word in EXCEPTIONS)
ROW_KEYS, ROW_ENDS = _slots(_row_prefixes())
LONGEST_ROW = max(len(row) for rows in definition.rows().values() for row in rows)
AFTER_DIGIT_KEYS, _ = _slots({hash_of(word.encode()): 1 for word in definition.AFTER_DIGIT})
LONGEST_AFTER_DIGIT = definition.LONGEST_AFTER_DIGIT


@inlined
def exception_slot(key: np.uint64) -> int:
    """Place in EXCEPTION_CUTS of the exception with this hash, -1 for none."""
    if (EXCEPTION_SIEVE[np.int64(key >> SIX) & 255] >> (key & np.uint64(63))) & ONE == 0:
        return -1
    return slot_of(EXCEPTION_KEYS, key)
