"""What the commands that write tables or are about work do: `run`, `plan` and `judge`. Settings are checked as far as
possible before Spark starts."""

import argparse
import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from jobs import dedup_bloom, sign
from jobs.ingest import find_input
from jobs.judging import judge as judging
from jobs.pipeline import STAGES, Settings
from jobs.proposers import check as check_proposer
from jobs.rate import check_model
from jobs.reporting.settings import report_file
from jobs.reporting.writing import report_of_run
from jobs.runtime import lock
from jobs.runtime import run as running
from jobs.runtime.console import Console
from jobs.runtime.errors import CorpusmillError
from jobs.runtime.lake import Lake
from jobs.runtime.models import hand_over
from jobs.runtime.progress import Done, Pending, grow
from jobs.runtime.progress import plan as plan_work
from jobs.runtime.session import check_one_distribution, open_session
from jobs.runtime.stage import OFF
from udfs.text import recipes

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
        has_worked = _run_pending(settings, lake, options.only, run_id, console)
        file = report_file(settings.report, settings.lake, settings.metastore_schema)
        if settings.report.enabled and (has_worked or not file.exists()):
            report_of_run(lake, file, console)


def _run_pending(settings: Settings, lake: Lake, only: Sequence[str], run_id: str, console: Console) -> bool:
    """Do what is pending; whether that was anything."""
    done = running.read_progress(lake)
    sections = running.sections(settings, STAGES)
    pending = plan_work(STAGES, running.read_batches(lake), done, sections)
    wanted = [work for work in pending if not only or work.stage.name in only]
    if not wanted:
        console.line("Nothing is pending: every stage is done for every batch.")
        return False
    if settings.spark.hand_over_models:
        hand_over(lake.spark, (model for work in wanted for model in work.stage.models(sections[work.stage.name])))
    waiting = {(work.stage.name, work.batch.batch) for work in pending}
    for work in wanted:
        _refuse_missing_input(work, waiting)
        row = running.do(lake, work, sections[work.stage.name], settings.run, rows_given(work, done), run_id, console)
        done[work.stage.name, work.batch.batch] = row
        waiting.discard((work.stage.name, work.batch.batch))
    return True


def rows_given(work: Pending, done: Done) -> int:
    """How many documents the stage's input kept: its last input's, through which documents come in, as the last stage
    left it that is not switched off."""
    rows = [done.get((name, work.batch.batch)) for name in work.sources[work.stage.reads[-1]]]
    kept = [row["rows_kept"] for row in rows if row is not None and row["parts"] != OFF]
    return int(kept[-1]) if kept else 0


def _refuse_missing_input(work: Pending, waiting: set[tuple[str, int]]) -> None:
    for name in (name for names in work.sources.values() for name in names):
        if (name, work.batch.batch) in waiting:
            raise CorpusmillError(
                f"{work.stage.name}, batch {work.batch.batch}: found its input stage {name} pending, expected it done; "
                f"run without --only, or add --only {name}."
            )


def plan(settings: Settings, options: argparse.Namespace) -> None:
    """Print the pending work and its reasons."""
    files = find_input(settings.ingest)
    with opened(settings) as lake:
        known = running.read_batches(lake)
        grown = grow(known, files, settings.ingest.batches)
        batches = {batch.batch: batch for batch in (*known, *grown)}.values()
        pending = plan_work(STAGES, list(batches), running.read_progress(lake), running.sections(settings, STAGES))
    for note in recipes.read(settings.screen.recipe, settings.screen.source).notes:
        print(f"recipe {settings.screen.recipe}: {note}")
    if settings.sign.enabled:
        print(f"sign: {sign.note(settings.sign)}")
    if settings.dedup_bloom.enabled:
        print(f"dedup_bloom: {dedup_bloom.note(settings.dedup_bloom)}")
    if not pending:
        print("Nothing is pending: every stage is done for every batch.")
    for number, works in _by_batch(pending):
        batch = works[0].batch
        print(f"batch {number} ({batch.crawl}, {len(batch.files):,} files, {batch.size_bytes / 1e6:,.1f} MB)")
        for work in works:
            print(f"  {work.stage.name:<16} {'; '.join(work.reasons)}")


def judge(settings: Settings, options: argparse.Namespace) -> None:
    """Show documents near a threshold to a person, and print how far the stages agree with them. It adds to a table of
    its own, so it needs no lock."""
    judging.check(options)
    with opened(settings) as lake:
        judging.judge(lake, options)


def _by_batch(pending: Sequence[Pending]) -> list[tuple[int, list[Pending]]]:
    numbers = dict.fromkeys(work.batch.batch for work in pending)
    return [(number, [work for work in pending if work.batch.batch == number]) for number in numbers]


def _check(settings: Settings) -> None:
    check_one_distribution()
    check_proposer(settings.propose)
    check_model(settings.rate)


@contextlib.contextmanager
def opened(settings: Settings, *, for_work: bool = False) -> Iterator[Lake]:
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
        with lock.hold_folder(Path(settings.lake), run_id), opened(settings, for_work=True) as lake:
            yield lake
    else:
        with (
            opened(settings, for_work=True) as lake,
            lock.hold_table(lake.spark, lake.identifier("lease"), lake.location, run_id),
        ):
            yield lake
