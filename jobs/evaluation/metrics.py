"""Metrics over weighted rows, many weightings at once, so that a bootstrap is one call.

`weights` is (resamples x rows), whole numbers: how often each resample has each row. A metric gives one value for each
resample, and it is the plain metric of the rows repeated so often; a single line of ones gives the figure itself. What
is not defined (a rate of no rows, a correlation with a constant) is NaN.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

# A variance below this share of the squared values is rounding, not spread.
_NO_SPREAD = 1e-12


def ratio(part: ArrayLike, whole: ArrayLike) -> Floats:
    """`part / whole`, NaN where `whole` is 0."""
    above, below = np.asarray(part, dtype=np.float64), np.asarray(whole, dtype=np.float64)
    found: Floats = np.full(np.broadcast(above, below).shape, np.nan)
    np.divide(above, below, out=found, where=below != 0)
    return found


def share(hits: ArrayLike, weights: Floats, among: ArrayLike | None = None) -> Floats:
    """The share of rows that are hits, of all rows or of those `among`. Hits may be (rows x columns): a share each."""
    hit = np.asarray(hits, dtype=np.float64)
    some = np.ones(len(hit)) if among is None else np.asarray(among, dtype=np.float64)
    counted = weights @ some
    if hit.ndim == 2:
        return ratio(weights @ (hit * some[:, None]), counted[:, None])
    return ratio(weights @ (hit * some), counted)


def pearson(left: ArrayLike, right: ArrayLike, weights: Floats) -> Floats:
    """Pearson's r. Each side is (rows), or (resamples x rows) where the values depend on the resample, as ranks do."""
    size = weights.sum(axis=1)
    one, other = _centred(left, weights, size), _centred(right, weights, size)
    product = (weights * one * other).sum(axis=1)
    spread = _spread(one, left, weights) * _spread(other, right, weights)
    return ratio(product, np.sqrt(spread))


def _centred(values: ArrayLike, weights: Floats, size: Floats) -> Floats:
    given = np.atleast_2d(np.asarray(values, dtype=np.float64))
    return given - ratio((weights * given).sum(axis=1), size)[:, None]


def _spread(centred: Floats, values: ArrayLike, weights: Floats) -> Floats:
    found = (weights * centred**2).sum(axis=1)
    largest = np.max(np.abs(np.asarray(values, dtype=np.float64)), initial=0.0)
    return np.where(found > _NO_SPREAD * largest**2 * weights.sum(axis=1), found, 0.0)


def ranks(values: ArrayLike, weights: Floats) -> Floats:
    """Ranks from 1 in each resample, those of equal values averaged: (resamples x rows)."""
    _, group = np.unique(np.asarray(values), return_inverse=True)
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    if not len(starts):
        return np.zeros_like(weights)
    counts = np.add.reduceat(weights.T[order], starts, axis=0)
    middle = np.cumsum(counts, axis=0) - (counts - 1) / 2
    return np.asarray(middle[group].T)


def spearman(left: ArrayLike, right: ArrayLike, weights: Floats) -> Floats:
    """Spearman's rho: Pearson's r of the ranks."""
    return pearson(ranks(left, weights), ranks(right, weights), weights)


def auc(positive: ArrayLike, scores: ArrayLike, weights: Floats) -> Floats:
    """Area under the ROC curve: how often a positive row has the larger score than a negative one; equal ones count
    half."""
    is_positive = np.asarray(positive, dtype=np.float64)
    many = weights @ is_positive
    few = weights.sum(axis=1) - many
    above = (weights * ranks(scores, weights)) @ is_positive - many * (many + 1) / 2
    return ratio(above, many * few)


def confusion(truth: ArrayLike, guess: ArrayLike, classes: int, weights: Floats) -> Floats:
    """Counts (resamples x classes x classes), truth by guess; both are numbers from 0."""
    cells = np.asarray(truth, dtype=np.int64) * classes + np.asarray(guess, dtype=np.int64)
    hot = np.zeros((len(cells), classes * classes))
    hot[np.arange(len(cells)), cells] = 1
    return np.asarray((weights @ hot).reshape(-1, classes, classes))


def accuracy(table: Floats) -> Floats:
    """The share of the diagonal of a confusion."""
    return ratio(np.trace(table, axis1=1, axis2=2), table.sum(axis=(1, 2)))


def macro_f1(table: Floats) -> Floats:
    """The mean of F1 over the classes that occur in the truth or in the guesses."""
    right = np.diagonal(table, axis1=1, axis2=2)
    each = ratio(2 * right, table.sum(axis=2) + table.sum(axis=1))
    return mean_of(each)


def recalls(table: Floats) -> Floats:
    """The share of each class's rows that are found (resamples x classes), NaN for a class without rows."""
    return ratio(np.diagonal(table, axis1=1, axis2=2), table.sum(axis=2))


def mean_of(values: Floats) -> Floats:
    """The mean of each line over what is defined in it."""
    known = np.isfinite(values)
    return ratio(np.where(known, values, 0.0).sum(axis=1), known.sum(axis=1))


def variance_of(values: Floats) -> Floats:
    """The population variance of each line over what is defined in it."""
    return mean_of((values - mean_of(values)[:, None]) ** 2)


def precision_recall_f1(right: Floats, wrong: Floats, missed: Floats) -> tuple[Floats, Floats, Floats]:
    """Of counts: true positives, false positives, false negatives. F1 of nothing at all is NaN."""
    return ratio(right, right + wrong), ratio(right, right + missed), ratio(2 * right, 2 * right + wrong + missed)
