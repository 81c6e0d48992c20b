"""How far a graph says what transformers says: greedy answers of both to the same prompts.

The loop here is the plain one, a prompt at a time and the whole cache handed over in every step, so it checks the graph
and nothing of the run-time's loop.
"""

from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np

from udfs.models.decoder_manifest import VARIANTS, Parity
from udfs.models.session import open_session

_CACHE_TYPES = {"int8": np.float32, "fp32": np.float32, "fp16": np.float16}


class GraphUnderTest:
    """One graph on the CPU, whatever device it was made for."""

    def __init__(self, graph: Path, variant: str, cache: tuple[int, int, int], threads: int) -> None:
        """`cache`: layers, heads of keys and values, and their size."""
        self._session = open_session(graph, threads)
        layers, heads, size = cache
        self._names = [f"{layer}.{kind}" for layer in range(layers) for kind in ("key", "value")]
        self._empty = np.zeros((1, heads, 0, size), _CACHE_TYPES[VARIANTS[variant][0]])

    def greedy(self, prompt: Sequence[int], stop: Sequence[int], tokens: int) -> list[int]:
        """The answer to one prompt, without the stop token; `tokens` at most."""
        past: list[Any] = [self._empty] * len(self._names)
        new, valid, answer = list(prompt), 0, list[int]()
        while len(answer) < tokens:
            valid += len(new)
            token, past = self._step(new, valid, past)
            if token in stop:
                break
            answer.append(token)
            new = [token]
        return answer

    def _step(self, new: list[int], valid: int, past: list[Any]) -> tuple[int, list[Any]]:
        feed = {
            "input_ids": np.array([new], np.int64),
            "attention_mask": np.ones((1, valid), np.int64),
            "slots": np.array([[len(new) - 1]], np.int64),
        }
        feed |= {f"past_key_values.{name}": one for name, one in zip(self._names, past, strict=True)}
        found = self._session.run(["next", *(f"present.{name}" for name in self._names)], feed)
        return int(found[0][0, 0]), found[1:]


def parity(variant: str, reference: str, expected: Sequence[list[int]], found: Sequence[list[int]]) -> Parity:
    """Compare answers. An answer that is empty in both is equal and has no tokens."""
    pairs = list(zip(expected, found, strict=True))
    tokens = sum(max(len(one), len(other)) for one, other in pairs)
    same = sum(sum(1 for _ in takewhile(lambda both: both[0] == both[1], zip(*pair, strict=False))) for pair in pairs)
    return Parity(
        variant=variant,
        reference=reference,
        prompts=len(pairs),
        tokens=max(tokens, 1),
        tokens_equal=same / tokens if tokens else 1.0,
        answers_equal=sum(one == other for one, other in pairs) / len(pairs),
    )
