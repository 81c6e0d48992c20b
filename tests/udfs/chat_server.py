"""A chat server on 127.0.0.1 that fails as it is told; it notes every request, and how many it answers at once.

It answers a chat with `answer(system, user)`, and any request with `reply` where that is set.
"""

import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from tests.udfs.local_server import serving_on_localhost
from udfs.models.criteria import CRITERIA
from udfs.teaching.wording import CRITERION_LABELS, EDU_LINE, FORMAT_LINE


class Asked(NamedTuple):
    """One request."""

    path: str
    authorization: str | None
    payload: dict[str, Any]

    @property
    def user(self) -> str:
        """What the user says in it."""
        return str(self.payload["messages"][-1]["content"])


def rating(domain: str = "E", scores: str = "44543524544454") -> str:
    """An answer to `rating`, as asked for."""
    assert len(scores) == len(CRITERIA)
    numbered = enumerate(zip(CRITERION_LABELS, scores, strict=True), start=1)
    return "\n".join([f"Domain:{domain}", *(f"[{number}]{label}:{score}/5" for number, (label, score) in numbered)])


def good_answer(_: str, user: str) -> str:
    """A good answer to any of the three requests."""
    for line, points in ((EDU_LINE, 3), (FORMAT_LINE, 4)):
        if line in user:
            return f"It is as it is.\n{line} {points}"
    return rating()


class Chat:
    """`faults`: what happens to the next requests, in turn; then it works.

    Faults: a status code; bytes, sent as the reply; "hang" (a silence of 1 s), "close" (no reply at all), "moved" (a
    redirect).
    """

    def __init__(self) -> None:
        self.faults: list[int | str | bytes] = []
        self.asked: list[Asked] = []
        self.said = b""  # the body of a refusal
        self.answer: Callable[[str, str], str] = good_answer
        self.refuses: Callable[[str], bool] = lambda user: False  # what gets a status of 400
        self.slow_seconds = 0.0
        self.at_once = self.most_at_once = 0
        self.counting = threading.Lock()
        self.url = ""

    def reply(self, payload: dict[str, Any]) -> dict[str, Any]:
        system, user = (message["content"] for message in payload["messages"])
        message = {"role": "assistant", "content": self.answer(system, user)}
        return {"object": "chat.completion", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}


@contextmanager
def serving() -> Iterator[Chat]:
    site = Chat()
    with serving_on_localhost(type("Handler", (_Handler,), {"site": site})) as port:
        site.url = f"http://127.0.0.1:{port}/v1"
        yield site


class _Handler(http.server.BaseHTTPRequestHandler):
    site: Chat

    def do_POST(self) -> None:
        payload = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        site = self.site
        with site.counting:
            site.at_once += 1
            site.most_at_once = max(site.most_at_once, site.at_once)
            site.asked.append(Asked(self.path, self.headers.get("Authorization"), payload))
            fault = site.faults.pop(0) if site.faults else None
            fault = 400 if site.refuses(site.asked[-1].user) else fault
        time.sleep(1 if fault == "hang" else site.slow_seconds)
        with site.counting:
            site.at_once -= 1
        self.close_connection = True
        if fault == "close":
            return
        if isinstance(fault, int):
            self._send(fault, site.said)
        elif fault == "moved":
            self._send(302, b"", "http://127.0.0.1:9/v1/chat/completions")
        else:
            self._send(200, fault if isinstance(fault, bytes) else json.dumps(site.reply(payload)).encode())

    def log_message(self, *_: object) -> None:
        pass

    def _send(self, status: int, body: bytes, location: str = "") -> None:
        try:
            self.send_response(status)
            if location:
                self.send_header("Location", location)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:  # the client went away
            pass
