"""What stages measured of a document, each number with the limits of the settings it was judged by."""

from collections.abc import Mapping
from math import inf, isfinite
from typing import Any, NamedTuple

from jobs.explaining.rows import Found, settings_of

_BOUNDS = ("at_least", "above", "at_most", "below")


class Number(NamedTuple):
    """A measured number. `limits` in words, empty where there are none; `passes` None where nothing was compared."""

    name: str
    value: float
    limits: str = ""
    passes: bool | None = None

    def __str__(self) -> str:
        return f"{self.name} is {shown(self.value)}" + (f", expected {self.limits}" if self.limits else "")


def shown(value: float) -> str:
    """A number for a person: up to four significant digits behind the point, thousands with commas."""
    if not isfinite(value):
        return str(value)
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.1f}"


def of_screen(found: Found) -> tuple[Number, ...]:
    """The signals in the recipe's order; those of steps that the commit's settings do not have stand behind."""
    if found.screened is None:
        return ()
    signals: Mapping[str, float] = found.screened["signals"] or {}
    rules: Mapping[str, Any] = settings_of(found.progress.get("screen")).get("rules", {})
    order = [name for name in rules if name in signals] + [name for name in signals if name not in rules]
    return tuple(_signal(name, signals[name], rules.get(name, {})) for name in order)


def _signal(name: str, value: float, step: Mapping[str, Any]) -> Number:
    if "edit" in step:  # it has a signal only where it left no text
        return Number(name, value, "text left behind the edit", passes=False)
    at_least, above = step.get("at_least", -inf), step.get("above", -inf)
    at_most, below = step.get("at_most", inf), step.get("below", inf)
    limits = limits_of(step)
    passes = at_least <= value <= at_most and above < value < below
    return Number(name, value, limits, passes if limits else None)


def limits_of(step: Mapping[str, Any]) -> str:
    """The limits of a rule in words: `at least 50, at most 100,000`."""
    given = [(name, step.get(name)) for name in _BOUNDS]
    return ", ".join(f"{name.replace('_', ' ')} {shown(v)}" for name, v in given if v is not None and abs(v) != inf)


def of_exact(found: Found) -> tuple[Number, ...]:
    """Nothing is measured: keys are equal or not."""
    return ()


def of_minhash(found: Found) -> tuple[Number, ...]:
    """The similarity to the keeper, where there is another one."""
    row = found.duplicates.get("dedup_minhash")
    if row is None or row["keep"]:
        return ()
    verify = settings_of(found.progress.get("dedup_minhash")).get("verify", {})
    by, least = verify.get("by", "signatures"), verify.get("similarity")
    if by == "nothing" or least is None:
        return (Number("similarity to the keeper", row["similarity"]),)
    # To the keeper it may be less: what links two documents may go by a third one.
    limits = f"below {shown(least)} to every document of its cluster, by {by}"
    return (Number("similarity to the keeper", row["similarity"], limits, passes=False),)


def of_bloom(found: Found) -> tuple[Number, ...]:
    """The share of n-grams that earlier texts had."""
    row = found.deduplicated
    settings = settings_of(found.progress.get("dedup_bloom"))
    if row is None or not row["ngrams"]:
        return ()
    ratio = row["contained"] / row["ngrams"]
    threshold, mode = settings.get("threshold"), settings.get("mode")
    if threshold is None or mode in {"exact", "paragraph", "substring"}:  # the share of the whole text decides nothing
        return (Number("share of n-grams seen before", ratio),)
    passes = ratio < threshold if mode == "both" else ratio <= threshold
    limits = f"{'below' if mode == 'both' else 'at most'} {shown(threshold)}"
    return (Number("share of n-grams seen before", ratio, limits, passes),)


def of_execute(found: Found) -> tuple[Number, ...]:
    """Words before and after the programs; in strict execution with the limits."""
    row = found.refined
    if row is None or not row["programs"]:
        return ()
    before, after = row["words"], row["words"] - row["words_removed"]
    settings = settings_of(found.progress.get("execute"))
    measured = (Number("words as received", before), Number("words after programs", after))
    if settings.get("mode") != "strict" or not before or not row["edits"]:
        return measured
    strict = settings.get("strict", {})
    ratio, words = strict.get("min_kept_ratio", 0), strict.get("min_words", 0)
    kept = Number("share of words kept", after / before, f"above {shown(ratio)}", after > ratio * before)
    long_enough = after > words if after < before else True
    return (measured[0], Number("words after programs", after, f"above {words:,}", long_enough), kept)
