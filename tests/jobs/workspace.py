"""A workspace for stages that work in rounds, in a folder."""

from itertools import count
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql.types import StructType

from jobs.runtime.stage import by_table
from udfs.columns.batches import MapInArrow


class Folder:
    """As `jobs.runtime.stage.Workspace`: frames written down as Parquet and read back."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.number = count()

    def write(self, name: str, rows: DataFrame) -> DataFrame:
        """`rows`, computed once."""
        place = str(self.path / f"{next(self.number)}_{name}")
        rows.write.parquet(place)
        return rows.sparkSession.read.schema(rows.schema).parquet(place)

    def fill(self, name: str, rows: DataFrame, function: MapInArrow, schema: StructType) -> dict[str, DataFrame]:
        """`rows` through `function`, a frame for each struct column."""
        return by_table(self.write(name, rows.mapInArrow(function, schema)), schema.names)
