"""Near-duplicates: signatures -> each document's place among those that are nearly the same, over all crawls.

Documents that share a band key are compared with the bucket's representatives (`jobs/minhash/buckets.py`), what is
similar enough is joined to clusters (`jobs/components.py`), and of each cluster one document is kept
(`jobs/minhash/keepers.py`). What a new batch needs of earlier ones is in `bands`, `signatures` and `duplicates`, so no
text is read again. What comes out is defined in `udfs/dedup/near_duplicates.py`, with the rule that says how far
batches one by one equal one run over everything.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.catalog import BANDS, BATON_NAMES, DUPLICATES
from jobs.documents import short_id
from jobs.minhash.alarms import check_clusters, check_sources
from jobs.minhash.buckets import link
from jobs.minhash.keepers import to_clustered
from jobs.minhash.pairs import similarities
from jobs.minhash.settings import DedupMinhashSettings
from jobs.reasons import DuplicateReason
from jobs.runtime.stage import Workspace
from jobs.runtime.threads import at_once

STAGE = "dedup_minhash"


def session_conf(settings: DedupMinhashSettings) -> dict[str, str]:
    """Joins send the smaller side to where the other is, as far as that is small; beyond, Spark filters a history of
    more than a gigabyte by a Bloom filter of the new keys before it moves any of it."""
    return {
        "spark.sql.autoBroadcastJoinThreshold": str(256 << 20),
        "spark.sql.optimizer.runtime.bloomFilter.enabled": "true",
        "spark.sql.optimizer.runtime.bloomFilter.applicationSideScanSizeThreshold": str(1 << 30),
        "spark.sql.optimizer.runtime.bloomFilter.creationSideThreshold": str(1 << 40),
        "spark.sql.optimizer.runtime.bloomFilter.maxNumItems": str(200_000_000),
        "spark.sql.optimizer.runtime.bloomFilter.maxNumBits": str(1 << 31),
    }


def dedup_minhash(
    signatures: DataFrame,
    duplicates: DataFrame,
    past_signatures: DataFrame,
    past_bands: DataFrame,
    past_places: DataFrame,
    settings: DedupMinhashSettings,
    work: Workspace,
) -> dict[str, DataFrame]:
    """Signatures of a batch, its rows of `duplicates` so far, and what earlier batches left -> rows of `duplicates`,
    one for each document that was kept so far, and rows of `bands`."""
    documents = duplicates.where("keep").select(*BATON_NAMES, short_id())
    signed = signatures.where("signature IS NOT NULL")
    links = link(signed, past_bands, past_signatures, settings.verify, work)
    if links.most_edges is None:
        links = links._replace(edges=work.write("edges", links.edges))
    ranked = documents.join(signatures.select("id", "chars"), "id") if settings.keep == "longest" else documents
    clustered = to_clustered(ranked, links, past_places, settings, work)
    clustered = work.write("clustered", clustered.transform(with_known_similarity, links.edges))
    others = clustered.where("keeper_id != id AND similarity IS NULL").select(
        F.col("id").alias("a"), F.col("keeper_id").alias("b")
    )
    everyone, exact = signed.unionByName(past_signatures), settings.verify.by == "shingles"
    _, _, measured = at_once(
        lambda: check_clusters(clustered, settings.alarms),
        lambda: check_sources(documents, clustered, settings.alarms),
        lambda: work.write("measured", similarities("others", others, signed, everyone, work, exact=exact)),
    )
    return {
        "duplicates": documents.transform(to_places, clustered, measured),
        "bands": links.representatives.select(*BANDS.column_names),
    }


def with_known_similarity(clustered: DataFrame, edges: DataFrame) -> DataFrame:
    """And the `similarity` of each document to the keeper of its cluster; null where they were not compared."""
    known = edges.select(F.col("a").alias("id"), F.col("b").alias("keeper_id"), "similarity")
    return clustered.join(known, ["id", "keeper_id"], "left")


def to_places(documents: DataFrame, clustered: DataFrame, measured: DataFrame) -> DataFrame:
    """Rows of `duplicates` for all documents of the batch; most are alone."""
    places = clustered.select("id", "cluster", "keeper", "keeper_id", "similarity", F.col("keep").alias("is_keeper"))
    later = measured.select(F.col("a").alias("id"), F.col("similarity").alias("measured"))
    alone = F.col("cluster").isNull()
    rows = documents.join(places, "id", "left").join(later, "id", "left")
    rows = rows.withColumn("is_kept", alone | F.col("is_keeper"))
    rejected = ~F.col("is_kept")
    return rows.select(
        F.lit(STAGE).alias("stage"),
        *BATON_NAMES,
        F.col("is_kept").alias("keep"),
        F.when(rejected, F.lit(DuplicateReason.NEAR_DUPLICATE.value)).alias("reason"),
        F.when(rejected, F.lit("minhash")).alias("method"),
        F.coalesce("cluster", "doc_id").alias("cluster"),
        F.when(alone, F.col("doc_id")).otherwise(F.col("keeper")).alias("keeper"),
        F.coalesce("similarity", "measured", F.lit(1.0)).alias("similarity"),
        "id",
        F.coalesce("keeper_id", "id").alias("keeper_id"),
        F.lit(None).cast("binary").alias("url_key"),
        F.lit(None).cast("binary").alias("text_key"),
    ).select(*DUPLICATES.column_names)


if __name__ == "__main__":
    from jobs.runtime.cli import main_of_stage

    main_of_stage(STAGE)
