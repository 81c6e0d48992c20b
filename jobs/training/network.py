"""The rater while it is trained: an encoder, its pooled features, and heads for scores, classes, domains, judgements.

The heads start where ridge and logistic regression on the features of the untouched encoder end (`start_from`), so that
fine-tuning only improves on them, and with a lower rate for the lower layers it stays near what the encoder knew. The
embeddings are not trained (most words occur in no training text), nor are the lowest layers, which saves a
fifth of the time. Importing this module needs torch.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from jobs.training.encoder import FEATURES, Encoder, bert, pooled
from jobs.training.heads import Heads
from udfs.models.criteria import DOMAINS
from udfs.models.manifest import SCORES
from udfs.models.score_classes import LEVELS

DROPPED = 0.1
FIRST_DEVIATION = 0.7  # of the ratings from a linear score, in points


class Answers(NamedTuple):
    """What the heads say of a batch."""

    scores: Tensor  # texts x SCORES, standardised
    classes: Tensor  # texts x SCORES x LEVELS, logits
    domains: Tensor  # texts x DOMAINS, logits
    judgements: Tensor  # texts, logits of a person calling the text good


class RaterNetwork(nn.Module):  # type: ignore[misc] # torch is not installed where mypy runs
    """Encoder and heads. `rounds` of ratings differ in scale: each but the first has offsets of its own."""

    def __init__(self, encoder: Encoder, rounds: int, frozen_layers: int) -> None:
        super().__init__()
        self.bert = bert(encoder)
        for part in (self.bert.embeddings, *self.bert.encoder.layer[:frozen_layers]):
            part.requires_grad_(False)
        self.drop = nn.Dropout(DROPPED)
        self.scores = nn.Linear(FEATURES, len(SCORES))
        self.classes = nn.Linear(FEATURES, len(SCORES) * LEVELS)
        self.domains = nn.Linear(FEATURES, len(DOMAINS))
        self.judgements = nn.Linear(FEATURES, 1)
        self.score_offsets = nn.Parameter(torch.zeros(rounds, len(SCORES)))
        self.class_offsets = nn.Parameter(torch.zeros(rounds, len(SCORES) * LEVELS))
        for name, size in (("mean", FEATURES), ("spread", FEATURES), ("score_mean", 16), ("score_spread", 16)):
            self.register_buffer(name, torch.ones(size) if "spread" in name else torch.zeros(size))

    def features(self, ids: Tensor, mask: Tensor) -> Tensor:
        """texts x FEATURES, float32, not standardised."""
        return pooled(self.bert, ids, mask)

    def forward(self, ids: Tensor, mask: Tensor, rounds: Tensor) -> Answers:
        """`rounds` is the round of each text, 0 for the one whose scale is kept."""
        features = self.drop((self.features(ids, mask) - self.mean) / self.spread)
        later = (rounds > 0).unsqueeze(1)
        scores = self.scores(features) + self.score_offsets[rounds] * later
        classes = self.classes(features) + self.class_offsets[rounds] * later
        return Answers(
            scores,
            classes.view(-1, len(SCORES), LEVELS),
            self.domains(features),
            self.judgements(features).squeeze(1),
        )

    def start_from(self, heads: Heads, features: NDArray[np.float64]) -> None:
        """Take over linear heads, and the mean and spread of the features."""
        mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-3
        score_mean, score_spread = heads.score_mean, heads.score_spread
        with torch.no_grad():
            for target, values in (
                (self.mean, mean),
                (self.spread, spread),
                (self.score_mean, score_mean),
                (self.score_spread, score_spread),
                (self.scores.weight, (heads.score_weights * spread[:, None] / score_spread).T),
                (self.scores.bias, (mean @ heads.score_weights + heads.score_bias - score_mean) / score_spread),
                (self.domains.weight, (heads.domain_weights * spread[:, None]).T),
                (self.domains.bias, mean @ heads.domain_weights + heads.domain_bias),
                (self.score_offsets, heads.offsets / score_spread),
            ):
                target.copy_(torch.from_numpy(np.ascontiguousarray(values)))
            self.judgements.weight.zero_()
            self.judgements.bias.zero_()
            self._start_classes()

    def _start_classes(self) -> None:
        """The classes begin as a normal distribution around the linear score: p(k) is proportional to
        exp(-(k - score)^2 / (2 deviation^2)), whose logarithm is linear in the features but for a constant.
        """
        levels = torch.arange(LEVELS, dtype=torch.float32) / FIRST_DEVIATION**2  # LEVELS
        spread = self.score_spread.unsqueeze(1)
        weights = self.scores.weight * spread  # SCORES x FEATURES, in points
        biases = self.scores.bias * self.score_spread + self.score_mean
        self.classes.weight.copy_((levels[None, :, None] * weights[:, None, :]).reshape(-1, FEATURES))
        squares = torch.arange(LEVELS, dtype=torch.float32) ** 2 / (2 * FIRST_DEVIATION**2)
        self.classes.bias.copy_((levels * biases.unsqueeze(1) - squares).reshape(-1))
        offsets = self.score_offsets * self.score_spread
        self.class_offsets.copy_((levels * offsets.unsqueeze(2)).reshape(len(offsets), -1))

    def heads(self) -> Heads:
        """The heads on raw features, in points, on the scale of the first round."""
        mean, spread = self._numbers(self.mean), self._numbers(self.spread)
        score_mean, score_spread = self._numbers(self.score_mean), self._numbers(self.score_spread)
        weights, biases = {}, {}
        for name in ("scores", "classes", "domains"):
            layer = getattr(self, name)
            weights[name] = self._numbers(layer.weight).T / spread[:, None]
            biases[name] = self._numbers(layer.bias) - mean @ weights[name]
        return Heads(
            score_weights=weights["scores"] * score_spread,
            score_bias=biases["scores"] * score_spread + score_mean,
            domain_weights=weights["domains"],
            domain_bias=biases["domains"],
            score_mean=score_mean,
            score_spread=score_spread,
            offsets=self._numbers(self.score_offsets) * score_spread,
            class_weights=weights["classes"],
            class_bias=biases["classes"],
        )

    def rates(self, rate: float, decay: float, head_ratio: float) -> Iterator[dict[str, Any]]:
        """Parameters with their learning rates: `rate` for the highest layer, `decay` times less for each layer below,
        and `head_ratio` of it for the heads.
        """
        for number, layer in enumerate(self.bert.encoder.layer, 1):
            trained = [weight for weight in layer.parameters() if weight.requires_grad]
            if trained:
                yield {"params": trained, "lr": rate * decay ** (len(self.bert.encoder.layer) - number)}
        inner = {id(weight) for weight in self.bert.parameters()}
        yield {"params": [weight for weight in self.parameters() if id(weight) not in inner], "lr": rate * head_ratio}

    @staticmethod
    def _numbers(values: Tensor) -> NDArray[np.float64]:
        numbers: NDArray[np.float64] = values.detach().cpu().double().numpy()
        return numbers
