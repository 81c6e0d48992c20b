"""The child process: limits, crashes, fork, .zip, and that none is left behind."""

import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from udfs.crawl import guard
from udfs.crawl.guard import Failure, Work, ask

ROOT = Path(__file__).parents[2]


def answerer(argument: str) -> Callable[[bytes], bytes]:
    """The work the children of these tests do."""

    def answer(request: bytes) -> bytes:
        match request:
            case b"loop":
                sum(range(10**12))  # one call in C
            case b"eat":
                bytearray(8 * 1024**3)
            case b"crash":
                os.kill(os.getpid(), signal.SIGSEGV)
            case b"pid":
                return str(os.getpid()).encode()
        return argument.encode() + request

    return answer


WORK = Work(f"{__name__}:answerer", "a:", 1.0, 1024**3)


@pytest.fixture(autouse=True)
def _no_child_left() -> Iterator[None]:
    yield
    guard.close_children()


def ends(pid: int, within_seconds: float) -> bool:
    """Whether the process is gone, or a zombie that only waits to be reaped, in time."""
    deadline = time.monotonic() + within_seconds
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.05)
    return False


def test_one_child_answers_many() -> None:
    pid = ask(WORK, b"pid")
    assert ask(WORK, b"x" * 5_000_000) == b"a:" + b"x" * 5_000_000
    assert ask(WORK, b"") == b"a:"
    assert ask(WORK, b"pid") == pid != str(os.getpid()).encode()


@pytest.mark.parametrize(
    ("request_", "failure"), [(b"loop", Failure.TIME), (b"eat", Failure.MEMORY), (b"crash", Failure.DIED)]
)
def test_limits(request_: bytes, failure: Failure) -> None:
    before = ask(WORK, b"pid")
    assert isinstance(before, bytes)
    started = time.monotonic()
    assert ask(WORK, request_) is failure
    assert time.monotonic() - started < 5
    assert ends(int(before), 1)
    assert ask(WORK, b"next") == b"a:next"


def test_a_child_killed_between_pages_costs_nothing() -> None:
    pid = ask(WORK, b"pid")
    assert isinstance(pid, bytes)
    os.kill(int(pid), signal.SIGKILL)
    assert ask(WORK, b"next") == b"a:next"


def test_a_forked_process_has_its_own_child() -> None:
    before = ask(WORK, b"pid")
    reader, writer = os.pipe()
    if (fork := os.fork()) == 0:
        answer = ask(WORK, b"pid")
        os.write(writer, answer if isinstance(answer, bytes) else b"failed")
        guard.close_children()
        os._exit(0)
    os.waitpid(fork, 0)
    assert os.read(reader, 100).isdigit()
    assert ask(WORK, b"pid") == before


def test_work_that_cannot_be_imported_is_one_sentence() -> None:
    with pytest.raises(RuntimeError, match="No module named 'no_such_module'"):
        ask(Work("no_such_module:f", "", 1.0, 1024**3), b"")


@pytest.mark.parametrize(("request_", "within_seconds"), [("pid", 2.0), ("loop", guard.ORPHAN_GRACE_SECONDS + 3)])
def test_no_orphan_after_the_parent_is_killed(request_: str, within_seconds: float) -> None:
    script = (
        "import os, sys, time; from udfs.crawl.guard import Work, ask\n"
        f"work = Work({WORK.function!r}, '', 1.0, 1024**3)\n"
        "print(int(ask(work, b'pid')), flush=True)\n"
        f"ask(work, {request_!r}.encode()); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    time.sleep(0.3)
    parent.kill()
    parent.wait()
    assert ends(child, within_seconds)
    parent.stdout.close()


def test_packages_in_a_zip(tmp_path: Path) -> None:
    archive = tmp_path / "code.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for file in ROOT.glob("udfs/**/*.py"):
            packed.write(file, file.relative_to(ROOT))
    script = (
        f"import sys; sys.path[:] = [{str(archive)!r}] + [p for p in sys.path if p != {str(ROOT)!r} and p != '']\n"
        "from udfs.crawl import guard, html\n"
        "assert 'code.zip' in html.__file__\n"
        "html.IN_PROCESS_BYTES = -1; page = b'<title>t</title><p>some words</p>'\n"
        "print(html.extract(page, None, html.ExtractSettings())[1], len(guard._children))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("t 1\n", "")
