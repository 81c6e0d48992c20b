"""Links of a batch over arrays: what the definition gives, batch by batch."""

from collections.abc import Iterable
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from udfs.columns.linking import Rules, place_batch
from udfs.dedup.linking import Contents, Known, linked
from udfs.dedup.near_duplicates import Signed, link
from udfs.dedup.similarity import estimate, estimates

SIGNATURES = st.lists(st.integers(0, 2), min_size=4, max_size=4).map(lambda values: np.array(values, "<u2").tobytes())
KEYS = st.lists(st.integers(-3, 3), max_size=4, unique=True)
NOTHING = Known(*(np.zeros(0, kind) for kind in (np.int64, np.int64, np.int32, np.int32)))


def numbers(values: Any) -> Any:
    return np.array(list(values), np.int64)


def batch_by_batch(
    documents: list[Signed], content: dict[int, bytes], at_least: float, most: int
) -> tuple[set[tuple[int, int]], set[tuple[int, int, int]]]:
    """Edges and (key, id, representative) of all batches, each on what the earlier ones left."""
    edges: set[tuple[int, int]] = set()
    bands: list[tuple[int, int, int, int]] = []
    contents = Contents(numbers(content), pa.array(content.values(), pa.binary()))
    for batch in sorted({one.batch for one in documents}):
        now = [one for one in documents if one.batch == batch]
        rows = [(key, one.id) for one in now for key in one.band_keys]
        known = Known(*(numbers(column) for column in zip(*bands, strict=True))) if bands else NOTHING
        found, new = linked(
            *(numbers(row[i] for row in rows) for i in (0, 1)), batch, known, contents, estimates, (at_least, most)
        )
        pairs = list(zip(found.a.tolist(), found.b.tolist(), strict=True))
        assert len(set(pairs)) == len(pairs)
        batch_of = {one.id: one.batch for one in documents}
        for (a, b), b_batch, past, similarity in zip(
            pairs, found.b_batch, found.is_past, found.similarity, strict=True
        ):
            assert (b_batch, past) == (batch_of[b], batch_of[b] < batch)
            assert similarity == estimate(content[a], content[b])
        edges |= set(pairs)
        bands += [(key, id_, batch, number) for key, id_, number in zip(*(c.tolist() for c in new), strict=True)]
    return edges, {(key, id_, number) for key, id_, _, number in bands}


@given(
    st.lists(st.tuples(st.integers(1, 3), KEYS, SIGNATURES), max_size=30),
    st.sampled_from([0.0, 0.5, 0.75, 1.0]),
    st.integers(1, 4),
    st.randoms(use_true_random=False),
)
def test_arrays_equal_the_definition(texts: list[Any], at_least: float, most: int, random: Random) -> None:
    ids = random.sample(range(-100, 100), len(texts))
    documents = [Signed(id_, batch, tuple(keys), None) for id_, (batch, keys, _) in zip(ids, texts, strict=True)]
    content = {id_: signature for id_, (_, _, signature) in zip(ids, texts, strict=True)}
    edges, buckets = link(documents, lambda a, b: estimate(content[a], content[b]) >= at_least, most)
    representatives = {(key, id_, place) for key, known in buckets.items() for place, id_ in enumerate(known, 1)}
    assert batch_by_batch(documents, content, at_least, most) == (edges, representatives)


def test_a_representative_whose_signature_is_gone_is_similar_to_nothing() -> None:
    known = Known(numbers([5]), numbers([1]), numbers([1]), numbers([1]))
    contents = Contents(numbers([2]), pa.array([b"aabb"]))
    edges, new = linked(numbers([5]), numbers([2]), 2, known, contents, estimates, (0.5, 3))
    assert len(edges.a) == 0
    assert [column.tolist() for column in new] == [[5], [2], [2]]


def rows(values: list[dict[str, Any]]) -> pa.RecordBatch:
    kinds = {"key": pa.int64(), "id": pa.int64(), "batch": pa.int32(), "representative": pa.int32()}
    kinds |= {"band_keys": pa.list_(pa.int64()), "content": pa.binary()}
    kinds |= {"cluster": pa.string(), "keeper": pa.string(), "keeper_id": pa.int64()}
    kinds |= {"rank": pa.struct([("day", pa.int32()), ("doc_id", pa.string())])}
    return pa.RecordBatch.from_pylist(values, schema=pa.schema(list(kinds.items())))


DOCUMENTS: list[dict[str, Any]] = [
    {"id": 3, "batch": 2, "band_keys": [7, 9], "content": b"xxyy"},
    {"id": 4, "batch": 2, "band_keys": [9], "content": b"xxzz"},
]
RANKS: list[dict[str, Any]] = [
    {"id": 3, "rank": {"day": 1, "doc_id": "c"}},
    {"id": 4, "rank": {"day": 1, "doc_id": "d"}},
]
PAST: list[dict[str, Any]] = [
    {"key": 7, "id": 1, "batch": 1, "representative": 1},
    {"id": 1, "cluster": "o", "keeper": "p", "keeper_id": 2},
    {"id": 1, "content": b"xxyy"},
    {"id": 2, "content": b"xxqq"},
]


def found(batches: Iterable[pa.RecordBatch], rules: Rules) -> set[tuple[Any, ...]]:
    rows_out = [row for batch in place_batch(rules)(iter(batches)) for row in batch.to_pylist()]
    return {(row["keys"] and tuple(row["keys"]), *list(row.values())[1:]) for row in rows_out}


def test_rows_of_five_kinds_in_any_order_and_batches_give_members_and_representatives() -> None:
    expected = {
        ((9,), 3, 2, 1, None, None, None, None),
        (None, 3, None, None, "o", "p", 2, 0.5),
        (None, 4, None, None, "o", "p", 2, 0.5),
    }
    everything = [*DOCUMENTS, *PAST, *RANKS]
    for turn in range(40):
        order = Random(turn).sample(everything, len(everything))
        assert found([rows([row]) for row in order], Rules(0.5, 2)) == expected


def test_a_new_cluster_is_named_after_its_first_document_by_rank() -> None:
    for day, name, id_ in ((1, "c", 3), (0, "d", 4)):
        ranks = [RANKS[0], {"id": 4, "rank": {"day": day, "doc_id": "d"}}]
        similarity = {3: 0.5, 4: 0.5, id_: 1.0}
        for keeps_none in (False, True):
            members = {row for row in found([rows([*DOCUMENTS, *ranks])], Rules(0.5, 2, keeps_none)) if row[0] is None}
            keeper = None if keeps_none else name
            assert members == {(None, one, None, None, name, keeper, id_, similarity[one]) for one in (3, 4)}


def test_a_task_without_documents_gives_nothing() -> None:
    assert [list(place_batch(Rules(0.5, 2))(iter(batches))) for batches in ([], [rows(PAST)])] == [[], []]
