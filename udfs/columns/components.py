"""Connected components of the edges that are left, in one task."""

import numpy as np
import pyarrow as pa

from udfs.columns.batches import Batches
from udfs.dedup.union_find import Block, clusters_of_blocks

ROWS = 1 << 16  # of a batch that leaves; 1 MB
BLOCK_EDGES = 1 << 20  # Spark's batches are small, so they are put together on the way

SCHEMA = "id BIGINT, cluster BIGINT"
_ARROW = pa.schema([("id", pa.int64()), ("cluster", pa.int64())])


def cluster_edges(batches: Batches) -> Batches:
    """(a, b) rows, both BIGINT and not null -> (id, cluster) rows of SCHEMA, each id of an edge once.

    Sees only the edges of its own task: call it on one partition.
    """
    for ids, clusters in clusters_of_blocks(_blocks(batches), ROWS):
        yield pa.RecordBatch.from_arrays([pa.array(ids), pa.array(clusters)], schema=_ARROW)


def _blocks(batches: Batches) -> list[Block]:
    blocks: list[Block] = []
    held: list[pa.RecordBatch] = []
    edges = 0
    for batch in batches:
        held.append(batch)
        edges += batch.num_rows
        if edges >= BLOCK_EDGES:
            blocks.append(_block(held))
            held, edges = [], 0
    return [*blocks, *([_block(held)] if held else [])]


def _block(batches: list[pa.RecordBatch]) -> Block:
    a, b = (np.concatenate([batch.column(name).to_numpy() for batch in batches]) for name in ("a", "b"))
    return a, b
