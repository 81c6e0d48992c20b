"""From a crawl file to documents: what every format's reader finds becomes rows of `documents`, `losses` and `files`.

Nothing a file holds is lost without a trace: each record is a document, a loss with a reason, or counted by kind in the
file's own row. No input raises; a file that cannot be opened is one loss.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any, BinaryIO, Literal

from pydantic import Field

from udfs.crawl.download import DownloadSettings
from udfs.crawl.files import FileError, open_file
from udfs.crawl.html import ExtractSettings, Lost, extract, extract_plain
from udfs.crawl.losses import Loss, LossReason
from udfs.crawl.records import ReadLimits, Record, read_archive
from udfs.crawl.rows import Fields, Row, RowLimits, read_jsonl, read_parquet
from udfs.crawl.urls import host, registered_domain
from udfs.settings import Section

HTML_TYPES = ("text/html", "application/xhtml+xml")
TEXT_TYPES = (*HTML_TYPES, "text/plain")
KEPT_HEADERS = 64  # a record with more headers keeps the first ones
Item = tuple[str, dict[str, Any]]  # (table, row)


class PageSettings(Section):
    """How files are read and pages extracted."""

    format: Literal["auto", "archive", "jsonl", "parquet"] = Field(
        "auto", description="auto goes by the file's name, then by its first bytes"
    )
    fields: Fields = Field(
        "auto", description="what is where in JSONL and Parquet: auto, a known shape, or a mapping of your own"
    )
    html: ExtractSettings = ExtractSettings()
    archives: ReadLimits = ReadLimits()
    rows: RowLimits = RowLimits()
    download: DownloadSettings = DownloadSettings()


class _File:
    """A file being read: what its rows share, and its counts so far."""

    def __init__(self, path: str, size_bytes: int, crawl: str, batch: int) -> None:
        self.shared = {"file": path, "batch": batch, "crawl": crawl}
        self.size_bytes = size_bytes
        self.format = "unknown"
        self.records: Counter[str] = Counter()
        self.skipped: Counter[str] = Counter()
        self.documents = self.losses = self.html_responses = 0

    def document(self, offset: int, text: str, identity: str, **columns: Any) -> Item:
        """A page that has text."""
        self.documents += 1
        url = columns.get("url")
        where = host(url) if url else None
        row = {
            **self.shared,
            "offset": offset,
            "doc_id": doc_id(identity, text),
            "host": where,
            "site": registered_domain(where) if where else None,
            "chars": len(text),
            "text": text,
            **columns,
        }
        return "documents", row

    def loss(self, loss: Loss) -> Item:
        """Something that could not become a document."""
        self.losses += 1
        found = {"offset": loss.offset, "url": loss.url, "reason": str(loss.reason), "detail": loss.detail}
        return "losses", {"stage": "ingest", "batch": self.shared["batch"], "file": self.shared["file"], **found}

    def row(self) -> Item:
        """The file's own row."""
        counts = {"html_responses": self.html_responses, "documents": self.documents, "losses": self.losses}
        kinds = {"records": list(self.records.items()), "skipped": list(self.skipped.items())}
        return "files", {**self.shared, "format": self.format, "bytes": self.size_bytes, **counts, **kinds}


def read_pages(path: str, size_bytes: int, crawl: str, batch: int, settings: PageSettings) -> Iterator[Item]:
    """(table, row) pairs of one file: documents and losses in the order of the file, then one row of `files`."""
    file = _File(path, size_bytes, crawl, batch)
    try:
        with open_file(path, settings.download) as stream:
            yield from _read(file, stream, settings)
    except FileError as error:
        yield file.loss(Loss(0, LossReason.UNREADABLE_FILE, str(error)))
    yield file.row()


def doc_id(identity: str, text: str) -> str:
    """128-bit content hash in hex: of a record's identity and its text."""
    digest = hashlib.blake2b(identity.encode("utf-8", "surrogatepass"), digest_size=16)
    digest.update(b"\0")
    digest.update(text.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _read(file: _File, stream: BinaryIO, settings: PageSettings) -> Iterator[Item]:
    file.format = form = settings.format if settings.format != "auto" else _format_of(file.shared["file"], stream)
    if form == "archive":
        for found in read_archive(stream, settings.archives):
            yield from _from_record(file, found, settings.html)
        return
    for row in (read_jsonl if form == "jsonl" else read_parquet)(stream, settings.fields, settings.rows):
        yield _from_row(file, row)


def _format_of(path: str, stream: BinaryIO) -> str:
    name = path.lower().split("?")[0].removesuffix(".gz").removesuffix(".zst")
    if name.endswith((".jsonl", ".json", ".ndjson")):
        return "jsonl"
    if name.endswith((".parquet", ".pq")):
        return "parquet"
    if name.endswith((".warc", ".wet", ".wat", ".arc", ".lz4")):
        return "archive"
    first = stream.read(4)
    stream.seek(0)
    return "parquet" if first == b"PAR1" else "jsonl" if first.lstrip()[:1] == b"{" else "archive"


def _from_row(file: _File, row: Row | Loss) -> Item:
    file.records["row"] += 1
    if isinstance(row, Loss):
        return file.loss(row)
    if not row.text.strip():
        return file.loss(Loss(row.index, LossReason.NO_TEXT, "the row's text is empty", row.record_id, row.url))
    about = {"url": row.url, "fetched_at": row.fetched_at, "title": row.title, "record_id": row.record_id}
    headers = list(row.metadata.items())[:KEPT_HEADERS]
    identity = identity_of(row.record_id, row.url, row.fetched_at)
    return file.document(
        row.index, row.text, identity, **about, declared_language=row.language, charset="utf-8", headers=headers
    )


def _from_record(file: _File, record: Record | Loss, settings: ExtractSettings) -> Iterator[Item]:
    if isinstance(record, Loss):
        yield file.loss(record)
        return
    file.records[record.kind] += 1
    content_type = _content_type(record)
    file.html_responses += record.kind == "response" and content_type in HTML_TYPES
    skipped = _why_no_document(record, content_type)
    if skipped:
        file.skipped[skipped] += 1
        return
    declared = record.http_headers.get("content-type") if record.kind == "response" else "text/plain; charset=utf-8"
    is_html = content_type in HTML_TYPES
    found = extract(record.body, declared, settings) if is_html else extract_plain(record.body, declared)
    if isinstance(found, Lost):
        yield file.loss(Loss(record.offset, found.reason, found.detail, record.record_id, record.url))
        return
    about = {"url": record.url, "fetched_at": record.fetched_at, "title": found.title, "record_id": record.record_id}
    headers = list(record.headers.items())[:KEPT_HEADERS]
    identity = identity_of(record.record_id, record.url, record.fetched_at)
    yield file.document(
        record.offset,
        found.text,
        identity,
        **about,
        declared_language=found.language,
        charset=found.charset,
        headers=headers,
    )


def identity_of(record_id: str | None, url: str | None, fetched_at: datetime | None) -> str:
    """What makes a record itself wherever it is stored: its id, else its URL and date."""
    return record_id or f"{url or ''}\n{fetched_at.isoformat() if fetched_at else ''}"


def _content_type(record: Record) -> str:
    declared = record.http_headers.get("content-type", "") if record.kind == "response" else "text/plain"
    return declared.partition(";")[0].strip().lower()


def _why_no_document(record: Record, content_type: str) -> str:
    """The kind under which a record that is no document by design is counted; empty for a page."""
    if record.kind == "conversion":
        return ""
    if record.kind != "response":
        return record.kind
    status = record.http_status or 0
    if not 200 <= status < 300:
        return {3: "redirect", 4: "client_error", 5: "server_error"}.get(status // 100, "other_status")
    if content_type not in TEXT_TYPES:
        return "other_type"
    return ""
