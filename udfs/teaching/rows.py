"""Rows of files that others made, read without trust: JSON lines (plain, gzip, zstd) or Parquet, told apart by content.

Reading is total: a row that cannot be read is a `BadRow` with its number, and reading goes on. What stands in a row is
the business of `texts.py` and `exchanges.py`.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from udfs.crawl.compressed_lines import Damage, TooLong, decompressed, lines

Record = dict[str, Any]

_LINE_BYTES = 64 << 20
_BATCH_ROWS = 1024


class BadRow(NamedTuple):
    """A row that cannot be used, or where a file breaks off. Rows and lines are numbered from 0, blank lines too."""

    file: str
    row: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}, row {self.row}: {self.reason}"


class FaultError(Exception):
    """What is wrong with a row."""


def records(path: Path, names: Sequence[str]) -> Iterator[tuple[int, Record] | BadRow]:
    """The rows of a file with their numbers; of Parquet only the columns in `names`."""
    try:
        with path.open("rb") as stream:
            is_parquet = stream.read(4) == b"PAR1"
            stream.seek(0)
            yield from _of_parquet(stream, path.name, names) if is_parquet else _of_json(stream, path.name)
    except OSError as error:
        yield BadRow(path.name, 0, f"the file cannot be read ({error.strerror or type(error).__name__})")


def text_in(record: Mapping[str, Any], name: str) -> str:
    """A string that a table can hold, "" for none. Raises FaultError for anything else."""
    value = record.get(name)
    if value is None:
        return ""
    if isinstance(value, Exception):
        raise FaultError(f"expected a string in {name}, found bytes that are no UTF-8")
    if not isinstance(value, str):
        raise FaultError(f"expected a string in {name}, found a value of type {type(value).__name__}")
    return stored(value)


def stored(value: str) -> str:
    """The string with U+FFFD in place of lone surrogates, which no table can hold."""
    return value.encode(errors="surrogatepass").decode(errors="replace")


def _of_json(stream: BinaryIO, file: str) -> Iterator[tuple[int, Record] | BadRow]:
    for number, line in enumerate(lines(decompressed(stream), _LINE_BYTES)):
        if isinstance(line, TooLong):
            yield BadRow(file, number, f"the line has {line.size_bytes} bytes, more than {_LINE_BYTES}")
            continue
        content = line.rest if isinstance(line, Damage) else line
        content = content.removeprefix(b"\xef\xbb\xbf") if number == 0 else content
        found = _from_line(content) if content.strip() else None
        if isinstance(line, Damage):  # the line before the damage counts if it is whole
            if isinstance(found, dict):
                yield number, found
            yield BadRow(file, number, f"the file breaks off: {line.detail}")
        elif found is not None:
            yield BadRow(file, number, found) if isinstance(found, str) else (number, found)


def _from_line(line: bytes) -> Record | str:
    try:
        record = json.loads(line.decode())
    except UnicodeDecodeError as error:
        return f"the line is no UTF-8: {error.reason} at byte {error.start}"
    except json.JSONDecodeError as error:
        return f"the line is no JSON: {error.msg} at character {error.pos}"
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits, [ ten thousand times
        return f"the line is JSON that cannot be read ({type(error).__name__})"
    return record if isinstance(record, dict) else f"expected a JSON object, found a {type(record).__name__}"


def _of_parquet(stream: BinaryIO, file: str, names: Sequence[str]) -> Iterator[tuple[int, Record] | BadRow]:
    number = 0
    try:
        table = pq.ParquetFile(stream, pre_buffer=False)
        columns = [name for name in table.schema_arrow.names if name in names]
        for batch in table.iter_batches(_BATCH_ROWS, columns=columns, use_threads=False):
            for place in range(batch.num_rows):
                yield number, {name: _cell(batch, name, place) for name in columns}
                number += 1
    except (pa.ArrowException, OSError, ValueError) as error:
        yield BadRow(file, number, f"the Parquet file breaks off: {(str(error) or 'no reason').splitlines()[0][:300]}")


def _cell(batch: Any, name: str, place: int) -> Any:
    try:
        return batch.column(name)[place].as_py()
    except (ValueError, OverflowError, pa.ArrowException) as error:  # text that is no UTF-8
        return error
