"""Documents between stages: who is left, their short id, and the order that decides who is kept."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.catalog import POSITION

# What comes first is kept: older pages before newer ones, and then an order that no partitioning can change.
ORDER = ("fetched_at", "doc_id", "file", "offset")


def short_id() -> Column:
    """A document in eight bytes, for shuffles that carry nothing else.

    Two documents share one with odds of n^2 / 2^65 among n, so about 3 pairs among 10^10: to the stages that use it
    they are one document, and a verdict on one is a verdict on both.
    """
    return F.xxhash64(*POSITION).alias("id")


def in_order() -> tuple[Column, ...]:
    """ORDER as columns to sort by; pages without a date come after those with one."""
    first, *others = ORDER
    return (F.col(first).asc_nulls_last(), *(F.col(name) for name in others))


def only_survivors(screened: DataFrame, duplicates: DataFrame) -> DataFrame:
    """Rows of `screened` that were kept, and that no row of `duplicates` rejects."""
    rejected = duplicates.where(~F.col("keep")).select(*POSITION)
    return screened.where("keep").join(rejected, list(POSITION), "left_anti")
