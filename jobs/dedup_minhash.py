"""Near-duplicates: signatures -> each document's place among those that are nearly the same, over all crawls.

Documents that share a band key are compared with the bucket's representatives (`jobs/minhash/buckets.py`), what is
similar enough is joined to clusters (`jobs/components.py`), and of each cluster one document is kept
(`jobs/minhash/keepers.py`); all of a small batch is one task's (`jobs/minhash/one_task.py`). What a new batch needs of
earlier ones is in `bands`, `signatures` and `duplicates`, so no text is read again. What comes out is defined in
`udfs/dedup/near_duplicates.py`, with the rule that says how far batches one by one equal one run over everything.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.catalog import BANDS, BATON_NAMES
from jobs.documents import short_id
from jobs.minhash.alarms import check
from jobs.minhash.buckets import to_history
from jobs.minhash.keepers import STAGE, is_keeper, to_places
from jobs.minhash.one_task import in_one_task, is_for_one_task, stored_here
from jobs.minhash.rounds import in_rounds
from jobs.minhash.settings import DedupMinhashSettings
from jobs.runtime.stage import Workspace
from jobs.runtime.table import Rows, as_frame


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
) -> dict[str, Rows]:
    """Signatures of a batch, its rows of `duplicates` so far, and what earlier batches left -> rows of `duplicates`,
    one for each document that was kept so far, and rows of `bands`."""
    documents = duplicates.where("keep").select(*BATON_NAMES, short_id())
    signed = signatures.where("signature IS NOT NULL")
    ranked = documents.join(signatures.select("id", "chars"), "id") if settings.keep == "longest" else documents
    stored = stored_here(signed, work)
    if is_for_one_task(signed, stored, settings):
        past = stored or to_history(past_bands, past_signatures, past_places)
        found = in_one_task(ranked, signed, past, settings, work)
        places = as_frame(found["duplicates"])
        check(places.select("cluster"), places.withColumn("is_lost", ~F.col("keep")), settings.alarms)
        return found
    history = to_history(past_bands, past_signatures, past_places)
    placed = in_rounds(ranked, signed, history, settings, work)
    lost = placed.members.withColumn("is_lost", ~is_keeper())
    check(placed.members.select("cluster"), documents.join(lost, "id", "left"), settings.alarms)
    return {
        "duplicates": documents.transform(to_places, placed.members),
        "bands": placed.representatives.select(*BANDS.column_names),
    }


if __name__ == "__main__":
    from jobs.runtime.cli import main_of_stage

    main_of_stage(STAGE)
