"""What people, a large language model or sources say of texts and pages, read from Parquet files.

Columns are found by name, whatever their order. Rows are put into an order of their own, so that neither the order of
the files nor that of their rows changes a result. Refused, in one sentence: a file without the columns, a value that
none can be.
"""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from jobs.evaluation.intervals import ALL, MEAN
from udfs.models.criteria import CRITERIA, DOMAINS
from udfs.models.manifest import SCORES

Row = dict[str, Any]
Check = Callable[[object], bool]

_LETTERS = [chr(ord("A") + place) for place in range(len(DOMAINS))]
_NOT_A_LETTER = re.compile("[^a-z0-9]+")


class Text(NamedTuple):
    """What all truths have; `source` and `lang` are empty where the file does not say."""

    id: str
    source: str
    lang: str
    text: str


class RatedText(NamedTuple):
    """A text with the ratings that are held to be true."""

    text: Text
    scores: tuple[int, ...]  # in the order of SCORES
    domain: int  # its position in DOMAINS
    second: tuple[tuple[int, ...], int] | None = None  # scores and domain as somebody else rated it


class JudgedText(NamedTuple):
    """A text that people called good or bad."""

    text: Text
    good: bool
    unanimous: bool


class LabelledText(NamedTuple):
    """A text and its domain."""

    text: Text
    domain: int


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _is_integer(low: int, high: int) -> Check:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def domain_number(value: object) -> int:
    """The position in DOMAINS of a name, however it is punctuated (`retail e-commerce`), or of a letter A to O; -1 for
    anything else."""
    if not isinstance(value, str):
        return -1
    if value in _LETTERS:
        return _LETTERS.index(value)
    name = _NOT_A_LETTER.sub("_", value.lower()).strip("_")
    return DOMAINS.index(name) if name in DOMAINS else -1


def _is_domain(value: object) -> bool:
    return domain_number(value) >= 0


_SCORE_CHECKS = {
    name: (_is_integer(1 if name in CRITERIA else 0, 5), f"{int(name in CRITERIA)} to 5") for name in SCORES
}
_DOMAIN_CHECK = {"domain": (_is_domain, "A to O or the name of a domain")}
_TEXT_CHECKS = dict.fromkeys(("id", "text"), (_is_text, "a text"))
_SOURCE_CHECK = {"source": (_is_text, "a text")}


def read_ratings(path: Path, most: int = 0) -> list[RatedText]:
    """Rated texts: id, source, text, domain and the scores, all of them integers. `most` as in `read_rows`.

    A column `second` (domain, scores: the criteria in order, edu, format) is another rating, where a row has one.
    """
    checks = _TEXT_CHECKS | _SOURCE_CHECK | _DOMAIN_CHECK | _SCORE_CHECKS
    rows = read_rows(path, checks, ("lang", "second"), most)
    return [
        RatedText(_text(row), tuple(row[name] for name in SCORES), domain_number(row["domain"]), _second(path, row))
        for row in rows
    ]


def _second(path: Path, row: Row) -> tuple[tuple[int, ...], int] | None:
    said = row.get("second")
    if said is None:
        return None
    try:
        scores = (*said["scores"], said["edu"], said["format"])
        domain = domain_number(said["domain"])
    except (TypeError, KeyError):
        scores, domain = (), -1
    fits = len(scores) == len(SCORES) and all(map(_is_score, SCORES, scores))
    if domain < 0 or not fits:
        raise ValueError(
            f"{path}: the row {row['id'][:60]!r} has a second rating that is none, expected a domain, "
            f"{len(CRITERIA)} scores, edu and format; correct the row."
        )
    return scores, domain


def _is_score(name: str, value: object) -> bool:
    return _SCORE_CHECKS[name][0](value)


def read_judgements(path: Path, most: int = 0) -> list[JudgedText]:
    """Texts that people judged: id, text, label (1 good, 0 bad), unanimous."""
    checks = {
        "label": (_is_integer(0, 1), "0 or 1"),
        "unanimous": (lambda value: isinstance(value, bool), "true or false"),
    }
    rows = read_rows(path, _TEXT_CHECKS | checks, ("source", "lang"), most)
    return [JudgedText(_text(row), row["label"] == 1, row["unanimous"]) for row in rows]


def read_domains(path: Path, most: int = 0) -> list[LabelledText]:
    """Texts with their domain: id, source, text, domain."""
    rows = read_rows(path, _TEXT_CHECKS | _SOURCE_CHECK | _DOMAIN_CHECK, ("lang",), most)
    return [LabelledText(_text(row), domain_number(row["domain"])) for row in rows]


def read_rows(path: Path, checks: Mapping[str, tuple[Check, str]], optional: Sequence[str], most: int = 0) -> list[Row]:
    """The columns that are checked, and those of the optional ones that the file has, in an order of their own.

    With `most`, at most so many rows, drawn by hash of their ids. Raises ValueError in one sentence.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        found = file.schema_arrow.names
        missing = [name for name in checks if name not in found]
        if missing:
            raise ValueError(f"{path} lacks the columns {', '.join(missing)}; give a Parquet file with them.")
        columns = [*checks, *(name for name in optional if name in found)]
        rows: list[Row] = file.read(columns=columns).to_pylist()
    except (OSError, pa.ArrowException) as error:
        reason = " ".join(str(error).split())[:200]
        raise ValueError(f"{path} cannot be read as Parquet ({reason}); give a Parquet file.") from None
    if not rows:
        raise ValueError(f"{path} holds no rows; give a file with some.")
    _check(path, rows, checks)
    rows.sort(key=lambda row: [str(row[name]) for name in columns])
    return drawn(rows, most)


def _check(path: Path, rows: Sequence[Row], checks: Mapping[str, tuple[Check, str]]) -> None:
    for number, row in enumerate(rows):
        for name, (is_right, expected) in checks.items():
            if not is_right(row[name]):
                shown = repr(row[name])[:60]
                raise ValueError(f"{path}: row {number} has {shown} as {name}, expected {expected}; correct the row.")
        if row.get("source") in {ALL, MEAN}:
            raise ValueError(
                f"{path}: row {number} has the source {row['source']}, which stands for several in the results; "
                "call the source something else."
            )


def drawn(rows: list[Row], most: int) -> list[Row]:
    """At most `most` rows (0: all of them), by hash of their ids, in the order given; rows of one id go together as far
    as there is room."""
    if not most or len(rows) <= most:
        return rows
    digests = [hashlib.sha256(str(row["id"]).encode(errors="surrogatepass")).digest() for row in rows]
    chosen = sorted(range(len(rows)), key=lambda place: (digests[place], place))[:most]
    return [rows[place] for place in sorted(chosen)]


def _text(row: Row) -> Text:
    return Text(row["id"], row.get("source") or "", row.get("lang") or "", row["text"])
