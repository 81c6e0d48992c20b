"""The rows of an answer in one file, CSV or Parquet, by the ending of its name.

Rows come a batch at a time and in their order, so the answer may be larger than the driver's memory. The file is there
whole or not at all.
"""

from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from pyspark.sql import DataFrame

from jobs.queries.printed import plain
from jobs.runtime.errors import CorpusmillError
from udfs.columns.transport import PACKED, packed, unpacked

Rows = Iterator[pa.Table]


def check(path: str) -> None:
    """Raises CorpusmillError for a file that cannot be written, before any query is asked."""
    if Path(path).suffix not in WRITERS:
        raise CorpusmillError(f"--out {path}: found no ending that is known, expected .csv or .parquet.")
    if not Path(path).parent.is_dir():
        raise CorpusmillError(f"--out {path}: found no folder {Path(path).parent}, expected one that is there.")


def write(rows: DataFrame, path: str) -> int:
    """Writes the rows to `path`, and gives their number. Raises CorpusmillError where two columns have one name, or the
    disk refuses."""
    twice = sorted({name for name in rows.columns if rows.columns.count(name) > 1})
    if twice:
        raise CorpusmillError(
            f"--out {path}: found two columns called {twice[0]}, expected different names; give one another with AS."
        )
    part = Path(f"{path}.part")
    try:
        count = WRITERS[Path(path).suffix](_batches(rows), part)
        part.replace(path)
    except OSError as error:
        raise CorpusmillError(f"--out {path}: found that it cannot be written ({error.strerror}).") from None
    finally:
        part.unlink(missing_ok=True)
    return count


def _batches(rows: DataFrame) -> Rows:
    """The rows, at least one batch of them, which may be empty."""
    found = (unpacked(bytes(row[0])) for row in rows.mapInArrow(packed, PACKED).toLocalIterator())
    first = next(found, None)
    yield rows.limit(0).toArrow() if first is None else first
    yield from found


def _write_parquet(rows: Rows, path: Path) -> int:
    first, count = next(rows), 0
    with pq.ParquetWriter(path, first.schema) as file:
        for batch in chain([first], rows):
            file.write_table(batch)
            count += batch.num_rows
    return count


def _write_csv(rows: Rows, path: Path) -> int:
    """Texts are in quotes, so that an empty one is not taken for null, which is an empty field; what is nested is JSON,
    and moments are in UTC."""
    first, count = _flat(next(rows)), 0
    with pa_csv.CSVWriter(path, first.schema) as file:
        for batch in chain([first], map(_flat, rows)):
            file.write_table(batch)
            count += batch.num_rows
    return count


def _flat(rows: pa.Table) -> pa.Table:
    """The rows with what CSV has no word for as text."""
    for place, kind in enumerate(rows.schema.types):
        if pa.types.is_nested(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary(kind):
            values = [None if value is None else plain(value) for value in rows.column(place).to_pylist()]
            rows = rows.set_column(place, rows.column_names[place], pa.array(values, pa.large_string()))
    return rows


WRITERS: dict[str, Callable[[Rows, Path], int]] = {".csv": _write_csv, ".parquet": _write_parquet}
