"""A batch of any size, in rounds of joins: linked, joined to clusters, and of each cluster one document kept."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.minhash.buckets import History, link
from jobs.minhash.keepers import Placed, to_clustered
from jobs.minhash.pairs import similarities
from jobs.minhash.settings import DedupMinhashSettings
from jobs.runtime.stage import Workspace


def in_rounds(
    documents: DataFrame, signed: DataFrame, history: History, settings: DedupMinhashSettings, work: Workspace
) -> Placed:
    """`documents`: the batch's documents with id, and with chars where the longest is kept; `signed`: their rows of
    `signatures`."""
    links = link(signed, history, settings.verify, work)
    edges = work.write("edges", links.edges)
    clustered = to_clustered(documents, edges, history.places, settings, work)
    clustered = work.write("clustered", clustered.transform(with_known_similarity, edges))
    others = clustered.where("keeper_id != id AND similarity IS NULL").select(
        F.col("id").alias("a"), F.col("keeper_id").alias("b")
    )
    everyone, exact = signed.unionByName(history.signatures), settings.verify.by == "shingles"
    measured = work.write("measured", similarities("others", others, signed, everyone, work, exact=exact))
    return Placed(clustered.transform(with_similarity, measured), links.representatives)


def with_known_similarity(clustered: DataFrame, edges: DataFrame) -> DataFrame:
    """And the `similarity` of each document to the keeper of its cluster; null where they were not compared."""
    known = edges.select(F.col("a").alias("id"), F.col("b").alias("keeper_id"), "similarity")
    return clustered.join(known, ["id", "keeper_id"], "left")


def with_similarity(clustered: DataFrame, measured: DataFrame) -> DataFrame:
    """And where they were not compared, what was measured since."""
    later = measured.select(F.col("a").alias("id"), F.col("similarity").alias("measured"))
    similarity = F.coalesce("similarity", "measured").alias("similarity")
    return clustered.join(later, "id", "left").select("id", "cluster", "keeper", "keeper_id", similarity)
