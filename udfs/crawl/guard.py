"""A child process that bounds the time and memory of work on one page.

Parsers in C can be stopped neither by a signal handler nor by a thread, so work that a page can make endless is done
by a child that is kept alive between pages and killed when it passes its limits. What crosses is length-prefixed
bytes over a socket pair; nothing is pickled. The child knows its work by the name of a function, imported there
under the same `sys.path` (so packages imported from a .zip work). It ends when its parent ends: at once where it
waits, after the limit where it works. Knows nothing of pages; which work is risky is the caller's business
(`udfs/crawl/html.py`).
"""

import atexit
import contextlib
import importlib
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

START_SECONDS = 120.0  # importing an extractor takes under a second; a loaded machine may need many times that
ORPHAN_GRACE_SECONDS = 5.0  # so much later than its parent's limit the child's own alarm ends it
OUT_OF_MEMORY_STATUS = 77  # exit status by which the child says that it ran into its memory limit
LENGTH = struct.Struct("<Q")
BOOT = "import sys; sys.path[:] = sys.argv[5:]; from udfs.crawl.guard import main; main(*sys.argv[1:5])"

Answer = Callable[[bytes], bytes]


class Failure(Enum):
    """Why the child gave no answer."""

    TIME = "time"
    MEMORY = "memory"
    DIED = "died"


class Work(NamedTuple):
    """What a child does: `function` is `module:name` of a function that takes `argument` and returns bytes -> bytes."""

    function: str
    argument: str
    time_limit_seconds: float
    memory_limit_bytes: int


class Child:
    """One running child process. Not for use by two threads at once, nor after a fork: see `ask`."""

    def __init__(self, work: Work) -> None:
        """Start the process and wait until it is ready. Raises RuntimeError where it cannot start."""
        self.work = work
        self.asked = 0
        ours, theirs = socket.socketpair()
        self._socket = ours
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter with our own code
                [sys.executable, "-c", BOOT, *(str(field) for field in work), *sys.path],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        hello = self._exchange(None, START_SECONDS)
        if hello != b"":
            self.close()
            found = hello.decode("utf-8", "replace") if isinstance(hello, bytes) else f"{hello.value}"
            raise RuntimeError(
                f"The child process for {work.function} did not start ({found}); expected {sys.executable} "
                "to import it from this process's sys.path. Check that the package is on every machine."
            )

    def ask(self, request: bytes) -> bytes | Failure:
        """The answer to one request; after a Failure the process has ended and this object is used up."""
        self.asked += 1
        answer = self._exchange(request, self.work.time_limit_seconds)
        if isinstance(answer, Failure):
            self.close()
        return answer

    def close(self) -> int:
        """End the process whatever it does; returns its exit status."""
        self._socket.close()
        self._process.kill()
        return self._process.wait()

    def pid(self) -> int:
        """Process id of the child."""
        return self._process.pid

    def _exchange(self, request: bytes | None, limit_seconds: float) -> bytes | Failure:
        deadline = time.monotonic() + limit_seconds
        try:
            if request is not None:
                self._socket.settimeout(limit_seconds)
                self._socket.sendall(LENGTH.pack(len(request)) + request)
            return _receive(self._socket, deadline)
        except TimeoutError:
            return Failure.TIME
        except OSError:  # the connection is gone, so the process has ended or is about to
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(ORPHAN_GRACE_SECONDS)
            return Failure.MEMORY if self._process.returncode == OUT_OF_MEMORY_STATUS else Failure.DIED


_children: dict[Work, Child] = {}
_owner_pid = os.getpid()
_lock = threading.Lock()


def ask(work: Work, request: bytes) -> bytes | Failure:
    """Have this process's child for `work` answer a request; starts it where there is none.

    A child that ran out of memory or died may have been harmed by an earlier page, so the request is put once more
    to a fresh one: the outcome does not depend on what was asked before. One that ran out of time has had its time.
    """
    with _lock:
        _forget_after_fork()
        child = _children.get(work) or _children.setdefault(work, Child(work))
        fresh = child.asked == 0
        answer = child.ask(request)
        if answer in (Failure.MEMORY, Failure.DIED) and not fresh:
            child = _children[work] = Child(work)
            answer = child.ask(request)
        if isinstance(answer, Failure):
            del _children[work]
        return answer


@atexit.register
def close_children() -> None:
    """End the children of this process; the next `ask` starts a new one."""
    _forget_after_fork()
    while _children:
        _children.popitem()[1].close()


def _forget_after_fork() -> None:
    """A forked process must not talk over its parent's sockets: two would read one another's answers."""
    global _owner_pid  # noqa: PLW0603 - the one fact that has to be kept beside the children
    if _owner_pid != os.getpid():
        _owner_pid = os.getpid()
        _children.clear()


def main(function: str, argument: str, time_limit_seconds: str, memory_limit_bytes: str) -> None:
    """The child: answer requests from the socket on file descriptor 0 until the other end closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # ends the process even inside C code
    with socket.socket(fileno=0) as parent:
        try:
            module, _, name = function.partition(":")
            answer: Answer = getattr(importlib.import_module(module), name)(argument)
            _limit_memory(int(memory_limit_bytes))
        except Exception as error:
            parent.sendall(_framed(f"{type(error).__name__}: {error}".encode()))
            return
        parent.sendall(_framed(b""))
        with contextlib.suppress(OSError):  # the parent has gone
            while True:
                request = _receive(parent, None)
                signal.setitimer(signal.ITIMER_REAL, float(time_limit_seconds) + ORPHAN_GRACE_SECONDS)
                try:
                    parent.sendall(_framed(answer(request)))
                except MemoryError:
                    os._exit(OUT_OF_MEMORY_STATUS)
                signal.setitimer(signal.ITIMER_REAL, 0)


def _limit_memory(limit_bytes: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    soft = limit_bytes if hard == resource.RLIM_INFINITY else min(limit_bytes, hard)
    with contextlib.suppress(ValueError, OSError):  # macOS knows the limit and refuses to set it
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a crash is expected business, not worth a core file


def _framed(payload: bytes) -> bytes:
    return LENGTH.pack(len(payload)) + payload


def _receive(connection: socket.socket, deadline: float | None) -> bytes:
    (size,) = LENGTH.unpack(_receive_exactly(connection, LENGTH.size, deadline))
    return bytes(_receive_exactly(connection, size, deadline))


def _receive_exactly(connection: socket.socket, size: int, deadline: float | None) -> bytearray:
    """Raises TimeoutError at the deadline (of `time.monotonic`) and ConnectionError where the other end has closed."""
    data = bytearray(size)
    view = memoryview(data)
    while view:
        if deadline is not None:
            connection.settimeout(max(0.001, deadline - time.monotonic()))
        count = connection.recv_into(view)
        if count == 0:
            raise ConnectionResetError("the other end has closed")
        view = view[count:]
    return data
