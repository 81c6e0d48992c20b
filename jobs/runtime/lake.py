"""The lake: the one module that reads and writes tables, with the short ways of `local_tables.py` where there are any.

Tables are Delta tables: paths under one folder, or, where a schema of a metastore is named, tables registered there.
Rows of one batch (and, in tables several stages write, of one stage) are replaced in one atomic commit, so a reader
sees the old rows or the new ones, never half of them. What a table looks like is said in `jobs/catalog/`.
"""

import re
import shutil
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import takewhile
from pathlib import Path
from typing import Any

from delta.tables import DeltaTable
from pyspark.sql import DataFrame, DataFrameWriter, SparkSession
from pyspark.sql import functions as F

from jobs.catalog import TABLES
from jobs.runtime.errors import CorpusmillError
from jobs.runtime.local_tables import LocalTables
from jobs.runtime.log_files import TableFile
from jobs.runtime.table import Rows, StoredRows, Table, as_frame, literal
from jobs.views import VIEWS, available, definition, mentioned

# Commits after which Delta writes down what all of them come to. It takes as long as several small commits, and to read
# some dozen commits takes no longer than to read what they come to, so ten, its default, are few.
CHECKPOINT_INTERVAL = "50"
ALL = frozenset((*TABLES, *(view.name for view in VIEWS)))


class Lake:
    """The tables of one corpus.

    `location` is a folder (a local path or any URI that Spark can write to) or, with `registered=True`, a schema such
    as `main.corpus` whose tables are managed by the metastore.
    """

    def __init__(self, spark: SparkSession, location: str, *, registered: bool = False) -> None:
        self.spark = spark
        self.location = location.rstrip("/") if location != "/" else location
        self.registered = registered
        self._known: set[str] = set()  # tables never go away while a run lasts, so finding one once is enough
        self._fitting: set[str] = set()  # tables whose columns were looked at; only this program changes them

    @cached_property
    def local(self) -> LocalTables | None:
        """The same tables as files, where they are on a disk of this machine as far as the location's name tells."""
        has_scheme = re.match("[A-Za-z][A-Za-z0-9+.-]*:", self.location) is not None
        return None if self.registered or has_scheme else LocalTables(self.spark, Path(self.location).absolute())

    def identifier(self, name: str) -> str:
        """The table's name as SQL writes it."""
        if self.registered:
            return ".".join(f"`{part}`" for part in (*self.location.split("."), name))
        return f"delta.`{self.location}/{name}`"

    def exists(self, name: str) -> bool:
        """Whether the table was ever written."""
        if name not in self._known:
            if self.registered:
                found = self.spark.catalog.tableExists(self.identifier(name))
            else:
                found = DeltaTable.isDeltaTable(self.spark, f"{self.location}/{name}")
            self._known |= {name} if found else set()
        return name in self._known

    def version(self, name: str) -> int:
        """The Delta version of the table as it stands; -1 where it was never written."""
        if not self.exists(name):
            return -1
        log = Path(f"{self.location}/{name}/_delta_log")
        if not self.registered and log.is_dir():  # a query costs a hundred times as much
            return max(int(commit.stem) for commit in log.glob("[0-9]*.json") if commit.stem.isdigit())
        return int(self.spark.sql(f"DESCRIBE HISTORY {self.identifier(name)} LIMIT 1").collect()[0]["version"])

    def read(self, name: str, **equal: object) -> DataFrame:
        """The table's rows, those where the named columns have the given values; no rows where it was never written."""
        if not self.exists(name):
            return self.spark.createDataFrame([], TABLES[name].ddl)
        rows = self.spark.table(self.identifier(name))
        for column, value in equal.items():
            rows = rows.where(F.col(column) == F.lit(value))
        return rows

    def may_have(self, name: str, **equal: object) -> bool:
        """Whether a file of the table may have rows where the named columns have the given values; told from the
        table's log, without a query."""
        found = self._files(name, equal)
        return bool(found) if found is not None else bool(self.read(name, **equal).inputFiles())

    def count(self, name: str, **equal: object) -> int:
        """The number of rows where the named columns have the given values."""
        found = self._files(name, equal) if set(equal) <= set(TABLES[name].partitioned_by) else None
        if found is None or any(file.rows < 0 for file in found):
            return self.read(name, **equal).count()
        return sum(file.rows for file in found)

    def rows(self, name: str, columns: Sequence[str], **equal: object) -> list[dict[str, Any]]:
        """Some columns of a small table, where columns of its partition have the given values; maps are dicts."""
        found = self._files(name, equal)
        if self.local is None or found is None:
            return [row.asDict(recursive=True) for row in self.read(name, **equal).select(*columns).collect()]
        return self.local.read(name, found, columns)

    def tally(self, name: str, columns: Sequence[str], **equal: object) -> Mapping[tuple[Any, ...], int]:
        """The number of rows for each combination of values of some columns, none of which the table is partitioned by,
        among those where the named columns have the given values."""
        found = self._files(name, equal) if set(equal) <= set(TABLES[name].partitioned_by) else None
        if self.local is None or found is None:
            rows = self.read(name, **equal).groupBy(*columns).count().collect()
            return {tuple(row[column] for column in columns): row["count"] for row in rows}
        return self.local.tally(name, found, columns)

    def takes_files(self, name: str, **equal: object) -> bool:
        """Whether files of rows with the given values can become the table's own, as they are (`StoredRows`)."""
        self._create(TABLES[name])
        return self.local is not None and not self.may_have(name, **equal) and self.local.adopts(name, equal)

    def replace(self, name: str, rows: Rows, mark: str = "", **equal: object) -> None:
        """In one commit: rows where the named columns have the given values give way to `rows`.

        `rows` must have the table's columns, by name, and only rows that agree with `equal`: others are refused, as
        are rows that break a CHECK constraint, and then nothing is written. `mark` is noted in the history.
        """
        self._create(TABLES[name])
        is_new = not self.may_have(name, **equal)
        if is_new and isinstance(rows, StoredRows) and self.local and self.local.adopt(name, rows.files, mark, equal):
            return
        rows = as_frame(rows)
        if is_new:
            self._add(name, _agreeing(rows, equal), mark)
            return
        condition = " AND ".join(f"{column} = {literal(value)}" for column, value in equal.items())
        writer = _writer(name, rows).mode("overwrite").option("replaceWhere", condition).option("userMetadata", mark)
        self._save(name, writer)

    def put(self, name: str, row: Mapping[str, Any], *, is_new: bool = False, **equal: object) -> None:
        """As `replace`, by one row that the driver has; `is_new` says that there are none to be replaced."""
        self._create(TABLES[name])
        if self.local is not None and not self.may_have(name, **equal) and self.local.put(name, row, equal):
            return
        values = tuple(row[column] for column in TABLES[name].column_names)
        rows = self.spark.createDataFrame([values], TABLES[name].ddl)
        if is_new:
            self._add(name, rows)
        else:
            self.replace(name, rows, "", **equal)

    def add(self, name: str, rows: DataFrame) -> None:
        """In one commit: `rows` beside those that are there. Delta need not look for what they replace, which takes
        longer than a small commit itself."""
        self._create(TABLES[name])
        self._add(name, rows)

    def take_back(self, name: str, mark: str) -> None:
        """The table as it was before its latest commits that bear `mark`; nothing where the latest bears another."""
        if not self.exists(name):
            return
        history = self.spark.sql(f"DESCRIBE HISTORY {self.identifier(name)}").select("version", "userMetadata")
        latest = history.orderBy("version", ascending=False).collect()
        marked = list(takewhile(lambda row: row.userMetadata == mark, latest))
        if marked:
            before = marked[-1].version - 1  # making the table was its version 0, so there is one
            self.spark.sql(f"RESTORE TABLE {self.identifier(name)} TO VERSION AS OF {before}")

    def register_views(self, query: str = "") -> list[str]:
        """Make every table that exists, and every view over such, known to SQL by its bare name; where a query is given
        only those that it mentions, which takes less time. The names of all there are. What another lake of this
        session has under a name and this one has not is forgotten."""
        tables = [name for name in TABLES if self.exists(name)]
        views = available(tables)
        names = [*tables, *(view.name for view in views)]
        wanted = mentioned(query) if query else ALL
        for name in (name for name in ALL if name in wanted and name not in names):
            self.spark.catalog.dropTempView(name)
        for name in (name for name in tables if name in wanted):
            self.spark.table(self.identifier(name)).createOrReplaceTempView(name)
        for view in (view for view in views if view.name in wanted):
            found = self.spark.sql(view.names_from).collect() if view.names_from else []
            self.spark.sql(definition(view, [row[0] for row in found]))
        return names

    def _files(self, name: str, equal: Mapping[str, object]) -> list[TableFile] | None:
        return self.local.files(name, equal) if self.local is not None else None

    def _add(self, name: str, rows: DataFrame, mark: str = "") -> None:
        self._save(name, _writer(name, rows).mode("append").option("userMetadata", mark))

    def _save(self, name: str, writer: DataFrameWriter) -> None:
        if self.registered:
            writer.saveAsTable(self.identifier(name))
        else:
            writer.save(f"{self.location}/{name}")

    def _create(self, table: Table) -> None:
        if table.name in self._fitting:
            return
        if self.exists(table.name):
            found = tuple(self.spark.table(self.identifier(table.name)).columns)
            if found != table.column_names:
                missing = sorted(set(found) ^ set(table.column_names))
                raise CorpusmillError(
                    f"table {table.name} in {self.location}: found other columns than this version writes "
                    f"(the difference: {', '.join(missing) or 'their order'}); use a new --lake, or the version that "
                    "made this one."
                )
            self._fitting.add(table.name)
            return
        columns = ", ".join(
            f"`{c.name}` {c.type}{' NOT NULL' if c.required else ''} COMMENT {literal(c.comment)}"
            for c in table.columns
        )
        constraints = {f"delta.constraints.{name}": check for name, check in table.constraints.items()}
        skipping = {"StatsColumns": ",".join(table.sought)} if table.sought else {"NumIndexedCols": "0"}
        properties = {
            "delta.checkpointInterval": CHECKPOINT_INTERVAL,
            **{f"delta.dataSkipping{name}": value for name, value in skipping.items()},
            **constraints,
        }
        definition = (
            f"CREATE TABLE {self.identifier(table.name)} ({columns}) USING DELTA COMMENT {literal(table.comment)}"
            + (f" PARTITIONED BY ({', '.join(table.partitioned_by)})" if table.partitioned_by else "")
            + f" TBLPROPERTIES ({', '.join(f'{literal(key)} = {literal(value)}' for key, value in properties.items())})"
        )
        if not self.registered:
            _remove_leavings(f"{self.location}/{table.name}")
        self.spark.sql(definition)


def _remove_leavings(folder: str) -> None:
    """Take away what a run left on a local disk that was killed while it made a table: a log without a commit, which
    Delta takes for somebody's files. (An object store has no folders, and its commits are there or not.)"""
    files = [path for path in Path(folder).rglob("*") if path.is_file()]
    if all(path.parent.name == "_delta_log" and path.name.startswith(".") for path in files):
        shutil.rmtree(folder, ignore_errors=True)


def _writer(name: str, rows: DataFrame) -> DataFrameWriter:
    return rows.select(*TABLES[name].column_names).write.format("delta")


def _agreeing(rows: DataFrame, equal: Mapping[str, object]) -> DataFrame:
    """`rows`, which fail where one of them has another value in a named column."""
    for column, value in equal.items():
        other = F.raise_error(F.concat(F.lit(f"found a row of {column} "), column, F.lit(f", expected {value}")))
        rows = rows.withColumn(column, F.when(F.col(column) == F.lit(value), F.col(column)).otherwise(other))
    return rows
