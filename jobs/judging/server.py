"""The server of the judge page, for one person at this machine.

It listens on 127.0.0.1 alone. A request must name this address as its host, because another site's name can be made to
lead here (DNS rebinding), and must know the token that is part of the page's address. There are two requests: GET of
the page, and POST of a verdict, which must not come from another origin. Everything else is refused, and nothing a
request says is looked up in the file system.
"""

import contextlib
import re
import secrets
import threading
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from jobs.judging.look import POLICY
from jobs.judging.page import FINISH, UNDO, farewell, page
from jobs.judging.sitting import VERDICTS, Sitting
from jobs.runtime.errors import CorpusmillError

ADDRESS = "127.0.0.1"
MOST_BODY_BYTES = 100
_ANSWER = re.compile(rf"({'|'.join((*VERDICTS, UNDO, FINISH))})=([0-9]{{1,9}})")
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with no-referrer a form's POST would have no origin
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class _Server(ThreadingHTTPServer):
    """Knows whose page it serves. Threads, because a browser opens connections that it does not use yet."""

    daemon_threads = True

    def __init__(self, port: int, sitting: Sitting) -> None:
        self.sitting = sitting
        self.path = f"/{secrets.token_urlsafe(24)}/"
        super().__init__((ADDRESS, port), _Handler)

    @property
    def hosts(self) -> frozenset[str]:
        """What a browser may have typed in for this server."""
        return frozenset(f"{name}:{self.server_port}" for name in (ADDRESS, "localhost"))


class _Handler(BaseHTTPRequestHandler):
    """A request."""

    server: _Server
    server_version, sys_version = "corpusmill", ""
    timeout = 20  # seconds that a connection may say nothing

    def do_GET(self) -> None:
        """The page."""
        if self._is_welcome():
            self._send(HTTPStatus.OK, page(self.server.sitting.view()))

    def do_POST(self) -> None:
        """A verdict."""
        if not self._is_welcome():
            return
        if self.headers.get("Origin", f"http://{self.headers['Host']}") != f"http://{self.headers['Host']}":
            self._refuse(HTTPStatus.FORBIDDEN, "Not stored: the request comes from another site.")
            return
        said = self.headers.get("Content-Length", "")
        if not re.fullmatch("[0-9]{1,9}", said) or int(said) > MOST_BODY_BYTES:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Not stored: found no short answer.")
            return
        answer = _ANSWER.fullmatch(self.rfile.read(int(said)).decode("latin-1"))
        if answer is None:
            self._refuse(HTTPStatus.BAD_REQUEST, "Not stored: found no verdict, expected keep, drop or skip.")
            return
        self._do(answer[1], int(answer[2]))

    def _do(self, verdict: str, number: int) -> None:
        sitting = self.server.sitting
        if verdict == FINISH:
            self._send(HTTPStatus.OK, farewell())
            sitting.finish()
            return
        try:
            sitting.undo(number) if verdict == UNDO else sitting.answer(verdict, number)
        except OSError as error:
            found = f"Not stored: the journal cannot be written ({error.strerror or error})."
            self._refuse(HTTPStatus.INSUFFICIENT_STORAGE, found)
            return
        # The answer is the page itself, under its own address: a reload asks for it and sends nothing again.
        self._send(HTTPStatus.SEE_OTHER, "", Location=self.server.path)

    def _is_welcome(self) -> bool:
        """Whether the request is for this server and knows the page; if not, it is answered."""
        hosts = self.headers.get_all("Host", [])
        if len(hosts) != 1 or hosts[0] not in self.server.hosts:
            self._refuse(HTTPStatus.MISDIRECTED_REQUEST, "This server has another name.")
            return False
        if not secrets.compare_digest(self.path.encode("latin-1", "replace"), self.server.path.encode()):
            self._refuse(HTTPStatus.NOT_FOUND, "There is no such page; use the address that the terminal shows.")
            return False
        return True

    def _refuse(self, status: HTTPStatus, sentence: str) -> None:
        self.close_connection = True  # what else it has sent is not read
        self._send(status, sentence, **{"Content-Type": "text/plain; charset=utf-8"})

    def _send(self, status: HTTPStatus, body: str, **headers: str) -> None:
        content = body.encode()
        with contextlib.suppress(ConnectionError):  # the person has closed the page
            self.send_response(status)
            for name, value in (_HEADERS | {"Content-Type": "text/html; charset=utf-8"} | headers).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the library refuses (other methods, requests that cannot be read), without repeating what was sent."""
        self._refuse(HTTPStatus(code), "This server knows GET and POST of one page.")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's name
        """Requests are not logged: their address has the token."""


@contextlib.contextmanager
def served(sitting: Sitting, port: int) -> Iterator[str]:
    """The address of the sitting's page, as long as the block lasts. Port 0: a free one."""
    try:
        server = _Server(port, sitting)
    except (OSError, OverflowError) as error:
        raise CorpusmillError(
            f"--port {port}: found that it cannot be listened on ({error}), expected a free port; 0 takes any."
        ) from None
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        yield f"http://{ADDRESS}:{server.server_port}{server.path}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
