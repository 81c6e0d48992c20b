"""What becomes of a document by all that was written about it, strictly or as published: the stage `execute`."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from pydantic import Field

from udfs.programs import compat, execution
from udfs.programs.asking import Levels
from udfs.programs.compat import CompatSettings, Outcome
from udfs.programs.effects import TO_THE_END, ExecutionSettings, Level, Part
from udfs.programs.execution import DropReason
from udfs.programs.lengths import words
from udfs.programs.operations import CallReason, DropDocument, Program, Rejected, name_of
from udfs.programs.parsing import parse
from udfs.settings import Section
from udfs.text.edits import Edit


class ExecuteSettings(Section):
    """Which programs are executed, and how."""

    mode: Literal["strict", "compat"] = Field(
        "strict", description="strict, or compat: as ProX's published executor does it, mistakes included"
    )
    levels: Levels = Field("both", description="programs of whole documents, of chunks, or both")
    dry_run: bool = Field(False, description="keep every document and its text; only store what would be done")
    min_drop_score: float = Field(
        0.0, ge=0, le=1, description="a document's program drops it only with this score or none"
    )
    strict: ExecutionSettings = ExecutionSettings()
    compat: CompatSettings = CompatSettings()


class Written(NamedTuple):
    """A program and what it is about; `score` None where its proposer does not say how sure it was."""

    level: Level
    first_line: int
    last_line: int
    program: str
    score: float | None = None
    start: int = 0  # the chunk is text[start:end]
    end: int = TO_THE_END


class Refined(NamedTuple):
    """What became of a document; `text` also where it is not kept, and in a dry run the received one."""

    keep: bool
    reason: str | None
    text: str
    edits: tuple[Edit, ...]
    programs: int
    operations: dict[str, int]
    rejected_calls: dict[str, int]
    errors: int
    voided: int
    clipped: int
    words: int
    words_removed: int


def refine(text: str, written: Sequence[Written], settings: ExecuteSettings) -> Refined:
    """Execute the programs about a document, in their order. Empty ones are none; nothing raises for what they say."""
    counted = [one for one in written if one.program and settings.levels in {"both", one.level}]
    found = (_compat if settings.mode == "compat" else _strict)(text, counted, settings)
    return found._replace(keep=True, reason=None, text=text) if settings.dry_run else found


def _strict(text: str, written: Sequence[Written], settings: ExecuteSettings) -> Refined:
    parts = parts_of(written, settings)
    found = execution.execute(text, parts, settings.strict)
    report = found.report
    return Refined(
        found.keep,
        found.reason,
        found.text,
        found.edits,
        len(parts),
        report.operations,
        report.rejected,
        report.errors,
        report.voided,
        report.clipped,
        report.words,
        report.words_removed,
    )


def parts_of(written: Sequence[Written], settings: ExecuteSettings) -> list[Part]:
    """The programs as strict execution takes them: parsed, and without drops of too low a score."""
    return [
        Part(_program(one, settings), one.level, one.first_line, one.last_line, one.start, one.end) for one in written
    ]


def _program(one: Written, settings: ExecuteSettings) -> Program:
    program = parse(one.program)
    if one.level == "chunk" or not _is_unsure(one, settings):
        return program
    unsure = Rejected(CallReason.UNSURE, f"{name_of(DropDocument())}()")
    return tuple(unsure if isinstance(call, DropDocument) else call for call in program)


def _is_unsure(one: Written, settings: ExecuteSettings) -> bool:
    return one.score is not None and one.score < settings.min_drop_score


def _compat(text: str, written: Sequence[Written], settings: ExecuteSettings) -> Refined:
    drops = any(
        compat.drops(one.program) for one in written if one.level == "document" and not _is_unsure(one, settings)
    )
    program = compat.merged(one.program for one in written if one.level == "chunk")
    # Without a word about its chunks the published code does not run a document through the executor.
    done = compat.execute(text, program, settings.compat) if program and not drops else None
    reason: str | None = DropReason.DROP_DOCUMENT if drops else None
    if done and not done.keep:
        reason = done.outcome
    changed = done is not None and done.outcome is Outcome.PROCESSED
    left = done.text if done and changed else text
    before = words(text)
    return Refined(
        reason is None,
        reason,
        left,
        compat.edits(text, done) if done and changed else (),
        len(written),
        _counts(done) if done else {},
        {},
        done.errors if done else 0,
        int(done is not None and done.outcome is Outcome.VOIDED),
        0,
        before,
        before - words(left) if changed else 0,
    )


def _counts(done: compat.Compat) -> dict[str, int]:
    """Replacements and ranges that changed something; the published code tells no more."""
    counts = {"normalize": len(done.replaced), "remove_lines": len(done.removed)}
    return {name: count for name, count in counts.items() if count}
