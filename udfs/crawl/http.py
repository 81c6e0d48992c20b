"""HTTP responses as archives store them: the head read, transfer and content encoding undone within a size limit.

Crawlers often store the decoded body under the original headers: a body that does not look encoded is taken as it is.
"""

import re
import zlib
from collections.abc import Callable
from typing import NamedTuple

import brotli  # type: ignore[import-untyped]  # ships no types
import zstandard

from udfs.crawl.losses import LossReason

_STATUS_LINE = re.compile(rb"HTTP/\d+(?:\.\d+)?[ \t]+(\d{1,3})(?!\d)", re.IGNORECASE)
_CHUNK_LINE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\n]{0,1000})?\r?\n")
_BROTLI_INPUT_BYTES = 1 << 12  # bounds what one step can produce where the library takes no output limit
_ZSTD_INPUT_BYTES = 1 << 8  # the library takes no output limit, and four bytes can stand for 128 KiB
_ZSTD_WINDOW_BYTES = 1 << 27


class BodyError(Exception):
    """A body that cannot be given: carries the loss reason and a sentence."""

    def __init__(self, reason: LossReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class Response(NamedTuple):
    """A response as stored: `headers` has names in lower case, `body` is still encoded."""

    status: int
    headers: dict[str, str]
    body: bytes


def header_lines(block: bytes) -> dict[str, str]:
    """Read `Name: value` lines below a first line. Folded lines are joined; the first of equal names stays."""
    try:
        text = block.decode("utf-8")
    except UnicodeDecodeError:
        text = block.decode("latin-1")
    headers: dict[str, str] = {}
    name = ""
    for line in text.split("\n")[1:]:
        if line[:1] in (" ", "\t") and name:
            headers[name] = f"{headers[name]} {line.strip()}".strip()
            continue
        raw_name, colon, value = line.partition(":")
        if colon and (stripped := raw_name.strip()) not in headers:
            name = stripped
            headers[name] = value.strip()
    return headers


def parse_response(block: bytes) -> Response | None:
    """Split a response into status, headers and stored body; None where it does not open with a status line."""
    status = _STATUS_LINE.match(block)
    if status is None:
        return None
    crlf = block.find(b"\r\n\r\n")
    bare = block.find(b"\n\n", 0, crlf if crlf >= 0 else len(block))
    if bare >= 0:
        head, body = block[:bare], block[bare + 2 :]
    elif crlf >= 0:
        head, body = block[:crlf], block[crlf + 4 :]
    else:
        head, body = block, b""
    headers = {name.lower(): value for name, value in header_lines(head).items()}
    return Response(int(status[1]), headers, body)


def decoded_body(response: Response, max_bytes: int) -> bytes:
    """Undo transfer and content encoding. BodyError where that fails or gives more than `max_bytes`."""
    body = response.body
    if len(body) > max_bytes:
        raise BodyError(LossReason.TOO_LARGE, f"the body has {len(body)} bytes, more than {max_bytes}")
    if "transfer-encoding" in response.headers and "chunked" in response.headers["transfer-encoding"].lower():
        body = _unchunked(body)
    encoding = response.headers.get("content-encoding")
    if encoding and body:
        for name in reversed(encoding.lower().split(",")):
            decode = _DECODERS.get(name.strip())
            if decode is not None:
                body = decode(body, max_bytes)
    return body


def _unchunked(body: bytes) -> bytes:
    """Join the chunks; the body itself where it was stored without them."""
    parts: list[bytes] = []
    at = 0
    while line := _CHUNK_LINE.match(body, at):
        size = int(line[1], 16)
        at = line.end()
        if size == 0:
            return b"".join(parts)
        if at + size > len(body):
            break
        parts.append(body[at : at + size])
        at += size
        at += 2 if body.startswith(b"\r\n", at) else body.startswith(b"\n", at)
        if at >= len(body):
            return b"".join(parts)  # the server closed without the last, empty chunk
    if not parts:
        return body
    raise BodyError(LossReason.BAD_ENCODING, f"the chunks of the body are wrong at byte {at} of {len(body)}")


def _too_large(max_bytes: int) -> BodyError:
    return BodyError(LossReason.TOO_LARGE, f"the body decodes to more than {max_bytes} bytes")


def _looks_decoded(body: bytes) -> bool:
    """Whether a body is text already: control bytes are common in compressed data, and have no place in text."""
    return not re.search(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]", body[:512])


def _inflated(body: bytes, window_bits: int, max_bytes: int) -> bytes:
    parts: list[bytes] = []
    left = max_bytes
    while True:
        inflater = zlib.decompressobj(window_bits)
        data = inflater.decompress(body, left + 1)
        if len(data) > left:
            raise _too_large(max_bytes)
        if not inflater.eof:
            raise BodyError(LossReason.BAD_ENCODING, "the compressed body ends too early")
        parts.append(data)
        left -= len(data)
        body = inflater.unused_data
        if window_bits != 31 or not body.startswith(b"\x1f\x8b\x08"):
            return b"".join(parts)


def _from_gzip(body: bytes, max_bytes: int) -> bytes:
    if not body.startswith(b"\x1f\x8b"):
        return body
    try:
        return _inflated(body, 31, max_bytes)
    except zlib.error as error:
        raise BodyError(LossReason.BAD_ENCODING, f"the gzip body is damaged: {error}") from None


def _from_deflate(body: bytes, max_bytes: int) -> bytes:
    # The standard means zlib; some servers send the bare stream.
    if _looks_decoded(body):
        return body
    has_zlib_head = len(body) > 1 and body[0] & 0x0F == 8 and (body[0] << 8 | body[1]) % 31 == 0
    try:
        return _inflated(body, 15 if has_zlib_head else -15, max_bytes)
    except zlib.error as error:
        raise BodyError(LossReason.BAD_ENCODING, f"the deflate body is damaged: {error}") from None


def _from_brotli(body: bytes, max_bytes: int) -> bytes:
    parts: list[bytes] = []
    left = max_bytes
    decoder = brotli.Decompressor()
    try:
        for start in range(0, len(body), _BROTLI_INPUT_BYTES):
            data = decoder.process(body[start : start + _BROTLI_INPUT_BYTES], output_buffer_limit=left + 1)
            while data or not decoder.can_accept_more_data():
                parts.append(data)
                left -= len(data)
                if left < 0:
                    raise _too_large(max_bytes)
                if decoder.is_finished():
                    break
                data = decoder.process(b"", output_buffer_limit=left + 1)
    except brotli.error:
        if _looks_decoded(body):
            return body
        raise BodyError(LossReason.BAD_ENCODING, "the brotli body is damaged") from None
    if not decoder.is_finished():
        if _looks_decoded(body):
            return body
        raise BodyError(LossReason.BAD_ENCODING, "the brotli body ends too early")
    return b"".join(parts)


def _from_zstd(body: bytes, max_bytes: int) -> bytes:
    if not body.startswith(b"\x28\xb5\x2f\xfd"):
        return body
    parts: list[bytes] = []
    left = max_bytes
    decoder = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW_BYTES).decompressobj()
    try:
        for start in range(0, len(body), _ZSTD_INPUT_BYTES):
            data = decoder.decompress(body[start : start + _ZSTD_INPUT_BYTES])
            parts.append(data)
            left -= len(data)
            if left < 0:
                raise _too_large(max_bytes)
            if decoder.eof:
                return b"".join(parts)
    except zstandard.ZstdError as error:
        raise BodyError(LossReason.BAD_ENCODING, f"the zstd body is damaged: {error}") from None
    raise BodyError(LossReason.BAD_ENCODING, "the zstd body ends too early")


_DECODERS: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _from_gzip,
    "x-gzip": _from_gzip,
    "deflate": _from_deflate,
    "br": _from_brotli,
    "zstd": _from_zstd,
}
