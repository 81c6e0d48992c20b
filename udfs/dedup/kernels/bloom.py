"""Compiled look-ups and insertions in a blocked Bloom filter; the definition is `udfs.dedup.bloom.BlockedFilter`.

A filter is `uint64[8 * blocks]`, whose bit b of a block is bit b % 64 of the block's word b // 64, so that on a
little-endian machine its bytes are the same bits in order. It should begin at a multiple of 64 bytes (`zeros`).
"""

from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]  # it has no types
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from udfs.dedup.kernels.ngrams import Hashes, mixed
from udfs.text.kernels.compiling import compiled, inlined

Bits = NDArray[np.uint64]
Flags = NDArray[np.uint8]

WORDS = 8  # of a block
AHEAD = 32  # look-ups under way at once: with 1 GiB of filter one costs 9 ns; with none ahead 23, with 64 ahead 8

_32 = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)
_STRIDE = np.uint64(0x9E3779B97F4A7C15)
_PLACES_A_WORD = 7
_NINE = np.uint64(9)
_IN_WORD = np.uint64(63)
_SIX = np.uint64(6)
_SEVEN = np.uint64(7)
_ONE = np.uint64(1)


@intrinsic  # type: ignore[untyped-decorator]  # numba has no types
def prefetch(_typing: Any, array: Any, index: Any) -> Any:
    """Ask for the cache line of `array[index]` and do not wait for it."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        place = builder.bitcast(builder.gep(data, [arguments[1]]), cgutils.voidptr_t)
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, number, number, number])
        name = "llvm.prefetch.p0" if "*" not in str(cgutils.voidptr_t) else "llvm.prefetch.p0i8"
        function = cgutils.get_or_insert_function(builder.module, kind, name)
        builder.call(function, [place, number(1), number(3), number(1)])  # to write, to keep, data
        return context.get_dummy_value()

    return types.void(array, types.int64), code


def zeros(blocks: int) -> Bits:
    """An empty filter. It takes memory as it is written, and begins where a block and a cache line do."""
    room = np.zeros((blocks + 1) * WORDS, np.uint64)
    skipped = -room.ctypes.data // 8 % WORDS
    return room[skipped : skipped + blocks * WORDS]


@inlined
def block_at(ngram: Any, blocks: Any) -> Any:
    """First word of an n-gram's block: the high 64 bits of hash x blocks, by halves since blocks are below 2^32."""
    high = (ngram >> _32) * blocks
    low = ((ngram & _LOW) * blocks) >> _32
    return np.int64((high + low) >> _32) * WORDS


@inlined
def contains(bits: Bits, at: int, ngram: Any, hashes: int) -> Any:
    """1 where all bits of the n-gram, whose block begins at `bits[at]`, are set, else 0; no branch on any of them,
    since none could be predicted."""
    found = _ONE
    word = np.uint64(0)
    for number in range(hashes):
        if number % _PLACES_A_WORD == 0:
            word = mixed(ngram + np.uint64(1 + number // _PLACES_A_WORD) * _STRIDE)
        found &= bits[at + np.int64((word >> _SIX) & _SEVEN)] >> (word & _IN_WORD)
        word >>= _NINE
    return found


@inlined
def insert(bits: Bits, at: int, ngram: Any, hashes: int) -> Any:
    """Set the n-gram's bits in its block, which begins at `bits[at]`; returns whether one was not set before."""
    new = np.uint64(0)
    word = np.uint64(0)
    for number in range(hashes):
        if number % _PLACES_A_WORD == 0:
            word = mixed(ngram + np.uint64(1 + number // _PLACES_A_WORD) * _STRIDE)
        place = at + np.int64((word >> _SIX) & _SEVEN)
        mask = _ONE << (word & _IN_WORD)
        new |= mask & ~bits[place]
        bits[place] |= mask
        word >>= _NINE
    return new != 0


@compiled
def look_up(bits: Bits, hashes: int, ngrams: Hashes, first: Any, after: Any, flags: Flags) -> Any:
    """Look up `ngrams[first:after]`: `flags` (shape of `ngrams`) says which are contained; returns how many. What
    follows `after` is asked for ahead, since it is looked up next."""
    blocks = np.uint64(bits.size // WORDS)
    contained: Any = 0
    if first == 0:
        for i in range(min(AHEAD, ngrams.size)):
            prefetch(bits, block_at(ngrams[i], blocks))
    for i in range(first, after):
        if i + AHEAD < ngrams.size:
            prefetch(bits, block_at(ngrams[i + AHEAD], blocks))
        found = contains(bits, block_at(ngrams[i], blocks), ngrams[i], hashes)
        flags[i] = found
        contained += np.int64(found)
    return contained


@compiled
def insert_all(bits: Bits, hashes: int, ngrams: Hashes, first: Any, after: Any, fresh: Hashes, at: Any) -> Any:
    """Insert `ngrams[first:after]`, and write those that changed the filter from `fresh[at]` on; returns where the next
    one goes."""
    blocks = np.uint64(bits.size // WORDS)
    for i in range(first, after):
        fresh[at] = ngrams[i]
        at += insert(bits, block_at(ngrams[i], blocks), ngrams[i], hashes)
    return at


@compiled
def insert_part(part: Bits, first_block: int, blocks: int, hashes: int, ngrams: Hashes) -> None:
    """Set in `part`, which begins at block `first_block` of a filter of `blocks`, the bits of n-grams whose blocks are
    all in it."""
    for i in range(ngrams.size):
        at = block_at(ngrams[i], np.uint64(blocks)) - first_block * WORDS
        insert(part, at, ngrams[i], hashes)
