"""The fast path for gzip WARC files with one record for each member: fastwarc inflates and parses, this module checks.

fastwarc passes over bytes that do not fit, so nothing is believed: a record is given only when the next one was found
and the length that gzip notes at the end of the member equals header + content + separator, to the byte. Where that
fails the scanner takes over.
"""

from collections import deque
from collections.abc import Generator
from typing import BinaryIO

from fastwarc.warc import ArchiveIterator, WarcRecord

from udfs.crawl.losses import Loss
from udfs.crawl.warc import HEADERLESS_KINDS, PAGE_KINDS, Head, ReadLimits, Record, counted, head_of, parsed

_SEPARATOR_BYTES = 4
_KEPT_BLOCKS = 4
_SLACK_BYTES = 1 << 20  # headers, and what fastwarc reads ahead


class _Tap:
    """The stored file as fastwarc reads it; keeps the last blocks, in which the trailers of members are looked up."""

    def __init__(self, stream: BinaryIO, offset: int, max_record_bytes: int) -> None:
        self._stream = stream
        stream.seek(offset)
        self._blocks: deque[tuple[int, bytes]] = deque(maxlen=_KEPT_BLOCKS)
        self._at = 0
        self._max_record_bytes = max_record_bytes
        self.record_start = 0

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        if self._at - self.record_start > self._max_record_bytes:
            raise OSError("a member is longer than a record can be")  # a bomb, or no member at all
        block = self._stream.read(size)
        self._blocks.append((self._at, block))
        self._at += len(block)
        return block

    def tell(self) -> int:
        """The position, counted from where the tap began."""
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        """fastwarc never asks for it."""
        raise OSError("the fast path only reads forward")

    def close(self) -> None:
        """The stream is the caller's."""

    def inflated_bytes(self, end: int) -> int | None:
        """What the gzip member that ends at `end` notes as its inflated length; None where those bytes are gone."""
        for start, block in reversed(self._blocks):
            first = end - 4 - start
            if first >= 0:
                if first + 4 <= len(block):
                    return int.from_bytes(block[first : first + 4], "little")
                following = next((other for at, other in self._blocks if at == start + len(block)), b"")
                trailer = (block[first:] + following)[:4]
                return int.from_bytes(trailer, "little") if len(trailer) == 4 else None
        return None


def fast_records(stream: BinaryIO, offset: int, limits: ReadLimits) -> Generator[Record | Loss, None, int]:
    """Give the records from the member at `offset` on, up to the first doubt.

    Returns the offset of the member from which the scanner must go on: that of the first record that was not given, so
    at the end of the file that of the last record.
    """
    tap = _Tap(stream, offset, limits.max_page_bytes + _SLACK_BYTES)
    archive = ArchiveIterator(tap, parse_http=False, auto_decode="none")
    held: tuple[Record | Loss, int] | None = None
    held_offset = offset
    while True:
        try:
            record = next(archive, None)
            if record is None:
                return held_offset
            if held is not None and not _is_next(tap, record.stream_pos, held_offset - offset, held[1]):
                return held_offset
            tap.record_start = record.stream_pos
            following = _read_record(record, offset + record.stream_pos, limits)
        except Exception:
            return held_offset
        if held is not None:
            yield held[0]
        held_offset = offset + record.stream_pos
        if following is None:
            return held_offset
        held = following


def _is_next(tap: _Tap, start: int, before: int, inflated_bytes: int) -> bool:
    """Whether the record at `start` begins a member of its own, right behind the member of `inflated_bytes` at
    `before`."""
    return start > before and tap.inflated_bytes(start) == inflated_bytes


def _read_record(record: WarcRecord, offset: int, limits: ReadLimits) -> tuple[Record | Loss, int] | None:
    """A record and how many inflated bytes its member must have; None where it is not as usual in any way."""
    length = record.content_length
    if length > limits.max_page_bytes:
        return None
    pairs = record.headers.items_bytes()
    headers = {name.decode(): value.decode() for name, value in pairs}
    kind = headers.get("WARC-Type", "").lower()
    if not kind or len(headers) != len(pairs) or headers.get("Content-Length") != str(length):
        return None
    line_bytes = sum([len(name) + len(value) + 4 for name, value in pairs])
    inflated = len(record.headers.status_line_bytes or b"") + 2 + line_bytes + 2 + length + _SEPARATOR_BYTES
    if kind in HEADERLESS_KINDS:
        return counted(Head(offset, kind, length)), inflated
    head = head_of(offset, kind, length, headers)
    if kind not in PAGE_KINDS:
        return counted(head), inflated
    content = record.reader.read()
    return (parsed(head, content, limits.max_page_bytes), inflated) if len(content) == length else None
