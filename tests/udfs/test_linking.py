"""Links of a batch over arrays: what the definition gives, batch by batch."""

from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyspark.sql.types import (
    BinaryType,
    BooleanType,
    DoubleType,
    IntegerType,
    LongType,
    StringType,
    StructField,
    StructType,
)

from udfs.columns.linking import Rules, Said, Stored, place_batch
from udfs.columns.stored_rows import StoredFile
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
    kinds |= {"rank": pa.struct([("day", pa.int32())])}
    kinds |= {"document": pa.struct([("doc_id", pa.string()), ("batch", pa.int32()), ("url", pa.string())])}
    return pa.RecordBatch.from_pylist(values, schema=pa.schema(list(kinds.items())))


TYPES = {"int": IntegerType(), "bigint": LongType(), "double": DoubleType(), "boolean": BooleanType()}
TYPES |= {"string": StringType(), "binary": BinaryType()}


def struct(columns: str) -> StructType:
    """Without a session, which reads DDL."""
    return StructType([StructField(name, TYPES[kind]) for name, kind in (one.split(":") for one in columns.split())])


DUPLICATES = (
    "stage:string doc_id:string batch:int url:string keep:boolean reason:string method:string cluster:string "
    "keeper:string similarity:double id:bigint keeper_id:bigint url_key:binary"
)
BANDS = "key:bigint id:bigint batch:int representative:int"
SCHEMA = StructType().add("duplicates", struct(DUPLICATES)).add("bands", struct(BANDS))
SAID = Said("s", "r", "m")
SIGNED: list[dict[str, Any]] = [
    {"id": 3, "batch": 2, "band_keys": [7, 9], "content": b"xxyy"},
    {"id": 4, "batch": 2, "band_keys": [9], "content": b"xxzz"},
]
KNOWN: list[dict[str, Any]] = [{"key": 7, "id": 1, "batch": 1, "representative": 1}]
PLACES: list[dict[str, Any]] = [{"id": 1, "cluster": "o", "keeper": "p", "keeper_id": 2}]
CONTENTS: list[dict[str, Any]] = [{"id": 1, "content": b"xxyy"}, {"id": 2, "content": b"xxqq"}]
FAR: list[dict[str, Any]] = [  # rows of the history that the batch has nothing to do with
    {"key": 8, "id": 8, "batch": 1, "representative": 1},
    {"id": 8, "cluster": "t", "keeper": "u", "keeper_id": 8},
    {"id": 8, "content": b"xxyy"},
]


def documents(days: dict[int, int]) -> list[dict[str, Any]]:
    """A document of each id, of that day; the name of the document 3 is c."""
    return [
        {"id": id_, "rank": {"day": day}, "document": {"doc_id": chr(96 + id_), "batch": 2, "url": f"u{id_}"}}
        for id_, day in days.items()
    ]


def found(
    batches: Iterable[pa.RecordBatch], rules: Rules, stored: Stored | None = None
) -> dict[str, set[tuple[Any, ...]]]:
    """The rows of each table; those of `duplicates` with what does not follow from others."""
    out = [row for batch in place_batch(rules, SCHEMA, stored)(iter(batches)) for row in batch.to_pylist()]
    assert all((row["duplicates"] is None) != (row["bands"] is None) for row in out)
    places = [row["duplicates"] for row in out if row["duplicates"]]
    for row in places:
        assert (row["stage"], row["batch"], row["url"], row["url_key"]) == ("s", 2, f"u{row['id']}", None)
        assert (row["reason"], row["method"]) == ((None, None) if row["keep"] else ("r", "m"))
    names = ("doc_id", "id", "keep", "cluster", "keeper", "keeper_id", "similarity")
    return {
        "duplicates": {tuple(row[name] for name in names) for row in places},
        "bands": {tuple(row["bands"].values()) for row in out if row["bands"]},
    }


EXPECTED = {
    "duplicates": {
        ("c", 3, False, "o", "p", 2, 0.5),
        ("d", 4, False, "o", "p", 2, 0.5),
        ("e", 5, True, "e", "e", 5, 1.0),  # too short for a signature
        ("f", 6, True, "f", "f", 6, 1.0),  # alone with its key
    },
    "bands": {(9, 3, 2, 1), (-5, 6, 2, 1)},
}
ALONE = {"id": 6, "batch": 2, "band_keys": [-5], "content": b"qqqq"}


def test_rows_of_five_kinds_in_any_order_and_batches_give_the_rows_of_both_tables() -> None:
    past = [*KNOWN, *PLACES, *CONTENTS, *FAR]
    everything = [*documents({3: 1, 4: 1, 5: 1, 6: 1}), *SIGNED, ALONE, *past]
    for turn in range(40):
        order = Random(turn).sample(everything, len(everything))
        assert found([rows([row]) for row in order], Rules(SAID, 0.5, 2)) == EXPECTED


@pytest.mark.parametrize("rows_a_group", [1, 100])
def test_from_the_files_of_tables_they_are_the_same(tmp_path: Path, rows_a_group: int) -> None:
    def files(name: str, values: list[dict[str, Any]], batch: int) -> list[StoredFile]:
        path = tmp_path / f"{name}{batch}.parquet"
        given = {key: value for one in values for key, value in one.items()}  # a row of all the columns' types
        table = rows([{"batch": batch, **one} for one in values]).select(["batch", *(k for k in given if k != "batch")])
        renamed = ["signature" if column == "content" else column for column in table.column_names]
        pq.write_table(pa.Table.from_batches([table]).rename_columns(renamed), path, row_group_size=rows_a_group)
        return [StoredFile(str(path), batch)]

    short = {"id": 5, "batch": 2, "band_keys": None, "content": None}
    stored = Stored(
        files("signatures", [*SIGNED, short, ALONE], 2),
        files("bands", [FAR[0], *KNOWN], 1),
        files("signatures", [*CONTENTS, FAR[2]], 1),
        files("duplicates", [FAR[1], *PLACES], 1),
        threads=2,
    )
    given = [rows([row]) for row in documents({3: 1, 4: 1, 5: 1, 6: 1})]
    assert found(given, Rules(SAID, 0.5, 2), stored) == EXPECTED
    first = stored._replace(bands=[], signatures=[], places=[])
    assert found(given, Rules(SAID, 0.5, 2), first) == found([*given, rows([*SIGNED, ALONE])], Rules(SAID, 0.5, 2))


def test_a_new_cluster_is_named_after_its_first_document_by_rank() -> None:
    for day, name, id_ in ((1, "c", 3), (0, "d", 4)):
        similarity = {3: 0.5, 4: 0.5, id_: 1.0}
        for keeps_none in (False, True):
            given = [rows([*documents({3: 1, 4: day}), *SIGNED])]
            keeper = None if keeps_none else name
            assert found(given, Rules(SAID, 0.5, 2, keeps_none))["duplicates"] == {
                (doc_id, one, one == id_ and not keeps_none, name, keeper, id_, similarity[one])
                for doc_id, one in (("c", 3), ("d", 4))
            }


def test_a_batch_of_texts_without_signatures_is_kept() -> None:
    rows_found = found([rows(documents({5: 1}))], Rules(SAID, 0.5, 2))
    assert rows_found == {"duplicates": {("e", 5, True, "e", "e", 5, 1.0)}, "bands": set()}


def test_a_task_without_documents_gives_nothing() -> None:
    placing = place_batch(Rules(SAID, 0.5, 2), SCHEMA)
    assert [list(placing(iter(batches))) for batches in ([], [rows([*KNOWN, *PLACES, *CONTENTS])])] == [[], []]
