"""Edits: what was cut from, put into or masked in a text, as spans that can be explained and undone.

A stage that changes text stores its edits; the changed text always equals `apply(text, edits)`. Positions are code
points (Python's `str` indices), not bytes and not UTF-16 units."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple


class Edit(NamedTuple):
    """`text[start:end]` becomes `replacement`, because of `reason` (a step's or an operation's name)."""

    start: int
    end: int
    replacement: str
    reason: str


def check(length: int, edits: Sequence[Edit]) -> None:
    """Raise ValueError unless `edits` are sorted, in bounds of a text of `length` code points, and do not overlap.

    Two edits may touch, but not start at the same place: then their order would say what the result is.
    """
    for edit in edits:
        if not 0 <= edit.start <= edit.end <= length:
            raise ValueError(
                f"edit {edit.start}:{edit.end} ({edit.reason}) is outside a text of {length} code points; "
                "offsets count code points of the text as it was received"
            )
    for before, after in pairwise(edits):
        if after.start < before.end or after.start <= before.start:
            raise ValueError(
                f"edit {after.start}:{after.end} ({after.reason}) follows "
                f"{before.start}:{before.end} ({before.reason}); "
                "sort them, and let none overlap or start where another does"
            )


def apply(text: str, edits: Sequence[Edit]) -> str:
    """Return `text` with all `edits` made at once. Raises ValueError as `check` does."""
    check(len(text), edits)
    pieces: list[str] = []
    done = 0
    for edit in edits:
        pieces += (text[done : edit.start], edit.replacement)
        done = edit.end
    pieces.append(text[done:])
    return "".join(pieces)


class _Placed(NamedTuple):
    """An edit with the place in the middle text (after the first edits, before the second) that it made or will
    replace."""

    start: int
    end: int
    later: bool
    edit: Edit


def compose(first: Sequence[Edit], second: Sequence[Edit]) -> tuple[Edit, ...]:
    """Edits of the received text that equal `first` and then `second`: `apply(t, compose(a, b)) == apply(apply(t, a),
    b)`.

    `second` has the offsets of the text that `first` leaves. Edits that do not meet stay apart and keep their reasons;
    where a later edit covers what an earlier one left there is one edit over both, and it has the later reason."""
    if not first or not second:
        return tuple(first or second)
    composed: list[Edit] = []
    shift = 0  # a place in the received text minus the same place in the middle text
    for group in _groups(_placed(first, second)):
        edit, shift = _merged(group, shift)
        last = composed[-1] if composed else None
        if last is not None and last.start == edit.start:  # an insertion, and what stands right behind it
            reason = edit.reason if any(p.later for p in group) else last.reason
            composed[-1] = Edit(last.start, edit.end, last.replacement + edit.replacement, reason)
        else:
            composed.append(edit)
    return tuple(composed)


def _placed(first: Sequence[Edit], second: Sequence[Edit]) -> list[_Placed]:
    placed = [_Placed(edit.start, edit.end, True, edit) for edit in second]
    grown = 0
    for edit in first:
        start = edit.start + grown
        placed.append(_Placed(start, start + len(edit.replacement), False, edit))
        grown += len(edit.replacement) - (edit.end - edit.start)
    return sorted(placed, key=lambda p: p[:3])  # stable: deletions that left one place keep their order


def _groups(placed: Iterable[_Placed]) -> list[list[_Placed]]:
    """Runs of edits that overlap in the middle text, each with the next; those that only touch stay apart."""
    groups: list[list[_Placed]] = []
    end = 0
    for one in placed:
        if groups and one.start < end and groups[-1][0].start < one.end:
            groups[-1].append(one)
            end = max(end, one.end)
        else:
            groups.append([one])
            end = one.end
    return groups


def _merged(group: list[_Placed], shift: int) -> tuple[Edit, int]:
    """One edit of the received text for a group, and the shift behind it."""
    begin, end = group[0].start, max(one.end for one in group)
    earlier = [one for one in group if not one.later]
    pieces: list[str] = []
    done = begin
    for one in (one for one in group if one.later):
        pieces += (_left_by(earlier, done, one.start), one.edit.replacement)
        done = one.end
    pieces.append(_left_by(earlier, done, end))
    shift_after = shift + sum((one.edit.end - one.edit.start) - len(one.edit.replacement) for one in earlier)
    reason = next((one.edit.reason for one in group if one.later), group[0].edit.reason)
    return Edit(begin + shift, end + shift_after, "".join(pieces), reason), shift_after


def _left_by(earlier: list[_Placed], start: int, end: int) -> str:
    """The middle text from `start` to `end`, where earlier edits wrote all of it."""
    return "".join(one.edit.replacement[max(start - one.start, 0) : max(end - one.start, 0)] for one in earlier)
