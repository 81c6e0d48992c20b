"""`corpusmill explain`: rows read from a small lake, and what is printed and written of each kind of page."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from jobs.catalog import TABLES
from jobs.explaining import reading
from jobs.explaining.rows import Found, Lost, Unseen
from jobs.runtime.cli import run_command
from jobs.runtime.lake import Lake
from tests.jobs.explained_rows import DOC_ID, KEEPER, TEXT, cut, document, place, program, published, screened
from tests.jobs.test_program_views import frame

pytestmark = [pytest.mark.spark, pytest.mark.usefixtures("spark")]

OF_DOCUMENT = ("screened", "deduplicated", "refined", "ratings", "corpus")
COPY: dict[str, Any] = {"doc_id": "c" * 32, "url": "http://river.test/copy", "offset": 1}
NEWER: dict[str, Any] = {"doc_id": "b" * 32, "offset": 2}
SHORT: dict[str, Any] = {"doc_id": "a" * 32, "url": "http://river.test/short", "offset": 3}
LOSS = {"stage": "ingest", "file": "/crawl/a.warc.gz", "offset": 9, "url": "http://river.test/lost", "doc_id": None}


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published document, its near-duplicate, a newer version of it, a rejected one, and a loss."""
    path = tmp_path_factory.mktemp("explain") / "lake"
    first = published(screen=[cut(TEXT, "\n\n\n", "newline_runs", "\n")], programs=[program("remove_lines(0, 0)")])
    rows: dict[str, list[Mapping[str, Any]]] = {name: [] for name in TABLES}
    for name in OF_DOCUMENT:
        rows[name].append(getattr(first, name))
    rows["programs"] += first.programs
    rows["progress"] += first.progress.values()
    rows["documents"] += [document(site="river.test", headers={})]
    rows["documents"] += [document(site="river.test", headers={}) | one for one in (COPY, NEWER, SHORT)]
    rows["screened"] += [screened(TEXT.replace("three", "four")) | COPY, screened(TEXT) | NEWER]
    rows["screened"] += [screened(TEXT, reason="word_count", signals={"word_count": 3.0}) | SHORT]
    rows["duplicates"] += [*first.duplicates.values(), place("dedup_exact") | COPY | {"keeper": COPY["doc_id"]}]
    near = place("dedup_minhash", "near_duplicate", similarity=0.9, keeper=DOC_ID)
    rows["duplicates"] += [near | COPY, place("dedup_exact", "duplicate_url", keeper=DOC_ID) | NEWER]
    rows["losses"] += [LOSS | {"reason": "no_text", "detail": "an image map"}]
    made = Lake(spark, str(path))
    for name, given in rows.items():
        columns = TABLES[name].column_names
        fitting = [{column: value for column, value in row.items() if column in columns} for row in given]
        if fitting:
            made.replace(name, frame(spark, TABLES[name], 3, fitting), batch=3)
    return path


def read(spark: SparkSession, lake: Path, asked: str) -> Found | Lost | Unseen:
    return reading.read(Lake(spark, str(lake)), asked)


def shown(lake: Path, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert run_command(["explain", "--lake", str(lake), *options]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(
    "asked", [DOC_ID, DOC_ID.upper(), "http://river.test/tale", "https://www.River.test/tale/#top"]
)
def test_the_published_version_is_found_by_id_and_by_any_spelling(spark: SparkSession, lake: Path, asked: str) -> None:
    found = read(spark, lake, asked)
    assert isinstance(found, Found)
    assert found.document["doc_id"] == DOC_ID
    assert found.corpus is not None
    assert set(found.duplicates) == {"dedup_exact", "dedup_minhash"}
    assert len(found.programs) == 1
    assert len(found.progress) == 11
    assert {row["doc_id"] for row in found.copies} == {COPY["doc_id"], NEWER["doc_id"]}
    assert [row["doc_id"] for row in found.others] == ([] if asked.lower() == DOC_ID else [NEWER["doc_id"]])


def test_a_published_page_is_printed(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(lake, capsys, "http://river.test/tale")
    assert "In the corpus: domain culture, quality 4, 70 tokens." in out
    assert "[-Home | About | Contact-E1]" in out
    assert "rows were changed" not in out


def test_a_duplicate_is_shown_with_its_keeper_and_the_difference(
    spark: SparkSession, lake: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = read(spark, lake, COPY["doc_id"])
    assert isinstance(found, Found)
    assert found.keeper is not None
    assert found.keeper["doc_id"] == DOC_ID
    out = shown(lake, capsys, "http://river.test/copy")
    assert "A duplicate by dedup_minhash: near_duplicate." in out
    assert "[-four -]{+three +}" in out.replace("\n", ""), "rows end anywhere in a difference"


def test_a_rejected_page_is_shown_with_the_number_and_the_limit(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(lake, capsys, SHORT["doc_id"])
    assert "Rejected by screen: word_count." in out
    assert "rejects word_count 3, expected at least 5, at most 100,000" in out


def test_a_lost_page_and_one_never_seen(spark: SparkSession, lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(lake, capsys, "http://river.test/lost")
    assert "Lost at ingest: no_text." in out
    assert "an image map" in " ".join(out.split()), "a sentence is wrapped to the terminal's width"
    unseen = read(spark, lake, "http://river.test/tail")
    assert isinstance(unseen, Unseen)
    assert unseen.nearest[0]["url"] == "http://river.test/tale"
    assert [(row["reason"], row["losses"], row["detail"]) for row in unseen.losses] == [("no_text", 1, "an image map")]
    assert read(spark, lake, KEEPER) == Unseen(KEEPER, "", [], [])


def test_html_is_written_and_a_wrong_folder_is_a_sentence(
    lake: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "page.html"
    assert shown(lake, capsys, DOC_ID, "--html", str(file)) == f"Wrote {file}.\n"
    assert file.read_text("utf-8").startswith("<!DOCTYPE html>")
    assert run_command(["explain", "--lake", str(lake), DOC_ID, "--html", str(tmp_path / "no/page.html")]) == 2
    assert "expected a file in a folder that is there" in capsys.readouterr().err


def test_an_empty_lake_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["explain", "--lake", str(tmp_path / "none"), "http://a.test/"]) == 2
    assert "found no documents" in capsys.readouterr().err
