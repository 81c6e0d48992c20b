"""Linear heads on the encoder's features: fitting, predicting, and putting them into the ONNX graph."""

import warnings
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jobs.training.rated_texts import RatedTexts
from udfs.models.criteria import DOMAINS
from udfs.models.manifest import CLASSES_OUTPUT, SCORES
from udfs.models.score_classes import LEVELS

Floats = NDArray[np.float64]

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

    def classes(self, temperatures: Floats) -> tuple[Floats, Floats]:
        """Weights and biases of the logits of the classes, those of each score divided by its temperature."""
        each = np.repeat(temperatures, LEVELS)
        return self.class_weights / each, self.class_bias / each


def fit_heads(features: Floats, texts: RatedTexts) -> Heads:
    """Ridge regression for the scores and multinomial logistic regression for the domain."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression, Ridge

    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-6
    scaled = (features - mean) / spread
    later = np.eye(int(texts.rounds.max()) + 1)[texts.rounds][:, 1:] * ROUND_SCALE
    ridge = Ridge(RIDGE).fit(np.hstack([scaled, later]), texts.scores)
    with warnings.catch_warnings():
        # It stops after 100 steps on purpose: the accuracy on other sources no longer rises then.
        warnings.simplefilter("ignore", ConvergenceWarning)
        logistic = LogisticRegression(C=LOGISTIC_C, max_iter=100, tol=1e-3).fit(scaled, texts.domains)
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
        texts.scores.mean(axis=0),
        texts.scores.std(axis=0) + 1e-6,
        np.vstack([np.zeros(len(SCORES)), offsets]),
    )


def predict(heads: Heads, features: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """Scores (rows x SCORES, not clipped) and the likeliest domain of each row."""
    domains = (features @ heads.domain_weights + heads.domain_bias).argmax(axis=1)
    return features @ heads.score_weights + heads.score_bias, domains


def attach_heads(encoder: Path, heads: Heads, temperatures: Floats, target: Path) -> None:
    """Write the encoder's graph with the heads in place of its output `features`: outputs `scores` and `domains`, and
    `classes` where the heads have them, float32. `temperatures` has one for each score.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load(encoder)
    graph = model.graph
    del graph.output[:]
    outputs = {
        "scores": (heads.score_weights, heads.score_bias),
        "domains": (heads.domain_weights, heads.domain_bias),
    }
    if heads.class_bias.size:
        outputs[CLASSES_OUTPUT] = heads.classes(temperatures)
    for name, (weights, bias) in outputs.items():
        if name == CLASSES_OUTPUT:  # 96 columns: in half the bytes, which is enough for logits
            graph.initializer.append(numpy_helper.from_array(weights.astype(np.float16), f"{name}_half"))
            graph.node.append(helper.make_node("Cast", [f"{name}_half"], [f"{name}_weights"], to=TensorProto.FLOAT))
        else:
            graph.initializer.append(numpy_helper.from_array(weights.astype(np.float32), f"{name}_weights"))
        graph.initializer.append(numpy_helper.from_array(bias.astype(np.float32), f"{name}_bias"))
        graph.node.append(
            helper.make_node("Gemm", ["features", f"{name}_weights", f"{name}_bias"], [name], f"{name}_head")
        )
        graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["texts", weights.shape[1]]))
    onnx.checker.check_model(model)
    onnx.save(model, target)
