"""Training the network of the refiner: batches of pages, one pass over them after the other, and what it then says of
pages it was not trained on.

The state is written down after each pass, so that a run that was killed goes on from there with the same result.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from jobs.training.line_network import Batch, LineNetwork, Noise
from jobs.training.line_pages import LinePage
from jobs.training.line_words import Words
from udfs.programs.tagging.windows import CONTEXT, WINDOW
from udfs.programs.tagging.words import rows_of

BATCH_LINES = 2560
CUT_LINES = 512  # of a longer page a part is trained on, another one in each pass
MAIN_SHARE = 0.5  # of the pages in the shape `main`, those that are trained on in each pass
RATE, DECAY, WARM_UP = 2e-3, 0.02, 0.05
OWN_WIDTH = 32
SMOOTHING = 0.04
MOST_LINES = WINDOW + 2 * CONTEXT

Say = Callable[[str], None]


class Ready(NamedTuple):
    """A page as the network takes it."""

    tokens: NDArray[np.int32]
    features: NDArray[np.float32]
    keep: NDArray[np.float32]
    weight: NDArray[np.float32]
    share: float = 1.0  # of the passes that it is trained on in

    def cut(self, start: int, end: int) -> "Ready":
        """Some of its lines."""
        some = slice(start, end)
        return Ready(self.tokens[some], self.features[some], self.keep[some], self.weight[some])


def ready(page: LinePage, words: Words) -> Ready:
    """A page with its words as rows of the table."""
    share = MAIN_SHARE if page.shape == "main" else 1.0
    share *= float(page.weight.astype(bool).mean())  # little is learnt where little is known
    return Ready(rows_of(page.shown, words.hashes), page.shown.features, page.keep, page.weight, share)


def new_network(pages: Sequence[Ready], words: Words, seed: int, noise: Noise) -> LineNetwork:
    """An untrained network that knows how the features of these pages are spread."""
    torch.manual_seed(seed)
    features = np.concatenate([page.features for page in pages])
    return LineNetwork(words.vectors, OWN_WIDTH, features.mean(0), features.std(0) + 1e-3, noise)


def train_network(
    network: LineNetwork, pages: Sequence[Ready], passes: int, seed: int, state_file: Path, say: Say
) -> None:
    """So many passes over the pages, or what is left of them."""
    optimiser = torch.optim.AdamW([one for one in network.parameters() if one.requires_grad], RATE, weight_decay=DECAY)
    steps = passes * sum(1 for _ in _batches(pages, np.random.default_rng((seed, 0))))
    done = _restore(network, optimiser, state_file, (seed, passes))
    for number in range(done, passes):
        torch.manual_seed(seed * 1000 + number)
        network.train()
        total = count = 0.0
        for step, some in enumerate(_batches(pages, np.random.default_rng((seed, number)))):
            for group in optimiser.param_groups:
                group["lr"] = RATE * _rate((number * steps / passes + step) / steps)
            loss, weight = _loss(network, some)
            optimiser.zero_grad()
            (loss / weight).backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            total, count = total + float(loss.detach()), count + float(weight)
        _keep(network, optimiser, state_file, (seed, passes, number + 1))
        say(f"pass {number + 1} of {passes}: loss {total / count:.4f}")
    network.eval()


def logits_of(network: LineNetwork, pages: Sequence[Ready]) -> list[NDArray[np.float32]]:
    """What the network says of the lines of each page."""
    network.eval()
    found = []
    with torch.no_grad():
        for page in pages:
            pieces = [network(_joined([one])).numpy() for one in _pieces(page)]
            found.append(np.concatenate(pieces))
    return found


def page_vectors(network: LineNetwork, pages: Sequence[Ready]) -> NDArray[np.float32]:
    """What the network makes of each page as a whole; of a long one, of its first lines."""
    network.eval()
    with torch.no_grad():
        found = [network.with_pages(_joined([page.cut(0, MOST_LINES)]))[1].numpy()[0] for page in pages]
    return np.array(found)


def weights_of(network: LineNetwork) -> dict[str, NDArray[np.float32]]:
    """Its weights as arrays."""
    return {name: values.numpy() for name, values in network.state_dict().items()}


def _pieces(page: Ready) -> Iterator[Ready]:
    for start in range(0, len(page.keep), MOST_LINES):
        yield page.cut(start, start + MOST_LINES)


def _loss(network: LineNetwork, pages: Sequence[Ready]) -> tuple[Any, Any]:
    """The sum of the lines' losses, and of their weights."""
    logits = network(_joined(pages))
    keep = torch.from_numpy(np.concatenate([page.keep for page in pages])) * (1 - 2 * SMOOTHING) + SMOOTHING
    weight = torch.from_numpy(np.concatenate([page.weight for page in pages]))
    losses = nn.functional.binary_cross_entropy_with_logits(logits, keep, reduction="none")
    return (losses * weight).sum(), weight.sum()


def _joined(pages: Sequence[Ready]) -> Batch:
    tokens, features = (np.concatenate([page[part] for page in pages]) for part in (0, 1))
    return Batch(tokens, features, [len(page.keep) for page in pages])


def _batches(pages: Sequence[Ready], random: np.random.Generator) -> Iterator[list[Ready]]:
    """Pages of like length together, in random order; of long pages a random part."""
    cut = []
    for page in pages:
        start = int(random.integers(max(len(page.keep) - CUT_LINES, 0) + 1))
        if random.random() < page.share:
            cut.append(page.cut(start, start + CUT_LINES))
    order = np.argsort([len(page.keep) * random.uniform(0.8, 1.25) for page in cut])
    groups: list[list[Ready]] = [[]]
    lines = 0
    for place in order:
        if groups[-1] and lines + len(cut[place].keep) > BATCH_LINES:
            groups.append([])
            lines = 0
        groups[-1].append(cut[place])
        lines += len(cut[place].keep)
    for number in random.permutation(len(groups)):
        yield groups[number]


def _rate(done: float) -> float:
    """Up in the beginning, then down to nothing as a cosine."""
    return (
        done / WARM_UP if done < WARM_UP else 0.5 + 0.5 * math.cos(math.pi * min((done - WARM_UP) / (1 - WARM_UP), 1))
    )


def _keep(network: LineNetwork, optimiser: Any, state_file: Path, place: tuple[int, int, int]) -> None:
    partial = state_file.with_suffix(".partial")
    state = {"network": network.state_dict(), "optimiser": optimiser.state_dict(), "place": place}
    torch.save(state, partial)
    partial.replace(state_file)


def _restore(network: LineNetwork, optimiser: Any, state_file: Path, run: tuple[int, int]) -> int:
    """The passes that were done in a run with this seed and so many passes."""
    if not state_file.is_file():
        return 0
    state = torch.load(state_file, weights_only=True)
    if tuple(state["place"][:2]) != run:
        return 0
    network.load_state_dict(state["network"])
    optimiser.load_state_dict(state["optimiser"])
    return int(state["place"][2])
