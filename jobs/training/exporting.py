"""From trained weights to a model folder's graph, and what the graph says of texts. Needs torch for `export`."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.training.encoder import (
    FIRST_TOKEN,
    LAST_TOKEN,
    encoder_folder,
    export_encoder,
    quantise,
)
from jobs.training.heads import Heads, attach_heads
from jobs.training.measuring import Said
from udfs.models.manifest import CLASSES_OUTPUT
from udfs.models.session import open_session
from udfs.models.tokens import load_tokenizer, window

LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE, TEMPERATURES = 0.3, 3.0, 55


def export(weights: dict[str, Any], heads: Heads, temperature: float, int8: Path, float32: Path | None = None) -> None:
    """Write the graph as int8, and as float32 where a path is given. `weights` is the encoder's state."""
    with tempfile.TemporaryDirectory() as scratch:
        whole, small = Path(scratch, "float32.onnx"), Path(scratch, "int8.onnx")
        export_encoder(whole, weights)
        quantise(whole, small)
        attach_heads(small, heads, temperature, int8)
        if float32:
            attach_heads(whole, heads, temperature, float32)


def said_by(graph: Path, texts: list[str], tokens: tuple[int, int]) -> tuple[Said, np.ndarray]:
    """What the graph says of each text, one text a run, as the run time does it, and the logits of the overall score's
    classes (rows x 5); the confidence is left 0. Raises ValueError for a text without tokens.
    """
    session = open_session(graph, threads=1)
    tokenizer = load_tokenizer(encoder_folder() / "tokenizer.json")
    found: list[list[NDArray[np.float32]]] = []
    for number, text in enumerate(texts):
        ids = window(tokenizer, text, *tokens).ids
        if not ids:
            raise ValueError(f"row {number} has a text without tokens; remove the row.")
        inputs = np.array([[FIRST_TOKEN, *ids, LAST_TOKEN]])
        given = {"input_ids": inputs, "attention_mask": np.ones_like(inputs)}
        found.append([values[0] for values in session.run(["scores", "domains", CLASSES_OUTPUT], given)])
    scores, domains, classes = zip(*found, strict=True)
    said = Said(np.array(scores, dtype=np.float64), np.array(domains).argmax(axis=1), np.zeros(len(texts)))
    return said, np.array(classes, dtype=np.float64)


def temperature_of(logits: np.ndarray, classes: np.ndarray) -> float:
    """The temperature that makes the logits (rows x classes) likeliest (Guo et al. 2017, section 4.2)."""
    tried = np.geomspace(LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE, TEMPERATURES)
    rows = np.arange(len(classes))
    return float(min(tried, key=lambda one: -np.log(shares(logits / one)[rows, classes] + 1e-12).mean()))


def shares(logits: np.ndarray) -> np.ndarray:
    """Softmax of each row."""
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))
