"""One record of a web archive: its header as a value, its content as a page. `scan.py` finds the records."""

import re
from datetime import UTC, datetime
from typing import NamedTuple

from pydantic import Field

from udfs.crawl.http import BodyError, Response, decoded_body, header_lines, parse_response
from udfs.crawl.losses import Loss, LossReason
from udfs.settings import Section

PAGE_KINDS = frozenset({"response", "conversion", "resource"})
HEADERLESS_KINDS = frozenset({"request", "metadata", "warcinfo"})  # only counted
_TYPE = re.compile(rb"\nWARC-Type[ \t]*:[ \t]*([^\s;]+)", re.IGNORECASE)
_LENGTH = re.compile(rb"\nContent-Length[ \t]*:[ \t]*(\d{1,18})[ \t]*(?:\r?\n|\r?$)", re.IGNORECASE)
_DATE_FORMATS = {14: "%Y%m%d%H%M%S", 12: "%Y%m%d%H%M"}


class ReadLimits(Section):
    """How large a page may be."""

    max_page_bytes: int = Field(default=10 << 20, gt=0, description="a larger body, stored or decoded, is a loss")
    max_header_bytes: int = Field(default=64 << 10, gt=0, description="a longer record header is no header")


class Record(NamedTuple):
    """One record. For kinds that never become documents only offset, kind and the record's own header are given."""

    offset: int  # as Loss.offset
    kind: str  # WARC-Type in lower case; ARC: "warcinfo" for the file's own record, else "response"
    record_id: str | None  # WARC-Record-ID without <>; None for ARC
    url: str | None
    fetched_at: datetime | None  # UTC; None where the date cannot be read
    headers: dict[str, str]  # the record's header as written; {} for request, metadata, warcinfo and ARC
    http_status: int | None  # None where there is no HTTP head
    http_headers: dict[str, str]  # names in lower case
    body: bytes  # decoded


class Head(NamedTuple):
    """A record's header; `length` is None where it is missing or no number."""

    offset: int
    kind: str
    length: int | None
    record_id: str | None = None
    url: str | None = None
    date: str = ""
    headers: dict[str, str] = {}  # noqa: RUF012 (a tuple's default, never written to)

    def loss(self, reason: LossReason, detail: str) -> Loss:
        """This record as a loss."""
        return Loss(self.offset, reason, detail, self.record_id, self.url)


def head_of(offset: int, kind: str, length: int | None, headers: dict[str, str]) -> Head:
    """The header of a WARC record from its lines; names may be in any case."""
    lower = {name.lower(): value for name, value in headers.items()}
    record_id, url = lower.get("warc-record-id"), lower.get("warc-target-uri")
    # wget writes the URL in angle brackets, as an early draft of the standard had it.
    return Head(
        offset,
        kind,
        length,
        record_id and record_id.strip("<>"),
        url and url.strip("<> "),
        lower.get("warc-date", ""),
        headers,
    )


def warc_head(offset: int, block: bytes) -> Head:
    """The header of a WARC record; `kind` is empty where WARC-Type is missing."""
    kind, length = _TYPE.search(block), _LENGTH.search(block)
    name = kind[1].decode("latin-1").lower() if kind else ""
    size = int(length[1]) if length else None
    return Head(offset, name, size) if name in HEADERLESS_KINDS else head_of(offset, name, size, header_lines(block))


def arc_head(offset: int, line: re.Match[bytes]) -> Head:
    """The header of an ARC record from a match of `ARC_LINE`."""
    url = line[1].decode("utf-8", "replace")
    kind = "warcinfo" if url.startswith("filedesc:") else "response"
    return Head(offset, kind, int(line[4]) if line[4].isdigit() else None, None, url, line[3].decode())


def parsed(head: Head, content: bytes, max_page_bytes: int) -> Record | Loss:
    """Read a record's content: HTTP head and decoded body for kinds that can become documents."""
    if head.kind not in PAGE_KINDS:
        return counted(head)
    response = parse_response(content) if head.kind == "response" else None
    if response is None and head.kind == "response" and content and "application/http" in _content_type(head):
        return head.loss(LossReason.BAD_HTTP, "the response does not begin with an HTTP status line")
    try:
        body = decoded_body(response or Response(0, {}, content), max_page_bytes)
    except BodyError as error:
        return head.loss(error.reason, error.detail)
    status, http_headers = (response.status, response.headers) if response else (None, {})
    return Record(
        head.offset, head.kind, head.record_id, head.url, _date(head.date), head.headers, status, http_headers, body
    )


def counted(head: Head) -> Record:
    """A record of which only the header matters."""
    return Record(head.offset, head.kind, head.record_id, head.url, _date(head.date), head.headers, None, {}, b"")


def _content_type(head: Head) -> str:
    return next((value.lower() for name, value in head.headers.items() if name.lower() == "content-type"), "")


def is_confirmed(content: bytes) -> bool:
    """Whether the HTTP head says the same length as the record's."""
    response = parse_response(content)
    return response is not None and response.headers.get("content-length") == str(len(response.body))


def _date(text: str) -> datetime | None:
    """WARC dates are ISO 8601, ARC dates 14 digits (also 12 or more than 14 occur)."""
    try:
        if text.isdigit():
            digits = text[:14]
            return datetime.strptime(digits, _DATE_FORMATS.get(len(digits), "")).replace(tzinfo=UTC)
        date = datetime.fromisoformat(text)
        return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
