"""Programs that were made elsewhere: JSON lines (plain, gzip, zstd) or Parquet, told apart by content.

Fields: `program`, `level` (document or chunk) and `doc_id` or `url` have to be there; `chunk`, `first_line`,
`last_line`, `model`, `finish` and `score` may. Reading is total: a row that is none is a `BadRow` with its number, and
reading goes on. What a program says is not looked at here.
"""

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, Literal, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field

from udfs.crawl.compressed_lines import Damage, TooLong, decompressed, lines
from udfs.settings import Section

FIELDS = ("doc_id", "url", "level", "chunk", "first_line", "last_line", "program", "model", "finish", "score")

_BATCH_ROWS = 1024
_INT_MAX = 2**31 - 1  # line numbers are 32-bit integers in the table `programs`
_NAME_CHARS = 200


class RecordedLimits(Section):
    """Bounds of what one recorded row may take."""

    line_bytes: int = Field(default=16 << 20, ge=1, description="longest line of JSONL, decompressed")
    program_chars: int = Field(default=1_000_000, ge=1, description="longest program; a longer one is a bad row")


class RecordedProgram(NamedTuple):
    """A program and what it is for: a document, known by `doc_id` or, where that is empty, by `url`.

    The lines of a chunk may be left out: then the program is for the whole document.
    """

    doc_id: str
    url: str
    level: Literal["document", "chunk"]
    chunk: int
    first_line: int | None
    last_line: int | None
    program: str
    model: str
    finish: str
    score: float | None


class BadRow(NamedTuple):
    """A row that is no program, or where a file breaks off. Rows and lines are numbered from 0, blank lines too."""

    file: str
    row: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}, row {self.row}: {self.reason}"


_LIMITS = RecordedLimits()


def read_programs(stream: BinaryIO, file: str, limits: RecordedLimits = _LIMITS) -> Iterator[RecordedProgram | BadRow]:
    """The programs of a seekable stream in its order; `file` is how bad rows name it, and is not opened."""
    try:
        is_parquet = stream.read(4) == b"PAR1"
        stream.seek(0)
    except OSError as error:
        yield BadRow(file, 0, f"the file cannot be read ({error.strerror or type(error).__name__})")
        return
    yield from _read_parquet(stream, file, limits) if is_parquet else _read_jsonl(stream, file, limits)


def to_program(record: Mapping[str, Any], limits: RecordedLimits = _LIMITS) -> RecordedProgram | str:
    """The record as a program, or what is wrong with it. Fields of other names are passed over."""
    try:
        return _program(record, limits)
    except _FaultError as fault:
        return str(fault)


class _FaultError(Exception):
    """What is wrong with a row."""


def _read_jsonl(stream: BinaryIO, file: str, limits: RecordedLimits) -> Iterator[RecordedProgram | BadRow]:
    for number, line in enumerate(lines(decompressed(stream), limits.line_bytes)):
        if isinstance(line, TooLong):
            yield BadRow(file, number, f"the line has {line.size_bytes} bytes, more than {limits.line_bytes}")
            continue
        content = line.rest if isinstance(line, Damage) else line
        content = content.removeprefix(b"\xef\xbb\xbf") if number == 0 else content
        found = _from_line(content, limits) if content.strip() else None
        if isinstance(line, Damage):  # the line before the damage counts if it is whole
            if isinstance(found, RecordedProgram):
                yield found
            yield BadRow(file, number, f"the file breaks off: {line.detail}")
        elif found is not None:
            yield BadRow(file, number, found) if isinstance(found, str) else found


def _from_line(line: bytes, limits: RecordedLimits) -> RecordedProgram | str:
    try:
        record = json.loads(line.decode())
    except UnicodeDecodeError as error:
        return f"the line is no UTF-8: {error.reason} at byte {error.start}"
    except json.JSONDecodeError as error:
        return f"the line is no JSON: {error.msg} at character {error.pos}"
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits, [ ten thousand times
        return f"the line is JSON that cannot be read ({type(error).__name__})"
    if not isinstance(record, dict):
        return f"expected a JSON object, found a value of type {type(record).__name__}"
    return to_program(record, limits)


def _read_parquet(stream: BinaryIO, file: str, limits: RecordedLimits) -> Iterator[RecordedProgram | BadRow]:
    number = 0
    try:
        table = pq.ParquetFile(stream, pre_buffer=False)
        columns = [name for name in table.schema_arrow.names if name in FIELDS]
        missing = [name for name in ("level", "program") if name not in columns]
        if missing:
            yield BadRow(file, 0, f"the file has no column {missing[0]}, found {', '.join(columns) or 'none'}")
            return
        for batch in table.iter_batches(_BATCH_ROWS, columns=columns, use_threads=False):
            for place in range(batch.num_rows):
                found = to_program({name: _cell(batch, name, place) for name in columns}, limits)
                yield BadRow(file, number, found) if isinstance(found, str) else found
                number += 1
    except (pa.ArrowException, OSError, ValueError) as error:
        yield BadRow(file, number, f"the Parquet file breaks off: {_first_line(error)}")


def _cell(batch: Any, name: str, place: int) -> Any:
    try:
        return batch.column(name)[place].as_py()
    except (ValueError, OverflowError, pa.ArrowException) as error:  # text that is no UTF-8
        return error


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:300]


def _program(record: Mapping[str, Any], limits: RecordedLimits) -> RecordedProgram:
    doc_id, url = _string(record, "doc_id"), _string(record, "url")
    if not doc_id and not url:
        raise _FaultError("expected doc_id or url, found neither")
    level = _string(record, "level")
    if level not in {"document", "chunk"}:
        raise _FaultError(f"expected document or chunk in level, found {level[:_NAME_CHARS]!r}")
    program = record.get("program")
    if not isinstance(program, str):
        raise _FaultError(f"expected a string in program, found {_kind(program)}")
    if len(program) > limits.program_chars:
        raise _FaultError(f"the program has {len(program)} characters, more than {limits.program_chars}")
    first, last = _integer(record, "first_line"), _integer(record, "last_line")
    if (first is None) != (last is None) or (first is not None and last is not None and first > last):
        raise _FaultError(f"expected first_line up to last_line or neither, found {first} and {last}")
    return RecordedProgram(
        doc_id,
        url,
        "document" if level == "document" else "chunk",
        _integer(record, "chunk") or 0,
        first,
        last,
        _stored(program),
        _string(record, "model")[:_NAME_CHARS],
        _string(record, "finish")[:_NAME_CHARS] or "recorded",
        _score(record),
    )


def _string(record: Mapping[str, Any], name: str) -> str:
    value = record.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _FaultError(f"expected a string in {name}, found {_kind(value)}")
    return _stored(value)


def _integer(record: Mapping[str, Any], name: str) -> int | None:
    value = record.get(name)
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():  # a column with nulls that went through pandas
        value = int(value)
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _INT_MAX:
        raise _FaultError(f"expected a number from 0 to {_INT_MAX} in {name}, found {_kind(value)}")
    return value


def _score(record: Mapping[str, Any]) -> float | None:
    value = record.get("score")
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise _FaultError(f"expected a number from 0 to 1 in score, found {_kind(value)}")
    return float(value)


def _kind(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, Exception):
        return "bytes that are no UTF-8"
    return str(value)[:50] if isinstance(value, int | float) else f"a value of type {type(value).__name__}"


def _stored(value: str) -> str:
    """No table can hold a lone surrogate."""
    return value.encode(errors="surrogatepass").decode(errors="replace")
