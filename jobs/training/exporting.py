"""From trained weights to a model folder's graph, and what the graph says of texts."""

import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from jobs.training.encoder import FIRST_TOKEN, LAST_TOKEN, pooled_layers
from jobs.training.encoder_graph import write_encoder
from jobs.training.heads import Heads, attach_heads
from jobs.training.measuring import OVERALL, Said
from udfs.models.manifest import CLASSES_OUTPUT
from udfs.models.score_classes import LEVELS, Floats, class_shares, expected_scores, medians
from udfs.models.session import open_session
from udfs.models.tokens import load_tokenizer, window

LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE, TEMPERATURES = 0.3, 3.0, 55


def export(bert: Any, heads: Heads, temperatures: Floats, int8: Path, float32: Path | None = None) -> None:
    """Write the graph of an encoder (transformers' model, on the CPU) with heads as int8, and as float32 where a path
    is given.
    """
    weights = {name: values.numpy() for name, values in bert.state_dict().items()}
    layers = pooled_layers(bert.config.num_hidden_layers)
    with tempfile.TemporaryDirectory() as scratch:
        encoder = Path(scratch, "encoder.onnx")
        for target in filter(None, (int8, float32)):
            write_encoder(weights, layers, bert.config.num_attention_heads, encoder, int8=target == int8)
            attach_heads(encoder, heads, temperatures, target)


class Outputs(NamedTuple):
    """Of a graph, for some texts."""

    scores: Floats  # rows x SCORES
    domains: Floats  # rows x DOMAINS, logits
    classes: Floats  # rows x SCORES * LEVELS, logits


def outputs_of(graph: Path, tokenizer_file: Path, texts: list[str], tokens: tuple[int, int]) -> Outputs:
    """One text a run, as the run time does it. Raises ValueError for a text without tokens."""
    session = open_session(graph, threads=1)
    tokenizer = load_tokenizer(tokenizer_file)
    found: list[list[NDArray[np.float32]]] = []
    for number, text in enumerate(texts):
        ids = window(tokenizer, text, *tokens).ids
        if not ids:
            raise ValueError(f"row {number} has a text without tokens; remove the row.")
        inputs = np.array([[FIRST_TOKEN, *ids, LAST_TOKEN]])
        given = {"input_ids": inputs, "attention_mask": np.ones_like(inputs)}
        found.append([values[0] for values in session.run(["scores", "domains", CLASSES_OUTPUT], given)])
    return Outputs(*(np.array(values, dtype=np.float64) for values in zip(*found, strict=True)))


def said(outputs: Outputs, temperatures: Floats) -> Said:
    """What a rating is made of, if the classes of each score are divided by its temperature."""
    shares = class_shares(outputs.classes / np.repeat(temperatures, LEVELS))
    integers = medians(shares)
    sure = shares[np.arange(len(shares)), OVERALL, integers[:, OVERALL]]
    return Said(expected_scores(outputs.scores, shares), integers, outputs.domains.argmax(axis=1), sure)


def temperatures_of(logits: Floats, truth: NDArray[np.int64]) -> Floats:
    """For each score the temperature that makes the logits (rows x SCORES * LEVELS) likeliest (Guo et al. 2017,
    section 4.2); `truth` is rows x SCORES.
    """
    rows, tried = np.arange(len(truth)), np.geomspace(LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE, TEMPERATURES)
    losses = []
    for one in tried:
        right = np.take_along_axis(class_shares(logits / one), truth[rows, :, None], axis=2)[:, :, 0]
        losses.append(-np.log(right + 1e-12).mean(axis=0))
    return np.asarray(tried[np.argmin(losses, axis=0)])
