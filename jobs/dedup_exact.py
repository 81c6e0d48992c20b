"""Exact dedup: of each URL the first version, and of each text among these the first document.

"First" is the oldest batch, then inside a batch the oldest `fetched_at` (none counts as newest), then doc_id, file and
offset. What an earlier batch kept stays kept, so a published document is never taken back. URLs are compared in normal
form (`udfs/crawl/urls.py`), texts with white space and case folded.

URLs go first and texts second because the order must not matter for what is lost: a later version of a page is dropped
by policy, whatever its text, and every text of a first version has exactly one keeper. With text first, a text could
lose its only keeper to an older version of the same URL. As only keys of earlier batches decide, a run batch by batch
keeps the same documents as one run over everything whose dates follow the batches.
"""

from pydantic import Field
from pyspark.sql import Column, DataFrame, Window, WindowSpec
from pyspark.sql import functions as F

from jobs.catalog import BATON_NAMES, DUPLICATES
from jobs.documents import in_order
from jobs.reasons import DuplicateReason
from udfs.columns.crawl import with_url_key
from udfs.settings import Section


class DedupExactSettings(Section):
    """Which exact comparisons are made."""

    by_url: bool = Field(True, description="keep one version of each URL")
    by_text: bool = Field(True, description="keep one document of each text")


def dedup_exact(screened: DataFrame, history: DataFrame, settings: DedupExactSettings) -> DataFrame:
    """Survivors of screening, and `duplicates` of earlier batches -> rows of `duplicates`, one for each survivor."""
    return (
        screened.where("keep")
        .transform(with_keys, settings)
        .transform(with_first_of_url, history)
        .transform(with_keeper_of_text, history)
        .transform(to_duplicates)
    )


def with_keys(documents: DataFrame, settings: DedupExactSettings) -> DataFrame:
    """Adds url_key and text_key. A document without a URL, or a comparison that is off, gets a key of its own: no
    match."""
    own = F.unhex(F.md5(F.concat_ws("\0", "file", "offset")))
    folded = F.trim(F.regexp_replace(F.lower("text"), r"(?U)\s+", " "))
    url_key = with_url_key("url") if settings.by_url else F.lit(None).cast("binary")
    text_key = F.unhex(F.md5(folded)) if settings.by_text else own
    return documents.select(*BATON_NAMES, url_key.alias("url_key"), text_key.alias("text_key"), own.alias("own_key"))


def with_first_of_url(documents: DataFrame, history: DataFrame) -> DataFrame:
    """Adds past_keeper (keeper of the URL in earlier batches, or null), url_group and is_version (true for all but a
    URL's first)."""
    past = history.where("url_key IS NOT NULL AND (method IS NULL OR method != 'url')").select(
        "url_key", F.col("keeper").alias("past_keeper")
    )
    group = F.coalesce("url_key", "own_key")
    return (
        documents.join(past, "url_key", "left")
        .withColumn("url_group", group)
        .withColumn("is_version", F.col("past_keeper").isNotNull() | (F.row_number().over(_first("url_group")) > 1))
    )


def with_keeper_of_text(documents: DataFrame, history: DataFrame) -> DataFrame:
    """Adds first_of_text (doc_id of the text's first document among URLs' first versions, earlier batches before this
    one) and is_copy."""
    past = history.where("keep").select("text_key", F.col("doc_id").alias("past_first"))
    among = _first("text_key", "is_version")
    return (
        documents.join(past, "text_key", "left")
        .withColumn("first_of_text", F.coalesce("past_first", F.first("doc_id").over(among)))
        .withColumn(
            "is_copy", ~F.col("is_version") & (F.col("past_first").isNotNull() | (F.row_number().over(among) > 1))
        )
    )


def to_duplicates(documents: DataFrame) -> DataFrame:
    """Onto the columns of `duplicates`. A later version's keeper is the keeper of its URL's first version, which may
    itself be a copy."""
    first_version = F.first("first_of_text").over(_first("url_group"))
    keeper = F.when(F.col("is_version"), F.coalesce("past_keeper", first_version)).otherwise(F.col("first_of_text"))
    rows = documents.withColumn("keeper", keeper)
    return rows.select(
        F.lit("dedup_exact").alias("stage"),
        *BATON_NAMES,
        (~F.col("is_version") & ~F.col("is_copy")).alias("keep"),
        _by_fate(DuplicateReason.DUPLICATE_URL, DuplicateReason.DUPLICATE_TEXT).alias("reason"),
        _by_fate("url", "exact").alias("method"),
        F.col("keeper").alias("cluster"),
        "keeper",
        F.lit(1.0).alias("similarity"),
        F.lit(None).cast("bigint").alias("id"),
        F.lit(None).cast("bigint").alias("keeper_id"),
        "url_key",
        "text_key",
    ).select(*DUPLICATES.column_names)


def _by_fate(version: str, copy: str) -> Column:
    return F.when(F.col("is_version"), version).when(F.col("is_copy"), copy)


def _first(*group: str) -> WindowSpec:
    """The documents of a group, the one to keep first."""
    return Window.partitionBy(*group).orderBy(*in_order())


if __name__ == "__main__":
    from jobs.runtime.cli import main_of_stage

    main_of_stage("dedup_exact")
