"""MurmurHash3 (Austin Appleby, public domain) of a stretch of bytes: x86 with 32 bits, and the first half of x64 with
128. The package mmh3 is the oracle of both.

Arithmetic is on uint64: numba makes one of two uint32 in any case, and LLVM finds back to 32 bits."""

from typing import Any

import numpy as np

from udfs.text.kernels.characters import Utf8
from udfs.text.kernels.compiling import compiled, inlined

_ZERO, _ONE, _TWO, _THREE, _FOUR, _FIVE, _EIGHT, _SIXTEEN = (np.uint64(number) for number in (0, 1, 2, 3, 4, 5, 8, 16))
_13, _24, _32, _33 = (np.uint64(bits) for bits in (13, 24, 32, 33))
_LOW = np.uint64(0xFFFFFFFF)
_C1, _C2, _STEP = np.uint64(0xCC9E2D51), np.uint64(0x1B873593), np.uint64(0xE6546B64)
_F1, _F2 = np.uint64(0x85EBCA6B), np.uint64(0xC2B2AE35)
_D1, _D2 = np.uint64(0x87C37B91114253D5), np.uint64(0x4CF5AD432745937F)
_STEP1, _STEP2 = np.uint64(0x52DCE729), np.uint64(0x38495AB5)
_G1, _G2 = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)


@inlined
def rotated_32(value: Any, bits: int) -> Any:
    """The low 32 bits of `value`, rotated to the left."""
    return ((value << np.uint64(bits)) | (value & _LOW) >> np.uint64(32 - bits)) & _LOW


@inlined
def rotated_64(value: Any, bits: int) -> Any:
    """A uint64, rotated to the left."""
    return value << np.uint64(bits) | value >> np.uint64(64 - bits)


@inlined
def four_at(data: Utf8, at: Any) -> Any:
    """Four bytes as a little-endian number; LLVM makes one load of it."""
    low = np.uint64(data[at]) | np.uint64(data[at + _ONE]) << _EIGHT
    return low | np.uint64(data[at + _TWO]) << _SIXTEEN | np.uint64(data[at + _THREE]) << _24


@inlined
def last_below_8(data: Utf8, start: Any, end: Any) -> Any:
    """Up to eight bytes as a little-endian number."""
    value = shift = _ZERO
    at = start
    while at < end:
        value |= np.uint64(data[at]) << shift
        shift += _EIGHT
        at += _ONE
    return value


@inlined
def x86_32(data: Utf8, start: int, end: int, seed: Any) -> Any:
    """MurmurHash3_x86_32 of `data[start:end]`, as uint64 below 2^32; `seed` likewise."""
    at, stop = np.uint64(start), np.uint64(end)
    length = stop - at
    value = np.uint64(seed)
    while at + _FOUR <= stop:
        value ^= rotated_32(four_at(data, at) * _C1, 15) * _C2 & _LOW
        value = (rotated_32(value, 13) * _FIVE + _STEP) & _LOW
        at += _FOUR
    if length >= _FOUR:  # the last 0 to 3 bytes, by way of those before: no loop, no branch to guess
        rest = four_at(data, stop - _FOUR) >> ((_FOUR - (stop - at)) << _THREE)
    else:
        rest = last_below_8(data, at, stop)
    value ^= rotated_32(rest * _C1, 15) * _C2 & _LOW  # nothing where there is no rest
    value ^= length & _LOW
    value = (value ^ value >> _SIXTEEN) * _F1 & _LOW
    value = (value ^ value >> _13) * _F2 & _LOW
    return value ^ value >> _SIXTEEN


@inlined
def eight_at(data: Utf8, at: Any) -> Any:
    """Eight bytes as a little-endian number."""
    return four_at(data, at) | four_at(data, at + _FOUR) << _32


@inlined
def x64_final(value: Any) -> Any:
    """The last mixing of one half."""
    value = (value ^ value >> _33) * _G1
    value = (value ^ value >> _33) * _G2
    return value ^ value >> _33


@inlined
def x64_64(data: Utf8, start: int, end: int, seed: Any) -> Any:
    """The first 64 bits of MurmurHash3_x64_128 of `data[start:end]`, uint64; `seed` below 2^32."""
    at, stop = np.uint64(start), np.uint64(end)
    length = stop - at
    first = second = np.uint64(seed)
    while at + _SIXTEEN <= stop:
        first ^= rotated_64(eight_at(data, at) * _D1, 31) * _D2
        first = (rotated_64(first, 27) + second) * _FIVE + _STEP1
        second ^= rotated_64(eight_at(data, at + _EIGHT) * _D2, 33) * _D1
        second = (rotated_64(second, 31) + first) * _FIVE + _STEP2
        at += _SIXTEEN
    middle = min(at + _EIGHT, stop)
    second ^= rotated_64(last_below_8(data, middle, stop) * _D2, 33) * _D1
    first ^= rotated_64(last_below_8(data, at, middle) * _D1, 31) * _D2
    first, second = first ^ length, second ^ length
    first += second
    second += first
    return x64_final(first) + x64_final(second)


@compiled
def hash_32(data: Utf8, start: int, end: int, seed: int) -> Any:
    """`x86_32` for callers in Python; `seed` in 0 .. 2^32 - 1."""
    return x86_32(data, start, end, np.uint64(seed))


@compiled
def hash_64(data: Utf8, start: int, end: int, seed: int) -> Any:
    """`x64_64` as int64, as tables hold it, for callers in Python; `seed` in 0 .. 2^32 - 1."""
    return np.int64(x64_64(data, start, end, np.uint64(seed)))
