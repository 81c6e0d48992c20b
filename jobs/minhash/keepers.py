"""Keepers: from edges to clusters, and of each cluster the document that is kept.

The definition is `place` of `udfs/dedup/near_duplicates.py`. Only documents that have an edge go through here; what an
earlier batch's document belongs to is looked up in the history of `duplicates`.
"""

from typing import NamedTuple

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.catalog import BATON_NAMES, DUPLICATES
from jobs.components import components
from jobs.documents import ORDER
from jobs.minhash.settings import DedupMinhashSettings
from jobs.reasons import DuplicateReason
from jobs.runtime.stage import Workspace
from udfs.columns.linking import Said

STAGE = "dedup_minhash"
SAID = Said(STAGE, DuplicateReason.NEAR_DUPLICATE.value, "minhash")


class Placed(NamedTuple):
    """What became of a batch.

    members          documents that share a cluster with another:
        id
        cluster      doc_id that names the cluster
        keeper       doc_id of the document that is kept; null where none is
        keeper_id    id of that document, or of the one the cluster is named after
        similarity   to that document; may be null where it is the document itself
    representatives  rows of `bands`: what later batches are compared with
    """

    members: DataFrame
    representatives: DataFrame


def to_clustered(
    documents: DataFrame, edges: DataFrame, places: DataFrame, settings: DedupMinhashSettings, work: Workspace
) -> DataFrame:
    """The batch's documents that share a cluster with another: the columns of `Placed.members`, but for `similarity`.

    `documents` has the batch's documents with id, and with chars where the longest is kept, `edges` are those of
    `jobs.minhash.buckets.Links`, `places` the rows of `duplicates` of this stage and earlier batches.
    """
    past = work.write("past", to_past(edges, places))
    joined = components(to_graph(edges, past), work.write, settings.components)
    members = documents.join(joined.withColumnRenamed("cluster", "component"), "id").join(to_oldest(past), "id", "left")
    component = Window.partitionBy("component")
    chosen = members.withColumns(
        {
            "founder": F.min(F.struct(*rank(settings), "id")).over(component),
            "oldest": F.min("oldest").over(component),
        }
    )
    in_past = F.col("oldest").isNotNull()
    return chosen.select(
        "id",
        F.when(in_past, F.col("oldest.cluster")).otherwise(F.col("founder.doc_id")).alias("cluster"),
        F.when(in_past, F.col("oldest.keeper")).otherwise(_kept(settings, "founder.doc_id")).alias("keeper"),
        F.when(in_past, F.col("oldest.keeper_id")).otherwise(F.col("founder.id")).alias("keeper_id"),
    )


def is_keeper() -> Column:
    """Of a member whether it is the document that is kept."""
    return F.col("keeper").isNotNull() & (F.col("keeper_id") == F.col("id"))


def to_past(edges: DataFrame, places: DataFrame) -> DataFrame:
    """(a, b, b_batch, cluster, keeper, keeper_id) of each edge to an earlier batch's document b, and what that belongs
    to."""
    to_earlier = edges.where("is_past").select("a", "b", "b_batch")
    theirs = places.select(F.col("id").alias("b"), "cluster", "keeper", "keeper_id")
    return theirs.join(to_earlier, "b").select("a", "b", "b_batch", "cluster", "keeper", "keeper_id")


def to_graph(edges: DataFrame, past: DataFrame) -> DataFrame:
    """(a, b): edges inside the batch, and to clusters of earlier batches, each of them one node."""
    inside = edges.where("NOT is_past").select("a", "b")
    return inside.union(past.select("a", F.xxhash64("cluster").alias("b")))


def rank(settings: DedupMinhashSettings) -> list[Column]:
    """What sorts the members of a cluster, the one to keep first."""
    place = F.array_position(F.array(*map(F.lit, settings.prefer)), F.col("crawl")) if settings.prefer else F.lit(0)
    preferred = F.when(place > 0, place).otherwise(len(settings.prefer) + 1).alias("preferred")
    undated = F.col("fetched_at").isNull().alias("undated")
    policy = {
        "newest": [undated, (-F.unix_micros("fetched_at")).alias("age")],
        "longest": [(-F.col("chars")).alias("shortness")],
        "first": [F.col("file").alias("place"), F.col("offset").alias("place_in_file")],
    }.get(settings.keep, [])
    return [preferred, *policy, undated.alias("is_undated"), *(F.col(name) for name in ORDER)]


def _kept(settings: DedupMinhashSettings, founder: str) -> Column:
    return F.lit(None).cast("string") if settings.keep == "none" else F.col(founder)


def to_oldest(past: DataFrame) -> DataFrame:
    """(id, oldest): of each document that is linked to earlier batches' representatives the oldest of them, and what
    that belongs to. The smallest of these over a component is the oldest representative it reaches."""
    oldest = F.min(F.struct("b_batch", "b", "cluster", "keeper", "keeper_id")).alias("oldest")
    return past.groupBy(F.col("a").alias("id")).agg(oldest)


def to_places(documents: DataFrame, members: DataFrame) -> DataFrame:
    """Rows of `duplicates` for all documents of the batch; most are alone."""
    rows = documents.join(members.withColumn("is_keeper", is_keeper()), "id", "left")
    alone = F.col("cluster").isNull()
    rows = rows.withColumn("is_kept", alone | F.col("is_keeper"))
    rejected = ~F.col("is_kept")
    return rows.select(
        F.lit(SAID.stage).alias("stage"),
        *BATON_NAMES,
        F.col("is_kept").alias("keep"),
        F.when(rejected, F.lit(SAID.reason)).alias("reason"),
        F.when(rejected, F.lit(SAID.method)).alias("method"),
        F.coalesce("cluster", "doc_id").alias("cluster"),
        F.when(alone, F.col("doc_id")).otherwise(F.col("keeper")).alias("keeper"),
        F.coalesce("similarity", F.lit(1.0)).alias("similarity"),
        "id",
        F.coalesce("keeper_id", "id").alias("keeper_id"),
        F.lit(None).cast("binary").alias("url_key"),
        F.lit(None).cast("binary").alias("text_key"),
    ).select(*DUPLICATES.column_names)
