"""How the lines of a long text are given to the model: in windows, each with some lines around it for context."""

from collections.abc import Iterator
from typing import NamedTuple

WINDOW = 1024  # lines
CONTEXT = 128  # lines on both sides, of which the model says nothing that is used


class Window(NamedTuple):
    """Lines `first` to `last` are given to the model, which is asked about those from `start` to `end`; ends are
    behind."""

    first: int
    last: int
    start: int
    end: int


def windows(lines: int) -> Iterator[Window]:
    """Windows that ask about each line once. A text of WINDOW + 2 * CONTEXT lines or fewer is one."""
    if 0 < lines <= WINDOW + 2 * CONTEXT:
        yield Window(0, lines, 0, lines)
        return
    for start in range(0, lines, WINDOW):
        end = min(start + WINDOW, lines)
        yield Window(max(start - CONTEXT, 0), min(end + CONTEXT, lines), start, end)
