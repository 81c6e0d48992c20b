"""Which field of a row is what: field maps for the shapes in which crawls are published, and from a record to a `Row`.

A record is a dict, from a line of JSON or a row of Parquet; reading those is in `udfs/crawl/rows.py`.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from pydantic import Field

from udfs.crawl.losses import Loss, LossReason
from udfs.settings import Section


class FieldMap(Section):
    """Where a record has what; what is not there is null in the row, but for the text.

    A field is a dotted path, `metadata.WARC-Date`: a key whose whole name has dots comes first, and a string that holds
    a JSON object is looked into. `a | b` takes the first that is there and not null.
    """

    text: str = Field(default="text", min_length=1, description="the text; a row without it is a loss")
    url: str = Field(default="url", min_length=1, description="the page's URL")
    record_id: str = Field(
        default="id", min_length=1, description="the record's id; unlike a digest, no two rows share it"
    )
    fetched_at: str = Field(
        default="date", min_length=1, description="when it was fetched: ISO 8601 (UTC), 14 digits, epoch"
    )
    language: str = Field(default="language", min_length=1, description="the language, as the row has it")
    title: str = Field(default="title", min_length=1, description="the page's title")


class RowLimits(Section):
    """Bounds of what one row may take."""

    line_bytes: int = Field(
        default=64 << 20, ge=1, description="longest line of JSONL, decompressed; longer ones are losses"
    )
    text_chars: int = Field(default=20_000_000, ge=1, description="longest text; longer ones are losses")
    metadata_chars: int = Field(default=1000, ge=1, description="where a metadata value is cut")
    batch_bytes: int = Field(
        default=32 << 20, ge=1, description="rows of Parquet that are held at a time, by their mean size"
    )


class Row(NamedTuple):
    """A document that came as a row. `metadata` has the record's other values as strings, under dotted names."""

    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody calls on a row
    text: str
    url: str | None
    record_id: str | None
    fetched_at: datetime | None  # in UTC
    language: str | None
    title: str | None
    metadata: dict[str, str]


Fields = (
    FieldMap | Literal["auto", "dclm", "redpajama_v2", "wet", "fineweb", "c4", "openwebmath", "slimpajama", "generic"]
)

# In the order in which "auto" tries them.
FIELD_MAPS: dict[str, FieldMap] = {
    "dclm": FieldMap(
        url="url | metadata.WARC-Target-URI", record_id="metadata.WARC-Record-ID", fetched_at="metadata.WARC-Date"
    ),
    # The rows of the published files, and those of the loader, which puts half of the fields into a string `meta`. The
    # `digest` is one of content, shared by copies, so it is no record id.
    "redpajama_v2": FieldMap(
        text="raw_content",
        url="url | meta.url",
        record_id="doc_id",
        fetched_at="date_download | meta.date_download",
        language="language | meta.language",
    ),
    "wet": FieldMap(
        text="text | content",
        url="WARC-Target-URI",
        record_id="WARC-Record-ID",
        fetched_at="WARC-Date",
        language="WARC-Identified-Content-Language | language",
    ),
    "fineweb": FieldMap(),
    "c4": FieldMap(fetched_at="timestamp"),
    "openwebmath": FieldMap(),
    "slimpajama": FieldMap(
        text="text | content | txt",
        url="meta.url | url",
        fetched_at="meta.timestamp",
        language="meta.language | language",
    ),
    "generic": FieldMap(
        text="text | content | contents | txt",
        url="url | uri",
        record_id="id | record_id | doc_id",
        fetched_at="date | fetched_at | timestamp",
        language="language | lang",
    ),
}
# A map fits a record that has all of these.
_MARKS: dict[str, tuple[str, ...]] = {
    "dclm": ("text", "metadata.WARC-Record-ID"),
    "redpajama_v2": ("raw_content",),
    "wet": ("WARC-Target-URI",),
    "fineweb": ("text", "dump", "date"),
    "c4": ("text", "url", "timestamp"),
    "openwebmath": ("text", "url", "date", "metadata"),
    "slimpajama": ("meta.redpajama_set_name",),
    "generic": (),
}

_ABSENT = object()
_SURROGATE = re.compile("[\ud800-\udfff]")


def field_map(fields: Fields, keys: Mapping[str, Any]) -> FieldMap:
    """The map that `fields` names; "auto": the first whose marks are in `keys`, a record or a tree of column names."""
    if isinstance(fields, FieldMap):
        return fields
    if fields != "auto":
        return FIELD_MAPS[fields]
    fitting = (name for name, marks in _MARKS.items() if all(find(keys, mark)[0] for mark in marks))
    return FIELD_MAPS[next(fitting)]


def find(record: Mapping[str, Any], path: str) -> tuple[str, Any]:
    """Name and value of the first alternative of `path` that is there, null ones last; ("", None) where none is."""
    found: tuple[str, Any] = ("", None)
    for name, steps in _alternatives(path):
        value = record[name] if name in record else _descend(record, steps)
        if value is not _ABSENT and value is not None:
            return name, value
        if value is None and not found[0]:
            found = (name, None)
    return found


def to_row(index: int, record: Mapping[str, Any], fields: FieldMap, limits: RowLimits) -> Row | Loss:
    """The record as a `Row`, or why it is none: no text, no string there, lone surrogates, too long."""
    taken: set[str] = set()
    url = _string(record, fields.url, taken)
    record_id = _string(record, fields.record_id, taken)
    text_name, text = find(record, fields.text)
    fault = _fault(text, fields.text, limits)
    if fault:
        return Loss(index, *fault, record_id, url)
    language = _string(record, fields.language, taken)
    title = _string(record, fields.title, taken)
    date_name, value = find(record, fields.fetched_at)
    fetched_at = instant(value)
    taken |= {text_name} if fetched_at is None else {text_name, date_name}
    rest = {_clean(name): _clean(value[: limits.metadata_chars]) for name, value in _flat(record) if name not in taken}
    return Row(index, text, url, record_id, fetched_at, language, title, rest)


def instant(value: Any) -> datetime | None:
    """A time in UTC: of ISO 8601 (without a zone: UTC), 14 digits, or seconds or milliseconds since 1970; else None."""
    try:
        if isinstance(value, str):
            stamp = value.strip()
            is_digits = len(stamp) == 14 and stamp.isdecimal()
            value = datetime.strptime(stamp + "Z", "%Y%m%d%H%M%S%z") if is_digits else datetime.fromisoformat(stamp)
        elif isinstance(value, int | float) and not isinstance(value, bool) and 1e8 < value < 1e14:
            value = datetime.fromtimestamp(value if value < 1e11 else value / 1000, UTC)
        if isinstance(value, datetime):
            # Built anew: a pandas Timestamp is a datetime too.
            plain = datetime.combine(value.date(), value.timetz())
            return plain.astimezone(UTC) if plain.tzinfo else plain.replace(tzinfo=UTC)
        return datetime(value.year, value.month, value.day, tzinfo=UTC) if isinstance(value, date) else None
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=1024)
def _alternatives(path: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    names = [name.strip() for name in path.split("|")]
    return tuple((name, tuple(name.split("."))) for name in names if name)


def _descend(record: Mapping[str, Any], steps: tuple[str, ...]) -> Any:
    value: Any = record
    for step in steps:
        if isinstance(value, str) and value[:1] == "{":
            try:
                value = json.loads(value)
            except (ValueError, RecursionError):
                return _ABSENT
        if not isinstance(value, Mapping) or step not in value:
            return _ABSENT
        value = value[step]
    return value


def _fault(text: Any, path: str, limits: RowLimits) -> tuple[LossReason, str] | None:
    if not isinstance(text, str):
        return LossReason.BAD_ROW, f"expected a string in {path}, found {_kind(text)}"
    if len(text) > limits.text_chars:
        return LossReason.TOO_LARGE, f"the text has {len(text)} characters, more than {limits.text_chars}"
    if _has_surrogates(text):
        return LossReason.BAD_ROW, "the text has lone surrogates"
    return None if text.strip() else (LossReason.NO_TEXT, "the text is empty or white space")


def _kind(value: Any) -> str:
    if isinstance(value, UnicodeDecodeError):
        return "bytes that are no UTF-8"
    return "nothing" if value is None else f"a value of type {type(value).__name__}"


def _string(record: Mapping[str, Any], path: str, taken: set[str]) -> str | None:
    name, value = find(record, path)
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        return None
    taken.add(name)
    return _clean(_text_of(value))


def _flat(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Dotted names of two levels and their values as strings, deeper ones as JSON; without nulls and bytes."""
    for name, value in record.items():
        inner = {f"{name}.{key}": part for key, part in value.items()} if isinstance(value, dict) else {name: value}
        for key, part in inner.items():
            if part is not None and not isinstance(part, bytes | Exception):
                yield key, _text_of(part)


def _text_of(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, date):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False, default=str)


def _clean(value: str) -> str:
    return _SURROGATE.sub("\ufffd", value) if _has_surrogates(value) else value


def _has_surrogates(value: str) -> bool:
    try:
        value.encode()  # many times as fast as a regular expression
    except UnicodeEncodeError:
        return True
    return False
