"""Views over programs: every number of a small lake, counted by hand."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from jobs.catalog import CORPUS, PROGRAMS, PROGRESS, RATINGS, REFINED, TABLES
from jobs.pipeline import STAGES
from jobs.runtime.lake import Lake
from jobs.runtime.stage import OFF
from jobs.runtime.table import Table
from jobs.views import STAGE_ORDER, VIEWS, available
from udfs.models.criteria import CRITERIA

pytestmark = pytest.mark.spark

EDIT = (0, 1, "", "remove_lines")
NEW = available([table.name for table in (REFINED, PROGRAMS, RATINGS, CORPUS, PROGRESS)])


def frame(spark: SparkSession, table: Table, batch: int, rows: Sequence[Mapping[str, Any]]) -> DataFrame:
    """Rows of one batch from the columns that matter; a document is told by its offset."""
    zero = {"STRING": "", "INT": 0, "BIGINT": 0, "DOUBLE": 0.0, "BOOLEAN": False}
    given = [
        {column.name: zero.get(column.type, {} if column.type.startswith("MAP") else []) for column in table.columns}
        | {column.name: None for column in table.columns if not column.required}
        | {"batch": batch}
        | dict(row)
        for row in rows
    ]
    return spark.createDataFrame([tuple(row[column.name] for column in table.columns) for row in given], table.ddl)


def refined(offset: int, words: int, removed: int = 0, reason: str | None = None, **more: Any) -> dict[str, Any]:
    edits = [EDIT] if removed else []
    return {
        "offset": offset, "words": words, "words_removed": removed, "keep": reason is None, "reason": reason,
        "programs": 1, "edits": edits,
    } | more  # fmt: skip


BATCH_1 = [
    refined(1, 100, 4, programs=2, operations={"remove_lines": 3, "normalize": 1}, rejected_calls={"repeated": 2}),
    refined(2, 200, 100, operations={"remove_lines": 1}, rejected_calls={"bad_range": 2}, voided=1),
    refined(3, 300, reason="drop_document", operations={"drop_doc": 1}),
    refined(4, 50, 48, reason="little_left", operations={"remove_lines": 2}, rejected_calls={"repeated": 1}),
    refined(5, 80, operations={"keep_chunk": 1}),
    refined(6, 70, programs=0),
]
BATCH_2 = [refined(1, 10, -2, edits=[EDIT], operations={"normalize": 2})]

WRITTEN = [
    {"offset": 1, "finish": "stop"},
    {"offset": 1, "finish": "length", "chunk": 1},
    {"offset": 2, "finish": "length"},
    {"offset": 2, "finish": "length", "chunk": 1},
    {"offset": 3, "finish": "recorded"},
    {"offset": 4, "finish": "rules"},
    {"offset": 5, "finish": "long_line"},
    {"offset": 6, "finish": "error", "reason": "failed", "detail": "the server says no"},
]


@pytest.fixture(scope="module", autouse=True)
def views(spark: SparkSession) -> Iterator[None]:
    """The tables of two batches, known to SQL as a lake makes them known, and the views over them."""
    scores = dict.fromkeys((*CRITERIA, "edu", "format"), 3) | {"domain": "law"}
    rated = [scores | {"offset": offset, "keep": True, "tokens": offset * 100} for offset in (1, 2)]
    done = [("publish", 2, 1, 0, 0), ("execute", 6, 4, 2, 0), ("rate", 4, 2, 0, 2), ("sign", 0, 0, 0, 0)]
    names = ("stage", "rows_in", "rows_kept", "rows_rejected", "rows_failed")
    when = {"finished_at": datetime(2026, 1, 1, tzinfo=UTC)}
    commits = [
        when | {"parts": OFF if row[0] == "sign" else {"settings": "{}"}} | dict(zip(names, row, strict=True))
        for row in done
    ]
    tables = [
        frame(spark, REFINED, 1, BATCH_1).unionByName(frame(spark, REFINED, 2, BATCH_2)),
        frame(spark, PROGRAMS, 1, WRITTEN).unionByName(frame(spark, PROGRAMS, 2, [{"offset": 1, "finish": "stop"}])),
        frame(spark, RATINGS, 1, [*rated, {"offset": 5, "keep": False, "reason": "failed"}]),
        frame(spark, CORPUS, 1, [rated[0] | {"quality": 3}]),
        frame(spark, PROGRESS, 1, commits),
    ]
    for table, rows in zip((REFINED, PROGRAMS, RATINGS, CORPUS, PROGRESS), tables, strict=True):
        rows.createOrReplaceTempView(table.name)
    for view in NEW:
        spark.sql(view.query).createOrReplaceTempView(view.name)
    yield
    for name in (*(view.name for view in NEW), "refined", "programs", "ratings", "corpus", "progress"):
        spark.catalog.dropTempView(name)


def asked(spark: SparkSession, query: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in spark.sql(query).collect()]


def test_views_need_the_tables_that_they_read() -> None:
    known = TABLES.keys() | {view.name for view in VIEWS}
    for view in VIEWS:
        read = set(re.findall(r"\b(?:FROM|JOIN)\s+(\w+)", view.query + view.names_from)) & known
        assert read == set(view.needs), view.name
        assert view.comment
    assert len({view.name for view in VIEWS} | TABLES.keys()) == len(VIEWS) + len(TABLES)


def test_operations(spark: SparkSession) -> None:
    rows = asked(spark, "SELECT * FROM program_operations ORDER BY batch, calls DESC, operation")
    assert rows == [
        (1, "remove_lines", 6, 3, 6 / 9),
        (1, "drop_doc", 1, 1, 1 / 9),
        (1, "keep_chunk", 1, 1, 1 / 9),
        (1, "normalize", 1, 1, 1 / 9),
        (2, "normalize", 2, 1, 1.0),
    ]


def test_calls_of_a_document(spark: SparkSession) -> None:
    """Of 4, 1, 1, 2 and 1 calls; the document without a program is left out."""
    rows = asked(spark, "SELECT * FROM program_calls ORDER BY batch")
    assert rows[0] == (1, 5, 6, 9, 9 / 6, 9 / 5, 1.0, 1.0, 2.0, pytest.approx(3.2), pytest.approx(3.92), 4)
    assert rows[1] == (2, 1, 1, 2, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2)


def test_failures(spark: SparkSession) -> None:
    """14 calls in batch 1, of which 5 do not count; 8 programs."""
    rows = asked(spark, "SELECT * FROM program_failures ORDER BY batch, subject, number DESC, reason")
    assert rows == [
        (1, "call", "repeated", 3, 2, 3 / 14, None),
        (1, "call", "bad_range", 2, 1, 2 / 14, None),
        (1, "program", "length", 3, 2, 3 / 8, None),
        (1, "program", "failed", 1, 1, 1 / 8, "the server says no"),
        (1, "program", "long_line", 1, 1, 1 / 8, None),
        (1, "program", "voided", 1, 1, 1 / 8, None),
    ]


def test_words(spark: SparkSession) -> None:
    """800 words; 300 are dropped, 50 are in what too little is left of; of the other 450, 104 are cut."""
    rows = asked(spark, "SELECT * FROM program_words ORDER BY batch")
    assert rows[0] == (1, 6, 5, 4, 3, 800, 500, 346, 104, 104 / 450, 346 / 800)
    assert rows[1] == (2, 1, 1, 1, 1, 10, 10, 12, -2, -0.2, 1.2)


def test_words_in_classes(spark: SparkSession) -> None:
    rows = asked(spark, "SELECT * FROM program_word_classes ORDER BY batch, removed_up_to NULLS LAST")
    assert rows == [
        (1, 0.0, 2, 2, 2 / 6, 150, 0),
        (1, 0.05, 1, 1, 1 / 6, 100, 4),
        (1, 0.5, 1, 1, 1 / 6, 200, 100),
        (1, 1.0, 1, 0, 1 / 6, 50, 48),
        (1, None, 1, 0, 1 / 6, 300, 0),
        (2, 0.05, 1, 1, 1.0, 10, -2),
    ]


def test_flow_of_documents_words_and_tokens(spark: SparkSession) -> None:
    """A stage that is switched off is not in it."""
    rows = asked(spark, "SELECT * FROM stage_flow ORDER BY batch, position")
    assert rows == [
        (1, 9, "execute", 6, 4, 2, 0, 4 / 6, 800, 346, None),
        (1, 10, "rate", 4, 2, 0, 2, 0.5, None, None, 300),
        (1, 11, "publish", 2, 1, 0, 0, 0.5, None, None, 100),
    ]


def test_the_stages_order_is_that_of_the_pipeline() -> None:
    assert tuple(stage.name for stage in STAGES) == STAGE_ORDER


def test_a_lake_has_the_views_whose_tables_are_there(spark: SparkSession, tmp_path: Path) -> None:
    """Where the pipeline came as far as `execute`, all but the flow can be asked."""
    lake = Lake(spark, str(tmp_path / "lake"))
    lake.replace("refined", frame(spark, REFINED, 1, BATCH_1), batch=1)
    names = lake.register_views()
    assert {"program_operations", "program_calls", "program_words", "program_word_classes"} <= set(names)
    assert not {"program_failures", "stage_flow", "survivors"} & set(names)
