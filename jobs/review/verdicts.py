"""Which calls of a document's programs count in strict execution, and why the others do not: call by call what
`refined` keeps as counts.

Not here: the published executor (`execute.mode: compat`), which does not judge calls one by one.
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from udfs.programs.effects import Effects, ExecutionSettings, Part, effects_of
from udfs.programs.execution import DropReason, execute, line_starts, refusal, span_of
from udfs.programs.matching import matches
from udfs.programs.operations import (
    ERRORS,
    CallReason,
    DropDocument,
    KeepDocument,
    Normalize,
    Operation,
    Rejected,
)
from udfs.programs.refining import ExecuteSettings, Written, parts_of


class Verdict(NamedTuple):
    """A call, and why it does not count; None where it does."""

    call: Operation | Rejected
    reason: CallReason | None


def verdicts(text: str, written: Sequence[Written], settings: ExecuteSettings) -> list[list[Verdict]]:
    """The calls of each program, in order. Their reasons together are those of `refine` in strict mode."""
    parts = parts_of(written, settings)
    decided = execute(text, parts, settings.strict).reason in {DropReason.DROP_DOCUMENT, DropReason.NO_DECISION}
    return [_of_part(text, part, settings.strict, replaces=not decided) for part in parts]


def _of_part(text: str, part: Part, settings: ExecutionSettings, *, replaces: bool) -> list[Verdict]:
    """`replaces` says whether strings are looked for at all: not in a document that goes whole."""
    found = _read(text.count("\n") + 1, part, settings)
    errors = sum(verdict.reason in ERRORS for verdict in found)
    if errors > settings.max_errors:
        return [one._replace(reason=one.reason or CallReason.OVER_BUDGET) for one in found]
    return _looked_for(text, part, found, settings) if replaces else found


def _read(line_count: int, part: Part, settings: ExecutionSettings) -> list[Verdict]:
    """What the calls come to before any string is looked for. A call is judged by itself, after the only ones that it
    can contradict: the decision on the document, or what was said of the same string."""
    found: list[Verdict] = []
    seen: set[Operation | Rejected] = set()
    said: dict[object, Operation] = {}
    for call in part.program:
        if call in seen:
            found.append(Verdict(call, CallReason.REPEATED))
            continue
        seen.add(call)
        key = _subject(call)
        before = (said[key],) if key in said else ()
        rejected = effects_of(part._replace(program=(*before, call)), line_count, settings).rejected
        reason = next((CallReason(name) for name, count in rejected.items() if count), None)
        if reason is None and not isinstance(call, Rejected) and key is not None:
            said.setdefault(key, call)
        found.append(Verdict(call, reason))
    return found


def _subject(call: Operation | Rejected) -> object:
    """What a call may say otherwise than one before it."""
    if isinstance(call, KeepDocument | DropDocument):
        return "document"
    return (call.source,) if isinstance(call, Normalize) else None


def _looked_for(text: str, part: Part, found: list[Verdict], settings: ExecutionSettings) -> list[Verdict]:
    """The verdicts with those of replacements that come to nothing, or that a guard rejects."""
    sources = [one.call.source for one in found if isinstance(one.call, Normalize) and one.reason is None]
    if not sources:
        return found
    starts = line_starts(text)
    begin, end = span_of(Effects(part, len(starts) - 1), starts)
    times = Counter(match.number for match in matches(text, begin, end, sources))
    refused = {
        source: refusal(times[number], len(source), end - begin, settings) for number, source in enumerate(sources)
    }
    return [
        one._replace(reason=refused.get(one.call.source)) if isinstance(one.call, Normalize) and not one.reason else one
        for one in found
    ]
