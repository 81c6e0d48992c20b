"""The stored bytes of a web archive as pieces of decompressed bytes: plain, gzip (one member or many) and lz4 frames.

A damaged member or frame becomes a `Damage` between pieces, and reading goes on at the next one that opens with a
record. Time follows the stored bytes and memory is constant, so a member that is a decompression bomb costs neither.
"""

import re
import zlib
from collections.abc import Iterator

from udfs.crawl.losses import LossReason
from udfs.crawl.lz4 import LZ4_MAGIC, lz4_pieces
from udfs.crawl.stored import BLOCK_BYTES, PROBE_BYTES, Damage, Piece, Stored

GZIP_MAGIC = b"\x1f\x8b\x08"
WARC_LINE = re.compile(rb"WARC/\d+\.\d+[ \t]*\r?\n", re.IGNORECASE)
# URL, address, date, media type (and more fields in ARC 2), length. URLs and media types with spaces occur.
ARC_LINE = re.compile(
    rb"([A-Za-z][A-Za-z0-9+.\-]*:[^\n]{0,4096}?) ([^ \n]+) (\d{12,18}) (?:[^\n]{0,300} )?([^ \r\n]+) *\r?\n"
)
_GZIP_INPUT_BYTES = 1 << 14  # a member of a page is about this long; what lies behind it is copied by zlib
_PIECE_BYTES = 1 << 20
_DETECT_BYTES = 1 << 22  # how far a file with a damaged start is searched for its first member
# A member is given up past this many bytes and this ratio; pages come to 3:1 to 10:1.
_BOMB_BYTES = 1 << 26
_BOMB_RATIO = 100


def is_record_start(data: bytes) -> bool:
    """Whether `data` opens with the first line of a WARC or ARC record."""
    data = data.lstrip(b"\r\n")
    return WARC_LINE.match(data) is not None or ARC_LINE.match(data) is not None


def is_gzip_warc(stored: Stored) -> bool:
    """Whether the file opens with a gzip member that opens with a WARC record."""
    head = stored.peek(PROBE_BYTES)
    try:
        return WARC_LINE.match(zlib.decompressobj(31).decompress(head, PROBE_BYTES)) is not None
    except zlib.error:
        return False


def pieces(stored: Stored) -> Iterator[Piece | Damage]:
    """Decompress a file whose format its first bytes tell."""
    head = stored.peek(PROBE_BYTES)
    if head.startswith(LZ4_MAGIC):
        yield from lz4_pieces(stored)
    elif head.startswith(GZIP_MAGIC):
        yield from _gzip_pieces(stored)
    elif not is_record_start(head) and _seek_member(stored, 0, last=_DETECT_BYTES):
        yield Damage(
            0, LossReason.BAD_COMPRESSION, f"found {stored.offset} bytes before the first gzip member", cut=False
        )
        yield from _gzip_pieces(stored)
    else:
        stored.seek(0)
        yield from _plain_pieces(stored)


def _plain_pieces(stored: Stored) -> Iterator[Piece]:
    offset: int | None = 0
    while data := stored.take(BLOCK_BYTES):
        yield Piece(offset, bytes(data))
        stored.advance(len(data))
        offset = None


def _gzip_pieces(stored: Stored) -> Iterator[Piece | Damage]:
    while head := stored.peek(len(GZIP_MAGIC)):
        offset = stored.offset
        if head == GZIP_MAGIC:
            yield from _member_pieces(stored, offset)
            continue
        padding = _skip_zeros(stored)
        at_member = stored.peek(len(GZIP_MAGIC))
        if padding and at_member in (b"", GZIP_MAGIC):
            continue  # block devices and tapes pad with zeros; nothing is lost
        _seek_member(stored, offset)
        yield Damage(
            offset,
            LossReason.BAD_COMPRESSION,
            f"found {stored.offset - offset} bytes that are no gzip member",
            cut=False,
        )


def _skip_zeros(stored: Stored) -> int:
    start = stored.offset
    while data := stored.take(BLOCK_BYTES):
        zeros = len(data) - len(bytes(data).lstrip(b"\0"))
        stored.advance(zeros)
        if zeros < len(data):
            break
    return stored.offset - start


def _member_pieces(stored: Stored, offset: int) -> Iterator[Piece | Damage]:
    inflater = zlib.decompressobj(31)
    made = 0
    problem: tuple[LossReason, str] | None = None
    while not inflater.eof and problem is None:
        block = stored.take(_GZIP_INPUT_BYTES)
        try:
            data = inflater.decompress(block, _PIECE_BYTES)
        except zlib.error as error:
            problem = LossReason.BAD_COMPRESSION, f"a gzip member is damaged: {error}"
            break
        stored.advance(len(block) - len(inflater.unused_data) - len(inflater.unconsumed_tail))
        if data:
            yield Piece(None if made else offset, data)
            made += len(data)
        elif not block and not inflater.eof:
            problem = LossReason.TRUNCATED_FILE, "the file ends inside a gzip member"
        if made > _BOMB_BYTES and made > _BOMB_RATIO * (stored.offset - offset):
            problem = (
                LossReason.BAD_COMPRESSION,
                f"a gzip member was given up: it inflates more than {_BOMB_RATIO}-fold",
            )
    if problem is not None:
        # Damaged deflate data may run on into the members behind it, so the search starts inside this member.
        found = _seek_member(stored, offset + 1)
        if found and problem[0] is LossReason.TRUNCATED_FILE:
            problem = LossReason.BAD_COMPRESSION, "a gzip member is damaged or cut; the next one follows"
        yield Damage(offset, *problem, cut=made > 0)


def _seek_member(stored: Stored, offset: int, last: int | None = None) -> bool:
    """Move to the next gzip member, from `offset` on, that opens with a record; else to the end of the file."""
    stored.seek(offset)
    while stored.find(GZIP_MAGIC, last):
        try:
            if is_record_start(zlib.decompressobj(31).decompress(stored.peek(PROBE_BYTES), PROBE_BYTES)):
                return True
        except zlib.error:
            pass  # three bytes that look like a member by chance
        stored.advance(1)
    return False
