"""A lake in a notebook: `lake = corpusmill.open_lake("s3://bucket/lake", spark)`, and its tables and views are known to
SQL."""

import tempfile
from pathlib import Path

import pandas as pd
from pyspark.sql import DataFrame, SparkSession

from jobs.catalog import TABLES
from jobs.queries.asking import asked
from jobs.runtime.errors import CorpusmillError
from jobs.runtime.lake import Lake
from jobs.runtime.session import SparkSettings, open_session


class OpenLake:
    """The tables and views of a corpus, to ask. Nothing here writes a table."""

    def __init__(self, lake: Lake) -> None:
        self.lake = lake
        self.spark = lake.spark
        self.names = lake.register_views()

    def sql(self, query: str) -> DataFrame:
        """The answer as Spark has it. As `corpusmill sql`, it knows `corpus VERSION AS OF 3`, changes nothing, and says
        in a sentence what is wrong with a query (CorpusmillError)."""
        with asked(self.lake, query, self.names) as rows:
            return rows

    def frame(self, query: str, rows: int = 10_000) -> pd.DataFrame:
        """The answer as a pandas frame, of at most `rows` rows."""
        with asked(self.lake, query, self.names) as found:
            return found.limit(rows).toPandas()


def open_lake(location: str = "lake", spark: SparkSession | None = None, *, schema: str = "") -> OpenLake:
    """Makes the tables and views of a lake known to SQL by their bare names.

    location: folder or URI of the tables. schema: catalog.schema of a metastore they are registered in, instead.
    spark: the session to use, as notebooks on Databricks and EMR have one; else the one that is active, else a new
    local one. Raises CorpusmillError where there are no tables.
    """
    session = spark or SparkSession.getActiveSession() or _local()
    place = schema or (location if "://" in location else str(Path(location).expanduser().absolute()))
    lake = Lake(session, place, registered=bool(schema))
    if not any(lake.exists(name) for name in TABLES):
        raise CorpusmillError(
            f"open_lake: found no tables in {place}, expected those of corpusmill run; give the folder of --lake."
        )
    return OpenLake(lake)


def _local() -> SparkSession:
    log = Path(tempfile.mkdtemp(prefix="corpusmill-")) / "spark.log"
    return open_session(SparkSettings(log_file=str(log)), for_work=False)
