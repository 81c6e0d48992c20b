"""From tables of labels to a model folder: training, measuring on what was held out, exporting, manifest and card."""

import argparse
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from jobs.training import card
from jobs.training.encoder import encoder_folder
from jobs.training.exporting import export, said_by, shares, temperature_of
from jobs.training.fine_tuning import Tuning
from jobs.training.label_tables import labels_sha256
from jobs.training.measuring import OVERALL, Said, agreement, measure, measure_confidence, rounded
from jobs.training.other_texts import NO_DOMAIN_TEXTS, Labels, read_domain_texts, read_judged
from jobs.training.rated_texts import RatedTexts
from jobs.training.recipe import Run, split
from udfs.models.manifest import GRAPH_FILE, TOKENIZER_FILE, Measurement
from udfs.models.rater import confidence_of

COMPARED_TEXTS = 200
Rows = NDArray[np.bool_]


class Inputs(NamedTuple):
    """The tables, and the ratings as they were read."""

    ratings: Path
    human: Path | None
    domains: Path | None
    rated: RatedTexts


class Measured(NamedTuple):
    """What the network that did not see the rows held out reaches on them."""

    measurements: list[Measurement]
    temperature: float  # of the classes of overall_score
    deviation: float


def train(inputs: Inputs, options: argparse.Namespace, work: Path, command: str) -> list[Measurement]:
    """Train, and write the model folder `options.out`. Raises ValueError in one sentence for bad input."""
    torch.set_num_threads(options.threads)
    labels = read_labels_of(inputs, options.seed)
    tokens = (options.head_tokens, options.tail_tokens)
    run = Run(labels, work, tokens, options.epochs, options.seed, Tuning(precision=options.precision))
    run.start()
    run.train(run.passes)
    graph = work / "measured.onnx"
    export(run.encoder_state(), run.state.average.heads(), 1.0, graph)
    measured = measure_held_out(run, graph, tokens)
    run.train(run.passes + 1)
    options.out.mkdir(parents=True, exist_ok=True)
    float32 = work / "float32.onnx"
    target = options.out / GRAPH_FILE
    export(run.encoder_state(), run.state.average.heads(), measured.temperature, target, float32)
    some = [text for text, is_open in zip(inputs.rated.texts, inputs.rated.open, strict=True) if is_open]
    some = some[:: max(len(some) // COMPARED_TEXTS, 1)]
    same = agreement(said_by(target, some, tokens)[0], said_by(float32, some, tokens)[0])
    (options.out / TOKENIZER_FILE).write_bytes((encoder_folder() / "tokenizer.json").read_bytes())
    quality = card.Quality([*measured.measurements, *same], measured.deviation)
    training = card.training_data(inputs.rated, labels, options.seed)
    manifest = card.write_manifest(options.out, training, tokens, quality, command)
    card.write_card(options.out, manifest)
    return quality.measurements


def read_labels_of(inputs: Inputs, seed: int) -> Labels:
    """All that is learned from. Raises ValueError in one sentence."""
    rows = np.flatnonzero(split(inputs.rated, seed).fitted).tolist()
    domains = read_domain_texts(inputs.domains, inputs.rated, rows) if inputs.domains else NO_DOMAIN_TEXTS
    judged = read_judged(inputs.human) if inputs.human else {}
    paths = (inputs.ratings, inputs.domains, inputs.human)
    return Labels(inputs.rated, domains, judged, tuple(labels_sha256(path) if path else "" for path in paths))


def measure_held_out(run: Run, graph: Path, tokens: tuple[int, int]) -> Measured:
    """The graph's quality on the parts held out and on rows under other licences. The temperature is fitted on the
    pages held out, and the confidence measured on the rest.
    """
    rated, parts = run.labels.rated, run.parts
    held = parts.pages | parts.origins | ~rated.open
    said, logits = _spread(said_by(graph, rated.chosen(held).texts, tokens), held)
    classes = rated.scores[:, OVERALL].astype(int) - 1
    temperature = temperature_of(logits[parts.pages], classes[parts.pages])
    sure = shares(logits / temperature)[np.arange(len(held)), rounded(said.scores)[:, OVERALL] - 1]
    said = said._replace(confidence=sure)
    found: list[Measurement] = []
    for name, rows in _splits(run).items():
        if rows.sum() > 1:
            found += measure(name, rated, rows, said.scores, said.domains)
    unseen = parts.origins | ~rated.open
    error = np.clip(said.scores[:, OVERALL], 1, 5) - rated.scores[:, OVERALL]
    deviation = float(np.sqrt(np.mean(error[held] ** 2)))
    dull = np.array([confidence_of(min(max(one, 1.0), 5.0), deviation) for one in said.scores[:, OVERALL]])
    found += measure_confidence("confidence, sources and licence tiers held out", rated, unseen, said, dull)
    return Measured(found, temperature, deviation)


def _splits(run: Run) -> dict[str, Rows]:
    rated, parts = run.labels.rated, run.parts
    return {
        "pages held out": parts.pages,
        "pages held out, first round of rating": parts.pages & (rated.rounds == 0),
        "sources held out": parts.origins,
        "other licence tiers": ~rated.open,
    }


def _spread(found: tuple[Said, np.ndarray], rows: Rows) -> tuple[Said, np.ndarray]:
    """What was said of some rows, at their places among all; zeros elsewhere."""
    said, logits = found
    whole = []
    for values in (*said, logits):
        place = np.zeros((len(rows), *values.shape[1:]), dtype=values.dtype)
        place[rows] = values
        whole.append(place)
    return Said(*whole[:3]), whole[3]
