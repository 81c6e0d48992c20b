"""What is written down outside the tables while a stage works, so that it is computed once.

Not `cache`: serverless clusters refuse it, and a lost executor would compute (and download) everything again.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path

from pyspark.sql import DataFrame

from jobs.catalog import TABLES
from jobs.runtime.lake import Lake
from jobs.runtime.table import StoredRows


class Stash:
    """Places in a lake's folder or schema, by name."""

    def __init__(self, lake: Lake) -> None:
        self.lake = lake

    def write(self, name: str, rows: DataFrame) -> DataFrame:
        """`rows` written down and read back, so that several tables can be filled from one computation."""
        spark = self.lake.spark
        if self.lake.registered:
            table = self.lake.identifier(f"stash_{name}")
            rows.write.format("delta").mode("overwrite").option("overwriteSchema", "true").saveAsTable(table)
            return spark.table(table)
        rows.write.mode("overwrite").parquet(self._path(name))
        return spark.read.schema(rows.schema).parquet(self._path(name))

    def task_folder(self, name: str) -> Path | None:
        """An empty folder for files that tasks write themselves; None where they cannot."""
        if self.lake.local is None or not self.lake.local.tasks_are_here:
            return None
        folder = self.lake.local.folder / "_stash" / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def stored(self, table: str, files: Sequence[Path]) -> StoredRows:
        """Rows of a table that tasks wrote to files."""

        def frame() -> DataFrame:
            spark, schema = self.lake.spark, TABLES[table].schema
            return spark.read.schema(schema).parquet(*map(str, files)) if files else spark.createDataFrame([], schema)

        return StoredRows(files, frame)

    def empty(self, name: str) -> None:
        """Give back the space."""
        if self.lake.registered:
            self.lake.spark.sql(f"DROP TABLE IF EXISTS {self.lake.identifier(f'stash_{name}')}")
        elif "://" not in self.lake.location:
            shutil.rmtree(self._path(name), ignore_errors=True)
        else:
            self.lake.spark.range(0).write.mode("overwrite").parquet(self._path(name))

    def _path(self, name: str) -> str:
        return f"{self.lake.location}/_stash/{name}"
