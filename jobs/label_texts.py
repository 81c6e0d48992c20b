"""Labels by a large language model: texts in, ratings out, in the columns that train_rater and the evaluation take.

    python -m jobs.label_texts --texts pages.parquet --out labels --url http://localhost:8000/v1 --model NAME

Asks a chat endpoint of OpenAI's form, or reads recorded answers alone where no --url is given. Every request and reply
is a row of `answers.jsonl` at once; a run that was stopped goes on from there, and what is answered is not asked again.
Needs neither Spark nor an extra. docs/labels.md says the rest.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pydantic import ValidationError

from jobs.training.written_labels import REPORT_FILE, write_labels
from udfs.models.manifest import ModelError
from udfs.models.tokens import load_tokenizer
from udfs.settings import Section
from udfs.teaching.chat import REFUSED, ChatSettings, ServerDownError, Teacher
from udfs.teaching.clipping import HALF_TOKENS, tokens_of, words
from udfs.teaching.exchanges import Exchange, appending, read_exchanges, to_line
from udfs.teaching.labels import labels_of
from udfs.teaching.ledger import Asking, Key, Ledger
from udfs.teaching.requests import TASKS
from udfs.teaching.rows import BadRow
from udfs.teaching.splits import SplitSettings
from udfs.teaching.texts import Text, read_texts

_SHOWN_BAD_ROWS = 3

Settings = TypeVar("Settings", bound=Section)
Row = TypeVar("Row", Text, Exchange)


class Job(NamedTuple):
    """What is to be labelled, how, and where to."""

    texts: list[Path]
    out: Path
    answers: Path  # grows
    recorded: list[Path]  # answers that were made elsewhere
    second: list[Path]  # answers of another teacher, for the column of that name
    licence: str  # of texts that state none
    asking: Asking
    chat: ChatSettings
    splits: SplitSettings


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns 2 with one sentence on stderr for bad input, 1 where the server stopped answering."""
    try:
        return label(_job(_parser().parse_args(arguments)))
    except (ValueError, ModelError) as error:
        print(error, file=sys.stderr)
    except KeyboardInterrupt:
        print("Stopped; what came is kept, run this again to go on.", file=sys.stderr)
        return 130
    except OSError as error:
        print(f"{error.filename} cannot be written ({error.strerror}); name another.", file=sys.stderr)
    return 2


def label(job: Job) -> int:
    """Ask what is still to be asked, then write the labels; 1 where the server stopped answering, else 0.

    Raises ValueError in one sentence for bad input, OSError where nothing can be written.
    """
    texts = _read_texts(job)
    ledger = _ledger(texts, job.asking, [*([job.answers] if job.answers.exists() else []), *job.recorded])
    teacher = Teacher(job.chat, has_replied=bool(ledger.answers)) if job.chat.url else None
    down = _ask(teacher, ledger, texts, job) if teacher else ""
    second = _ledger(texts, job.asking._replace(model=""), job.second) if job.second else None
    labels = labels_of(texts, ledger, second, job.asking.tasks, job.splits)
    write_labels(job.out, texts, ledger, labels, job.asking.tasks, job.splits)
    print(f"{labels.all.num_rows:,} of {len(texts):,} texts are labelled; {job.out / REPORT_FILE} says more.")
    if down:
        print(f"The server stopped answering ({down}); run this again to go on.", file=sys.stderr)
    return 1 if down else 0


def _ask(teacher: Teacher, ledger: Ledger, texts: list[Text], job: Job) -> str:
    """Rounds of questions until all are answered or given up; returns why the server stopped answering, or ""."""
    refused: set[Key] = set()  # in this run; in another one the server may have more room
    try:
        with appending(job.answers) as file:
            for number in range(1, job.asking.rounds + 1):
                asked = failed = 0
                for row in teacher.answers(row for row in ledger.open(texts) if row.key not in refused):
                    file.write(to_line(row))
                    file.flush()
                    if row.finish == REFUSED:
                        refused.add(row.key)
                    asked += 1
                    failed += ledger.note(row) is not None
                if not asked:
                    break
                print(f"round {number}: {asked:,} asked, {failed:,} without an answer", file=sys.stderr)
    except BlockingIOError:
        raise ValueError(f"another process appends to {job.answers}; wait for it, or name another file.") from None
    except ServerDownError as error:
        return str(error)
    return ""


def _read_texts(job: Job) -> list[Text]:
    texts = list(_good(read_texts(job.texts), "texts"))
    if not texts:
        raise ValueError("found no text, expected rows with id and text; correct --texts.")
    return [text if text.licence else text._replace(licence=job.licence) for text in texts]


def _ledger(texts: list[Text], asking: Asking, files: list[Path]) -> Ledger:
    ledger = Ledger(texts, asking)
    for row in _good(read_exchanges(files), "answers"):
        ledger.note(row)
    return ledger


def _good(rows: Iterable[Row | BadRow], what: str) -> Iterator[Row]:
    """The rows that can be used; the others are told when all are read."""
    bad: list[BadRow] = []
    for row in rows:
        if isinstance(row, BadRow):
            bad.append(row)
        else:
            yield row
    if bad:
        shown = "; ".join(map(str, bad[:_SHOWN_BAD_ROWS]))
        more = "; ..." if len(bad) > _SHOWN_BAD_ROWS else ""
        print(f"{len(bad):,} rows of {what} are passed over: {shown}{more}", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Label texts with a large language model.")
    add = parser.add_argument
    add("--texts", type=Path, nargs="+", required=True, help="Parquet or JSONL with id and text; docs/labels.md")
    add("--out", type=Path, required=True, help="folder of the labels")
    add("--answers", type=Path, help="file of requests and replies, which grows; default: answers.jsonl in --out")
    add("--recorded", type=Path, nargs="+", default=[], help="answers that were made elsewhere")
    add("--second", type=Path, nargs="+", default=[], help="answers of another teacher, for the column second")
    add("--licence", default="", help="licence of texts that state none")
    add("--tasks", nargs="+", choices=TASKS, default=list(TASKS), help="what is asked about a text")
    add("--rounds", type=int, default=3, help="replies to a request until it is given up")
    add("--tokenizer", type=Path, help="tokenizer.json by which texts are cut; without one, words are counted")
    add("--half-tokens", type=int, default=HALF_TOKENS, help="tokens shown from the start and from the end of a text")
    for section in (ChatSettings, SplitSettings):
        for name, field in section.model_fields.items():
            kind: Any = field.annotation if field.annotation in {int, float} else str
            add(f"--{name.replace('_', '-')}", type=kind, default=field.default, help=field.description)
    return parser


def _job(given: argparse.Namespace) -> Job:
    """The job of a command line. Raises ValueError and ModelError."""
    for name in ("rounds", "half_tokens"):
        if getattr(given, name) < 1:
            raise ValueError(f"--{name.replace('_', '-')} is {getattr(given, name)}, expected 1 or more; correct it.")
    chat, splits = _section(ChatSettings, given), _section(SplitSettings, given)
    tasks = tuple(task for task in TASKS if task in given.tasks)
    spans = tokens_of(load_tokenizer(given.tokenizer.expanduser())) if given.tokenizer else words
    return Job(
        given.texts,
        given.out,
        given.answers or given.out / "answers.jsonl",
        given.recorded,
        given.second,
        given.licence,
        Asking(tasks, chat.model, given.rounds, spans, given.half_tokens),
        chat,
        splits,
    )


def _section(section: type[Settings], given: argparse.Namespace) -> Settings:
    try:
        return section(**{name: getattr(given, name) for name in section.model_fields})
    except ValidationError as error:
        first = error.errors()[0]
        flag = str(first["loc"][0]).replace("_", "-")
        raise ValueError(f"--{flag} is {first['input']!r}: {first['msg']}; correct it.") from None


if __name__ == "__main__":
    sys.exit(main())
