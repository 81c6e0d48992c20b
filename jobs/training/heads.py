"""Linear heads on the encoder's features: fitting, predicting, measuring, and putting them into the ONNX graph."""

import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.training.rated_texts import RatedTexts
from udfs.models.criteria import CRITERIA, DOMAINS
from udfs.models.manifest import SCORES, Measurement

Floats = NDArray[np.float64]
Rows = NDArray[np.bool_]

# On standardised features; each chosen among three values on the folds that are reported.
RIDGE = 10_000.0
ROUND_SCALE = 100.0  # of the columns that tell the rounds apart, so that the penalty does not touch them
LOGISTIC_C = 0.001


@dataclass(frozen=True)
class Heads:
    """Weights (features x outputs) and biases on raw, not standardised, features; scores are on the scale of the
    first round of ratings.
    """

    score_weights: Floats
    score_bias: Floats
    domain_weights: Floats
    domain_bias: Floats
    score_mean: Floats  # of the ratings fitted on
    score_spread: Floats
    offsets: Floats  # rounds x SCORES: how much higher a round's ratings are than the first round's
    class_weights: Floats = field(default_factory=lambda: np.zeros((0, 0)))  # features x (SCORES x LEVELS), in order
    class_bias: Floats = field(default_factory=lambda: np.zeros(0))


def fit_heads(features: Floats, texts: RatedTexts, rows: Rows) -> Heads:
    """Ridge regression for the scores and multinomial logistic regression for the domain, on the rows given."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression, Ridge

    mean, spread = features[rows].mean(axis=0), features[rows].std(axis=0) + 1e-6
    scaled = (features[rows] - mean) / spread
    later = np.eye(int(texts.rounds.max()) + 1)[texts.rounds[rows]][:, 1:] * ROUND_SCALE
    ridge = Ridge(RIDGE).fit(np.hstack([scaled, later]), texts.scores[rows])
    with warnings.catch_warnings():
        # It stops after 100 steps on purpose: the accuracy on other sources no longer rises then.
        warnings.simplefilter("ignore", ConvergenceWarning)
        logistic = LogisticRegression(C=LOGISTIC_C, max_iter=100, tol=1e-3).fit(scaled, texts.domains[rows])
    domain_weights = np.zeros((features.shape[1], len(DOMAINS)))
    domain_bias = np.full(len(DOMAINS), -30.0)  # a domain that no training row has
    domain_weights[:, logistic.classes_] = logistic.coef_.T / spread[:, None]
    domain_bias[logistic.classes_] = logistic.intercept_ - mean / spread @ logistic.coef_.T
    score_weights = ridge.coef_.T[: len(mean)] / spread[:, None]
    offsets = ridge.coef_.T[len(mean) :] * ROUND_SCALE
    return Heads(
        score_weights,
        ridge.intercept_ - mean @ score_weights,
        domain_weights,
        domain_bias,
        texts.scores[rows].mean(axis=0),
        texts.scores[rows].std(axis=0) + 1e-6,
        np.vstack([np.zeros(len(SCORES)), offsets]),
    )


def predict(heads: Heads, features: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """Scores (rows x SCORES, not clipped) and the likeliest domain of each row."""
    domains = (features @ heads.domain_weights + heads.domain_bias).argmax(axis=1)
    return features @ heads.score_weights + heads.score_bias, domains


def predict_folds(features: Floats, texts: RatedTexts, folds: NDArray[np.int64]) -> tuple[Floats, NDArray[np.int64]]:
    """Predictions for every row by heads fitted on the open rows of the other folds."""
    scores, domains = np.zeros_like(texts.scores), np.zeros_like(texts.domains)
    for fold in np.unique(folds):
        inside = folds == fold
        heads = fit_heads(features, texts, texts.open & ~inside)
        scores[inside], domains[inside] = predict(heads, features[inside])
    return scores, domains


def measure(split: str, texts: RatedTexts, rows: Rows, scores: Floats, domains: NDArray[np.int64]) -> list[Measurement]:
    """The quality table of one split; the constant guess is the most frequent value of the open rows (r is 0 by
    definition).
    """
    truth, count = texts.scores[rows], int(rows.sum())
    criteria = len(CRITERIA)
    usual = np.array([np.bincount(column.astype(int)).argmax() for column in texts.scores[texts.open].T])
    usual_domain = np.bincount(texts.domains[texts.open]).argmax()
    lowest = np.array([1] * criteria + [0] * (len(SCORES) - criteria))
    error = np.abs(np.floor(np.clip(scores[rows], lowest, 5) + 0.5) - truth)
    dull = np.abs(usual - truth)
    table: list[tuple[str, Any, Any]] = [
        (f"{name} Pearson r", _pearson(scores[rows, column], truth[:, column]), 0.0)
        for column, name in ((criteria - 1, "overall_score"), (criteria, "edu"), (criteria + 1, "format"))
    ]
    for label, limit in (("exact", 0), ("within one", 1)):
        table += [
            (f"criteria {label}", np.mean(error[:, :criteria] <= limit), np.mean(dull[:, :criteria] <= limit)),
            (
                f"overall_score {label}",
                np.mean(error[:, criteria - 1] <= limit),
                np.mean(dull[:, criteria - 1] <= limit),
            ),
        ]
    table.append(
        ("domain accuracy", np.mean(domains[rows] == texts.domains[rows]), np.mean(usual_domain == texts.domains[rows]))
    )
    return [
        Measurement(
            split=split, measure=name, value=round(float(value), 4), constant=round(float(constant), 4), rows=count
        )
        for name, value, constant in table
    ]


def _pearson(left: Floats, right: Floats) -> float:
    return float(np.corrcoef(left, right)[0, 1])


def attach_heads(encoder: Path, heads: Heads, target: Path) -> None:
    """Write the encoder's graph with the heads in place of its output `features`: outputs `scores` and `domains`,
    float32.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load(encoder)
    graph = model.graph
    del graph.output[:]
    for name, weights, bias in (
        ("scores", heads.score_weights, heads.score_bias),
        ("domains", heads.domain_weights, heads.domain_bias),
    ):
        graph.initializer.append(numpy_helper.from_array(weights.astype(np.float32), f"{name}_weights"))
        graph.initializer.append(numpy_helper.from_array(bias.astype(np.float32), f"{name}_bias"))
        graph.node.append(
            helper.make_node("Gemm", ["features", f"{name}_weights", f"{name}_bias"], [name], f"{name}_head")
        )
        graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["texts", weights.shape[1]]))
    onnx.checker.check_model(model)
    onnx.save(model, target)
