"""A stage's rows of one batch: computed, written, counted, and taken back where documents vanished or too many failed.

Rows are counted after the commit, in the tables themselves and over narrow columns, so what is checked is what readers
see; Delta's RESTORE makes the tables as they were where the check fails.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from py4j.protocol import Py4JJavaError
from pydantic import Field
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.catalog import FAILURES, POSITION, TABLES
from jobs.runtime.errors import CorpusmillError, StageFailed
from jobs.runtime.lake import Lake
from jobs.runtime.progress import Batch, Pending
from jobs.runtime.session import session_conf
from jobs.runtime.stage import NOT_COMPILED, OFF, Stage
from jobs.runtime.table import Rows, as_frame
from jobs.runtime.threads import at_once
from jobs.runtime.workspace import LakeWorkspace
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


def commit(lake: Lake, work: Pending, settings: Section, limits: RunSettings, rows_in: int, run: str) -> Counts:
    """Replace the batch's rows in the stage's tables, and count them; those of a stage that is off just go.

    Raises StageFailed, with every table as it was, where Spark failed, documents vanished, or too many were lost.
    """
    stage, batch = work.stage, work.batch
    label = f"{stage.name}, batch {batch.batch}"
    mark = f"{label}, run {run}"
    workspace = LakeWorkspace(lake, stage.name, batch.batch, work.sources)
    try:
        if work.parts == OFF:
            _write(lake, stage, batch, {table: lake.read(table).limit(0) for table in stage.writes}, mark)
            return _count_and_note_losses(lake, stage, batch, 0, None, mark)
        with session_conf(lake.spark, stage.session_conf(settings)):
            given = (*_inputs(lake, work), settings, *([workspace] if stage.needs_workspace else []))
            made = stage.transform(*given)
            given_rows: Mapping[str, Rows] = made if isinstance(made, Mapping) else {stage.writes[0]: made}
            frames = {
                table: workspace.computed(table, rows, **_place(table, stage, batch))
                for table, rows in given_rows.items()
            }
            _write(lake, stage, batch, frames, mark)
        with session_conf(lake.spark, NOT_COMPILED):
            counts = _count_and_note_losses(lake, stage, batch, rows_in, frames.get("losses"), mark)
        _check(label, counts, limits, lambda: _commonest_losses(lake, stage, batch))
    except CorpusmillError:
        _take_back(lake, stage, mark)
        raise
    except (PySparkException, Py4JJavaError) as error:  # the second is what PySpark has no class for
        _take_back(lake, stage, mark)
        raise StageFailed(f"{label}: {_cause(error)}; nothing was committed, Spark's log has the rest.") from error
    finally:
        workspace.clear()
    return counts


def _take_back(lake: Lake, stage: Stage, mark: str) -> None:
    for table in {*stage.writes, "losses"}:
        lake.take_back(table, mark)


def _cause(error: Exception) -> str:
    """The line of a Spark error that a person needs: the last cause that is not Spark's own, such as the Python error
    of a task, else the first line."""
    stripped = (line.strip().removeprefix("Caused by: ").removeprefix(": ") for line in str(error).splitlines())
    lines = [line for line in stripped if line]
    named = [
        line
        for line in lines
        if re.match(r"[\w.]*(Error|Exception)\b.*: ", line) and not line.startswith(("org.apache.spark", "pyspark."))
    ]
    return (named or lines or [type(error).__name__])[-1 if named else 0][:500]


def _inputs(lake: Lake, work: Pending) -> list[DataFrame]:
    """The batch's rows of what the stage reads, then the rows of earlier batches of its history."""
    frames = []
    for table in work.stage.reads:
        rows = _files(lake.spark, work.batch) if table == "batches" else lake.read(table, batch=work.batch.batch)
        if "stage" in rows.columns:
            rows = rows.where(F.col("stage").isin(*work.sources[table]))
        frames.append(rows)
    for table in work.stage.history:
        rows = lake.read(table).where(F.col("batch") < work.batch.batch)
        frames.append(rows.where(F.col("stage") == work.stage.name) if "stage" in rows.columns else rows)
    return [*frames, *(lake.read(table) for table in work.stage.remembers)]


def _files(spark: SparkSession, batch: Batch) -> DataFrame:
    """The batch's files, a row each and each in a partition of its own, so that one file is one task's."""
    count = len(batch.files)
    rows = [(number, batch.batch, batch.crawl, *file) for number, file in enumerate(batch.files)]
    listed = spark.createDataFrame(rows, "id BIGINT, batch INT, crawl STRING, path STRING, bytes BIGINT, etag STRING")
    return spark.range(0, count, 1, count).join(F.broadcast(listed), "id").drop("id")


def _write(lake: Lake, stage: Stage, batch: Batch, frames: Mapping[str, Rows], mark: str) -> None:
    """Replace the batch's rows in the stage's tables; those of `losses` only where failed documents add none to them
    (`_count_and_note_losses`)."""
    tables = [table for table in stage.writes if table != "losses" or not _has_details(stage)]
    at_once(*(partial(lake.replace, table, frames[table], mark, **_place(table, stage, batch)) for table in tables))


def _has_details(stage: Stage) -> bool:
    """Whether failed documents are told in the stage's own table, from which their rows of `losses` are made."""
    return "detail" in TABLES[stage.writes[0]].column_names


def _count_and_note_losses(
    lake: Lake, stage: Stage, batch: Batch, rows_in: int, losses: Rows | None, mark: str
) -> Counts:
    """What became of the documents; each failed one gets its row in `losses`, beside those that the stage gives."""
    if not _has_details(stage):
        return _count(lake, stage, batch, rows_in)
    counts = _count(lake, stage, batch, rows_in)
    before = lake.may_have("losses", stage=stage.name, batch=batch.batch)
    found = _failed(lake, stage, batch)
    given = None if losses is None else as_frame(losses)
    found = found if given is None else found.unionByName(given)
    # An empty commit would cost as much as a full one.
    if before or counts.failed or (given is not None and given.head(1)):
        lake.replace("losses", found, mark, stage=stage.name, batch=batch.batch)
    return counts


def _place(table: str, stage: Stage, batch: Batch) -> dict[str, Any]:
    """Which rows of a table a stage's commit of a batch replaces."""
    own = {"stage": stage.name} if "stage" in TABLES[table].column_names else {}
    return {"batch": batch.batch, **own}


def _failed(lake: Lake, stage: Stage, batch: Batch) -> DataFrame:
    rows = lake.read(stage.writes[0], **_place(stage.writes[0], stage, batch)).where(F.col("reason").isin(*FAILURES))
    detail = F.coalesce(F.min("detail"), F.lit("")).alias("detail")
    place = (F.lit(stage.name).alias("stage"), *map(F.col, ("batch", "file", "offset", "doc_id", "url", "reason")))
    return rows.groupBy(*place).agg(detail)  # one row for a document of which several chunks failed


def _count(lake: Lake, stage: Stage, batch: Batch, rows_in: int) -> Counts:
    """What the tables really hold after the commit; narrow columns only. For a stage that reads files, what its files
    say they held."""
    main = stage.writes[0]
    place = _place(main, stage, batch)
    if "files" in stage.writes:
        files = lake.rows("files", ("documents", "losses"), batch=batch.batch)
        said = sum(file["documents"] + file["losses"] for file in files)
        kept, lost = lake.count(main, batch=batch.batch), lake.count("losses", stage=stage.name, batch=batch.batch)
        return Counts(said, kept, 0, lost)
    columns = TABLES[main].column_names
    if "keep" in columns:
        found = lake.tally(main, ("keep", "reason"), **place)
        failed = sum(rows for (_, reason), rows in found.items() if reason in FAILURES)
        kept = sum(rows for (keep, reason), rows in found.items() if keep and reason not in FAILURES)
        return Counts(rows_in, kept, sum(found.values()) - kept - failed, failed)
    if "reason" in columns:
        return _count_documents(lake.read(main, **place), rows_in)
    return Counts(rows_in, lake.count(main, **place), 0, 0)


def _count_documents(rows: DataFrame, rows_in: int) -> Counts:
    """Documents of a table without verdicts, which may hold several rows of one; any of them may have failed."""
    failed = F.max(F.coalesce(F.col("reason").isin(*FAILURES), F.lit(False))).alias("failed")
    documents = rows.groupBy(*POSITION).agg(failed).groupBy("failed").count().collect()
    found = {row.failed: row["count"] for row in documents}
    return Counts(rows_in, found.get(False, 0), 0, found.get(True, 0))


def _check(label: str, counts: Counts, limits: RunSettings, evidence: Callable[[], str]) -> None:
    out = counts.kept + counts.rejected + counts.failed
    if counts.rows_in != out:
        raise StageFailed(
            f"{label}: found {counts.kept:,} kept + {counts.rejected:,} rejected + {counts.failed:,} failed = {out:,} "
            "documents, expected the "
            f"{counts.rows_in:,} it was given; nothing was committed, please report this with the log."
        )
    if counts.failed > limits.max_failed_ratio * counts.rows_in:
        raise StageFailed(
            f"{label}: found {counts.failed:,} of {counts.rows_in:,} documents lost ({evidence()}), expected at most "
            f"{limits.max_failed_ratio:.0%}; "
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
