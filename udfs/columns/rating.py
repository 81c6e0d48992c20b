"""Rating by ONNX models: an encoder, or a decoder; one for all languages, or another one for some."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pyspark.sql.types import StructType

from udfs.columns.batches import Batches, MapInArrow, arrow_schema, batched
from udfs.columns.placing import gpu_of_task, model_of_task
from udfs.models.criteria import CRITERIA
from udfs.models.delivery import ModelSource
from udfs.models.rater import Rating
from udfs.models.raters import RateTexts, open_rater, routed
from udfs.models.running import ModelRun
from udfs.text.rules import FAILED


class RaterSource:
    """A rater where the driver found it: its folder, and the folder of its graph in that."""

    def __init__(self, source: ModelSource, variant: str) -> None:
        self.source, self.variant = source, variant

    def open(self, run: ModelRun) -> RateTexts:
        """On an executor: the rater. It is loaded once by a worker, and kept under its digest for all later tasks of
        that worker."""
        return open_rater(model_of_task(self.source, self.variant), run, gpu_of_task(run.device))


class Raters:
    """The rater of each language, opened when a text wants it."""

    def __init__(self, default: RaterSource, by_language: Mapping[str, RaterSource], run: ModelRun) -> None:
        self._default, self._by_language, self._run = default, dict(by_language), run
        self._open: dict[RaterSource, RateTexts] = {}  # of a task

    def __call__(self, texts: Sequence[str], languages: Sequence[str | None]) -> list[tuple[str, Rating | str]]:
        """(the digest of the model that rated it, its rating or why it has none) of each text."""
        found = routed(texts, languages, self._rater_of, self._opened)
        return [(rater.source.digest, rating) for rater, rating in found]

    def _rater_of(self, language: str | None) -> RaterSource:
        return self._by_language.get(language or "", self._default)

    def _opened(self, rater: RaterSource) -> RateTexts:
        if rater not in self._open:
            self._open[rater] = rater.open(self._run)
        return self._open[rater]


def rate_documents(raters: Raters, carried: Sequence[str], schema: StructType) -> MapInArrow:
    """Documents (the `carried` columns, language, text) -> rows of `schema`: ratings, one for one."""
    arrow = arrow_schema(schema)

    def rate(batches: Batches) -> Batches:
        yield from batched((row for batch in batches for row in rated(batch.to_pylist())), arrow)

    def rated(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        found = raters([row["text"] for row in rows], [row["language"] for row in rows])
        for row, (digest, rating) in zip(rows, found, strict=True):
            given = {**{name: row[name] for name in carried}, "model": digest}
            if isinstance(rating, str):
                yield {**given, "keep": False, "reason": FAILED, "detail": rating}
            else:
                yield {**given, **_rating_columns(rating), "keep": True}

    return rate


def _rating_columns(rating: Rating) -> dict[str, Any]:
    named = dict(zip(CRITERIA, rating.scores, strict=True))
    same = ("domain", "domain_probability", "edu", "format", "confidence", "tokens", "expected")
    return {**named, **{name: getattr(rating, name) for name in same}}
