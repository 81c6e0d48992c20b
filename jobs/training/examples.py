"""Texts as the network is trained on them: token windows and targets with weights; what a text has no label for has the
weight 0. Batches are of texts of like length, so that little is padded. Importing this module needs torch.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from jobs.training.encoder import FIRST_TOKEN, LAST_TOKEN, PAD_TOKEN
from jobs.training.rated_texts import RatedTexts
from udfs.models.criteria import DOMAINS
from udfs.models.manifest import SCORES
from udfs.models.score_classes import LEVELS
from udfs.models.tokens import window

BATCHES_SORTED_TOGETHER = 10
LENGTH_STEP = 32  # of the longest text of a batch: torch compiles its bfloat16 kernels anew for each length
SECOND_WEIGHT = 0.3  # of a second rating in the mean of two


@dataclass(frozen=True)
class Examples:
    """Parallel arrays, one entry for each text."""

    texts: list[str]
    scores: NDArray[np.float32]  # rows x SCORES, in points
    classes: NDArray[np.float32]  # rows x SCORES x LEVELS, shares
    domains: NDArray[np.float32]  # rows x DOMAINS, shares
    judgements: NDArray[np.float32]  # rows, 1 good
    weights: NDArray[np.float32]  # rows x 3: of the scores, the domain, the judgement
    rounds: NDArray[np.int64]

    def joined(self, other: "Examples") -> "Examples":
        """These and then the others."""
        arrays = {
            name: np.concatenate([getattr(self, name), getattr(other, name)])
            for name in ("scores", "classes", "domains", "judgements", "weights", "rounds")
        }
        return Examples(self.texts + other.texts, **arrays)


def rated_examples(texts: RatedTexts, judged: dict[str, bool]) -> Examples:
    """Rated texts, with what people said of them. Where there is a second rating, the mean of both is the target."""
    count = len(texts.texts)
    judgements = np.array([judged.get(text, False) for text in texts.texts], dtype=np.float32)
    weights = np.ones((count, 3), dtype=np.float32)
    weights[:, 2] = [text in judged for text in texts.texts]
    second: NDArray[np.bool_] = ~np.isnan(texts.second_scores[:, 0])
    share = np.where(second, SECOND_WEIGHT, 0.0)[:, None]
    seconds = np.where(second[:, None], texts.second_scores, texts.scores)
    levels, domains = np.eye(LEVELS), np.eye(len(DOMAINS))
    second_domains = np.where(second, texts.second_domains, texts.domains)
    return Examples(
        texts=texts.texts,
        scores=((1 - share) * texts.scores + share * seconds).astype(np.float32),
        classes=(
            (1 - share[:, :, None]) * levels[texts.scores.astype(int)] + share[:, :, None] * levels[seconds.astype(int)]
        ).astype(np.float32),
        domains=((1 - share) * domains[texts.domains] + share * domains[second_domains]).astype(np.float32),
        judgements=judgements,
        weights=weights,
        rounds=texts.rounds,
    )


def labelled_examples(texts: Sequence[str], domains: Sequence[int], weights: Sequence[float]) -> Examples:
    """Texts of which no more than the domain is known; -1 for none, which leaves a text without any label."""
    count = len(texts)
    known = np.zeros((count, 3), dtype=np.float32)
    known[:, 1] = weights
    return Examples(
        texts=list(texts),
        scores=np.zeros((count, len(SCORES)), dtype=np.float32),
        classes=np.zeros((count, len(SCORES), LEVELS), dtype=np.float32),
        domains=np.eye(len(DOMAINS), dtype=np.float32)[list(domains)].reshape(count, len(DOMAINS)),
        judgements=np.zeros(count, dtype=np.float32),
        weights=known,
        rounds=np.zeros(count, dtype=np.int64),
    )


def taught_examples(
    texts: list[str], scores: NDArray[np.float32], classes: NDArray[np.float32], domains: NDArray[np.float32]
) -> Examples:
    """Texts with the scores, and the shares of classes and domains, that another network gives them."""
    weights = np.ones((len(texts), 3), dtype=np.float32)
    weights[:, 2] = 0
    nothing = np.zeros(len(texts))
    return Examples(
        texts=texts,
        scores=scores,
        classes=classes,
        domains=domains,
        judgements=nothing.astype(np.float32),
        weights=weights,
        rounds=nothing.astype(np.int64),
    )


class Batch(NamedTuple):
    """Tensors of some texts."""

    ids: Tensor
    mask: Tensor
    rounds: Tensor
    scores: Tensor
    classes: Tensor
    domains: Tensor
    judgements: Tensor
    weights: Tensor


def windows(tokenizer: Any, texts: Sequence[str], tokens: tuple[int, int]) -> list[list[int]]:
    """The ids that the encoder sees of each text. Raises ValueError for a text without tokens."""
    found = []
    for number, text in enumerate(texts):
        ids = window(tokenizer, text, *tokens).ids
        if not ids:
            raise ValueError(f"row {number} has a text without tokens; remove the row.")
        found.append([FIRST_TOKEN, *ids, LAST_TOKEN])
    return found


def shortened(ids: list[int], tokens: tuple[int, int]) -> list[int]:
    """The same window with fewer tokens of the head and the tail."""
    head, tail = tokens
    return ids if len(ids) <= head + tail + 2 else [*ids[: head + 1], *ids[-tail - 1 :]]


def batches(lengths: Sequence[int], rows: Sequence[int], size: int, seed: int) -> list[list[int]]:
    """All of `rows` in batches of `size` at most, of like length and in random order."""
    draw = np.random.default_rng(seed)
    order = draw.permutation(np.array(rows)).tolist()
    found: list[list[int]] = []
    step = size * BATCHES_SORTED_TOGETHER
    for start in range(0, len(order), step):
        some = sorted(order[start : start + step], key=lambda row: lengths[row])
        found += [some[first : first + size] for first in range(0, len(some), size)]
    return [found[place] for place in draw.permutation(len(found))]


def padded(ids: Sequence[list[int]]) -> tuple[Tensor, Tensor]:
    """Ids and mask of texts of several lengths, filled up to a multiple of LENGTH_STEP."""
    longest = -(-max(map(len, ids)) // LENGTH_STEP) * LENGTH_STEP
    table = np.full((len(ids), longest), PAD_TOKEN, dtype=np.int64)
    mask = np.zeros_like(table)
    for row, one in enumerate(ids):
        table[row, : len(one)] = one
        mask[row, : len(one)] = 1
    return torch.from_numpy(table), torch.from_numpy(mask)


def batch_of(examples: Examples, ids: Sequence[list[int]], rows: Sequence[int]) -> Batch:
    """The batch of these rows; `ids` are those of the rows."""
    place = np.array(rows)
    arrays = ("rounds", "scores", "classes", "domains", "judgements", "weights")
    return Batch(*padded(ids), *(torch.from_numpy(getattr(examples, name)[place]) for name in arrays))


def by_length(lengths: Sequence[int], size: int) -> Iterator[list[int]]:
    """All rows in batches of like length, shortest first."""
    order = sorted(range(len(lengths)), key=lambda row: lengths[row])
    for start in range(0, len(order), size):
        yield order[start : start + size]
