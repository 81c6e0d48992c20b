"""A small batch in one task: linked (`udfs/dedup/linking.py`) and placed (`udfs/dedup/placing.py`) over arrays.

What `jobs/minhash/buckets.py` and `jobs/minhash/keepers.py` do in joins, each of which costs a small batch more than
its rows do. The history is only filtered, where it lies, by the batch's keys.
"""

from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.minhash.buckets import History
from jobs.minhash.keepers import Placed, rank
from jobs.minhash.settings import DedupMinhashSettings
from jobs.runtime.stage import Workspace
from udfs.columns.linking import ROWS_IN, ROWS_OUT, Rules, place_batch


def in_one_task(
    documents: DataFrame, signed: DataFrame, history: History, settings: DedupMinhashSettings, work: Workspace
) -> Placed:
    """`documents`: the batch's documents with id, and with chars where the longest is kept; `signed`: their rows of
    `signatures`."""
    ranks = documents.select("id", F.struct(*rank(settings)).alias("rank"))
    contents = signed.select("id", "batch", "band_keys", F.col("signature").alias("content"))
    parts = [contents, ranks, *([] if history.is_empty else of_history(history, signed, work))]
    nothing = signed.sparkSession.createDataFrame([], ROWS_IN)
    rows = reduce(lambda one, other: one.unionByName(other, allowMissingColumns=True), parts, nothing)
    rules = Rules(settings.verify.at_least, settings.verify.representatives, settings.keep == "none")
    found = work.write("placed", rows.repartition(1).mapInArrow(place_batch(rules), ROWS_OUT))
    members = found.where("keys IS NULL").select("id", "cluster", "keeper", "keeper_id", "similarity")
    return Placed(members, found.select(F.explode("keys").alias("key"), "id", "batch", "representative"))


def of_history(history: History, signed: DataFrame, work: Workspace) -> list[DataFrame]:
    """Representatives in buckets that the batch's documents fall into, their places, and what they and the keepers of
    their clusters are compared by. What is looked for is little enough to go to where the history is."""
    keys = F.broadcast(signed.select(F.explode("band_keys").alias("key")))
    known = history.bands.join(keys, "key", "left_semi").select("key", "id", "batch", "representative")
    known = work.write("known", known)
    ids = known.select("id").distinct()
    places = history.places.join(F.broadcast(ids), "id", "left_semi").select("id", "cluster", "keeper", "keeper_id")
    places = work.write("places", places)
    compared = ids.union(places.select("keeper_id")).distinct()
    contents = history.signatures.join(F.broadcast(compared), "id", "left_semi")
    return [known, places, contents.select("id", F.col("signature").alias("content"))]
