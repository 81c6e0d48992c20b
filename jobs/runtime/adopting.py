"""Files of rows that become part of a Delta table in one commit, as they are: no Spark job, a quarter of the time.

For tables on this machine's own disk, and rows that this program wrote as Parquet itself. The commit is Delta's own
transaction, so its log, its checkpoints and its conflicts are as ever; what Spark would have checked while writing
(columns, NOT NULL, the partition) is checked here against the files' footers, and CHECK constraints that are ranges
against the rows. Tables with others, which take SQL, are left to Spark.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyspark.sql import SparkSession

from jobs.runtime.errors import CorpusmillError
from jobs.runtime.table import Table, partition
from udfs.columns.batches import arrow_schema
from udfs.columns.task_files import TaskFile

_STATS_CHARS = 32  # as Delta cuts the strings of its statistics
_ABOVE_ALL = "\U0010ffff"


def commit_files(
    spark: SparkSession, folder: Path, table: Table, files: Sequence[Path], place: Mapping[str, object], mark: str
) -> None:
    """Move `files` into the table in `folder`, of whose partition `place` all their rows are, and commit them.

    Raises CorpusmillError where a file's rows are not the table's, and then nothing is moved or written.
    """
    footers = [pq.read_metadata(file) for file in files]
    for file, footer in zip(files, footers, strict=True):
        _check(file, footer, table, place)
    home = partition(table, place)
    (folder / home).mkdir(parents=True, exist_ok=True)
    added = []
    for file, footer in zip(files, footers, strict=True):
        about = file.stat()
        shutil.move(file, folder / home / file.name)  # a table may be a link to another disk: not only a new name
        added.append(
            {
                "path": str(home / file.name),
                "partitionValues": {name: str(place[name]) for name in table.partitioned_by},
                "size": about.st_size,
                "modificationTime": about.st_mtime_ns // 1_000_000,
                "dataChange": True,
                "stats": json.dumps(_stats(footer, table)),
            }
        )
    _commit(spark, folder, added, mark)


def write_rows(folder: Path, table: Table, rows: Sequence[Mapping[str, Any]]) -> Path:
    """A file of rows of `table` in `folder`, which is made; maps are dicts."""
    folder.mkdir(parents=True, exist_ok=True)
    file = TaskFile(str(folder), table.required)
    file.add(pa.RecordBatch.from_pylist([_plain(row) for row in rows], schema=arrow_schema(table.schema)))
    path = file.close()
    assert path is not None
    return path


def merged(files: Sequence[Path], table: Table) -> Path:
    """The rows of small files in one file, in the folder of the first."""
    together = TaskFile(str(files[0].parent), table.required)
    for file in files:
        for batch in pq.read_table(file, partitioning=None).to_batches():
            together.add(batch)
    path = together.close()
    assert path is not None
    return path


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: list(value.items()) if isinstance(value, dict) else value for name, value in row.items()}


def _commit(spark: SparkSession, folder: Path, added: Sequence[Mapping[str, Any]], mark: str) -> None:
    jvm: Any = spark._jvm
    delta = jvm.org.apache.spark.sql.delta
    actions = jvm.java.util.ArrayList()
    for action in added:
        actions.add(delta.actions.Action.fromJson(json.dumps({"add": action})))
    none, some = jvm.scala.Option.empty(), jvm.scala.Option.apply
    append = jvm.org.apache.spark.sql.SaveMode.Append
    operation = getattr(delta, "DeltaOperations$Write")(append, none, none, some(mark), none, none, none, none, none)
    transaction = delta.DeltaLog.forTable(spark._jsparkSession, str(folder)).startTransaction()
    transaction.commit(jvm.scala.jdk.javaapi.CollectionConverters.asScala(actions).toList(), operation)


def _check(file: Path, footer: Any, table: Table, place: Mapping[str, object]) -> None:
    found = [footer.schema.column(at) for at in range(footer.num_columns)]
    names = tuple(dict.fromkeys(column.path.partition(".")[0] for column in found))
    if names != table.column_names:
        raise CorpusmillError(f"{file}: found the columns {names}, expected those of {table.name}")
    for name, value in place.items():
        if any({one.min, one.max} != {value} for one in _statistics(footer, name)):
            raise CorpusmillError(f"{file}: found rows of another {name}, expected only {value}")
    may_be_null = {field.name for field in footer.schema.to_arrow_schema() if field.nullable}
    if wrong := [column.name for column in table.columns if column.required and column.name in may_be_null]:
        raise CorpusmillError(f"{file}: found {', '.join(wrong)} that may be null, expected NOT NULL in {table.name}")
    for one in table.ranges:
        values = pq.read_table(file, columns=[one.column], partitioning=None).column(0)
        inside = pc.and_(pc.greater_equal(values, one.least), pc.less_equal(values, one.greatest))
        if not pc.all(pc.fill_null(inside, False)).as_py():  # a number that is none is not inside, as in SQL
            raise CorpusmillError(
                f"{file}: found {one.column} outside {one.least} to {one.greatest}, expected none in {table.name}"
            )


def _statistics(footer: Any, name: str) -> list[Any]:
    """What the footer says of a column, for each row group of which it says anything."""
    at = next(at for at in range(footer.num_columns) if footer.schema.column(at).path == name)
    found = [footer.row_group(group).column(at).statistics for group in range(footer.num_row_groups)]
    return [one for one in found if one is not None]


def _stats(footer: Any, table: Table) -> dict[str, Any]:
    """What readers skip files by, as Delta's protocol has it."""
    least, greatest, nulls = {}, {}, {}
    for name in table.sought:
        about = _statistics(footer, name)
        nulls[name] = sum(one.null_count for one in about)
        values = [one for one in about if one.has_min_max]
        if values and nulls[name] + sum(one.num_values for one in values) == footer.num_rows:
            least[name] = _lower(min(one.min for one in values))
            greatest[name] = _upper(max(one.max for one in values))
    return {"numRecords": footer.num_rows, "minValues": least, "maxValues": greatest, "nullCount": nulls}


def _lower(value: Any) -> Any:
    if isinstance(value, datetime):  # in milliseconds, cut off; readers allow for it
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03}Z"
    return value[:_STATS_CHARS] if isinstance(value, str) else value


def _upper(value: Any) -> Any:
    if isinstance(value, str) and len(value) > _STATS_CHARS:
        return value[:_STATS_CHARS] + _ABOVE_ALL
    return _lower(value)
