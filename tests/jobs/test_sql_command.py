"""`corpusmill sql`: what is printed, and what is written to files."""

import csv
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from jobs.runtime.cli import run_command
from tests.small_lake import PAGES

pytestmark = [pytest.mark.spark, pytest.mark.usefixtures("spark")]

PAGES_IN_ORDER = (
    "SELECT screened.doc_id, url, fetched_at, language_score, reason, if(batch = 1, '', NULL) AS note, signals, edits "
    "FROM screened ORDER BY screened.doc_id DESC"
)


def said(lake: Path, capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> str:
    assert run_command(["sql", "--lake", str(lake), *arguments]) == status
    printed = capsys.readouterr()
    return printed.err if status else printed.out


def test_a_table_is_printed(small_lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    query = "SELECT domain, quality, documents, tokens_ratio FROM domain_quality ORDER BY domain, quality"
    assert said(small_lake, capsys, query).splitlines() == [
        "domain    quality  documents  tokens_ratio",
        "--------  -------  ---------  ------------",
        "law             2          1        0.1667",
        "law             4          2        0.6667",
        "medicine        5          1        0.1667",
    ]


def test_the_limit_of_rows_is_told(small_lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = said(small_lake, capsys, "--rows", "3", "SELECT url FROM documents ORDER BY url").splitlines()
    assert out[2:] == [
        *sorted(page.url for page in PAGES)[:3],
        "... and more; --rows N shows more than 3, --out FILE.csv or FILE.parquet writes all.",
    ]
    assert "more" not in said(small_lake, capsys, "--rows", "16", "SELECT url FROM documents")


def test_tables_can_be_listed(small_lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = said(small_lake, capsys, "SHOW TABLES")
    assert "documents_all" in out
    assert "corpus" in out


def test_all_rows_are_written_in_their_order(
    small_lake: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = {}
    for ending in ("parquet", "csv"):
        path = tmp_path / f"rows.{ending}"
        out = said(small_lake, capsys, PAGES_IN_ORDER, "--rows", "2", "--out", str(path))
        assert out == f"Wrote {path}: {len(PAGES)} rows.\n"
        made[ending] = path
    rows = pq.read_table(made["parquet"]).to_pylist()
    assert [row["doc_id"] for row in rows] == [page.doc_id for page in reversed(PAGES)]
    assert dict(rows[-3]["signals"]) == {"word_count": 20.0}
    assert rows[-1]["edits"][0]["reason"] == "newline_runs"
    assert rows[-1]["fetched_at"].isoformat() == "2026-03-01T12:01:00+00:00"
    text = made["csv"].read_text("utf-8")
    with made["csv"].open(newline="") as file:
        shown = list(csv.DictReader(file))
    assert [row["doc_id"] for row in shown] == [row["doc_id"] for row in rows]
    assert shown[-3]["signals"] == '{"word_count": 20.0}'
    assert shown[-1]["fetched_at"] == "2026-03-01 12:01:00.000000Z"
    assert text.splitlines()[-1].split(",")[5] == '""'  # an empty text
    assert text.splitlines()[1].split(",")[5] == ""  # null
    assert sorted(tmp_path.iterdir()) == sorted(made.values())


def test_an_answer_without_rows_has_its_columns(
    small_lake: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("none.csv", "none.parquet"):
        said(small_lake, capsys, "SELECT url, batch FROM documents WHERE batch = 99", "--out", str(tmp_path / name))
    assert (tmp_path / "none.csv").read_text() == '"url","batch"\n'
    assert pq.read_table(tmp_path / "none.parquet").column_names == ["url", "batch"]
    assert said(small_lake, capsys, "SELECT url FROM documents WHERE batch = 99") == "url\n---\n"


def test_a_file_is_whole_or_not_there(small_lake: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("kept")
    error = said(
        small_lake, capsys, "SELECT assert_true(batch < 2) AS one FROM documents", "--out", str(path), status=2
    )
    assert error.startswith("corpusmill: sql: ")
    assert error.count("\n") == 1
    error = said(small_lake, capsys, "SELECT url, url FROM documents", "--out", str(path), status=2)
    assert "found two columns called url, expected different names" in error
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("rows.csv", "kept")]
