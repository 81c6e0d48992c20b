"""Measure a rater and a refiner against ratings, human judgements, domains and pages with their main text.

    python -m jobs.evaluate_models --ratings R.parquet --human H.parquet --pages P1.parquet P2.parquet \\
        --domains D.parquet --json OUT --html OUT.html

The models are the shipped ones unless --rater and --refiner name others. Prints a table, and writes rows {task, source,
metric, value, low, high, n} as JSON, and a page with plots. What no file is given for is not measured. Needs neither
Spark nor torch nor a network; a GPU is not used. The same files, models and seed give the same rows, whatever the order
of the files' rows and columns.
"""

import argparse
import json
import os
import sys
import textwrap
import time
from collections.abc import Sequence
from pathlib import Path

from jobs.evaluation.about import About, method
from jobs.evaluation.evaluating import Models, Truth, evaluated
from jobs.evaluation.intervals import Bootstrap, Result
from jobs.evaluation.judges import load_judge, load_refiner, trained_on
from jobs.evaluation.page import page
from jobs.evaluation.pages import read_pages
from jobs.evaluation.table import table
from jobs.evaluation.truth import read_domains, read_judgements, read_ratings
from jobs.runtime.errors import exit_status

RATER, REFINER = "rater-e5-v2", "refiner-lines-v3"
LIVE_SECONDS = 0.5
WIDTH = 120  # of what is printed about the figures


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns 2 with one sentence on stderr for bad input."""
    options = _parser().parse_args(arguments)
    return exit_status(lambda: print(evaluate(options)), "the model", "cpu")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Measure a rater and a refiner.")
    add = parser.add_argument
    add("--ratings", type=Path, help="Parquet file of rated texts")
    add("--human", type=Path, help="Parquet file of texts that people judged good or bad")
    add("--domains", type=Path, help="Parquet file of texts with a domain")
    add("--pages", type=Path, nargs="+", default=[], help="Parquet files of pages with their main text")
    add("--rater", default=RATER, help="a rater of models/ by its name, or the folder of one")
    add(
        "--refiner",
        nargs="+",
        default=[REFINER],
        help="rules, a line tagger (name, folder, FOLDER@safe or FOLDER@0.4), or one or two decoders",
    )
    add(
        "--documents",
        choices=("rater", "refiner"),
        default="rater",
        help="whose decisions on documents are document_f1: the rule on the rater's edu and format, or the refiner's",
    )
    add("--json", type=Path, help="file for the rows")
    add("--html", type=Path, help="file for a page with tables and plots")
    add("--resamples", type=int, default=1000, help="of the bootstrap; 0: no intervals")
    add("--seed", type=int, default=0, help="of the bootstrap")
    add("--sample", type=int, default=0, help="rows of each file at most, for a quick look; 0: all")
    add("--threads", type=int, default=1, help="threads of a model")
    return parser


def _check(options: argparse.Namespace) -> None:
    if not (options.ratings or options.human or options.domains or options.pages):
        raise ValueError("found nothing to compare with; give --ratings, --human, --domains or --pages.")
    for name, least in (("resamples", 0), ("sample", 0), ("seed", 0), ("threads", 1)):
        if getattr(options, name) < least:
            raise ValueError(f"--{name} is {getattr(options, name)}, expected {least} or more; correct it.")
    for path in (options.json, options.html):
        if path and (path.is_dir() or not path.absolute().parent.is_dir()):
            raise ValueError(f"{path} cannot be written, expected a file in a folder that is there; name another.")


def evaluate(options: argparse.Namespace) -> str:
    """Measure, and write what is asked for; the table to print. Raises ValueError in one sentence for bad input."""
    _check(options)
    started = time.monotonic()
    most = options.sample
    truth = Truth(
        ratings=read_ratings(options.ratings, most) if options.ratings else (),
        human=read_judgements(options.human, most) if options.human else (),
        domains=read_domains(options.domains, most) if options.domains else (),
        pages=read_pages(options.pages, most) if options.pages else (),
    )
    models = Models(
        load_judge(options.rater, options.threads), load_refiner(options.refiner, options.threads), options.documents
    )
    results = evaluated(truth, models, Bootstrap(options.resamples, options.seed), _Progress())
    files = [path for path in (options.ratings, options.human, options.domains, *options.pages) if path]
    about = About(
        rater=options.rater,
        refiner=" and ".join(options.refiner),
        threshold=models.refiner.threshold,
        files=[path.name for path in files],
        sample=most,
        resamples=options.resamples,
        seed=options.seed,
        seconds=time.monotonic() - started,
        trained_on=[path.name for path in trained_on(files, [options.rater, *options.refiner])],
    )
    if options.json:
        _write(options.json, as_json(results))
    if options.html:
        _write(options.html, page(results, about))
    return f"{textwrap.fill(method(about), WIDTH)}\n\n{table(results)}"


def as_json(results: Sequence[Result]) -> str:
    """A list of objects, one a line; what is not defined is null."""
    rows = ",\n ".join(json.dumps(one._asdict(), ensure_ascii=True, allow_nan=False) for one in results)
    return f"[{rows}]\n"


def _write(path: Path, text: str) -> None:
    """All of it or nothing."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_text(text, encoding="utf-8", errors="backslashreplace")
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise ValueError(f"{path} cannot be written ({error.strerror}); name another file.") from None


class _Progress:
    """A live line on a terminal, nothing elsewhere."""

    def __init__(self) -> None:
        self._last = 0.0

    def __call__(self, text: str) -> None:
        now = time.monotonic()
        if sys.stderr.isatty() and now - self._last > LIVE_SECONDS:
            sys.stderr.write(f"\r\x1b[K{text}\r")
            sys.stderr.flush()
            self._last = now


if __name__ == "__main__":
    sys.exit(main())
