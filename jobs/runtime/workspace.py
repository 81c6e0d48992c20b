"""Where a stage that works in rounds puts what it has so far: outside the tables, gone when the stage ends.

Written down, not cached: serverless clusters refuse a cache, and rows that are computed again may come out in another
order, which is how components over recomputed inputs go wrong (GraphFrames issue 159).
"""

from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from types import MappingProxyType

from pyspark.sql import DataFrame
from pyspark.sql.types import StructType

from jobs.catalog import TABLES
from jobs.runtime.lake import Lake
from jobs.runtime.stage import by_table
from jobs.runtime.stash import Stash
from jobs.runtime.table import MappedRows, Rows
from udfs.columns.batches import MapInArrow
from udfs.columns.stored_rows import StoredFile
from udfs.columns.task_files import PLACES, as_column, to_files


class LakeWorkspace:
    """A `Workspace` (`jobs/runtime/stage.py`) in a lake's folder or schema."""

    def __init__(
        self, lake: Lake, stage: str, batch: int = 0, sources: Mapping[str, Sequence[str]] = MappingProxyType({})
    ) -> None:
        self.lake = lake
        self.batch = batch
        self.sources = sources
        self.stash = Stash(lake)
        self.stage = stage
        self._names: list[str] = []
        self._numbers = count()

    def write(self, name: str, rows: DataFrame) -> DataFrame:
        """`rows` written down and read back. A name may be used again: each call has a place of its own, also where
        calls run at the same time."""
        return self.stash.write(self._place(name), rows)

    def fill(self, name: str, rows: DataFrame, function: MapInArrow, schema: StructType) -> dict[str, Rows]:
        """`rows` through `function`, computed once, for each table of which `schema` has a struct column: in files that
        the tasks write, where they can."""
        place = self._place(name)
        folder = self.stash.task_folder(place)
        if folder is None:
            return {**by_table(self.stash.write(place, rows.mapInArrow(function, schema)), schema.names)}
        return self._in_files(folder, rows, function, schema.names)

    def computed(self, table: str, rows: Rows, **equal: object) -> Rows:
        """`rows`, which are to replace those of `table` with these values: in files that the tasks write, where the
        table takes such."""
        if not isinstance(rows, MappedRows):
            return rows
        folder = self.stash.task_folder(self._place(table)) if self.lake.takes_files(table, **equal) else None
        if folder is None:
            return rows.frame()
        return self._in_files(folder, rows.rows, as_column(rows.function, table), [table])[table]

    def files(self, table: str, *, past: bool = False) -> list[StoredFile] | None:
        """The files of the rows of `table` that the stage was given, or with `past` of its history there; None where
        tasks cannot read them."""
        local = self.lake.local
        if local is None or not local.tasks_are_here:
            return None
        if not self.lake.exists(table):
            return []
        stages = (self.stage,) if past else tuple(self.sources.get(table, ()))
        found = local.files(table, {} if past else {"batch": self.batch})
        if found is None:
            return None
        files = [StoredFile(str(local.path(table, file)), file.batch) for file in found if file.is_of(stages)]
        return [file for file in files if file.batch < self.batch] if past else files

    def _in_files(self, folder: Path, rows: DataFrame, function: MapInArrow, tables: Sequence[str]) -> dict[str, Rows]:
        required = {table: TABLES[table].required for table in tables}
        written = rows.mapInArrow(to_files(function, required, str(folder)), PLACES).collect()
        return {
            table: self.stash.stored(table, [Path(row.path) for row in written if row.table == table])
            for table in tables
        }

    def _place(self, name: str) -> str:
        place = f"{self.stage}_{next(self._numbers):03d}_{name}"
        self._names.append(place)
        return place

    def clear(self) -> None:
        """Give back the space."""
        for name in self._names:
            self.stash.empty(name)
        self._names.clear()
