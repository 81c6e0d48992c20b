"""Rows of tables that a task reads from their files itself, where it shares a disk with them.

Spark would read all columns it is asked for, row by row, to send on the few rows that another batch needs. Here the
column that decides is read first, row group by row group, the others only where a row is wanted.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from udfs.dedup.lookup import Sorted


class StoredFile(NamedTuple):
    """A Parquet file of a table that is partitioned by batch: its path on this machine, and its batch."""

    path: str
    batch: int


def values_stored(files: Sequence[StoredFile], column: str) -> int:
    """The values in a column of lists, a null or an empty list counted as one; from the files' footers."""
    return sum(_values(group, column) for file in files for group in _row_groups(pq.read_metadata(file.path)))


def all_rows(files: Sequence[StoredFile], columns: pa.Schema) -> pa.Table:
    """Some columns of all rows, but not the batch's."""
    parts = [pq.read_table(file.path, columns=columns.names, partitioning=None).cast(columns) for file in files]
    return pa.concat_tables([columns.empty_table(), *parts])


def rows_among(files: Sequence[StoredFile], by: str, among: Sorted, columns: pa.Schema, threads: int) -> pa.Table:
    """The rows whose value in the column `by`, a number in each, is one of `among`: `columns`, of which `batch` is the
    file's."""
    footers = [(file, pq.read_metadata(file.path)) for file in files]
    pieces = [(file, footer, group) for file, footer in footers for group in range(footer.num_row_groups)]

    def found(piece: tuple[StoredFile, Any, int]) -> pa.Table:
        return _among(piece, by, among, columns)

    with ThreadPoolExecutor(threads) as pool:
        parts = list(pool.map(found, pieces))
    return pa.concat_tables([columns.empty_table(), *parts])


def _among(piece: tuple[StoredFile, Any, int], by: str, among: Sorted, columns: pa.Schema) -> pa.Table:
    file, footer, group = piece
    others = [name for name in columns.names if name not in (by, "batch")]
    with pq.ParquetFile(file.path, metadata=footer) as rows:
        numbers = rows.read_row_group(group, columns=[by], use_threads=False).column(0).to_numpy()
        wanted = np.flatnonzero(among.has(numbers))
        if not len(wanted):
            return columns.empty_table()
        found = rows.read_row_group(group, columns=others, use_threads=False).take(wanted)
    values = {by: pa.array(numbers[wanted]), "batch": pa.array(np.full(len(wanted), file.batch, np.int32))}
    values |= {name: found[name] for name in others}
    return pa.table({name: values[name] for name in columns.names}).cast(columns)


def _row_groups(footer: Any) -> Iterator[Any]:
    return map(footer.row_group, range(footer.num_row_groups))


def _values(group: Any, column: str) -> int:
    chunks = map(group.column, range(group.num_columns))
    return sum(int(chunk.num_values) for chunk in chunks if chunk.path_in_schema.partition(".")[0] == column)
