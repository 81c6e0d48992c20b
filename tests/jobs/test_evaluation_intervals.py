"""The bootstrap of the evaluation: seeds, documents, coverage, and the mean over sources."""

import numpy as np
import pytest

from jobs.evaluation.intervals import (
    ALL,
    MEAN,
    MIN_DOCUMENTS,
    Bootstrap,
    Metrics,
    Result,
    Rows,
    mean_over,
    measured,
    results,
    sample,
)
from jobs.evaluation.metrics import Floats, ratio, share


def mean_metric(values: list[float]) -> Metrics:
    return lambda weights: {"mean": ratio(weights @ np.array(values), weights.sum(axis=1))}


def names(count: int) -> list[str]:
    return [str(number) for number in range(count)]


def one(found: list[Result]) -> Result:
    assert len(found) == 1
    return found[0]


def test_the_interval_of_a_mean_is_the_one_of_theory() -> None:
    values = np.random.default_rng(1).normal(3, 2, 400)
    found = one(results("t", ALL, sample(mean_metric(values.tolist()), names(400), Bootstrap(4000, 0), "x")))
    error = values.std() / np.sqrt(400)
    assert found.value == pytest.approx(values.mean(), abs=1e-6)
    assert found.low == pytest.approx(values.mean() - 1.96 * error, abs=0.15 * error)
    assert found.high == pytest.approx(values.mean() + 1.96 * error, abs=0.15 * error)
    assert found.n == 400


def test_rows_of_one_document_are_drawn_together() -> None:
    """Four copies of each row say no more than the row."""
    values = np.random.default_rng(2).normal(size=100)
    single = one(results("t", ALL, sample(mean_metric(values.tolist()), names(100), Bootstrap(2000, 0), "x")))
    copies = one(results("t", ALL, sample(mean_metric([*values] * 4), names(100) * 4, Bootstrap(2000, 0), "x")))
    assert (copies.value, copies.low, copies.high) == pytest.approx((single.value, single.low, single.high))
    assert (single.n, copies.n) == (100, 400)


def test_seeds_and_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    metrics = mean_metric([0.0, 1, 5, 2, 8, 3])

    def of(seed: int, name: str = "x") -> Floats:
        return sample(metrics, names(6), Bootstrap(300, seed), name).draws["mean"]

    first = of(0)
    assert len(first) == 300
    assert np.array_equal(first, of(0))
    assert not np.array_equal(first, of(1))
    assert not np.array_equal(first, of(0, "y"))
    monkeypatch.setattr("jobs.evaluation.intervals._CELLS", 60)  # ten resamples a block
    assert np.array_equal(first, of(0))


def test_no_interval_from_a_few_documents_or_no_resamples() -> None:
    few = MIN_DOCUMENTS - 1
    for count, resamples in ((few, 100), (few + 1, 0)):
        found = one(results("t", ALL, sample(mean_metric([2.0] * count), names(count), Bootstrap(resamples), "x")))
        assert (found.value, found.low, found.high, found.n) == (2, None, None, count)
    undefined = one(results("t", ALL, sample(lambda w: {"none": np.full(len(w), np.nan)}, names(9), Bootstrap(9), "x")))
    assert (undefined.value, undefined.low, undefined.high) == (None, None, None)


def test_sources_their_mean_and_facets() -> None:
    hits = [1, 1, 1, 1, 1, 1, 0, 0, 0, 1]
    rows = Rows(names(10), ["a"] * 6 + ["b"] * 4, {"language": ["en"] * 9 + [""]})
    seen: list[str] = []

    def metrics_of(name: str, places: object) -> Metrics:
        seen.append(name)
        assert isinstance(places, (list, range))
        return lambda weights: {"hits": share([hits[place] for place in places], weights)}

    found = {(row.task, row.source): row for row in measured("t", rows, metrics_of, Bootstrap(200))}
    assert list(found) == [("t", ALL), ("t", "a"), ("t", "b"), ("t", MEAN), ("t_by_language", "en")]
    assert [row.value for row in found.values()] == pytest.approx([0.7, 1, 0.25, 0.625, 6 / 9], abs=1e-6)
    assert [row.n for row in found.values()] == [10, 6, 4, 10, 9]
    mean, few = found["t", MEAN], found["t", "b"]
    assert few.low is None  # but it varies in the mean, and source a does not
    assert (mean.low, mean.high) == (0.5, pytest.approx(0.875, abs=0.13))
    assert seen == [ALL, "source/a", "source/b", "language/en"]


def test_the_mean_over_sources_leaves_out_what_is_not_defined() -> None:
    parts = [
        sample(lambda w: {"x": np.full(len(w), 0.2), "y": np.full(len(w), 1.0)}, names(5), Bootstrap(10), "a"),
        sample(lambda w: {"x": np.full(len(w), np.nan)}, names(5), Bootstrap(10), "b"),
        sample(lambda w: {"x": np.full(len(w), 0.6)}, names(5), Bootstrap(10), "c"),
    ]
    found = {row.metric: row for row in results("t", MEAN, mean_over(parts))}
    assert (found["x"].value, found["x"].low, found["x"].high) == (0.4, 0.4, 0.4)
    assert found["y"].value == 1
