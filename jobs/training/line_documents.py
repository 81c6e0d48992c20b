"""The refiner's head for documents: whether a text is worth keeping, by ProX's rule on ratings of educational value and
format, from what the networks make of the page as a whole."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jobs.evaluation.tasks import EDU, FORMAT, keeps_document
from jobs.training.line_network import LineNetwork
from jobs.training.line_training import Ready, page_vectors
from jobs.training.line_words import Words
from jobs.training.rated_texts import read_rated_texts
from udfs.programs.tagging.features import shown_lines
from udfs.programs.tagging.words import rows_of

LOGISTIC_C = 0.003
Head = tuple[NDArray[np.float32], float]


def document_head(networks: Sequence[LineNetwork], words: Words, ratings: Path | None) -> tuple[Head, int]:
    """Weights and bias on the vectors of the networks, one after the other, and the number of texts they were fitted
    on. Without ratings, a head that keeps everything."""
    if ratings is None:
        return (np.zeros(_width(networks), np.float32), 30.0), 0
    texts = read_rated_texts(ratings)
    shown = [shown_lines(text) for text in texts.texts]
    chosen = [place for place, one in enumerate(shown) if texts.open[place] and len(one.numbers)]
    pages = []
    for place in chosen:
        tokens = rows_of(shown[place], words.hashes)
        nothing = np.zeros(len(tokens), np.float32)
        pages.append(Ready(tokens, shown[place].features, nothing, nothing))
    vectors = np.concatenate([page_vectors(network, pages) for network in networks], axis=1)
    keep = [keeps_document(int(texts.scores[place, EDU]), int(texts.scores[place, FORMAT])) for place in chosen]
    return _fitted(vectors, np.array(keep)), len(chosen)


def _fitted(vectors: NDArray[np.float32], keep: NDArray[np.bool_]) -> Head:
    from sklearn.linear_model import LogisticRegression

    mean, spread = vectors.mean(0), vectors.std(0) + 1e-3
    found = LogisticRegression(C=LOGISTIC_C, max_iter=500).fit((vectors - mean) / spread, keep)
    weights = found.coef_[0] / spread
    return weights.astype(np.float32), float(found.intercept_[0] - mean @ weights)


def _width(networks: Sequence[LineNetwork]) -> int:
    return sum(network.page.in_features + network.line.out_features for network in networks)
