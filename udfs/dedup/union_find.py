"""Connected components in one process: the definition, and the compiled form that one task runs.

A component is what a chain of edges joins; its name is the smallest id in it, so the answer depends neither on the
order of the edges nor on who asks. Ids are any signed 64-bit numbers. The compiled form gives the ids, in order, the
numbers 0, 1, ...; so the smaller id has the smaller number, and the smallest number of a component is a root that needs
no second look at ids. It takes at most 48 bytes an edge beside the edges as Arrow has them: 16 for the edges, 16 for
the sorted ids, 8 for the parents and 8 for the index (Tarjan, "Efficiency of a good but not linear set union
algorithm", 1975; path halving: Tarjan and van Leeuwen 1984).
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from udfs.text.kernels.compiling import compiled, inlined

Ids = NDArray[np.int64]
Numbers = NDArray[np.int32]
Block = tuple[Ids, Ids]  # two ends of each edge

MOST_IDS = 2**31 - 1  # so that a number fits into int32


def clusters_of(edges: Iterable[tuple[int, int]]) -> dict[int, int]:
    """The definition: each id of the edges -> the smallest id of its component."""
    parent: dict[int, int] = {}

    def root(one: int) -> int:
        while parent.setdefault(one, one) != one:
            parent[one] = one = parent[parent[one]]  # halves the way for the next time
        return one

    for a, b in edges:
        low, high = sorted((root(a), root(b)))
        parent[high] = low
    return {one: root(one) for one in parent}


def clusters_of_blocks(blocks: Sequence[Block], rows: int) -> Iterator[Block]:
    """The same for edges in blocks of arrays: (ids, clusters) in parts of at most `rows` rows, ids ascending.

    Raises ValueError for more than 2^31 - 1 distinct ids: so many do not belong in one task.
    """
    ids = _distinct(blocks)
    if len(ids) > MOST_IDS:
        raise ValueError(
            f"found {len(ids):,} ids in one task, expected at most {MOST_IDS:,}; lower components.one_task_edges."
        )
    if len(ids) == 0:
        return
    shift = _shift(ids)
    starts = _starts(ids, shift)
    parents = np.arange(len(ids), dtype=np.int32)
    for a, b in blocks:
        _join(parents, ids, starts, shift, a, b)
    _flatten(parents)
    for start in range(0, len(ids), rows):
        yield ids[start : start + rows], ids[parents[start : start + rows]]


def _distinct(blocks: Sequence[Block]) -> Ids:
    """All ids that occur, ascending. Sorted in place, because the array is the largest one here."""
    ids = np.empty(2 * sum(len(a) for a, _ in blocks), np.int64)
    at = 0
    for block in blocks:
        for ends in block:
            ids[at : at + len(ends)] = ends
            at += len(ends)
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


def _shift(ids: Ids) -> np.uint64:
    """How many low bits to ignore so that there are no more slots than ids."""
    span = int(ids[-1]) - int(ids[0])
    return np.uint64(max(0, (span // len(ids)).bit_length()))


@inlined
def _slot(one: int, least: int, shift: np.uint64) -> np.uint64:
    """Ids are hashes, as a rule, so a slot by their high bits holds about one of them."""
    return (np.uint64(one) - np.uint64(least)) >> shift


@compiled
def _starts(ids: Ids, shift: np.uint64) -> Numbers:
    """Of each slot the number of its first id, and at the end the number of ids."""
    slots = np.int64(_slot(ids[-1], ids[0], shift)) + 1
    starts = np.empty(slots + 1, np.int32)
    filled = 0
    for i in range(len(ids)):
        slot = np.int64(_slot(ids[i], ids[0], shift))
        while filled <= slot:
            starts[filled] = i
            filled += 1
    starts[slots] = len(ids)
    return starts


@inlined
def _number(one: int, ids: Ids, starts: Numbers, shift: np.uint64) -> int:
    """Position of an id that is there: its slot by the index, then by halves."""
    slot = _slot(one, ids[0], shift)
    low, high = np.int64(starts[slot]), np.int64(starts[slot + np.uint64(1)]) - 1
    while low < high:
        middle = (low + high) >> 1
        if ids[middle] < one:
            low = middle + 1
        else:
            high = middle
    return int(low)


@inlined
def _root(parents: Numbers, one: int) -> int:
    """The root, and on the way there each second one gets its grandparent for a parent."""
    while parents[one] != one:
        parents[one] = parents[parents[one]]
        one = int(parents[one])
    return one


@compiled
def _join(parents: Numbers, ids: Ids, starts: Numbers, shift: np.uint64, a: Ids, b: Ids) -> None:
    """Joins both ends of each edge; the smaller root stays one."""
    for i in range(len(a)):
        one = _root(parents, _number(a[i], ids, starts, shift))
        other = _root(parents, _number(b[i], ids, starts, shift))
        parents[max(one, other)] = min(one, other)


@compiled
def _flatten(parents: Numbers) -> None:
    """The root of each in place of its parent. A parent is smaller, so it has its root by then."""
    for i in range(len(parents)):
        parents[i] = parents[parents[i]]
