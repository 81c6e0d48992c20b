"""Audit: what is planted is found, counted and shown, and a table that has no texts is refused in a sentence."""

from pathlib import Path
from random import Random

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from pyspark.sql import SparkSession

from jobs.audit import AuditSettings, Found, audit, report
from jobs.runtime.cli import run_command
from jobs.sign import SignSettings
from tests.jobs.workspace import Folder

pytestmark = [pytest.mark.spark, pytest.mark.usefixtures("spark")]


def planted() -> dict[str, str | None]:
    """Texts by URL: 20 that share nothing; one with two near-copies and one with one, that end in other words; and
    two that cannot be compared."""
    random = Random(5)
    words = [f"w{number}" for number in range(10_000)]
    texts: dict[str, str | None] = {f"http://h/{number}": " ".join(random.choices(words, k=80)) for number in range(20)}
    texts |= {f"http://h/0/{n}": f"{texts['http://h/0']} end{n}" for n in (1, 2)}
    texts["http://h/1/1"] = f"{texts['http://h/1']} and two  \n more"
    return texts | {"http://h/short": "too short", "http://h/none": None}


FAMILIES = [{"http://h/0", "http://h/0/1", "http://h/0/2"}, {"http://h/1", "http://h/1/1"}]


def test_planted_near_duplicates_are_counted_and_shown(spark: SparkSession, tmp_path: Path) -> None:
    rows = [("f", number, url, text) for number, (url, text) in enumerate(planted().items())]
    table = spark.createDataFrame(rows, "file string, offset bigint, url string, text string").repartition(3)
    found = audit(table, SignSettings(), AuditSettings(), 9, Folder(tmp_path))
    assert found[:-1] == (24, 23, 2, 3, 3)  # texts, compared, clusters, surplus, largest
    assert len(found.pairs) == 2
    assert {frozenset(f) for f in FAMILIES} == {
        next(frozenset(f) for f in FAMILIES if {pair.left.where, pair.right.where} <= f) for pair in found.pairs
    }
    assert found.pairs[0].similarity <= found.pairs[1].similarity
    for pair in found.pairs:
        assert 0.8 <= pair.similarity <= 1
        for side in (pair.left, pair.right):
            text = planted()[side.where]
            assert text is not None
            assert (side.chars, side.text) == (len(text), text[:300])


def test_a_table_at_a_path_needs_texts_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without file and offset rows are told apart by number; of the two clusters one is shown."""
    texts = planted()
    columns = {"url": pa.array(texts), "text": pa.array(texts.values(), pa.string())}
    write_deltalake(str(tmp_path / "texts"), pa.table(columns))
    path = str(tmp_path / "texts")
    assert run_command(["audit", path, "--pairs", "1", "--lake", str(tmp_path / "lake")]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"{path}: 24 texts, 23 of them long enough to compare.\n3 (13.04%) are surplus: ")
    assert "at similarity 0.8 or more, of others in 2 clusters, the largest of 3." in shown
    assert "14x9 (126 permutations) compares pairs of similarity" in shown
    assert "seed 2." in shown
    assert shown.count("\nsimilarity ") == 1
    assert len([line for line in shown.splitlines() if line.startswith("  http://h/")]) == 2
    assert not list((tmp_path / "lake").rglob("*.parquet"))  # what it wrote on the way is gone


def test_a_table_without_near_duplicates_says_so(spark: SparkSession, tmp_path: Path) -> None:
    table = spark.createDataFrame([("a b c d e f",), ("g h i j k l",)], "text string")
    settings = AuditSettings(similarity=0.5)
    found = audit(table, SignSettings(), settings, 5, Folder(tmp_path))
    assert found == Found(2, 2, 0, 0, 0, [])
    said = report("corpus", found, settings)
    assert "corpus: 2 texts, 2 of them long enough to compare.\n0 (0.00%) are surplus: " in said
    assert "at similarity 0.5 or more, of others in 0 clusters, the largest of 0." in said


def test_a_table_without_texts_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lake, other = str(tmp_path / "lake"), str(tmp_path / "other")
    write_deltalake(other, pa.table({"name": ["a"], "size": [1]}))
    refused = {
        "documents": f"audit documents: found no such table of texts in {lake}, expected one of those that corpusmill "
        "run makes, or the path of a Delta table.",
        other: f"audit {other}: found columns name, size, expected a column text.",
    }
    for table, sentence in refused.items():
        assert run_command(["audit", table, "--lake", lake]) == 2
        assert sentence in capsys.readouterr().err
    assert run_command(["audit", f"{tmp_path}/nowhere", "--lake", lake]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"corpusmill: audit {tmp_path}/nowhere: ")
    assert said.count("\n") == 1
