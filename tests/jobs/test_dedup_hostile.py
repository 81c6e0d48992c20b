"""Sets that break dedup elsewhere: a page a million times, texts without words, one giant text, a long chain of shifted
texts, and Python workers that die in the middle. Each is survived, and the rows are exactly what they should be."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

import jobs.components
import jobs.dedup_bloom
import jobs.minhash.one_task
import jobs.minhash.pairs
import jobs.sign
from jobs.catalog import BANDS, BLOOM_SHARDS, DUPLICATES, REPEATS, SIGNATURES
from jobs.dedup_bloom import DedupBloomSettings, dedup_bloom
from jobs.dedup_minhash import dedup_minhash
from jobs.documents import short_id
from jobs.minhash.settings import AlarmSettings, DedupMinhashSettings, VerifySettings
from jobs.runtime.errors import StageFailed
from jobs.runtime.session import SparkSettings, open_session, session_conf
from jobs.sign import SignSettings
from tests.conftest import ROOT
from tests.jobs.test_dedup_minhash import Text, as_defined, defined, exact_rows, made_up, run, screened
from tests.jobs.workspace import Folder
from udfs.columns.batches import Batches, MapInArrow
from udfs.columns.components import cluster_edges
from udfs.dedup.shingles import ShingleSettings

pytestmark = pytest.mark.spark

MILLION = 1_000_000
CHANGED = 1_000  # every so many-th copy has one word changed
NO_ALARM = AlarmSettings(cluster_documents=10 * MILLION, source_loss_ratio=1.0)
BLOOM = DedupBloomSettings(expected_ngrams=4_000_000, shards=2)

# Spark as it is; the session of the tests compiles nothing, which pays for a handful of rows only.
AS_USUAL = {"spark.sql.codegen.wholeStage": "true", "spark.sql.codegen.factoryMode": "FALLBACK"}

BLANK = ["", " ", "\n\t \n", "\u3000", "\x85\u2028"]
SHORT = [
    "one two three four",
    "One, two three\tfour!",
    "one two three",
    "!!!! ???? ....",
    "\u200b\u200b",
    "\u4e00\u4e8c",
]
SHINGLE = 5
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
    with session_conf(spark, AS_USUAL):
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
    repeats, rejected, shards = (spark.createDataFrame([], one.ddl) for one in (REPEATS, DUPLICATES, BLOOM_SHARDS))
    found = dedup_bloom(screened(spark, texts).repartition(partitions), repeats, rejected, shards, settings, work)
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


@pytest.mark.slow
def test_a_giant_text_is_one_among_others(spark: SparkSession, tmp_path: Path) -> None:
    texts, work = giants(), Folder(tmp_path)
    signatures, places, _ = run(spark, texts, DedupMinhashSettings(), tmp_path / "a", signing=SignSettings())
    ids = {row.id: row.offset for row in places.select(short_id(), "offset").collect()}
    assert {ids[row.id]: (row.chars, row.shingles) for row in signatures.collect()} == {
        text.offset: (len(text.text), max(text.text.count(" ") + 1 - 4, 0)) for text in texts
    }
    assert {row.offset: row.keep for row in places.collect()} == {0: True, 1: True, 2: True} | {
        number: number != 6 for number in range(3, 7)
    }
    settings = BLOOM.model_copy(update={"shards": 1, "false_positive_rate": 1e-9})
    rows, shards = bloomed(spark, texts, settings, work)
    seen = (False, "seen_document", None)
    assert {row.offset: (row.keep, row.reason, row.text) for row in rows.collect()} == {
        text.offset: seen if text.offset > 2 else (True, None, text.text) for text in texts
    }
    assert {row.ngrams for row in shards.select("ngrams").collect()} == {3_000_000 - 12 + 26 - 12}


def chain_of(number: int) -> list[Text]:
    """Document i is words i to i + 100 of one long text."""
    words = [f"w{at}" for at in range(number + 100)]
    return [Text(at, 1, " ".join(words[at : at + 101]), 1) for at in range(number)]


@pytest.mark.slow
def test_a_chain_of_shifted_texts_stops_the_stage_or_is_one_cluster(spark: SparkSession, tmp_path: Path) -> None:
    """Neighbours share 96 of 98 shingles, so each link holds, and yet the ends have nothing in common. Where no alarm
    stops it, one document of 10,000 is left, and the rows say how little it is like most of them."""
    texts, alarms = chain_of(10_000), AlarmSettings(source_loss_ratio=1.0)
    settings = DedupMinhashSettings(alarms=alarms)
    signatures, places, bands = run(spark, texts, settings, tmp_path, signing=SignSettings())
    expected, representatives = defined(texts, signatures, places, settings)
    assert expected == {text.offset: (0, text.offset == 0) for text in texts}
    assert as_defined(places) == expected
    assert {(row.key, row.id, row.representative) for row in bands.collect()} == representatives
    unlike = places.where(f"offset > {101 - SHINGLE} AND similarity < 0.1").count()
    assert unlike == 10_000 - 1 - (101 - SHINGLE)
    assert len(list(tmp_path.glob("*_tried_*"))) <= settings.verify.representatives
    documents, past = exact_rows(screened(spark, texts)), (signatures.limit(0), bands.limit(0), places.limit(0))
    for alarm, sentence in (
        (AlarmSettings(cluster_documents=5000), r"found 10,000 documents in the cluster of 0000 \(http://h/0 ... http"),
        (AlarmSettings(), "found 9,999 of the 10,000 documents of host h to be near-duplicates"),
    ):
        work = Folder(tmp_path / str(alarm.cluster_documents))
        with pytest.raises(StageFailed, match=sentence):
            dedup_minhash(signatures, documents, *past, DedupMinhashSettings(alarms=alarm), work)


def rows_of_both(spark: SparkSession, folder: Path, partitions: int) -> dict[str, list[str]]:
    """All rows of signing, MinHash dedup (in rounds, and by one task) and Bloom dedup, sorted."""
    texts = made_up(150, Random(5), batches=1)
    names = ("signatures", "duplicates", "bands", "same signatures", "same duplicates", "same bands")
    names = (*names, "deduplicated", "bloom_shards")
    settings = DedupBloomSettings(min_ngram=3, max_ngram=3, expected_ngrams=100_000, shards=3)
    in_rounds = DedupMinhashSettings(verify=VerifySettings(one_task_keys=0))
    found = run(spark, texts, in_rounds, folder / "rounds", partitions)
    again = run(spark, texts, DedupMinhashSettings(), folder / "one_task", partitions)
    frames = (*found, *again, *bloomed(spark, texts, settings, Folder(folder / "bloom"), partitions))
    return {name: sorted(map(str, frame.collect())) for name, frame in zip(names, frames, strict=True)}


def dying_once(make: Callable[..., MapInArrow], marker: Path) -> Callable[..., MapInArrow]:
    """What `make` makes, in a worker that dies after its first batch, the first time it is used anywhere."""
    place = str(marker)

    def made(*args: Any, **settings: Any) -> MapInArrow:
        inner = make(*args, **settings)

        def outer(batches: Batches) -> Batches:
            for batch in inner(batches):
                yield batch
                try:
                    os.close(os.open(place, os.O_CREAT | os.O_EXCL))
                except FileExistsError:
                    continue
                os._exit(1)

        return outer

    return made


def main(folder: Path) -> None:
    """`rows_of_both` where a worker of each kind dies, in a session that tries a task four times."""
    for module, name, marker in (
        (jobs.sign, "sign_texts", "signer"),
        (jobs.minhash.pairs, "compare_pairs", "pairs"),
        (jobs.minhash.one_task, "place_batch", "one_task"),
        (jobs.dedup_bloom, "dedup_shards", "bloom"),
    ):
        setattr(module, name, dying_once(getattr(module, name), folder / f"{marker}.died"))
    dying = dying_once(lambda: cluster_edges, folder / "components.died")()
    setattr(jobs.components, "cluster_edges", dying)  # noqa: B010 - as above, for mypy
    conf = {"spark.local.dir": str(folder), "spark.sql.adaptive.enabled": "false"}
    conf |= {"spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"}
    log = str(folder / "spark.log")
    spark = open_session(SparkSettings(master="local[2,4]", shuffle_partitions=2, log_file=log, conf=conf))
    rows = rows_of_both(spark, folder / "work", 3)
    (folder / "rows.json").write_text(json.dumps(rows))
    spark.stop()


@pytest.mark.slow
def test_workers_that_die_and_tasks_that_run_again_change_no_row(spark: SparkSession, tmp_path: Path) -> None:
    usual = rows_of_both(spark, tmp_path / "usual", 2)
    disturbed = tmp_path / "disturbed"
    disturbed.mkdir()
    program = f"from pathlib import Path; from {__name__} import main; main(Path({str(disturbed)!r}))"
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert {path.stem for path in disturbed.glob("*.died")} == {"signer", "pairs", "components", "one_task", "bloom"}
    assert all(usual.values())
    assert all(usual[f"same {name}"] == usual[name] for name in ("signatures", "duplicates", "bands"))
    assert json.loads((disturbed / "rows.json").read_text()) == usual
