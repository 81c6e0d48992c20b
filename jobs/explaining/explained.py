"""A page explained: what the terminal and the HTML page both show, as values."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import ValidationError

from jobs.explaining import composed as composing
from jobs.explaining.beside import notes_beside
from jobs.explaining.composed import Cause, Layer, Piece
from jobs.explaining.differences import Difference, difference
from jobs.explaining.fate import Fate, dry_runs, fate_of
from jobs.explaining.meanings import EDITS
from jobs.explaining.rows import Found, Row, edits_of, is_off, settings_of
from jobs.review.rendering import Reviewed
from jobs.review.sampling import reviewed
from jobs.runtime.console import moment
from jobs.views import STAGE_ORDER
from udfs.dedup.substrings import REASON as REPEATED
from udfs.models.criteria import CRITERIA, EXTRA_SCORES
from udfs.programs.refining import ExecuteSettings
from udfs.text.edits import Edit

EXECUTE = 2  # the place of the layer whose lines programs count

# The stages that change text; their letters stand beside their colours.
LETTERS = {"screen": "S", "dedup_substring": "R", "dedup_bloom": "B", "execute": "E"}


class Key(NamedTuple):
    """An entry of the legend: the reason of a stage, its sign on the page, and how often it cut and put in."""

    sign: str
    stage: str
    reason: str
    meaning: str
    edits: int
    made: bool


class Score(NamedTuple):
    """A rating: 1 to 5, or 0 to 5; `expected` is the value before rounding."""

    name: str
    value: int
    least: int
    expected: float | None


class Commit(NamedTuple):
    """What decided at a stage: its code, models and settings."""

    stage: str
    finished_at: str
    version: str
    digests: tuple[tuple[str, str], ...]  # of the code, models and inputs, by name
    settings: Mapping[str, Any]


class Explained(NamedTuple):
    """All there is to say about a document."""

    found: Found
    fate: Fate
    pieces: tuple[Piece, ...]
    rows: Sequence[composing.Row]
    keys: Mapping[tuple[str, str], Key]  # the legend, by stage and reason
    notes: Mapping[int, list[str]]  # by line as programs count them
    programs: Sequence[Reviewed]
    scores: Sequence[Score]
    differs: Difference | None  # from the document that is kept in its place
    commits: Sequence[Commit]
    warnings: tuple[str, ...]


def explained(found: Found) -> Explained:
    """Explain a document from its rows. Rows that do not fit together, as while a batch is done again, are shown as far
    as they go, with a warning."""
    warnings: list[str] = []
    edits = layers_of(found)
    pieces = _fitting(found.document["text"], edits, warnings)
    warnings += _disagreements(found, pieces)
    seen = composing.before(pieces, EXECUTE)
    programs = _programs(found, seen, warnings)
    fate = fate_of(found)
    return Explained(
        found,
        fate,
        pieces,
        composing.rows(pieces, EXECUTE),
        {(key.stage, key.reason): key for key in _keys(edits)},
        notes_beside(seen, programs, edits_of(found.refined)) if found.refined is not None else {},
        programs,
        tuple(_scores(found.ratings)),
        _differs(found),
        tuple(_commits(found.progress, fate)),
        tuple(warnings),
    )


# --- the text


def layers_of(found: Found) -> tuple[Layer, ...]:
    """The edits of the stages that change text, in their order."""
    annotates, dry = dry_runs(found)
    seen = edits_of(found.deduplicated)
    if annotates:  # repeats are cut even then; what the filter would cut is about the text behind them
        seen = tuple(edit for edit in seen if edit.reason == REPEATED)
    return (
        Layer("screen", edits_of(found.screened)),
        Layer("dedup_bloom", seen),
        Layer("execute", edits_of(found.refined), made=not dry),
    )


def stage_of(layer: str, reason: str) -> str:
    """The stage that found an edit: passages that are repeated are cut by the stage behind the one that found them."""
    return "dedup_substring" if reason == REPEATED else layer


def key_of(cause: Cause) -> tuple[str, str]:
    """Where a cause stands in the legend."""
    return stage_of(cause.stage, cause.reason), cause.reason


def _fitting(text: str, layers: Sequence[Layer], warnings: list[str]) -> tuple[Piece, ...]:
    """The pieces by as many layers as fit."""
    for count in range(len(layers), 0, -1):
        try:
            return composing.composed(text, layers[:count])
        except ValueError as error:
            warnings.append(f"The edits of {layers[count - 1].stage} or one before it do not fit the text: {error}.")
    return composing.composed(text, ())


def _disagreements(found: Found, pieces: Sequence[Piece]) -> Iterator[str]:
    if found.corpus is not None and composing.left(pieces) != found.corpus["text"]:
        yield "The text of corpus is not what the edits give: a batch is being done again, or rows were changed."


def _keys(layers: Sequence[Layer]) -> Iterator[Key]:
    numbers: Counter[str] = Counter()
    for layer in layers:
        counts = Counter(edit.reason for edit in layer.edits)
        for reason, count in counts.items():
            stage = stage_of(layer.stage, reason)
            numbers[stage] += 1
            sign = f"{LETTERS[stage]}{numbers[stage]}"
            yield Key(sign, stage, reason, EDITS.get(reason, ""), count, layer.made)


# --- the rest


def _programs(found: Found, text: str, warnings: list[str]) -> list[Reviewed]:
    """What was written about it, with verdicts on the calls where they were executed."""
    commit = found.progress.get("execute")
    written = sorted(found.programs, key=lambda row: (row["level"] == "chunk", row["chunk"]))
    try:
        settings = ExecuteSettings.model_validate_json(json.dumps(settings_of(commit)))
    except ValidationError:
        warnings.append("The settings of execute are of another version, so calls are judged by its defaults.")
        settings = ExecuteSettings()
    return reviewed(text, written, settings)


def _scores(row: Row | None) -> Iterator[Score]:
    if row is None or not row["keep"]:
        return
    expected = row["expected"] or [None] * len(CRITERIA)
    for name, value in zip(CRITERIA, expected, strict=False):
        if row[name] is not None:
            yield Score(name, row[name], 1, value)
    for name in EXTRA_SCORES:
        if row[name] is not None:
            yield Score(name, row[name], 0, None)


def _differs(found: Found) -> Difference | None:
    own = (found.screened or {}).get("text")
    if found.keeper is None or own is None or found.keeper["text"] is None:
        return None
    return difference(own, found.keeper["text"])


def _commits(progress: Mapping[str, Row], fate: Fate) -> Iterator[Commit]:
    """Of the stages that it came to."""
    last = STAGE_ORDER.index(fate.stage) if fate.stage else len(STAGE_ORDER)
    for stage in STAGE_ORDER[: last + 1]:
        row = progress.get(stage)
        if row is None or is_off(row):
            continue
        parts = row["parts"] or {}
        digests = tuple((name, value) for name, value in sorted(parts.items()) if name != "settings")
        yield Commit(stage, f"{moment(row['finished_at'])} UTC", row["code_version"], digests, settings_of(row))


def fetched(document: Row) -> str:
    """When a document was fetched; empty where that is not known."""
    return f"{moment(document['fetched_at'])} UTC" if document["fetched_at"] else ""


def summary(found: Explained) -> str:
    """What was cut from the text, in a sentence."""
    was, now = len(composing.received(found.pieces)), len(composing.left(found.pieces))
    made = [key for key in found.keys.values() if key.made]
    counts: Counter[str] = Counter()
    for key in made:
        counts[key.stage] += key.edits
    if not made:
        return f"{was:,} characters, untouched."
    by = ", ".join(f"{count:,} by {stage}" for stage, count in counts.items())
    return f"{was:,} characters as extracted, {now:,} after {sum(counts.values()):,} edits ({by})."


def whole_edits(found: Explained) -> tuple[Edit, ...]:
    """All that was cut and put in, as edits of the page as extracted."""
    return composing.shown_edits(found.pieces)
