"""Rating by an ONNX model."""

from typing import Any

from pyspark.sql.types import StructType

from udfs.columns.batches import Batches, MapInArrow, arrow_schema, batched
from udfs.models.criteria import CRITERIA
from udfs.models.manifest import ModelError, model_digest
from udfs.models.rater import Rating, load_rater
from udfs.text.rules import FAILED


def rate_documents(model: str, digest: str, threads: int, carried: tuple[str, ...], schema: StructType) -> MapInArrow:
    """Documents (the `carried` columns and text) -> rows of `schema`: ratings by the model in the folder `model`.

    The model is loaded on the first batch of a worker and kept under its digest for all later tasks of that worker.
    """
    arrow = arrow_schema(schema)

    def rate(batches: Batches) -> Batches:
        if model_digest(model) != digest:
            raise ModelError(
                f"{model} on this executor is another model than the driver's; copy the same folder to every machine."
            )
        rater = load_rater(model, threads)
        for batch in batches:
            rows = batch.to_pylist()
            ratings = rater([row["text"] for row in rows])
            yield from batched((one(row, rating) for row, rating in zip(rows, ratings, strict=True)), arrow)

    def one(row: dict[str, Any], rating: Any) -> dict[str, Any]:
        given = {**{name: row[name] for name in carried}, "model": digest}
        if isinstance(rating, str):
            return {**given, "keep": False, "reason": FAILED, "detail": rating}
        return {**given, **_rating_columns(rating), "keep": True}

    return rate


def _rating_columns(rating: Rating) -> dict[str, Any]:
    named = dict(zip(CRITERIA, rating.scores, strict=True))
    same = ("domain", "domain_probability", "edu", "format", "confidence", "tokens", "expected")
    return {**named, **{name: getattr(rating, name) for name in same}}
