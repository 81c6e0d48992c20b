"""Sets that break dedup elsewhere: a page a million times, texts without words, one giant text, a long chain of shifted
texts, and Python workers that die in the middle. Each is survived, and the rows are exactly what they should be."""

from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from jobs.catalog import BANDS, BLOOM_SHARDS, DUPLICATES, REPEATS, SIGNATURES
from jobs.dedup_bloom import DedupBloomSettings, dedup_bloom
from jobs.dedup_minhash import dedup_minhash
from jobs.documents import short_id
from jobs.minhash.settings import AlarmSettings, DedupMinhashSettings
from jobs.sign import SignSettings
from tests.jobs.test_dedup_minhash import Text, defined, run, screened
from tests.jobs.workspace import Folder
from udfs.dedup.shingles import ShingleSettings

pytestmark = pytest.mark.spark

MILLION = 1_000_000
CHANGED = 1_000  # every so manieth copy has one word changed
NO_ALARM = AlarmSettings(cluster_documents=10 * MILLION, source_loss_ratio=1.0)
BLOOM = DedupBloomSettings(expected_ngrams=4_000_000, shards=2)

BLANK = ["", " ", "\n\t \n", "\u3000", "\x85\u2028"]
SHORT = [
    "one two three four",
    "One, two three\tfour!",
    "one two three",
    "!!!! ???? ....",
    "\u200b\u200b",
    "\u4e00\u4e8c",
]
LONG = "a b c d e f g h i j k l m n o p q r s t u v w x y z"


def copies(spark: SparkSession, number: int) -> tuple[DataFrame, DataFrame]:
    """One page many times, on a site of its own each: rows of `duplicates`, and of `signatures`. Where a word is
    changed, a band and eight values of the signature are."""
    pages = {
        "batch": "1",
        "crawl": "'c'",
        "doc_id": "printf('%07x', id)",
        "offset": "id",
        "file": "'f'",
        "keep": "true",
    }
    pages |= {"stage": "'dedup_exact'", "url": "concat('http://h', id, '/')", "host": "concat('h', id % 7)"}
    pages |= {"fetched_at": "timestamp_seconds(1)", "cluster": "''", "keeper": "''", "similarity": "1"}
    documents = spark.range(number).selectExpr(
        *(f"CAST({pages.get(column.name, 'NULL')} AS {column.type}) AS {column.name}" for column in DUPLICATES.columns)
    )
    is_changed = f"offset % {CHANGED} = 1"
    signed = {"batch": "1", "chars": "3000", "shingles": "496", "id": "id"}
    signed["band_keys"] = f"transform(sequence(0, 13), band -> IF({is_changed} AND band = 0, 1000 + offset, band))"
    signed["signature"] = f"unhex(concat(repeat(IF({is_changed}, 'ffff', '0a0b'), 8), repeat('0a0b', 104)))"
    columns = [f"CAST({signed.get(one.name, 'NULL')} AS {one.type}) AS {one.name}" for one in SIGNATURES.columns]
    return documents, documents.select("offset", short_id()).selectExpr(*columns)


@pytest.mark.slow
def test_of_a_million_copies_one_is_kept_after_a_million_comparisons(spark: SparkSession, tmp_path: Path) -> None:
    documents, signatures = copies(spark, MILLION)
    places, bands = spark.createDataFrame([], DUPLICATES.ddl), spark.createDataFrame([], BANDS.ddl)
    work, settings = Folder(tmp_path), DedupMinhashSettings(alarms=NO_ALARM)
    found = dedup_minhash(signatures, documents, signatures.limit(0), bands, places, settings, work)
    rows = work.write("duplicates", found["duplicates"])
    verdicts = rows.groupBy("keep", "reason", "cluster", "keeper", "similarity").count().collect()
    one, of_changed = "0000000", MILLION // CHANGED
    assert {tuple(row) for row in verdicts} == {
        (True, None, one, one, 1.0, 1),
        (False, "near_duplicate", one, one, 1.0, MILLION - of_changed - 1),
        (False, "near_duplicate", one, one, 104 / 112, of_changed),
    }
    assert rows.select("doc_id").distinct().count() == MILLION
    assert found["bands"].count() == 14 + of_changed
    assert [count_of(spark, folder) for folder in sorted(tmp_path.glob("*_pairs_*"))] == [MILLION - 1]


def count_of(spark: SparkSession, folder: Path) -> int:
    return spark.read.parquet(str(folder)).count()


def texts_of(*texts: str) -> list[Text]:
    """Documents in order: one a day."""
    return [Text(number, 1, text, number + 1) for number, text in enumerate(texts)]


def bloomed(
    spark: SparkSession, texts: list[Text], settings: DedupBloomSettings, work: Folder, partitions: int = 2
) -> tuple[DataFrame, DataFrame]:
    """Rows of `deduplicated` and `bloom_shards`."""
    none = [spark.createDataFrame([], table.ddl) for table in (REPEATS, DUPLICATES, BLOOM_SHARDS)]
    found = dedup_bloom(screened(spark, texts).repartition(partitions), *none, settings, work)
    return found["deduplicated"], found["bloom_shards"]


@pytest.mark.parametrize("short", ["exact", "whole"])
def test_texts_without_a_shingle_are_kept_unless_they_count_as_one(
    spark: SparkSession, tmp_path: Path, short: Any
) -> None:
    texts = texts_of(*BLANK, *SHORT, *BLANK, *SHORT, LONG)
    signing = SignSettings(shingles=ShingleSettings(short=short))
    signatures, places, bands = run(spark, texts, DedupMinhashSettings(), tmp_path, signing=signing)
    signed = signatures.where("signature IS NOT NULL AND band_keys IS NOT NULL AND shingles > 0").count()
    rejected = {row.offset: int(row.keeper, 16) for row in places.where("NOT keep").collect()}
    assert places.count() == signatures.count() == len(texts)
    first, again = len(BLANK), len(BLANK) + len(SHORT) + len(BLANK)
    if short == "exact":
        assert (signed, rejected, bands.count()) == (1, {}, 14)
        return
    of_words = {first + 1: first, again: first, again + 1: first, again + 2: first + 2, again + 5: first + 5}
    assert (signed, rejected, bands.count()) == (9, of_words, 4 * 14)


@pytest.mark.parametrize("enabled", [True, False])
def test_blank_texts_go_and_texts_without_an_ngram_stay_in_bloom_dedup(
    spark: SparkSession, tmp_path: Path, enabled: bool
) -> None:
    texts = texts_of(*BLANK, *SHORT, *BLANK, *SHORT, LONG, LONG)
    rows, _ = bloomed(spark, texts, BLOOM.model_copy(update={"enabled": enabled, "shards": 1}), Folder(tmp_path))
    fates = {row.offset: (row.keep, row.reason, row.text) for row in rows.collect()}
    expected = {
        text.offset: (True, None, text.text) if text.text.strip() else (False, "no_text", None) for text in texts
    }
    if enabled:
        expected[len(texts) - 1] = (False, "seen_document", None)
    assert fates == expected


def giants() -> list[Text]:
    """A text of 20 MB, another of one word only, and small ones that are parts of it or not."""
    words = [f"{number:06x}" for number in range(3_000_000)]
    parts = [" ".join(words[start : start + 60]) for start in (0, 1_500_000, 2_999_940)]
    return texts_of(LONG, " ".join(words), "a" * 20_000_000, *parts, f"{LONG} x y z")


def test_a_giant_text_is_one_among_others(spark: SparkSession, tmp_path: Path) -> None:
    texts, work = giants(), Folder(tmp_path)
    signatures, places, bands = run(spark, texts, DedupMinhashSettings(), tmp_path / "a", signing=SignSettings())
    ids = {row.id: row.offset for row in places.select(short_id(), "offset").collect()}
    assert {ids[row.id]: (row.chars, row.shingles) for row in signatures.collect()} == {
        text.offset: (len(text.text), max(text.text.count(" ") + 1 - 4, 0)) for text in texts
    }
    assert {row.offset: row.keep for row in places.collect()} == {0: True, 1: True, 2: True} | {
        number: number != 6 for number in range(3, 7)
    }
    rows, shards = bloomed(spark, texts, BLOOM.model_copy(update={"shards": 1}), work)
    seen = (False, "seen_document", None)
    assert {row.offset: (row.keep, row.reason, row.text) for row in rows.collect()} == {
        text.offset: seen if text.offset > 2 else (True, None, text.text) for text in texts
    }
    assert {row.ngrams for row in shards.select("ngrams").collect()} == {3_000_000 - 12 + 26 - 12 + 3}


def test_a_chain_of_shifted_texts_is_cut_at_the_alarm_or_one_cluster(spark: SparkSession, tmp_path: Path) -> None:
    """Neighbours share 96 of 98 shingles, so links hold, and their chain joins texts that share nothing: the rows say
    so, and the alarm stops it."""
    words = [f"w{number}" for number in range(10_101)]
    chain = [Text(at, 1, " ".join(words[at : at + 101]), 1) for at in range(10_000)]
    settings = DedupMinhashSettings(alarms=AlarmSettings(source_loss_ratio=1.0))
    signatures, places, bands = run(spark, chain, settings, tmp_path / "a", signing=SignSettings())
    expected, representatives = defined(chain, signatures, places, settings)
    assert {row.offset: (int(row.cluster, 16), row.keep) for row in places.collect()} == expected
    assert {(row.key, row.id, row.representative) for row in bands.collect()} == representatives
    print("kept", [o for o, (c, k) in expected.items() if k])
    print(sorted(x.name for x in (tmp_path / "a").iterdir()))
    print(places.groupBy("keep").count().collect(), places.where("similarity < 0.1").count())
