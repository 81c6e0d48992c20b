"""Buckets: which documents are linked because they share a band key and are similar.

The definition is `link` of `udfs/dedup/near_duplicates.py`, which goes document by document. Here it goes round by
round: in round r every document that is still open in a bucket is compared with the bucket's r-th representative, which
is an earlier batch's, or else the first document still open. So a round sorts rows of 20 bytes once, compares each
distinct pair once, and hands only failures to the next.
"""

from typing import NamedTuple

from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from jobs.catalog import BANDS, DUPLICATES, SIGNATURES
from jobs.minhash.pairs import similarities
from jobs.minhash.settings import VerifySettings
from jobs.runtime.stage import Workspace


class History(NamedTuple):
    """Rows of `bands`, `signatures` and `duplicates` (of this stage) of earlier batches."""

    bands: DataFrame
    signatures: DataFrame
    places: DataFrame
    is_empty: bool = False


def no_history(spark: SparkSession) -> History:
    """What the first batch has."""
    bands, signatures, places = (spark.createDataFrame([], table.ddl) for table in (BANDS, SIGNATURES, DUPLICATES))
    return History(bands, signatures, places, is_empty=True)


def to_history(bands: DataFrame, signatures: DataFrame, places: DataFrame) -> History:
    """The history; where there is no file of it, it is known to be empty."""
    return History(bands, signatures, places) if bands.inputFiles() else no_history(bands.sparkSession)


class Links(NamedTuple):
    """What the buckets gave.

    edges            (a, b, b_batch, is_past, similarity), distinct: document a is similar to representative b, which is
                     an earlier batch's where is_past
    representatives  rows of `bands`: what later batches are compared with
    """

    edges: DataFrame
    representatives: DataFrame


class _Round(NamedTuple):
    tried: DataFrame  # (key, id, batch, b, b_batch): the document against the representative, b null for a new one
    verified: DataFrame  # (a, b, b_batch, is_past, similarity)


def link(signed: DataFrame, history: History, settings: VerifySettings, work: Workspace) -> Links:
    """`signed`: rows of `signatures` of the batch that have one."""
    keys = signed.select("id", "batch", F.explode("band_keys").alias("key"))
    if history.is_empty:
        known, everyone = history.bands, signed
    else:
        keys = work.write("keys", keys)
        known, everyone = work.write("known", only_of_keys(history.bands, keys)), signed.unionByName(history.signatures)
    rounds: list[_Round] = []
    open_rows = keys
    for number in range(1, settings.representatives + 1):
        tried = work.write(f"tried_{number}", to_round(open_rows, known, number))
        exact = settings.by == "shingles"
        verified = similarities(f"pairs_{number}", to_pairs(tried), signed, everyone, work, exact=exact)
        rounds.append(_Round(tried, work.write(f"verified_{number}", verified)))
        failed = rounds[-1].verified.where(F.col("similarity") < settings.at_least)
        if failed.isEmpty():
            break
        open_rows = tried.transform(only_failed, failed)
    return Links(to_edges(rounds, settings), to_representatives(rounds))


def only_of_keys(past: DataFrame, keys: DataFrame) -> DataFrame:
    """Representatives of earlier batches in buckets that the new documents fall into.

    A semi-join: the new keys go to where the history is, as a whole where they are few, else as a Bloom filter that
    Spark makes of them, so that of the history only hits are shuffled. It makes one of written rows only, and only of
    rows that were filtered by a comparison.
    """
    new = keys.where("batch > 0").select("key")
    return past.join(new, "key", "left_semi").select("key", "id", "batch", "representative")


def to_round(open_rows: DataFrame, known: DataFrame, number: int) -> DataFrame:
    """(key, id, batch, b, b_batch) of each document in each bucket where it is still open: b is the bucket's
    representative of that number, null where the document becomes that itself."""
    theirs = known.where(F.col("representative") == number).select(
        "key", F.col("id").alias("past_b"), F.col("batch").alias("past_batch")
    )
    first = F.min("id").over(Window.partitionBy("key"))
    return (
        open_rows.join(theirs, "key", "left")
        .withColumn("b", F.coalesce("past_b", first))
        .withColumn("b_batch", F.coalesce("past_batch", "batch"))
        .select("key", "id", "batch", F.expr("nullif(b, id)").alias("b"), "b_batch")
    )


def to_pairs(tried: DataFrame) -> DataFrame:
    """(a, b, b_batch, is_past), distinct: each document and representative that are to be compared."""
    is_past = (F.col("b_batch") < F.col("batch")).alias("is_past")
    return tried.where("b IS NOT NULL").select(F.col("id").alias("a"), "b", "b_batch", is_past).distinct()


def only_failed(tried: DataFrame, failed: DataFrame) -> DataFrame:
    """(key, id, batch) of documents that were compared in vain, by pairs (a, b)."""
    pairs = failed.select(F.col("a").alias("id"), "b")
    return tried.join(pairs, ["id", "b"], "left_semi").select("key", "id", "batch")


def to_edges(rounds: list[_Round], settings: VerifySettings) -> DataFrame:
    """The pairs of all rounds that are similar enough."""
    edges = rounds[0].verified
    for later in rounds[1:]:
        edges = edges.unionByName(later.verified)
    similar = edges.where(F.col("similarity") >= settings.at_least)
    return similar.dropDuplicates(["a", "b"]) if len(rounds) > 1 else similar


def to_representatives(rounds: list[_Round]) -> DataFrame:
    """Rows of `bands`: in each round, those that had nobody to be compared with."""
    parts = [
        one.tried.where("b IS NULL").select("key", "id", "batch", F.lit(number).alias("representative"))
        for number, one in enumerate(rounds, 1)
    ]
    rows = parts[0]
    for later in parts[1:]:
        rows = rows.unionByName(later)
    return rows
