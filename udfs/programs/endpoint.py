"""Programs from a server that speaks OpenAI's completions API, as vLLM does.

Prompts go in batches. A request that may succeed later is made again, with backoff and jitter; one that the server
refuses because of its content (a prompt that is too long) is cut in two until the prompt at fault is alone. What is
left is an error in the proposals concerned: nothing raises while requests are made. The key is read from a file, goes
into one header of requests to that host, and is taken out of whatever a server says before that becomes an error.
"""

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import IO, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field

from udfs.backoff import pause_seconds, retry_after_seconds
from udfs.programs.completions import BadReplyError, Choice, read_choices, refusal_text, to_proposal
from udfs.programs.effects import Level
from udfs.programs.proposer import Proposal, Proposer, Request, failed
from udfs.settings import Section

_READ_BYTES = 1 << 16
_REPLY_BYTES = 64 << 20
_SAID_CHARS = 200
_SURE_OF_DOWN = 3  # requests that fail in a row until one try has to do
_SPLIT = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY})


class EndpointSettings(Section):
    """A server that completes prompts."""

    url: str = Field(default="http://localhost:8000/v1", description="the API's address, without /completions")
    model: str = Field(default="", description="the model's name as the server knows it")
    chunk_model: str = Field(default="", description="the model for chunks; empty: the same")
    key_file: str = Field(default="", description="file that holds the API key and nothing else; empty: no key")
    send: Literal["ids", "text"] = Field(
        default="ids", description="prompts as token ids, or as text for a server that takes no ids"
    )
    prompts_per_request: int = Field(default=64, ge=1, le=256, description="prompts in one request")
    document_tokens: int = Field(default=32, ge=1, description="longest answer about a document")
    chunk_tokens: int = Field(default=256, ge=1, description="longest program of a chunk")
    logprobs: bool = Field(default=True, description="ask for log probabilities, of which scores are made")
    retries: int = Field(default=5, ge=0, description="how often a failed request is made again")
    backoff_seconds: float = Field(default=1.0, ge=0, description="wait before the first retry; doubles, with jitter")
    backoff_max_seconds: float = Field(default=60.0, ge=0, description="longest wait, Retry-After or not")
    timeout_seconds: float = Field(default=300.0, gt=0, description="longest silence of the server before a retry")
    request_seconds: float = Field(default=1800.0, gt=0, description="longest time for one request, retries together")

    def model_for(self, level: Level) -> str:
        """The name of the model that is asked about a document or a chunk; ProX has one for each."""
        return self.chunk_model if level == "chunk" and self.chunk_model else self.model


class _RetryableError(Exception):
    """A failure that may pass: try again after `wait_seconds` or the backoff, whichever is longer."""

    def __init__(self, sentence: str, wait_seconds: float = 0.0) -> None:
        super().__init__(sentence)
        self.wait_seconds = wait_seconds


class _RefusedError(Exception):
    """A failure that does not pass; `may_split` where a part of the batch could succeed."""

    def __init__(self, sentence: str, *, may_split: bool = False) -> None:
        super().__init__(sentence)
        self.may_split = may_split


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A key is for one host, and a POST that is sent on becomes a GET."""

    def redirect_request(self, *_: object) -> None:
        return None


def endpoint_proposer(settings: EndpointSettings) -> Proposer:
    """A proposer that asks the server. Raises ValueError for an address or a key file that cannot be used."""
    if not _is_plain_address(settings.url):
        raise ValueError(
            "found an endpoint url that is no plain address, expected http://host:port/v1 without user, password and "
            "query; put the key into the file that key_file names"
        )
    if not settings.model:
        raise ValueError("found no model for the endpoint, expected the name that the server knows it by; set model")
    return _Endpoint(settings, _read_key(settings.key_file))


class _Endpoint:
    """The proposer. `_failures` counts requests that came to nothing, in a row."""

    def __init__(self, settings: EndpointSettings, key: str) -> None:
        self._settings, self._key = settings, key
        self._opener = urllib.request.build_opener(_NoRedirects)
        self._failures = 0

    def __call__(self, requests: Sequence[Request]) -> list[Proposal]:
        found: dict[int, Proposal] = {}
        size = self._settings.prompts_per_request
        for level in ("document", "chunk"):
            places = [place for place, request in enumerate(requests) if request.level == level]
            for start in range(0, len(places), size):
                batch = places[start : start + size]
                found.update(zip(batch, self._batch([requests[place] for place in batch], level), strict=True))
        return [found[place] for place in range(len(requests))]

    def _batch(self, requests: Sequence[Request], level: Level) -> list[Proposal]:
        """The proposals of requests of one level, by halves where the server refuses them together; what it passes
        over is asked once more, without the others."""
        try:
            choices = self._choices(requests, level)
        except _RefusedError as error:
            if error.may_split and len(requests) > 1:
                half = len(requests) // 2
                return self._batch(requests[:half], level) + self._batch(requests[half:], level)
            return [failed(str(error))] * len(requests)
        left = [request for place, request in enumerate(requests) if place not in choices]
        again = iter(self._batch(left, level) if left else [])
        places = range(len(requests))
        return [to_proposal(choices[place], level) if place in choices else next(again) for place in places]

    def _choices(self, requests: Sequence[Request], level: Level) -> dict[int, Choice]:
        """The server's answers to at least one of the requests, by place. Raises _RefusedError when it gives none."""
        given = self._settings
        body = json.dumps(self._payload(requests, level)).encode()
        deadline = time.monotonic() + given.request_seconds
        tries = 0
        while True:
            tries += 1
            try:
                choices = read_choices(self._post(body, deadline), len(requests))
            except (_RetryableError, BadReplyError) as error:
                wait = error.wait_seconds if isinstance(error, _RetryableError) else 0.0
                pause = pause_seconds(tries, wait, given.backoff_seconds, given.backoff_max_seconds)
                most = given.retries if self._failures < _SURE_OF_DOWN else 0
                if tries > most or time.monotonic() + pause >= deadline:
                    self._failures += 1
                    raise _RefusedError(f"{error}, after {tries} {'try' if tries == 1 else 'tries'}") from None
                time.sleep(pause)
            else:
                self._failures = 0
                return choices

    def _payload(self, requests: Sequence[Request], level: Level) -> dict[str, Any]:
        given = self._settings
        written = [one.prompt for one in requests if one.prompt]
        prompts = [list(one.ids) if given.send == "ids" else one.server_text for one in written]
        model = given.model_for(level)
        payload: dict[str, Any] = {"model": model, "prompt": prompts, "temperature": 0.0, "stream": False}
        payload["max_tokens"] = given.document_tokens if level == "document" else given.chunk_tokens
        return payload | ({"logprobs": 1} if given.logprobs else {})

    def _post(self, body: bytes, deadline: float) -> bytes:
        """The reply's body. Raises _RetryableError and _RefusedError, whose sentences do not hold the key."""
        url = self._settings.url.rstrip("/") + "/completions"
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"}, method="POST")  # noqa: S310  the scheme is checked
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
            raise _RetryableError(self._clean(f"the request to {url} fails ({_cause(error)})")) from None
        except ValueError as error:
            raise _RefusedError(f"the request cannot be sent ({type(error).__name__})") from None

    def _refusal(self, error: urllib.error.HTTPError) -> Exception:
        said = self._clean(_said(error))
        sentence = f"the server answers {error.code}{': ' if said else ''}{said}"
        if error.code >= 500 or error.code in {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}:
            return _RetryableError(sentence, retry_after_seconds(error.headers))
        return _RefusedError(sentence, may_split=error.code in _SPLIT)

    def _clean(self, sentence: str) -> str:
        """The sentence without the key, or any long piece of it, on one line, and cut."""
        for start in range(max(len(self._key) - 7, 1) if self._key else 0):
            sentence = sentence.replace(self._key[start : start + 8], "...")
        return " ".join(sentence.split())[:_SAID_CHARS]


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
        key = Path(path).read_bytes().strip()
    except OSError as error:
        raise ValueError(
            f"the key file {path} cannot be read ({error.strerror or type(error).__name__}); "
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
            raise _RefusedError(f"the reply has more than {_REPLY_BYTES} bytes")
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
