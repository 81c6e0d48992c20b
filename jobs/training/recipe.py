"""The recipe of a rater: what is held out, the epochs, and the run from the published encoder to the shipped weights.

Held out are a part of the pages and a part of the origins (whole sites, book series, collections); the network is
fitted without them, measured on them, and then goes on for a short epoch over them and as many of the other rows. What
is not of the open tier is never fitted on. Deeper networks, trained in the same way before, may rate texts that nobody
rated: the shipped one learns from the mean of what they say as well. Importing this module needs torch.
"""

import copy
import hashlib
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from jobs.training import fine_tuning
from jobs.training.encoder import Encoder
from jobs.training.examples import Examples, labelled_examples, rated_examples, windows
from jobs.training.fine_tuning import Answered, Epoch, Tuning
from jobs.training.heads import Heads, fit_heads, predict
from jobs.training.network import RaterNetwork
from jobs.training.other_texts import Labels
from jobs.training.rated_texts import RatedTexts, origin_folds, page_folds
from udfs.models.tokens import load_tokenizer

PAGE_PARTS, ORIGIN_PARTS = 6, 10  # one part of each is held out
DOMAIN_TOKENS = (96, 32)
DOMAIN_TEXTS = 320  # of an epoch
TAUGHT_SHARE = 0.5  # of the texts that a deeper network rated, in each pass

Rows = NDArray[np.bool_]
Report = Callable[[int], None]
"""Takes how many epochs are done."""


class Split(NamedTuple):
    """Rows fitted on, and the parts that are held out; a row of the open tier is in one of them."""

    fitted: Rows
    pages: Rows
    origins: Rows


def split(texts: RatedTexts, seed: int) -> Split:
    """The parts, by hash of the page and by dealing out the origins; a text that is also in a part held out is not
    fitted on.
    """
    pages = texts.open & (page_folds(texts.pages, PAGE_PARTS, seed) == 0)
    origins = texts.open & (origin_folds(texts.origins, texts.open, ORIGIN_PARTS) == ORIGIN_PARTS - 1) & ~pages
    held = {text for text, out in zip(texts.texts, pages | origins, strict=True) if out}
    known = np.array([text in held for text in texts.texts])
    return Split(texts.open & ~known, pages, origins)


def epochs(
    labels: Labels, parts: Split, tokens: tuple[int, int], passes: int, seed: int, taught: int = 0
) -> list[Epoch]:
    """Passes over the rows fitted on, the first half of them (rounded up, but never all) with half the tokens, and a
    short one for what was held out, with as many of the rows fitted on. `taught` texts come after all others; each pass
    has TAUGHT_SHARE of them.
    """
    half = (max(tokens[0] // 2, 1), max(tokens[1] // 2, 1))
    first_other = len(labels.rated.texts)
    fitted, everything = (np.flatnonzero(rows).tolist() for rows in (parts.fitted, labels.rated.open))
    held = set(labels.rated.origins[parts.origins].tolist())
    first_taught = first_other + len(labels.domains.texts)
    found = []
    short = min((passes + 1) // 2, passes - 1)
    for number in range(passes):
        more = [first_other + place for place in labels.domains.drawn(DOMAIN_TEXTS, seed + number, held)]
        drawn = np.random.default_rng((seed, number)).permutation(taught)[: round(taught * TAUGHT_SHARE)]
        more += [first_taught + int(place) for place in drawn]
        rates = tuple(1 - 0.9 * (number + step) / passes for step in (0, 1))
        found.append(Epoch([*fitted, *more], half if number < short else tokens, (rates[0], rates[1])))
    new = sorted(set(everything) - set(fitted))
    again = np.random.default_rng(seed).permutation(fitted)[: len(new)].tolist()
    more = [first_other + place for place in labels.domains.drawn(DOMAIN_TEXTS, seed + passes, set())]
    return [*found, Epoch([*new, *again, *more], tokens, (0.3, 0.0))]


class Run:
    """One training, with its checkpoints in the folder `work`."""

    def __init__(
        self,
        encoder: Encoder,
        labels: Labels,
        work: Path,
        tokens: tuple[int, int],
        passes: int,
        seed: int,
        tuning: Tuning,
        taught: Examples | None = None,
    ) -> None:
        self.encoder, self.labels, self.work, self.tuning, self.tokens = encoder, labels, work, tuning, tokens
        self.parts = split(labels.rated, seed)
        self.epochs = epochs(labels, self.parts, tokens, passes, seed, len(taught.texts) if taught else 0)
        work.mkdir(parents=True, exist_ok=True)
        seen = [encoder.name, encoder.layers, *labels.digests, seed, tokens]
        self._features_key = _digest(seen)
        # What was taught differs with the texts and with the network that rated them.
        lessons = hashlib.sha256(taught.scores.tobytes()).hexdigest() if taught else ""
        self.key = _digest([*seen, passes, tuning.model_dump(), lessons])
        tokenizer = load_tokenizer(encoder.tokenizer)
        self.ids = windows(tokenizer, labels.rated.texts, tokens)
        self.examples = rated_examples(labels.rated, labels.judged)
        other = labels.domains
        if other.texts:
            self.ids += windows(tokenizer, other.texts, DOMAIN_TOKENS)
            self.examples = self.examples.joined(labelled_examples(other.texts, other.domains, other.weights))
        if taught:
            self.ids += windows(tokenizer, taught.texts, tokens)
            self.examples = self.examples.joined(taught)
        torch.manual_seed(seed)
        network = RaterNetwork(encoder, int(labels.rated.rounds.max()) + 1, tuning.frozen_layers)
        self.state = fine_tuning.begun(network.to("cuda" if torch.cuda.is_available() else "cpu"), tuning)

    def start(self) -> Heads:
        """Heads on the encoder as published, fitted on the rows fitted on; the network starts from them."""
        fitted = self.parts.fitted
        features = self._frozen_features(fitted)
        heads = fit_heads(features, self.labels.rated.chosen(fitted))
        for network in (self.state.network, self.state.average):
            network.start_from(heads, features)
        return heads

    def _frozen_features(self, rows: Rows) -> NDArray[np.float64]:
        path = self.work / f"features-{self._features_key[:16]}.npy"
        if not path.exists():
            ids = [self.ids[row] for row in np.flatnonzero(rows)]
            found = fine_tuning.features_of_network(self.state.network, ids, self.tuning.precision)
            partial = path.with_suffix(".partial.npy")
            np.save(partial, found.astype(np.float32))
            partial.replace(path)
        features: NDArray[np.float64] = np.load(path).astype(np.float64)
        return features

    @property
    def passes(self) -> int:
        """Epochs over the rows fitted on; the one over all rows is not among them."""
        return len(self.epochs) - 1

    def train(self, until: int, report: Report = lambda _: None) -> None:
        """Train until `until` epochs are done, from the checkpoint that is furthest, but not beyond."""
        done = next((n for n in range(until, 0, -1) if fine_tuning.load(self.state, self._checkpoint(n), self.key)), 0)
        for number in range(done, until):
            loss = fine_tuning.run_epoch(self.state, number, self.epochs[number], self.examples, self.ids, self.tuning)
            fine_tuning.save(self.state, self._checkpoint(number + 1), self.key)
            if number not in (0, self.passes):
                self._checkpoint(number).unlink(missing_ok=True)
            print(f"epoch {number + 1} of {len(self.epochs)}: loss {loss:.4f}", file=sys.stderr)
            report(number + 1)

    def averaged(self) -> RaterNetwork:
        """A copy of the averaged network on the CPU."""
        network: RaterNetwork = copy.deepcopy(self.state.average).cpu()
        return network

    def _checkpoint(self, done: int) -> Path:
        return self.work / f"epochs-{done}.pt"

    def predictions(self, rows: Rows) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
        """Scores, domains and features of the averaged network for some of the rated texts."""
        ids = [self.ids[row] for row in np.flatnonzero(rows)]
        features = fine_tuning.features_of_network(self.state.average, ids, self.tuning.precision)
        scores, domains = predict(self.state.average.heads(), features)
        return scores, domains, features

    def answers(self, texts: list[str]) -> Answered:
        """What the averaged network says of texts."""
        path = self.work / "taught.npz"
        key = _digest([self.key, texts])
        if not (path.exists() and str(np.load(path)["key"]) == key):
            ids = windows(load_tokenizer(self.encoder.tokenizer), texts, self.tokens)
            answered = fine_tuning.answers_of_network(self.state.average, ids, self.tuning.precision)
            partial = path.with_suffix(".partial.npz")
            np.savez(partial, key=key, **answered._asdict())
            partial.replace(path)
        found = np.load(path)
        return Answered(found["scores"], found["classes"], found["domains"])


def mean_of(answers: Sequence[Answered]) -> Answered:
    """The mean of what several networks say of the same texts."""
    parts = (np.stack(part).mean(axis=0).astype(np.float32) for part in zip(*answers, strict=True))
    return Answered(*parts)


def _digest(what: list[Any]) -> str:
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()
