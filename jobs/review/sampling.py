"""Some documents of a lake with their programs, drawn by hash: the same ones at every run, and whatever the layout."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from jobs.catalog import POSITION
from jobs.review.rendering import Document, Reviewed
from jobs.review.verdicts import verdicts
from jobs.runtime.stage import OFF, read_back
from udfs.programs.refining import ExecuteSettings, Written
from udfs.text.edits import Edit

_SHOWN = ("level", "chunk", "first_line", "last_line", "program", "model", "finish", "score")
_SAID = (*_SHOWN, "start", "end", "reason", "detail")
_NOT_JUDGED = "execute.mode: compat judges no single calls; refined has its counts"


def reviewable(refined: DataFrame, batch: int | None, reason: str) -> DataFrame:
    """Rows of `refined` with programs, of one batch or all (None), and where a reason is given, with this reason for
    the document or one of its calls."""
    rows = refined.where("programs > 0")
    rows = rows if batch is None else rows.where(F.col("batch") == batch)
    if reason:
        of_call = F.coalesce(F.array_contains(F.map_keys("rejected_calls"), reason), F.lit(False))
        rows = rows.where(of_call | F.col("reason").eqNullSafe(reason))
    return rows


def sampled(rows: DataFrame, programs: DataFrame, deduplicated: DataFrame, count: int, seed: int) -> DataFrame:
    """`count` of `rows` in the order that the seed draws, with the text as received and all that was written about
    it."""
    position = ["batch", *POSITION]
    draw = F.xxhash64("doc_id", F.lit(seed))
    drawn = rows.drop("text").withColumn("draw", draw).orderBy("draw", *position).limit(count)
    texts = deduplicated.select(*position, "text")
    written = (
        programs.join(F.broadcast(drawn.select(*position)), position, "left_semi")
        .groupBy(*position)
        .agg(F.collect_list(F.struct(*_SAID)).alias("written"))
    )
    found = F.broadcast(drawn).join(texts, position).join(written, position)
    return found.orderBy("draw", *position)


def executed_with(progress: Mapping[tuple[str, int], Mapping[str, object]]) -> dict[int, ExecuteSettings]:
    """The settings that each batch's programs were executed with."""
    found = {}
    for (stage, batch), row in progress.items():
        parts = row["parts"]
        if stage == "execute" and parts != OFF and isinstance(parts, Mapping):
            found[batch] = ExecuteSettings.model_validate_json(json.dumps(read_back(parts["settings"])))
    return found


def to_document(row: Row, settings: ExecuteSettings) -> Document:
    """A row of `sampled` as it is to be shown; programs of documents come first."""
    edits = [Edit(*edit) for edit in row["edits"]]
    written = sorted(row["written"], key=lambda one: (one.level == "chunk", one.chunk))
    return Document(
        row["doc_id"],
        row["url"] or "",
        row["batch"],
        row["text"],
        row["keep"],
        row["reason"] or "",
        edits,
        row["words"],
        row["words_removed"],
        reviewed(row["text"], written, settings),
    )


def reviewed(text: str, written: Sequence[Row | Mapping[str, Any]], settings: ExecuteSettings) -> list[Reviewed]:
    """What was written, each with the verdicts on its calls or a note why there are none."""
    notes = [_note(one, settings) for one in written]
    given = [
        Written(*(one[name] for name in Written._fields)) for one, note in zip(written, notes, strict=True) if not note
    ]
    found = iter(verdicts(text, given, settings))
    return [
        Reviewed(**{name: one[name] for name in _SHOWN}, verdicts=() if note else next(found), note=note)
        for one, note in zip(written, notes, strict=True)
    ]


def _note(one: Row | Mapping[str, Any], settings: ExecuteSettings) -> str:
    if one["reason"]:
        return f"{one['reason']}: {one['detail'] or ''}"
    if not one["program"]:
        return "no program"
    if settings.levels not in {"both", one["level"]}:
        return f"not executed, by execute.levels: {settings.levels}"
    return _NOT_JUDGED if settings.mode == "compat" else ""
