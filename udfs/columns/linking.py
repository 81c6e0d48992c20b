"""A small batch in one task: which of its documents are near-duplicates, and which are kept (`udfs/dedup/linking.py`,
`udfs/dedup/placing.py`), as rows of the tables that say so."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql.types import StructType

from udfs.columns.batches import Batches, MapInArrow, arrow_schema
from udfs.columns.stored_rows import StoredFile, all_rows, rows_among
from udfs.dedup.linking import Contents, Edges, Known, Positions, linked
from udfs.dedup.lookup import Ids, Sorted, distinct
from udfs.dedup.placing import Members, members_of
from udfs.dedup.similarity import estimates

ROWS_IN = (
    "key BIGINT, id BIGINT, batch INT, representative INT, band_keys ARRAY<BIGINT>, content BINARY, "
    "cluster STRING, keeper STRING, keeper_id BIGINT"
)
"""Five kinds of rows: a document of the batch (id, `document`, a struct of what the rows of `duplicates` repeat, and
`rank`, a struct by which documents are sorted), its signature (id, batch, band_keys, content), a representative of an
earlier batch (key, id, batch, representative), the place of such a representative (id, cluster, keeper, keeper_id), and
what a representative or its keeper is compared by (id, content)."""

_ROWS = 1 << 16  # of a batch that leaves
_SIGNED = pa.schema({"id": pa.int64(), "band_keys": pa.list_(pa.int64()), "signature": pa.large_binary()})
_KNOWN = pa.schema({"key": pa.int64(), "id": pa.int64(), "batch": pa.int32(), "representative": pa.int32()})
_PLACES = pa.schema(
    {"id": pa.int64(), "cluster": pa.large_string(), "keeper": pa.large_string(), "keeper_id": pa.int64()}
)
_CONTENTS = pa.schema({"id": pa.int64(), "signature": pa.large_binary()})


class Said(NamedTuple):
    """What rows of `duplicates` say: `stage` all of them, `reason` and `method` those of documents that go."""

    stage: str
    reason: str
    method: str


class Rules(NamedTuple):
    """at_least: the similarity that links; representatives: how many a bucket has; keeps_none: of a new cluster no
    document is kept."""

    said: Said
    at_least: float
    representatives: int
    keeps_none: bool = False


class Stored(NamedTuple):
    """Files of tables on this machine, where they need not come as rows: `signatures` of the batch, then `bands`,
    `signatures` and `duplicates` (of this stage) of earlier ones; and how many threads may read them."""

    signed: Sequence[StoredFile]
    bands: Sequence[StoredFile]
    signatures: Sequence[StoredFile]
    places: Sequence[StoredFile]
    threads: int


class _Given(NamedTuple):
    """key, id: a row for each band key of each document of the batch; known: representatives of earlier batches in
    buckets of these keys, past: their places; contents: what all of them and their keepers are compared by."""

    key: Ids
    id: Ids
    known: Known
    past: pa.Table
    contents: Contents


def place_batch(rules: Rules, schema: StructType, stored: Stored | None = None) -> MapInArrow:
    """ROWS_IN rows, with `stored` those of documents only -> rows of `schema`, which fill one of two struct columns:
    `duplicates`, for each document, and `bands`, for each representative. Sees only the rows of its own task: call it
    on one partition."""
    arrow = arrow_schema(schema)

    def place(batches: Batches) -> Batches:
        held = [batch for batch in batches if batch.num_rows]
        rows = pa.Table.from_batches(held) if held else None
        documents = rows.filter(rows["rank"].is_valid()) if rows else None
        if not documents:
            return
        batch = int(documents["document"][0]["batch"].as_py())
        given = _of_rows(rows) if stored is None else _of_files(stored)
        limits = (rules.at_least, rules.representatives)
        edges, new = linked(given.key, given.id, batch, given.known, given.contents, estimates, limits)
        bands = {**new._asdict(), "batch": np.full(len(new.id), batch, np.int32)}
        found = {"duplicates": _places(documents, _members(edges, documents, given, rules), rules), "bands": bands}
        for table, values in found.items():
            yield from _filling(table, values, arrow)

    return place


def _of_rows(rows: pa.Table) -> _Given:
    known = rows.filter(rows["key"].is_valid())
    contents = rows.filter(rows["content"].is_valid())
    past = rows.filter(rows["cluster"].is_valid()).select(_PLACES.names).cast(_PLACES)
    signed = rows.filter(rows["band_keys"].is_valid())
    return _Given(*_keys(signed), _known(known), past, _contents(contents["id"], contents["content"]))


def _of_files(stored: Stored) -> _Given:
    signed = all_rows(stored.signed, _SIGNED)
    signed = signed.filter(signed["signature"].is_valid())
    key, ids = _keys(signed)
    known = _known(rows_among(stored.bands, "key", Sorted(distinct([key])), _KNOWN, stored.threads))
    past = rows_among(stored.places, "id", Sorted(distinct([known.id])), _PLACES, stored.threads)
    compared = Sorted(distinct([known.id, past["keeper_id"].to_numpy()]))
    earlier = rows_among(stored.signatures, "id", compared, _CONTENTS, stored.threads)
    contents = pa.concat_tables([signed.select(_CONTENTS.names), earlier])
    return _Given(key, ids, known, past, _contents(contents["id"], contents["signature"]))


def _keys(signed: pa.Table) -> tuple[Ids, Ids]:
    keys = signed["band_keys"].combine_chunks()
    ids = np.repeat(signed["id"].to_numpy(), keys.value_lengths().to_numpy(zero_copy_only=False))
    return keys.flatten().to_numpy(zero_copy_only=False), ids


def _known(rows: pa.Table) -> Known:
    return Known(*(rows[name].to_numpy() for name in Known._fields))


def _contents(ids: pa.ChunkedArray, contents: pa.ChunkedArray) -> Contents:
    return Contents(ids.to_numpy(), contents.cast(pa.large_binary()).combine_chunks())  # may be more than 2 GiB


class _Clustered(NamedTuple):
    """The documents that share a cluster with another: columns of equal length, as in `duplicates`."""

    id: Ids
    cluster: pa.Array
    keeper: pa.Array
    keeper_id: Ids
    similarity: Any


def _members(edges: Edges, documents: pa.Table, given: _Given, rules: Rules) -> _Clustered:
    past = given.past
    clusters = past["cluster"].combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64)
    by_id, ranks = Sorted(documents["id"].to_numpy()), documents["rank"].combine_chunks()
    names = documents["document"].combine_chunks().field("doc_id")

    def ranked(ids: Ids) -> Positions:
        return _in_order(ranks.take(pa.array(by_id.places(ids))), ids)

    members = members_of(edges, past["id"].to_numpy(), clusters, ranked)
    founder = names.take(pa.array(by_id.places(members.id[members.founder])))
    own = pa.nulls(len(members.id), names.type) if rules.keeps_none else founder
    keeper_id = _merged(members, past["keeper_id"], pa.array(members.id[members.founder])).to_numpy()
    return _Clustered(
        members.id,
        _merged(members, past["cluster"], founder),
        _merged(members, past["keeper"], own),
        keeper_id,
        estimates(given.contents.of(members.id), given.contents.of(keeper_id)),
    )


def _in_order(ranks: pa.StructArray, ids: Ids) -> Positions:
    """Positions of documents in order of their ranks."""
    table = pa.Table.from_arrays([*ranks.flatten(), pa.array(ids)], [*(field.name for field in ranks.type), "id"])
    order: Positions = pc.sort_indices(table, [(name, "ascending") for name in table.column_names]).to_numpy()
    return order.astype(np.int64)


def _merged(members: Members, past: pa.ChunkedArray, new: pa.Array) -> pa.Array:
    """What the cluster's place of earlier batches says, else what is said of a new cluster."""
    is_new = members.oldest < 0
    found = past.combine_chunks().take(pa.array(members.oldest, mask=is_new))
    return pc.if_else(pa.array(is_new), new.cast(found.type), found)


def _places(documents: pa.Table, clustered: _Clustered, rules: Rules) -> dict[str, Any]:
    """Columns of `duplicates` for all documents; most are alone. As `jobs.dedup_minhash.to_places` has it."""
    ids, document = documents["id"].to_numpy(), documents["document"].combine_chunks()
    named = document.field("doc_id").cast(pa.large_string())
    at = Sorted(clustered.id).places(ids)
    alone, at_member = at < 0, pa.array(at, mask=at < 0)
    keeper, keeper_id = (pa.array(column).take(at_member) for column in (clustered.keeper, clustered.keeper_id))
    is_kept = alone | pc.and_(keeper.is_valid(), pc.equal(keeper_id, ids)).fill_null(False).to_numpy(False)
    return {
        **{field.name: document.field(field.name) for field in document.type},
        "stage": pa.repeat(rules.said.stage, len(ids)),
        "keep": is_kept,
        "reason": pc.if_else(pa.array(is_kept), None, rules.said.reason),
        "method": pc.if_else(pa.array(is_kept), None, rules.said.method),
        "cluster": pc.coalesce(clustered.cluster.take(at_member), named),
        "keeper": pc.if_else(pa.array(alone), named, keeper),
        "similarity": pc.fill_null(pa.array(clustered.similarity).take(at_member), 1.0),
        "id": ids,
        "keeper_id": pc.coalesce(keeper_id, pa.array(ids)),
    }


def _filling(table: str, values: Mapping[str, Any], arrow: pa.Schema) -> Batches:
    """Columns as rows of `arrow` that fill the struct of `table`; columns that have no values are null."""
    count = len(values["id"])
    columns = [
        pa.array(values[field.name]).cast(field.type) if field.name in values else pa.nulls(count, field.type)
        for field in arrow.field(table).type
    ]
    for batch in pa.table(columns, pa.schema(arrow.field(table).type)).to_batches(max_chunksize=_ROWS):
        rows = {table: batch.to_struct_array()}
        yield pa.RecordBatch.from_arrays(
            [rows.get(field.name, pa.nulls(batch.num_rows, field.type)) for field in arrow], schema=arrow
        )
