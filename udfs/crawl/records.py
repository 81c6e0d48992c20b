"""Read web archives: WARC (with WET and WAT) and ARC, plain, gzip or lz4, as records and losses.

Tolerant: whatever the bytes are, every record that is intact is given and everything else is a `Loss`; reading goes on
at the next record. Memory is bounded by the limit of a page, time by the size of the file. Formats are told by content.

Well-formed gzip files go through fastwarc (`fast.py`), everything else, and every doubt, through the scanner
(`scan.py`); both give the same records.

It does not decide what becomes a document, and does not judge charsets. An error of the stream itself (OSError of disk
or network) is raised: a file that could not be fetched must be tried again, not counted as damaged.
"""

import shutil
import tempfile
from collections.abc import Iterator
from typing import BinaryIO

from udfs.crawl.compression import is_gzip_warc, pieces
from udfs.crawl.fast import fast_records
from udfs.crawl.losses import Loss, LossReason
from udfs.crawl.scan import Scanner
from udfs.crawl.stored import Stored
from udfs.crawl.warc import ReadLimits, Record
from udfs.crawl.window import Window

__all__ = ["ReadLimits", "Record", "read_archive"]

_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_FIRST_SCAN_ITEMS = 32


def read_archive(stream: BinaryIO, limits: ReadLimits) -> Iterator[Record | Loss]:
    """Read a web archive from its start. Reads a stream that cannot seek through a temporary file."""
    if stream.seekable():
        yield from _read(stream, limits)
        return
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(stream, copy)
        copy.seek(0)
        yield from _read(copy, limits)


def _read(stream: BinaryIO, limits: ReadLimits) -> Iterator[Record | Loss]:
    stored = Stored(stream)
    stored.seek(0)
    if stored.peek(4) == _ZSTD_MAGIC:
        yield Loss(0, LossReason.UNREADABLE_FILE, "the file is zstd; plain, gzip and lz4 are read: decompress it first")
        return
    nothing = True
    items = _read_by_turns(stream, limits) if is_gzip_warc(stored) else Scanner(_window(stream, 0), limits).items()
    for item in items:
        nothing = False
        yield item
    if nothing:
        yield Loss(0, LossReason.UNREADABLE_FILE, "the file is empty")


def _window(stream: BinaryIO, offset: int) -> Window:
    """The decompressed bytes of the file from a member's start on."""
    stored = Stored(stream)
    stored.seek(offset)
    return Window(pieces(stored))


def _read_by_turns(stream: BinaryIO, limits: ReadLimits) -> Iterator[Record | Loss]:
    """fastwarc as far as it goes, the scanner over the doubtful place, then fastwarc again.

    The scanner's turns double, so that a file fastwarc never likes is read once and not once for each record.
    """
    offset: int | None = 0
    turn = _FIRST_SCAN_ITEMS
    while offset is not None:
        offset = yield from fast_records(stream, offset, limits)
        scanner = Scanner(_window(stream, offset), limits, is_arc=False)
        offset = None
        for number, item in enumerate(scanner.items(), 1):
            yield item
            if number >= turn and (offset := scanner.resume_offset()) is not None:
                break
        turn *= 2
