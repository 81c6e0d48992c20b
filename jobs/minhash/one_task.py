"""A small batch in one task: linked (`udfs/dedup/linking.py`) and placed (`udfs/dedup/placing.py`) over arrays.

What `jobs/minhash/buckets.py` and `jobs/minhash/keepers.py` do in joins, each of which costs a small batch more than
its rows do. Where the task shares a disk with the tables it reads there itself what it needs of them; elsewhere the
history is filtered, where it lies, by the batch's keys, and sent to it.
"""

from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from jobs.catalog import BANDS, BATON_NAMES, DUPLICATES
from jobs.minhash.buckets import History
from jobs.minhash.keepers import SAID, rank
from jobs.minhash.settings import DedupMinhashSettings
from jobs.runtime.session import tasks_at_once
from jobs.runtime.stage import Workspace
from jobs.runtime.table import Rows
from udfs.columns.linking import ROWS_IN, Rules, Stored, place_batch
from udfs.columns.stored_rows import values_stored


def is_for_one_task(signed: DataFrame, stored: Stored | None, settings: DedupMinhashSettings) -> bool:
    """Whether the batch is small. Shingles of long texts are megabytes, so where they are compared none is."""
    most = min(settings.verify.one_task_keys, settings.components.one_task_edges)
    if not most or settings.verify.by == "shingles":
        return False
    if stored:
        return values_stored(stored.signed, "band_keys") <= most
    (found,) = signed.agg(F.sum(F.size("band_keys")).alias("keys")).collect()
    return (found.keys or 0) <= most


def in_one_task(
    documents: DataFrame,
    signed: DataFrame,
    past: History | Stored,
    settings: DedupMinhashSettings,
    work: Workspace,
) -> dict[str, Rows]:
    """Rows of `duplicates` and of `bands`.

    `documents`: the batch's documents with id, and with chars where the longest is kept; `signed`: their rows of
    `signatures`; `past`: the history, or where the task can read them the files of it and of `signed`.
    """
    own = documents.select("id", F.struct(*rank(settings)).alias("rank"), F.struct(*BATON_NAMES).alias("document"))
    sent = [] if isinstance(past, Stored) else of_tables(signed, past, work)
    nothing = signed.sparkSession.createDataFrame([], ROWS_IN)
    rows = reduce(lambda one, other: one.unionByName(other, allowMissingColumns=True), [own, *sent], nothing)
    rules = Rules(SAID, settings.verify.at_least, settings.verify.representatives, settings.keep == "none")
    schema = StructType().add("duplicates", DUPLICATES.schema).add("bands", BANDS.schema)
    placing = place_batch(rules, schema, past if isinstance(past, Stored) else None)
    return work.fill("placed", rows.repartition(1), placing, schema)


def stored_here(signed: DataFrame, work: Workspace) -> Stored | None:
    """The files of the batch's signatures and of its history; None where tasks cannot read them."""
    own = work.files("signatures")
    earlier = [work.files(name, past=True) for name in ("bands", "signatures", "duplicates")]
    if own is None or None in earlier:
        return None
    bands, signatures, places = (files or [] for files in earlier)
    return Stored(own, bands, signatures, places, tasks_at_once(signed.sparkSession))


def of_tables(signed: DataFrame, history: History, work: Workspace) -> list[DataFrame]:
    """The signatures of the batch; and representatives in buckets that its documents fall into, their places, and what
    they and the keepers of their clusters are compared by. What is looked for is little enough to go to where the
    history is."""
    contents = signed.select("id", "batch", "band_keys", F.col("signature").alias("content"))
    if history.is_empty:
        return [contents]
    keys = F.broadcast(signed.select(F.explode("band_keys").alias("key")))
    known = history.bands.join(keys, "key", "left_semi").select("key", "id", "batch", "representative")
    known = work.write("known", known)
    ids = known.select("id").distinct()
    places = history.places.join(F.broadcast(ids), "id", "left_semi").select("id", "cluster", "keeper", "keeper_id")
    places = work.write("places", places)
    compared = ids.union(places.select("keeper_id")).distinct()
    earlier = history.signatures.join(F.broadcast(compared), "id", "left_semi")
    return [contents, known, places, earlier.select("id", F.col("signature").alias("content"))]
