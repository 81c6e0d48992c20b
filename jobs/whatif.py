"""What if: what other thresholds would keep, from the signals that screening stored. No text is read, nothing written.

A page passes a step where the stored signal is within the new limits, so a verdict is exact as long as the signals are
what a run would measure again. They are not for a step whose measure, or an edit before which, is changed, added or
moved; and a page that was rejected at one step has no signals of the steps behind it (`after_rejection: stop`), so
where it would pass now it is *unmeasured*: between all and none of those would be kept.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from math import inf
from typing import NamedTuple

from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from jobs.catalog import FAILURES, POSITION
from jobs.runtime.console import as_table
from jobs.runtime.errors import CorpusmillError
from jobs.runtime.lake import Lake
from jobs.runtime.run import read_progress
from jobs.runtime.stage import read_back
from udfs.text.rules import Cut, Rule, Step
from udfs.text.screening import ScreenSettings

UNMEASURED = "unmeasured"


class Judged(NamedTuple):
    """A step of the new recipe, and how far the stored signals speak for it."""

    name: str
    exact: bool
    why: str  # where it is not exact


def judged_steps(old: ScreenSettings, new: ScreenSettings) -> tuple[Judged, ...]:
    """The new recipe's steps; `old` are the settings the signals were stored with."""
    return tuple(_judged(old.rules, new.rules))


def _judged(old: Mapping[str, Step], new: Mapping[str, Step]) -> Iterator[Judged]:
    changed = _changed_edit(old, new)
    edited = False
    for name, step in new.items():
        before = old.get(name)
        edited = edited or name == changed
        if isinstance(step, Cut):
            yield Judged(name, not edited, "" if not edited else "no signal: how often it leaves no text is not known")
        elif not isinstance(before, Rule):
            yield Judged(name, False, "not measured yet, so it rejects nothing here")
        elif (step.measure, step.arguments) != (before.measure, before.arguments):
            yield Judged(name, False, "its measure or arguments changed; the old signal is used")
        else:
            yield Judged(name, not edited, f"the edit {changed} before it changed" if edited else "")
    if changed and changed not in new:
        yield Judged(changed, False, "this edit is gone; steps behind it would see other text")


def _changed_edit(old: Mapping[str, Step], new: Mapping[str, Step]) -> str:
    """The first edit that is not at its place with its arguments; "" where all are."""
    olds, news = ([(n, s) for n, s in steps.items() if isinstance(s, Cut)] for steps in (old, new))
    for before, after in zip(olds, news, strict=False):
        if before != after:
            return after[0]
    longer = max(olds, news, key=len)
    return longer[min(len(olds), len(news))][0] if len(olds) != len(news) else ""


def whatif(screened: DataFrame, sizes: DataFrame, old: ScreenSettings, new: ScreenSettings) -> DataFrame:
    """Rows of `screened` and of `sizes` (file, offset, domain, tokens) -> documents and tokens by what became of them:
    language, domain, before, after (a reason, null where kept), documents, tokens."""
    found = screened.where(~F.coalesce(F.col("reason").isin(*FAILURES), F.lit(False)))
    return (
        found.join(sizes, list(POSITION), "left")
        .select(
            F.when(F.col("language") == "", "not identified").otherwise(F.col("language")).alias("language"),
            F.coalesce("domain", F.lit("not rated")).alias("domain"),
            F.col("reason").alias("before"),
            _reason_after(old, new).alias("after"),
            F.coalesce("tokens", F.lit(0)).alias("tokens"),
        )
        .groupBy("language", "domain", "before", "after")
        .agg(F.count("*").alias("documents"), F.sum("tokens").alias("tokens"))
    )


def _reason_after(old: ScreenSettings, new: ScreenSettings) -> Column:
    """The first step that rejects by the stored signals; UNMEASURED where that cannot be said; else null."""
    rejections = [F.when(_rejects(name, step), F.lit(name)) for name, step in new.rules.items()]
    nothing: Column = F.lit(None).cast("string")
    return F.coalesce(nothing, *rejections, F.when(_is_cut_short(old), F.lit(UNMEASURED)))


def _rejects(name: str, step: Step) -> Column:
    signal = F.col("signals")[name]
    if isinstance(step, Cut):  # there is one only where the edit left no text
        return signal.isNotNull()
    limits = [
        signal < step.at_least if step.at_least > -inf else None,
        signal <= step.above if step.above > -inf else None,
        signal > step.at_most if step.at_most < inf else None,
        signal >= step.below if step.below < inf else None,
    ]
    return reduce(Column.__or__, [limit for limit in limits if limit is not None], F.lit(False)) & signal.isNotNull()


def _is_cut_short(old: ScreenSettings) -> Column:
    """Whether a page was rejected with steps behind that it was not taken through."""
    if old.after_rejection == "measure":
        return F.lit(False)
    *early, _ = old.rules
    return F.col("reason").isin(*early) if early else F.lit(False)


def of_lake(lake: Lake, new: ScreenSettings) -> tuple[list[Row], list[Judged]]:
    """Rows of `whatif` over all batches of a lake, each by the settings it was screened with, and what speaks for them.
    Raises CorpusmillError where nothing is screened."""
    stored = stored_settings(lake)
    sizes = sizes_of(lake.read("ratings") if lake.exists("ratings") else None, lake.read("documents"))
    rows: list[Row] = []
    steps: dict[Judged, None] = {}
    for old, batches in stored:
        steps |= dict.fromkeys(judged_steps(old, new))
        screened = lake.read("screened").where(F.col("batch").isin(batches))
        rows += whatif(screened, sizes, old, new).collect()
    return rows, list(steps)


def stored_settings(lake: Lake) -> list[tuple[ScreenSettings, list[int]]]:
    """The settings that batches were screened with, and which those are; the latest batch's come last. Raises
    CorpusmillError where nothing is screened."""
    commits = {batch: row for (stage, batch), row in read_progress(lake).items() if stage == "screen"}
    if not commits:
        raise CorpusmillError(
            f"whatif: found no screened pages in {lake.location}, expected some to judge again: corpusmill run comes "
            "first."
        )
    batches_of: dict[str, list[int]] = {}
    for batch in sorted(commits, reverse=True):
        batches_of.setdefault(commits[batch]["parts"]["settings"], []).append(batch)
    found = [
        (ScreenSettings.model_validate_json(json.dumps(read_back(text))), batches)
        for text, batches in batches_of.items()
    ]
    return found[::-1]


def sizes_of(ratings: DataFrame | None, documents: DataFrame) -> DataFrame:
    """Domain and tokens of every document: as rated, and for the others tokens by their characters, as many a character
    as the rated ones have (a quarter where none is rated)."""
    chars = documents.select(*POSITION, "chars")
    if ratings is None:
        return chars.select(*POSITION, F.lit(None).cast("string").alias("domain"), (F.col("chars") / 4).alias("tokens"))
    rated = ratings.where("keep").select(*POSITION, "domain", "tokens")
    both = chars.join(rated, list(POSITION), "left")
    share = both.where("tokens IS NOT NULL").agg((F.sum("tokens") / F.sum("chars")).alias("share"))
    return both.crossJoin(F.broadcast(share)).select(
        *POSITION, "domain", F.coalesce("tokens", F.col("chars") * F.coalesce("share", F.lit(0.25))).alias("tokens")
    )


def report(rows: Sequence[Row], steps: Sequence[Judged], new: ScreenSettings) -> str:
    """What `whatif` found, as text."""
    pages = sum(row.documents for row in rows)
    parts = [
        f"{pages:,} pages, by their stored signals.",
        as_table(("", "pages before", "after", "tokens before", "after"), [_kept(rows)]),
        as_table(("rejected by", "before", "after", "change"), list(_by_reason(rows, new))),
        *(
            as_table((column, "kept before", "after", "tokens before", "after"), list(_by(rows, column)))
            for column in ("domain", "language")
        ),
        _exactness(steps),
    ]
    if unmeasured := sum(row.documents for row in rows if row.after == UNMEASURED):
        parts.append(
            f"{unmeasured:,} pages would pass the step that rejected them, and were not measured by the steps behind "
            "it: that many more at most would be kept. screen.after_rejection: measure stores all signals."
        )
    return "\n\n".join(parts)


def _sums(rows: Iterable[Row]) -> tuple[int, str, int, str]:
    """Kept documents before and after, and their tokens; "a to b" where pages are unmeasured."""
    before = [row for row in rows if row.before is None]
    least = [row for row in rows if row.after is None]
    most = [row for row in rows if row.after in (None, UNMEASURED)]
    documents, tokens = (
        [sum(getattr(row, what) for row in group) for group in (before, least, most)]
        for what in ("documents", "tokens")
    )
    return (documents[0], _between(*documents[1:]), round(tokens[0]), _between(*map(round, tokens[1:])))


def _between(least: int, most: int) -> str:
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"


def _kept(rows: Sequence[Row]) -> tuple[object, ...]:
    return ("kept", *_sums(rows))


def _by_reason(rows: Sequence[Row], new: ScreenSettings) -> Iterator[tuple[object, ...]]:
    found = {row.before for row in rows} | {row.after for row in rows}
    order = [*new.rules, *sorted(reason for reason in found if reason and reason not in new.rules)]
    for reason in order:
        before, after = (
            sum(row.documents for row in rows if getattr(row, side) == reason) for side in ("before", "after")
        )
        if before or after:
            yield reason, before, after, f"{after - before:+,}"


def _by(rows: Sequence[Row], column: str) -> Iterator[tuple[object, ...]]:
    for value in sorted({row[column] for row in rows}):
        sums = _sums([row for row in rows if row[column] == value])
        if sums[0] or sums[1] != "0":
            yield (value, *sums)


def _exactness(steps: Sequence[Judged]) -> str:
    exact = [step.name for step in steps if step.exact]
    lines = [f"Exact: {', '.join(exact) or 'none'}."]
    lines += [f"Estimate: {step.name} ({step.why})." for step in steps if not step.exact]
    return "\n".join(lines)
