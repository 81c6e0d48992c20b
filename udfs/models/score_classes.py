"""Scores as classes. A rater's graph may say, beside a number for each score, how likely each of its integers is: the
integer of a rating is then the median, which is right more often than the rounded number, and its probability is known.
"""

import numpy as np
from numpy.typing import NDArray

from udfs.models.criteria import CRITERIA
from udfs.models.manifest import SCORES

Floats = NDArray[np.float64]

LEVELS = 6  # a score is 0 to 5; the criteria have no 0
LOWEST = np.array([1 if name in CRITERIA else 0 for name in SCORES])
HIGHEST = LEVELS - 1


def class_shares(logits: NDArray[np.floating]) -> Floats:
    """Probabilities (rows x SCORES x LEVELS) from a graph's output `classes` (rows x SCORES * LEVELS)."""
    each = logits.astype(np.float64).reshape(len(logits), len(SCORES), LEVELS)
    each = np.where(np.arange(LEVELS) < LOWEST[:, None], -np.inf, each)
    odds = np.exp(each - each.max(axis=2, keepdims=True))
    return np.asarray(odds / odds.sum(axis=2, keepdims=True))


def medians(shares: Floats) -> NDArray[np.int64]:
    """The lowest integer with half of the probability at or below it (rows x SCORES)."""
    return np.asarray((shares.cumsum(axis=2)[:, :, :-1] < 0.5).sum(axis=2), dtype=np.int64)


def expected_scores(scores: Floats, shares: Floats | None) -> Floats:
    """What a rater expects (rows x SCORES): its numbers, within the scale; with classes, the mean of these and of the
    classes' mean, as the two err in different places.
    """
    within = np.clip(scores, LOWEST, HIGHEST)
    return within if shares is None else (within + shares @ np.arange(LEVELS)) / 2


def keep_probabilities(shares: Floats) -> Floats:
    """For each row, that ProX's rule keeps the document: educational value of 3 or more, or of 2 with format 4 or more
    (arXiv 2409.17115, appendix A); as if the two scores were independent.
    """
    edu, form = (shares[:, SCORES.index(name)] for name in ("edu", "format"))
    return np.asarray(edu[:, 3:].sum(axis=1) + edu[:, 2] * form[:, 4:].sum(axis=1))
