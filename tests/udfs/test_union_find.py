"""Components in one process: definition and kernels are those of networkx, for ids of all 64 bits."""

from collections.abc import Iterable
from itertools import pairwise

import networkx as nx
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.columns import components as columns
from udfs.dedup import union_find
from udfs.dedup.union_find import clusters_of, clusters_of_blocks

Edges = list[tuple[int, int]]
EDGES = pa.schema([("a", pa.int64()), ("b", pa.int64())])

LEAST, MOST = -(2**63), 2**63 - 1
IDS = st.one_of(
    st.integers(0, 12),
    st.integers(LEAST, MOST),
    st.integers(LEAST, LEAST + 5),
    st.integers(MOST - 5, MOST),
)


def by_networkx(edges: Iterable[tuple[int, int]]) -> dict[int, int]:
    pieces = nx.connected_components(nx.Graph(list(edges)))
    return {one: least for piece in pieces for least in [min(piece)] for one in piece}


def by_kernels(edges: Edges, blocks: int = 1, rows: int = 1000) -> dict[int, int]:
    table = np.array(edges, np.int64).reshape(-1, 2)
    parts = [(part[:, 0].copy(), part[:, 1].copy()) for part in np.array_split(table, blocks)]
    found = list(clusters_of_blocks(parts, rows))
    ids = [one for part, _ in found for one in part.tolist()]
    assert ids == sorted(set(ids)), "each id once, in order"
    assert all(len(part) <= rows for part, _ in found)
    return dict(zip(ids, (one for _, part in found for one in part.tolist()), strict=True))


@given(st.lists(st.tuples(IDS, IDS), max_size=40), st.integers(1, 4), st.integers(1, 50))
def test_definition_and_kernels_are_those_of_networkx(edges: Edges, blocks: int, rows: int) -> None:
    expected = by_networkx(edges)
    assert clusters_of(edges) == expected
    assert by_kernels(edges, blocks, rows) == expected


@pytest.mark.parametrize("nodes", [2, 300, 5000])
@pytest.mark.parametrize("edges_a_node", [0.3, 0.5, 2.0])
def test_random_graphs(nodes: int, edges_a_node: float) -> None:
    """Around half an edge a node, where small pieces become one giant."""
    random = np.random.default_rng(nodes)
    ids = random.integers(LEAST, MOST, nodes)
    edges = [tuple(one) for one in ids[random.integers(0, nodes, (int(nodes * edges_a_node) + 1, 2))].tolist()]
    assert by_kernels(edges, 3) == clusters_of(edges) == by_networkx(edges)


def shapes() -> dict[str, Edges]:
    path = [(one, one + 1) for one in range(100_000)]
    random = np.random.default_rng(5)
    names = random.permutation(100_001).tolist()
    return {
        "path": path,
        "path from its end": path[::-1],
        "path with mixed names": [(names[a], names[b]) for a, b in path],
        "star": [(50_000, one) for one in range(100_000)],
        "clique": [(a, b) for a in range(-100, 100) for b in range(-100, a)],
        "pairs": [(2 * one, 2 * one + 1) for one in range(10_000)],
        "loops": [(one, one) for one in range(5)],
        "one edge often": [(7, 3)] * 1000,
        "ids at both ends": [(LEAST, LEAST + 1), (MOST, MOST - 1), (LEAST + 1, 0), (0, MOST)],
        "most ids in one slot": [(one, one + 2) for one in range(3000)] + [(LEAST, MOST)],
        "none": [],
    }


@pytest.mark.parametrize("shape", shapes())
def test_shapes(shape: str) -> None:
    edges = shapes()[shape]
    assert by_kernels(edges, 3) == clusters_of(edges) == by_networkx(edges)


def test_more_ids_than_numbers_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(union_find, "MOST_IDS", 3)
    assert by_kernels([(1, 2), (2, 3)])
    with pytest.raises(ValueError, match=r"found 4 ids in one task, expected at most 3; lower .*one_task_edges"):
        by_kernels([(1, 2), (3, 4)])


def test_arrow_batches_are_put_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Edges that come in many small batches, one of them empty, and leave in several."""
    monkeypatch.setattr(columns, "BLOCK_EDGES", 10)
    monkeypatch.setattr(columns, "ROWS", 16)
    edges = [(one, one + 3) for one in range(0, 200, 2)]
    cuts = [0, 0, 7, 8, 50, 51, 100]
    batches = [
        pa.RecordBatch.from_pydict({"a": [a for a, _ in edges[i:j]], "b": [b for _, b in edges[i:j]]}, schema=EDGES)
        for i, j in pairwise(cuts)
    ]
    left = list(columns.cluster_edges(iter(batches)))
    assert len(left) > 1
    assert dict(zip(*pa.Table.from_batches(left).to_pydict().values(), strict=True)) == by_networkx(edges)
    assert list(columns.cluster_edges(iter([]))) == []
