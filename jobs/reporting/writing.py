"""Writes the report to a file: when asked to, and at a run's end, which it never fails."""

import contextlib
from collections.abc import Sequence
from pathlib import Path

from jobs.reporting.facts import Facts
from jobs.runtime.console import Console
from jobs.runtime.errors import CorpusmillError
from jobs.runtime.lake import Lake


def report(lakes: Sequence[Lake], file: Path) -> None:
    """Write the report of one lake, or of two side by side. Raises CorpusmillError where a lake is empty or the file
    cannot be written."""
    # The plots' library is needed here only, and takes a second to import.
    from jobs.reporting.page import page
    from jobs.reporting.reading import read

    for lake in lakes:
        if not lake.exists("progress"):
            raise CorpusmillError(
                f"report: found no tables in {lake.location}, expected a lake that corpusmill run has filled."
            )
    told: list[Facts] = [read(lake) for lake in lakes]
    _write(file, page(told))


def _write(file: Path, content: str) -> None:
    """The whole file or, where that fails, the one that was there before."""
    part = file.with_name(f"{file.name}.part")
    try:
        part.write_text(content, "utf-8")
        part.replace(file)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise CorpusmillError(
            f"report: found that {file} cannot be written ({error.strerror}), expected a file in a folder that is "
            "there."
        ) from None


def report_of_run(lake: Lake, file: Path, console: Console) -> None:
    """The report at a run's end. Whatever goes wrong is one line: what the run did stays done."""
    try:
        report([lake], file)
    except Exception as error:  # Spark, the plots' library and the disk each raise their own
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        console.line(f"The report was not written: {first[:300]} (corpusmill report tries again; the run is done.)")
    else:
        console.line(f"The report is in {file}.")
