"""Why a record, a page or a row could not become a document. Every loss is a row of the table `losses`."""

from enum import StrEnum
from typing import NamedTuple


class LossReason(StrEnum):
    """Closed list; each value is documented by the sentence beside it."""

    UNREADABLE_FILE = "unreadable_file"  # the file cannot be opened, or nothing in it is of its format
    TRUNCATED_FILE = "truncated_file"  # the file ends inside a record or a compressed block
    BAD_COMPRESSION = "bad_compression"  # a compressed block is damaged; reading goes on at the next one
    BAD_RECORD = "bad_record"  # bytes that are no record were skipped, or a record's header cannot be read
    BAD_HTTP = "bad_http"  # the HTTP head of a response cannot be read
    BAD_ENCODING = "bad_encoding"  # the content or transfer encoding of a body cannot be undone
    TOO_LARGE = "too_large"  # a page is larger than the limit, as stored or once decompressed
    TOO_SLOW = "too_slow"  # extracting the page took longer than the limit
    EXTRACTION_FAILED = "extraction_failed"  # the extractor failed, or its process died
    NO_TEXT = "no_text"  # the page was read, and has no text
    BAD_ROW = "bad_row"  # a line is no JSON object, or a row has no text where the field map expects it


class Loss(NamedTuple):
    """One thing that was lost while a file was read.

    `offset` is the byte offset of the record in the stored file (of the gzip member or lz4 frame it starts in), in the
    decompressed stream for a gzip file of a single member, and the row number from 0 for JSONL and Parquet.
    """

    offset: int
    reason: LossReason
    detail: str
    record_id: str | None = None
    url: str | None = None
