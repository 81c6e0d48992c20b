"""Similarities of pairs of documents, from their stored signatures."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from udfs.columns.signatures import compare_pairs

PAIR = StructType().add("a", "long").add("b", "long").add("similarity", "double")


def similarities(pairs: DataFrame, signed: DataFrame, *, exact: bool) -> DataFrame:
    """(a, b) -> (a, b, similarity): the estimate from the signatures of documents a and b, or with `exact` the Jaccard
    similarity of their shingle hashes. `signed` has the columns of `signatures`.

    Both sides are looked up in one pass over `signed`; with few pairs Spark sends them to where the signatures are, so
    that no signature moves that no pair needs.
    """
    sides = pairs.select(
        "a",
        "b",
        F.explode(
            F.array(
                F.struct(F.col("a").alias("id"), F.lit(True).alias("is_left")),
                F.struct(F.col("b").alias("id"), F.lit(False).alias("is_left")),
            )
        ).alias("side"),
    ).select("a", "b", "side.*")
    content = "shingle_hashes" if exact else "signature"
    both = (
        signed.select("id", F.col(content).alias("content"))
        .join(sides, "id")
        .groupBy("a", "b")
        .agg(
            F.max(F.when(F.col("is_left"), F.col("content"))).alias("left"),
            F.max(F.when(~F.col("is_left"), F.col("content"))).alias("right"),
        )
    )
    return both.mapInArrow(compare_pairs(exact, PAIR), PAIR)
