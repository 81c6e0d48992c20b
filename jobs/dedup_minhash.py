"""Near-duplicates: signatures -> each document's place among those that are nearly the same, over all crawls.

Documents that share a band key are compared with the bucket's representatives (`jobs/minhash/buckets.py`), what is
similar enough is joined to clusters (`jobs/components.py`), and of each cluster one document is kept
(`jobs/minhash/keepers.py`); all of a small batch is one task's (`jobs/minhash/one_task.py`). What a new batch needs of
earlier ones is in `bands`, `signatures` and `duplicates`, so no text is read again. What comes out is defined in
`udfs/dedup/near_duplicates.py`, with the rule that says how far batches one by one equal one run over everything.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.catalog import BANDS, BATON_NAMES, DUPLICATES
from jobs.documents import short_id
from jobs.minhash.alarms import check
from jobs.minhash.buckets import History, no_history
from jobs.minhash.keepers import is_keeper
from jobs.minhash.one_task import in_one_task
from jobs.minhash.rounds import in_rounds
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
    ranked = documents.join(signatures.select("id", "chars"), "id") if settings.keep == "longest" else documents
    has_past, is_small = at_once(past_bands.inputFiles, lambda: is_for_one_task(signed, settings))
    past = History(past_bands, past_signatures, past_places)
    history = past if has_past else no_history(signatures.sparkSession)
    placed = (in_one_task if is_small else in_rounds)(ranked, signed, history, settings, work)
    check(documents, placed.members, settings.alarms)
    return {
        "duplicates": documents.transform(to_places, placed.members),
        "bands": placed.representatives.select(*BANDS.column_names),
    }


def is_for_one_task(signed: DataFrame, settings: DedupMinhashSettings) -> bool:
    """Whether the batch is small. Shingles of long texts are megabytes, so where they are compared none is."""
    most = min(settings.verify.one_task_keys, settings.components.one_task_edges)
    if not most or settings.verify.by == "shingles":
        return False
    (found,) = signed.agg(F.sum(F.size("band_keys")).alias("keys")).collect()
    return (found.keys or 0) <= most


def to_places(documents: DataFrame, members: DataFrame) -> DataFrame:
    """Rows of `duplicates` for all documents of the batch; most are alone."""
    rows = documents.join(members.withColumn("is_keeper", is_keeper()), "id", "left")
    alone = F.col("cluster").isNull()
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
        F.coalesce("similarity", F.lit(1.0)).alias("similarity"),
        "id",
        F.coalesce("keeper_id", "id").alias("keeper_id"),
        F.lit(None).cast("binary").alias("url_key"),
        F.lit(None).cast("binary").alias("text_key"),
    ).select(*DUPLICATES.column_names)


if __name__ == "__main__":
    from jobs.runtime.cli import main_of_stage

    main_of_stage(STAGE)
