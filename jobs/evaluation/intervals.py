"""Rows of results: a figure and its 95 % interval by a percentile bootstrap over documents.

Rows that share an id are one document (two shapes of a page) and are drawn together, because they say less than two.
A model's errors differ between sites more than between pages of one, and sources are not drawn, so the interval is that
of other pages from the same places.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from jobs.evaluation.metrics import Floats, mean_of

ALL, MEAN = "all", "mean"
LOW, HIGH = 2.5, 97.5
MIN_DOCUMENTS = 5  # fewer say nothing about others like them: no interval
_CELLS = 2_000_000  # of one block of weights: 16 MB

Metrics = Callable[[Floats], dict[str, Floats]]
"""Weights (resamples x rows) -> values (resamples) of each metric."""


class Result(NamedTuple):
    """One figure. `value` None where it is not defined on these rows, `low` and `high` where no interval is."""

    task: str
    source: str  # one of the file's, `all` of them together, or the `mean` of the sources' figures
    metric: str
    value: float | None
    low: float | None
    high: float | None
    n: int  # rows (texts, pages) behind it


class Bootstrap(NamedTuple):
    """How intervals are drawn. No resamples: no intervals."""

    resamples: int = 1000
    seed: int = 0


class Sampled(NamedTuple):
    """The figures of some rows, and those of the resamples."""

    rows: int
    documents: int
    values: Mapping[str, float]
    draws: Mapping[str, Floats]


def sample(metrics: Metrics, documents: Sequence[str], bootstrap: Bootstrap, name: str) -> Sampled:
    """`metrics` of the rows whose documents are given, and of their resamples; `name` makes the draws of each group of
    rows its own."""
    count = len(documents)
    values = {metric: float(found[0]) for metric, found in metrics(np.ones((1, count))).items()}
    blocks = [metrics(weights) for weights in _weights(documents, bootstrap, name)]
    draws = {metric: np.concatenate([block[metric] for block in blocks]) for metric in values} if blocks else {}
    return Sampled(count, len(set(documents)), values, draws)


def _weights(documents: Sequence[str], bootstrap: Bootstrap, name: str) -> Iterator[Floats]:
    """Blocks of (resamples x rows)."""
    digest = hashlib.sha256(f"{bootstrap.seed}/{name}".encode(errors="surrogatepass")).digest()
    generator = np.random.default_rng(int.from_bytes(digest[:8]))
    number = {name: place for place, name in enumerate(dict.fromkeys(documents))}
    document_of_row = [number[name] for name in documents]
    chances = np.full(len(number), 1 / max(len(number), 1))
    left = bootstrap.resamples if number else 0
    while left:
        block = min(left, max(_CELLS // len(documents), 1))
        drawn = generator.multinomial(len(number), chances, size=block)
        yield drawn.T.astype(np.float64)[document_of_row].T  # a row's draws side by side: what ranks read fastest
        left -= block


def mean_over(parts: Sequence[Sampled]) -> Sampled:
    """The mean of the sources' figures, where they are defined: each source counts the same."""
    metrics = dict.fromkeys(metric for part in parts for metric in part.values)
    values = {metric: _mean([np.array([part.values.get(metric, np.nan)]) for part in parts])[0] for metric in metrics}
    draws = {metric: _mean([part.draws[metric] for part in parts if metric in part.draws]) for metric in metrics}
    documents = sum(part.documents for part in parts)
    return Sampled(
        sum(part.rows for part in parts), documents, values, {metric: one for metric, one in draws.items() if len(one)}
    )


def _mean(columns: Sequence[Floats]) -> Floats:
    return mean_of(np.stack(columns, axis=1)) if columns else np.empty(0)


def results(task: str, source: str, found: Sampled) -> list[Result]:
    """The rows of one group."""
    return [_result(task, source, metric, found) for metric in found.values]


def _result(task: str, source: str, metric: str, found: Sampled) -> Result:
    value = found.values[metric]
    draws = found.draws.get(metric, np.empty(0))
    draws = draws[np.isfinite(draws)]
    if not np.isfinite(value):
        return Result(task, source, metric, None, None, None, found.rows)
    if not len(draws) or found.documents < MIN_DOCUMENTS:
        return Result(task, source, metric, _rounded(value), None, None, found.rows)
    low, high = np.percentile(draws, [LOW, HIGH])
    return Result(task, source, metric, _rounded(value), _rounded(low), _rounded(high), found.rows)


def _rounded(value: float) -> float:
    return round(float(value), 6)


class Rows(NamedTuple):
    """Rows to measure, in parallel: the document of each, its source, and what else it is told apart by (`language`);
    an empty name is none."""

    documents: Sequence[str]
    sources: Sequence[str]
    facets: Mapping[str, Sequence[str]]


def measured(
    task: str, rows: Rows, metrics_of: Callable[[str, Sequence[int]], Metrics], bootstrap: Bootstrap
) -> list[Result]:
    """Rows of all sources together, of each source, of their mean, and of each value of a facet as a task of its own
    (`lines_by_language`). `metrics_of` is given the name of a group and the positions of its rows."""

    def of(name: str, places: Sequence[int]) -> Sampled:
        return sample(
            metrics_of(name, places), [rows.documents[place] for place in places], bootstrap, f"{task}/{name}"
        )

    found = results(task, ALL, of(ALL, range(len(rows.documents))))
    by_source = {name: of(f"source/{name}", places) for name, places in _groups(rows.sources).items()}
    for name, one in by_source.items():
        found += results(task, name, one)
    if by_source:
        found += results(task, MEAN, mean_over(list(by_source.values())))
    for facet, values in rows.facets.items():
        for name, places in _groups(values).items():
            found += results(f"{task}_by_{facet}", name, of(f"{facet}/{name}", places))
    return found


def _groups(names: Sequence[str]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {name: [] for name in sorted(set(names)) if name}
    for place, name in enumerate(names):
        if name:
            found[name].append(place)
    return found
