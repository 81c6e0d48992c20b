"""Crawls that come as rows: JSON lines (plain, gzip, zstd) and Parquet.

Every line or row that is no document is a `Loss` with its number, and reading goes on. What is in which field is the
business of `udfs/crawl/row_fields.py`, whose names are importable from here.
"""

import json
from collections.abc import Iterator
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from udfs.crawl.compressed_lines import Damage, TooLong, decompressed, lines
from udfs.crawl.losses import Loss, LossReason
from udfs.crawl.row_fields import FIELD_MAPS, FieldMap, Fields, Row, RowLimits, field_map, find, to_row

__all__ = ["FIELD_MAPS", "FieldMap", "Fields", "Row", "RowLimits", "read_jsonl", "read_parquet"]

_BATCH_ROWS = 1024
_BUFFER_BYTES = 1 << 20  # a column of a row group is read in pieces of this size, not as a whole


def read_jsonl(stream: BinaryIO, fields: Fields, limits: RowLimits) -> Iterator[Row | Loss]:
    """One Row or Loss for each line that is not blank, in order; a damaged stream ends with one Loss more.

    Numbers count lines from 0, blank ones too. With "auto" each line chooses its own field map.
    """
    for index, line in enumerate(lines(decompressed(stream), limits.line_bytes)):
        if isinstance(line, bytes):
            content = line.removeprefix(b"\xef\xbb\xbf") if index == 0 else line
            if content.strip():
                yield _from_line(index, content, fields, limits)
        elif isinstance(line, TooLong):
            detail = f"the line has {line.size_bytes} bytes, more than {limits.line_bytes}"
            yield Loss(index, LossReason.TOO_LARGE, detail)
        else:
            yield from _at_damage(index, line, fields, limits)


def read_parquet(stream: BinaryIO, fields: Fields, limits: RowLimits) -> Iterator[Row | Loss]:
    """One Row or Loss for each row, in order; a row group that breaks off gives one Loss for the rest of it.

    Read are the columns that the field map names, and of the others those of single values. With "auto" the file's
    columns choose the map. A file without a text column of strings is one Loss.
    """
    try:
        file = pq.ParquetFile(stream, buffer_size=_BUFFER_BYTES, pre_buffer=False)
        chosen = field_map(fields, _tree(file.schema_arrow))
        fault = _schema_fault(file.schema_arrow, chosen)
    except (pa.ArrowException, OSError, ValueError) as error:
        yield _no_parquet(stream, error)
        return
    if fault:
        yield Loss(0, LossReason.UNREADABLE_FILE, fault)
        return
    columns = _columns(file.schema_arrow, chosen)
    index = 0
    for group in range(file.num_row_groups):
        end = index + file.metadata.row_group(group).num_rows
        try:
            for record in _records(file, group, columns, limits):
                yield to_row(index, record, chosen, limits)
                index += 1
        except (pa.ArrowException, OSError, ValueError, NotImplementedError) as error:
            detail = f"row group {group} cannot be read, {end - index} rows are lost: {_first_line(error)}"
            yield Loss(index, LossReason.BAD_COMPRESSION, detail)
        index = end


def _from_line(index: int, line: bytes, fields: Fields, limits: RowLimits) -> Row | Loss:
    try:
        record = json.loads(line.decode())
        if not isinstance(record, dict):
            return Loss(index, LossReason.BAD_ROW, f"expected a JSON object, found a {type(record).__name__}")
        return to_row(index, record, field_map(fields, record), limits)
    except UnicodeDecodeError as error:
        return Loss(index, LossReason.BAD_ROW, f"the line is no UTF-8: {error.reason} at byte {error.start}")
    except json.JSONDecodeError as error:
        return Loss(index, LossReason.BAD_ROW, f"the line is no JSON: {error.msg} at character {error.pos}")
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits, [ ten thousand times
        return Loss(index, LossReason.BAD_ROW, f"the line is JSON that cannot be read: {_first_line(error)}")


def _at_damage(index: int, damage: Damage, fields: Fields, limits: RowLimits) -> Iterator[Row | Loss]:
    """The line before the damage, if it is whole (an object that is closed is), then the loss."""
    if damage.rest.strip():
        last = _from_line(index, damage.rest, fields, limits)
        if isinstance(last, Row):
            yield last
            index += 1
    yield Loss(index, damage.reason, damage.detail)


def _no_parquet(stream: BinaryIO, error: Exception) -> Loss:
    try:
        stream.seek(0)
        is_cut = stream.read(4) == b"PAR1" and isinstance(error, pa.ArrowInvalid)
    except (OSError, ValueError):
        is_cut = False
    reason = LossReason.TRUNCATED_FILE if is_cut else LossReason.UNREADABLE_FILE
    return Loss(0, reason, f"no whole Parquet file: {_first_line(error)}")


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:300]


def _tree(fields: Any) -> dict[str, Any]:
    """Names of columns -> names inside them, for structs; True for others."""
    return {field.name: _tree(field.type) if pa.types.is_struct(field.type) else True for field in fields}


def _schema_fault(schema: Any, fields: FieldMap) -> str | None:
    """What is wrong with the text column, or None. A text inside a JSON string shows only when the rows are read."""
    name, _ = find(_tree(schema), fields.text)
    if not name:
        roots = {path.strip().partition(".")[0] for path in fields.text.split("|") if "." in path}
        if any(root in schema.names and _is_string(schema.field(root).type) for root in roots):
            return None
        return f"found the columns {', '.join(schema.names)[:300]}, expected the text in {fields.text}"
    kind = _type_at(schema, name)
    return None if _is_string(kind) else f"expected strings in the column {name}, found {kind}"


def _type_at(schema: Any, name: str) -> Any:
    if name in schema.names:
        return schema.field(name).type
    first, *steps = name.split(".")
    kind = schema.field(first).type
    for step in steps:
        kind = kind.field(step).type
    return kind


def _is_string(kind: Any) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _columns(schema: Any, fields: FieldMap) -> list[str]:
    """The map's columns, whole structs of them, and the other single values; token ids and signals stay on disk."""
    paths = [path.strip() for value in fields.model_dump().values() for path in value.split("|")]
    named = {*paths, *(path.partition(".")[0] for path in paths)}
    return [field.name for field in schema if field.name in named or _is_scalar(field.type)]


def _is_scalar(kind: Any) -> bool:
    is_bytes = pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind)
    return not (is_bytes or pa.types.is_nested(kind))


def _records(file: Any, group: int, columns: list[str], limits: RowLimits) -> Iterator[dict[str, Any]]:
    about = file.metadata.row_group(group)
    row_bytes = max(about.total_byte_size // max(about.num_rows, 1), 1)
    rows = min(max(limits.batch_bytes // row_bytes, 1), _BATCH_ROWS)
    for batch in file.iter_batches(batch_size=rows, row_groups=[group], columns=columns, use_threads=False):
        try:
            records = batch.to_pylist()
        except (ValueError, OverflowError, pa.ArrowException):  # text that is no UTF-8, a date after the year 9999
            records = [_careful(batch, place) for place in range(batch.num_rows)]
        yield from records


def _careful(batch: Any, place: int) -> dict[str, Any]:
    """A row of which a value may be unreadable: that one is the error itself."""
    record: dict[str, Any] = {}
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        try:
            record[name] = column[place].as_py()
        except (ValueError, OverflowError, pa.ArrowException) as error:
            record[name] = error
    return record
