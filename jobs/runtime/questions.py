"""What the commands that ask a lake do: `status`, `sql`, `whatif`, `audit`, `programs`, `explain`, `report`. They write
no table and take no lock."""

import argparse
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from pyspark.errors import PySparkException
from pyspark.sql import DataFrame

from jobs import audit as audits
from jobs import whatif as whatifs
from jobs.catalog import TABLES
from jobs.explaining import reading, shown
from jobs.pipeline import STAGES, Settings
from jobs.queries import asking, printed, written
from jobs.reporting import writing
from jobs.review import sampling
from jobs.review.rendering import Style, rendered
from jobs.runtime import lock
from jobs.runtime import run as running
from jobs.runtime.commands import STAGE_NAMES, opened
from jobs.runtime.console import as_table, duration, moment
from jobs.runtime.errors import CorpusmillError
from jobs.runtime.lake import Lake
from jobs.runtime.progress import Batch, Done
from jobs.runtime.workspace import LakeWorkspace
from udfs.programs.compat import Outcome
from udfs.programs.execution import DropReason
from udfs.programs.operations import CallReason
from udfs.settings import Section


def status(settings: Settings, options: argparse.Namespace) -> None:
    """Print each stage's commits and the totals."""
    with opened(settings) as lake:
        done = running.read_progress(lake)
        batches = running.read_batches(lake)
        if not batches:
            print(f"{settings.lake}: an empty lake; corpusmill run --input PATH --lake {settings.lake} fills it.")
            return
        _print_commits(batches, done, running.sections(settings, STAGES))
        _print_survivors(lake)
    _print_totals(batches, done)


def _print_commits(batches: Sequence[Batch], done: Done, sections: Mapping[str, Section]) -> None:
    print(
        f"{'batch':>5}  {'stage':<16} {'in':>10} {'kept':>10} {'rejected':>10} "
        f"{'lost':>8}  {'took':>9}  committed (UTC)"
    )
    for batch in batches:
        for stage in STAGES:
            name, row = stage.name, done.get((stage.name, batch.batch))
            if row is None:
                state = "not done yet" if stage.is_on(sections[name]) else "switched off"
                print(f"{batch.batch:>5}  {name:<16} {state:>41}")
                continue
            print(
                f"{batch.batch:>5}  {name:<16} {row['rows_in']:>10,} {row['rows_kept']:>10,} "
                f"{row['rows_rejected']:>10,} {row['rows_failed']:>8,}  {duration(row['seconds']):>9}  "
                f"{moment(row['finished_at'])}"
            )


def _print_totals(batches: Sequence[Batch], done: Done) -> None:
    read = sum(row["rows_in"] for (name, _), row in done.items() if name == STAGE_NAMES[0])
    published = sum(row["rows_kept"] for (name, _), row in done.items() if name == STAGE_NAMES[-1])
    print(
        f"\n{len(batches):,} batches of {sum(len(batch.files) for batch in batches):,} files; "
        f"{read:,} pages read, {published:,} published ({published / max(read, 1):.0%})."
    )


def _print_survivors(lake: Lake) -> None:
    """What each step of the recipe rejected, over all batches; nothing where no page is screened."""
    query = (
        "SELECT step, sum(pages_in), sum(rejected), sum(pages_left) FROM survivors "
        "GROUP BY step ORDER BY min(position), min(batch), step"
    )
    if "survivors" not in lake.register_views(query):
        return
    rows = lake.spark.sql(query).collect()
    print()
    print(as_table(("step of screening", "pages in", "rejected", "left"), [tuple(row) for row in rows]))


def whatif(settings: Settings, options: argparse.Namespace) -> None:
    """Print what the rules of the settings would keep of what is screened, from stored signals."""
    with opened(settings) as lake:
        rows, steps = whatifs.of_lake(lake, settings.screen)
    print(whatifs.report(rows, steps, settings.screen))


def audit(settings: Settings, options: argparse.Namespace) -> None:
    """Print the near-duplicates that are left in a table of the lake, or in a Delta table at a path."""
    with opened(settings) as lake:
        known = [name for name, table in TABLES.items() if "text" in table.column_names and lake.exists(name)]
        if options.table not in known and "/" not in options.table:
            raise CorpusmillError(
                f"audit {options.table}: found no such table of texts in {settings.lake}, expected one of "
                f"{', '.join(known) or 'those that corpusmill run makes'}, or the path of a Delta table."
            )
        work = LakeWorkspace(lake, f"audit_{lock.new_run_id()}")
        try:
            rows = lake.read(options.table) if options.table in known else _delta_table(lake, options.table)
            found = audits.audit(rows, settings.sign, settings.audit, options.pairs, work)
        finally:
            work.clear()
    print(audits.report(options.table, found, settings.audit))


def _delta_table(lake: Lake, path: str) -> DataFrame:
    try:
        rows = lake.spark.read.format("delta").load(path)
    except PySparkException as error:
        raise CorpusmillError(f"audit {path}: {str(error).strip().splitlines()[0]}") from None
    if "text" not in rows.columns:
        raise CorpusmillError(f"audit {path}: found columns {', '.join(rows.columns)}, expected a column text.")
    return rows


def programs(settings: Settings, options: argparse.Namespace) -> None:
    """Print some documents, line by line, with what their programs do to them."""
    known = dict.fromkeys(str(reason) for reason in (*DropReason, *Outcome, *CallReason))
    if options.reason and options.reason not in known:
        raise CorpusmillError(
            f"--reason {options.reason}: found no such reason, expected one of {', '.join(known)}; see docs/reasons.md."
        )
    with opened(settings) as lake:
        rows = sampling.reviewable(lake.read("refined"), options.batch, options.reason)
        found = sampling.sampled(
            rows, lake.read("programs"), lake.read("deduplicated"), options.sample, options.seed
        ).collect()
        if not found:
            raise CorpusmillError(_why_no_programs(lake, settings.lake, options))
        executed_with = sampling.executed_with(running.read_progress(lake))
    style = _style(options)
    for number, row in enumerate(found):
        print("\n" * (number > 0) + "=" * min(style.width, 40))
        document = sampling.to_document(row, executed_with.get(row["batch"], settings.execute))
        print("\n".join(rendered(document, style)))


def _style(options: argparse.Namespace) -> Style:
    color = options.color == "always" or (options.color == "auto" and sys.stdout.isatty())
    return Style(shutil.get_terminal_size().columns, color, options.whole)


def explain(settings: Settings, options: argparse.Namespace) -> None:
    """Print what became of a page, or write it as HTML."""
    with opened(settings) as lake:
        found = shown.to_be_shown(reading.read(lake, options.page))
    if not options.html:
        print("\n".join(shown.as_rows(found, _style(options))))
        return
    try:
        Path(options.html).write_text(shown.as_html(found), "utf-8")
    except OSError as error:
        raise CorpusmillError(
            f"--html {options.html}: found that it cannot be written ({error.strerror}), expected a file in a folder "
            "that is there."
        ) from None
    print(f"Wrote {options.html}.")


def report(settings: Settings, options: argparse.Namespace) -> None:
    """Write the report of the lake, beside another one where that is asked for."""
    with opened(settings) as lake:
        lakes = [lake]
        if options.compare:
            is_schema = lake.registered and "/" not in options.compare
            is_path = not is_schema and "://" not in options.compare
            other = str(Path(options.compare).expanduser().absolute()) if is_path else options.compare
            lakes.append(Lake(lake.spark, other, registered=is_schema))
        writing.report(lakes, Path(options.out))
    print(f"Wrote {options.out}.")


def _why_no_programs(lake: Lake, where: str, options: argparse.Namespace) -> str:
    if lake.read("programs").where("program != ''").isEmpty():
        return (
            f"programs: found none in {where}, expected some to show; set propose.proposer to rules, recorded or "
            "endpoint (docs/programs.md) and run corpusmill run."
        )
    if lake.read("refined").where("programs > 0").isEmpty():
        return f"programs: found none executed in {where}, expected some to show; corpusmill run executes them."
    wanted = [f"in batch {options.batch}"] * (options.batch is not None) + [f"with {options.reason}"] * bool(
        options.reason
    )
    return f"programs: found no document {' '.join(wanted)}, expected one with programs; try others, or none of them."


def sql(settings: Settings, options: argparse.Namespace) -> None:
    """Print the rows of a query over the tables and views, or write them to a file."""
    asking.check(options.query)
    if options.out:
        written.check(options.out)
    with opened(settings) as lake, asking.asked(lake, options.query) as rows:
        if options.out:
            print(f"Wrote {options.out}: {written.write(rows, options.out):,} rows.")
            return
        found = rows.limit(options.rows + 1).toArrow()
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    print(printed.as_text(found.slice(0, options.rows), width))
    if found.num_rows > options.rows:
        print(f"... and more; --rows N shows more than {options.rows}, --out FILE.csv or FILE.parquet writes all.")
