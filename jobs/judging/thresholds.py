"""Thresholds that a person can look around: a rule's limit, a score's, or the share of words that programs must leave.

Each is a number that is stored of every document, and a limit on it; which documents count as its population is said
here too. Not here: duplicates, because nobody can see on one page whether there is another like it.
"""

from collections.abc import Mapping, Sequence
from math import inf
from typing import Any, NamedTuple

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.catalog import POSITION
from jobs.explaining.numbers import limits_of
from jobs.explaining.rows import settings_of
from jobs.runtime.errors import CorpusmillError
from jobs.runtime.lake import Lake
from udfs.models.criteria import CRITERIA, EXTRA_SCORES

BOUNDS = ("at_least", "above", "at_most", "below")
SCORES = (*CRITERIA, *EXTRA_SCORES)
SCORE_LIMIT = 2.5  # 3 or more after rounding
PLACE = ("batch", *POSITION)


class Asked(NamedTuple):
    """What the command was asked for; one of the first three is given. `limit`: a number, the name of one of the rule's
    limits, or empty for the threshold's own."""

    rule: str = ""
    score: str = ""
    stage: str = ""
    limit: str = ""


class Threshold(NamedTuple):
    """A limit on a number: the sides are `signal >= limit` for at_least, `>` for above, `<=` for at_most, `<` for
    below."""

    name: str  # the rule, score or stage, as screen.word_count
    bound: str
    limit: float
    about: str  # the documents it is about, in words

    def __str__(self) -> str:
        return f"{self.name} {self.bound.replace('_', ' ')} {self.limit:g}"


class Around(NamedTuple):
    """A threshold, its documents (PLACE, doc_id, signal, keeps), and the table with the text that was judged."""

    threshold: Threshold
    documents: DataFrame
    texts: str


def threshold_of(lake: Lake, asked: Asked) -> Around:
    """The threshold that is asked for. Raises CorpusmillError in one sentence where the lake has none such."""
    if asked.rule:
        return _of_rule(lake, asked)
    return _of_score(lake, asked) if asked.score else _of_execute(lake, asked)


def passes(signal: Column, bound: str, limit: float) -> Column:
    """Whether a signal is on the side of a limit that is kept."""
    value = F.lit(limit)
    return {"at_least": signal >= value, "above": signal > value, "at_most": signal <= value, "below": signal < value}[
        bound
    ]


# --- a rule


def _of_rule(lake: Lake, asked: Asked) -> Around:
    """Documents that the rule measured and no other step rejected, so that the rule alone decides. Their text is shown
    as extracted on both sides, since what is rejected has no other."""
    rules = settings_of(_last_commit(lake, "screen")).get("rules", {})
    limited = {name: limits_of(rule) for name, rule in rules.items() if "edit" not in rule and limits_of(rule)}
    if asked.rule not in limited:
        known = "; ".join(f"{name} ({limits})" for name, limits in limited.items())
        raise CorpusmillError(
            f"--rule {asked.rule}: found no such rule with a limit in what the lake is screened with, expected one of "
            f"{known or 'those of a recipe with limits'}."
        )
    bound, limit = _bound(rules[asked.rule], asked)
    signal = F.col("signals")[asked.rule]
    others = [
        passes(signal, name, value)
        for name, value in _limits(rules[asked.rule]).items()
        if _is_lower(name) != _is_lower(bound)
    ]
    decided = lake.read("screened").where(F.col("keep") | (F.col("reason") == asked.rule)).where(signal.isNotNull())
    for other in others:
        decided = decided.where(other)
    about = f"documents that {asked.rule} measured and no other step of screening rejected"
    return _around(decided, Threshold(f"screen.{asked.rule}", bound, limit, about), signal, "documents")


def _limits(rule: Mapping[str, Any]) -> dict[str, float]:
    return {name: rule[name] for name in BOUNDS if abs(rule.get(name, inf)) != inf}


def _is_lower(bound: str) -> bool:
    return bound in {"at_least", "above"}


def _bound(rule: Mapping[str, Any], asked: Asked) -> tuple[str, float]:
    """The limit to look around: the one named, the one nearest to the number given, or else the rule's first."""
    limits = _limits(rule)
    if not asked.limit:
        return next(iter(limits.items()))
    if asked.limit in limits:
        return asked.limit, limits[asked.limit]
    value = _number(asked, f"one of its limits ({', '.join(limits)}), or a number")
    return min(limits, key=lambda name: abs(limits[name] - value)), value


def _number(asked: Asked, expected: str) -> float:
    try:
        value = float(asked.limit)
    except ValueError:
        value = inf
    if not -inf < value < inf:
        raise CorpusmillError(
            f"--limit {asked.limit}: found no limit of {asked.rule or asked.score}, expected {expected}."
        )
    return value


# --- a score, and programs


def _of_score(lake: Lake, asked: Asked) -> Around:
    """Rated documents, by the score before rounding where the rater says it; shown as the rater read them."""
    if not lake.exists("ratings"):
        raise CorpusmillError(_nothing("ratings", lake))
    limit = _number(asked, "a number") if asked.limit else SCORE_LIMIT
    rated = lake.read("ratings").where("keep").where(F.col(asked.score).isNotNull())
    threshold = Threshold(f"rate.{asked.score}", "at_least", limit, "documents that were rated")
    return _around(rated, threshold, unrounded(asked.score), "refined")


def unrounded(score: str) -> Column:
    """A score before rounding, or as it is where its rater says no more."""
    value = F.col(score).cast("double")
    if score not in CRITERIA:
        return value
    return F.coalesce(F.get("expected", F.lit(CRITERIA.index(score))).cast("double"), value)


def _of_execute(lake: Lake, asked: Asked) -> Around:
    """Documents that programs took something away from, or rejected, by the share of words they left; shown as the
    programs got them."""
    if asked.limit:
        raise CorpusmillError(
            f"--limit {asked.limit}: found --stage execute, whose limit is execute.strict.min_kept_ratio, expected it "
            "with --rule or --score."
        )
    settings = settings_of(_last_commit(lake, "execute"))
    if settings.get("dry_run"):
        raise CorpusmillError(
            "judge: found programs executed with execute.dry_run, which rejects nothing, expected documents on both "
            "sides; set it to false and run corpusmill run."
        )
    least = settings.get("strict", {}).get("min_kept_ratio", 0.0)
    touched = lake.read("refined").where("programs > 0 AND (NOT keep OR words_removed > 0)")
    share = F.when(F.col("keep") | (F.size("edits") > 0), 1 - F.try_divide("words_removed", "words")).otherwise(0.0)
    threshold = Threshold("execute", "above", least, "documents that programs cut words from, or reject")
    rows = touched.withColumn("signal", F.coalesce(share, F.lit(0.0))).withColumn("keeps", F.col("keep"))
    return Around(threshold, rows.select(*PLACE, "doc_id", "signal", "keeps"), "deduplicated")


def _around(rows: DataFrame, threshold: Threshold, signal: Column, texts: str) -> Around:
    keeps = passes(F.col("signal"), threshold.bound, threshold.limit).alias("keeps")
    documents = rows.select(*PLACE, "doc_id", signal.alias("signal")).where("NOT isnan(signal)").select("*", keeps)
    return Around(threshold, documents, texts)


def _last_commit(lake: Lake, stage: str) -> Mapping[str, Any]:
    rows: Sequence[Any] = lake.read("progress", stage=stage).orderBy(F.desc("batch")).limit(1).collect()
    if not rows or not settings_of(rows[0].asDict()):
        raise CorpusmillError(_nothing("screened" if stage == "screen" else "refined", lake))
    found: Mapping[str, Any] = rows[0].asDict()
    return found


def _nothing(table: str, lake: Lake) -> str:
    return f"judge: found no {table} documents in {lake.location}, expected some to judge; corpusmill run comes first."
