"""Screening: texts in, verdicts, signals and edits out."""

import pyarrow as pa
from pyspark.sql.types import StructType

from udfs.columns.batches import Batches, MapInArrow, arrow_schema, batch_of
from udfs.text.screener import Screener
from udfs.text.screening import ScreenSettings


def screen_documents(settings: ScreenSettings, carried: tuple[str, ...], schema: StructType) -> MapInArrow:
    """Documents (the `carried` columns, `url` among them, and text) -> rows of `schema`: verdict, signals, edits and
    the text of survivors. A batch out has the rows of a batch in."""
    arrow = arrow_schema(schema)

    def screened(batches: Batches) -> Batches:
        screener = Screener(settings)
        for batch in batches:
            columns = {name: batch.column(name) for name in carried}
            texts = batch.column("text").cast(pa.large_string())
            columns |= screener.columns(texts, columns["url"].to_pylist())
            yield batch_of(columns, arrow)

    return screened
