"""WARC/1.0 records, one gzip member each as Common Crawl writes them, the same bytes at every run."""

import base64
import hashlib
import struct
import uuid
import zlib
from datetime import UTC, datetime

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://corpusmill.example/sample")
# Deflate, no flags, time 0, best compression, unknown system: the gzip module's header differs between Python versions.
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"


def to_member(content: bytes) -> bytes:
    """One complete gzip member."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = deflate.compress(content) + deflate.flush()
    return _GZIP_HEADER + body + struct.pack("<II", zlib.crc32(content), len(content))


def record_id(*parts: str) -> str:
    """A fixed id: the same parts give the same one."""
    return f"<urn:uuid:{uuid.uuid5(_NAMESPACE, ' '.join(parts))}>"


def digest(content: bytes) -> str:
    """SHA-1 in base 32, as crawlers write it."""
    return "sha1:" + base64.b32encode(hashlib.sha1(content, usedforsecurity=False).digest()).decode()


def stamp(seconds: int) -> str:
    """Seconds since 1970 as a WARC date."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def to_record(kind: str, headers: dict[str, str], block: bytes) -> bytes:
    """One record, not compressed; `headers` come after the type and before the length."""
    lines = {"WARC-Type": kind, **headers, "WARC-Block-Digest": digest(block), "Content-Length": str(len(block))}
    head = "WARC/1.0\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items()) + "\r\n"
    return head.encode() + block + b"\r\n\r\n"


def to_http(status: str, content_type: str, body: bytes, extra: dict[str, str]) -> bytes:
    """An HTTP response as it is stored: status line, headers, body."""
    headers = {"Server": "sample", "Content-Type": content_type, **extra, "Content-Length": str(len(body))}
    head = f"HTTP/1.1 {status}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return head.encode() + b"\r\n" + body
