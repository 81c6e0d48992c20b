"""Places of a batch over arrays: what the definition gives, batch by batch."""

from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from udfs.dedup.linking import Edges
from udfs.dedup.near_duplicates import Place, Signed, place
from udfs.dedup.placing import members_of

EDGES = st.lists(st.tuples(st.integers(0, 29), st.integers(0, 29)), max_size=40)


def batch_by_batch(documents: list[Signed], edges: set[tuple[int, int]]) -> dict[int, Place]:
    """The places of all documents, each batch on what the earlier ones left."""
    places = {one.id: Place(one.id, True) for one in documents}
    batch_of, rank_of = {one.id: one.batch for one in documents}, {one.id: one.rank for one in documents}
    for batch in sorted({one.batch for one in documents}):
        now = [(a, b) for a, b in sorted(edges) if batch_of[a] == batch]
        a, b = (np.array([edge[i] for edge in now], np.int64) for i in (0, 1))
        b_batch = np.array([batch_of[one] for one in b.tolist()], np.int32)
        past = sorted({one for _, one in now if batch_of[one] < batch}, key=lambda one: hash((one, "any order")))
        clusters = pa.array([places[one].cluster for one in past], pa.int64()).dictionary_encode()

        def ranked(ids: Any) -> Any:
            return np.array(sorted(range(len(ids)), key=lambda at: rank_of[int(ids[at])]), np.int64)

        found = members_of(
            Edges(a, b, b_batch, b_batch < batch, np.ones(len(a))),
            np.array(past, np.int64),
            clusters.indices.to_numpy().astype(np.int64),
            ranked,
        )
        assert found.id.tolist() == sorted(found.id.tolist())
        founders = found.id[found.founder]
        for id_, oldest, founder in zip(found.id.tolist(), found.oldest.tolist(), founders.tolist(), strict=True):
            is_new = oldest < 0
            places[id_] = Place(founder if is_new else places[past[oldest]].cluster, is_new and id_ == founder)
    return places


@given(st.lists(st.integers(1, 3), min_size=30, max_size=30), EDGES, st.randoms(use_true_random=False))
def test_arrays_equal_the_definition(batches: list[int], pairs: list[tuple[int, int]], random: Random) -> None:
    ids = random.sample(range(-100, 100), 30)
    ranks = random.sample(range(30), 30)
    documents = [Signed(id_, batch, (), rank) for id_, batch, rank in zip(ids, batches, ranks, strict=True)]
    edges = set()
    for one, other in pairs:  # from the later document to the earlier, as `link` draws them
        (_, b), (_, a) = sorted((batches[at], ids[at]) for at in (one, other))
        if a != b:
            edges.add((a, b))
    assert batch_by_batch(documents, edges) == place(documents, edges)


def test_an_edge_to_a_document_without_a_place_is_passed_over() -> None:
    edges = Edges(*(np.array(column) for column in ([5, 6], [1, 2], [1, 1], [True, True], [1.0, 1.0])))
    found = members_of(edges, np.array([2]), np.array([0]), lambda ids: np.arange(len(ids)))
    assert [column.tolist() for column in found] == [[6], [0], [0]]
