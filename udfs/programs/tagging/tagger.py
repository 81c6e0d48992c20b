"""The model that says of each line of a text how likely it stays, and of the text how likely it is kept.

What it says of a text depends on that text alone: each goes through the graph by itself, in windows where it is long.
"""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from udfs.models.line_manifest import WORDS_FILE, LineManifest, Thresholds, load_line_manifest, verify_line_files
from udfs.models.manifest import GRAPH_FILE, MANIFEST_FILE, ModelError, model_digest
from udfs.models.session import open_session
from udfs.programs.tagging.features import FEATURES, Floats, Integers, ShownLines, shown_lines
from udfs.programs.tagging.windows import windows
from udfs.programs.tagging.words import ENDINGS, HEAD_TOKENS, TAIL_TOKENS, rows_of

_TAGGERS: dict[tuple[str, int], "LineTagger"] = {}


class Tags(NamedTuple):
    """What is said of a text."""

    numbers: Integers  # of its lines with something to see
    keep: Floats  # probability that each of them stays
    document: float  # probability that the text is worth keeping; 1 for one without such lines


class LineTagger:
    """One session and the words it knows. Holds no state of the texts."""

    def __init__(self, session: Any, words: NDArray[np.uint64], thresholds: Thresholds) -> None:
        self._session, self._words, self.thresholds = session, words, thresholds

    def __call__(self, text: str) -> Tags:
        """Raises what onnxruntime raises, as where memory runs out."""
        return tags_of_lines(self._session, self._words, shown_lines(text))


def tags_of_lines(session: Any, words: NDArray[np.uint64], shown: ShownLines) -> Tags:
    """What a graph says of the lines of a text."""
    tokens = rows_of(shown, words)
    lines = len(shown.numbers)
    keep = np.empty(lines, np.float32)
    document = 0.0
    for one in windows(lines):
        inputs = {"tokens": tokens[one.first : one.last], "features": shown.features[one.first : one.last]}
        logits, worth = session.run(["keep", "document"], inputs)
        keep[one.start : one.end] = logits[one.start - one.first : one.end - one.first]
        document += float(worth[0]) * (one.end - one.start) / lines
    return Tags(shown.numbers, _probability(keep), float(_probability(document)) if lines else 1.0)


def check_tagger(folder: str | Path) -> LineManifest:
    """Raises ModelError where a folder holds no line tagger that this code can run, or a file is not the one that its
    manifest describes."""
    manifest = load_line_manifest(folder)
    found = manifest.features, manifest.endings, manifest.head_tokens, manifest.tail_tokens
    if found != (FEATURES, ENDINGS, HEAD_TOKENS, TAIL_TOKENS):
        raise ModelError(
            f"{Path(folder) / MANIFEST_FILE} is of a model that is shown other things of lines than this version "
            "shows; train it anew with python -m jobs.train_refiner."
        )
    verify_line_files(folder, manifest)
    return manifest


def load_tagger(folder: str | Path, threads: int) -> LineTagger:
    """The tagger of a folder, checked; a second call in the same process is free. Raises ModelError."""
    key = (model_digest(folder), threads)
    if key not in _TAGGERS:
        manifest = check_tagger(folder)
        words = np.fromfile(Path(folder) / WORDS_FILE, np.dtype("<u8")).astype(np.uint64)
        _TAGGERS[key] = LineTagger(open_session(Path(folder) / GRAPH_FILE, threads), words, manifest.thresholds)
    return _TAGGERS[key]


def _probability(logits: Any) -> Any:
    return 1 / (1 + np.exp(-np.clip(logits, -30, 30)))
