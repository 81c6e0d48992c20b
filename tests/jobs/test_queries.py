"""Queries without a JVM: which statements only ask, tables as they were, and rows on terminals of any width."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.queries.printed import as_text, number
from jobs.queries.statement import forbidden, with_versions
from jobs.review.terminal import columns_of
from jobs.runtime import session
from jobs.runtime.cli import run_command

ASKING = [
    "SELECT 1",
    "-- a note\n  select 1",
    "/* DROP TABLE corpus */ SELECT 'DELETE FROM corpus', `INSERT INTO`",
    "WITH a AS (SELECT 1 AS update) SELECT update FROM a",
    "FROM corpus SELECT url",
    "(SELECT 1) UNION (SELECT 2)",
    "DESCRIBE HISTORY corpus",
    "SHOW TABLES",
    "EXPLAIN DELETE FROM corpus",
    "VALUES (1)",
    "TABLE corpus",
]
DOING = {
    "INSERT INTO corpus SELECT * FROM corpus": "INSERT",
    "drop table corpus": "DROP",
    "/* SELECT */ DELETE FROM corpus": "DELETE",
    "UPDATE corpus SET quality = 5": "UPDATE",
    "MERGE INTO corpus USING x ON true WHEN MATCHED THEN DELETE": "MERGE",
    "CREATE TABLE t AS SELECT 1": "CREATE",
    "SET spark.sql.ansi.enabled = false": "SET",
    "VACUUM corpus": "VACUUM",
    "OPTIMIZE corpus": "OPTIMIZE",
    "RESTORE TABLE corpus TO VERSION AS OF 1": "RESTORE",
    "BEGIN DELETE FROM corpus; END": "BEGIN",
    "EXECUTE IMMEDIATE 'DROP TABLE corpus'": "EXECUTE",
    "WITH a AS (SELECT 1) INSERT INTO corpus SELECT * FROM a": "INSERT INTO",
    "FROM corpus INSERT OVERWRITE t SELECT *": "INSERT OVERWRITE",
    "WITH a AS (SELECT 1) DELETE FROM corpus": "DELETE FROM",
    "WITH a AS (SELECT 1) UPDATE corpus SET quality = 5": "UPDATE",
    "WITH a AS (SELECT 1) MERGE INTO corpus USING a ON true WHEN MATCHED THEN DELETE": "MERGE INTO",
}


@pytest.mark.parametrize("statement", ASKING)
def test_statements_that_ask(statement: str) -> None:
    assert forbidden(statement) == ""


@pytest.mark.parametrize("statement", DOING)
def test_statements_that_do_something(statement: str) -> None:
    assert forbidden(statement) == DOING[statement]


@pytest.mark.parametrize(
    ("statement", "full"),
    [
        ("SELECT * FROM corpus VERSION AS OF 3", "SELECT * FROM <corpus> VERSION AS OF 3"),
        ("SELECT * FROM Corpus for timestamp as of '2026'", "SELECT * FROM <corpus> for timestamp as of '2026'"),
        ("SELECT 1 FROM corpus a, corpus VERSION AS OF 1 b", "SELECT 1 FROM corpus a, <corpus> VERSION AS OF 1 b"),
        ("DESCRIBE HISTORY corpus", "DESCRIBE HISTORY <corpus>"),
        ("DESC DETAIL corpus", "DESC DETAIL <corpus>"),
        ("DESCRIBE corpus", "DESCRIBE corpus"),
        ("SELECT corpus.version AS of_it FROM corpus", "SELECT corpus.version AS of_it FROM corpus"),
        ("SELECT 'corpus VERSION AS OF 1' FROM corpus", "SELECT 'corpus VERSION AS OF 1' FROM corpus"),
        ("SELECT * FROM other VERSION AS OF 1", "SELECT * FROM other VERSION AS OF 1"),
    ],
)
def test_tables_as_they_were_are_named_in_full(statement: str, full: str) -> None:
    assert with_versions(statement, {"corpus"}, "<{}>".format) == full


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["DELETE FROM corpus"], "sql: found DELETE, expected a statement that only asks"),
        ([" -- nothing"], "sql: found no statement, expected one such as"),
        (
            ["SELECT 1", "--out", "rows.xlsx"],
            "--out rows.xlsx: found no ending that is known, expected .csv or",
        ),
        (["SELECT 1", "--out", "nowhere/rows.csv"], "--out nowhere/rows.csv: found no folder nowhere"),
        (["SELECT 1", "--rows", "0"], "argument --rows: found '0', expected a number from 1 on"),
    ],
)
def test_what_cannot_be_is_said_before_spark_starts(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_spark(*_: object, **__: object) -> None:
        raise AssertionError("Spark was started")

    monkeypatch.setattr(session, "_start_locally", no_spark)
    assert run_command(["sql", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"corpusmill: {said}")
    assert error.count("\n") == 1


# --- rows on a terminal

ROWS = pa.table(
    {
        "url": ["https://a.example/a-page-with-a-long-address", None],
        "words": [7, 12345],
        "ratio": [0.123456, 20.0],
        "keep": [True, False],
        "text": ["two\nlines \x1b[31m", "東京タワー " * 20],
    }
)


def test_without_a_terminal_cells_are_cut_at_a_size() -> None:
    assert as_text(ROWS, 0).splitlines() == [
        f"url                                           words   ratio  keep   text{' ' * 76}".rstrip(),
        f"{'-' * 44}  -----  ------  -----  {'-' * 80}",
        "https://a.example/a-page-with-a-long-address      7  0.1235  true   two lines \\x1b[31m",
        f"-                                             12345      20  false  {'東京タワー ' * 7}東…",
    ]


def test_on_a_terminal_the_widest_columns_give_way_and_numbers_stay() -> None:
    lines = as_text(ROWS, 60).splitlines()
    assert lines[0].split() == ["url", "words", "ratio", "keep", "text"]
    assert lines[2].startswith("https://a.example…")
    assert "…      7  0.1235" in lines[2]
    assert "  12345      20  " in lines[3]
    assert {sum(map(columns_of, line)) for line in lines[1:2]} == {60}


def test_too_many_columns_are_blocks() -> None:
    assert as_text(ROWS, 30).splitlines()[:8] == [
        "row 1",
        "---------------",
        "url    https://a.example/a-pa…",
        "words  7",
        "ratio  0.1235",
        "keep   true",
        "text   two lines \\x1b[31m",
        "",
    ]


VALUES = st.one_of(
    st.none(), st.text(max_size=60), st.integers(-(10**12), 10**12), st.floats(), st.booleans(), st.binary(max_size=9)
)


@given(st.lists(st.lists(VALUES, min_size=3, max_size=3), max_size=4), st.integers(20, 200), st.integers(1, 12))
def test_no_line_is_wider_than_the_terminal_and_nothing_acts_on_it(rows: Any, width: int, repeats: int) -> None:
    columns = {}
    for place in range(3 * repeats):
        values = [str(row[place % 3]) if place % 2 else row[place % 3] for row in rows]
        kinds = {type(value) for value in values if value is not None}
        columns[f"column {place}"] = values if len(kinds) == 1 else [str(value) for value in values]
    shown = as_text(pa.table(columns), width)
    assert all(sum(map(columns_of, line)) <= width for line in shown.split("\n"))
    assert shown.replace("\n", "").isprintable()


def test_values_as_people_read_them() -> None:
    table = pa.table(
        {
            "when": pa.array([datetime(2026, 3, 1, 12, 30, tzinfo=UTC)], pa.timestamp("us", "UTC")),
            "map": pa.array([[("word_count", 50.0), ("ratio", 1 / 3)]], pa.map_(pa.string(), pa.float64())),
            "edits": [[{"start": 1, "reason": None}]],
            "bytes": [b"\x00\xff"],
            "money": [Decimal("1.50")],
        }
    )
    assert re.split(" {2,}", as_text(table, 0).splitlines()[2]) == [
        "2026-03-01 12:30:00",
        '{"word_count": 50.0, "ratio": 0.3333}',
        '[{"start": 1, "reason": null}]',
        "00ff",
        "1.50",
    ]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"),
        (1.0, "1"),
        (1234567.89, "1234568"),
        (12.3456, "12.35"),
        (-0.25, "-0.25"),
        (1e-9, "1e-09"),
        (1e300, "1e+300"),
        (float("nan"), "nan"),
        (100.0, "100"),
        (0.99999, "1"),
    ],
)
def test_floats_keep_their_digits_before_the_point(value: float, shown: str) -> None:
    assert number(value) == shown
