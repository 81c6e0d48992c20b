"""What a rater reaches on rows it was not fitted on: agreement with the ratings, calibration, float32 against int8."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from jobs.evaluation.metrics import auc
from jobs.training.rated_texts import RatedTexts
from udfs.models.criteria import CRITERIA
from udfs.models.manifest import SCORES, Measurement

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Rows = NDArray[np.bool_]

OVERALL = CRITERIA.index("overall_score")
BINS = 10
BANDS = (0.5, 0.6, 0.7, 0.8)


class Said(NamedTuple):
    """What a rater says of rows: scores as numbers and as integers, the domain, how sure it is of the overall score."""

    scores: Floats  # rows x SCORES
    integers: Integers
    domains: Integers
    confidence: Floats


def measure(split: str, texts: RatedTexts, rows: Rows, said: Said) -> list[Measurement]:
    """The quality table of one split; the constant guess is the most frequent value of the open rows (r is 0 by
    definition).
    """
    truth = texts.scores[rows]
    criteria = len(CRITERIA)
    usual = np.array([np.bincount(column.astype(int)).argmax() for column in texts.scores[texts.open].T])
    usual_domain = np.bincount(texts.domains[texts.open]).argmax()
    error = np.abs(said.integers[rows] - truth)
    dull = np.abs(usual - truth)
    table: list[tuple[str, Any, Any]] = [
        (f"{name} Pearson r", _pearson(said.scores[rows, column], truth[:, column]), 0.0)
        for column, name in ((OVERALL, "overall_score"), (criteria, "edu"), (criteria + 1, "format"))
    ]
    for label, limit in (("exact", 0), ("within one", 1)):
        near, dull_near = error <= limit, dull <= limit
        table += [
            (f"criteria {label}", near[:, :criteria].mean(), dull_near[:, :criteria].mean()),
            (f"overall_score {label}", near[:, OVERALL].mean(), dull_near[:, OVERALL].mean()),
        ]
    right, dull_right = said.domains[rows] == texts.domains[rows], usual_domain == texts.domains[rows]
    table.append(("domain accuracy", right.mean(), dull_right.mean()))
    return _measurements(split, table, int(rows.sum()))


def measure_confidence(split: str, texts: RatedTexts, rows: Rows, said: Said, constant: Floats) -> list[Measurement]:
    """Calibration error of the confidence, and for each band the share of texts above it and how many of those have the
    right overall score. Beside it the same for `constant`, the confidence from one deviation for all texts.
    """
    right = said.integers[rows, OVERALL] == texts.scores[rows, OVERALL]
    sure, dull = said.confidence[rows], constant[rows]
    table: list[tuple[str, Any, Any]] = [
        ("calibration error of confidence", calibration_error(sure, right), calibration_error(dull, right)),
        ("AUC of confidence for a right overall_score", _auc(right, sure), _auc(right, dull)),
    ]
    for band in BANDS:
        table += [
            (f"texts with confidence {band} or more", np.mean(sure >= band), np.mean(dull >= band)),
            (f"overall_score exact, confidence {band} or more", _mean(right[sure >= band]), _mean(right[dull >= band])),
        ]
    return _measurements(split, table, int(rows.sum()))


def calibration_error(sure: Floats, right: Rows) -> float:
    """Expected calibration error with ten bins of equal size (Guo et al. 2017, section 2, but for the bins)."""
    order = np.argsort(sure, kind="stable")
    parts = np.array_split(order, BINS)
    return float(
        sum(len(part) * abs(sure[part].mean() - right[part].mean()) for part in parts if len(part)) / len(sure)
    )


def agreement(int8: Said, float32: Said) -> list[Measurement]:
    """How far the int8 graph says the same as the float32 graph; the constant is the float32 graph's most frequent
    answer.
    """
    found, expected = int8.integers, float32.integers
    usual = np.array([np.bincount(column).argmax() for column in expected.T])
    criteria = slice(0, len(CRITERIA))
    usual_domain = np.bincount(float32.domains).argmax()
    table: list[tuple[str, Any, Any]] = [
        ("overall_score Pearson r", _pearson(int8.scores[:, OVERALL], float32.scores[:, OVERALL]), 0.0),
        (f"all {len(SCORES)} scores exact", np.mean(found == expected), np.mean(usual == expected)),
        (
            "criteria exact",
            np.mean(found[:, criteria] == expected[:, criteria]),
            np.mean((usual == expected)[:, criteria]),
        ),
        ("same domain", np.mean(int8.domains == float32.domains), np.mean(float32.domains == usual_domain)),
    ]
    return _measurements("int8 graph against float32 graph", table, len(expected))


def _measurements(split: str, table: list[tuple[str, Any, Any]], rows: int) -> list[Measurement]:
    return [
        Measurement(
            split=split, measure=name, value=round(float(value), 4), constant=round(float(constant), 4), rows=rows
        )
        for name, value, constant in table
    ]


def _auc(right: Rows, sure: Floats) -> float:
    return float(auc(right, sure, np.ones((1, len(sure))))[0]) if 0 < right.sum() < len(right) else 0.5


def _mean(values: Rows) -> float:
    return float(values.mean()) if len(values) else 0.0


def _pearson(left: Floats, right: Floats) -> float:
    return float(np.corrcoef(left, right)[0, 1]) if left.std() and right.std() else 0.0
