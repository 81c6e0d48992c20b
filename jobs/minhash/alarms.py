"""Alarms: what a set of clusters should never look like. They stop the stage before it commits, with the evidence.

Users of other systems report clusters that swallow whole sources, and learn of it from the corpus (marin issue 6854:
859,091 of 859,092 documents in one cluster).
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.minhash.settings import AlarmSettings
from jobs.runtime.errors import StageFailed


def check_clusters(clustered: DataFrame, settings: AlarmSettings) -> None:
    """Raises StageFailed where a cluster has too many of the batch's documents. `clustered` is what
    `jobs.minhash.keepers.to_clustered` gives."""
    sizes = clustered.groupBy("cluster").agg(
        F.count("*").alias("documents"), F.min("url").alias("low"), F.max("url").alias("high")
    )
    worst = sizes.where(F.col("documents") > settings.cluster_documents).orderBy(F.desc("documents"), "cluster").head(1)
    for row in worst:
        raise StageFailed(
            f"dedup_minhash: found {row.documents:,} documents in the cluster of {row.cluster} ({row.low} ... "
            f"{row.high}), expected at most {settings.cluster_documents:,}; nothing was committed. If they are alike "
            "raise dedup_minhash.alarms.cluster_documents, if not raise dedup_minhash.verify.similarity."
        )


def check_sources(documents: DataFrame, clustered: DataFrame, settings: AlarmSettings) -> None:
    """Raises StageFailed where a source loses too large a share of its documents in the batch."""
    source = F.col(settings.source)
    before = documents.groupBy(source.alias("source")).agg(F.count("*").alias("documents"))
    lost = clustered.where("NOT keep").groupBy(source.alias("source"))
    loss = before.join(lost.agg(F.count("*").alias("lost"), F.max("cluster").alias("example")), "source")
    enough = F.col("documents") >= settings.source_documents
    too_much = F.col("lost") > settings.source_loss_ratio * F.col("documents")
    for row in loss.where(enough & too_much).orderBy(F.desc("lost"), "source").head(1):
        raise StageFailed(
            f"dedup_minhash: found {row.lost:,} of the {row.documents:,} documents of {settings.source} {row.source} "
            f"to be near-duplicates (such as those of {row.example}), expected at most "
            f"{settings.source_loss_ratio:.0%}; nothing was committed. If they are, raise "
            "dedup_minhash.alarms.source_loss_ratio, if not dedup_minhash.verify.similarity."
        )
