"""Downloading one file over HTTP(S) into a temporary file: retries with backoff, Range resume, a time limit.

What is shown to a person goes through `redacted`, which takes secrets out of a URL. Listing and the other kinds of
storage are in `udfs/crawl/files.py`, which is the module to import from.
"""

import base64
import http.client
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from email.message import Message
from http import HTTPStatus
from typing import IO, NamedTuple
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from pydantic import Field

from udfs.backoff import pause_seconds, retry_after_seconds
from udfs.settings import Section

CHUNK_BYTES = 1 << 18
# Urls of which the part before @ names a container and is no secret.
_CONTAINER_SCHEMES = frozenset({"abfs", "abfss", "wasb", "wasbs"})


class DownloadSettings(Section):
    """How files are fetched over HTTP(S)."""

    retries: int = Field(default=8, ge=0, description="how often a failed request is made again, for one file")
    backoff_seconds: float = Field(default=1.0, ge=0, description="wait before the first retry; doubles, with jitter")
    backoff_max_seconds: float = Field(default=60.0, ge=0, description="longest wait, Retry-After or not")
    timeout_seconds: float = Field(default=60.0, gt=0, description="longest silence of a server before a retry")
    file_seconds: float = Field(default=3600.0, gt=0, description="longest time for one file, all its retries together")
    user_agent: str = Field(default="corpusmill", min_length=1, description="how the client names itself to the server")


class FileError(Exception):
    """A file that cannot be opened, or not to its end. `path` and `sentence` hold no credentials."""

    def __init__(self, path: str, sentence: str) -> None:
        self.path = redacted(path)
        self.sentence = sentence.replace(path, self.path)
        super().__init__(self.path, self.sentence)

    def __str__(self) -> str:
        return f"{self.path}: {self.sentence}"


class Head(NamedTuple):
    """What a server says of a file: its size (0 where it does not say), its etag or modification date ("" likewise)."""

    size_bytes: int
    etag: str


class _RetryableError(Exception):
    """A failure that may pass: the request is made again after `wait_seconds` or the backoff, whichever is longer."""

    def __init__(self, sentence: str, wait_seconds: float = 0.0) -> None:
        super().__init__(sentence)
        self.wait_seconds = wait_seconds


def redacted(path: str) -> str:
    """`path` as it may be shown: a URL without its user, password and query string; a local path as it is."""
    if "://" not in path:
        return path
    try:
        parts = urlsplit(path)
    except ValueError:  # no valid URL: whatever stands before an @ or after a ? could be a secret
        return re.sub(r"\?.*", "?...", re.sub(r"//.*@", "//...@", path, flags=re.S), flags=re.S)
    host = parts.netloc
    user, at, rest = host.rpartition("@")
    if at and (parts.scheme not in _CONTAINER_SCHEMES or ":" in user):
        host = f"...@{rest}"
    return urlunsplit((parts.scheme, host, parts.path, "..." if parts.query else "", ""))


def download(url: str, target: IO[bytes], settings: DownloadSettings) -> None:
    """Write the file at `url` to the empty file `target`. Raises FileError.

    A broken connection is taken up where it broke, if the server serves ranges and the file is still the same
    (If-Range).
    """
    transfer = _Transfer(url, target, settings)
    _with_retries(url, settings, transfer.attempt)


def head(url: str, settings: DownloadSettings) -> Head:
    """Size and etag of the file at `url`; Head(0, "") from a server that refuses HEAD.

    Raises FileError for a file that is not there or a server that does not answer.
    """
    result = Head(0, "")

    def attempt(deadline: float) -> None:
        nonlocal result
        try:
            with _request(url, {}, settings, deadline, method="HEAD") as reply:
                result = Head(max(_announced(reply)[1], 0), _validator(reply.headers))
        except urllib.error.HTTPError as error:
            if error.code in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
                raise
            if _may_pass(error.code):
                raise

    _with_retries(url, settings, attempt)
    return result


def _with_retries(url: str, settings: DownloadSettings, attempt: Callable[[float], None]) -> None:
    deadline = time.monotonic() + settings.file_seconds
    for tries in range(1, settings.retries + 2):
        try:
            attempt(deadline)
        except urllib.error.HTTPError as error:
            if not _may_pass(error.code):
                raise FileError(url, f"the server answers {error.code} {error.reason}") from None
            sentence, wait = f"the server answers {error.code} {error.reason}", retry_after_seconds(error.headers)
        except _RetryableError as error:
            sentence, wait = str(error), error.wait_seconds
        except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
            sentence, wait = f"the download fails ({_cause(error)})", 0.0
        except ValueError as error:  # a URL that urllib or http.client refuses to send
            raise FileError(url, f"not a usable URL ({type(error).__name__})") from None
        else:
            return
        pause = pause_seconds(tries, wait, settings.backoff_seconds, settings.backoff_max_seconds)
        if tries > settings.retries or time.monotonic() + pause >= deadline:
            times = "1 try" if tries == 1 else f"{tries} tries"
            raise FileError(url, f"{sentence}, after {times}")
        time.sleep(pause)


class _Transfer:
    """The state of one download over several requests."""

    def __init__(self, url: str, target: IO[bytes], settings: DownloadSettings) -> None:
        self.url, self.target, self.settings = url, target, settings
        self.received_bytes = 0
        self.validator = ""  # a strong etag or a date: what If-Range compares

    def attempt(self, deadline: float) -> None:
        headers = {}
        if self.received_bytes and self.validator:
            headers = {"Range": f"bytes={self.received_bytes}-", "If-Range": self.validator}
        else:
            self._restart()
        try:
            with _request(self.url, headers, self.settings, deadline) as reply:
                self._receive(reply, deadline)
        except urllib.error.HTTPError as error:
            if error.code != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE or not self.received_bytes:
                raise
            self._restart()
            raise _RetryableError("the server refuses to go on where the connection broke") from None

    def _restart(self) -> None:
        self.received_bytes = 0
        self.target.seek(0)
        self.target.truncate()

    def _receive(self, reply: http.client.HTTPResponse, deadline: float) -> None:
        begin, total_bytes = _announced(reply)
        if begin != self.received_bytes:
            self._restart()
            if begin:
                raise _RetryableError("the server sends another part of the file than was asked for")
        validator = _validator(reply.headers)
        self.validator = "" if validator.startswith("W/") else validator
        # read1, not read: a server that sends a byte a second must meet the deadline too
        while chunk := reply.read1(CHUNK_BYTES):
            self.target.write(chunk)
            self.received_bytes += len(chunk)
            if time.monotonic() > deadline:
                raise _RetryableError(f"the file is not here after {self.settings.file_seconds:g} s")
        if 0 <= total_bytes != self.received_bytes:  # http.client ends such a read without an error
            raise _RetryableError(f"the connection breaks after {self.received_bytes} of {total_bytes} bytes")


def _cause(error: Exception) -> str:
    # An error of http.client may quote the URL, query and all: only its kind is told.
    if isinstance(error, http.client.HTTPException):
        return type(error).__name__
    return str(getattr(error, "reason", "") or error or type(error).__name__)


def _announced(reply: http.client.HTTPResponse) -> tuple[int, int]:
    """First byte of the body and size of the whole file, -1 where the server does not say."""
    if reply.status == HTTPStatus.PARTIAL_CONTENT:
        found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", reply.headers.get("Content-Range", "").strip())
        if not found:
            raise _RetryableError("the server sends a part of the file without saying which")
        begin, total = found.groups()
        return int(begin), -1 if total == "*" else int(total)
    length = reply.headers.get("Content-Length")
    return 0, int(length) if length and length.isdecimal() else -1


def _request(
    url: str, headers: dict[str, str], settings: DownloadSettings, deadline: float, method: str = "GET"
) -> http.client.HTTPResponse:
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    # A name may hold what no request line may: it is quoted, and what is quoted already stays so.
    path = quote(parts.path, safe="/%:@!$&'()*+,;=~")
    query = quote(parts.query, safe="/%:@!$&'()*+,;=~?")
    request = urllib.request.Request(urlunsplit((parts.scheme, host, path, query, "")), headers=headers, method=method)  # noqa: S310  the caller sends http and https only
    request.add_header("User-Agent", settings.user_agent)
    request.add_header("Accept-Encoding", "identity")
    if at:  # unredirected: the password is for this host and no other
        token = base64.b64encode(unquote(user).encode()).decode()
        request.add_unredirected_header("Authorization", f"Basic {token}")
    timeout = min(settings.timeout_seconds, max(deadline - time.monotonic(), 0.001))
    reply: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=timeout)  # noqa: S310  as above
    return reply


def _validator(headers: Message) -> str:
    return (headers.get("ETag") or headers.get("Last-Modified") or "").strip()


def _may_pass(status: int) -> bool:
    return status >= 500 or status in {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
