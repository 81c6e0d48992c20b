"""From tables of labels to a model folder: training, measuring on what was held out, exporting, manifest and card."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from jobs.training import card
from jobs.training.encoder import Encoder
from jobs.training.examples import taught_examples
from jobs.training.exporting import export, outputs_of, said, temperatures_of
from jobs.training.fine_tuning import Tuning
from jobs.training.label_tables import labels_sha256
from jobs.training.measuring import OVERALL, Said, agreement, measure, measure_confidence
from jobs.training.other_texts import NO_DOMAIN_TEXTS, Labels, read_domain_texts, read_judged, read_unrated
from jobs.training.rated_texts import RatedTexts
from jobs.training.recipe import Run, mean_of, split
from udfs.models.manifest import GRAPH_FILE, SCORES, TOKENIZER_FILE, Measurement
from udfs.models.rater import confidence_of

COMPARED_TEXTS = 200
UNRATED_ROWS = 1500  # of each table, so that none outweighs the others
Rows = NDArray[np.bool_]


class Inputs(NamedTuple):
    """The tables, and the ratings as they were read."""

    ratings: Path
    human: Path | None
    domains: Path | None
    rated: RatedTexts
    encoder: Encoder
    unrated: Sequence[Path] = ()
    teachers: Sequence[Encoder] = ()  # of the deeper networks that rate them


class Measured(NamedTuple):
    """What the network that did not see the rows held out reaches on them."""

    measurements: list[Measurement]
    temperatures: NDArray[np.float64]  # of the classes of each score
    deviation: float


def train(inputs: Inputs, options: argparse.Namespace, work: Path, command: str) -> list[Measurement]:
    """Train, and write the model folder `options.out`. Raises ValueError in one sentence for bad input."""
    torch.set_num_threads(options.threads)
    labels = read_labels_of(inputs, options.seed)
    tokens = (options.head_tokens, options.tail_tokens)
    tuning = Tuning(precision=options.precision)
    taught = None
    if inputs.teachers:
        answers, passes = [], options.teacher_epochs or options.epochs
        for number, encoder in enumerate(inputs.teachers):
            folder = work / f"teacher-{number}"
            teacher = Run(encoder, labels, folder, tokens, passes, options.seed, tuning)
            teacher.start()
            teacher.train(teacher.passes)  # it never sees what is held out
            answers.append(teacher.answers(labels.unrated))
        taught = taught_examples(labels.unrated, *mean_of(answers))
    run = Run(inputs.encoder, labels, work, tokens, options.epochs, options.seed, tuning, taught)
    run.start()
    run.train(run.passes)
    graph = work / "measured.onnx"
    network = run.averaged()
    export(network.bert, network.heads(), np.ones(len(SCORES)), graph)
    measured = measure_held_out(run, graph, tokens)
    run.train(run.passes + 1)
    options.out.mkdir(parents=True, exist_ok=True)
    float32 = work / "float32.onnx"
    target = options.out / GRAPH_FILE
    network = run.averaged()
    export(network.bert, network.heads(), measured.temperatures, target, float32)
    some = [text for text, is_open in zip(inputs.rated.texts, inputs.rated.open, strict=True) if is_open]
    some = some[:: max(len(some) // COMPARED_TEXTS, 1)]
    both = (outputs_of(one, run.encoder.tokenizer, some, tokens) for one in (target, float32))
    same = agreement(*(said(outputs, np.ones(len(SCORES))) for outputs in both))
    tokenizer = json.loads(inputs.encoder.tokenizer.read_bytes())
    compact = json.dumps(tokenizer, ensure_ascii=False, separators=(",", ":"))
    (options.out / TOKENIZER_FILE).write_text(compact, encoding="utf-8")
    quality = card.Quality([*measured.measurements, *same], measured.deviation)
    training = card.training_data(inputs.encoder, inputs.teachers, inputs.rated, labels, options.seed)
    manifest = card.write_manifest(options.out, training, tokens, quality, command)
    card.write_card(options.out, manifest)
    return quality.measurements


def read_labels_of(inputs: Inputs, seed: int) -> Labels:
    """All that is learned from. Raises ValueError in one sentence."""
    parts = split(inputs.rated, seed)
    rows = np.flatnonzero(parts.fitted).tolist()
    domains = read_domain_texts(inputs.domains, inputs.rated, rows) if inputs.domains else NO_DOMAIN_TEXTS
    judged = read_judged(inputs.human) if inputs.human else {}
    paths = (inputs.ratings, inputs.domains, inputs.human)
    digests = tuple(labels_sha256(path) if path else "" for path in paths)
    unrated = read_unrated(inputs.unrated, inputs.rated, parts.pages | parts.origins, UNRATED_ROWS, seed)
    return Labels(inputs.rated, domains, judged, digests, unrated)


def measure_held_out(run: Run, graph: Path, tokens: tuple[int, int]) -> Measured:
    """The graph's quality on the parts held out and on rows under other licences. The temperatures are fitted on the
    pages held out, and the confidence measured on the rest.
    """
    rated, parts = run.labels.rated, run.parts
    held = parts.pages | parts.origins | ~rated.open
    outputs = outputs_of(graph, run.encoder.tokenizer, rated.chosen(held).texts, tokens)
    pages = parts.pages[held]
    temperatures = temperatures_of(outputs.classes[pages], rated.scores[parts.pages].astype(np.int64))
    answers = _spread(said(outputs, temperatures), held)
    found: list[Measurement] = []
    for name, rows in _splits(run).items():
        if rows.sum() > 1:
            found += measure(name, rated, rows, answers)
    unseen = parts.origins | ~rated.open
    error = answers.scores[:, OVERALL] - rated.scores[:, OVERALL]
    deviation = float(np.sqrt(np.mean(error[held] ** 2)))
    dull = np.array([confidence_of(one, deviation) for one in np.maximum(answers.scores[:, OVERALL], 1)])
    found += measure_confidence("confidence, sources and licence tiers held out", rated, unseen, answers, dull)
    return Measured(found, temperatures, deviation)


def _splits(run: Run) -> dict[str, Rows]:
    rated, parts = run.labels.rated, run.parts
    return {
        "pages held out": parts.pages,
        "pages held out, first round of rating": parts.pages & (rated.rounds == 0),
        "sources held out": parts.origins,
        "other licence tiers": ~rated.open,
    }


def _spread(found: Said, rows: Rows) -> Said:
    """What was said of some rows, at their places among all; zeros elsewhere."""
    whole = []
    for values in found:
        place = np.zeros((len(rows), *values.shape[1:]), dtype=values.dtype)
        place[rows] = values
        whole.append(place)
    return Said(*whole)
