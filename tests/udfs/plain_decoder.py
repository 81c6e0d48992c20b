"""What a decoder's answer is, in the plainest form: after every token the whole prompt is run again, alone, with
nothing kept. And constraints to be obeyed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from udfs.models.decoder_manifest import DecoderManifest, load_decoder_manifest
from udfs.models.session import open_session

ROOT = Path(__file__).parents[2]
TINY = ROOT / "tests/data/tiny-decoder"
VARIANTS = ("cpu-int8", "cpu-fp32")


class PlainDecoder:
    """The logits after a prompt, by one run that keeps nothing."""

    def __init__(self, variant: str, folder: Path = TINY) -> None:
        self.manifest: DecoderManifest = load_decoder_manifest(folder)
        self._session: Any = open_session(folder / self.manifest.chosen(variant).graph, threads=1)

    def logits(self, ids: Sequence[int]) -> NDArray[np.float32]:
        """Logits of the next token."""
        empty = np.zeros((1, self.manifest.kv_heads, 0, self.manifest.head_size), np.float32)
        names = [
            f"past_key_values.{layer}.{what}" for layer in range(self.manifest.layers) for what in ("key", "value")
        ]
        inputs = {
            "input_ids": np.array([ids], np.int64),
            "attention_mask": np.ones((1, len(ids)), np.int64),
            "slots": np.array([[len(ids) - 1]], np.int64),
            **dict.fromkeys(names, empty),
        }
        logits: NDArray[np.float32] = self._session.run(["logits"], inputs)[0][0, 0]
        return logits

    def greedy(self, prompt: Sequence[int], most: int) -> tuple[list[int], float]:
        """Up to `most` tokens, and the geometric mean of their probabilities, the stop token's included."""
        tokens: list[int] = []
        chances: list[float] = []
        while len(tokens) < most:
            logits = self.logits([*prompt, *tokens]).astype(np.float64)
            best = int(logits.argmax())
            chances.append(float(np.exp(logits[best]) / np.exp(logits).sum()))
            if best in self.manifest.stop:
                break
            tokens.append(best)
        return tokens, float(np.prod(chances) ** (1 / len(chances)))


class Spelled:
    """A constraint that says for each place what may stand there, and is complete after the last."""

    def __init__(self, *places: Sequence[int]) -> None:
        self.places = places
        self.taken: list[int] = []

    def fill(self, mask: NDArray[np.int32]) -> bool:
        if len(self.taken) == len(self.places):
            return False
        for token in self.places[len(self.taken)]:
            mask.view(np.uint32)[token // 32] |= np.uint32(1 << (token % 32))
        return True

    def accept(self, token: int) -> None:
        assert token in self.places[len(self.taken)]
        self.taken.append(token)


def prompts(count: int, seed: int = 0, longest: int = 150) -> list[list[int]]:
    """Ragged prompts of random tokens, half of them with the same beginning."""
    draw = np.random.default_rng(seed)
    start = draw.integers(3, 300, 23).tolist()
    sizes = draw.integers(1, longest, count)
    return [start * (row % 2) + draw.integers(3, 300, size).tolist() for row, size in enumerate(sizes)]
