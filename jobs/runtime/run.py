"""Doing the work: one stage on one batch at a time, checked, committed, and noted.

For each piece of pending work the runner reads the stage's tables, lets the transform say what the rows are, replaces
the batch's rows in one Delta commit for each table, counts what was really written, and only then notes the commit in
`progress`. Killed at any moment, the next run finds the key of that work missing and does it again; replacing the same
rows with the same rows changes nothing.
"""

import contextlib
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from pydantic import Field
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

import udfs
from jobs.catalog import BATCHES, FAILURES, PROGRESS, TABLES
from jobs.runtime.console import Console, duration
from jobs.runtime.errors import StageFailed
from jobs.runtime.lake import Lake
from jobs.runtime.progress import Batch, Pending, key_of
from jobs.runtime.session import running_tasks
from jobs.runtime.stage import Stage
from udfs.crawl.files import InputFile
from udfs.settings import Section


class RunSettings(Section):
    """Limits on a run."""

    max_failed_ratio: float = Field(
        0.2,
        ge=0,
        le=1,
        description="a stage that loses more than this share of a batch's documents stops the run, and commits nothing",
    )


class Counts(NamedTuple):
    """What became of the documents given to a stage."""

    rows_in: int
    kept: int
    rejected: int
    failed: int


def read_batches(lake: Lake) -> list[Batch]:
    """The batches known to the lake, by number."""
    rows = lake.read("batches").orderBy("batch").collect()
    return [Batch(row.batch, row.crawl, tuple(InputFile(f.path, f.bytes, f.etag) for f in row.files)) for row in rows]


def write_batch(lake: Lake, batch: Batch) -> None:
    """Note a new or changed batch."""
    row = (batch.batch, batch.crawl, list(batch.files), batch.size_bytes)
    lake.replace("batches", lake.spark.createDataFrame([row], BATCHES.ddl), batch=batch.batch)


def read_progress(lake: Lake) -> dict[tuple[str, int], Row]:
    """What is committed, by stage and batch."""
    return {(row.stage, row.batch): row for row in lake.read("progress").collect()}


def do(
    lake: Lake, work: Pending, settings: Section, limits: RunSettings, rows_in: int, run: str, console: Console
) -> Row:
    """One stage on one batch: compute, write, count, check, note. The row of `progress` it wrote.

    `rows_in` is the number of documents its input stage kept (0 where that is not known before reading the files).
    Raises StageFailed, with every table as it was, where documents vanished or too many failed.
    """
    started = time.monotonic()
    stage, batch = work.stage, work.batch
    before = {table: lake.version(table) for table in stage.writes}
    versions = {table: lake.version(table) for table in dict.fromkeys((*stage.reads, *stage.history))}
    label = f"{stage.name}, batch {batch.batch}"
    try:
        with console.working(label, rows_in, lambda: running_tasks(lake.spark)):
            with _session_conf(lake, stage.session_conf(settings)):
                _write(lake, stage, batch, stage.transform(*_inputs(lake, stage, batch), settings))
            counts = _count(lake, stage, batch, rows_in)
        _check(label, counts, limits, lambda: _commonest_losses(lake, stage, batch))
    except (StageFailed, PySparkException) as error:
        for table, version in before.items():
            lake.restore(table, version)
        raise (
            error
            if isinstance(error, StageFailed)
            else StageFailed(f"{label}: {_cause(error)}; nothing was committed.")
        ) from error
    row = {
        "stage": stage.name,
        "batch": batch.batch,
        "key": key_of(work.parts),
        "rows_in": counts.rows_in,
        "rows_kept": counts.kept,
        "rows_rejected": counts.rejected,
        "rows_failed": counts.failed,
        "seconds": round(time.monotonic() - started, 3),
        "finished_at": datetime.now(UTC).replace(tzinfo=None),
        "run": run,
        "code_version": udfs.__version__,
        "parts": dict(work.parts),
        "versions": versions,
    }
    note = lake.spark.createDataFrame([tuple(row[name] for name in PROGRESS.column_names)], PROGRESS.ddl)
    lake.replace("progress", note, stage=stage.name, batch=batch.batch)
    console.line(_result_line(work, counts, row["seconds"]))
    return Row(**row)


def _cause(error: Exception) -> str:
    """The line of a Spark error that a person needs: the Python error of a task where there is one, else the first
    line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    named = [
        line
        for line in lines
        if re.match(r"[\w.]*(Error|Exception)\b.*: ", line) and not line.startswith(("org.apache.spark", "pyspark."))
    ]
    return (named or lines or [type(error).__name__])[-1 if named else 0][:500]


@contextlib.contextmanager
def _session_conf(lake: Lake, conf: Mapping[str, str]) -> Iterator[None]:
    """Spark settings for one stage; afterwards they are as they were."""
    before = {key: lake.spark.conf.get(key, None) for key in conf}
    for key, value in conf.items():
        lake.spark.conf.set(key, value)
    try:
        yield
    finally:
        for key, old in before.items():
            if old is None:
                lake.spark.conf.unset(key)
            else:
                lake.spark.conf.set(key, old)


def _inputs(lake: Lake, stage: Stage, batch: Batch) -> list[DataFrame]:
    frames = [
        _files(lake, batch) if table == "batches" else lake.read(table, batch=batch.batch) for table in stage.reads
    ]
    return frames + [lake.read(table).where(F.col("batch") < batch.batch) for table in stage.history]


def _files(lake: Lake, batch: Batch) -> DataFrame:
    """The batch's files, a row each and each in a partition of its own, so that one file is one task's."""
    count = len(batch.files)
    rows = lake.read("batches", batch=batch.batch).select("batch", "crawl", F.posexplode("files").alias("id", "file"))
    rows = rows.select("id", "batch", "crawl", "file.path", "file.bytes", "file.etag")
    return lake.spark.range(0, count, 1, count).join(F.broadcast(rows), "id").drop("id")


def _write(lake: Lake, stage: Stage, batch: Batch, rows: DataFrame) -> None:
    """Replace the batch's rows in the stage's tables, and give each failed document its row in `losses`."""
    if len(stage.writes) == 1:
        table = stage.writes[0]
        lake.replace(table, rows, **_place(table, stage, batch))
    else:
        written = lake.stash(stage.name, rows)
        for table in stage.writes:
            lake.replace(
                table, written.where(F.col(table).isNotNull()).select(f"{table}.*"), **_place(table, stage, batch)
            )
        lake.empty_stash(stage.name)
    if "detail" in TABLES[stage.writes[0]].column_names:
        lake.replace("losses", _failed(lake, stage, batch), stage=stage.name, batch=batch.batch)


def _place(table: str, stage: Stage, batch: Batch) -> dict[str, Any]:
    """Which rows of a table a stage's commit of a batch replaces."""
    own = {"stage": stage.name} if "stage" in TABLES[table].column_names else {}
    return {"batch": batch.batch, **own}


def _failed(lake: Lake, stage: Stage, batch: Batch) -> DataFrame:
    rows = lake.read(stage.writes[0], **_place(stage.writes[0], stage, batch)).where(F.col("reason").isin(*FAILURES))
    return rows.select(
        F.lit(stage.name).alias("stage"),
        "batch",
        "file",
        "offset",
        "doc_id",
        "url",
        "reason",
        F.coalesce("detail", F.lit("")).alias("detail"),
    )


def _count(lake: Lake, stage: Stage, batch: Batch, rows_in: int) -> Counts:
    """What the tables really hold after the commit; narrow columns only. For a stage that reads files, what its files
    say they held."""
    main = stage.writes[0]
    rows = lake.read(main, **_place(main, stage, batch))
    if "files" in stage.writes:
        said = lake.read("files", batch=batch.batch).agg(F.sum("documents"), F.sum("losses")).head()
        lost = lake.read("losses", stage=stage.name, batch=batch.batch).count()
        return Counts((said[0] or 0) + (said[1] or 0), rows.count(), 0, lost)
    if "keep" not in TABLES[main].column_names:
        return Counts(rows_in, rows.count(), 0, 0)
    fate = F.when(F.col("keep"), "kept").when(F.col("reason").isin(*FAILURES), "failed").otherwise("rejected")
    found = {row.fate: row["count"] for row in rows.groupBy(fate.alias("fate")).count().collect()}
    return Counts(rows_in, found.get("kept", 0), found.get("rejected", 0), found.get("failed", 0))


def _check(label: str, counts: Counts, limits: RunSettings, evidence: Callable[[], str]) -> None:
    out = counts.kept + counts.rejected + counts.failed
    if counts.rows_in != out:
        raise StageFailed(
            f"{label}: found {counts.kept:,} kept + {counts.rejected:,} rejected + {counts.failed:,} failed = {out:,} documents, expected the "
            f"{counts.rows_in:,} it was given; nothing was committed, please report this with the log."
        )
    if counts.failed > limits.max_failed_ratio * counts.rows_in:
        raise StageFailed(
            f"{label}: found {counts.failed:,} of {counts.rows_in:,} documents lost ({evidence()}), expected at most {limits.max_failed_ratio:.0%}; "
            "nothing was committed, mend the cause or raise run.max_failed_ratio."
        )


def _commonest_losses(lake: Lake, stage: Stage, batch: Batch) -> str:
    """The three commonest reasons with their counts and an example each; asked before the rows are taken back."""
    losses = lake.read("losses", stage=stage.name, batch=batch.batch)
    common = (
        losses.groupBy("reason")
        .agg(F.count("*").alias("rows"), F.min("detail").alias("detail"))
        .orderBy(F.desc("rows"), "reason")
        .head(3)
    )
    return "; ".join(f"{row.rows:,} {row.reason}, such as: {row.detail[:200]}" for row in common)


def _result_line(work: Pending, counts: Counts, seconds: float) -> str:
    lost = f", {counts.failed:,} lost" if counts.failed else ""
    rejected = f", {counts.rejected:,} rejected" if counts.rejected else ""
    return (
        f"{work.stage.name:<12} batch {work.batch.batch:<4} {counts.rows_in:>9,} in, {counts.kept:>9,} kept{rejected}{lost}"
        f" in {duration(seconds)} ({counts.rows_in / max(seconds, 1e-9):,.0f} documents/s)"
    )


def sections(settings: Section, stages: Sequence[Stage]) -> Mapping[str, Section]:
    """Each stage's own settings."""
    return {stage.name: getattr(settings, stage.name) for stage in stages}
