"""Rows that a task writes to a file itself, where it shares a disk with the driver.

On its way through the JVM a row of text is copied from Arrow to a row, from there to Parquet, read back and written
again: 40 ns a byte, where to write Arrow as Parquet takes 3.
"""

import uuid
from collections.abc import Collection, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from udfs.columns.batches import Batches, MapInArrow

PLACES = "table STRING, path STRING"
_PLACES = pa.schema([("table", pa.large_string()), ("path", pa.large_string())])
# In Arrow: what a task holds, and what a reader takes at once. With twice as much the kernel spends 3 % of the time
# on giving the same memory again and again.
_ROW_GROUP_BYTES = 16 << 20
# Nobody looks for a text by its least and its greatest value, and no two are alike.
_UNSOUGHT = "text"


class TaskFile:
    """A Parquet file of this task in `folder`, made with the first rows; `required` are the columns without nulls."""

    def __init__(self, folder: str, required: Collection[str]) -> None:
        self.path = Path(folder) / f"part-{uuid.uuid4()}.snappy.parquet"
        self._required = required
        self._writer: pq.ParquetWriter | None = None
        self._held: list[pa.RecordBatch] = []
        self._held_bytes = 0

    def add(self, rows: pa.RecordBatch) -> None:
        """Rows more; all have one schema. Raises pyarrow.ArrowInvalid for a null where none may be."""
        if not rows.num_rows:
            return
        self._held.append(rows)
        self._held_bytes += rows.nbytes
        if self._held_bytes >= _ROW_GROUP_BYTES:
            self._flush()

    def close(self) -> Path | None:
        """Finish the file; its path, None where there were no rows."""
        self._flush()
        if self._writer is None:
            return None
        self._writer.close()
        return self.path

    def _flush(self) -> None:
        if not self._held:
            return
        held = pa.Table.from_batches(self._held)
        fields = [field.with_nullable(field.name not in self._required) for field in held.schema]
        table = pa.Table.from_arrays(held.columns, schema=pa.schema(fields))
        if self._writer is None:
            sought = [name for name in table.column_names if name != _UNSOUGHT]
            # Without Arrow's own schema: its 64-bit strings are this program's choice, not the table's.
            self._writer = pq.ParquetWriter(
                self.path, table.schema, compression="snappy", use_dictionary=sought, write_statistics=sought,
                store_schema=False,
            )  # fmt: skip
        self._writer.write_table(table, row_group_size=table.num_rows)
        self._held, self._held_bytes = [], 0


def as_column(function: MapInArrow, column: str) -> MapInArrow:
    """`function`, whose rows stand in one struct column, as `to_files` takes them."""

    def wrapped(batches: Batches) -> Batches:
        for batch in function(batches):
            yield pa.RecordBatch.from_arrays([batch.to_struct_array()], [column])

    return wrapped


def to_files(function: MapInArrow, required: Mapping[str, Collection[str]], folder: str) -> MapInArrow:
    """`function`, whose rows have a struct column for each of several tables and fill one of them: what fills a column
    goes to a file of the task in `folder`. Rows of PLACES come instead, one for each file.

    `required`: for each of the columns the names in its struct that are never null.
    """

    def write(batches: Batches) -> Batches:
        files = {column: TaskFile(folder, names) for column, names in required.items()}
        for batch in function(batches):
            for column, file in files.items():
                rows = batch.column(column)
                file.add(pa.RecordBatch.from_struct_array(rows.drop_null() if rows.null_count else rows))
        paths = {column: file.close() for column, file in files.items()}
        places = [{"table": column, "path": str(path)} for column, path in paths.items() if path is not None]
        yield pa.RecordBatch.from_pylist(places, schema=_PLACES)

    return write
