"""Which calls of a document's programs count in strict execution, and why the others do not: call by call what
`refined` keeps as counts.

Not here: the published executor (`execute.mode: compat`), which does not judge calls one by one.
"""

from collections.abc import Sequence
from typing import NamedTuple

from udfs.programs.execution import judged
from udfs.programs.operations import CallReason, Operation, Rejected
from udfs.programs.refining import ExecuteSettings, Written, parts_of


class Verdict(NamedTuple):
    """A call, and why it does not count; None where it does."""

    call: Operation | Rejected
    reason: CallReason | None


def verdicts(text: str, written: Sequence[Written], settings: ExecuteSettings) -> list[list[Verdict]]:
    """The calls of each program, in order. Their reasons together are those of `refine` in strict mode."""
    _, effects = judged(text, parts_of(written, settings), settings.strict)
    return [list(map(Verdict, effect.program, effect.reasons)) for effect in effects]
