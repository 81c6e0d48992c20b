"""Hashes of stretches of a text, and the table that says which of many hashes have been there before."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from udfs.text.kernels.characters import ASCII, SPACE, Utf8, decode, start_before
from udfs.text.kernels.compiling import compiled, inlined
from udfs.text.kernels.joining import is_space_at

Hashes = NDArray[np.uint64]
Slots = NDArray[np.uint32]

_MULTIPLIER = np.uint64(0xD6E8FEB86659FD93)
_SHIFT = np.uint64(32)
_EIGHT = np.arange(0, 64, 8).astype(np.uint64)


@inlined
def mixed(value: Any) -> Any:
    """A 64-bit number of which every bit depends on many of the given one's."""
    value = (value ^ value >> _SHIFT) * _MULTIPLIER
    return value ^ value >> _SHIFT


@compiled
def stretch_hash(text: Utf8, start: int, end: int) -> Any:
    """Hash of `text[start:end]`, eight bytes in each turn."""
    value = np.uint64(end - start)
    at = start
    while at + 8 <= end:
        eight = np.uint64(0)
        for i in range(8):
            eight |= np.uint64(text[at + i]) << _EIGHT[i]
        value = mixed(value ^ eight)
        at += 8
    rest = np.uint64(0)
    for i in range(end - at):
        rest |= np.uint64(text[at + i]) << _EIGHT[i]
    return mixed(value ^ rest)


@inlined
def empty_slots(segments: int) -> Slots:
    """A table for so many segments."""
    size = 4
    while size < 2 * segments:
        size *= 2
    return np.zeros(size, np.uint32)


@inlined
def first_with(value: Any, slots: Slots, hashes: Hashes, number: int) -> Any:
    """Number of the first segment with the hash `value`; where there is none, segment `number` becomes it.

    `slots`, zeros at first, has a power of two of places and always empty ones; `hashes[i]` is the hash of segment i.
    """
    mask = slots.size - 1
    place = np.int64(value >> _SHIFT) & mask
    while slots[place]:
        first = np.int64(slots[place]) - 1
        if hashes[first] == value:
            return first
        place = (place + 1) & mask
    slots[place] = number + 1
    hashes[number] = value
    return number


@inlined
def skip_space(text: Utf8, at: int, end: int) -> int:
    """The first character from `at` on that is no white space, or `end`."""
    while at < end:
        if text[at] < 0x80:
            if not ASCII[text[at]] & SPACE:
                break
            at += 1
        elif is_space_at(text, at):
            at += decode(text, at)[1]
        else:
            break
    return at


@inlined
def skip_space_back(text: Utf8, start: int, end: int) -> int:
    """The end of the last character before `end` that is no white space, or `start`."""
    while end > start:
        before = start_before(text, end)
        if not is_space_at(text, before):
            break
        end = before
    return end
