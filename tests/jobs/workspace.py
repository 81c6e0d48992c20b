"""A workspace for stages that work in rounds, in a folder."""

from itertools import count
from pathlib import Path

import pyarrow.parquet as pq
from pyspark.sql import DataFrame
from pyspark.sql.types import StructType

from jobs.runtime.stage import by_table
from udfs.columns.batches import MapInArrow
from udfs.columns.stored_rows import StoredFile


class Folder:
    """As `jobs.runtime.stage.Workspace`: frames written down as Parquet and read back. With `shared` also as where
    tasks can read tables: what was written under a table's name are its batches in order, the last of `signatures` that
    of the stage."""

    def __init__(self, path: Path, *, shared: bool = False) -> None:
        self.path = path
        self.shared = shared
        self.number = count()

    def write(self, name: str, rows: DataFrame) -> DataFrame:
        """`rows`, computed once."""
        place = str(self.path / f"{next(self.number):04}_{name}")
        rows.write.parquet(place)
        return rows.sparkSession.read.schema(rows.schema).parquet(place)

    def files(self, name: str, *, past: bool = False) -> list[StoredFile] | None:
        """Those of a table, where they are shared."""
        if not self.shared:
            return None
        places = sorted(self.path.glob(f"????_{name}"))
        if name == "signatures":
            places = places[:-1] if past else places[-1:]
        files = [str(file) for place in places for file in sorted(place.glob("*.parquet"))]
        batches = [pq.read_table(file, columns=["batch"])["batch"].to_pylist() for file in files]
        return [StoredFile(file, one[0]) for file, one in zip(files, batches, strict=True) if one]

    def fill(self, name: str, rows: DataFrame, function: MapInArrow, schema: StructType) -> dict[str, DataFrame]:
        """`rows` through `function`, a frame for each struct column."""
        return by_table(self.write(name, rows.mapInArrow(function, schema)), schema.names)
