"""Reads what the report says from a lake: its queries, the texts of the few documents that are shown, versions.

Nothing is collected but rows that queries bound. The queries wait for Spark more than they work on small lakes, so some
run at the same time.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

import udfs
from jobs.catalog import POSITION, TABLES
from jobs.reporting import group_queries, queries
from jobs.reporting.facts import Facts, Position
from jobs.runtime.lake import Lake
from jobs.runtime.threads import at_once

TEXT_CHARS = 300  # of an example
PAIR_CHARS = 20_000  # of each text of the pair that is compared

QUERIES = (
    queries.FATES,
    queries.EXAMPLES_OF_REASONS,
    queries.FILES,
    queries.LANGUAGES,
    queries.DOMAINS,
    queries.SCORES,
    queries.LOSSES,
    queries.STAGES,
    group_queries.HOSTS_GIVING,
    group_queries.HOSTS_LOSING,
    group_queries.CLUSTERS,
    group_queries.PAIR,
    group_queries.PROGRAMS,
)


def read(lake: Lake) -> Facts:
    """All that the report says of a lake. A table that was never written has no rows."""
    for name in TABLES:
        lake.read(name).createOrReplaceTempView(name)
    # Planned here, where the views are this lake's, and run later.
    frames = [lake.spark.sql(query.sql) for query in QUERIES]
    found = at_once(*(partial(_rows, frame) for frame in frames))
    rows = {query.name: rows for query, rows in zip(QUERIES, found, strict=True)}
    versions = {name: lake.version(name) for name in TABLES if lake.exists(name)}
    return Facts(lake.location, udfs.__version__, rows, _texts(lake, rows), versions)


def _rows(frame: DataFrame) -> list[dict[str, Any]]:
    return [row.asDict(recursive=True) for row in frame.collect()]


def _texts(lake: Lake, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[Position, str]:
    """The beginnings of the texts that are shown: some of each example, more of the pair."""
    pair = [(one[f"{side}file"], one[f"{side}offset"]) for one in rows["pair"] for side in ("", "kept_")]
    short = {(one["file"], one["offset"]) for one in rows["examples"] if one["doc_id"]} - set(pair)
    tasks: list[Callable[[], list[Row]]] = [
        _begin(lake, chars, places).collect for chars, places in ((TEXT_CHARS, short), (PAIR_CHARS, pair)) if places
    ]
    return {(row["file"], row["offset"]): row["text"] for found in (at_once(*tasks) if tasks else ()) for row in found}


def _begin(lake: Lake, chars: int, places: Iterable[Position]) -> DataFrame:
    """file, offset and the first characters of the documents at some places: found by the statistics of files, so that
    few of them are read."""
    wanted = sorted(set(places))
    files, offsets = [file for file, _ in wanted], [offset for _, offset in wanted]
    table = F.broadcast(lake.spark.createDataFrame(wanted, "file STRING, offset BIGINT"))
    documents = lake.read("documents").where(F.col("file").isin(files) & F.col("offset").isin(offsets))
    return documents.join(table, list(POSITION)).select(*POSITION, F.left("text", F.lit(chars)).alias("text"))
