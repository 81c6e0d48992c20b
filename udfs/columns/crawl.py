"""Reading crawl files, and keys of URLs."""

import gc
import hashlib
from functools import cache

import pandas as pd
from pyspark.sql.pandas.functions import pandas_udf
from pyspark.sql.types import BinaryType, StructType

from udfs.columns.batches import Batches, MapInArrow, arrow_schema, batched
from udfs.crawl.pages import PageSettings, read_pages
from udfs.crawl.urls import normalise


def read_files(settings: PageSettings, schema: StructType) -> MapInArrow:
    """(path, bytes, crawl, batch) rows -> rows of `schema`, a struct column for each of documents, losses and files."""
    arrow = arrow_schema(schema)

    def read(batches: Batches) -> Batches:
        _spare_the_collector()
        rows = (row for batch in batches for row in batch.to_pylist())
        pages = (
            page for row in rows for page in read_pages(row["path"], row["bytes"], row["crawl"], row["batch"], settings)
        )
        yield from batched(({table: row} for table, row in pages), arrow)

    return read


@cache
def _spare_the_collector() -> None:
    """Python's cyclic collector need not go through what a worker has imported, again and again while pages make
    millions of objects, nor through a page's objects before they are gone by themselves: that was 3 % of a page's
    time."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pandas_udf(returnType=BinaryType())  # type: ignore[call-overload,untyped-decorator]  # stubs know no such call
def with_url_key(urls: pd.Series) -> pd.Series:
    """128-bit key of each URL in its normal form; null for null."""
    return urls.map(
        lambda url: None if url is None else hashlib.blake2b(normalise(url).encode(), digest_size=16).digest()
    )
