"""What the calls of one program come to on a text of so many lines, before anything is done.

A new operation has its case here, in `_effect`."""

from collections import Counter
from typing import Literal, NamedTuple

from pydantic import Field

from udfs.programs.lengths import words
from udfs.programs.operations import (
    ERRORS,
    CallReason,
    DropDocument,
    KeepChunk,
    KeepDocument,
    Normalize,
    Operation,
    Program,
    Rejected,
    RemoveAll,
    RemoveLines,
)
from udfs.settings import Section

TO_THE_END = 2**31 - 1  # as a last line or an end; no text of a table has so many lines or characters


Level = Literal["document", "chunk"]  # what a program is about


class Part(NamedTuple):
    """A program and what it is about: a chunk's lines `first_line` to `last_line`, or the whole document.

    A piece of a long line is `text[start:end]`, in code points; that is all that its program reaches.
    """

    program: Program
    level: Level = "document"
    first_line: int = 0
    last_line: int = TO_THE_END
    start: int = 0
    end: int = TO_THE_END


class ExecutionSettings(Section):
    """Limits on what programs may do."""

    max_errors: int = Field(
        1, ge=0, description="calls of a program that may be unreadable or impossible; with more, it is not executed"
    )
    min_source_chars: int = Field(
        3, ge=1, description="shortest string to replace; of scripts without spaces two characters are enough"
    )
    max_occurrences: int = Field(10, ge=1, description="times that a string to replace may be in its chunk")
    max_matched_ratio: float = Field(
        0.5, ge=0.0, le=1.0, description="share of its chunk's characters that a string to replace may make up"
    )
    extend_urls: bool = Field(
        False, description="a replaced string with :// goes on to the next white space, because models cut addresses"
    )
    min_kept_ratio: float = Field(
        0.05, ge=0.0, le=1.0, description="a document that programs leave with this share of its words or less goes"
    )
    min_words: int = Field(
        10,
        ge=0,
        description="a document that programs shorten to so many words or fewer goes; "
        "a character of a script without spaces counts as a word",
    )
    keep_undecided: bool = Field(True, description="keep a document whose own program says nothing that can be read")


class Effects:
    """What the calls of one program come to. `reasons` has for each of them why it does not count, None where it
    does."""

    def __init__(self, part: Part, line_count: int) -> None:
        self.program, self.level = part.program, part.level
        self.first, self.last = max(part.first_line, 0), min(part.last_line, line_count - 1)
        self.start, self.end = part.start, part.end
        self.drops: bool | None = None  # None: no call about the document
        self.ranges: list[tuple[int, int]] = []  # lines that go, first and last
        self.targets: dict[str, str] = {}  # by the string to replace
        self.places: dict[str, int] = {}  # and the place of the call that says so
        self.reasons: list[CallReason | None] = []
        self.clipped = 0

    @property
    def errors(self) -> int:
        """Calls that speak against the program."""
        return sum(reason in ERRORS for reason in self.reasons)

    @property
    def counted(self) -> Counter[str]:
        """Calls that count, by name."""
        return Counter(
            call.names[0]
            for call, reason in zip(self.program, self.reasons, strict=True)
            if reason is None and not isinstance(call, Rejected)
        )

    @property
    def rejected(self) -> Counter[str]:
        """Calls that do not, by reason."""
        return Counter(reason for reason in self.reasons if reason)

    def void(self) -> None:
        """Take back all calls that count."""
        self.reasons = [reason or CallReason.OVER_BUDGET for reason in self.reasons]
        self.drops, self.ranges, self.targets, self.clipped = None, [], {}, 0

    def take_back(self, source: str, reason: CallReason) -> None:
        """Reject the call that replaces `source`, which counted until now."""
        self.reasons[self.places[source]] = reason


def effects_of(part: Part, line_count: int, settings: ExecutionSettings) -> Effects:
    """What a program comes to, each call looked at once, in order."""
    effects = Effects(part, line_count)
    seen: set[Operation | Rejected] = set()
    for call in part.program:
        if call in seen:  # also one that was rejected: a loop is one error at most
            reason: CallReason | None = CallReason.REPEATED
        else:
            reason = call.reason if isinstance(call, Rejected) else _effect(call, effects, settings)
        effects.reasons.append(reason)
        seen.add(call)
    return effects


def _effect(call: Operation, effects: Effects, settings: ExecutionSettings) -> CallReason | None:
    """Note what a call comes to, or say why it comes to nothing."""
    match call:
        case KeepChunk():
            return None
        case KeepDocument():
            return _decided(False, effects)
        case DropDocument():
            return _decided(True, effects)
        case RemoveAll():
            return _removed(effects.first, max(effects.first, effects.last), effects)
        case RemoveLines(first, last):
            return _removed(first, last, effects)
        case Normalize(source, target):
            return _replaced(source, target, effects, settings)


def _decided(drops: bool, effects: Effects) -> CallReason | None:
    if drops and effects.level != "document":
        return CallReason.WRONG_LEVEL
    if effects.drops not in {None, drops}:
        return CallReason.CONTRADICTED
    effects.drops = drops
    return None


def _removed(first: int, last: int, effects: Effects) -> CallReason | None:
    if not 0 <= first <= last:
        return CallReason.BAD_RANGE
    inside = max(first, effects.first), min(last, effects.last)
    if inside[0] > inside[1]:
        return CallReason.LINE_OUT_OF_RANGE
    effects.clipped += inside != (first, last)
    effects.ranges.append(inside)
    return None


def _replaced(source: str, target: str, effects: Effects, settings: ExecutionSettings) -> CallReason | None:
    if effects.targets.get(source, target) != target:
        return CallReason.CONTRADICTED
    if len(source.strip()) < settings.min_source_chars and (source.isascii() or words(source) < 2):
        return CallReason.SHORT_SOURCE
    effects.targets[source], effects.places[source] = target, len(effects.reasons)
    return None
