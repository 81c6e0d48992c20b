"""Where a number stands among sorted ones: an index of their high bits, then halves.

Numbers are hashes, as a rule, so a slot by their high bits holds about one of them and a look takes two steps, where a
search by halves takes twenty. Any signed 64-bit numbers do, only more slowly.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from udfs.text.kernels.compiling import compiled, inlined

Ids = NDArray[np.int64]
Numbers = NDArray[np.int32]


def distinct(parts: Sequence[Ids]) -> Ids:
    """All numbers that occur, ascending. Sorted in place, for the array may be the largest one of the task; numpy's
    `unique` looks each up in a table of all, which takes fifty times as long."""
    ids = np.empty(sum(map(len, parts)), np.int64)
    at = 0
    for part in parts:
        ids[at : at + len(part)] = part
        at += len(part)
    ids.sort()
    return ids[: _without_repeats(ids)]


@compiled
def _without_repeats(ids: Ids) -> int:
    """Moves the distinct ones of sorted ids to the front; how many they are."""
    kept = 0
    for i in range(len(ids)):
        if i == 0 or ids[i] != ids[i - 1]:
            ids[kept] = ids[i]
            kept += 1
    return kept


class Index(NamedTuple):
    """Distinct numbers in ascending order, at least one and at most 2^31 - 1, and what finds them: of each slot the
    position of its first number, at the end how many numbers there are, and how many low bits a slot ignores."""

    ids: Ids
    starts: Numbers
    shift: np.uint64


def index_of(ids: Ids) -> Index:
    """An index with 4 bytes or fewer for each number."""
    span = int(ids[-1]) - int(ids[0])
    shift = np.uint64(max(0, (span // len(ids)).bit_length()))  # no more slots than numbers
    return Index(ids, _starts(ids, shift), shift)


class Sorted:
    """Ids or keys, each once and in any order, that others are looked up among."""

    def __init__(self, ids: Ids) -> None:
        self._by_id = np.argsort(ids)
        self._index = index_of(ids[self._by_id]) if len(ids) else None

    def places(self, ids: Ids) -> Ids:
        """The position of each id; -1 for one that is not there."""
        if self._index is None:
            return np.full(len(ids), -1, np.int64)
        found: Ids = _places(_read_only(ids), self._by_id, *self._index)
        return found

    def has(self, ids: Ids) -> NDArray[np.bool_]:
        """Of each id whether it is there."""
        return self.places(ids) >= 0


def _read_only(ids: Ids) -> Ids:
    """The same, as one kind of array, for which kernels are compiled once."""
    view = np.ascontiguousarray(ids).view()
    view.setflags(write=False)
    return view


@inlined
def slot_of(one: int, least: int, shift: np.uint64) -> np.uint64:
    """The slot of a number that is not below the least."""
    return (np.uint64(one) - np.uint64(least)) >> shift


@compiled
def _starts(ids: Ids, shift: np.uint64) -> Numbers:
    slots = np.int64(slot_of(ids[-1], ids[0], shift)) + 1
    starts = np.empty(slots + 1, np.int32)
    filled = 0
    for i in range(len(ids)):
        slot = np.int64(slot_of(ids[i], ids[0], shift))
        while filled <= slot:
            starts[filled] = i
            filled += 1
    starts[slots] = len(ids)
    return starts


@inlined
def position_of(one: int, ids: Ids, starts: Numbers, shift: np.uint64) -> int:
    """The position of a number that is there; of another one between the least and the greatest, that of a number
    beside it."""
    slot = slot_of(one, ids[0], shift)
    low, high = np.int64(starts[slot]), np.int64(starts[slot + np.uint64(1)]) - 1
    while low < high:
        middle = (low + high) >> 1
        if ids[middle] < one:
            low = middle + 1
        else:
            high = middle
    return int(low)


@compiled
def _places(wanted: Ids, names: Ids, ids: Ids, starts: Numbers, shift: np.uint64) -> Any:
    """The name of each number's position; -1 for one that is not there."""
    found = np.empty(len(wanted), np.int64)
    least, greatest = ids[0], ids[-1]
    for i in range(len(wanted)):
        one = wanted[i]
        found[i] = -1
        if least <= one <= greatest:
            at = position_of(one, ids, starts, shift)
            if ids[at] == one:
                found[i] = names[at]
    return found
