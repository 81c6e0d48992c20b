"""What a person sees while work goes on: one live line on a terminal, plain lines elsewhere.

While a stage runs the live line shows the share of its tasks that are done, the documents per second that this means,
and the time left; when it is committed the line becomes the stage's result. Off a terminal the same facts come as a
line every half minute.
"""

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TextIO

from udfs.text.escapes import escaped

LIVE_SECONDS = 0.5
PLAIN_SECONDS = 30.0
_SHORT_ESCAPES = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}


class Console:
    """Lines about the work, to `stream`."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream or sys.stderr
        self.live = self.stream.isatty()

    def line(self, text: str = "") -> None:
        """One finished line."""
        self.stream.write(("\r\x1b[K" if self.live else "") + text + "\n")
        self.stream.flush()

    @contextlib.contextmanager
    def working(self, label: str, documents: int, tasks: Callable[[], tuple[int, int]]) -> Iterator[None]:
        """Show that `label` is being worked on. `documents` is how many there are (0: not known yet); `tasks()` gives
        (done, all)."""
        stop = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(label, documents, tasks, stop), daemon=True)
        watcher.start()
        try:
            yield
        finally:
            stop.set()
            watcher.join()
            if self.live:
                self.stream.write("\r\x1b[K")
                self.stream.flush()

    def _watch(self, label: str, documents: int, tasks: Callable[[], tuple[int, int]], stop: threading.Event) -> None:
        started = time.monotonic()
        while not stop.wait(LIVE_SECONDS if self.live else PLAIN_SECONDS):
            done, total = tasks()
            text = progress_line(label, documents, done, total, time.monotonic() - started)
            self.stream.write(f"\r\x1b[K{text}" if self.live else f"{text}\n")
            self.stream.flush()


def progress_line(label: str, documents: int, done: int, total: int, seconds: float) -> str:
    """`screen, batch 3: 40 %, 1,200 documents/s, 2 min left`; parts that are not known yet are left out."""
    parts = []
    if total:
        share = done / total
        parts.append(f"{share:.0%}")
        if documents and done:
            parts.append(f"{documents * share / seconds:,.0f} documents/s")
        if done:
            parts.append(f"{duration(seconds * (1 - share) / share)} left")
    parts.append(f"{duration(seconds)} so far")
    return f"{label}: {', '.join(parts)}"


def duration(seconds: float) -> str:
    """Seconds as a person says them: 0.8 s, 42 s, 12 min, 3 h 5 min."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def moment(when: datetime) -> str:
    """`2026-03-01 12:30:00`, in UTC. A moment that Spark collected has no zone, and is in that of this process."""
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def as_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Rows in aligned columns, numbers to the right, long values cut."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max([len(name), *(len(row[at]) for row in cells)]) for at, name in enumerate(columns)]
    right = [all(isinstance(row[at], (int, float)) or row[at] is None for row in rows) for at in range(len(columns))]
    lines = [list(columns), ["-" * width for width in widths], *cells]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if align else cell.ljust(width)
            for cell, width, align in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in lines
    )


def _cell(value: object) -> str:
    if value is None:
        return "-"
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    text = printable(" ".join(text.split()))
    return text if len(text) <= 80 else text[:79] + "…"


def printable(text: str) -> str:
    """`text` without a character that a terminal would act on: what cannot be printed is escaped as in Python.

    These are controls, format characters (bidirectional ones too), separators of lines, unusual spaces, surrogates, and
    what Unicode has not assigned. A backslash stays one, so this is for reading and not to be read back."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _SHORT_ESCAPES.get(c) or escaped(c) for c in text)
