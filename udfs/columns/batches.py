"""What the functions of this package share: schemas, and batches that are bounded in bytes."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import pyarrow as pa
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import StructType

FLUSH_ROWS = 512
FLUSH_BYTES = 16 << 20  # one 100 MB page still makes a batch of its own, and no more

Batches = Iterator[pa.RecordBatch]
MapInArrow = Callable[[Batches], Batches]


def arrow_schema(schema: StructType) -> pa.Schema:
    """The Arrow schema in which rows of `schema` leave."""
    return to_arrow_schema(schema, timezone="UTC", prefers_large_types=True)


def batch_of(columns: Mapping[str, pa.Array], schema: pa.Schema) -> pa.RecordBatch:
    """The columns that `schema` names, in its types and order."""
    return pa.RecordBatch.from_arrays([columns[field.name].cast(field.type) for field in schema], schema=schema)


def batched(rows: Iterable[dict[str, Any]], schema: pa.Schema) -> Batches:
    """Rows as Arrow batches of at most FLUSH_ROWS rows and about FLUSH_BYTES bytes of text."""
    held: list[dict[str, Any]] = []
    held_bytes = 0
    for row in rows:
        held.append(row)
        held_bytes += _size(row)
        if len(held) >= FLUSH_ROWS or held_bytes >= FLUSH_BYTES:
            yield pa.RecordBatch.from_pylist(held, schema=schema)
            held, held_bytes = [], 0
    if held:
        yield pa.RecordBatch.from_pylist(held, schema=schema)


def _size(row: dict[str, Any]) -> int:
    inner = next(iter(row.values())) if len(row) == 1 else row
    return len(inner.get("text") or "")
