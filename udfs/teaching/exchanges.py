"""What was asked and what was answered, a row for each time: JSON lines that grow at their end, or Parquet.

A row names the text and the request (`id`, `task`) and holds the `reply`; these have to be there. `round` (how often
the text was asked about by then), `model`, `prompt` (the version of the request's words), `messages` (what was sent),
`finish`, `failure` and `detail` may. `failure` is what was made of the reply when it came; readers judge it anew.
"""

import fcntl
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from udfs.teaching.requests import TASKS, Message, Task
from udfs.teaching.rows import BadRow, FaultError, records, stored, text_in

_FIELDS = ("id", "task", "round", "model", "prompt", "messages", "reply", "finish", "failure", "detail")
REPLY_CHARS = 1_000_000
"""Longest reply that is one."""

_ROUND_MAX = 1_000_000


class Exchange(NamedTuple):
    """A request and its reply, "" where none came."""

    id: str
    task: Task
    round: int
    model: str
    prompt: str
    messages: tuple[Message, ...]
    reply: str = ""
    finish: str = ""
    failure: str = ""
    detail: str = ""

    @property
    def key(self) -> tuple[str, Task]:
        """What it is about."""
        return self.id, self.task


def read_exchanges(paths: Iterable[Path]) -> Iterator[Exchange | BadRow]:
    """The rows of files, in order."""
    for path in paths:
        for one in records(path, _FIELDS):
            if isinstance(one, BadRow):
                yield one
                continue
            found = to_exchange(one[1])
            yield BadRow(path.name, one[0], found) if isinstance(found, str) else found


def to_exchange(record: Mapping[str, Any]) -> Exchange | str:
    """The record as an exchange, or what is wrong with it. Fields of other names are passed over."""
    try:
        name, task = text_in(record, "id"), text_in(record, "task")
        found = next((one for one in TASKS if one == task), None)
        if not name or found is None:
            return f"expected an id and one of {', '.join(TASKS)} as task, found {name[:50]!r} and {task[:50]!r}"
        if "reply" not in record:
            return "the row has no reply"
        reply = text_in(record, "reply")
        if len(reply) > REPLY_CHARS:
            return f"the reply has {len(reply)} characters, more than {REPLY_CHARS}"
        said = (text_in(record, one) for one in ("finish", "failure", "detail"))
        about = text_in(record, "model"), text_in(record, "prompt"), _messages(record.get("messages"))
        return Exchange(name, found, _round(record.get("round")), *about, reply, *said)
    except FaultError as fault:
        return str(fault)


def to_line(row: Exchange) -> bytes:
    """The row as a line of JSON, with its newline."""
    record = row._asdict() | {"messages": [message._asdict() for message in row.messages]}
    return stored(json.dumps(record, ensure_ascii=False)).encode() + b"\n"


def to_request(row: Exchange) -> bytes:
    """The row as a line of JSON without an answer: what is still to be asked, by whatever means."""
    record = {name: getattr(row, name) for name in ("id", "task", "round", "prompt")}
    record |= {"messages": [message._asdict() for message in row.messages]}
    return stored(json.dumps(record, ensure_ascii=False)).encode() + b"\n"


@contextmanager
def appending(path: Path) -> Iterator[BinaryIO]:
    """The file, open for more rows; a row that a kill cut in two is closed by a newline. Raises BlockingIOError where
    another process appends to it, OSError where it cannot be written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab+") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        size = file.seek(0, 2)
        if size:
            file.seek(size - 1)
            if file.read(1) != b"\n":
                file.write(b"\n")
        yield file


def _messages(value: Any) -> tuple[Message, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise FaultError("expected a list of messages with role and content, found something else")
    return tuple(Message(text_in(one, "role"), text_in(one, "content")) for one in value)


def _round(value: Any) -> int:
    if value is None:
        return 1
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _ROUND_MAX:
        raise FaultError("expected a number from 1 in round, found something else")
    return value
