"""Links of a small batch, in one task (`udfs/dedup/linking.py`)."""

import numpy as np
import pyarrow as pa

from udfs.columns.batches import Batches, MapInArrow
from udfs.dedup.linking import Contents, Edges, Known, Representatives, linked
from udfs.dedup.similarity import estimates

ROWS_IN = "key BIGINT, id BIGINT, batch INT, representative INT, band_keys ARRAY<BIGINT>, content BINARY"
"""Three kinds of rows: a document of the batch (id, batch, band_keys, content), a representative of an earlier one
(key, id, batch, representative), and what such a representative is compared by (id, content)."""

ROWS_OUT = "key BIGINT, a BIGINT, b BIGINT, batch INT, is_past BOOLEAN, similarity DOUBLE, representative INT"
"""An edge has no key, and the batch of b; a representative has neither b nor similarity, and a is its id."""

_ARROW = pa.schema(
    [
        ("key", pa.int64()),
        ("a", pa.int64()),
        ("b", pa.int64()),
        ("batch", pa.int32()),
        ("is_past", pa.bool_()),
        ("similarity", pa.float64()),
        ("representative", pa.int32()),
    ]
)
_ROWS = 1 << 16  # of a batch that leaves


def link_batch(at_least: float, representatives: int) -> MapInArrow:
    """ROWS_IN rows -> ROWS_OUT rows. Sees only the rows of its own task: call it on one partition."""

    def link(batches: Batches) -> Batches:
        held = list(batches)
        if not held:
            return
        rows = pa.Table.from_batches(held)
        is_document, is_known = (rows[name].is_valid().combine_chunks() for name in ("band_keys", "key"))
        new = rows.filter(is_document)
        if not new.num_rows:
            return
        batch = int(new["batch"][0].as_py())
        edges, found = linked(
            *_keys(new), batch, _known(rows.filter(is_known)), _contents(rows), estimates, (at_least, representatives)
        )
        for table in (_edge_rows(edges), _representative_rows(found, batch)):
            yield from table.to_batches(max_chunksize=_ROWS)

    return link


def _keys(new: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    """(key, id): a row for each band key of each document."""
    keys = new["band_keys"].combine_chunks()
    ids = np.repeat(new["id"].to_numpy(), keys.value_lengths().to_numpy(zero_copy_only=False))
    return keys.flatten().to_numpy(zero_copy_only=False), ids


def _known(rows: pa.Table) -> Known:
    return Known(*(rows[name].to_numpy() for name in Known._fields))


def _contents(rows: pa.Table) -> Contents:
    some = rows.filter(rows["content"].is_valid())
    return Contents(some["id"].to_numpy(), some["content"].combine_chunks())


def _edge_rows(edges: Edges) -> pa.Table:
    values = edges._asdict()
    values["batch"] = values.pop("b_batch")
    return _table(values, len(edges.a))


def _representative_rows(found: Representatives, batch: int) -> pa.Table:
    count = len(found.id)
    batches = np.full(count, batch, np.int32)
    return _table({"key": found.key, "a": found.id, "batch": batches, "representative": found.representative}, count)


def _table(values: dict[str, np.ndarray], count: int) -> pa.Table:
    """With nulls in the columns that have no values."""
    return pa.table(
        [pa.array(values[f.name], f.type) if f.name in values else pa.nulls(count, f.type) for f in _ARROW], _ARROW
    )
