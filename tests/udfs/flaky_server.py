"""An HTTP server on 127.0.0.1 that serves bytes and fails as it is told; it notes every request."""

import http.server
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple
from urllib.parse import unquote

from tests.udfs.local_server import serving_on_localhost


class Seen(NamedTuple):
    """One request."""

    method: str
    path: str
    range: str | None
    authorization: str | None


class Site:
    """`files`: path -> content. `faults`: path -> what happens to its next GET requests, in turn; then it works.

    Faults: a status code, "cut" (half of what was asked for, then the connection closes), "slow" (a silence of 1 s),
    "drip" (a byte every 20 ms), "moved" (the content changes, then as "cut"), "no range" (ranges are ignored).
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.faults: dict[str, list[int | str]] = {}
        self.seen: list[Seen] = []
        self.headers: dict[str, str] = {}
        self.has_etags = True
        self.base = ""

    def gets(self, path: str) -> list[Seen]:
        return [seen for seen in self.seen if seen.method == "GET" and seen.path == path]


@contextmanager
def serving() -> Iterator[Site]:
    site = Site()
    with serving_on_localhost(type("Handler", (_Handler,), {"site": site})) as port:
        site.base = f"http://127.0.0.1:{port}"
        yield site


class _Handler(http.server.BaseHTTPRequestHandler):
    site: Site

    def do_HEAD(self) -> None:
        self._answer("HEAD")

    def do_GET(self) -> None:
        self._answer("GET")

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self, method: str) -> None:
        path = unquote(self.path.partition("?")[0])
        asked = self.headers.get("Range")
        self.site.seen.append(Seen(method, path, asked, self.headers.get("Authorization")))
        waiting = self.site.faults.get(path, [])
        fault = waiting.pop(0) if waiting and method == "GET" else None
        if isinstance(fault, int) or path not in self.site.files:
            self._send_status(fault if isinstance(fault, int) else 404)
            return
        content = self.site.files[path]
        etag = f'"{hash(content)}"'
        begin = int(asked.removeprefix("bytes=").partition("-")[0]) if asked and fault != "no range" else 0
        begin = begin if self.headers.get("If-Range") == etag else 0
        self.send_response(206 if begin else 200)
        if begin:
            self.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - begin))
        if self.site.has_etags:
            self.send_header("ETag", etag)
        self.end_headers()
        if method == "GET":
            self._send_body(path, content[begin:], fault)

    def _send_status(self, status: int) -> None:
        self.send_response(status)
        for name, value in self.site.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send_body(self, path: str, content: bytes, fault: object) -> None:
        try:
            if fault == "slow":
                time.sleep(1)
            if fault == "drip":
                for place in range(len(content)):
                    self.wfile.write(content[place : place + 1])
                    time.sleep(0.02)
                return
            if fault == "moved":
                self.site.files[path] = self.site.files[path][::-1]
            self.wfile.write(content[: len(content) // 2] if fault in {"cut", "moved"} else content)
        except OSError:  # the client went away
            pass
        self.close_connection = True
