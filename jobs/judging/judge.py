"""Judge: from the command's options to a sample, a sitting, rows of `judgements`, and what they come to."""

import argparse
import getpass
from collections.abc import Callable
from functools import partial
from pathlib import Path

from pyspark.sql import functions as F

from jobs.catalog import JUDGEMENTS
from jobs.judging.journal import Journal, Judgement, folder_of, left_behind
from jobs.judging.report import report
from jobs.judging.samples import Design, Sample, draw
from jobs.judging.server import served
from jobs.judging.sitting import Sitting
from jobs.judging.thresholds import Asked, threshold_of
from jobs.runtime.errors import CorpusmillError
from jobs.runtime.lake import Lake

_NAME_CHARS = 100
Say = Callable[[str], None]
_SAY = partial(print, flush=True)  # the address must be seen also where the output is a pipe


def judge(lake: Lake, options: argparse.Namespace, say: Say = _SAY) -> None:
    """Show documents around the threshold that is asked for, if one is, and print what all judgements come to."""
    folder = folder_of(lake.location, is_registered=lake.registered)
    _commit_left_behind(lake, folder, say)
    asked = Asked(options.rule, options.score, options.stage, options.limit)
    if any(asked[:3]):
        _sit(lake, asked, folder, options, say)
        _commit_left_behind(lake, folder, say)
    elif asked.limit:
        raise CorpusmillError(f"--limit {asked.limit}: found no threshold, expected --rule or --score too.")
    say(report(lake))


def name_of(options: argparse.Namespace) -> str:
    """Who judges."""
    return str(options.judge or getpass.getuser())


def check(options: argparse.Namespace) -> None:
    """Refuse what is wrong before Spark starts. Raises CorpusmillError in one sentence."""
    name = name_of(options)
    if not name.strip() or len(name) > _NAME_CHARS or not name.isprintable():
        raise CorpusmillError(
            f"--judge {name[:40]!r}: found no name, expected up to {_NAME_CHARS} printable characters."
        )
    if not 0 <= options.port < 1 << 16:
        raise CorpusmillError(f"--port {options.port}: found no port, expected 0 (any that is free) to 65535.")


def _sit(lake: Lake, asked: Asked, folder: Path, options: argparse.Namespace, say: Say) -> None:
    name = name_of(options)
    design = Design(options.sample, options.near, options.band, options.seed)
    around = threshold_of(lake, asked)
    sample = draw(lake, around, design)
    known = judged_before(lake, sample, name)
    left = [one for one in sample.documents if (one.batch, one.file, one.offset) not in known]
    if not left:
        say(
            f"All {len(sample.documents):,} documents of this sample are judged by {name}; a larger --sample "
            "or another --seed draws others."
        )
        return
    journal = Journal(folder)
    try:
        sitting = Sitting(sample._replace(documents=left), name, journal)
        with served(sitting, options.port) as address:
            say(
                f"{len(left):,} documents around {around.threshold}. Open this page in a browser on this machine:\n\n"
                f"  {address}\n\nK keeps, D drops, S skips, U takes back; F (or Ctrl-C here) ends. Every verdict is "
                "stored at once."
            )
            _wait(sitting)
    finally:
        journal.close()


def _wait(sitting: Sitting) -> None:
    try:
        while not sitting.finished.wait(0.5):  # a wait without an end would not hear Ctrl-C
            pass
    except KeyboardInterrupt:
        pass  # the other way to say that one is done


def judged_before(lake: Lake, sample: Sample, judge_: str) -> set[tuple[int, str, int]]:
    """Documents of a sample that a person judged already, by batch, file and offset."""
    rows = lake.read("judgements", sample=sample.id, judge=judge_).select("batch", "file", "offset")
    return {tuple(row) for row in rows.collect()}


def _commit_left_behind(lake: Lake, folder: Path, say: Say) -> None:
    with left_behind(folder) as journals:
        for path, judgements in journals:
            added = commit(lake, judgements)
            path.unlink()
            if added:
                say(f"Stored {added:,} judgements in the table judgements.")


def commit(lake: Lake, judgements: list[Judgement]) -> int:
    """Add judgements to the table, but for those that are there: a process that was killed between the table and its
    journal has done half of this. How many were added."""
    names = [one.judgement for one in judgements]
    known = lake.read("judgements").where(F.col("judgement").isin(names)).select("judgement").collect() if names else []
    there = {row["judgement"] for row in known}
    new = [tuple(one) for one in judgements if one.judgement not in there]
    if new:
        lake.add("judgements", lake.spark.createDataFrame(new, JUDGEMENTS.ddl).coalesce(1))
    return len(new)
