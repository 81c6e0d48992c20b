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

from udfs.dedup.lookup import Ids, Numbers, distinct, index_of, position_of
from udfs.text.kernels.compiling import compiled, inlined

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
    ids = distinct([ends for block in blocks for ends in block])
    if len(ids) > MOST_IDS:
        raise ValueError(
            f"found {len(ids):,} ids in one task, expected at most {MOST_IDS:,}; lower components.one_task_edges."
        )
    if len(ids) == 0:
        return
    index = index_of(ids)
    parents = np.arange(len(ids), dtype=np.int32)
    for a, b in blocks:
        _join(parents, *index, a, b)
    _flatten(parents)
    for start in range(0, len(ids), rows):
        yield ids[start : start + rows], ids[parents[start : start + rows]]


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
        one = _root(parents, position_of(a[i], ids, starts, shift))
        other = _root(parents, position_of(b[i], ids, starts, shift))
        parents[max(one, other)] = min(one, other)


@compiled
def _flatten(parents: Numbers) -> None:
    """The root of each in place of its parent. A parent is smaller, so it has its root by then."""
    for i in range(len(parents)):
        parents[i] = parents[parents[i]]
