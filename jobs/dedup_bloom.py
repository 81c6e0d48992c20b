"""Bloom dedup: texts -> texts without what earlier documents said already (DCLM's BFF), as edits.

Documents are dealt to shards by hash. A shard is a Bloom filter of n-grams and the documents that it sees, one after
the other in an explicit order, in one task: so a run repeats exactly, whatever the partitions, and a filter is as large
as a task has memory for. What a batch adds to a filter goes into `bloom_shards`, as the bits that it set; the next
batch begins with the union of them. `udfs/dedup/bloom_modes.py` defines what is cut.

The rows of `deduplicated` carry the text on, so the stage runs also where it is switched off (`enabled: false`): then
it only takes out duplicates and the passages of `repeats`.
"""

from collections.abc import Mapping
from itertools import count
from typing import Literal

import mmh3
from pydantic import Field, model_validator
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from jobs.catalog import BATON_NAMES, BLOOM_SHARDS, DEDUPLICATED, POSITION
from jobs.documents import in_order, only_survivors, short_id
from jobs.runtime.errors import CorpusmillError, StageFailed
from jobs.runtime.stage import Workspace, by_table
from udfs.columns.bloom import cut_repeats, dedup_globally, dedup_shards, ngrams_of
from udfs.dedup.bloom import BloomSettings, check
from udfs.text.lists import list_digest

CARRIED = (*BATON_NAMES, "language")
NGRAM = "place BIGINT, window INT, position BIGINT, ngram BIGINT"


class DedupBloomSettings(BloomSettings):
    """What is cut, and the filters that find it."""

    enabled: bool = Field(True, description="false cuts nothing but the passages of `repeats`")
    scope: Literal["shards", "batch"] = Field(
        "shards",
        description="batch: no filter but a shuffle of all n-grams of a batch, the first of each wins; exact, for "
        "small data, and blind to earlier batches",
    )
    prime: tuple[str, ...] = Field(
        (), description="files of texts (any form that ingest reads) that count as seen, such as benchmarks"
    )

    @model_validator(mode="after")
    def _fits(self) -> "DedupBloomSettings":
        if self.enabled and self.scope == "shards":
            check(self)
        return self


def note(settings: DedupBloomSettings) -> str:
    """The filter's size, for `corpusmill plan`."""
    return str(check(settings))


def assets_of(settings: DedupBloomSettings) -> dict[str, str]:
    """Digests of the texts that count as seen."""
    try:
        return {path: list_digest(path) for path in settings.prime}
    except ValueError as error:
        raise CorpusmillError(f"dedup_bloom.prime: {error}.") from None


def dedup_bloom(
    screened: DataFrame,
    repeats: DataFrame,
    duplicates: DataFrame,
    past_shards: DataFrame,
    settings: DedupBloomSettings,
    work: Workspace,
) -> Mapping[str, DataFrame]:
    """Texts of `screened` that `duplicates` keeps, and the filters of earlier batches -> rows of `deduplicated`, one
    for each text, and of `bloom_shards`."""
    cuts = repeats.select(*POSITION, F.col("edits").alias("repeats"))
    texts = only_survivors(screened, duplicates).select(*CARRIED, "text").join(cuts, list(POSITION), "left")
    nothing = past_shards.limit(0)
    if not settings.enabled:
        rows = texts.mapInArrow(cut_repeats(CARRIED, DEDUPLICATED.schema), DEDUPLICATED.schema)
        return {"deduplicated": rows, "bloom_shards": nothing}
    if settings.scope == "batch":
        return {"deduplicated": texts.transform(to_globally_first, settings), "bloom_shards": nothing}
    schema = StructType().add("deduplicated", DEDUPLICATED.schema).add("bloom_shards", BLOOM_SHARDS.schema)
    dedup = dedup_shards(settings, settings.prime, CARRIED, schema)
    dealt = texts.transform(with_filters, past_shards, settings.shards).mapInArrow(dedup, schema)
    found = by_table(work.write("dealt", dealt), schema.names)
    check_load(past_shards, found["bloom_shards"], settings)
    return found


def with_filters(texts: DataFrame, past_shards: DataFrame, shards: int) -> DataFrame:
    """Documents and parts of filters, each shard in one task: its parts, and then its documents in order."""
    documents = texts.withColumn("shard", F.pmod(short_id(), F.lit(shards)).cast("int"))
    parts = past_shards.select("shard", "part", "bits")
    rows = documents.unionByName(parts, allowMissingColumns=True)
    slots = F.array(*(F.lit(number) for number in numbers_by_partition(shards)))
    return (
        rows.repartition(shards, F.element_at(slots, F.col("shard") + 1))
        .sortWithinPartitions("shard", F.col("part").isNull(), *in_order())
        .select("shard", "part", "bits", *CARRIED, "repeats", "text")
    )


def numbers_by_partition(partitions: int) -> list[int]:
    """For each partition a number that Spark's hash partitioning sends there (Murmur3 with seed 42, as mmh3 has it)."""
    found: dict[int, int] = {}
    for number in count():
        found.setdefault(mmh3.hash(number.to_bytes(4, "little"), 42) % partitions, number)
        if len(found) == partitions:
            return [found[partition] for partition in range(partitions)]
    raise AssertionError("count() does not end")


def check_load(past_shards: DataFrame, shards: DataFrame, settings: DedupBloomSettings) -> None:
    """Raises StageFailed where a filter holds more n-grams than it was made for: it would take new text for old."""
    size = check(settings)
    by_batch = past_shards.select("shard", "batch", "ngrams").unionByName(shards.select("shard", "batch", "ngrams"))
    loads = by_batch.groupBy("shard", "batch").agg(F.max("ngrams").alias("ngrams"))
    worst = loads.groupBy("shard").agg(F.sum("ngrams").alias("ngrams")).agg(F.max("ngrams").alias("ngrams")).head()
    if worst is not None and (worst.ngrams or 0) > size.ngrams:
        total = worst.ngrams * settings.shards
        raise StageFailed(
            f"dedup_bloom: found {worst.ngrams:,} n-grams in a shard, expected at most {size.ngrams:,}, beyond which "
            f"its false-positive rate is above {settings.false_positive_rate:g}; nothing was committed, raise "
            f"dedup_bloom.expected_ngrams above {total:,} for all batches together."
        )


def to_globally_first(texts: DataFrame, settings: DedupBloomSettings) -> DataFrame:
    """Rows of `deduplicated` where an n-gram counts as seen if any earlier place of the batch has it."""
    placed = texts.withColumn("place", F.row_number().over(Window.orderBy(*in_order())).cast("bigint"))
    of_ngram = Window.partitionBy("ngram").orderBy("place", "window", "position")
    seen = (
        placed.select("place", "repeats", "text")
        .mapInArrow(ngrams_of(settings), NGRAM)
        .withColumn("copy", F.row_number().over(of_ngram))
        .where("copy > 1")
        .groupBy("place", "window")
        .agg(F.count("*").alias("contained"))
        .groupBy("place")
        .agg(F.array_sort(F.collect_list(F.struct("window", "contained"))).alias("contained"))
    )
    dedup = dedup_globally(settings, CARRIED, DEDUPLICATED.schema)
    return (
        placed.join(seen, "place", "left")
        .select(*CARRIED, "contained", "repeats", "text")
        .mapInArrow(dedup, DEDUPLICATED.schema)
    )


if __name__ == "__main__":
    from jobs.runtime.cli import main_of_stage

    main_of_stage("dedup_bloom")
