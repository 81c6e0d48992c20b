"""A small batch in one task: which of its documents are near-duplicates, and which are kept (`udfs/dedup/linking.py`,
`udfs/dedup/placing.py`)."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from udfs.columns.batches import Batches, MapInArrow
from udfs.dedup.linking import Contents, Edges, Ids, Known, Positions, Representatives, Sorted, first_of_each, linked
from udfs.dedup.placing import Members, members_of
from udfs.dedup.similarity import estimates

ROWS_IN = (
    "key BIGINT, id BIGINT, batch INT, representative INT, band_keys ARRAY<BIGINT>, content BINARY, "
    "cluster STRING, keeper STRING, keeper_id BIGINT"
)
"""Five kinds of rows: a document of the batch (id, batch, band_keys, content), what such documents are sorted by (id,
and `rank`, a struct that has the doc_id too), a representative of an earlier batch (key, id, batch, representative),
the place of such a representative (id, cluster, keeper, keeper_id), and what a representative or its keeper is compared
by (id, content)."""

ROWS_OUT = (
    "keys ARRAY<BIGINT>, id BIGINT, batch INT, representative INT, "
    "cluster STRING, keeper STRING, keeper_id BIGINT, similarity DOUBLE"
)
"""Representatives (the keys of the buckets in which a document has a number, id, batch, representative), and documents
that share a cluster with another (id, cluster, keeper, keeper_id, similarity to the keeper)."""

_ARROW = pa.schema(
    [
        ("keys", pa.list_(pa.int64())),
        ("id", pa.int64()),
        ("batch", pa.int32()),
        ("representative", pa.int32()),
        ("cluster", pa.large_string()),
        ("keeper", pa.large_string()),
        ("keeper_id", pa.int64()),
        ("similarity", pa.float64()),
    ]
)
_ROWS = 1 << 16  # of a batch that leaves


class Rules(NamedTuple):
    """at_least: the similarity that links; representatives: how many a bucket has; keeps_none: of a new cluster no
    document is kept."""

    at_least: float
    representatives: int
    keeps_none: bool = False


def place_batch(rules: Rules) -> MapInArrow:
    """ROWS_IN rows -> ROWS_OUT rows. Sees only the rows of its own task: call it on one partition."""

    def place(batches: Batches) -> Batches:
        held = list(batches)
        if not held:
            return
        rows = pa.Table.from_batches(held)
        new = rows.filter(rows["band_keys"].is_valid())
        if not new.num_rows:
            return
        batch = int(new["batch"][0].as_py())
        contents = _contents(rows.filter(rows["content"].is_valid()))
        limits = (rules.at_least, rules.representatives)
        known = _known(rows.filter(rows["key"].is_valid()))
        edges, found = linked(*_keys(new), batch, known, contents, estimates, limits)
        past, ranks = (rows.filter(rows[name].is_valid()) for name in ("cluster", "rank"))
        for table in (_member_rows(edges, ranks, past, contents, rules), _representative_rows(found, batch)):
            yield from table.to_batches(max_chunksize=_ROWS)

    return place


def _keys(new: pa.Table) -> tuple[Ids, Ids]:
    """(key, id): a row for each band key of each document."""
    keys = new["band_keys"].combine_chunks()
    ids = np.repeat(new["id"].to_numpy(), keys.value_lengths().to_numpy(zero_copy_only=False))
    return keys.flatten().to_numpy(zero_copy_only=False), ids


def _known(rows: pa.Table) -> Known:
    return Known(*(rows[name].to_numpy() for name in Known._fields))


def _contents(rows: pa.Table) -> Contents:
    return Contents(rows["id"].to_numpy(), rows["content"].combine_chunks())


def _member_rows(edges: Edges, ranks: pa.Table, past: pa.Table, contents: Contents, rules: Rules) -> pa.Table:
    clusters = past["cluster"].combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64)
    ranked, all_ranks = Sorted(ranks["id"].to_numpy()), ranks["rank"].combine_chunks()

    def ranks_of(ids: Ids) -> pa.StructArray:
        return all_ranks.take(pa.array(ranked.places(ids)))

    members = members_of(edges, past["id"].to_numpy(), clusters, lambda ids: _in_order(ranks_of(ids), ids))
    names = ranks_of(members.id).field("doc_id")
    founder = names.take(pa.array(members.founder))
    own = pa.nulls(len(members.id), names.type) if rules.keeps_none else founder
    keeper_id = _merged(members, past["keeper_id"], pa.array(members.id[members.founder])).to_numpy()
    values = {
        "id": members.id,
        "cluster": _merged(members, past["cluster"], founder),
        "keeper": _merged(members, past["keeper"], own),
        "keeper_id": keeper_id,
        "similarity": estimates(contents.of(members.id), contents.of(keeper_id)),
    }
    return _table(values, len(members.id))


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


def _representative_rows(found: Representatives, batch: int) -> pa.Table:
    order = np.lexsort((found.id, found.representative))
    key, id_, number = (column[order] for column in found)
    starts = first_of_each(id_, number)
    keys = pa.ListArray.from_arrays(np.append(starts, len(key)).astype(np.int32), key)
    batches = np.full(len(starts), batch, np.int32)
    return _table({"keys": keys, "id": id_[starts], "batch": batches, "representative": number[starts]}, len(starts))


def _table(values: dict[str, pa.Array | np.ndarray], count: int) -> pa.Table:
    """With nulls in the columns that have no values."""
    columns = [
        pa.array(values[field.name]).cast(field.type) if field.name in values else pa.nulls(count, field.type)
        for field in _ARROW
    ]
    return pa.table(columns, _ARROW)
