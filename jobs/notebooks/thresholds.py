"""For notebooks/04_thresholds.ipynb: what other thresholds of screening would keep, from stored signals."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any, Literal

import pandas as pd

from jobs import whatif as whatifs
from jobs.notebooks.opening import OpenLake
from jobs.notebooks.shown import Text, text
from jobs.runtime.errors import CorpusmillError
from jobs.runtime.table import literal
from jobs.views import signal_column
from udfs.text.rules import Rule
from udfs.text.screening import ScreenSettings

Limit = Literal["at_least", "above", "at_most", "below"]
_QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
_LIMITS = ("at_least", "above", "at_most", "below")
SHOWN_CHARS = 300


def screened_with(lake: OpenLake) -> ScreenSettings:
    """The settings that the latest batch was screened with."""
    return whatifs.stored_settings(lake.lake)[-1][0]


def signals(lake: OpenLake) -> pd.DataFrame:
    """Each rule with its limits, how many documents it measured and rejected, and how its signal is distributed."""
    rules = {name: step for name, step in screened_with(lake).rules.items() if isinstance(step, Rule)}
    parts = ", ".join(f"{literal(name)}, {signal_column(name)}" for name in rules)
    found = lake.frame(
        f"WITH long AS (SELECT reason, rule, signal FROM signals_wide "
        f"LATERAL VIEW stack({len(rules)}, {parts}) AS rule, signal) "
        f"SELECT rule, count(signal) AS measured, count_if(reason = rule) AS rejected, "
        f"percentile_approx(signal, array{_QUANTILES}) AS quantiles FROM long GROUP BY rule"
    ).set_index("rule")
    rows = [
        (
            name,
            " and ".join(f"{limit} {getattr(rule, limit):g}" for limit in _LIMITS if isfinite(getattr(rule, limit))),
            found.measured[name],
            found.rejected[name],
            *(found.quantiles[name] if found.quantiles[name] is not None else [None] * len(_QUANTILES)),
        )
        for name, rule in rules.items()
    ]
    return pd.DataFrame(
        rows, columns=["rule", "limits", "measured", "rejected", *(f"p{q * 100:g}" for q in _QUANTILES)]
    )


def whatif(lake: OpenLake, changes: Mapping[str, Mapping[str, Any] | None]) -> Text:
    """What the latest batch's recipe would keep with other limits, such as {"word_count": {"at_least": 100}}; None
    takes a rule out. As `corpusmill whatif` prints it, over all batches."""
    new = changed(screened_with(lake), changes)
    rows, steps = whatifs.of_lake(lake.lake, new)
    return text(whatifs.report(rows, steps, new).split("\n"))


def sweep(lake: OpenLake, rule: str, limit: Limit, values: Sequence[float]) -> pd.DataFrame:
    """Documents and tokens that would be kept, at each value of one limit of a rule; `unmeasured` documents might be
    kept too: they were rejected before, and stopped being measured."""
    old = screened_with(lake)
    rows = []
    for value in values:
        found, _ = whatifs.of_lake(lake.lake, changed(old, {rule: {limit: value}}))
        kept = [row for row in found if row.after is None]
        rows.append(
            (
                value,
                sum(row.documents for row in kept),
                round(sum(row.tokens for row in kept)),
                sum(row.documents for row in found if row.after == whatifs.UNMEASURED),
            )
        )
    return pd.DataFrame(rows, columns=[limit, "documents", "tokens", "unmeasured"])


def rated(lake: OpenLake, rule: str, parts: int = 10) -> pd.DataFrame:
    """Ratings of documents that were rated, in `parts` equal parts by the signal of a rule: what a limit there would
    take."""
    return lake.frame(
        f"WITH found AS (SELECT signals_wide.{signal_column(rule)} AS signal, overall_score, edu, tokens "
        f"FROM signals_wide JOIN ratings USING (batch, file, offset) WHERE ratings.keep), "
        f"cut AS (SELECT *, ntile({int(parts)}) OVER (ORDER BY signal) AS part FROM found WHERE signal IS NOT NULL) "
        "SELECT part, min(signal) AS signal_from, max(signal) AS signal_to, count(*) AS documents, "
        "sum(tokens) AS tokens, avg(overall_score) AS quality, avg(edu) AS edu FROM cut GROUP BY part ORDER BY part"
    )


def changed(old: ScreenSettings, changes: Mapping[str, Mapping[str, Any] | None]) -> ScreenSettings:
    """The settings with other limits. Raises CorpusmillError for a rule that is not in the recipe."""
    rules: dict[str, Any] = {name: step.model_dump() for name, step in old.rules.items()}
    for name, change in changes.items():
        if name not in rules:
            raise CorpusmillError(f"found no rule {name}, expected one of {', '.join(rules)}.")
        if change is None:
            del rules[name]
        else:
            rules[name] = rules[name] | dict(change)
    return ScreenSettings.model_validate(old.model_dump() | {"rules": rules})


def near(lake: OpenLake, rule: str, value: float, count: int) -> Text:
    """Documents on both sides of a limit, nearest first: the beginning of each text, and its rating if it has one."""
    signal = f"signals_wide.{signal_column(rule)}"
    lines = []
    for title, side in ((f"{rule} below {value:g}", "<"), (f"{rule} from {value:g} on", ">=")):
        rows = lake.sql(
            f"SELECT {signal} AS signal, signals_wide.url, signals_wide.reason, ratings.overall_score, "
            f"left(documents.text, {SHOWN_CHARS}) AS text FROM signals_wide "
            "JOIN documents USING (batch, file, offset) LEFT JOIN ratings USING (batch, file, offset) "
            f"WHERE {signal} {side} {float(value)} "
            f"ORDER BY abs({signal} - {float(value)}), signals_wide.doc_id LIMIT {int(count)}"
        )
        lines += [title, ""]
        for row in rows.collect():
            rating = "not rated" if row.overall_score is None else f"quality {row.overall_score}"
            lines += [f"{row.signal:g}  {row.url}  ({row.reason or 'kept'}, {rating})"]
            lines += [*(f"    {line}" for line in row.text.split("\n")), ""]
    return text(lines)
