"""Exact substring dedup: of a text that occurs twice or more in a batch, for 50 tokens or more, all copies but the
first are cut. Off by default.

`udfs/dedup/substrings.py` defines what is cut and says why it is found in this way. Here are the steps:

    texts     -> anchors     a few hashes for each text, with their places
              -> repeated    for each text the anchors that occur again
    texts     -> windows     where there is such an anchor: hashes of `tokens` tokens, with document and place
              -> repeats     windows that are not the first of their hash, joined to runs: the edits of each text

"First" is in the order fetched_at (nulls last), then doc_id (its first 64 bits), then id, the hash of file and offset:
the order of `jobs.documents`, but among copies of one record, which have one doc_id, where a hash decides. It is 8
bytes of each row that is sorted, and file and offset would be a hundred.

A batch is compared with itself only, not with earlier ones: the windows of all earlier texts would be more bytes than
the texts. The text is shuffled once, by id, for both passes, or not at all where the documents to leave out are few
enough to be sent to every executor.
"""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from jobs.catalog import EDITS, REPEATS
from jobs.documents import short_id
from udfs.columns.substrings import ANCHORS, WINDOWS, anchors_of, windows_of
from udfs.dedup.substrings import GAPS, REASON, SubstringSettings

_PLACE = tuple(name for name in REPEATS.column_names if name != "edits")
_LAST = 2**63 - 1
_SIGN = -(2**63)


def dedup_substring(screened: DataFrame, duplicates: DataFrame, settings: SubstringSettings) -> DataFrame:
    """Texts of `screened` that `duplicates` keeps -> rows of `repeats`, for documents that have something cut. Offsets
    are code points of the text in `screened`."""
    texts = to_texts(screened, duplicates)
    runs = (
        texts.transform(to_anchors, settings)
        .transform(only_repeated)
        .transform(to_windows, texts, settings)
        .transform(only_later, settings.tokens)
        .transform(to_runs, settings.tokens)
    )
    places = screened.where("keep").select(short_id(), *_PLACE)
    return runs.transform(to_edits).join(places, "id").select(*REPEATS.column_names)


def to_texts(screened: DataFrame, duplicates: DataFrame) -> DataFrame:
    """The texts that are compared: id, text, and fetched and doc, by which they are ordered. By id, because the second
    pass joins by it, and then finds the texts where they are."""
    fetched = F.coalesce(F.unix_micros("fetched_at"), F.lit(_LAST))
    doc = F.conv(F.substring("doc_id", 1, 16), 16, -10).cast("bigint").bitwiseXOR(F.lit(_SIGN))
    kept = screened.where("keep").select(
        short_id(), fetched.alias("fetched"), F.coalesce(doc, F.lit(_LAST)).alias("doc"), "text"
    )
    return kept.join(duplicates.where(~F.col("keep")).select(short_id()), "id", "left_anti")


def to_anchors(texts: DataFrame, settings: SubstringSettings) -> DataFrame:
    """A row for each anchor: anchor, id, position."""
    return texts.mapInArrow(anchors_of(settings), from_arrow_schema(ANCHORS))


def only_repeated(anchors: DataFrame) -> DataFrame:
    """The anchors that occur more than once, by id: id, positions (in no order)."""
    copies = F.count("*").over(Window.partitionBy("anchor"))
    repeated = anchors.withColumn("copies", copies).where("copies > 1")
    return repeated.groupBy("id").agg(F.collect_list("position").alias("positions"))


def to_windows(repeated: DataFrame, texts: DataFrame, settings: SubstringSettings) -> DataFrame:
    """A row for each window that may be a repeat or the first copy of one."""
    return texts.join(repeated, "id").mapInArrow(windows_of(settings), from_arrow_schema(WINDOWS))


def only_later(windows: DataFrame, tokens: int) -> DataFrame:
    """The windows that are repeats: id, position, left, right."""
    copies = Window.partitionBy("high", "low").orderBy("fetched", "doc", "id", "position")
    so_far = copies.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    is_later = (F.col("first_id") != F.col("id")) | (F.col("first_position") + tokens <= F.col("position"))
    return (
        windows.withColumns(  # not one struct: it would be made before the shuffle, and go through it
            {"first_id": F.first("id").over(so_far), "first_position": F.first("position").over(so_far)}
        )
        .where(is_later)
        .select("id", "position", "left", "right")
    )


def to_runs(repeats: DataFrame, tokens: int) -> DataFrame:
    """Windows of a document that overlap or touch, as one row: id, left, right."""
    in_order = Window.partitionBy("id").orderBy("position")
    so_far = in_order.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    gap = F.col("position") - F.lag("position").over(in_order)
    return (
        repeats.withColumn("begins", F.coalesce((gap > tokens).cast("int"), F.lit(0)))
        .withColumn("run", F.sum("begins").over(so_far))
        .groupBy("id", "run")
        .agg(F.min("left").alias("left"), F.max("right").alias("right"))
    )


def to_edits(runs: DataFrame) -> DataFrame:
    """The edits of each document: id, edits. A side is four times the offset, and the level of the gap there."""
    left_level, right_level = (F.col(side).bitwiseAND(3).cast("int") for side in ("left", "right"))
    inside = F.element_at(F.array(*map(F.lit, GAPS)), F.greatest(left_level, right_level) + 1)
    edit = F.struct(
        F.shiftright("left", 2).cast("int").alias("start"),
        F.shiftright("right", 2).cast("int").alias("end"),
        F.when((left_level == 0) | (right_level == 0), "").otherwise(inside).alias("replacement"),
        F.lit(REASON).alias("reason"),
    )
    return runs.groupBy("id").agg(F.array_sort(F.collect_list(edit)).cast(EDITS).alias("edits"))


if __name__ == "__main__":
    from jobs.runtime.cli import main_of_stage

    main_of_stage("dedup_substring")
