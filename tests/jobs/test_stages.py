"""Each stage is a function of frames and settings: its schema is the catalog's, and exact dedup keeps what it says."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StructType

from jobs.catalog import DUPLICATES, RATINGS, SCREENED, TABLES
from jobs.dedup_exact import DedupExactSettings, dedup_exact
from jobs.pipeline import STAGES, Settings
from jobs.publish import PublishSettings, publish, session_conf
from jobs.runtime.lake import Lake
from jobs.runtime.stage import Stage, code_digest
from jobs.runtime.table import as_frame
from tests.jobs.workspace import Folder
from udfs.crawl.urls import normalise

pytestmark = pytest.mark.spark


def shape(schema: StructType) -> list[tuple[str, str]]:
    return [(field.name, field.dataType.simpleString()) for field in schema]


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_the_frame_has_the_columns_of_its_table(spark: SparkSession, stage: Stage, tmp_path: Path) -> None:
    files = "batch INT, crawl STRING, path STRING, bytes BIGINT, etag STRING"
    tables = [
        TABLES[name].ddl if name != "batches" else files for name in (*stage.reads, *stage.history, *stage.remembers)
    ]
    given = [spark.createDataFrame([], ddl) for ddl in tables]
    work = [Folder(tmp_path)] if stage.needs_workspace else []
    found = stage.transform(*given, getattr(Settings(), stage.name), *work)
    by_table = found if isinstance(found, dict) else {stage.writes[0]: found}
    frames = {name: as_frame(rows) for name, rows in by_table.items()}
    assert {name: shape(rows.schema) for name, rows in frames.items()} == {
        name: shape(TABLES[name].schema) for name in stage.writes
    }
    assert [rows.count() for rows in frames.values()] == [0] * len(stage.writes)


def test_the_digest_of_code_ignores_comments_and_follows_imports() -> None:
    assert code_digest(("udfs.text.edits",)) == code_digest(("udfs.text.edits",))
    assert code_digest(("udfs.text.edits",)) != code_digest(("udfs.text.screening",))
    assert code_digest(("udfs.text.edits", "udfs.columns.linking")) != code_digest(("udfs.text.edits",))


# A document as the rule of exact dedup sees it: batch, day, url and text.
Page = tuple[int, int, str | None, str]


def screened(spark: SparkSession, pages: list[Page]) -> DataFrame:
    rows = []
    for at, (batch, day, url, text) in enumerate(pages):
        row: dict[str, Any] = dict.fromkeys(SCREENED.column_names)
        fetched = datetime(2026, 1, day, tzinfo=UTC)
        row |= {
            "doc_id": f"{at:02}",
            "batch": batch,
            "crawl": "c",
            "url": url,
            "fetched_at": fetched,
            "file": "f",
            "offset": at,
        }
        row |= {"keep": True, "language": "en", "language_score": 1.0, "signals": {}, "edits": [], "text": text}
        rows.append(tuple(row.values()))
    return spark.createDataFrame(rows, SCREENED.ddl)


def by_definition(pages: list[Page]) -> dict[str, tuple[str | None, str]]:
    """The rule in plain Python: of each URL the first version, of each text among these the first document."""
    order = sorted(range(len(pages)), key=lambda at: (pages[at][0], pages[at][1], at))
    versions: dict[str, int] = {}
    texts: dict[str, int] = {}
    fate: dict[int, tuple[str | None, int]] = {}
    for at in order:
        _, _, url, text = pages[at]
        url, text = normalise(url) if url is not None else f"#{at}", " ".join(text.lower().split())
        if url in versions:
            fate[at] = ("url", fate[versions[url]][1])
            continue
        versions[url] = at
        fate[at] = ("exact", texts[text]) if text in texts else (None, at)
        texts.setdefault(text, at)
    return {f"{at:02}": (method, f"{keeper:02}") for at, (method, keeper) in fate.items()}


def by_stage(spark: SparkSession, pages: list[Page]) -> dict[str, tuple[str | None, str]]:
    """The same by the stage, batch by batch, each with the rows of the batches before it."""
    history = spark.createDataFrame([], DUPLICATES.ddl)
    for batch in sorted({page[0] for page in pages}):
        given = screened(spark, pages).where(f"batch = {batch}")
        rows = dedup_exact(given, history, DedupExactSettings()).collect()
        history = history.union(spark.createDataFrame(rows, DUPLICATES.ddl)).localCheckpoint()
    return {row.doc_id: (row.method, row.keeper) for row in history.collect()}


ADDRESSES = st.sampled_from([None, "http://a.example/", "https://www.a.example/?utm_source=x", "http://b.example/1"])
PAGES = st.lists(
    st.tuples(
        st.integers(1, 3), st.integers(1, 3), ADDRESSES, st.sampled_from(["One text.", "one  TEXT.", "Another."])
    ),
    min_size=1,
    max_size=9,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pages=PAGES)
def test_exact_dedup_is_its_definition_batch_by_batch(spark: SparkSession, pages: list[Page]) -> None:
    assert by_stage(spark, pages) == by_definition(pages)


def test_a_comparison_that_is_off_finds_nothing(spark: SparkSession) -> None:
    pages: list[Page] = [(1, 1, "http://a.example/", "One."), (1, 2, "http://a.example/", "One.")]
    none = spark.createDataFrame([], DUPLICATES.ddl)
    for by_url, by_text, method in ((False, False, None), (True, False, "url"), (False, True, "exact")):
        chosen = DedupExactSettings(by_url=by_url, by_text=by_text)
        rows = dedup_exact(screened(spark, pages), none, chosen).orderBy("doc_id").collect()
        assert [row.method for row in rows] == [None, method]


def test_files_of_the_corpus_are_cut_to_size(spark: SparkSession, tmp_path: Path) -> None:
    """4 MB of one domain and quality, asked for in files of half a megabyte, and of 100 MB."""
    count = 400
    at = spark.range(0, count, 1, 8).selectExpr("CAST(id AS STRING) AS doc_id", "id AS offset")
    text = at.selectExpr(
        "*",
        "'f' AS file",
        "true AS keep",
        "'en' AS language",
        "concat_ws(' ', transform(sequence(1, 80), n -> sha2(concat(doc_id, n), 512))) AS text",
    )
    screened = text.selectExpr(*(c if c in text.columns else f"CAST(NULL AS {t}) AS {c}" for c, t in columns(SCREENED)))
    values = {"keep": "true", "file": "'f'", "domain": "'law'", "crawl": "'c'", "batch": "1", "tokens": "9L"}
    rated = at.selectExpr(
        *(
            c if c in at.columns else f"CAST({values.get(c, '3' if t == 'INT' else 'NULL')} AS {t}) AS {c}"
            for c, t in columns(RATINGS)
        )
    ).na.fill({"domain_probability": 0.5, "confidence": 0.5})
    files = {}
    spark.conf.set("spark.sql.adaptive.enabled", "true")
    try:
        for size in (1 << 19, 100 << 20):
            settings = PublishSettings(file_bytes=size)
            for key, value in session_conf(settings).items():
                spark.conf.set(key, value)
            lake = Lake(spark, str(tmp_path / str(size)))
            lake.replace("corpus", publish(screened, rated, settings), batch=1)
            assert lake.read("corpus").count() == count
            files[size] = len(list(tmp_path.glob(f"{size}/corpus/domain=law/quality=3/*.parquet")))
    finally:
        spark.conf.set("spark.sql.adaptive.enabled", "false")
    assert files[100 << 20] == 1
    assert files[1 << 19] >= 3


def columns(table: Any) -> list[tuple[str, str]]:
    return [(column.name, column.type) for column in table.columns]
