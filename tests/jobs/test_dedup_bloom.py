"""Bloom dedup as a stage: what the definition gives for each shard's documents in order, batch after batch."""

from pathlib import Path
from random import Random

import pytest
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from jobs.catalog import BLOOM_SHARDS, DUPLICATES, EDITS, REPEATS, SCREENED
from jobs.dedup_bloom import DedupBloomSettings, dedup_bloom, numbers_by_partition
from jobs.documents import short_id
from jobs.runtime.errors import StageFailed
from tests.jobs.frames import rows_of
from tests.jobs.workspace import Folder
from udfs.dedup.bloom_modes import deduplicated, deduplicated_globally
from udfs.text.edits import Edit, apply, compose

pytestmark = pytest.mark.spark

SMALL = {"min_ngram": 3, "max_ngram": 3, "false_positive_rate": 1e-9, "expected_ngrams": 100_000}
SHARDED = DedupBloomSettings(**SMALL, shards=3)
CUT = Edit(0, 4, "", "repeated_substring")


def made_up(number: int, random: Random) -> list[tuple[int, str, int]]:
    """(offset, text, day): paragraphs that come again in other texts, also in parts."""
    paragraphs = [" ".join(random.choices([f"w{i}" for i in range(30)], k=random.randrange(1, 9))) for _ in range(40)]
    return [
        (offset, "\n".join(random.choices(paragraphs, k=random.randrange(5))) + f" é{offset}", random.randrange(4))
        for offset in range(number)
    ]


def screened(spark: SparkSession, texts: list[tuple[int, str, int]], batch: int) -> DataFrame:
    """Rows of `screened`."""
    rows = spark.createDataFrame(texts, "offset BIGINT, text STRING, day INT")
    fetched = "CASE WHEN day > 0 THEN timestamp_seconds(day) END"
    given = {"batch": str(batch), "doc_id": "printf('%04x', offset)", "fetched_at": fetched}
    return rows_of(SCREENED, rows, language_score="1", signals="map()", **given)


def repeats(documents: DataFrame) -> DataFrame:
    """Rows of `repeats`: the first four characters of every fifth document."""
    edit = F.array(F.struct(*(F.lit(value).alias(name) for name, value in CUT._asdict().items()))).cast(EDITS)
    cuts = documents.where("offset % 5 = 0 AND length(text) >= 4").withColumn("edits", edit)
    return cuts.select(*REPEATS.column_names)


def run(
    spark: SparkSession,
    batches: list[list[tuple[int, str, int]]],
    settings: DedupBloomSettings,
    folder: Path,
    partitions: int = 2,
) -> tuple[list[Row], list[Row]]:
    """All batches one after the other: rows of `deduplicated` and of `bloom_shards`."""
    work, kept = Folder(folder), []
    shards = spark.createDataFrame([], BLOOM_SHARDS.ddl)
    for number, texts in enumerate(batches, 1):
        documents = screened(spark, texts, number).repartition(partitions)
        rejected = spark.createDataFrame([], DUPLICATES.ddl)
        found = dedup_bloom(documents, repeats(documents), rejected, shards, settings, work)
        kept += found["deduplicated"].collect()
        shards = shards.unionByName(work.write("shards", found["bloom_shards"]))
    return kept, shards.collect()


def expected(
    spark: SparkSession, batches: list[list[tuple[int, str, int]]], settings: DedupBloomSettings
) -> dict[int, tuple[object, ...]]:
    """(keep, reason, edits, text, n-grams) by offset, by the definition with exact sets."""
    ids = {
        row.offset: row.id
        for number, texts in enumerate(batches, 1)
        for row in screened(spark, texts, number).select("offset", short_id()).collect()
    }
    seen: dict[int, set[object]] = {}
    found: dict[int, tuple[object, ...]] = {}
    for texts in batches:
        ordered = sorted(texts, key=lambda one: (one[2] == 0, one[2], one[0]))
        cuts = [[CUT] if offset % 5 == 0 and len(text) >= 4 else [] for offset, text, _ in ordered]
        left = [apply(text, cut) for (_, text, _), cut in zip(ordered, cuts, strict=True)]
        if settings.scope == "batch":
            verdicts = deduplicated_globally(left, settings)
        else:
            of_shard = [seen.setdefault(ids[offset] % settings.shards, set()) for offset, _, _ in ordered]
            verdicts = [deduplicated(text, settings, known) for text, known in zip(left, of_shard, strict=True)]
        for (offset, _, _), cut, text, one in zip(ordered, cuts, left, verdicts, strict=True):
            after = apply(text, one.edits) if one.reason is None else None
            reason = one.reason.value if one.reason else None
            found[offset] = (one.reason is None, reason, compose(cut, one.edits), after, one.ngrams, one.contained)
    return found


def as_expected(rows: list[Row]) -> dict[int, tuple[object, ...]]:
    return {
        row.offset: (
            row.keep,
            row.reason,
            tuple(Edit(*edit) for edit in row.edits),
            row.text,
            row.ngrams,
            row.contained,
        )
        for row in rows
    }


def test_the_stage_equals_the_definition_shard_by_shard_over_batches(spark: SparkSession, tmp_path: Path) -> None:
    texts = made_up(120, Random(1))
    batches = [texts[:50], texts[50:]]
    rows, shards = run(spark, batches, SHARDED, tmp_path)
    assert as_expected(rows) == expected(spark, batches, SHARDED)
    assert {row.shard for row in shards} == {0, 1, 2}
    assert {None, "seen_document"} <= {row.reason for row in rows}


@pytest.mark.parametrize("partitions", [1, 7])
def test_partitions_and_the_order_of_input_change_nothing(spark: SparkSession, tmp_path: Path, partitions: int) -> None:
    texts = made_up(60, Random(2))
    usual = [sorted(map(str, rows)) for rows in run(spark, [texts[:30], texts[30:]], SHARDED, tmp_path / "a")]
    mixed = [texts[29::-1], texts[:29:-1]]
    assert [sorted(map(str, rows)) for rows in run(spark, mixed, SHARDED, tmp_path / "b", partitions)] == usual


def test_the_scope_of_a_batch_needs_no_filter(spark: SparkSession, tmp_path: Path) -> None:
    settings = DedupBloomSettings(**SMALL, scope="batch")
    texts = made_up(80, Random(3))
    rows, shards = run(spark, [texts], settings, tmp_path)
    assert as_expected(rows) == expected(spark, [texts], settings)
    assert not shards


def test_switched_off_only_repeats_are_cut(spark: SparkSession, tmp_path: Path) -> None:
    texts = [(0, "abc def", 1), (1, "abc def", 1), (5, "   \n x", 1), (10, "abcd", 1)]
    rows, shards = run(spark, [texts], DedupBloomSettings(enabled=False), tmp_path)
    assert {row.offset: (row.keep, row.reason, row.text) for row in rows} == {
        0: (True, None, "def"),
        1: (True, None, "abc def"),
        5: (True, None, " x"),
        10: (False, "no_text", None),
    }
    assert not shards


def test_a_filter_that_is_too_full_stops_the_stage(spark: SparkSession, tmp_path: Path) -> None:
    settings = DedupBloomSettings(**SMALL | {"expected_ngrams": 40})
    texts = [(number, f"a{number} b{number} c{number} d{number}", 1) for number in range(15)]
    run(spark, [texts], settings, tmp_path / "few")
    more = [(number, f"a{number} b{number} c{number} d{number}", 1) for number in range(15, 30)]
    with pytest.raises(StageFailed, match=r"found \d+ n-grams in a shard, expected at most 40"):
        run(spark, [texts, more], settings, tmp_path / "many")


def test_primed_texts_count_as_seen_and_nothing_is_inserted(spark: SparkSession, tmp_path: Path) -> None:
    """Decontamination: a benchmark's text is cut from pages, and pages do not cut each other."""
    (tmp_path / "benchmark.jsonl").write_text('{"text": "how many legs has a spider of eight legs"}\n')
    settings = DedupBloomSettings(**SMALL, prime=(str(tmp_path / "benchmark.jsonl"),), update=False)
    page = "one two three four"
    texts = [(1, f"{page}\nhow many legs has a spider of eight legs\n{page}", 1), (2, page, 1)]
    rows, shards = run(spark, [texts], settings, tmp_path / "work")
    assert {row.offset: row.text for row in rows} == {1: f"{page}\n{page}", 2: page}
    assert not shards


@pytest.mark.parametrize("partitions", [1, 2, 7, 30])
def test_each_shard_has_a_partition_of_its_own(spark: SparkSession, partitions: int) -> None:
    numbers = spark.createDataFrame([(number,) for number in numbers_by_partition(partitions)], "number INT")
    rows = numbers.repartition(partitions, "number").select("number", F.spark_partition_id().alias("partition"))
    assert [row.number for row in rows.orderBy("partition").collect()] == numbers_by_partition(partitions)
    assert {row.partition for row in rows.collect()} == set(range(partitions))
