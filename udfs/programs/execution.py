"""Programs on a text: what they change, as edits, and a report. Strict, unlike `udfs.programs.compat`.

All operations of all programs are about the text as it was received, and are made at once:

- Lines end at `\\n` and are counted from 0 over the whole document, as models were shown them. A program reaches only
  the lines of its own chunk: a range is clipped to them, and rejected where nothing is left.
- The strings to replace are looked for in one pass over the chunk (`udfs.programs.matching`): where several would
  match, the leftmost and then the longest does. A replacement is not looked at again. What a guard rejects stays in the
  text, and no other string matches there in its place.
- Where lines go, replacements that touch them do not matter.
- A program with more errors than `max_errors` is void; programs of other chunks are not.

Time and memory are linear in the text and the programs together. Nothing here raises for what a model wrote.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import accumulate
from typing import NamedTuple

from udfs.programs.effects import Effects, ExecutionSettings, Part, effects_of
from udfs.programs.lengths import words
from udfs.programs.matching import matches
from udfs.programs.operations import ERRORS, CallReason, Normalize, RemoveLines
from udfs.text.edits import Edit, apply

_WORD_REST = re.compile(r"\S*+")


class DropReason(StrEnum):
    """Why a document does not go on after its programs."""

    DROP_DOCUMENT = "drop_document"  # the document's own program says so
    NO_DECISION = "no_decision"  # the document's own program has no call that counts, and the settings want one
    LITTLE_LEFT = "little_left"  # the programs leave too small a share of its words
    TOO_SHORT = "too_short"  # the programs leave too few words


class Report(NamedTuple):
    """What came of the calls of a document's programs."""

    operations: dict[str, int]  # calls that count, by canonical name
    rejected: dict[str, int]  # calls and lines that do not, by CallReason
    clipped: int = 0  # ranges that went beyond their chunk; they count, as far as they are inside
    voided: int = 0  # programs with too many errors
    words_removed: int = 0
    chars_removed: int = 0
    words: int = 0  # of the received text

    @property
    def errors(self) -> int:
        """Calls that could not be read or were impossible."""
        return sum(self.rejected.get(reason, 0) for reason in ERRORS)


class Execution(NamedTuple):
    """What became of a document: `text` is the received text with `edits` applied, also where it is not kept."""

    keep: bool
    reason: DropReason | None  # None where kept
    text: str
    edits: tuple[Edit, ...]
    report: Report


def execute(text: str, parts: Iterable[Part], settings: ExecutionSettings) -> Execution:
    """Execute the programs of a document: its own, those of its chunks, or both. They may come in any order and may
    overlap: a line goes where one of them says so, and of two replacements that overlap the first one is made."""
    return judged(text, parts, settings)[0]


def judged(text: str, parts: Iterable[Part], settings: ExecutionSettings) -> tuple[Execution, list[Effects]]:
    """What became of a document, and what the calls of each program came to."""
    starts = line_starts(text)
    effects = [effects_of(part, len(starts) - 1, settings) for part in parts]
    void = [effect for effect in effects if effect.errors > settings.max_errors]
    for effect in void:
        effect.void()
    reason = _decision(effects, settings)
    edits = () if reason else _edits(text, starts, effects, settings)
    report = Report(
        _total(effect.counted for effect in effects),
        _total(effect.rejected for effect in effects),
        sum(effect.clipped for effect in effects),
        len(void),
        words=words(text),
    )
    if not edits:
        return Execution(reason is None, reason, text, (), report), effects
    left = apply(text, edits)
    removed = _words_removed(text, left, edits)
    report = report._replace(words_removed=removed, chars_removed=len(text) - len(left))
    reason = _shortage(report.words, report.words - removed, settings)
    return Execution(reason is None, reason, left, edits, report), effects


def _words_removed(text: str, left: str, edits: Sequence[Edit]) -> int:
    """Whole lines are counted alone, which is quicker: no word goes on behind the end of a line."""
    if all(edit.reason == RemoveLines.names[0] and _is_whole(text, edit) for edit in edits):
        return sum(words(text[edit.start : edit.end]) for edit in edits)
    return words(text) - words(left)


def _is_whole(text: str, edit: Edit) -> bool:
    begins = edit.start == 0 or text[edit.start] == "\n" or text[edit.start - 1] == "\n"
    return begins and (edit.end == len(text) or text[edit.end - 1] == "\n")


def _decision(effects: Sequence[Effects], settings: ExecutionSettings) -> DropReason | None:
    own = [effect for effect in effects if effect.level == "document"]
    if any(effect.drops for effect in own):
        return DropReason.DROP_DOCUMENT
    if own and not settings.keep_undecided and not any(effect.counted for effect in own):
        return DropReason.NO_DECISION
    return None


def _shortage(before: int, after: int, settings: ExecutionSettings) -> DropReason | None:
    """A text without words was short before its programs: no reason to drop it here."""
    if before and after <= settings.min_kept_ratio * before:
        return DropReason.LITTLE_LEFT
    return DropReason.TOO_SHORT if after < before and after <= settings.min_words else None


def _total(counters: Iterable[Counter[str]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for counter in counters:
        for name, count in counter.items():
            if count:
                total[str(name)] = total.get(str(name), 0) + count
    return total


# --- edits


def _edits(
    text: str, starts: Sequence[int], effects: Sequence[Effects], settings: ExecutionSettings
) -> tuple[Edit, ...]:
    pieces = {effect for effect in effects if effect.ranges and _is_piece(effect, starts)}
    removed = line_cuts(starts, [lines for effect in effects if effect not in pieces for lines in effect.ranges])
    removed = _with_pieces(removed, [_cut_of(one, starts) for one in pieces]) if pieces else removed
    replaced = [edit for effect in effects if effect.targets for edit in _replacements(text, starts, effect, settings)]
    return tuple(_together(removed, sorted(replaced))) if replaced else tuple(removed)


def _is_piece(effect: Effects, starts: Sequence[int]) -> bool:
    """Whether the chunk is a part of one line, so that what its program says of the line is said of that part."""
    first, last = starts[effect.first], starts[effect.last + 1] - 1
    return effect.first == effect.last and (effect.start > first or effect.end < last)


def _cut_of(piece: Effects, starts: Sequence[int]) -> Edit:
    begin, end = max(starts[piece.first], piece.start), min(starts[piece.last + 1] - 1, piece.end)
    return Edit(begin, max(begin, end), "", RemoveLines.names[0])


def _with_pieces(cuts: Sequence[Edit], pieces: Iterable[Edit]) -> list[Edit]:
    """`cuts` and those of pieces of lines, where they overlap or touch as one; an empty line is left of a line of
    which all pieces go."""
    merged: list[Edit] = []
    for edit in sorted([*cuts, *(one for one in pieces if one.start < one.end)]):
        if merged and edit.start <= merged[-1].end:
            merged[-1] = merged[-1]._replace(end=max(merged[-1].end, edit.end))
        else:
            merged.append(edit)
    return merged


def line_starts(text: str) -> list[int]:
    """Where the lines of `text` begin, and behind them where another one would."""
    return [0, *accumulate([len(line) + 1 for line in text.split("\n")])]


def line_cuts(starts: Sequence[int], ranges: Iterable[tuple[int, int]]) -> list[Edit]:
    """Edits that remove the lines of `ranges` (first and last, inside the text, in any order): what is left are the
    other lines, joined by `\\n`. `starts` as from `line_starts`."""
    merged: list[list[int]] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1][1] = max(merged[-1][1], last)
        else:
            merged.append([first, last])
    cuts = []
    for first, last in merged:
        begin, end = starts[first], starts[last + 1]
        if last == len(starts) - 2:  # up to the end, with the line end before it
            begin, end = max(begin - 1, 0), end - 1
        if begin < end:
            cuts.append(Edit(begin, end, "", RemoveLines.names[0]))
    return cuts


def _replacements(text: str, starts: Sequence[int], effects: Effects, settings: ExecutionSettings) -> Iterator[Edit]:
    """The replacements in a chunk; those that come to nothing or a guard rejects are taken back."""
    sources = list(effects.targets)
    begin, end = 0, 0
    if effects.first <= effects.last:
        begin = max(starts[effects.first], effects.start)
        end = max(min(starts[effects.last + 1] - 1, effects.end), begin)
    found = matches(text, begin, end, sources)
    occurrences = Counter(match.number for match in found)
    refused = set()
    for number, source in enumerate(sources):
        reason = _refusal(occurrences[number], len(source), end - begin, settings)
        if reason:
            effects.take_back(source, reason)
            refused.add(number)
    done = begin
    for match in found:
        if match.number not in refused and match.start >= done:
            source = sources[match.number]
            done = _url_end(text, match.end) if settings.extend_urls and "://" in source else match.end
            yield Edit(match.start, done, effects.targets[source], Normalize.names[0])


def _refusal(occurrences: int, length: int, chunk_length: int, settings: ExecutionSettings) -> CallReason | None:
    if not occurrences:
        return CallReason.MISSING_TARGET
    if occurrences > settings.max_occurrences or occurrences * length > settings.max_matched_ratio * chunk_length:
        return CallReason.COMMON_SOURCE
    return None


def _url_end(text: str, at: int) -> int:
    """Where white space ends what goes on at `at`. Models cut addresses, as at a `=` (ProX, table 33)."""
    rest = _WORD_REST.match(text, at)
    return rest.end() if rest else at


def _together(cuts: Sequence[Edit], replacements: Sequence[Edit]) -> Iterator[Edit]:
    """All cuts, and the replacements that touch neither them nor the replacement before; both are sorted."""
    done = 0
    waiting = iter([*cuts, None])
    cut = next(waiting)
    for replacement in replacements:
        while cut is not None and cut.end <= replacement.start:
            yield cut
            cut = next(waiting)
        if replacement.start >= done and (cut is None or replacement.end <= cut.start):
            yield replacement
            done = replacement.end
    if cut is not None:
        yield cut
        yield from (one for one in waiting if one is not None)
