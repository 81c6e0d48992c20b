"""Requests to a server that speaks OpenAI's API: a POST of JSON, made again with backoff and jitter where it may
succeed later, and the key's safe conduct.

The key is read from a file, goes into one header of requests to that host, and is taken out of whatever a server says
before that becomes an error. What is asked and what a reply means is the caller's business.
"""

import http.client
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import IO, Any, TypeVar
from urllib.parse import urlsplit

from pydantic import Field

from udfs.backoff import pause_seconds, retry_after_seconds
from udfs.programs.completions import BadReplyError, refusal_text
from udfs.settings import Section

_READ_BYTES = 1 << 16
_REPLY_BYTES = 64 << 20
_SAID_CHARS = 200
_SURE_OF_DOWN = 3  # requests that fail in a row until one try has to do
_KEY_PIECE_CHARS = 8  # a piece of the key of this length is taken out too

Read = TypeVar("Read")


class ServerSettings(Section):
    """How a server is reached, and how patiently."""

    url: str = Field(default="", description="the API's address, such as http://localhost:8000/v1")
    key_file: str = Field(default="", description="file that holds the API key and nothing else; empty: no key")
    retries: int = Field(default=5, ge=0, description="how often a failed request is made again")
    backoff_seconds: float = Field(default=1.0, ge=0, description="wait before the first retry; doubles, with jitter")
    backoff_max_seconds: float = Field(default=60.0, ge=0, description="longest wait, Retry-After or not")
    timeout_seconds: float = Field(default=300.0, gt=0, description="longest silence of the server before a retry")
    request_seconds: float = Field(default=1800.0, gt=0, description="longest time for one request, retries together")


class RefusedError(Exception):
    """A request that comes to nothing, in one sentence without the key; `status` is the server's, 0 for none."""

    def __init__(self, sentence: str, status: int = 0) -> None:
        super().__init__(sentence)
        self.status = status


class _RetryableError(Exception):
    """A failure that may pass: try again after `wait_seconds` or the backoff, whichever is longer."""

    def __init__(self, sentence: str, wait_seconds: float = 0.0, status: int = 0) -> None:
        super().__init__(sentence)
        self.wait_seconds, self.status = wait_seconds, status


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A key is for one host, and a POST that is sent on becomes a GET."""

    def redirect_request(self, *_: object) -> None:
        return None


class ModelServer:
    """One address of a server, such as `/chat/completions`; may be used by several threads.

    Raises ValueError for an address or a key file that cannot be used.
    """

    def __init__(self, settings: ServerSettings, path: str) -> None:
        if not _is_plain_address(settings.url):
            raise ValueError(
                "found a server url that is no plain address, expected http://host:port/v1 without user, password "
                "and query; put the key into the file that key_file names"
            )
        self._settings, self._url, self._key = settings, settings.url.rstrip("/") + path, _read_key(settings.key_file)
        self._opener = urllib.request.build_opener(_NoRedirects)
        self._failures = 0  # requests that came to nothing, in a row
        self._counting = threading.Lock()

    def ask(self, payload: Mapping[str, Any], read: Callable[[bytes], Read]) -> Read:
        """What `read` makes of the server's reply; where that raises BadReplyError the request is made again. Raises
        RefusedError when all tries fail, or where another one would fail as this one did.
        """
        given, body = self._settings, json.dumps(payload).encode()
        deadline = time.monotonic() + given.request_seconds
        tries = 0
        while True:
            tries += 1
            try:
                found = read(self._post(body, deadline))
            except (_RetryableError, BadReplyError) as error:
                wait, status = (error.wait_seconds, error.status) if isinstance(error, _RetryableError) else (0.0, 0)
                pause = pause_seconds(tries, wait, given.backoff_seconds, given.backoff_max_seconds)
                most = given.retries if self._failures < _SURE_OF_DOWN else 0
                if tries > most or time.monotonic() + pause >= deadline:
                    self._count(failed=True)
                    raise RefusedError(f"{error}, after {tries} {'try' if tries == 1 else 'tries'}", status) from None
                time.sleep(pause)
            else:
                self._count(failed=False)
                return found

    def without_key(self, text: str) -> str:
        """The text without the key, or any long piece of it. A key of under 8 characters is no secret, and may be a
        word of the text."""
        for start in range(len(self._key) - _KEY_PIECE_CHARS + 1):
            text = text.replace(self._key[start : start + _KEY_PIECE_CHARS], "...")
        return text

    def _count(self, *, failed: bool) -> None:
        with self._counting:
            self._failures = self._failures + 1 if failed else 0

    def _post(self, body: bytes, deadline: float) -> bytes:
        """The reply's body. Raises _RetryableError and RefusedError, whose sentences do not hold the key."""
        request = urllib.request.Request(self._url, body, {"Content-Type": "application/json"}, method="POST")  # noqa: S310  the scheme is checked
        if self._key:
            request.add_unredirected_header("Authorization", f"Bearer {self._key}")
        timeout = min(self._settings.timeout_seconds, max(deadline - time.monotonic(), 0.001))
        try:
            with self._opener.open(request, timeout=timeout) as reply:
                return _read_all(reply, deadline)
        except urllib.error.HTTPError as error:
            with error:
                raise self._refusal(error) from None
        except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
            raise _RetryableError(self._sentence(f"the request to {self._url} fails ({_cause(error)})")) from None
        except ValueError as error:
            raise RefusedError(f"the request cannot be sent ({type(error).__name__})") from None

    def _refusal(self, error: urllib.error.HTTPError) -> Exception:
        said = self._sentence(_said(error))
        sentence = f"the server answers {error.code}{': ' if said else ''}{said}"
        if error.code >= 500 or error.code in {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}:
            return _RetryableError(sentence, retry_after_seconds(error.headers), error.code)
        return RefusedError(sentence, error.code)

    def _sentence(self, said: str) -> str:
        """What was said without the key, on one line, and cut."""
        said = said.replace(self._key, "...") if self._key else said
        return " ".join(self.without_key(said).split())[:_SAID_CHARS]


def _is_plain_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    is_http = parts.scheme in {"http", "https"} and bool(parts.hostname) and port != 0
    return is_http and not set(url) & set("@?#") and all("!" <= character <= "~" for character in url)


def _read_key(path: str) -> str:
    """The key in the file, "" for no file. Raises ValueError, without what was read."""
    if not path:
        return ""
    try:
        key = Path(path).expanduser().read_bytes().strip()
    except (OSError, RuntimeError) as error:
        raise ValueError(
            f"the key file {path} cannot be read ({getattr(error, 'strerror', None) or type(error).__name__}); "
            "name a file that holds the API key"
        ) from None
    if not key or len(key) > 10_000 or not all(0x21 <= byte < 0x7F for byte in key):
        raise ValueError(f"expected one API key in {path} (ASCII, no blanks), found something else; correct the file")
    return key.decode("ascii")


def _read_all(reply: IO[bytes], deadline: float) -> bytes:
    parts: list[bytes] = []
    size = 0
    while chunk := reply.read1(_READ_BYTES):  # type: ignore[attr-defined]  # HTTPResponse has it, IO does not say so
        parts.append(chunk)
        size += len(chunk)
        if time.monotonic() > deadline:  # a server that sends a byte a second
            raise _RetryableError("the reply is not here in time")
        if size > _REPLY_BYTES:
            raise RefusedError(f"the reply has more than {_REPLY_BYTES} bytes")
    return b"".join(parts)


def _said(error: urllib.error.HTTPError) -> str:
    try:
        return refusal_text(error.read(_READ_BYTES)) or str(error.reason or "")
    except (OSError, http.client.HTTPException):
        return str(error.reason or "")


def _cause(error: Exception) -> str:
    # An error of http.client may quote what was sent: only its kind is told.
    if isinstance(error, http.client.HTTPException):
        return type(error).__name__
    return str(getattr(error, "reason", "") or error or type(error).__name__)
