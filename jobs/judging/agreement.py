"""How far a decider (a rule, a rater, a refiner) agrees with a person, estimated from a stratified sample.

A stratum is a side of the threshold. A judged document of it stands for `documents of the side / judged of the side`
documents, so a figure is an estimate for the documents that the sample was drawn from: those near the threshold. It
says nothing about documents far from it. Documents that the person skipped are left out, as if skipping had nothing to
do with the verdict.

Shares have a Wilson interval (Wilson 1927) with Kish's effective number of documents, (sum of weights)^2 / sum of
squared weights, in the place of their number; kappa and the area under the curve have percentile bootstrap intervals,
drawn stratum by stratum. No interval is made smaller for a population that was judged almost whole.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from math import sqrt
from typing import NamedTuple

import numpy as np

from jobs.evaluation.intervals import HIGH, LOW
from jobs.evaluation.metrics import Floats, auc, confusion, kappa

Z = 1.959964  # of the standard normal distribution: 95 % are within
RESAMPLES = 2_000
MIN_DOCUMENTS = 5  # of fewer a bootstrap says nothing


class Opinion(NamedTuple):
    """What the person and a decider say of one document. `score`: how much the decider is for keeping, where it says
    more than yes or no."""

    stratum: str
    person: bool  # keeps
    decider: bool
    score: float | None = None


class Figure(NamedTuple):
    """An estimate with its 95 % interval; None where there is none."""

    value: float | None
    low: float | None = None
    high: float | None = None


class Agreement(NamedTuple):
    """How far two agree. Shares are of the documents that the sample stands for."""

    documents: int  # judged
    agree: Figure
    kappa: Figure  # Cohen's: 0 as good as chance, 1 always
    too_lenient: Figure  # share: the decider keeps, the person drops
    too_strict: Figure  # share: the decider drops, the person keeps
    auc: Figure  # how often what the person keeps has the larger score than what they drop


def agreement(opinions: Sequence[Opinion], weights: Sequence[float], seed: int = 0) -> Agreement:
    """The agreement of a decider with a person over documents that stand for `weights` documents each."""
    person = np.array([one.person for one in opinions], dtype=np.int64)
    decider = np.array([one.decider for one in opinions], dtype=np.int64)
    given = np.array(weights, dtype=np.float64)
    drawn = resampled([one.stratum for one in opinions], given, seed)

    def share(hits: np.ndarray) -> Figure:
        return share_of(hits, given)

    def drawn_figure(metric: Callable[[Floats], Floats]) -> Figure:
        return _bootstrapped(metric, given, drawn)

    scores = [one.score for one in opinions]
    ordered = Figure(None)
    if opinions and None not in scores:
        ordered = drawn_figure(lambda some: auc(person, np.array(scores, dtype=np.float64), some))
    return Agreement(
        len(opinions),
        share(person == decider),
        drawn_figure(lambda some: kappa(confusion(person, decider, 2, some))),
        share((person == 0) & (decider == 1)),
        share((person == 1) & (decider == 0)),
        ordered,
    )


def weights_of(strata: Sequence[str], sizes: Sequence[int]) -> list[float]:
    """How many documents each judged one stands for: those of its stratum, by the judged ones of it."""
    judged = Counter(strata)
    return [size / judged[stratum] for stratum, size in zip(strata, sizes, strict=True)]


def share_of(hits: np.ndarray, weights: Floats) -> Figure:
    """The weighted share of hits with its Wilson interval."""
    if not len(weights):
        return Figure(None)
    value = float(np.dot(hits, weights) / weights.sum())
    effective = float(weights.sum() ** 2 / np.square(weights).sum())
    return Figure(value, *wilson(value, effective))


def wilson(share: float, number: float) -> tuple[float, float]:
    """The 95 % score interval of a share of `number` draws."""
    middle = share + Z**2 / (2 * number)
    half = Z * sqrt(share * (1 - share) / number + Z**2 / (4 * number**2))
    whole = 1 + Z**2 / number
    return max((middle - half) / whole, 0.0), min((middle + half) / whole, 1.0)


def resampled(strata: Sequence[str], weights: Floats, seed: int) -> Floats:
    """Weights of the documents in RESAMPLES draws (draws x documents): as many of each stratum as there are."""
    generator = np.random.default_rng(seed)
    drawn = np.zeros((RESAMPLES, len(strata)))
    for stratum in sorted(set(strata)):
        places = [place for place, one in enumerate(strata) if one == stratum]
        count = len(places)
        drawn[:, places] = generator.multinomial(count, np.full(count, 1 / count), size=RESAMPLES)
    return np.asarray(drawn * weights)


def _bootstrapped(metric: Callable[[Floats], Floats], weights: Floats, drawn: Floats) -> Figure:
    value = float(metric(weights[None, :])[0]) if len(weights) else np.nan
    if not np.isfinite(value):
        return Figure(None)
    found = metric(drawn)
    found = found[np.isfinite(found)]
    if len(weights) < MIN_DOCUMENTS or not len(found):
        return Figure(value)
    low, high = np.percentile(found, [LOW, HIGH])
    return Figure(value, float(low), float(high))
