"""The evaluation as a whole: what the truth at hand allows to measure, asked of the models and measured."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeVar

import numpy as np

from jobs.evaluation import tasks
from jobs.evaluation.intervals import ALL, Bootstrap, Metrics, Result, Rows, measured
from jobs.evaluation.judges import Refiner, Say, key_of, rated
from jobs.evaluation.metrics import share
from jobs.evaluation.pages import Page, counted
from jobs.evaluation.truth import JudgedText, LabelledText, RatedText, Text
from udfs.models.criteria import CRITERIA, DOMAINS
from udfs.models.rater import Rating
from udfs.models.raters import RateTexts

Ratings = Mapping[tuple[str, str], Rating | str]
Known = TypeVar("Known", RatedText, JudgedText, LabelledText)


class Truth(NamedTuple):
    """What there is to compare with; what is empty is not measured."""

    ratings: Sequence[RatedText] = ()
    human: Sequence[JudgedText] = ()
    domains: Sequence[LabelledText] = ()
    pages: Sequence[Page] = ()


class Models(NamedTuple):
    """What is evaluated. `documents` (rater or refiner) is the one whose decisions are called `document_f1`."""

    rate: RateTexts
    refiner: Refiner
    documents: str = "rater"


def evaluated(truth: Truth, models: Models, bootstrap: Bootstrap, say: Say) -> list[Result]:
    """All rows, task by task. The models are asked for what is needed, and no more."""
    texts = [one.text for one in truth.ratings] + [one.text for one in truth.human]
    ratings = rated(models.rate, [*texts, *(one.text for one in truth.domains)], say)
    found: list[Result] = []
    if truth.ratings:
        say("measuring the ratings")
        found += _of_rater("ratings", truth.ratings, ratings, _rating_metrics, bootstrap)
        found += _second(truth.ratings, bootstrap)
        say("measuring documents")
        found += _documents(truth.ratings, ratings, models, bootstrap)
    if truth.human:
        found += _of_rater("human", truth.human, ratings, _human_metrics, bootstrap)
    if truth.domains:
        say("measuring domains")
        found += _of_rater("domains", truth.domains, ratings, _domain_metrics, bootstrap)
    if truth.pages:
        say(f"refining {len(truth.pages):,} pages")
        found += _lines(truth.pages, models.refiner, bootstrap)
    return found


def _rows(texts: Sequence[Text], page_types: Sequence[str] = ()) -> Rows:
    facets = {"language": [text.lang for text in texts]}
    if any(page_types):
        facets["page_type"] = list(page_types)
    return Rows([text.id for text in texts], [text.source for text in texts], facets)


# --- what a rater says


def _of_rater(
    task: str,
    truth: Sequence[Known],
    ratings: Ratings,
    metrics_of: Callable[[Sequence[Known], Sequence[Rating], bool], Metrics],
    bootstrap: Bootstrap,
) -> list[Result]:
    """Rows of a task on the texts that were rated, and the share of them among all."""
    answers = [ratings[key_of(one.text)] for one in truth]
    is_rated = [isinstance(one, Rating) for one in answers]
    said = [one for one in answers if isinstance(one, Rating)]
    known = [one for one, has_rating in zip(truth, is_rated, strict=True) if has_rating]

    def of_places(name: str, places: Sequence[int]) -> Metrics:
        return metrics_of([known[place] for place in places], [said[place] for place in places], name == ALL)

    everything = _rows([one.text for one in truth])
    found = measured(task, everything, lambda _, places: _rated_ratio([is_rated[at] for at in places]), bootstrap)
    if known:
        found += measured(task, _rows([one.text for one in known]), of_places, bootstrap)
    return found


def _second(truth: Sequence[RatedText], bootstrap: Bootstrap) -> list[Result]:
    """What another rating of the same texts reaches, measured as the rater is: nobody can be asked for more."""
    known = [one for one in truth if one.second]
    if not known:
        return []
    said = [_as_rating(*one.second) for one in known if one.second]

    def metrics_of(name: str, places: Sequence[int]) -> Metrics:
        return _rating_metrics([known[at] for at in places], [said[at] for at in places], name == ALL)

    return measured("second_rating", _rows([one.text for one in known]), metrics_of, bootstrap)


def _as_rating(scores: tuple[int, ...], domain: int) -> Rating:
    criteria, edu, form = scores[: len(CRITERIA)], scores[tasks.EDU], scores[tasks.FORMAT]
    expected = tuple(map(float, criteria))
    return Rating(DOMAINS[domain], 1.0, criteria, expected, edu, form, float(edu), float(form), 1.0, 0)


def _rated_ratio(is_rated: Sequence[bool]) -> Metrics:
    return lambda weights: {"rated_ratio": share(is_rated, weights)}


def _rating_metrics(known: Sequence[RatedText], said: Sequence[Rating], is_whole: bool) -> Metrics:
    scores = np.array([one.scores for one in known], dtype=np.int64)
    of_scores = tasks.rating_metrics(scores, said)
    of_domain = tasks.domain_metrics([one.domain for one in known], said, with_confusion=is_whole)
    return lambda weights: of_scores(weights) | of_domain(weights)


def _human_metrics(known: Sequence[JudgedText], said: Sequence[Rating], _: bool) -> Metrics:
    return tasks.human_metrics([one.good for one in known], [one.unanimous for one in known], said)


def _domain_metrics(known: Sequence[LabelledText], said: Sequence[Rating], is_whole: bool) -> Metrics:
    return tasks.domain_metrics([one.domain for one in known], said, with_confusion=is_whole)


# --- what becomes of documents and lines


def _documents(truth: Sequence[RatedText], ratings: Ratings, models: Models, bootstrap: Bootstrap) -> list[Result]:
    """Keep or drop: by the ratings' edu and format, against the probability of that, or the same rule, on what the
    rater says, and against the refiner's programs for documents. A text that nobody decides on is kept, as in the
    pipeline."""
    keep = [tasks.keeps_document(one.scores[tasks.EDU], one.scores[tasks.FORMAT]) for one in truth]
    decided: dict[str, list[bool]] = {}
    by_rater = [_kept_by(ratings[key_of(one.text)]) for one in truth]
    if any(one is not None for one in by_rater):
        decided["rater"] = [one is not False for one in by_rater]
    if "document" in models.refiner.levels:
        left = models.refiner.refine("document")([one.text.text for one in truth])
        decided["refiner"] = [one.keep for one in left]
    if models.documents in decided:
        decided = {"": decided[models.documents], **decided}
    found: list[Result] = []
    for name, kept in decided.items():
        found += _of_decisions(truth, keep, kept, f"{name}_document".strip("_"), bootstrap)
    return found


def _of_decisions(
    truth: Sequence[RatedText], keep: Sequence[bool], kept: Sequence[bool], prefix: str, bootstrap: Bootstrap
) -> list[Result]:
    def metrics_of(_: str, places: Sequence[int]) -> Metrics:
        return tasks.document_metrics([keep[at] for at in places], [kept[at] for at in places], prefix)

    return measured("documents", _rows([one.text for one in truth]), metrics_of, bootstrap)


def _kept_by(rating: Rating | str) -> bool | None:
    if isinstance(rating, str) or rating.edu is None or rating.format is None:
        return None
    if rating.keep_probability is not None:
        return rating.keep_probability >= tasks.KEPT_FROM
    return tasks.keeps_document(rating.edu, rating.format)


def _lines(pages: Sequence[Page], refiner: Refiner, bootstrap: Bootstrap) -> list[Result]:
    if "chunk" not in refiner.levels:
        return []
    counts = counted(pages, refiner.refine("chunk"))
    rows = _rows([page.text for page in pages], [page.page_type for page in pages])
    return measured("lines", rows, lambda _, places: tasks.line_metrics([counts[at] for at in places]), bootstrap)
