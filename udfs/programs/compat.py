"""ProX's published executor, for comparisons: the same texts out of the same programs, mistakes included.

Definition: `execute_meta_operations` of GAIR-NLP/ProX (b3fcbb2, utils/chunk_utils.py), as ../shared/reference/prox.md
§1.4 tells it, and `doc_utils.py` for the programs of documents. What to know when a result surprises:

- Only what a line begins with counts: `remove_lines_foo(` removes lines, an indented call does nothing.
- Arguments are what stands between the first `(` and the first `)`, cut at each `,`, and of each piece what stands
  between its first and second `=`. So no string can hold `,`, `)` or `=`, and names do not matter.
- Without a `)` the last character of the line goes, and an error is counted: `end=12` is read as 1.
- Strings lose double quotes at both ends, and are replaced in the whole document, one call after the other.
- Two errors anywhere void all of it. Ten words or fewer are no document, whatever the program says.

Unlike the published code this one does not materialise line numbers (`end=10**12` takes no time), and gives results
with an outcome where that one divides by zero, or would write without end (`normalize("a", "aa")`, forty times).
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from pydantic import Field

from udfs.programs.execution import line_cuts, line_starts
from udfs.settings import Section
from udfs.text.edits import Edit, compose

MIN_WORDS = 10  # a constant of the published code; a result of so many words or fewer is dropped


class CompatSettings(Section):
    """Arguments of the published executor, and what bounds it here."""

    threshold_1: float = Field(0.0, description="with a smaller share of the words left, the text stays as it is")
    threshold_2: float = Field(0.95, description="with this share of the words removed or more, the document goes")
    error_op: int = Field(2, description="errors that void the whole document's program")
    max_growth_ratio: float = Field(
        10.0, ge=1.0, description="a text that replacements make longer than this many times is left as it is"
    )


class Outcome(StrEnum):
    """Which way the published executor takes."""

    PROCESSED = "processed"  # the program's result
    VOIDED = "voided"  # too many errors, or too few words left for threshold_1: the text as it was
    LITTLE_LEFT = "little_left"  # too small a share of the words left: no text
    TOO_SHORT = "too_short"  # ten words left or fewer: no text
    NO_WORDS = "no_words"  # the text has no words, where the published code divides by zero: the text as it was
    TOO_LONG = "too_long"  # replacements grow without end: the text as it was


class Compat(NamedTuple):
    """What the published executor makes of a document."""

    text: str  # empty where the document is dropped
    outcome: Outcome
    errors: int
    replaced: tuple[tuple[str, str], ...]  # (source, target) in order, those that changed something
    removed: tuple[tuple[int, int], ...]  # lines, first and last, both inside the text

    @property
    def keep(self) -> bool:
        """Whether a text is left."""
        return self.outcome not in {Outcome.LITTLE_LEFT, Outcome.TOO_SHORT}


class _Calls(NamedTuple):
    """What a program says, as the published code reads it."""

    replacements: list[tuple[str, str]]
    ranges: list[tuple[int, int]]
    removes_all: bool
    errors: int


def merged(outputs: Iterable[str]) -> str:
    """One program of what the model wrote about the chunks of a document, in their order."""
    return "\n".join(output.strip(" ") for output in outputs)


def drops(output: str) -> bool:
    """Whether the program of a document drops it."""
    return "drop" in output.strip(" ")


def execute(text: str, program: str, settings: CompatSettings) -> Compat:
    """Execute the merged program of a document's chunks. Unlike strict execution, time is that of a search through the
    text for each `normalize`."""
    calls = _calls(program)
    processed, replaced = text, []
    limit = settings.max_growth_ratio * max(len(text), 1)
    for source, target in calls.replacements:
        growth = len(target) - len(source)
        if growth > 0 and len(processed) + processed.count(source) * growth > limit:
            return Compat(text, Outcome.TOO_LONG, calls.errors, (), ())
        if source and source in processed:
            processed = processed.replace(source, target)
            replaced.append((source, target))
    lines = processed.split("\n")
    errors = calls.errors + _errors_of_ranges(calls.ranges, len(lines))
    removed = _inside(calls, len(lines))
    left = _without(lines, removed)
    outcome = _outcome(len(text.split()), len(left.split()), errors, settings)
    if outcome is Outcome.PROCESSED:
        return Compat(left, outcome, errors, tuple(replaced), tuple(removed))
    return Compat(text if outcome in {Outcome.VOIDED, Outcome.NO_WORDS} else "", outcome, errors, (), ())


def edits(text: str, result: Compat) -> tuple[Edit, ...]:
    """The edits that make the result's text of the received one; none where the document is dropped."""
    found: tuple[Edit, ...] = ()
    for source, target in result.replaced:
        found = compose(found, list(_replacements(text, source, target)))
        text = text.replace(source, target)
    return compose(found, line_cuts(line_starts(text), result.removed))


def _replacements(text: str, source: str, target: str) -> Iterable[Edit]:
    place = text.find(source)
    while place >= 0:
        yield Edit(place, place + len(source), target, "normalize")
        place = text.find(source, place + len(source))


def _outcome(before: int, after: int, errors: int, settings: CompatSettings) -> Outcome:
    if not before:
        return Outcome.NO_WORDS
    kept_ratio, void = after / before, errors >= settings.error_op
    if kept_ratio <= 1 - settings.threshold_2 and not void:
        return Outcome.LITTLE_LEFT
    if after <= MIN_WORDS:
        return Outcome.TOO_SHORT
    return Outcome.PROCESSED if kept_ratio >= settings.threshold_1 and not void else Outcome.VOIDED


# --- reading


def _calls(program: str) -> _Calls:
    replacements: list[tuple[str, str]] = []
    ranges: list[tuple[int, int]] = []
    removes_all, errors = False, 0
    for line in program.strip(" ").split("\n"):
        if line.startswith("remove_lines") and "all=True" in line:
            removes_all = True
        elif line.startswith(("remove_lines", "normalize")):
            pieces, missing = _pieces(line)
            errors += missing
            if pieces is None:
                continue
            try:
                if line.startswith("normalize"):
                    replacements += _replacement(pieces)
                else:
                    ranges.append((int(_value(pieces[0])), int(_value(pieces[1]))))
            except (IndexError, ValueError):
                errors += 1
    return _Calls(replacements, ranges, removes_all, errors)


def _pieces(line: str) -> tuple[list[str] | None, int]:
    """The arguments of a line's call, None where it has no `(`; and the number of missing parentheses."""
    begin, end = line.find("(") + 1, line.find(")")
    if not begin:
        return None, 1
    return line[begin:end].split(","), int(end < 0)  # without `)`, up to the last character


def _value(piece: str) -> str:
    return piece.split("=")[1]


def _replacement(pieces: Sequence[str]) -> list[tuple[str, str]]:
    """What a `normalize` replaces: nothing for more than two arguments, or for a source that two arguments guard."""
    if len(pieces) > 2:
        return []
    source = _value(pieces[0]).strip('"')
    if len(pieces) == 1:
        return [(source, "")]
    target = _value(pieces[1]).strip('"')
    return [] if source in {"", " "} else [(source, target)]


# --- lines


def _errors_of_ranges(ranges: Iterable[tuple[int, int]], line_count: int) -> int:
    """Ranges that end behind the text, after those that overlap or touch are one. Of a range that ends before it
    begins nothing is put in order."""
    joined: list[tuple[int, int]] = []
    for first, last in sorted(ranges, key=lambda lines: lines[0]):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = joined[-1][0], max(joined[-1][1], last)
        else:
            joined.append((first, last))
    return sum(first >= line_count or last >= line_count for first, last in joined)


def _inside(calls: _Calls, line_count: int) -> list[tuple[int, int]]:
    if calls.removes_all:
        return [(0, line_count - 1)]
    clipped = [(max(first, 0), min(last, line_count - 1)) for first, last in calls.ranges]
    return [(first, last) for first, last in clipped if first <= last]


def _without(lines: Sequence[str], removed: Iterable[tuple[int, int]]) -> str:
    kept: list[str] = []
    done = 0
    for first, last in sorted(removed):
        kept += lines[done:first]
        done = max(done, last + 1)
    return "\n".join([*kept, *lines[done:]])
