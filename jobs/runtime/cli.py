"""The command line. `corpusmill`, `python -m jobs.pipeline`, `spark-submit jobs/pipeline.py` and the wheel's entry
point all come here.

Exit status: 0 done, 1 a stage failed, 2 wrong settings or input, 130 interrupted.
"""

import argparse
import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import udfs
from jobs.runtime.errors import CorpusmillError

if TYPE_CHECKING:
    from jobs.pipeline import Settings

COMMANDS = {
    "run": "do what is pending: read new files, and every stage whose rows are missing or out of date",
    "plan": "say what run would do, and why; does nothing",
    "status": "show what each stage did with each batch, and the tables",
    "whatif": "say what other thresholds (--set, --conf) would keep of what is screened, from stored signals",
    "audit": "look for near-duplicates that are left in a table of texts, by parameters that no stage used",
    "programs": "show a sample of documents with their programs: lines that go, what is replaced, calls that count",
    "explain": "show what became of a page, by URL or doc_id: each cut with its reason, or what dropped it",
    "report": "write what the lake holds and what became of its pages as one HTML file",
    "judge": "show you documents near a threshold, in a browser, and say how far rules and models agree with you",
    "sql": "ask the tables: documents, screened, duplicates, deduplicated, programs, refined, ratings, corpus, losses, "
    "files, progress, batches, and others; and the views documents_all, reasons, signals_wide, domain_quality, "
    "clusters, survivors, stage_flow, program_statistics, and others (docs/sql.md)",
}
EXAMPLES = """examples:
  corpusmill run --input '/data/CC-MAIN-2026-10/*.warc.gz' --lake ./lake
  corpusmill plan --lake ./lake --set screen.rules.word_count.at_least=100
  corpusmill whatif --lake ./lake --set screen.rules.word_count.at_least=100
  corpusmill programs --lake ./lake --sample 5 --reason missing_target
  corpusmill explain --lake ./lake https://river.example/tale --html tale.html
  corpusmill report --lake ./lake --out report.html
  corpusmill judge --lake ./lake --rule word_count
  corpusmill sql --lake ./lake "SELECT domain, quality, count(*) FROM corpus GROUP BY ALL ORDER BY ALL"
Every setting, with its meaning and default, is in conf/local.yaml."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command in `arguments` (those of the process by default) and exit."""
    sys.exit(run_command(sys.argv[1:] if arguments is None else arguments))


def main_of_stage(stage: str) -> NoReturn:
    """What `spark-submit jobs/<stage>.py` does: `run` of that stage alone."""
    sys.exit(run_command(["run", "--only", stage, *sys.argv[1:]]))


def run_command(arguments: Sequence[str]) -> int:
    """The exit status of a command; errors meant for the user are printed as their sentence."""
    try:
        options = _parser().parse_args(arguments)
        settings = _settings(options)
        # Imports Spark, which --help and a wrong option need not wait for.
        from jobs.runtime import commands, questions

        module = questions if hasattr(questions, options.command) else commands
        getattr(module, options.command)(settings, options)
    except CorpusmillError as error:
        print(f"corpusmill: {error}", file=sys.stderr)
        return error.exit_status
    except KeyboardInterrupt:
        print("corpusmill: interrupted; what is committed stays, run again to go on.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `corpusmill sql ... | head`
        with contextlib.suppress(OSError):
            sys.stdout.close()
    return 0


class _Parser(argparse.ArgumentParser):
    """Errors as one sentence, like all others."""

    def error(self, message: str) -> NoReturn:
        raise CorpusmillError(f"{message}; see corpusmill {self.prog.partition(' ')[2]} --help".replace("  ", " "))


def _parser() -> argparse.ArgumentParser:
    shared = _Parser(add_help=False)
    shared.add_argument("--lake", metavar="DIR", help="folder or URI of the tables (default: ./lake)")
    shared.add_argument(
        "--input", metavar="PATH", action="append", default=[], help="file, glob or folder to read; may be given again"
    )
    shared.add_argument(
        "--conf", metavar="FILE", action="append", default=[], help="YAML file of settings; a later one wins"
    )
    shared.add_argument(
        "--set",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="one setting, such as screen.rules.word_count.at_least=100",
    )
    parser = _Parser(
        prog="corpusmill",
        description="Turns raw web crawls into pretraining corpora, on Spark.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"corpusmill {udfs.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=_Parser)
    for name, help_text in COMMANDS.items():
        command = commands.add_parser(name, help=help_text, description=help_text, parents=[shared])
        _add_own_options(name, command)
    return parser


def _add_own_options(name: str, command: argparse.ArgumentParser) -> None:
    """The options that one command has alone."""
    own = {
        "run": _add_options_of_run,
        "audit": _add_options_of_audit,
        "programs": _add_options_of_programs,
        "explain": _add_options_of_explain,
        "report": _add_options_of_report,
        "judge": _add_options_of_judge,
        "sql": _add_options_of_sql,
    }
    if name in own:
        own[name](command)


def _add_options_of_run(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--only", metavar="STAGE", action="append", default=[], help="do this stage only; may be given again"
    )
    command.add_argument(
        "--redo", metavar="BATCH", type=int, action="append", default=[], help="do a batch again from its files"
    )


def _add_options_of_audit(command: argparse.ArgumentParser) -> None:
    command.add_argument("table", nargs="?", default="corpus", help="a table of the lake, or the path of a Delta table")
    command.add_argument("--pairs", type=int, default=5, help="show at most this many pairs (default: 5)")


def _add_options_of_programs(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--sample", metavar="N", type=_at_least_one, default=20, help="show so many documents (default: 20)"
    )
    command.add_argument("--seed", type=int, default=0, help="another seed draws other documents (default: 0)")
    command.add_argument("--batch", metavar="N", type=int, help="documents of this batch only")
    command.add_argument("--reason", default="", help="only documents with this reason, of the document or of a call")
    _add_options_of_pages(command)


def _add_options_of_explain(command: argparse.ArgumentParser) -> None:
    command.add_argument("page", metavar="URL|doc_id", help="the page: its address as crawled, or its doc_id")
    command.add_argument("--html", metavar="FILE", help="write a page for a browser instead, one file without script")
    _add_options_of_pages(command)


def _add_options_of_pages(command: argparse.ArgumentParser) -> None:
    command.add_argument("--whole", action="store_true", help="every line and call, in full")
    command.add_argument(
        "--color", choices=("auto", "always", "never"), default="auto", help="auto: on a terminal (default)"
    )


def _add_options_of_report(command: argparse.ArgumentParser) -> None:
    command.add_argument("--out", metavar="FILE", default="report.html", help="the file (default: report.html)")
    command.add_argument("--compare", metavar="LAKE", help="another lake, shown side by side with this one")


def _add_options_of_sql(command: argparse.ArgumentParser) -> None:
    command.add_argument("query", help="a SELECT statement, or DESCRIBE, SHOW, EXPLAIN; docs/sql.md has examples")
    command.add_argument(
        "--rows", metavar="N", type=_at_least_one, default=100, help="print at most this many rows (default: 100)"
    )
    command.add_argument("--out", metavar="FILE", default="", help="write all rows to FILE.csv or FILE.parquet")


def _add_options_of_judge(command: argparse.ArgumentParser) -> None:
    from udfs.models.criteria import CRITERIA, EXTRA_SCORES

    near = command.add_mutually_exclusive_group()
    near.add_argument("--rule", metavar="NAME", default="", help="documents near the limit of a rule of screening")
    near.add_argument(
        "--score", choices=(*CRITERIA, *EXTRA_SCORES), default="", help="documents near a limit of a score of the rater"
    )
    near.add_argument("--stage", choices=("execute",), default="", help="documents that programs took much from")
    command.add_argument(
        "--limit", default="", help="the limit, or the name of one of the rule's (default: the rule's; 2.5 for a score)"
    )
    command.add_argument(
        "--sample", metavar="N", type=_at_least_one, default=40, help="so many, half of each side (default: 40)"
    )
    command.add_argument(
        "--near", metavar="N", type=_at_least_one, default=500, help="of the N nearest of each side (default: 500)"
    )
    command.add_argument(
        "--band", metavar="WIDTH", type=_width, default=0.0, help="of those within this of the limit instead"
    )
    command.add_argument("--seed", type=int, default=0, help="another seed draws other documents (default: 0)")
    command.add_argument("--judge", metavar="NAME", default="", help="who judges (default: the user)")
    command.add_argument("--port", type=int, default=0, help="of the page, on 127.0.0.1 (default: any that is free)")


def _width(text: str) -> float:
    try:
        width = float(text)
    except ValueError:
        width = 0.0
    if not 0 < width < float("inf"):
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a number above 0")
    return width


def _at_least_one(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a number from 1 on")
    return number


def _settings(options: argparse.Namespace) -> "Settings":
    import json

    from jobs.pipeline import Settings
    from jobs.runtime.settings import load

    assignments = list(options.set)
    if options.lake is not None:
        assignments.append(f"lake={json.dumps(options.lake)}")
    if options.input:
        assignments.append(f"ingest.input={json.dumps(options.input)}")
    settings = load(Settings, options.conf, assignments)
    if "://" not in settings.lake:
        settings = settings.model_copy(update={"lake": str(Path(settings.lake).expanduser().absolute())})
    return settings
