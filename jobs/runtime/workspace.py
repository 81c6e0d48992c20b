"""Where a stage that works in rounds puts what it has so far: outside the tables, gone when the stage ends.

Written down, not cached: serverless clusters refuse a cache, and rows that are computed again may come out in another
order, which is how components over recomputed inputs go wrong (GraphFrames issue 159).
"""

from itertools import count
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql.types import StructType

from jobs.catalog import TABLES
from jobs.runtime.lake import Lake
from jobs.runtime.stage import by_table
from jobs.runtime.stash import Stash
from jobs.runtime.table import Rows
from udfs.columns.batches import MapInArrow
from udfs.columns.task_files import PLACES, to_files


class LakeWorkspace:
    """A `Workspace` (`jobs/runtime/stage.py`) in a lake's folder or schema."""

    def __init__(self, lake: Lake, stage: str) -> None:
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
        required = {table: TABLES[table].required for table in schema.names}
        written = rows.mapInArrow(to_files(function, required, str(folder)), PLACES).collect()
        return {
            table: self.stash.stored(table, [Path(row.path) for row in written if row.table == table])
            for table in schema.names
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
