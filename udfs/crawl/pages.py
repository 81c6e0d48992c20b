"""From a crawl file to documents: what every format's reader finds becomes rows of `documents`, `losses` and `files`.

Nothing a file holds is lost without a trace: each record is a document, a loss with a reason, or counted by kind in
the file's own row. No content raises, and a file that cannot be opened is one loss. What raises is an OSError of disk
or store in the middle of a file: the file is not at fault, so Spark must try the task again.

Documents are `response` records with a 2xx status and `conversion` records (WET), of a text type. `resource` records
are counted and not read, as pipelines over Common Crawl do: crawlers use them for logs, screenshots and settings.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any, BinaryIO, Literal, cast

from pydantic import Field

from udfs.crawl.compressed_lines import decompressed
from udfs.crawl.download import DownloadSettings
from udfs.crawl.files import FileError, open_file
from udfs.crawl.html import Extracted, ExtractSettings, Lost, extract, extract_plain
from udfs.crawl.losses import Loss, LossReason
from udfs.crawl.records import ReadLimits, Record, read_archive
from udfs.crawl.rows import Fields, Row, RowLimits, read_jsonl, read_parquet
from udfs.crawl.storable import NAME_CHARS, URL_CHARS, VALUE_CHARS, kept, optional, storable
from udfs.crawl.urls import host, registered_domain
from udfs.settings import Section

HTML_TYPES = ("text/html", "application/xhtml+xml")
TEXT_TYPES = (*HTML_TYPES, "text/plain")
# What opens an HTML page that came without a Content-Type (MIME Sniffing Standard, 7.1; its rare tags are left out).
HTML_START = re.compile(rb"(?:\xef\xbb\xbf)?[\t\n\f\r ]*<(?:!doctype html|html|head|body|title)[ >]", re.IGNORECASE)
KEPT_KINDS = 32  # a file with more kinds of records counts the others together
STATUS_KINDS = {0: "not_http", 3: "redirect", 4: "client_error", 5: "server_error"}
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
        self.path = path
        self.shared = {"file": path, "batch": batch, "crawl": crawl}
        self.size_bytes, self.format = size_bytes, "unknown"
        self.records, self.skipped = Counter[str](), Counter[str]()
        self.documents = self.losses = self.html_responses = 0
        self._free_offset = 0

    def document(self, offset: int, page: Extracted, record: Record | Row, headers: dict[str, str]) -> Item:
        """A page that has text. File and offset name one document: where records share a compressed member, and so its
        offset, each but the first has the next free number."""
        self.documents += 1
        offset = max(offset, self._free_offset)
        self._free_offset = offset + 1
        where = host(record.url[:URL_CHARS]) if record.url else None
        row = {
            **self.shared,
            "offset": offset,
            "doc_id": doc_id(identity_of(record.record_id, record.url, record.fetched_at), page.text),
            "url": optional(record.url, URL_CHARS) if len(record.url or "") <= URL_CHARS else None,
            "host": optional(where, URL_CHARS),
            "site": optional(registered_domain(where), URL_CHARS) if where else None,
            "fetched_at": record.fetched_at,
            "title": optional(page.title, VALUE_CHARS),
            "record_id": optional(record.record_id, VALUE_CHARS),
            "charset": page.charset,
            "declared_language": optional(page.language, NAME_CHARS),
            "chars": len(page.text),
            "headers": kept(headers),
            "text": page.text,
        }
        return "documents", row

    def loss(self, loss: Loss) -> Item:
        """Something that could not become a document."""
        self.losses += 1
        place = {"batch": self.shared["batch"], "file": self.path, "offset": loss.offset}
        shown = {"url": optional(loss.url, URL_CHARS), "detail": storable(loss.detail, VALUE_CHARS)}
        return "losses", {"stage": "ingest", **place, "reason": str(loss.reason), **shown}

    def row(self) -> Item:
        """The file's own row."""
        counts = {"html_responses": self.html_responses, "documents": self.documents, "losses": self.losses}
        kinds = {"records": list(self.records.items()), "skipped": list(self.skipped.items())}
        return "files", {**self.shared, "format": self.format, "bytes": self.size_bytes, **counts, **kinds}


class _Watched:
    """A stream that remembers its failure: the readers of rows take an OSError for damage of the file."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.error: OSError | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def read(self, size: int = -1) -> bytes:
        try:
            return self._stream.read(size)
        except OSError as error:
            self.error = error
            raise


def read_pages(path: str, size_bytes: int, crawl: str, batch: int, settings: PageSettings) -> Iterator[Item]:
    """(table, row) pairs of one file: documents and losses in the order of the file, then one row of `files`.

    Raises OSError where reading breaks off (see above), ValueError where the settings ask for an extractor that is not
    installed.
    """
    file = _File(path, size_bytes, crawl, batch)
    try:
        with open_file(path, settings.download) as stream:
            yield from _read(file, stream, settings)
    except FileError as error:
        yield file.loss(Loss(0, LossReason.UNREADABLE_FILE, str(error)))
    yield file.row()


def doc_id(identity: str, text: str) -> str:
    """128-bit content hash in hex: of a record's identity and its text."""
    digest = hashlib.blake2b(identity.encode("utf-8", "surrogatepass") + b"\0", digest_size=16)
    digest.update(text.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def identity_of(record_id: str | None, url: str | None, fetched_at: datetime | None) -> str:
    """What makes a record itself wherever it is stored: its id, else its URL and date."""
    return record_id or f"{url or ''}\n{fetched_at.isoformat() if fetched_at else ''}"


def _read(file: _File, stream: BinaryIO, settings: PageSettings) -> Iterator[Item]:
    file.format = form = settings.format if settings.format != "auto" else _format_of(file.path, stream)
    if form == "archive":
        items = (_from_record(file, found, settings.html) for found in read_archive(stream, settings.archives))
        yield from (item for item in items if item is not None)
        return
    watched = _Watched(stream)
    reader = read_jsonl if form == "jsonl" else read_parquet
    for row in reader(cast(BinaryIO, watched), settings.fields, settings.rows):
        if watched.error is None:
            yield _from_row(file, row)
    if watched.error is not None:
        raise watched.error


def _format_of(path: str, stream: BinaryIO) -> str:
    name = re.sub(r"\.(gz|gzip|zst|zstd)$", "", path.lower().split("?")[0])
    if name.endswith((".jsonl", ".json", ".ndjson")):
        return "jsonl"
    if name.endswith((".parquet", ".pq")):
        return "parquet"
    if name.endswith((".warc", ".wet", ".wat", ".arc", ".lz4")):
        return "archive"
    first = next(filter(None, decompressed(stream)), b"")  # a step of decompression may give nothing yet
    stream.seek(0)
    start = first.removeprefix(b"\xef\xbb\xbf").lstrip()[:4] if isinstance(first, bytes) else b""
    return "parquet" if start == b"PAR1" else "jsonl" if start[:1] == b"{" else "archive"


def _from_row(file: _File, row: Row | Loss) -> Item:
    if isinstance(row, Loss):
        file.records["row"] += row.reason in (LossReason.BAD_ROW, LossReason.NO_TEXT, LossReason.TOO_LARGE)
        return file.loss(row)
    file.records["row"] += 1
    page = Extracted(row.text.replace("\0", "\ufffd"), row.title, row.language, "utf-8")
    return file.document(row.index, page, row, row.metadata)


def _from_record(file: _File, record: Record | Loss, settings: ExtractSettings) -> Item | None:
    if isinstance(record, Loss):
        return file.loss(record)
    kind = storable(record.kind, NAME_CHARS)
    kind = kind if kind in file.records or len(file.records) < KEPT_KINDS else "other"
    file.records[kind] += 1
    declared = _declared_type(record)
    content_type = _essence(declared)
    file.html_responses += record.kind == "response" and content_type in HTML_TYPES
    if not content_type and HTML_START.match(record.body):
        content_type = "text/html"
    if skipped := _why_no_document(record, kind, content_type):
        file.skipped[skipped] += 1
        return None
    is_html = content_type in HTML_TYPES
    found = extract(record.body, declared, settings) if is_html else extract_plain(record.body, declared)
    if isinstance(found, Lost):
        return file.loss(Loss(record.offset, found.reason, found.detail, record.record_id, record.url))
    return file.document(record.offset, found, record, record.headers)


def _declared_type(record: Record) -> str:
    """The Content-Type of the page. WET files are UTF-8 by definition."""
    if record.kind != "conversion":
        return record.http_headers.get("content-type", "")
    declared = next((value for name, value in record.headers.items() if name.lower() == "content-type"), "text/plain")
    return declared if "charset" in declared.lower() else f"{declared}; charset=utf-8"


def _essence(content_type: str) -> str:
    """`text/html` of `Text/HTML; charset=x`, and of `text/html, text/html`, which servers send."""
    return re.split("[;,]", content_type, maxsplit=1)[0].strip().lower()


def _why_no_document(record: Record, kind: str, content_type: str) -> str:
    """The kind under which a record that is no document by design is counted; empty for a page."""
    if record.kind not in ("response", "conversion"):
        return kind
    status = record.http_status or 0
    if record.kind == "response" and not 200 <= status < 300:
        return STATUS_KINDS.get(status // 100, "other_status")
    return "" if content_type in TEXT_TYPES else "other_type"
