"""What the commands do: `run`, `plan`, `status`, `sql`. Settings are checked as far as possible before Spark starts."""

import argparse
import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from pyspark.errors import PySparkException

from jobs.ingest import find_input
from jobs.pipeline import STAGES, Settings
from jobs.rate import check_model
from jobs.runtime import lock
from jobs.runtime import run as running
from jobs.runtime.console import Console, duration
from jobs.runtime.errors import CorpusmillError
from jobs.runtime.lake import Lake
from jobs.runtime.progress import Done, Pending, grow
from jobs.runtime.progress import plan as plan_work
from jobs.runtime.session import check_one_distribution, open_session

STAGE_NAMES = tuple(stage.name for stage in STAGES)


def run(settings: Settings, options: argparse.Namespace) -> None:
    """Do what is pending, and say what was done."""
    for name in options.only:
        if name not in STAGE_NAMES:
            raise CorpusmillError(f"--only {name}: found no such stage, expected one of {', '.join(STAGE_NAMES)}.")
    _check(settings)
    files = find_input(settings.ingest)
    console = Console()
    run_id = lock.new_run_id()
    with _locked(settings, run_id) as lake:
        known = running.read_batches(lake)
        if not known and not files:
            raise CorpusmillError(
                "found no input and an empty lake, expected files to read: give --input PATH, or set ingest.input."
            )
        for batch in grow(known, files, settings.ingest.batches):
            running.write_batch(lake, batch)
        for number in options.redo:
            if number not in {batch.batch for batch in known}:
                raise CorpusmillError(f"--redo {number}: found no such batch; corpusmill status lists them.")
            running.forget(lake, number, STAGES)
        _run_pending(settings, lake, options.only, run_id, console)


def _run_pending(settings: Settings, lake: Lake, only: Sequence[str], run_id: str, console: Console) -> None:
    done = running.read_progress(lake)
    sections = running.sections(settings, STAGES)
    pending = plan_work(STAGES, running.read_batches(lake), done, sections)
    wanted = [work for work in pending if not only or work.stage.name in only]
    if not wanted:
        console.line("Nothing is pending: every stage is done for every batch.")
        return
    waiting = {(work.stage.name, work.batch.batch) for work in pending}
    for work in wanted:
        _refuse_missing_input(work, waiting)
        row = running.do(lake, work, sections[work.stage.name], settings.run, rows_given(work, done), run_id, console)
        done[work.stage.name, work.batch.batch] = row
        waiting.discard((work.stage.name, work.batch.batch))


def rows_given(work: Pending, done: Done) -> int:
    """How many documents the stage's input kept: its last input's, through which documents come in."""
    writers = {table: stage.name for stage in STAGES for table in stage.writes}
    writer = writers.get(work.stage.reads[-1])
    return int(done[writer, work.batch.batch]["rows_kept"]) if writer else 0


def _refuse_missing_input(work: Pending, waiting: set[tuple[str, int]]) -> None:
    for stage in STAGES:
        if set(stage.writes) & set(work.stage.reads) and (stage.name, work.batch.batch) in waiting:
            raise CorpusmillError(
                f"{work.stage.name}, batch {work.batch.batch}: found its input stage {stage.name} pending, expected "
                "it done; "
                f"run without --only, or add --only {stage.name}."
            )


def plan(settings: Settings, options: argparse.Namespace) -> None:
    """Print the pending work and its reasons."""
    files = find_input(settings.ingest)
    with _opened(settings) as lake:
        known = running.read_batches(lake)
        grown = grow(known, files, settings.ingest.batches)
        batches = {batch.batch: batch for batch in (*known, *grown)}.values()
        pending = plan_work(STAGES, list(batches), running.read_progress(lake), running.sections(settings, STAGES))
    if not pending:
        print("Nothing is pending: every stage is done for every batch.")
    for number, works in _by_batch(pending):
        batch = works[0].batch
        print(f"batch {number} ({batch.crawl}, {len(batch.files):,} files, {batch.size_bytes / 1e6:,.1f} MB)")
        for work in works:
            print(f"  {work.stage.name:<12} {'; '.join(work.reasons)}")


def _by_batch(pending: Sequence[Pending]) -> list[tuple[int, list[Pending]]]:
    numbers = dict.fromkeys(work.batch.batch for work in pending)
    return [(number, [work for work in pending if work.batch.batch == number]) for number in numbers]


def status(settings: Settings, options: argparse.Namespace) -> None:
    """Print each stage's commits and the totals."""
    with _opened(settings) as lake:
        done = running.read_progress(lake)
        batches = running.read_batches(lake)
    if not batches:
        print(f"{settings.lake}: an empty lake; corpusmill run --input PATH --lake {settings.lake} fills it.")
        return
    print(
        f"{'batch':>5}  {'stage':<12} {'in':>10} {'kept':>10} {'rejected':>10} "
        f"{'lost':>8}  {'took':>9}  committed (UTC)"
    )
    for batch in batches:
        for name in STAGE_NAMES:
            row = done.get((name, batch.batch))
            if row is None:
                print(f"{batch.batch:>5}  {name:<12} {'not done yet':>41}")
                continue
            print(
                f"{batch.batch:>5}  {name:<12} {row['rows_in']:>10,} {row['rows_kept']:>10,} "
                f"{row['rows_rejected']:>10,} {row['rows_failed']:>8,}  {duration(row['seconds']):>9}  "
                f"{row['finished_at']:%Y-%m-%d %H:%M:%S}"
            )
    read = sum(row["rows_in"] for (name, _), row in done.items() if name == STAGE_NAMES[0])
    published = sum(row["rows_kept"] for (name, _), row in done.items() if name == STAGE_NAMES[-1])
    print(
        f"\n{len(batches):,} batches of {sum(len(batch.files) for batch in batches):,} files; "
        f"{read:,} pages read, {published:,} published ({published / max(read, 1):.0%})."
    )


def sql(settings: Settings, options: argparse.Namespace) -> None:
    """Print the rows of a query over the tables."""
    with _opened(settings) as lake:
        names = lake.register_views()
        try:
            rows = lake.spark.sql(options.query)
            found = rows.limit(options.rows + 1).collect()
        except PySparkException as error:
            first = str(error).strip().splitlines()[0]
            raise CorpusmillError(
                f"sql: {first} (tables of {settings.lake}: {', '.join(names) or 'none yet'})"
            ) from None
        print(as_table(rows.columns, [list(row) for row in found[: options.rows]]))
        if len(found) > options.rows:
            print(f"... and more; --rows N shows more than {options.rows}.")


def as_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Rows in aligned columns, numbers to the right, long values cut."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max([len(name), *(len(row[at]) for row in cells)]) for at, name in enumerate(columns)]
    right = [all(isinstance(row[at], (int, float)) or row[at] is None for row in rows) for at in range(len(columns))]
    lines = [list(columns), ["-" * width for width in widths], *cells]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if align else cell.ljust(width)
            for cell, width, align in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in lines
    )


def _cell(value: object) -> str:
    if value is None:
        return "-"
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    text = " ".join(text.split())
    return text if len(text) <= 80 else text[:79] + "…"


def _check(settings: Settings) -> None:
    check_one_distribution()
    check_model(settings.rate)


@contextlib.contextmanager
def _opened(settings: Settings, *, for_work: bool = False) -> Iterator[Lake]:
    """The lake; `for_work` makes sure that the executors are fit too."""
    spark = open_session(settings.spark, for_work=for_work)
    if settings.metastore_schema:
        yield Lake(spark, settings.metastore_schema, registered=True)
    else:
        yield Lake(spark, settings.lake)


@contextlib.contextmanager
def _locked(settings: Settings, run_id: str) -> Iterator[Lake]:
    """The lake, to write: held against other runs. On a local disk that is known before Spark starts."""
    if not settings.metastore_schema and "://" not in settings.lake:
        with lock.hold_folder(Path(settings.lake), run_id), _opened(settings, for_work=True) as lake:
            yield lake
    else:
        with (
            _opened(settings, for_work=True) as lake,
            lock.hold_table(lake.spark, lake.identifier("lease"), lake.location, run_id),
        ):
            yield lake
