"""Alarms: what a set of clusters should never look like. They stop the stage before it commits, with the evidence.

Users of other systems report clusters that swallow whole sources, and learn of it from the corpus (marin issue 6854:
859,091 of 859,092 documents in one cluster).
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.minhash.settings import AlarmSettings
from jobs.runtime.errors import StageFailed
from jobs.runtime.threads import at_once


def check(clusters: DataFrame, fates: DataFrame, settings: AlarmSettings) -> None:
    """Raises StageFailed where a cluster, or a source's loss, is too large.

    `clusters` has the `cluster` of each of the batch's documents that shares one with another; of those that are alone
    it may have that too. `fates` has all of the batch's documents with their `cluster`, and `is_lost`; both may be null
    for one that is alone. The evidence is looked up only where there is a case.
    """
    at_once(lambda: check_clusters(clusters, fates, settings), lambda: check_sources(fates, settings))


def check_clusters(clusters: DataFrame, fates: DataFrame, settings: AlarmSettings) -> None:
    """Raises StageFailed where a cluster has too many of the batch's documents."""
    sizes = clusters.groupBy("cluster").agg(F.count("*").alias("documents"))
    worst = sizes.where(F.col("documents") > settings.cluster_documents).orderBy(F.desc("documents"), "cluster").head(1)
    for row in worst:
        found = fates.where(F.col("cluster") == row.cluster)
        ((low, high),) = found.agg(F.min("url"), F.max("url")).collect()
        raise StageFailed(
            f"dedup_minhash: found {row.documents:,} documents in the cluster of {row.cluster} ({low} ... "
            f"{high}), expected at most {settings.cluster_documents:,}; nothing was committed. If they are alike "
            "raise dedup_minhash.alarms.cluster_documents, if not raise dedup_minhash.verify.similarity."
        )


def check_sources(fates: DataFrame, settings: AlarmSettings) -> None:
    """Raises StageFailed where a source loses too large a share of its documents in the batch."""
    sources = fates.groupBy(F.col(settings.source).alias("source"))
    loss = sources.agg(F.count("*").alias("documents"), F.count_if("is_lost").alias("lost"))
    enough = F.col("documents") >= settings.source_documents
    too_much = F.col("lost") > settings.source_loss_ratio * F.col("documents")
    for row in loss.where(F.col("source").isNotNull() & enough & too_much).orderBy(F.desc("lost"), "source").head(1):
        lost = fates.where((F.col(settings.source) == row.source) & F.col("is_lost"))
        ((example,),) = lost.agg(F.max("cluster")).collect()
        raise StageFailed(
            f"dedup_minhash: found {row.lost:,} of the {row.documents:,} documents of {settings.source} {row.source} "
            f"to be near-duplicates (such as those of {example}), expected at most "
            f"{settings.source_loss_ratio:.0%}; nothing was committed. If they are, raise "
            "dedup_minhash.alarms.source_loss_ratio, if not dedup_minhash.verify.similarity."
        )
