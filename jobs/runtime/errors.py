"""The errors a user is meant to read: a sentence that says what was found, what was expected, and what to do. No
traceback is shown."""

import sys
from collections.abc import Callable


class CorpusmillError(Exception):
    """Wrong settings, input or environment: the command ends before it changed anything."""

    exit_status = 2


class StageFailed(CorpusmillError):
    """A stage's rows were not committed; the tables are as they were before it."""

    exit_status = 1


def exit_status(work: Callable[[], object], purpose: str, extra: str) -> int:
    """The exit status of a command that is no part of `corpusmill`: 0 once the work is done; 2, with one sentence on
    stderr, for bad input, or where a package is not installed that `purpose` needs and the extra brings."""
    try:
        work()
    except ModuleNotFoundError as error:
        print(f"{error.name} is not installed, {purpose} needs it; install the extra {extra}.", file=sys.stderr)
        return 2
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    return 0
