"""A completions server on 127.0.0.1 that fails as it is told; it notes every request.

It answers a prompt with `answer(prompt)`; a prompt is a text or a list of token ids.
"""

import http.server
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from tests.udfs.local_server import serving_on_localhost


class Asked(NamedTuple):
    """One request."""

    path: str
    authorization: str | None
    payload: dict[str, Any]


class Completions:
    """`faults`: what happens to the next requests, in turn; then it works.

    Faults: a status code; bytes, sent as the reply; "hang" (a silence of 1 s), "drip" (a byte every 20 ms), "cut" (half
    of the reply), "close" (no reply at all), "shuffle" (the choices in reverse order), "part" (every other choice),
    "moved" (a redirect).
    """

    def __init__(self) -> None:
        self.faults: list[int | str | bytes] = []
        self.asked: list[Asked] = []
        self.headers: dict[str, str] = {}
        self.said = b""  # the body of a refusal
        self.too_long: Callable[[Any], bool] = lambda prompt: False  # prompts for which a whole request is refused
        self.answer: Callable[[Any], str] = lambda prompt: f"keep_doc() # {prompt}"
        self.logprobs: list[float] | None = [-0.5, -0.25]
        self.url = ""

    def reply(self, payload: dict[str, Any]) -> dict[str, Any]:
        about = {"token_logprobs": self.logprobs} if payload.get("logprobs") and self.logprobs else None
        choices = [
            {"index": index, "text": self.answer(prompt), "finish_reason": "stop", "logprobs": about}
            for index, prompt in enumerate(payload["prompt"])
        ]
        return {"object": "text_completion", "choices": choices}


@contextmanager
def serving() -> Iterator[Completions]:
    site = Completions()
    with serving_on_localhost(type("Handler", (_Handler,), {"site": site})) as port:
        site.url = f"http://127.0.0.1:{port}/v1"
        yield site


class _Handler(http.server.BaseHTTPRequestHandler):
    site: Completions

    def do_POST(self) -> None:
        payload = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.site.asked.append(Asked(self.path, self.headers.get("Authorization"), payload))
        fault = self.site.faults.pop(0) if self.site.faults else None
        if any(map(self.site.too_long, payload["prompt"])):
            fault = 400
        self.close_connection = True
        if fault == "close":
            return
        if fault == "hang":
            time.sleep(1)
        if isinstance(fault, int):
            self._send(fault, self.site.said)
        elif fault == "moved":
            self.site.headers["Location"] = "http://127.0.0.1:9/v1/completions"
            self._send(302, b"")
        elif isinstance(fault, bytes):
            self._send(200, fault)
        else:
            reply = self.site.reply(payload)
            if fault == "shuffle":
                reply["choices"].reverse()
            if fault == "part":
                reply["choices"] = reply["choices"][::2]
            self._send(200, json.dumps(reply).encode(), str(fault))

    def log_message(self, *_: object) -> None:
        pass

    def _send(self, status: int, body: bytes, fault: str = "") -> None:
        try:
            self.send_response(status)
            for name, value in self.site.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if fault == "drip":
                for place in range(len(body)):
                    self.wfile.write(body[place : place + 1])
                    time.sleep(0.02)
            else:
                self.wfile.write(body[: len(body) // 2] if fault == "cut" else body)
        except OSError:  # the client went away
            pass
