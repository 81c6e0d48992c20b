"""The data model: what is promised of every table."""

import json
from pathlib import Path

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession
from pyspark.sql.types import StructType

from jobs.catalog import LOSSES, TABLES
from jobs.runtime.lake import Lake
from jobs.runtime.table import Table

EVERY = pytest.mark.parametrize("table", TABLES.values(), ids=list(TABLES))


@pytest.mark.spark
@pytest.mark.usefixtures("spark")
@EVERY
def test_every_column_has_a_comment_and_a_type_that_spark_knows(table: Table) -> None:
    assert [field.name for field in StructType.fromDDL(table.ddl)] == list(table.column_names)
    assert all(len(column.comment) > 3 for column in table.columns)
    assert len(set(table.column_names)) == len(table.columns)


@EVERY
def test_keys_partitions_and_text_stand_where_they_should(table: Table) -> None:
    assert set(table.key) <= set(table.column_names)
    assert set(table.partitioned_by) <= set(table.column_names)
    assert "batch" in table.column_names
    if "text" in table.column_names:
        assert table.column_names[-1] == "text"


@pytest.mark.spark
@EVERY
def test_the_table_that_is_made_is_the_one_declared(spark: SparkSession, table: Table, tmp_path: object) -> None:
    lake = Lake(spark, str(tmp_path))
    lake.replace(table.name, spark.createDataFrame([], table.ddl), batch=1)
    shown = {row.col_name: row for row in spark.sql(f"DESCRIBE TABLE {lake.identifier(table.name)}").collect()}
    for column in table.columns:
        assert shown[column.name].comment == column.comment
    detail = spark.sql(f"DESCRIBE DETAIL {lake.identifier(table.name)}").head()
    assert tuple(detail.partitionColumns) == table.partitioned_by
    assert detail.description == table.comment
    assert {key.removeprefix("delta.constraints.") for key in detail.properties if "constraints" in key} == set(
        table.constraints
    )
    asked_of_readers = DeltaTable(f"{tmp_path}/{table.name}").protocol()  # what docs/other_engines.md says
    assert (asked_of_readers.min_reader_version, asked_of_readers.reader_features) == (1, None)


@EVERY
def test_readers_skip_files_by_what_identifies_a_row_and_never_by_texts(table: Table) -> None:
    types = {column.name: column.type for column in table.columns}
    assert set(table.key) <= {*table.sought, *table.partitioned_by}
    assert not {*table.sought} & {"text", "title", "detail", "program"}
    assert {types[name] for name in table.sought} <= {"STRING", "INT", "BIGINT", "TIMESTAMP"}


@pytest.mark.spark
def test_a_file_has_statistics_of_the_columns_that_are_sought(spark: SparkSession, tmp_path: Path) -> None:
    lake = Lake(spark, str(tmp_path))
    row = {"stage": "ingest", "batch": 1, "file": "f", "offset": 7, "doc_id": "d", "url": "u", "reason": "r"}
    losses = spark.createDataFrame([{**row, "detail": "what was found"}], LOSSES.ddl)
    lake.replace("losses", losses, stage="ingest", batch=1)
    commits = sorted((tmp_path / "losses/_delta_log").glob("*.json"))
    (added,) = [json.loads(line)["add"] for line in commits[-1].read_text().splitlines() if line.startswith('{"add"')]
    assert json.loads(added["stats"])["minValues"] == {
        "file": "f",
        "offset": 7,
        "doc_id": "d",
        "url": "u",
        "reason": "r",
    }
