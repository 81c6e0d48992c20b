"""What a tagger's probabilities are worth on pages with labels, and the thresholds that follow from them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jobs.evaluation.metrics import precision_recall_f1
from jobs.training.line_pages import LinePage
from udfs.models.line_manifest import LineMeasurement, Thresholds

Floats = NDArray[np.float32]
ALL, MEAN, ARTICLES = "all", "mean of sources", "articles"
ARTICLE_TYPES = {"article", "news", "blog", ""}  # pages of sets that do not say are articles
SAFE_RECALL = 0.992  # a little over what is promised, which is to hold on other pages
_GRID = np.linspace(0.0, 0.95, 191)[1:]


class Judged(NamedTuple):
    """A page, and the probability that each of its lines stays."""

    page: LinePage
    keep: Floats


def chosen_thresholds(judged: Sequence[Judged]) -> Thresholds:
    """`safe`: the highest that leaves SAFE_RECALL of the characters of articles, in each shape of them; `balanced`:
    that of the best F1 of lines and characters together, all pages pooled."""
    articles = [one for one in judged if one.page.page_type in ARTICLE_TYPES]
    by_shape = [[one for one in articles if one.page.shape == shape] for shape in {one.page.shape for one in articles}]
    safe = [one for one in _GRID if all(measured(group, one).char_recall >= SAFE_RECALL for group in by_shape)]
    visible = [one for one in judged if one.page.shape == "visible"] or list(judged)
    each = [measured(visible, one) for one in _GRID]
    f1 = [one.line_keep_f1 + one.char_f1 for one in each]
    return Thresholds(safe=round(float(max(safe, default=0.0)), 4), balanced=round(float(_GRID[int(np.argmax(f1))]), 4))


def measured(judged: Sequence[Judged], threshold: float) -> LineMeasurement:
    """All lines of the pages pooled; lines of which nothing is known count for nothing."""
    counts = np.zeros((2, 4))  # lines and characters: kept, left, lost, removed
    for page, keep in judged:
        stays, should, known = keep >= threshold, page.keep > 0, page.weight > 0
        places = np.where(should, np.where(stays, 0, 2), np.where(stays, 1, 3))[known]
        counts[0] += np.bincount(places, minlength=4)
        counts[1] += np.bincount(places, page.chars[known], minlength=4)
    lines, chars = (precision_recall_f1(*(values[None] for values in row[:3])) for row in counts)
    removed = counts[0, 3] / max(counts[0, 1] + counts[0, 3], 1)
    values = (lines[2], chars[2], chars[1], np.array([removed]))
    names = ("line_keep_f1", "char_f1", "char_recall", "removed_recall")
    numbers = {name: round(float(np.nan_to_num(value[0])), 4) for name, value in zip(names, values, strict=True)}
    return LineMeasurement(source=ALL, threshold="", pages=max(len(judged), 1), **numbers)


def quality_of(judged: Sequence[Judged], thresholds: Thresholds) -> list[LineMeasurement]:
    """The rows of the card, of all visible text: pooled, by source, their mean, and articles."""
    visible = [one for one in judged if one.page.shape == "visible"]
    sources = sorted({one.page.source for one in visible})
    found: list[LineMeasurement] = []
    for name in ("safe", "balanced"):
        limit = float(getattr(thresholds, name))
        each = [_named(measured([one for one in visible if one.page.source == s], limit), s, name) for s in sources]
        articles = [one for one in visible if one.page.page_type in ARTICLE_TYPES and one.page.tier == "open"]
        found.append(_named(measured(visible, limit), ALL, name))
        found.append(_mean(each, name))
        if articles:
            found.append(_named(measured(articles, limit), ARTICLES, name))
        found += each
    return found


def _named(one: LineMeasurement, source: str, threshold: str) -> LineMeasurement:
    return one.model_copy(update={"source": source, "threshold": threshold})


def _mean(each: Sequence[LineMeasurement], threshold: str) -> LineMeasurement:
    numbers = {
        name: round(float(np.mean([getattr(one, name) for one in each])), 4)
        for name in ("line_keep_f1", "char_f1", "char_recall", "removed_recall")
    }
    return LineMeasurement(source=MEAN, threshold=threshold, pages=sum(one.pages for one in each), **numbers)
