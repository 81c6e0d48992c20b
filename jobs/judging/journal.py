"""The journal: judgements on a local disk before they are rows of a table.

A judgement is one line of JSON that is on the disk (fsync) before the person is told that it is stored. What a process
leaves behind that was killed is found by the next one, since the kernel gives up a dead process's lock; each line is a
whole row, so nothing else is needed to make rows of it. A line that the kill cut short was never acknowledged.
"""

import contextlib
import fcntl
import json
import os
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from jobs.judging.samples import Drawn
from jobs.runtime.errors import CorpusmillError

SUFFIX = ".jsonl"


class Judgement(NamedTuple):
    """A row of `judgements`."""

    judgement: str
    doc_id: str
    batch: int
    file: str
    offset: int
    judge: str
    verdict: str
    judged_at: datetime  # with its zone: Spark takes one without for a moment in that of this process
    seconds: float
    sample: str
    design: str
    side: str
    signal: float
    side_documents: int


def judgement_of(drawn: Drawn, judge: str, verdict: str, seconds: float, sample: str, design: str) -> Judgement:
    """What a person says now of a document."""
    place = (drawn.doc_id, drawn.batch, drawn.file, drawn.offset)
    weighed = (drawn.side, drawn.signal, drawn.side_documents)
    said = (judge, verdict, datetime.now(UTC), round(seconds, 3))
    return Judgement(uuid.uuid4().hex, *place, *said, sample, design, *weighed)


class Journal:
    """One process's journal. It is locked as long as the process lives."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{uuid.uuid4().hex}{SUFFIX}"
        self._file = os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_APPEND, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _on_disk(folder)
        self._bytes = 0

    def note(self, judgement: Judgement) -> None:
        """Store a judgement. Raises OSError where it cannot be, and then it is not stored."""
        self._append(_to_json(judgement))

    def take_back(self, judgement: Judgement) -> None:
        """Store that a judgement does not count."""
        self._append({"taken_back": judgement.judgement})

    def _append(self, event: dict[str, Any]) -> None:
        line = (json.dumps(event) + "\n").encode("ascii")
        try:
            written = os.write(self._file, line)
            if written < len(line):
                raise OSError(f"{written} of {len(line)} bytes were written")
            os.fsync(self._file)
        except OSError:
            with contextlib.suppress(OSError):  # a part of a line would be in the way of the next one
                os.ftruncate(self._file, self._bytes)
            raise
        self._bytes += len(line)

    def close(self) -> None:
        """Give up the lock; the file stays."""
        os.close(self._file)


def _on_disk(folder: Path) -> None:
    """A new name in a folder is on the disk once the folder is."""
    directory = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


@contextlib.contextmanager
def left_behind(folder: Path) -> Iterator[list[tuple[Path, list[Judgement]]]]:
    """The journals of no living process, with the judgements that count; they are held until the end of the block, so
    that nobody else makes rows of them at the same time."""
    with contextlib.ExitStack() as held:
        found = []
        for path in sorted(folder.glob(f"*{SUFFIX}")) if folder.is_dir() else ():
            with contextlib.suppress(FileNotFoundError, BlockingIOError):
                file = held.enter_context(path.open("rb"))
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if path.exists():  # else somebody else was done with it in this moment
                    found.append((path, read(path)))
        yield found


def read(path: Path) -> list[Judgement]:
    """The judgements of a journal that count. A last line without an end was never acknowledged. Raises CorpusmillError
    at any other line that is none."""
    *lines, _ = path.read_bytes().split(b"\n")
    found: dict[str, Judgement] = {}
    for number, line in enumerate(lines, 1):
        try:
            event = json.loads(line)
            if "taken_back" in event:
                found.pop(event["taken_back"], None)
            else:
                judgement = _from_json(event)
                found[judgement.judgement] = judgement
        except (ValueError, TypeError, KeyError) as error:
            raise CorpusmillError(
                f"{path}, line {number}: found no judgement ({type(error).__name__}), expected a line as corpusmill "
                "judge writes it; mend the line, or move the file away."
            ) from None
    return list(found.values())


def _to_json(judgement: Judgement) -> dict[str, Any]:
    return judgement._asdict() | {"judged_at": judgement.judged_at.isoformat()}


def _from_json(event: dict[str, Any]) -> Judgement:
    return Judgement(**event | {"judged_at": datetime.fromisoformat(event["judged_at"])})


def folder_of(lake: str, *, is_registered: bool) -> Path:
    """Where a lake's journals are: in it where it is a local folder, else under the home folder, by the lake's name."""
    if not is_registered and "://" not in lake:
        return Path(lake) / "_judging"
    name = "".join(character if character.isalnum() else "_" for character in lake)
    return Path.home() / ".corpusmill" / "judging" / name
