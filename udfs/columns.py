"""The Spark surface: functions for `mapInArrow` and pandas UDFs, each one Arrow crossing of a stage.

The one module here that knows Spark or pandas. Each function takes plain, frozen settings, so that what travels in a
closure is small and has no handle in it; models are loaded inside, once for each worker. Rows leave in batches bounded
in bytes.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pandas as pd
import pyarrow as pa
from pyspark.sql.pandas.functions import pandas_udf
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import BinaryType, StructType

from udfs.crawl.pages import PageSettings, read_pages
from udfs.crawl.urls import normalise
from udfs.models.criteria import CRITERIA
from udfs.models.manifest import ModelError, model_digest
from udfs.models.rater import Rating, load_rater
from udfs.text.rules import FAILED
from udfs.text.screener import Screener
from udfs.text.screening import ScreenSettings

FLUSH_ROWS = 512
FLUSH_BYTES = 16 << 20  # one 100 MB page still makes a batch of its own, and no more

Batches = Iterator[pa.RecordBatch]
MapInArrow = Callable[[Batches], Batches]


def read_files(settings: PageSettings, schema: StructType) -> MapInArrow:
    """(path, bytes, crawl, batch) rows -> rows of `schema`, a struct column for each of documents, losses and files."""
    arrow = _arrow(schema)

    def read(batches: Batches) -> Batches:
        rows = (row for batch in batches for row in batch.to_pylist())
        pages = (
            page for row in rows for page in read_pages(row["path"], row["bytes"], row["crawl"], row["batch"], settings)
        )
        yield from _batched(({table: row} for table, row in pages), arrow)

    return read


def screen_documents(settings: ScreenSettings, carried: tuple[str, ...], schema: StructType) -> MapInArrow:
    """Documents (the `carried` columns, `url` among them, and text) -> rows of `schema`: verdict, signals, edits and
    the text of survivors. A batch out has the rows of a batch in."""
    arrow = _arrow(schema)

    def screened(batches: Batches) -> Batches:
        screener = Screener(settings)
        for batch in batches:
            columns = {name: batch.column(name) for name in carried}
            texts = batch.column("text").cast(pa.large_string())
            columns |= screener.columns(texts, columns["url"].to_pylist())
            yield pa.RecordBatch.from_arrays([columns[field.name].cast(field.type) for field in arrow], schema=arrow)

    return screened


def rate_documents(model: str, digest: str, threads: int, carried: tuple[str, ...], schema: StructType) -> MapInArrow:
    """Documents (the `carried` columns and text) -> rows of `schema`: ratings by the model in the folder `model`.

    The model is loaded on the first batch of a worker and kept under its digest for all later tasks of that worker.
    """
    arrow = _arrow(schema)

    def rate(batches: Batches) -> Batches:
        if model_digest(model) != digest:
            raise ModelError(
                f"{model} on this executor is another model than the driver's; copy the same folder to every machine."
            )
        rater = load_rater(model, threads)
        for batch in batches:
            rows = batch.to_pylist()
            ratings = rater([row["text"] for row in rows])
            yield from _batched((one(row, rating) for row, rating in zip(rows, ratings, strict=True)), arrow)

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


@pandas_udf(returnType=BinaryType())  # type: ignore[call-overload,untyped-decorator]  # stubs know no such call
def with_url_key(urls: pd.Series) -> pd.Series:
    """128-bit key of each URL in its normal form; null for null."""
    return urls.map(
        lambda url: None if url is None else hashlib.blake2b(normalise(url).encode(), digest_size=16).digest()
    )


def _arrow(schema: StructType) -> pa.Schema:
    return to_arrow_schema(schema, timezone="UTC", prefers_large_types=True)


def _batched(rows: Iterable[dict[str, Any]], schema: pa.Schema) -> Batches:
    """Rows as Arrow batches of at most FLUSH_ROWS rows and about FLUSH_BYTES bytes of text."""
    held: list[dict[str, Any]] = []
    held_bytes = 0
    for row in rows:
        held.append(row)
        held_bytes += _size(row)
        if len(held) >= FLUSH_ROWS or held_bytes >= FLUSH_BYTES:
            yield pa.RecordBatch.from_pylist(held, schema=schema)
            held, held_bytes = [], 0
    if held:
        yield pa.RecordBatch.from_pylist(held, schema=schema)


def _size(row: dict[str, Any]) -> int:
    inner = next(iter(row.values())) if len(row) == 1 else row
    return len(inner.get("text") or "")
