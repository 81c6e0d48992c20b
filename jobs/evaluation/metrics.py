"""Metrics over weighted rows, many weightings at once, so that a bootstrap is one call.

`weights` is (resamples x rows), whole numbers: how often each resample has each row. A metric gives one value for each
resample, and it is the plain metric of the rows repeated so often; a single line of ones gives the figure itself. What
is not defined (a rate of no rows, a correlation with a constant) is NaN.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

# Variances of values scaled to 1, and differences as a share of the values, below which there is nothing but rounding.
_NO_SPREAD = 1e-12
_ROUNDING = 1e-14


def ratio(part: ArrayLike, whole: ArrayLike) -> Floats:
    """`part / whole`, NaN where `whole` is 0."""
    above, below = np.asarray(part, dtype=np.float64), np.asarray(whole, dtype=np.float64)
    found: Floats = np.full(np.broadcast(above, below).shape, np.nan)
    np.divide(above, below, out=found, where=below != 0)
    return found


def share(hits: ArrayLike, weights: Floats) -> Floats:
    """The share of rows that are hits."""
    return ratio(weights @ np.asarray(hits, dtype=np.float64), weights.sum(axis=1))


def pearson(left: ArrayLike, right: ArrayLike, weights: Floats) -> Floats:
    """Pearson's r. Each side is (rows), or (resamples x rows) where the values depend on the resample, as ranks do."""
    one, other = _scaled(left), _scaled(right)
    sums = _sums([one, other, one * one, other * other, one * other], weights)
    first, second, first_square, second_square, product = ratio(sums, weights.sum(axis=1))
    spread, other_spread = first_square - first**2, second_square - second**2
    has_spread = (spread > _NO_SPREAD) & (other_spread > _NO_SPREAD)
    found = ratio(product - first * second, np.sqrt(np.where(has_spread, spread * other_spread, 0.0)))
    return np.clip(found, -1.0, 1.0)


def _scaled(values: ArrayLike) -> Floats:
    """The values around 0, none beyond 1, so that sums of their squares lose nothing; zeros where all are the same."""
    given = np.asarray(values, dtype=np.float64)
    if not given.size:
        return given
    centred = given - given.mean(axis=-1, keepdims=True)
    largest = np.abs(centred).max()
    if largest <= _ROUNDING * np.abs(given).max():
        return np.zeros_like(given)
    return np.asarray(centred / largest)


def _sums(values: Sequence[Floats], weights: Floats) -> Floats:
    """The weighted sums of each: (values x resamples)."""
    if all(one.ndim == 1 for one in values):
        return np.asarray((weights @ np.stack(values, axis=1)).T)
    return np.stack([np.einsum("j,ij->i" if one.ndim == 1 else "ij,ij->i", one, weights) for one in values])


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
    counts = np.zeros((classes * classes, len(weights)))
    if len(cells):
        order = np.argsort(cells, kind="stable")
        starts = np.flatnonzero(np.diff(cells[order], prepend=-1))
        counts[cells[order][starts]] = np.add.reduceat(weights.T[order], starts, axis=0)
    return np.asarray(counts.T.reshape(-1, classes, classes))


def accuracy(table: Floats) -> Floats:
    """The share of the diagonal of a confusion."""
    return ratio(np.trace(table, axis1=1, axis2=2), table.sum(axis=(1, 2)))


def kappa(table: Floats) -> Floats:
    """Cohen's kappa of a confusion (Cohen 1960): agreement beyond that of two who say each class as often, but
    independently; NaN where both say one class only."""
    whole = table.sum(axis=(1, 2))
    chance = ratio((table.sum(axis=1) * table.sum(axis=2)).sum(axis=1), whole**2)
    return ratio(accuracy(table) - chance, np.where(1 - chance > _ROUNDING, 1 - chance, 0.0))


def cell_share(table: Floats, hits: ArrayLike, among: ArrayLike = True) -> Floats:
    """The share of a confusion's rows that are in cells (truth by guess) that are hits, of all or of those `among`."""
    some = np.asarray(among, dtype=np.float64)
    return ratio((table * np.asarray(hits, dtype=np.float64) * some).sum(axis=(1, 2)), (table * some).sum(axis=(1, 2)))


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
