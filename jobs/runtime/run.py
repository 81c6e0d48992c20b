"""Doing the work: one stage on one batch at a time, committed, and then noted.

The runner reads the stage's tables, lets the transform say what the rows are, has them committed
(`jobs/runtime/commit.py`), and only then notes the commit in `progress`. Killed at any moment, the next run finds the
key of that work missing and does it again; replacing the same rows with the same rows changes nothing.
"""

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import udfs
from jobs.catalog import PROGRESS
from jobs.runtime.commit import Counts, RunSettings, commit
from jobs.runtime.console import Console, duration
from jobs.runtime.lake import Lake
from jobs.runtime.progress import Batch, Done, Pending
from jobs.runtime.session import running_tasks, session_conf
from jobs.runtime.stage import NOT_COMPILED, Stage, key_of
from udfs.crawl.files import InputFile
from udfs.settings import Section


def read_batches(lake: Lake) -> list[Batch]:
    """The batches known to the lake, by number."""
    rows = lake.read("batches").orderBy("batch").collect()
    return [Batch(row.batch, row.crawl, tuple(InputFile(f.path, f.bytes, f.etag) for f in row.files)) for row in rows]


def write_batch(lake: Lake, batch: Batch) -> None:
    """Note a new or changed batch."""
    files = [{"path": file.path, "bytes": file.size_bytes, "etag": file.etag} for file in batch.files]
    row = {"batch": batch.batch, "crawl": batch.crawl, "files": files, "bytes": batch.size_bytes}
    lake.put("batches", row, batch=batch.batch)


def read_progress(lake: Lake) -> Done:
    """What is committed, by stage and batch."""
    return {(row.stage, row.batch): row.asDict() for row in lake.read("progress").collect()}


def forget(lake: Lake, batch: int, stages: Sequence[Stage]) -> None:
    """Take back the notes of a batch, so that it is done again from its files.

    Later batches were compared with what this one kept, so from the first stage with history on they are forgotten too.
    Killed in the middle, it is asked for again; nothing is wrong then, only less is forgotten.
    """
    first = next((at for at, stage in enumerate(stages) if stage.history), len(stages))
    none = lake.spark.createDataFrame([], PROGRESS.ddl)
    later = sorted({known for _, known in read_progress(lake) if known > batch}, reverse=True)
    for number in later:
        for stage in stages[first:]:
            lake.replace("progress", none, stage=stage.name, batch=number)
    lake.replace("progress", none, batch=batch)


def do(
    lake: Lake, work: Pending, settings: Section, limits: RunSettings, rows_in: int, run: str, console: Console
) -> dict[str, Any]:
    """One stage on one batch: commit it, note it, say it. The row of `progress` it wrote.

    `rows_in` is the number of documents its input stage kept (0 where that is not known before reading the files).
    Raises StageFailed, with every table as it was.
    """
    started = time.monotonic()
    stage, batch = work.stage, work.batch
    versions = {table: lake.version(table) for table in dict.fromkeys((*stage.reads, *stage.history))}
    with console.working(f"{stage.name}, batch {batch.batch}", rows_in, lambda: running_tasks(lake.spark)):
        counts = commit(lake, work, settings, limits, rows_in, run)
    seconds = round(time.monotonic() - started, 3)
    with session_conf(lake.spark, NOT_COMPILED):
        row = _note(lake, work, counts, versions, seconds, run)
    console.line(_result_line(work, counts, seconds))
    return row


def _note(
    lake: Lake, work: Pending, counts: Counts, versions: Mapping[str, int], seconds: float, run: str
) -> dict[str, Any]:
    row = {
        "stage": work.stage.name,
        "batch": work.batch.batch,
        "key": key_of(work.parts),
        "rows_in": counts.rows_in,
        "rows_kept": counts.kept,
        "rows_rejected": counts.rejected,
        "rows_failed": counts.failed,
        "seconds": seconds,
        "finished_at": datetime.now(UTC),
        "run": run,
        "code_version": udfs.__version__,
        "parts": dict(work.parts),
        "versions": dict(versions),
    }
    lake.put("progress", row, is_new=work.is_first, stage=work.stage.name, batch=work.batch.batch)
    return row


def _result_line(work: Pending, counts: Counts, seconds: float) -> str:
    lost = f", {counts.failed:,} lost" if counts.failed else ""
    rejected = f", {counts.rejected:,} rejected" if counts.rejected else ""
    return (
        f"{work.stage.name:<16} batch {work.batch.batch:<4} {counts.rows_in:>9,} in, "
        f"{counts.kept:>9,} kept{rejected}{lost}"
        f" in {duration(seconds)} ({counts.rows_in / max(seconds, 1e-9):,.0f} documents/s)"
    )


def sections(settings: Section, stages: Sequence[Stage]) -> Mapping[str, Section]:
    """Each stage's own settings."""
    return {stage.name: getattr(settings, stage.name) for stage in stages}
