"""From UTF-8 to signatures and band keys, a whole Arrow batch in one call that holds no lock of the interpreter.

The definitions are `udfs.dedup.shingles` and `udfs.dedup.minhash`. Work is done on blocks of shingles: normalise and
hash a block, then take each permutation over it, for which the loop over permutations is the inner one, so that it
becomes vector instructions whatever the processor has."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from udfs.dedup.kernels.murmur3 import x64_64, x86_32
from udfs.dedup.kernels.shingles import BLOCK_TOKENS, BUFFER_RATIO, SPARE_BYTES, read_block
from udfs.dedup.minhash import multipliers
from udfs.text.kernels.characters import Offsets, Utf8
from udfs.text.kernels.compiling import compiled, inlined

I64 = NDArray[np.int64]
U64 = NDArray[np.uint64]
U32 = NDArray[np.uint32]

_SIDE_BY_SIDE = 4  # shingles that a permutation is taken of in one turn
_LOW = np.uint64(0xFFFFFFFF)
_SIGN = 1 << 63
_LARGEST = _SIGN - 1
_DIGITS = 256  # of the radix sort


class Signed(NamedTuple):
    """What `sign` finds of n texts, of which m have a signature. `shingle_ends[i]` is how many hashes the texts 0 .. i
    have in `hashes` together; both are empty unless they were asked for."""

    shingles: NDArray[np.int32]  # (n,), repeats counted
    signatures: NDArray[np.uint16]  # (m, permutations)
    keys: NDArray[np.int64]  # (m, bands)
    hashes: U32
    shingle_ends: Offsets  # (n,)


def permutations(number: int, seed: int) -> tuple[U64, U64]:
    """Factors and terms as `sign` takes them. Values are compared as signed numbers, for which AVX2 has an instruction
    and for unsigned ones none, so all of them, and with them the terms, have their highest bit turned."""
    factors, terms = np.array(multipliers(number, seed), np.uint64).T
    return np.ascontiguousarray(factors), terms ^ np.uint64(_SIGN)


@compiled
def sign(
    data: Utf8, offsets: Offsets, is_text: Any, read: Any, factors: U64, terms: U64, bands: int, keep: bool
) -> Any:
    """The fields of `Signed` for the texts `data[offsets[i]:offsets[i + 1]]` for which `is_text[i]`."""
    texts = offsets.size - 1
    largest = np.int64(0)
    for i in range(texts):
        largest = max(largest, offsets[i + 1] - offsets[i])
    buffer = np.empty(BUFFER_RATIO * largest + SPARE_BYTES, np.uint8)
    kept = np.empty((offsets[-1] - offsets[0]) // (1 if read.by_character else 2) + texts if keep else 0, np.uint32)
    ends = np.zeros(texts if keep else 0, np.int64)
    counts = np.zeros(texts, np.int32)
    signatures = np.empty((texts, factors.size), np.uint16)
    keys = np.empty((texts, bands), np.int64)
    minima = np.empty(factors.size, np.int64)
    signed = kept_end = 0
    for i in range(texts):
        if is_text[i]:
            text = data[offsets[i] : offsets[i + 1]]
            counts[i] = sign_text(text, buffer, read, factors, terms, minima, kept[kept_end:])
        if counts[i]:
            band_keys(minima, keys[signed], signatures[signed])
            signed += 1
        if keep:
            kept_end += sort_distinct(kept[kept_end : kept_end + counts[i]])
            ends[i] = kept_end
    return counts, signatures[:signed], keys[:signed], kept[:kept_end], ends


@compiled
def sign_text(text: Utf8, buffer: Utf8, read: Any, factors: U64, terms: U64, minima: I64, kept: U32) -> Any:
    """How many shingles there are, repeats counted. The smallest value of each permutation goes to the high half of
    `minima`, its highest bit turned, and all hashes to `kept`, if that has room."""
    starts = np.empty(BLOCK_TOKENS + 3, np.int64)
    hashes = np.empty(BLOCK_TOKENS + 3 + _SIDE_BY_SIDE, np.uint64)
    minima[:] = _LARGEST
    state = (np.int64(0), np.int64(0), np.int64(0), False)
    gap = 0 if read.by_character else 1
    total = 0
    while True:
        at, out, tokens, is_open = read_block(text, state, buffer, starts, read)
        starts[tokens] = out
        is_end = at == text.size
        size = read.size
        if is_end and read.whole and total == 0 and 0 < tokens < size:
            size = tokens
        count = max(tokens + is_end - size, 0)
        for k in range(count):
            hashes[k] = x86_32(buffer, starts[k], starts[k + size] - gap, np.uint64(0))
        padded = count + -count % _SIDE_BY_SIDE
        hashes[count:padded] = hashes[max(count - 1, 0)]  # once more does no harm
        take_minima(hashes[:padded], factors, terms, minima)
        if kept.size:
            for k in range(count):
                kept[total + k] = hashes[k]
        total += count
        if is_end:
            return total
        carried = min(tokens, size)
        starts[:carried] = starts[tokens - carried : tokens]
        state = (at, out, carried, is_open)


@inlined
def take_minima(hashes: U64, factors: U64, terms: U64, minima: I64) -> None:
    """Lower `minima` to the smallest of all `factors * hash + terms`: their order is that of their high halves. The
    number of hashes is a multiple of _SIDE_BY_SIDE."""
    for k in range(0, hashes.size, _SIDE_BY_SIDE):
        # That they have 32 bits only, LLVM cannot know otherwise: a third of a multiplication less on AVX2.
        first, second, third, fourth = (
            hashes[k] & _LOW,
            hashes[k + 1] & _LOW,
            hashes[k + 2] & _LOW,
            hashes[k + 3] & _LOW,
        )
        for j in range(factors.size):
            least = min(value_of(first, factors[j], terms[j]), value_of(second, factors[j], terms[j]))
            other = min(value_of(third, factors[j], terms[j]), value_of(fourth, factors[j], terms[j]))
            minima[j] = min(minima[j], least, other)


@inlined
def value_of(x: Any, factor: Any, term: Any) -> Any:
    """One permutation of one hash. In unsigned numbers: numba takes it that signed ones do not overflow."""
    return np.int64(factor * x + term)


@inlined
def band_keys(minima: I64, keys: Any, signature: Any) -> None:
    """Write the key of each band and the stored form of the signature."""
    values = np.empty(minima.size, np.uint32)
    for j in range(minima.size):
        values[j] = (np.uint64(minima[j]) ^ np.uint64(_SIGN)) >> np.uint64(32)
        signature[j] = values[j] & np.uint32(0xFFFF)
    row_bytes = 4 * (minima.size // keys.size)
    for band in range(keys.size):
        keys[band] = x64_64(values.view(np.uint8), band * row_bytes, (band + 1) * row_bytes, np.uint64(band))


@inlined
def sort_distinct(hashes: U32) -> Any:
    """Sort in place, byte by byte from the lowest, and drop repeats; how many are left."""
    order, other = hashes, np.empty(hashes.size, np.uint32)
    for shift in range(0, 32, 8):
        places = np.zeros(_DIGITS + 1, np.int64)
        for value in order:
            places[(value >> np.uint32(shift) & np.uint32(255)) + np.uint32(1)] += 1
        for digit in range(_DIGITS):
            places[digit + 1] += places[digit]
        for value in order:
            digit = value >> np.uint32(shift) & np.uint32(255)
            other[places[digit]] = value
            places[digit] += 1
        order, other = other, order
    distinct = 0
    for value in hashes:  # four turns: it is in its own place again
        if distinct == 0 or hashes[distinct - 1] != value:
            hashes[distinct] = value
            distinct += 1
    return distinct
