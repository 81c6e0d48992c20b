"""Bytes of a stream, decompressed by their content (plain, gzip, zstd), and the lines in them, in bounded memory.

A damaged stream gives all that comes before the damage, then one `Damage`. WARC files have a reader of their own.
"""

import zlib
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, NamedTuple

import zstandard

from udfs.crawl.losses import LossReason

_READ_BYTES = 1 << 16
_CHUNK_BYTES = 1 << 20  # most that one step of a gzip bomb may give
# One KiB of zstd gives at most about 32 MiB (256 blocks of 128 KiB), and zstandard has no other bound for one step.
_ZSTD_STEP_BYTES = 1 << 10


class Damage(NamedTuple):
    """Where a stream ends before its time; `rest` is the line that it cuts."""

    reason: LossReason
    detail: str
    rest: bytes = b""


class TooLong(NamedTuple):
    """A line over the limit, skipped."""

    size_bytes: int


def decompressed(stream: BinaryIO) -> Iterator[bytes | Damage]:
    """The stream's content in chunks of some MiB at most; of gzip all members, of zstd all frames."""
    try:
        start = _read_up_to(stream, 4)
        if start[:2] == b"\x1f\x8b":
            yield from _gunzipped(stream, start)
        elif start == b"\x28\xb5\x2f\xfd" or (start[1:] == b"\x2a\x4d\x18" and start[0] >> 4 == 5):
            yield from _unzstandard(stream, start)
        else:
            yield start
            while chunk := stream.read(_READ_BYTES):
                yield chunk
    except OSError as error:  # a disk, or an object store that breaks off
        yield Damage(LossReason.UNREADABLE_FILE, f"reading breaks off: {error.strerror or type(error).__name__}")


def lines(chunks: Iterable[bytes | Damage], line_bytes: int) -> Iterator[bytes | TooLong | Damage]:
    """The lines of `chunks` without their newline; those over `line_bytes` are counted, not held."""
    parts: list[bytes] = []
    size = 0
    for chunk in chunks:
        if isinstance(chunk, Damage):
            yield chunk._replace(rest=b"".join(parts))
            return
        start = 0
        while (end := chunk.find(b"\n", start)) >= 0:
            size += end - start
            parts.append(chunk[start:end])
            yield b"".join(parts) if size <= line_bytes else TooLong(size)
            parts, size, start = [], 0, end + 1
        size += len(chunk) - start
        if size <= line_bytes:
            parts.append(chunk[start:])
        else:
            parts.clear()
    if size:
        yield b"".join(parts) if size <= line_bytes else TooLong(size)


def _read_up_to(stream: BinaryIO, count: int) -> bytes:
    """A raw stream may give less than it is asked for, and more later."""
    content = b""
    while len(content) < count and (more := stream.read(count - len(content))):
        content += more
    return content


def _gunzipped(stream: BinaryIO, data: bytes) -> Iterator[bytes | Damage]:
    while data := data or stream.read(_READ_BYTES):
        data = data.lstrip(b"\0")  # padding between members and after the last
        if not data:
            continue
        member = zlib.decompressobj(wbits=31)
        out = b""
        while not member.eof:
            data = data or stream.read(_READ_BYTES)
            if not data and len(out) < _CHUNK_BYTES:  # else there may be more inside the decompressor
                yield Damage(LossReason.TRUNCATED_FILE, "the file ends inside a gzip member")
                return
            before = member.copy()
            try:
                out = member.decompress(data, _CHUNK_BYTES)
            except zlib.error as error:
                yield _before_damage(before, data)
                yield Damage(LossReason.BAD_COMPRESSION, f"damaged gzip: {error}")
                return
            yield out
            data = member.unused_data if member.eof else member.unconsumed_tail


def _before_damage(member: Any, data: bytes) -> bytes:
    """What `data` gives before it fails: byte by byte, because zlib drops the output of a call that fails."""
    given = []
    try:
        for place in range(len(data)):
            given.append(member.decompress(data[place : place + 1], _CHUNK_BYTES))  # noqa: PERF401  it ends by an error
    except zlib.error:
        pass
    return b"".join(given)[:_CHUNK_BYTES]


def _unzstandard(stream: BinaryIO, data: bytes) -> Iterator[bytes | Damage]:
    frame: Any = None
    try:
        while data:
            for place in range(0, len(data), _ZSTD_STEP_BYTES):
                step = data[place : place + _ZSTD_STEP_BYTES]
                while step:
                    frame = frame or zstandard.ZstdDecompressor().decompressobj()
                    yield frame.decompress(step)
                    step, frame = (frame.unused_data, None) if frame.eof else (b"", frame)
            data = stream.read(_READ_BYTES)
    except zstandard.ZstdError as error:
        yield Damage(LossReason.BAD_COMPRESSION, f"damaged zstd: {error}")
        return
    if frame is not None:
        yield Damage(LossReason.TRUNCATED_FILE, "the file ends inside a zstd frame")
