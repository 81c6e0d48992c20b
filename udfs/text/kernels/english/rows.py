"""Compiled: a word as the arrays have it, and the last step of `udfs.text.english.words`: rows of tokens that together
spell an exception are replaced by it. The definition is `_joined`."""

import numpy as np
from numpy.typing import NDArray

from udfs.text.kernels.characters import Offsets, Utf8, decode
from udfs.text.kernels.compiling import compiled, inlined
from udfs.text.kernels.english.runs import exception_at, put_parts
from udfs.text.kernels.english.tables import (
    ALL_SYMBOLS,
    FACTOR,
    HAS_LETTER,
    IS_DATATROVE_SYMBOL,
    IS_LETTER,
    LONGEST_ROW,
    ROW_ENDS,
    ROW_KEYS,
    SEED,
    class_of,
    hash_pair,
    mixed,
    slot_of,
    uncounted,
)

EnglishWords = tuple[Offsets, Offsets, NDArray[np.uint64], Offsets, NDArray[np.uint8]]
"""Starts, ends, hashes, lengths in code points, flags; each of shape (words,)."""

SPACE = 32


@uncounted
@compiled
def describe(
    text: Utf8,
    start: int,
    starts: Offsets,
    ends: Offsets,
    hashes: NDArray[np.uint64],
    lengths: Offsets,
    flags: NDArray[np.uint8],
    first: int,
    last: int,
) -> None:
    """Complete the words `first` to `last - 1`, whose ends are known and of which the first begins at `start`."""
    at = start
    for i in range(first, last):
        starts[i], end = at, ends[i]
        key, length, every, any_of = SEED, 0, np.uint32(0xFFFFFFFF), np.uint32(0)
        while at < end:
            code, width = decode(text, at)
            here = class_of(code)
            every &= here
            any_of |= here
            length += 1
            for _ in range(width):
                key = (key ^ np.uint64(text[at])) * FACTOR
                at += 1
        hashes[i], lengths[i] = mixed(key), length
        flags[i] = (HAS_LETTER if any_of & IS_LETTER else 0) | (ALL_SYMBOLS if every & IS_DATATROVE_SYMBOL else 0)


@uncounted
@compiled
def has_row(hashes: NDArray[np.uint64], first: int, last: int) -> bool:
    """Whether among the tokens of one run, from `first` to before `last`, is a row that spells an exception."""
    for i in range(first, last - 1):
        slot = slot_of(ROW_KEYS, hashes[i])
        key, j = hashes[i], i + 1
        while slot >= 0 and j < last:
            key = hash_pair(key, hashes[j])
            slot = slot_of(ROW_KEYS, key)
            if slot >= 0 and ROW_ENDS[slot]:
                return True
            j += 1
    return False


@compiled
def join_rows(
    text: Utf8,
    starts: Offsets,
    ends: Offsets,
    hashes: NDArray[np.uint64],
    lengths: Offsets,
    flags: NDArray[np.uint8],
) -> EnglishWords:
    """The words with the rows replaced; to be called where some run has a row (`has_row`)."""
    count = starts.size
    sizes, slots = _chosen(text, starts, ends, hashes)
    room = count + np.count_nonzero(sizes)  # a row is at most one token shorter than the exception has parts
    new_starts, new_ends, new_lengths = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.int64)
    new_hashes, new_flags = np.empty(room, np.uint64), np.empty(room, np.uint8)
    new = i = 0
    while i < count:
        if sizes[i]:
            before, new = new, put_parts(slots[i], starts[i], ends[i + sizes[i] - 1], new_ends, new)
            describe(text, starts[i], new_starts, new_ends, new_hashes, new_lengths, new_flags, before, new)
            i += sizes[i]
        else:
            new_starts[new], new_ends[new], new_hashes[new] = starts[i], ends[i], hashes[i]
            new_lengths[new], new_flags[new] = lengths[i], flags[i]
            i += 1
            new += 1
    return new_starts[:new], new_ends[:new], new_hashes[:new], new_lengths[:new], new_flags[:new]


@compiled
def _chosen(text: Utf8, starts: Offsets, ends: Offsets, hashes: NDArray[np.uint64]) -> tuple[Offsets, Offsets]:
    """For each token the tokens of the row at it that is to be replaced (0 for none), and its exception's slot."""
    count = starts.size
    found = np.empty(count, np.int64)
    for i in range(count):
        found[i] = _rows_at(text, starts, ends, hashes, i)
    places = np.nonzero(found)[0]
    taken = np.zeros(count, np.bool_)
    sizes, slots = np.zeros(count, np.int64), np.empty(count, np.int64)
    for size in range(LONGEST_ROW, 1, -1):
        for place in range(places.size):
            i = places[place]
            if not found[i] >> size & 1:
                continue
            last = i + size - 1
            slot = exception_at(text, starts[i], ends[last])
            if slot >= 0 and not taken[i] and not taken[last]:
                sizes[i], slots[i] = size, slot
            taken[i : last + 1] = True
    return sizes, slots


@uncounted
@inlined
def _rows_at(text: Utf8, starts: Offsets, ends: Offsets, hashes: NDArray[np.uint64], i: int) -> int:
    """The sizes of the rows that begin at token `i`, as bits; one space may stand between their tokens."""
    key = hashes[i]
    slot = slot_of(ROW_KEYS, key)
    sizes, j = 0, i + 1
    while slot >= 0 and j < starts.size:
        gap = starts[j] - ends[j - 1]
        if gap > 1 or (gap == 1 and text[ends[j - 1]] != SPACE):  # a token of white space
            break
        key = hash_pair(key, hashes[j])
        slot = slot_of(ROW_KEYS, key)
        j += 1
        if slot >= 0 and ROW_ENDS[slot]:
            sizes |= 1 << (j - i)
    return sizes
