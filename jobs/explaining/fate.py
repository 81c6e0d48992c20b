"""The fate of a document: what each stage said of it, the one that decided, and the numbers against its limits.

Numbers come from the rows, limits from the settings that the stage's commit was made with (`progress`), so what is
said is what was decided, whatever the settings are today.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from jobs.explaining import numbers
from jobs.explaining.meanings import LOSSES, meaning
from jobs.explaining.numbers import Number
from jobs.explaining.rows import Found, Lost, Row, edits_of, is_off, settings_of
from udfs.dedup.substrings import REASON as REPEATED

UTF_8 = frozenset(("", "utf-8", "utf8", "ascii", "us-ascii"))


class State(StrEnum):
    """What a stage did with a document."""

    KEPT = "kept"
    REJECTED = "rejected"
    FAILED = "failed"
    OFF = "switched off"
    WAITING = "not done yet"


class Kind(StrEnum):
    """What a document is now."""

    PUBLISHED = "in the corpus"
    REJECTED = "rejected"
    DUPLICATE = "a duplicate"
    LOST = "lost"
    WAITING = "not done yet"


class Step(NamedTuple):
    """A stage's word on a document: `reason` where it does not go on, `said` in a sentence, and the numbers."""

    stage: str
    state: State
    reason: str = ""
    said: str = ""
    numbers: tuple[Number, ...] = ()


class Fate(NamedTuple):
    """What became of a document. `stage` decided, for `reason`; both empty where it is published."""

    kind: Kind
    stage: str
    reason: str
    sentence: str
    steps: tuple[Step, ...]


def fate_of(found: Found) -> Fate:
    """The fate of a document: its steps in the stages' order, up to the one that decided."""
    steps = []
    for step in _steps(found):
        steps.append(step)
        if step.state in {State.REJECTED, State.FAILED, State.WAITING}:
            break
    return _fate(found, tuple(steps))


def fate_of_lost(lost: Lost) -> Fate:
    """The fate of a page that never became a document."""
    steps = tuple(
        Step(row["stage"], State.FAILED, row["reason"], _told(LOSSES.get(row["reason"], ""), row["detail"]))
        for row in lost.losses
    )
    first = steps[0]
    return Fate(Kind.LOST, first.stage, first.reason, f"Lost at {first.stage}: {first.reason}.", steps)


def _fate(found: Found, steps: tuple[Step, ...]) -> Fate:
    last = steps[-1]
    if last.state is State.REJECTED and found.duplicates.get(last.stage) is not None:
        sentence = f"A duplicate by {last.stage}: {last.reason}."
        return Fate(Kind.DUPLICATE, last.stage, last.reason, sentence, steps)
    if last.state is State.REJECTED:
        return Fate(Kind.REJECTED, last.stage, last.reason, f"Rejected by {last.stage}: {last.reason}.", steps)
    if last.state is State.FAILED:
        return Fate(Kind.LOST, last.stage, last.reason, f"Lost at {last.stage}: {last.reason}.", steps)
    if last.state is State.WAITING:
        return Fate(Kind.WAITING, last.stage, "", f"Not done yet: {last.stage} is next; run corpusmill run.", steps)
    row = found.corpus
    assert row is not None
    sentence = f"In the corpus: domain {row['domain']}, quality {row['quality']}, {row['tokens']:,} tokens."
    return Fate(Kind.PUBLISHED, "", "", sentence, steps)


# --- the stages in order


def _steps(found: Found) -> Iterator[Step]:
    yield _ingest(found.document)
    yield _judged("screen", found.screened, found, numbers.of_screen(found), _cuts(found.screened))
    for stage, judge in (("dedup_exact", numbers.of_exact), ("dedup_minhash", numbers.of_minhash)):
        row = found.duplicates.get(stage)
        yield _judged(stage, row, found, judge(found), _alike(row))
    yield _substring(found)
    yield _judged(
        "dedup_bloom", found.deduplicated, found, numbers.of_bloom(found), _cuts(found.deduplicated, REPEATED)
    )
    yield from _propose(found)
    yield _judged("execute", found.refined, found, numbers.of_execute(found), _programs(found.refined))
    rated = found.ratings
    said = f"by {rated['model']}" if rated is not None and rated["keep"] else ""
    yield _judged("rate", rated, found, (), said)
    published = found.corpus
    yield Step("publish", State.KEPT if published is not None else State.WAITING)


def _ingest(document: Row) -> Step:
    charset = document["charset"] or ""
    legacy = f" from {charset}, a legacy character encoding" if charset.lower() not in UTF_8 else ""
    place = f"{document['file']} at {document['offset']}"
    return Step("ingest", State.KEPT, "", f"{document['chars']:,} characters of text{legacy}, out of {place}")


def _judged(stage: str, row: Row | None, found: Found, measured: tuple[Number, ...], said: str) -> Step:
    """A stage that writes a row with `keep` and `reason` for each document."""
    commit = found.progress.get(stage)
    if row is None:  # what is in the corpus waits for nothing: the stage was not there yet
        is_passed = is_off(commit) or (commit is None and found.corpus is not None)
        return Step(stage, State.OFF if is_passed else State.WAITING)
    if row["keep"]:
        return Step(stage, State.KEPT, "", said, measured)
    reason = row["reason"] or ""
    if reason == "failed":
        return Step(stage, State.FAILED, reason, _told(meaning(stage, reason), _detail(stage, row, found)), measured)
    decisive = tuple(one for one in measured if one.name == reason and one.limits)
    told = meaning(stage, reason) or "; ".join(map(str, decisive)) or "the step left no text"
    return Step(stage, State.REJECTED, reason, _told(told, said), measured)


def _detail(stage: str, row: Row, found: Found) -> str:
    own = [loss["detail"] for loss in found.losses if loss["stage"] == stage]
    return str(row.get("detail") or "; ".join(own))


def _told(meaning_: str, detail: str) -> str:
    return "; ".join(part for part in (meaning_, detail) if part)


def _cuts(row: Row | None, by_others: str = "") -> str:
    count = sum(edit.reason != by_others for edit in edits_of(row))
    return f"{count:,} edit{'s' if count != 1 else ''}" if count else ""


def _alike(row: Row | None) -> str:
    if row is None or row["keep"] or not row["keeper"]:
        return ""
    return f"kept in its place: {row['keeper']}"


def _substring(found: Found) -> Step:
    """It writes a row only where there is something to cut, and `dedup_bloom` makes the cuts."""
    commit = found.progress.get("dedup_substring")
    if is_off(commit) or (commit is None and found.deduplicated is not None):
        return Step("dedup_substring", State.OFF)
    if commit is None:
        return Step("dedup_substring", State.WAITING)
    count = sum(edit.reason == REPEATED for edit in edits_of(found.deduplicated))
    said = f"{count:,} repeated passage{'s' if count != 1 else ''}" if count else ""
    return Step("dedup_substring", State.KEPT, "", said)


def _propose(found: Found) -> Iterator[Step]:
    """A document without a program goes on, so this stage decides nothing."""
    if is_off(found.progress.get("propose")):
        yield Step("propose", State.OFF)
    elif found.programs:
        written = sum(1 for row in found.programs if row["program"])
        failed = [row["detail"] or "" for row in found.programs if row["reason"]]
        said = f"{written:,} program{'s' if written != 1 else ''}"
        yield Step("propose", State.KEPT, "", _told(said, "; ".join(["failed", *failed]) if failed else ""))


def _programs(row: Row | None) -> str:
    if row is None or not row["programs"]:
        return "no programs"
    calls = ", ".join(f"{name} {count:,}" for name, count in sorted((row["operations"] or {}).items()))
    return _told(f"calls that count: {calls or 'none'}", _cuts(row))


def dry_runs(found: Found) -> tuple[bool, bool]:
    """Whether dedup_bloom and execute only wrote down what they would cut."""
    bloom = settings_of(found.progress.get("dedup_bloom"))
    execute = settings_of(found.progress.get("execute"))
    return bool(bloom.get("annotate")), bool(execute.get("dry_run"))
