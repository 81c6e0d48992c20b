"""The judge page over real HTTP: who may ask, what an answer does, and what is left after a kill; no browser."""

import http.client
import re
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from jobs.explaining.style import DARK, LIGHT, contrast
from jobs.explaining.whole import source_of
from jobs.judging import look, server
from jobs.judging.journal import Journal, left_behind, read
from jobs.judging.page import LINE_CHARS, MOST_LINES, page
from jobs.judging.samples import TEXT_CHARS
from jobs.judging.server import MOST_BODY_BYTES, served
from jobs.judging.sitting import Sitting, View
from jobs.runtime.errors import CorpusmillError
from tests.conftest import ROOT
from tests.jobs.judged_documents import drawn, sample
from tests.jobs.test_explained_page import HOSTILE, Parsed

TAGS = """
    html head meta link title style body main h1 p bdi div span form button kbd script
"""


class Client:
    """A person's browser, without the browser."""

    def __init__(self, folder: Path, stack: ExitStack, documents: tuple = ()) -> None:
        self.clock = 100.0
        self.journal = Journal(folder)
        self.sitting = Sitting(sample(*documents), "anna", self.journal, lambda: self.clock)
        self.address = stack.enter_context(served(self.sitting, 0))
        self.url = urlsplit(self.address)

    def ask(
        self, method: str = "GET", body: str | bytes | None = None, path: str = "", **headers: str
    ) -> tuple[int, str, http.client.HTTPMessage]:
        connection = http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=10)
        given = {"Content-Type": "application/x-www-form-urlencoded"} if body is not None else {}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path or self.url.path, body, given | named)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text, answer.headers

    def say(self, verdict: str, number: int) -> str:
        """The page after a verdict."""
        status, _, headers = self.ask("POST", f"{verdict}={number}")
        assert status == 303
        assert headers["Location"] == self.url.path
        return self.ask()[1]

    @property
    def stored(self) -> list[tuple[int, str]]:
        return [(one.offset, one.verdict) for one in read(self.journal.path)]


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    with ExitStack() as stack:
        yield Client(tmp_path, stack)


def test_a_sitting_from_the_first_document_to_the_last(client: Client) -> None:
    first = client.ask()[1]
    assert "Document 1 of 3" in first
    assert "http://river.test/0" in first
    client.clock += 4
    assert "Document 2 of 3" in client.say("keep", 1)
    client.clock += 1.5
    assert "Document 3 of 3" in client.say("drop", 2)
    last = client.say("skip", 3)
    assert "All documents are judged" in last
    assert "Keep <kbd>" not in last
    assert client.stored == [(0, "keep"), (1, "drop"), (2, "skip")]
    assert [one.seconds for one in read(client.journal.path)] == [4.0, 1.5, 0.0]
    assert {(one.judge, one.sample, one.side_documents) for one in read(client.journal.path)} == {
        ("anna", "5a3b1e", 300)
    }
    assert not client.sitting.finished.is_set()
    status, text, _ = client.ask("POST", "finish=4")
    assert (status, "You can close this page" in text) == (200, True)
    assert client.sitting.finished.wait(5)


def test_undo_takes_back_as_far_as_the_sitting_began(client: Client) -> None:
    client.say("keep", 1)
    client.say("drop", 2)
    assert "Document 2 of 3" in client.say("undo", 3)
    page_ = client.say("undo", 2)
    assert "Document 1 of 3" in page_
    assert re.search(r'<button name="undo"[^>]* disabled>', page_)
    assert client.stored == []
    client.say("undo", 1)
    client.say("drop", 1)
    assert client.stored == [(0, "drop")]


def test_an_answer_counts_once_and_only_for_the_document_that_is_shown(client: Client) -> None:
    client.say("keep", 1)
    assert "was judged already" in client.say("drop", 1)
    client.say("drop", 3)
    client.say("undo", 1)
    assert client.stored == [(0, "keep")]
    threads = [threading.Thread(target=client.ask, args=("POST", "drop=2")) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client.stored == [(0, "keep"), (1, "drop")]


def test_the_page_does_not_say_what_was_decided(tmp_path: Path) -> None:
    """Two documents that differ only in what the pipeline says of them are shown alike."""
    pages = [
        page(View(1, 2, drawn(7, side=side, signal=signal), False, "")) for side, signal in (("keep", 1), ("drop", 9))
    ]
    assert pages[0] == pages[1]


@pytest.mark.parametrize(
    "host", ["evil.test", "127.0.0.1", "localhost", "127.0.0.1:1", "", "127.0.0.1:{port}.evil.test"]
)
def test_another_host_is_refused(client: Client, host: str) -> None:
    named = host.replace("{port}", str(client.url.port))
    for method, body in (("GET", None), ("POST", "keep=1")):
        status, text, _ = client.ask(method, body, Host=named)
        assert (status, text) == (421, "This server has another name.")
    assert client.stored == []
    assert client.ask(Host=f"localhost:{client.url.port}")[0] == 200


def test_two_hosts_or_none_are_refused(client: Client) -> None:
    for hosts in ("", f"Host: {client.url.netloc}\r\nHost: evil.test\r\n"):
        with socket.create_connection((client.url.hostname, client.url.port), timeout=10) as plain:
            plain.sendall(f"GET {client.url.path} HTTP/1.1\r\n{hosts}\r\n".encode())
            assert plain.recv(100).startswith(b"HTTP/1.0 421")


@pytest.mark.parametrize(
    "path", ["/", "/favicon.ico", "/../etc/passwd", "{token}x/", "{token}/", "{token}?a", "{upper}"]
)
def test_another_path_is_refused_and_not_repeated(client: Client, path: str) -> None:
    token = client.url.path
    asked = path.replace("{token}", token.rstrip("/") if path != "{token}/" else token).replace(
        "{upper}", token.swapcase()
    )
    for method, body in (("GET", None), ("POST", "keep=1")):
        status, text, headers = client.ask(method, body, path=asked)
        assert status == 404
        assert headers["Content-Type"].startswith("text/plain")
        assert token not in text
    assert client.stored == []


@pytest.mark.parametrize("origin", ["null", "http://evil.test", "https://127.0.0.1:{port}", "http://localhost:{port}"])
def test_a_verdict_of_another_site_is_refused(client: Client, origin: str) -> None:
    status, text, _ = client.ask("POST", "keep=1", Origin=origin.replace("{port}", str(client.url.port)))
    assert (status, text) == (403, "Not stored: the request comes from another site.")
    assert client.stored == []
    assert client.ask("POST", "keep=1", Origin=f"http://{client.url.netloc}")[0] == 303


@pytest.mark.parametrize(
    "body", ["", "keep", "keep=", "keep=x", "keep=1&drop=1", "delete=1", "keep=1 ", "KEEP=1", "keep=\u0663".encode()]
)
def test_what_is_no_verdict_is_refused(client: Client, body: str | bytes) -> None:
    assert client.ask("POST", body)[0] in {400, 413}
    assert client.stored == []


def test_sizes_and_methods_are_bounded(client: Client) -> None:
    assert client.ask("POST", "keep=1" + " " * MOST_BODY_BYTES)[0] == 413
    assert client.ask("POST", "keep=1", Content_Length="-1")[0] == 413
    for method in ("HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"):
        assert client.ask(method)[0] == 501
    assert client.ask(path="/" + "a" * 70_000)[0] == 414
    assert client.ask(X="a" * 70_000)[0] == 431
    assert client.stored == []
    assert client.ask()[0] == 200


def test_a_silent_connection_does_not_hold_up_the_others(client: Client) -> None:
    with socket.create_connection((client.url.hostname, client.url.port), timeout=10) as silent:
        silent.sendall(b"POST ")
        assert client.ask()[0] == 200


def test_it_listens_on_one_address_alone(client: Client) -> None:
    """Another address of this machine: a server that listens on all of them would answer (Linux has all of 127/8)."""
    assert client.url.hostname == "127.0.0.1"
    with socket.socket() as plain, pytest.raises(OSError, match="refused"):
        plain.connect(("127.0.0.2", client.url.port))
    assert len(client.url.path) > 30


def test_a_port_that_is_taken_is_a_sentence(client: Client, tmp_path: Path) -> None:
    with pytest.raises(CorpusmillError, match=rf"--port {client.url.port}: found that it cannot be listened on"):
        served(client.sitting, client.url.port).__enter__()


def test_what_cannot_be_stored_is_not_acknowledged(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    client.say("keep", 1)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(client.journal, "note", full)
        patched.setattr(client.journal, "take_back", full)
        for body in ("drop=2", "undo=2"):
            status, text, _ = client.ask("POST", body)
            assert (status, text) == (507, "Not stored: the journal cannot be written (No space left on device).")
    assert "Document 2 of 3" in client.ask()[1]
    assert client.stored == [(0, "keep")]


def test_every_answer_has_the_policy(client: Client) -> None:
    answers = [client.ask(), client.ask("POST", "keep=1"), client.ask(path="/"), client.ask("PUT")]
    for _, _, headers in answers:
        assert headers["Content-Security-Policy"] == look.POLICY
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
    parsed = Parsed(client.ask()[1])
    assert source_of(parsed.texts["style"]) in look.POLICY
    assert source_of(parsed.texts["script"]) in look.POLICY
    assert "unsafe" not in look.POLICY


# --- the page


def test_a_hostile_document_is_shown_as_text() -> None:
    document = drawn(1, f"{HOSTILE}\n{HOSTILE}", url=HOSTILE, title=HOSTILE)
    source = page(View(1, 3, document, True, "Kept."))
    parsed = Parsed(source)
    assert {tag for tag, _ in parsed.elements} == set(TAGS.split())
    assert [tag for tag, _ in parsed.elements].count("script") == 1
    assert not [name for _, given in parsed.elements for name in given if name.startswith("on")]
    assert {given["href"] for _, given in parsed.elements if "href" in given} == {"data:,"}
    assert not [given for _, given in parsed.elements if "src" in given]
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029\ud800-\udfff]", source)
    assert parsed.texts["p"].count("<script>alert(1)</script>") == 2
    lines = [given for tag, given in parsed.elements if given.get("class") == "line"]
    assert all(given["dir"] == "auto" for given in lines)
    assert ".line{white-space:pre-wrap;unicode-bidi:isolate" in look.CSS


@pytest.mark.parametrize(
    ("text", "chars", "lines", "notes"),
    [
        ("a\nb\n", 4, ["a", "b", ""], []),
        ("x" * 1_000_000, 1_000_000, ["x" * LINE_CHARS], ["996,000 more characters of this line are not shown."]),
        ("ab", 12, ["ab"], ["The last 10 of 12 characters are not shown."]),
        ("y\n" * 5_000, 10_000, ["y"] * MOST_LINES, ["The last 6,000 of 10,000 characters are not shown."]),
        ("", 0, [""], []),
    ],
)
def test_what_is_not_shown_is_said(text: str, chars: int, lines: list[str], notes: list[str]) -> None:
    source = page(View(1, 1, drawn(1, text, chars=chars), False, ""))
    assert re.findall(r'<p class="line" dir="auto">(.*?)</p>', source) == lines
    assert re.findall(r'<p class="more">(.*?)</p>', source) == notes


def test_a_page_of_the_largest_text_is_small_and_quick() -> None:
    started = time.perf_counter()
    source = page(View(1, 1, drawn(1, "\x00" * TEXT_CHARS, chars=10**8), False, ""))
    assert time.perf_counter() - started < 2
    assert len(source) < 1_000_000


def test_the_page_says_to_a_screen_reader_what_happened() -> None:
    parsed = Parsed(page(View(2, 3, drawn(1), True, "Kept.")))
    live = next(given for _, given in parsed.elements if given.get("id") == "said")
    assert (live["role"], live["aria-live"]) == ("status", "polite")
    buttons = {
        given["data-key"]: given["name"] for tag, given in parsed.elements if tag == "button" and "name" in given
    }
    assert buttons == {"k": "keep", "d": "drop", "s": "skip", "u": "undo", "f": "finish"}
    heading = next(given for tag, given in parsed.elements if tag == "h1")
    assert heading["tabindex"] == "-1"


def test_every_pair_of_colours_has_the_contrast_of_aa() -> None:
    for scheme in (LIGHT, DARK):
        for name in ("kept", "dropped", "waiting"):
            assert contrast(*scheme.marks[name]) >= 4.5
        assert contrast(scheme.faint, scheme.ground) >= 4.5
        assert contrast(scheme.link, scheme.ground) >= 3, "the focus ring (WCAG 1.4.11)"


def test_requests_are_not_logged(client: Client, capfd: pytest.CaptureFixture[str]) -> None:
    client.ask()
    client.ask(path="/x")
    assert capfd.readouterr() == ("", "")


# --- a kill


SERVER = """
    import sys
    from pathlib import Path
    from jobs.judging.journal import Journal
    from jobs.judging.server import served
    from jobs.judging.sitting import Sitting
    from tests.jobs.judged_documents import drawn, sample

    documents = [drawn(offset) for offset in range(50)]
    sitting = Sitting(sample(*documents), "anna", Journal(Path(sys.argv[1])))
    with served(sitting, 0) as address:
        print(address, flush=True)
        sitting.finished.wait(60)
"""


def test_a_killed_server_loses_no_verdict_that_was_acknowledged(tmp_path: Path) -> None:
    command = [sys.executable, "-c", textwrap.dedent(SERVER), str(tmp_path)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    url = urlsplit(process.stdout.readline().strip())
    verdicts = ["keep", "drop", "skip", "keep", "undo", "drop", "keep"]
    number = 1
    for verdict in verdicts:
        connection = http.client.HTTPConnection(url.hostname, url.port, timeout=10)
        connection.request("POST", url.path, f"{verdict}={number}")
        assert connection.getresponse().status == 303
        connection.close()
        number += -1 if verdict == "undo" else 1
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    with left_behind(tmp_path) as found:
        stored = [(one.offset, one.verdict) for one in found[0][1]]
    assert stored == [(0, "keep"), (1, "drop"), (2, "skip"), (3, "drop"), (4, "keep")]


def test_the_body_is_read_no_further_than_it_says(client: Client) -> None:
    """A body that ends early is no verdict, and does not keep the server waiting for ever."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(server._Handler, "timeout", 0.3)
        with socket.create_connection((client.url.hostname, client.url.port), timeout=10) as plain:
            head = f"POST {client.url.path} HTTP/1.1\r\nHost: {client.url.netloc}\r\nContent-Length: 60\r\n\r\n"
            plain.sendall(f"{head}keep=1".encode())
            assert plain.recv(100) == b""
    assert client.stored == []
