"""`corpusmill report`: what is read from small lakes, two side by side, and what happens where it cannot be written."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from jobs.catalog import TABLES
from jobs.reporting import reading, writing
from jobs.reporting.reading import PAIR_CHARS, TEXT_CHARS
from jobs.reporting.settings import ReportSettings, report_file
from jobs.runtime.cli import run_command
from jobs.runtime.console import Console
from jobs.runtime.lake import Lake
from tests.jobs.explained_rows import DOC_ID, TEXT, document, place, progress, screened
from tests.jobs.test_program_views import frame
from tests.report_numbers import Numbers

pytestmark = [pytest.mark.spark, pytest.mark.usefixtures("spark")]

COUNTS = {"rows_in": 14, "rows_kept": 12, "rows_rejected": 2, "rows_failed": 0, "seconds": 2.0}


def made_lake(spark: SparkSession, path: Path, pages: int) -> Path:
    """A lake that came as far as dedup_minhash: `pages` short pages of as many hosts, all rejected, a published-to-be
    page and its near-duplicate, with texts of a megabyte in one line."""
    body = "a long line " * 90_000
    rows: dict[str, list[Mapping[str, Any]]] = {
        "documents": [
            document(body, doc_id=DOC_ID, offset=0, headers={}),
            document(f"{body}end", doc_id="f" * 32, offset=1, headers={}),
            *(document(f"short {at}", doc_id=f"{at:032x}", offset=10 + at, host=f"h{at}.test", headers={})
              for at in range(pages)),
        ],
        "screened": [
            screened(body) | {"doc_id": DOC_ID, "offset": 0, "language": "en"},
            screened(f"{body}end") | {"doc_id": "f" * 32, "offset": 1, "language": "en"},
            *(screened(TEXT, reason="word_count", signals={"word_count": 2.0})
              | {"doc_id": f"{at:032x}", "offset": 10 + at, "host": f"h{at}.test", "language": "de"}
              for at in range(pages)),
        ],
        "duplicates": [
            place("dedup_minhash") | {"doc_id": DOC_ID, "offset": 0},
            place("dedup_minhash", "near_duplicate", similarity=0.75, keeper=DOC_ID, cluster=DOC_ID)
            | {"doc_id": "f" * 32, "offset": 1, "method": "minhash"},
        ],
        "progress": [row | COUNTS for row in progress().values()],
    }  # fmt: skip
    rows["duplicates"][0] = rows["duplicates"][0] | {"cluster": DOC_ID}
    lake = Lake(spark, str(path))
    for name, given in rows.items():
        columns = TABLES[name].column_names
        fitting = [{column: value for column, value in row.items() if column in columns} for row in given]
        lake.replace(name, frame(spark, TABLES[name], 3, fitting), batch=3)
    return path


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_lake(spark, tmp_path_factory.mktemp("report") / "lake", 12)


@pytest.fixture(scope="module")
def other(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_lake(spark, tmp_path_factory.mktemp("report") / "other", 3)


def test_what_is_read_is_bounded_and_says_what_became_of_each_page(spark: SparkSession, lake: Path) -> None:
    facts = reading.read(Lake(spark, str(lake)))
    fates = {(row["stage"], row["reason"], row["keep"]): row["documents"] for row in facts.fates}
    assert fates == {
        ("screen", "word_count", False): 12,
        ("dedup_minhash", "near_duplicate", False): 1,
        ("dedup_minhash", None, True): 1,  # it waits for the next stage
    }
    assert len(facts.rows["hosts_losing"]) == 10
    assert len([row for row in facts.rows["examples"] if row["reason"] == "word_count"]) == 3
    assert facts.rows["corpus" if "corpus" in facts.rows else "domains"] == []
    lengths = {position: len(text) for position, text in facts.texts.items()}
    assert len(lengths) == 5
    assert max(lengths.values()) == PAIR_CHARS
    assert all(length <= TEXT_CHARS for (_, offset), length in lengths.items() if offset >= 10)


def test_two_lakes_are_not_mixed_up(lake: Path, other: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    assert run_command(["report", "--lake", str(lake), "--compare", str(other), "--out", str(out)]) == 0
    numbers = Numbers(out.read_text("utf-8")).found
    key = "screen / word_count"
    assert [numbers[f"{side}:fates", key, "documents"] for side in "ab"] == [12, 3]
    assert [numbers["compared_fates", key, column] for column in ("this", "other", "difference")] == [12, 3, -9]
    assert numbers["a:pair", "", "similarity"] == 0.75


def test_a_lake_that_is_not_there_or_a_file_that_cannot_be_written(
    lake: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["report", "--lake", str(tmp_path / "nothing")]) == 2
    assert f"found no tables in {tmp_path}/nothing, expected a lake" in capsys.readouterr().err
    assert run_command(["report", "--lake", str(lake), "--out", str(tmp_path / "no" / "report.html")]) == 2
    said = capsys.readouterr().err
    assert "cannot be written (No such file or directory), expected a file in a folder that is there" in said
    assert said.count("\n") == 1


def test_a_failure_at_a_runs_end_is_one_line(
    spark: SparkSession, lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, said = tmp_path / "report.html", io.StringIO()
    file.write_text("the one before")

    def fails(_: object) -> None:
        raise RuntimeError("no memory is left\nJVM stacktrace:\n...")

    monkeypatch.setattr(reading, "read", fails)
    writing.report_of_run(Lake(spark, str(lake)), file, Console(said))
    assert said.getvalue() == (
        "The report was not written: no memory is left (corpusmill report tries again; the run is done.)\n"
    )
    assert file.read_text() == "the one before"


@pytest.mark.parametrize(
    ("settings", "lake_name", "schema", "expected"),
    [
        (ReportSettings(), "/data/lake", "", "/data/lake/report.html"),
        (ReportSettings(), "s3://bucket/lake", "", "report.html"),
        (ReportSettings(), "/data/lake", "main.corpus", "report.html"),
        (ReportSettings(file="/tmp/mine.html"), "/data/lake", "", "/tmp/mine.html"),
    ],
)
def test_where_a_run_writes_its_report(settings: ReportSettings, lake_name: str, schema: str, expected: str) -> None:
    assert str(report_file(settings, lake_name, schema)) == expected
