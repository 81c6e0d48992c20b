"""The seam between what asks a decoder (refiners, raters) and what runs it: prompts as token ids in, token ids out.

Everything is greedy: of equal logits the lowest token id wins. What goes wrong with one prompt is an error in its
answer; only what would go wrong with all of them raises. An answer depends on its prompt alone, not on its neighbours.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Finish = Literal["stop", "length", "loop", "constraint", "error"]


class Constraint(Protocol):
    """Which tokens may come next in one answer. It holds the state of that answer and is used once."""

    def fill(self, mask: NDArray[np.int32]) -> bool:
        """Write the allowed tokens into `mask`, one bit for each of the vocabulary, 32 to a word, lowest bit first.
        False says that the answer is complete and no token may follow."""

    def accept(self, token: int) -> None:
        """The token that was chosen, one of the allowed."""


class Wanted(NamedTuple):
    """One answer that is wanted."""

    prompt: Sequence[int]  # token ids, special ones included
    max_new_tokens: int
    constraint: Constraint | None = None


class Generated(NamedTuple):
    """One answer. With an `error` there are no tokens."""

    tokens: tuple[int, ...]  # without the stop token
    finish: Finish
    probability: float  # geometric mean of the chosen tokens' probabilities, the stop token's included; 0 to 1
    error: str = ""


class Slot(NamedTuple):
    """One position of a template: the tokens that may stand there, and the one to try first."""

    allowed: tuple[int, ...]  # one: a fixed token; ascending
    guess: int


class Filled(NamedTuple):
    """A template that was filled. With an `error` there are no tokens."""

    tokens: tuple[int, ...]  # one for each slot: the allowed token with the highest logit
    probabilities: tuple[tuple[float, ...], ...]  # for each slot with a choice: over its allowed tokens, sum 1
    free: bool  # whether each of them is the choice out of the whole vocabulary too: free generation says the same
    passes: int  # runs of the model that it took
    error: str = ""


class Decoder(Protocol):
    """A decoder model that is loaded and ready. `context` is in tokens, prompt and answer together."""

    context: int

    def generate(self, wanted: Sequence[Wanted]) -> list[Generated]:
        """Answers, in order."""

    def choose(self, prompts: Sequence[Sequence[int]], allowed: Sequence[int]) -> list[NDArray[np.float32] | str]:
        """The logits of the `allowed` tokens as the next one after each prompt, from one prefill; or what is wrong."""

    def fill(self, prompts: Sequence[Sequence[int]], template: Sequence[Slot]) -> list[Filled]:
        """The template filled after each prompt: what one token at a time would give, by guesses that are verified."""
