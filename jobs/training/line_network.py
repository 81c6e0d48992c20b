"""The network of the refiner's model, in torch: words and shape of a line, then the lines of the page in both
directions, then whether each stays.

    tokens (lines x SHOWN) -> vectors of words -> a convolution over three of them, its maximum, and their mean
    features (lines x FEATURES), standardised -> a layer
    both -> a vector of the line -> two bidirectional GRUs over the page, and the page's mean and maximum -> a logit

This module imports torch; import it inside functions.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.utils.rnn import PackedSequence

from udfs.programs.tagging.words import FIRST_WORD, SHOWN

WORD_CHANNELS = 96
SHAPE_WIDTH = 64
LINE_WIDTH = 160
GRU_WIDTH = 96
HEAD_WIDTH = 96
FOREIGN_WORDS = 0.9  # of the words of a page that is shown as one in another language
TOKEN_STEPS = (3, 7, SHOWN)  # lines of at most so many tokens are computed together


class Noise(NamedTuple):
    """What a network is not shown while it is trained, as shares: so that it does not learn the pages by heart."""

    lines: float  # of the numbers that stand for a line
    words: float
    texts: float  # lines without any word
    own: float  # words without the numbers that are the network's own
    foreign: float  # pages shown as ones in another language
    own_spread: float  # of these numbers in the beginning; 0 where a word that is never seen shall say nothing


# Networks of both kinds err in different places: one that hears much noise leans on shape and place, the other on
# words. Together they are better than two of a kind, most of all in languages that they never saw.
NOISES = (Noise(0.4, 0.15, 0.1, 0.5, 0.25, 0.0), Noise(0.25, 0.1, 0.05, 0.0, 0.0, 0.1))


class Batch(NamedTuple):
    """Lines of several pages, one page after the other."""

    tokens: NDArray[np.int32]  # (lines, SHOWN)
    features: NDArray[np.float32]
    sizes: Sequence[int]  # lines of each page


def _less_known(tokens: Any, sizes: Sequence[int], noise: Noise) -> Any:
    """Tokens with some left out, and on some pages no word known: such pages are as those in other languages."""
    foreign = (torch.rand(len(sizes)) < noise.foreign).repeat_interleave(torch.tensor(sizes)).unsqueeze(1)
    endings = torch.randint(1, FIRST_WORD, (1,)) + tokens * torch.randint(1, FIRST_WORD, (1,))
    unknown = torch.where(tokens > 0, 1 + endings % (FIRST_WORD - 1), 0)
    tokens = torch.where(foreign & (torch.rand(tokens.shape) < FOREIGN_WORDS), unknown, tokens)
    tokens = tokens * (torch.rand(tokens.shape) > noise.words)
    return tokens * (torch.rand(len(tokens), 1) > noise.texts)


class LineNetwork(nn.Module):  # type: ignore[misc] # torch is not installed where mypy runs
    """`fixed`: vectors of words that are not trained (rows x any width). `mean` and `spread` are those of the
    features."""

    def __init__(
        self,
        fixed: NDArray[np.float32],
        own_width: int,
        mean: NDArray[np.float32],
        spread: NDArray[np.float32],
        noise: Noise,
    ) -> None:
        super().__init__()
        self.noise = noise
        self.fixed = nn.Embedding.from_pretrained(torch.from_numpy(fixed), freeze=True, padding_idx=0)
        self.own = nn.Embedding(len(fixed), own_width, padding_idx=0)
        nn.init.zeros_(self.own.weight)
        if noise.own_spread:
            with torch.no_grad():
                self.own.weight[1:].normal_(std=noise.own_spread)
        self.register_buffer("mean", torch.from_numpy(mean))
        self.register_buffer("spread", torch.from_numpy(spread))
        width = fixed.shape[1] + own_width
        self.words = nn.Conv1d(width, WORD_CHANNELS, 3, padding=1)
        self.shape = nn.Linear(len(mean), SHAPE_WIDTH)
        self.line = nn.Linear(WORD_CHANNELS + width + SHAPE_WIDTH, LINE_WIDTH)
        self.norm = nn.LayerNorm(LINE_WIDTH)
        self.first = nn.GRU(LINE_WIDTH, GRU_WIDTH, bidirectional=True)
        self.second = nn.GRU(2 * GRU_WIDTH, GRU_WIDTH, bidirectional=True)
        self.page = nn.Linear(4 * GRU_WIDTH, HEAD_WIDTH)
        self.head = nn.Linear(4 * GRU_WIDTH + LINE_WIDTH, HEAD_WIDTH)
        self.keep = nn.Linear(HEAD_WIDTH, 1)
        self.drop = nn.Dropout(noise.lines)

    def forward(self, batch: Batch) -> Any:
        """The logit of each line."""
        return self.with_pages(batch)[0]

    def with_pages(self, batch: Batch) -> tuple[Any, Any]:
        """The logit of each line, and a vector of each page."""
        tokens = torch.from_numpy(batch.tokens).long()
        counts = (tokens > 0).sum(1)
        if self.training:
            tokens = _less_known(tokens, batch.sizes, self.noise)
        lines = self.lines(tokens, torch.from_numpy(batch.features), counts)
        sizes = list(batch.sizes)
        order = _Order(sizes)
        first = order.over(self.first, self.drop(lines))
        second = order.over(self.second, self.drop(first))
        pooled = torch.stack([torch.cat([one.mean(0), one.amax(0)]) for one in second.split(sizes)])
        pages = torch.cat([pooled, torch.stack([one.mean(0) for one in lines.split(sizes)])], dim=1)
        context = self.page(pooled).repeat_interleave(torch.tensor(sizes), dim=0)
        joined = torch.cat([first, second, lines], dim=1)
        return self.keep(self.drop(torch.relu(self.head(joined) + context))).squeeze(1), pages

    def lines(self, tokens: Any, features: Any, counts: Any) -> Any:
        """A vector of each line by itself. Lines of like length go together, as most have few tokens (`counts`)."""
        sizes = torch.bucketize(counts, torch.tensor(TOKEN_STEPS[:-1]))
        places = [torch.nonzero(sizes == number).squeeze(1) for number in range(len(TOKEN_STEPS))]
        found = [self._words(tokens[some, :step]) for some, step in zip(places, TOKEN_STEPS, strict=True)]
        words = torch.cat(found)[torch.argsort(torch.cat(places))]
        shape = torch.relu(self.shape((features - self.mean) / self.spread))
        return torch.relu(self.norm(self.line(torch.cat([words, shape], dim=1))))

    def _words(self, tokens: Any) -> Any:
        own = self.own(tokens)
        if self.training:
            own = own * (torch.rand(*tokens.shape, 1) > self.noise.own) / (1 - self.noise.own)
        vectors = torch.cat([self.fixed(tokens), own], dim=2)
        shown = (tokens > 0).unsqueeze(2)
        found = torch.relu(self.words(vectors.transpose(1, 2)).transpose(1, 2)) * shown
        return torch.cat([found.amax(1), vectors.sum(1) / shown.sum(1).clamp(min=1)], dim=1)


class _Order:
    """The lines of pages as torch wants them for a recurrent layer: the first of each page, then the second ..."""

    def __init__(self, sizes: Sequence[int]) -> None:
        starts = np.cumsum([0, *sizes[:-1]])
        longest = sorted(range(len(sizes)), key=lambda page: -sizes[page])
        steps = [[starts[page] + step for page in longest if sizes[page] > step] for step in range(max(sizes))]
        self._order = torch.from_numpy(np.concatenate(steps))
        self._back = torch.argsort(self._order)
        self._sizes = torch.tensor([len(step) for step in steps])

    def over(self, layer: Any, lines: Any) -> Any:
        """What a layer makes of the lines, in their own order."""
        return layer(PackedSequence(lines[self._order], self._sizes))[0].data[self._back]
