"""docs/other_engines.md: each example runs as it is printed there, without Spark, and what it prints is right."""

import contextlib
import io
import re
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pytest

from jobs.catalog import TABLES
from tests.conftest import ROOT
from tests.small_lake import PAGES

pytestmark = pytest.mark.spark  # makes the lake

PAGE = (ROOT / "docs/other_engines.md").read_text("utf-8")
EXAMPLES = re.findall(r"^```python\n(.+?)^```$", PAGE, re.MULTILINE | re.DOTALL)
PUBLISHED = [page for page in PAGES if not page.stops and not page.waits]
LAW = [page for page in PUBLISHED if page.domain == "law"]


@pytest.fixture
def printed(small_lake: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs an example where `lake` is the small lake; the names it made, and what it printed."""
    monkeypatch.chdir(small_lake.parent)

    def run(example: str) -> tuple[dict[str, Any], str]:
        names: dict[str, Any] = {}
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(example, "other_engines.md", "exec"), names)
        return names, out.getvalue()

    return run


def example(*words: str) -> str:
    """The one example that has all of these words."""
    (found,) = [text for text in EXAMPLES if all(word in text for word in words)]
    return found


def test_every_example_is_run_here() -> None:
    run = [
        example("to_pandas", "partitions"),
        example("history"),
        example("GROUP BY ALL", "screened"),
        example("signals"),
        example("file_uris"),
        example("scan_delta", "version"),
        example("join"),
    ]
    assert sorted(run) == sorted(EXAMPLES)


def test_delta_rs_reads_columns_comments_and_partitions(printed: Any) -> None:
    names, out = printed(example("to_pandas", "partitions"))
    assert out.startswith("2 ['domain', 'quality']\n")
    assert f"doc_id {TABLES['corpus'].columns[0].comment}\n" in out
    assert set(names["law"].url) == {page.url for page in LAW}
    assert names["law"].text.str.len().min() > 100


def test_delta_rs_reads_earlier_versions(printed: Any) -> None:
    _, out = printed(example("history"))
    assert out.splitlines() == ["2", "2 WRITE 2", "1 WRITE 2", "0 CREATE TABLE None"]


def test_duckdb_asks_arrow_datasets(printed: Any) -> None:
    names, out = printed(example("GROUP BY ALL", "screened"))
    found = duckdb.from_arrow(names["corpus"]).aggregate("domain, quality, count(*)").fetchall()
    assert {row[:2]: row[2] for row in found} == Counter((page.domain, page.quality) for page in PUBLISHED)
    assert re.search(r"medicine\s+│\s+5\s+│\s+1\s+│\s+50", out)
    assert re.search(r"word_count\s+│\s+1", out)


def test_duckdb_reads_maps(printed: Any) -> None:
    _, out = printed(example("signals"))
    assert re.search(r"example.org/thin\s+│\s+20.0", out)
    assert re.search(r"new.example/short\s+│\s+40.0", out)
    assert "/court" not in out


def test_duckdb_reads_the_files_of_the_log(printed: Any) -> None:
    names, out = printed(example("file_uris"))
    assert all("domain=law" in file for file in names["files"])
    assert re.search(r"law\s+│\s+4\s+│\s+2", out)
    assert "medicine" not in out


def test_polars_scans(printed: Any) -> None:
    names, out = printed(example("scan_delta", "version"))
    frame = names["corpus"].collect()
    assert set(frame["doc_id"]) == {page.doc_id for page in PUBLISHED}
    assert f"shape: ({len(LAW)}, 3)" in out
    assert re.search(r"│\s+2\s+│", out)


def test_polars_joins(printed: Any) -> None:
    names, _ = printed(example("join"))
    found = names["missing"].collect()
    assert Counter(found["reason"]) == Counter(page.reason for page in PAGES if page.stops == "screen")
