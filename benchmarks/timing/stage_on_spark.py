"""A stage on Spark, through the runner and from table to table, for rows that compare it with the same work in a loop.

It also starts a task, reads and writes Delta tables, counts and notes its commit. Each run is given another batch, for
what a model said of a text in any batch is used again. Workers stay between runs, so only the first loads a model."""

import io
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Any

RUNS = 4  # batches that are written before
_GIVEN = {
    "doc_id": "md5(text)",
    "crawl": "'bench'",
    "file": "'bench'",
    "keep": "true",
    "language": "'en'",
    "offset": "offset",
    "text": "text",
}
_EMPTY = {"INT": "0", "BIGINT": "0", "MAP": "map()", "ARRAY": "array()"}


def on_spark(spark: Any, name: str, settings: Any, texts: Sequence[str], folder: Path) -> Callable[[], Any]:
    """The stage `name` on a batch of the texts, which lie in the first table that it reads."""
    from jobs.pipeline import STAGES
    from jobs.runtime.commit import RunSettings
    from jobs.runtime.console import Console
    from jobs.runtime.lake import Lake
    from jobs.runtime.progress import Batch, Pending
    from jobs.runtime.run import do

    lake, numbers = Lake(spark, str(folder)), count(1)
    stage = next(stage for stage in STAGES if stage.name == name)
    for number in range(1, RUNS + 1):
        _write_texts(lake, stage.reads[0], [f"{text}\n{number}" for text in texts], number)

    def run() -> None:
        batch = Batch(next(numbers), "bench", ())
        work = Pending(stage, batch, stage.parts(settings), (), {}, is_first=True)
        do(lake, work, settings, RunSettings(), len(texts), "bench", Console(io.StringIO()))

    return run


def _write_texts(lake: Any, table: str, texts: Sequence[str], batch: int) -> None:
    """Rows of a table, with nothing in the columns that it must have beside the texts."""
    from jobs.catalog import TABLES

    frame = lake.spark.createDataFrame(list(enumerate(texts)), "offset BIGINT, text STRING")
    given = {**_GIVEN, "batch": str(batch)}
    columns = []
    for column in TABLES[table].columns:
        empty = _EMPTY[column.type.partition("<")[0]] if column.required and column.name not in given else "NULL"
        columns.append(f"CAST({given.get(column.name, empty)} AS {column.type}) AS {column.name}")
    lake.replace(table, frame.coalesce(1).selectExpr(*columns), batch=batch)
