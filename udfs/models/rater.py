"""Ratings of texts by an encoder with linear heads, one ONNX graph: 14 criteria, domain, edu and format.

A rater is a plain callable over texts: `rate(texts)` gives one `Rating`, or one sentence that says why there is none,
for each text in the order given. What it says about a text depends on that text alone, not on its neighbours. No torch
and no transformers here.
"""

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from udfs.models.criteria import CRITERIA, DOMAINS
from udfs.models.manifest import (
    CLASSES_OUTPUT,
    GRAPH_FILE,
    SCORES,
    TOKENIZER_FILE,
    Manifest,
    load_manifest,
    model_digest,
    verify_files,
)
from udfs.models.score_classes import LEVELS, Floats, class_shares, expected_scores, keep_probabilities, medians
from udfs.models.session import Provider, open_session
from udfs.models.tokens import Window, load_tokenizer, window

_OVERALL = CRITERIA.index("overall_score")


class Rating(NamedTuple):
    """What a rater says about one text."""

    domain: str  # one of DOMAINS
    domain_probability: float  # of that domain, 0 to 1
    scores: tuple[int, ...]  # one for each of CRITERIA, 1 to 5: the median class where the rater has classes, else
    # `expected` rounded half up, or what a decoder says
    expected: tuple[float, ...]  # what the rater expects, 1 to 5, not rounded
    edu: int | None  # educational value, 0 to 5; None from a rater that does not say (DataMan), as the next three
    format: int | None  # how clean the extraction is, 0 to 5
    edu_expected: float | None
    format_expected: float | None
    confidence: float  # estimated probability, 0 to 1, that `overall_score` is the right integer; see `_OnnxRater`
    tokens: int  # length of the whole text in tokens of this rater's tokenizer, special tokens not counted
    keep_probability: float | None = None  # that `edu` and `format` are such that ProX's rule keeps the document


Rater = Callable[[list[str]], list[Rating | str]]

_RATERS: dict[tuple[str, int, Provider], Rater] = {}


def load_rater(folder: str | Path, threads: int, provider: Provider = "cpu") -> Rater:
    """The rater of a model folder, its files checked against the manifest; a second call in the same process is free.

    Raises ModelError (the folder cannot be used here) or ValueError (a bad setting). The rater itself never raises for
    a text.
    """
    key = (model_digest(folder), threads, provider)
    if key not in _RATERS:
        manifest = load_manifest(folder)
        verify_files(folder, manifest)
        _RATERS[key] = _OnnxRater(
            manifest,
            load_tokenizer(Path(folder) / TOKENIZER_FILE),
            open_session(Path(folder) / GRAPH_FILE, threads, provider),
        )
    return _RATERS[key]


def confidence_of(expected: float, deviation: float) -> float:
    """The probability that a score lies in the rounding interval of `expected` if its error is normal with this
    standard deviation.

    Ends are open: below 1.5 every value is a 1, from 4.5 on every value is a 5. Near 0.5 for a clear case, lower
    between two integers; it knows nothing of texts unlike those that the rater was measured on.
    """
    rounded = _round_half_up(expected)
    low = -math.inf if rounded <= 1 else (rounded - 0.5 - expected) / deviation
    high = math.inf if rounded >= 5 else (rounded + 0.5 - expected) / deviation
    return (math.erf(high / math.sqrt(2)) - math.erf(low / math.sqrt(2))) / 2


class _OnnxRater:
    """Tokenizer, session and manifest of one model. Holds no state of the texts.

    Where the graph has classes, the integers of a rating and its confidence come from them; else the expected scores
    are rounded, and the confidence is `confidence_of` the overall one.
    """

    def __init__(self, manifest: Manifest, tokenizer: Any, session: Any) -> None:
        self._manifest = manifest
        self._tokenizer = tokenizer
        self._session = session
        self._score_order = [manifest.scores.index(name) for name in SCORES]
        self._domain_order = [manifest.domains.index(name) for name in DOMAINS]
        self._outputs = ["scores", "domains"] + ([CLASSES_OUTPUT] if manifest.classes else [])

    def __call__(self, texts: list[str]) -> list[Rating | str]:
        seen = [self._window(text) for text in texts]
        ratings: list[Rating | str] = [entry if isinstance(entry, str) else "not rated" for entry in seen]
        windows = {row: entry for row, entry in enumerate(seen) if isinstance(entry, Window)}
        for rows in self._runs(windows):
            for row, rating in zip(rows, self._rate([windows[row] for row in rows]), strict=True):
                ratings[row] = rating
        return ratings

    def _window(self, text: str) -> Window | str:
        try:
            found = window(self._tokenizer, text, self._manifest.head_tokens, self._manifest.tail_tokens)
        except Exception as error:  # lone surrogates, not a string: the tokenizer's kinds are not documented
            return f"the text cannot be tokenised ({type(error).__name__})"
        return found if found.tokens else "the text has no tokens"

    def _runs(self, windows: dict[int, Window]) -> Iterator[list[int]]:
        """Rows that go through the graph together: of like length, so that little is padded."""
        rows = sorted(windows, key=lambda row: (len(windows[row].ids), row))
        for start in range(0, len(rows), self._manifest.rows_per_run):
            yield rows[start : start + self._manifest.rows_per_run]

    def _rate(self, windows: list[Window]) -> list[Rating | str]:
        """One entry for each window; where a run of several fails, each is tried alone."""
        try:
            scores, domains, *classes = self._session.run(self._outputs, self._inputs(windows))
        except Exception as error:  # onnxruntime raises many kinds, running out of memory among them
            if len(windows) > 1:
                return [self._rate([one])[0] for one in windows]
            return [f"the model failed on the text ({type(error).__name__})"]
        scores, domains = scores[:, self._score_order].astype(np.float64), domains[:, self._domain_order]
        finite = [np.isfinite(values).all(axis=1) for values in (scores, domains, *classes)]
        shares = self._class_shares(classes[0]) if classes else None
        expected = expected_scores(np.nan_to_num(scores), shares)
        if shares is None:
            integers = np.floor(expected + 0.5).astype(np.int64)
            sure = [confidence_of(one, self._manifest.overall_deviation) for one in expected[:, _OVERALL].tolist()]
            keep: list[float | None] = [None] * len(windows)
        else:
            integers = medians(shares)
            sure = shares[np.arange(len(windows)), _OVERALL, integers[:, _OVERALL]].tolist()
            keep = keep_probabilities(shares).tolist()
        return [
            _rating(one, expected[row], integers[row], domains[row], sure[row], keep[row])
            if all(each[row] for each in finite)
            else "the model gave no finite numbers for the text"
            for row, one in enumerate(windows)
        ]

    def _class_shares(self, logits: NDArray[np.float32]) -> Floats:
        each = logits.reshape(len(logits), len(SCORES), LEVELS)[:, self._score_order]
        return class_shares(np.nan_to_num(each.reshape(len(logits), -1)))

    def _inputs(self, windows: list[Window]) -> dict[str, NDArray[np.int64]]:
        sizes = [len(one.ids) + 2 for one in windows]
        ids = np.full((len(windows), max(sizes)), self._manifest.pad_token, np.int64)
        mask = np.zeros_like(ids)
        for row, (one, size) in enumerate(zip(windows, sizes, strict=True)):
            ids[row, :size] = [self._manifest.first_token, *one.ids, self._manifest.last_token]
            mask[row, :size] = 1
        return {"input_ids": ids, "attention_mask": mask}


def _rating(
    one: Window,
    expected: Floats,
    integers: NDArray[np.int64],
    logits: NDArray[np.float32],
    confidence: float,
    keep_probability: float | None,
) -> Rating:
    domains = _shares(logits)
    best = int(domains.argmax())
    criteria = len(CRITERIA)
    edu_expected, format_expected = expected[criteria:].tolist()
    edu, form = integers[criteria:].tolist()
    return Rating(
        domain=DOMAINS[best],
        domain_probability=float(domains[best]),
        scores=tuple(integers[:criteria].tolist()),
        expected=tuple(expected[:criteria].tolist()),
        edu=edu,
        format=form,
        edu_expected=edu_expected,
        format_expected=format_expected,
        confidence=confidence,
        tokens=one.tokens,
        keep_probability=keep_probability,
    )


def _shares(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    odds: NDArray[np.float64] = np.exp(logits.astype(np.float64) - float(logits.max()))
    total: np.float64 = odds.sum()
    return np.divide(odds, total)


def _round_half_up(value: float) -> int:
    return math.floor(value + 0.5)
