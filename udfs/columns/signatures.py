"""MinHash: texts in, signatures out; pairs of signatures in, similarities out."""

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql.types import StructType

from udfs.columns.batches import Batches, MapInArrow, arrow_schema, batch_of
from udfs.dedup.shingles import ShingleSettings
from udfs.dedup.signer import Signer
from udfs.dedup.similarity import estimates, jaccards


def sign_texts(
    shingles: ShingleSettings, banding: str, seed: int, keep_shingles: bool, schema: StructType
) -> MapInArrow:
    """(id, batch, text) rows -> rows of `schema`: signatures with their band keys. A batch out has the rows of a batch
    in."""
    arrow = arrow_schema(schema)

    def sign(batches: Batches) -> Batches:
        signer = Signer(shingles, banding, seed, keep_shingles)
        for batch in batches:
            columns = {name: batch.column(name) for name in ("id", "batch")}
            texts = batch.column("text").cast(pa.large_string())
            columns |= {"chars": pc.utf8_length(texts), **signer.columns(texts)}
            yield batch_of(columns, arrow)

    return sign


def compare_pairs(exact: bool, schema: StructType) -> MapInArrow:
    """(a, b, left, right, ...) rows -> rows of `schema`: the others of these columns, and `similarity`. `left` and
    `right` are stored signatures, or with `exact` sorted shingle hashes."""
    arrow = arrow_schema(schema)
    measure = jaccards if exact else estimates

    def compare(batches: Batches) -> Batches:
        for batch in batches:
            similarity = pa.array(measure(batch.column("left"), batch.column("right")))
            columns = [similarity if name == "similarity" else batch.column(name) for name in arrow.names]
            yield pa.RecordBatch.from_arrays(columns, schema=arrow)

    return compare
