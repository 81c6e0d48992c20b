"""Rows of the lake's tables for tests, by what they hold in SQL."""

from pyspark.sql import DataFrame

from jobs.runtime.table import Table

REQUIRED = {"batch": "1", "crawl": "'c'", "file": "'f'", "keep": "true", "language": "'en'", "edits": "array()"}


def rows_of(table: Table, frame: DataFrame, **values: str) -> DataFrame:
    """A row of `table` for each of `frame`: each column as `values` has it in SQL, else as the frame has it, else as in
    REQUIRED, else null."""
    given = REQUIRED | {name: f"`{name}`" for name in frame.columns} | values
    return frame.selectExpr(*(f"CAST({given.get(c.name, 'NULL')} AS {c.type}) AS {c.name}" for c in table.columns))
