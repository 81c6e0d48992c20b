"""Fine-tuning the network end to end: losses, learning rates, averaged weights, and a checkpoint after each epoch.

A run is a list of epochs; the same seed, rows, versions and processor give the same weights, whether the run was
stopped in between or not. Importing this module needs torch.
"""

import copy
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from jobs.training.examples import Batch, Examples, batch_of, batches, by_length, padded, shortened
from jobs.training.network import Answers, RaterNetwork
from udfs.settings import Section

CLASS_WEIGHT, DOMAIN_WEIGHT, JUDGEMENT_WEIGHT = 0.25, 0.5, 0.1
NORM = 1.0  # gradients are clipped to it
FEATURE_ROWS = 16


class Tuning(Section):
    """How the network is fine-tuned."""

    rate: float = 1e-4  # of the highest layer, at its peak
    head_ratio: float = 0.2  # of that rate, for the heads: with more features than rows they would learn by heart
    decay: float = 0.9  # of the rate from layer to layer downwards
    weight_decay: float = 0.01
    frozen_layers: int = 2  # lowest layers that stay as published, as the embeddings do
    rows_per_step: int = 16
    warm_up: float = 0.25  # share of the first epoch over which the rate rises
    averaging: float = 0.99  # of the weights from step to step; what is used and shipped is the average
    precision: str = "bf16"


class Epoch(NamedTuple):
    """One pass: which rows, how much of each text, and the learning rate (share of the peak) from start to end."""

    rows: Sequence[int]
    tokens: tuple[int, int]
    rates: tuple[float, float]


@dataclass
class Trained:
    """State of a run between two steps."""

    network: RaterNetwork
    average: RaterNetwork
    optimiser: Any
    peaks: list[float]
    steps: int = 0


def begun(network: RaterNetwork, tuning: Tuning) -> Trained:
    """A run at its beginning."""
    optimiser = torch.optim.AdamW(
        list(network.rates(tuning.rate, tuning.decay, tuning.head_ratio)), weight_decay=tuning.weight_decay
    )
    average = copy.deepcopy(network).eval()
    return Trained(network, average, optimiser, [group["lr"] for group in optimiser.param_groups])


def run_epoch(
    run: Trained, number: int, epoch: Epoch, examples: Examples, ids: list[list[int]], tuning: Tuning
) -> float:
    """One pass over the rows of the epoch; returns the mean loss. `ids` are the windows of all examples."""
    device = device_of(run.network)
    short = {row: shortened(ids[row], epoch.tokens) for row in epoch.rows}
    lengths = [len(short.get(row, ())) for row in range(len(ids))]
    plan = batches(lengths, epoch.rows, tuning.rows_per_step, seed=number)
    torch.manual_seed(number)
    run.network.train()
    losses = 0.0
    progress = Progress(number, len(plan))
    for place, rows in enumerate(plan):
        share = place / len(plan)
        factor = epoch.rates[0] + (epoch.rates[1] - epoch.rates[0]) * share
        if number == 0:
            factor *= min(1.0, (place + 1) / max(1.0, tuning.warm_up * len(plan)))
        for group, peak in zip(run.optimiser.param_groups, run.peaks, strict=True):
            group["lr"] = peak * factor
        batch = Batch(*(one.to(device) for one in batch_of(examples, [short[row] for row in rows], rows)))
        losses += _step(run, batch, tuning)
        progress(place + 1, losses / (place + 1))
    return losses / max(len(plan), 1)


def _step(run: Trained, batch: Batch, tuning: Tuning) -> float:
    network = run.network
    with autocast(network, tuning.precision):
        answers = network(batch.ids, batch.mask, batch.rounds)
    found = loss(answers, batch, network)
    run.optimiser.zero_grad(set_to_none=True)
    found.backward()
    torch.nn.utils.clip_grad_norm_([weight for weight in network.parameters() if weight.requires_grad], NORM)
    run.optimiser.step()
    run.steps += 1
    keep = min(tuning.averaging, run.steps / (run.steps + 10))
    with torch.no_grad():
        for slow, fast in zip(run.average.parameters(), network.parameters(), strict=True):
            if fast.requires_grad:
                slow.lerp_(fast, 1 - keep)
    return float(found.detach())


def loss(answers: Answers, batch: Batch, network: RaterNetwork) -> Tensor:
    """Squared error of the standardised scores, cross-entropy of their classes, of the domain and of the judgement;
    each is the mean over the batch, a text without the label counting nothing.
    """
    scores, domains, judgements = batch.weights.unbind(dim=1)
    wanted = (batch.scores - network.score_mean) / network.score_spread
    squared = (answers.scores.float() - wanted).pow(2).mean(dim=1)
    classes = -(batch.classes * answers.classes.float().log_softmax(dim=2)).sum(dim=2).mean(dim=1)
    domain = -(batch.domains * answers.domains.float().log_softmax(dim=1)).sum(dim=1)
    judgement = F.binary_cross_entropy_with_logits(answers.judgements.float(), batch.judgements, reduction="none")
    each = scores * (squared + CLASS_WEIGHT * classes)
    each = each + DOMAIN_WEIGHT * domains * domain + JUDGEMENT_WEIGHT * judgements * judgement
    return each.mean()


def features_of_network(network: RaterNetwork, ids: list[list[int]], precision: str) -> NDArray[np.float64]:
    """Features of all texts (rows x FEATURES), as they are now."""
    (found,) = _of_all(network, ids, precision, lambda table, mask: (network.features(table, mask).double(),))
    return found


class Answered(NamedTuple):
    """What a network says of texts, on the scale of the first round."""

    scores: NDArray[np.float32]  # texts x SCORES, in points
    classes: NDArray[np.float32]  # texts x SCORES x LEVELS, shares
    domains: NDArray[np.float32]  # texts x DOMAINS, shares


def answers_of_network(network: RaterNetwork, ids: list[list[int]], precision: str) -> Answered:
    """What the network says of all texts."""

    def answered(table: Tensor, mask: Tensor) -> tuple[Tensor, ...]:
        answers = network(table, mask, torch.zeros(len(table), dtype=torch.int64, device=table.device))
        scores = answers.scores.float() * network.score_spread + network.score_mean
        return scores, answers.classes.float().softmax(dim=2), answers.domains.float().softmax(dim=1)

    return Answered(*_of_all(network, ids, precision, answered))


def _of_all(
    network: RaterNetwork,
    ids: list[list[int]],
    precision: str,
    compute: Callable[[Tensor, Tensor], tuple[Tensor, ...]],
) -> list[NDArray[Any]]:
    """What `compute` makes of ids and mask, for all texts in their order; texts of like length go together."""
    device = device_of(network)
    network.eval()
    found: dict[int, tuple[NDArray[Any], ...]] = {}
    progress = Progress(-1, len(ids))
    with torch.no_grad(), autocast(network, precision):
        for rows in by_length(list(map(len, ids)), FEATURE_ROWS):
            table, mask = padded([ids[row] for row in rows])
            parts = (part.cpu().numpy() for part in compute(table.to(device), mask.to(device)))
            found |= dict(zip(rows, zip(*parts, strict=True), strict=True))
            progress(len(found), 0.0)
    return [np.stack(part) for part in zip(*(found[row] for row in range(len(ids))), strict=True)]


def autocast(network: RaterNetwork, precision: str) -> Any:
    """bfloat16 for the matrix products, twice as fast where the processor has it; weights stay float32."""
    return torch.autocast(device_of(network).type, dtype=torch.bfloat16, enabled=precision == "bf16")


def device_of(network: RaterNetwork) -> torch.device:
    """Where the network is."""
    return network.mean.device


def save(run: Trained, path: Path, key: str) -> None:
    """All of it or nothing."""
    partial = path.with_suffix(".partial")
    state = {
        "key": key,
        "steps": run.steps,
        "network": run.network.state_dict(),
        "average": run.average.state_dict(),
        "optimiser": run.optimiser.state_dict(),
    }
    torch.save(state, partial)
    partial.replace(path)


def load(run: Trained, path: Path, key: str) -> bool:
    """Go on from a checkpoint; False where there is none, or one of another run."""
    if not path.exists():
        return False
    state = torch.load(path, map_location=device_of(run.network), weights_only=True)  # nothing but tensors and numbers
    if state["key"] != key:
        return False
    run.network.load_state_dict(state["network"])
    run.average.load_state_dict(state["average"])
    run.optimiser.load_state_dict(state["optimiser"])
    run.steps = state["steps"]
    return True


class Progress:
    """A line on stderr now and then."""

    def __init__(self, epoch: int, total: int) -> None:
        self._epoch, self._total = epoch, total
        self._started = self._last = time.monotonic()

    def __call__(self, done: int, value: float) -> None:
        now = time.monotonic()
        if now - self._last > 30 or done == self._total:
            self._last = now
            what = f"epoch {self._epoch + 1}" if self._epoch >= 0 else "features"
            print(
                f"{what}: {done:,} of {self._total:,}, loss {value:.4f}, {now - self._started:.0f} s", file=sys.stderr
            )
