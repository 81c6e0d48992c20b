"""Similarities of pairs of documents, from their stored signatures."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from jobs.runtime.stage import Workspace
from udfs.columns.signatures import compare_pairs


def similarities(
    name: str, pairs: DataFrame, new: DataFrame, everyone: DataFrame, work: Workspace, *, exact: bool
) -> DataFrame:
    """Distinct (a, b, ...) -> the same with `similarity`: the estimate from the signatures of documents a and b, or
    with `exact` the Jaccard similarity of their shingle hashes. `new` and `everyone` have the columns of `signatures`;
    a is among the first, b among the second.

    The pairs are written down, under `name`, with what is compared of a. So Spark knows how few they are, and sends
    them to where the other signatures are, which it passes over once; where they are many it makes a Bloom filter of
    them, so that no signature moves that no pair needs.
    """
    content = "shingle_hashes" if exact else "signature"
    lefts = new.select(F.col("id").alias("a"), F.col(content).alias("left"))
    with_left = only_filtered(work.write(name, pairs.join(lefts, "a")))
    rights = everyone.select(F.col("id").alias("b"), F.col(content).alias("right"))
    schema = StructType(with_left.drop("left").schema.fields).add("similarity", "double")
    return rights.join(with_left, "b").mapInArrow(compare_pairs(exact, schema), schema)


def only_filtered(pairs: DataFrame) -> DataFrame:
    """All of these. Spark makes a Bloom filter of written rows only, and only of rows that a comparison filtered."""
    return pairs.where("a != b")
