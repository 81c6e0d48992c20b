"""Scores as classes, against definitions over one row."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from jobs.evaluation.tasks import EDU, FORMAT, keeps_document
from udfs.models.criteria import CRITERIA
from udfs.models.manifest import SCORES
from udfs.models.score_classes import LEVELS, class_shares, expected_scores, keep_probabilities, medians

LOGITS = arrays(np.float32, (3, len(SCORES) * LEVELS), elements=st.floats(-20, 20, width=32))


@given(LOGITS)
def test_shares_medians_and_means_are_those_of_each_score(logits: np.ndarray) -> None:
    shares = class_shares(logits)
    found, expected = medians(shares), expected_scores(np.full((3, len(SCORES)), 3.5), shares)
    for row in range(3):
        for column, name in enumerate(SCORES):
            lowest = 1 if name in CRITERIA else 0
            odds = {level: np.exp(float(logits[row, column * LEVELS + level])) for level in range(lowest, LEVELS)}
            total = sum(odds.values())
            assert shares[row, column] == pytest.approx([odds.get(level, 0) / total for level in range(LEVELS)])
            middle = int(found[row, column])
            assert sum(odd for level, odd in odds.items() if level <= middle) >= total * (0.5 - 1e-9)
            assert sum(odd for level, odd in odds.items() if level < middle) <= total * (0.5 + 1e-9)
            mean = sum(level * odd for level, odd in odds.items()) / total
            assert expected[row, column] == pytest.approx((3.5 + mean) / 2)


def test_without_classes_the_numbers_are_kept_within_the_scale() -> None:
    scores = np.array([[-1.0] * len(SCORES), [9.0] * len(SCORES)])
    assert expected_scores(scores, None).tolist() == [[1.0] * len(CRITERIA) + [0.0, 0.0], [5.0] * len(SCORES)]


@given(LOGITS)
def test_what_is_kept_is_what_the_rule_keeps(logits: np.ndarray) -> None:
    """Summed over all pairs of the two scores."""
    shares = class_shares(logits)
    pairs = [(edu, form) for edu in range(LEVELS) for form in range(LEVELS) if keeps_document(edu, form)]
    expected = [sum(row[EDU, edu] * row[FORMAT, form] for edu, form in pairs) for row in shares]
    assert keep_probabilities(shares) == pytest.approx(expected)
