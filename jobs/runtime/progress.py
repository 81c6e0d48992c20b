"""What is done, what is pending, and why.

Input files are grouped into numbered batches once, in `batches`; later files make further batches. A stage's commit of
a batch is a row of `progress` with the key of everything its rows depend on (`jobs/runtime/stage.py`). Work is pending
where the key that today's settings, code, models and inputs give is not the committed one, so the answer is found
without reading any document.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import Field

from jobs.runtime.stage import OFF, Stage, key_of, names_of_writers
from udfs.crawl.files import InputFile
from udfs.settings import Section

# Rows of `progress`, by stage and batch.
Done = dict[tuple[str, int], dict[str, Any]]


class BatchSettings(Section):
    """How new input files are grouped."""

    batch_bytes: int = Field(
        16 << 30, ge=1, description="a batch holds files of at most this many bytes together, or one larger file"
    )
    batch_files: int = Field(1000, ge=1, description="a batch holds at most this many files")
    crawl_pattern: str = Field(
        r"CC-MAIN-\d{4}-\d{2}(?:-\d{2})?", description="regular expression that finds the crawl's name in a file's path"
    )
    crawl_name: str = Field("crawl", description="name of the crawl of files whose path does not match crawl_pattern")


class Batch(NamedTuple):
    """A group of input files with its number."""

    batch: int
    crawl: str
    files: tuple[InputFile, ...]

    @property
    def size_bytes(self) -> int:
        """Size of its files together."""
        return sum(file.size_bytes for file in self.files)

    @property
    def key(self) -> str:
        """Digest of the files' paths and contents (their etags)."""
        return hashlib.blake2b(json.dumps([self.crawl, self.files]).encode(), digest_size=16).hexdigest()


class Pending(NamedTuple):
    """A stage's work on a batch, and why it is to be done. `sources` names, for each table it reads, the stages before
    it that write the table; `is_first` says that `progress` has no row of this work."""

    stage: Stage
    batch: Batch
    parts: Mapping[str, str]
    reasons: tuple[str, ...]
    sources: Mapping[str, tuple[str, ...]]
    is_first: bool = False


def grow(known: Sequence[Batch], files: Iterable[InputFile], settings: BatchSettings) -> list[Batch]:
    """The batches that are new or changed now that `files` are there: by crawl, then path, filled up to the limits.

    A known file whose content changed stays in its batch, which changes with it. Files that are gone stay: what was
    read is not unread.
    """
    where = {file.path: batch for batch in known for file in batch.files}
    found = {file.path: file for file in files}
    changed = []
    for batch in known:
        now = tuple(found.get(file.path, file) for file in batch.files)
        if now != batch.files:
            changed.append(batch._replace(files=now))
    fresh = sorted((_crawl_of(file.path, settings), file) for path, file in found.items() if path not in where)
    number = max((batch.batch for batch in known), default=0)
    new: list[Batch] = []
    for crawl, file in fresh:
        last = new[-1] if new else None
        if (
            last is None
            or last.crawl != crawl
            or last.size_bytes + file.size_bytes > settings.batch_bytes
            or len(last.files) >= settings.batch_files
        ):
            number += 1
            new.append(Batch(number, crawl, (file,)))
        else:
            new[-1] = last._replace(files=(*last.files, file))
    return changed + new


def _crawl_of(path: str, settings: BatchSettings) -> str:
    found = re.search(settings.crawl_pattern, path)
    return found.group(0) if found else settings.crawl_name


def plan(
    stages: Sequence[Stage],
    batches: Sequence[Batch],
    committed: Done,
    sections: Mapping[str, Section],
) -> list[Pending]:
    """The pending work, batch by batch and in the order of `stages`.

    `committed` maps (stage, batch) to the row of `progress`. The key of an input that is itself pending is known
    without doing the work, so what follows from a change is pending too, and nothing else is.
    """
    # Once, not for each batch: models and lists are read for their digests.
    own = {stage.name: stage.parts(sections[stage.name]) for stage in stages} if batches else {}
    keys: dict[tuple[str, int], str] = {}
    pending: list[Pending] = []
    earlier: list[int] = []
    for batch in sorted(batches):
        for stage in stages:
            sources = {table: tuple(names_of_writers(stage, table, stages)) for table in stage.reads}
            inputs = {
                f"input {table}": " ".join(keys[name, batch.batch] for name in names) or batch.key
                for table, names in sources.items()
            }
            for table in stage.history:  # its own key stands for all it was compared with, back to the first batch
                inputs[f"history {table}"] = keys[stage.name, earlier[-1]] if earlier else ""
            parts = OFF if own[stage.name] == OFF else own[stage.name] | inputs
            key = keys[stage.name, batch.batch] = key_of(parts)
            done = committed.get((stage.name, batch.batch))
            if parts == OFF and done is None:
                continue
            if done is None or done["key"] != key:
                pending.append(Pending(stage, batch, parts, tuple(_reasons(done, parts)), sources, done is None))
        earlier.append(batch.batch)
    return pending


def _reasons(done: Mapping[str, Any] | None, parts: Mapping[str, str]) -> list[str]:
    if done is None:
        return ["not done yet"]
    before = done["parts"]
    if OFF in (before, parts):
        return ["switched off: its rows go" if parts == OFF else "switched on"]
    return [
        reason
        for name in {**parts, **before}
        if before.get(name) != parts.get(name)
        for reason in _difference(name, before.get(name), parts.get(name))
    ]


def _difference(name: str, before: str | None, now: str | None) -> list[str]:
    if name == "settings":
        changes = list(_changed_settings(json.loads(before or "{}"), json.loads(now or "{}")))
        gone = ", ".join(key for key, _, new in changes if new is None)
        added = ", ".join(key for key, old, _ in changes if old is None)
        both = [f"{key}: {old} -> {new}" for key, old, new in changes if old is not None and new is not None]
        return both + [f"gone: {gone}"] * bool(gone) + [f"new: {added}"] * bool(added)
    kind, _, what = name.partition(" ")
    return {
        "code": ["the code of its rules changed"],
        "model": [f"{what} changed"],
        "input": [f"its input {what} changes"],
        "history": [f"{what} of earlier batches changes"],
    }[kind]


def _changed_settings(before: Any, now: Any, path: str = "") -> Iterator[tuple[str, str | None, str | None]]:
    """Key, value before and value now; None for a key that is not there."""
    if not (isinstance(before, dict) and isinstance(now, dict)):
        yield path, json.dumps(before), json.dumps(now)
        return
    if before == now:  # the same values in another order: for rules, order is meaning
        yield path, ", ".join(before), ", ".join(now)
        return
    for key in {**before, **now}:
        here = f"{path}.{key}" if path else key
        if key not in now:
            yield here, json.dumps(before[key]), None
        elif key not in before:
            yield here, None, json.dumps(now[key])
        elif before[key] != now[key]:
            yield from _changed_settings(before[key], now[key], here)
