"""Files of rows that become a table's own: as if Spark had written them, to Spark and to other readers, and refused
where they do not fit. The log read without Spark says what Spark says."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.catalog import DOCUMENTS, DUPLICATES, RATINGS, TABLES
from jobs.runtime import local_tables
from jobs.runtime.errors import CorpusmillError, StageFailed
from jobs.runtime.lake import Lake
from jobs.runtime.local_tables import LocalTables
from jobs.runtime.log_files import table_files
from jobs.runtime.stash import Stash
from jobs.runtime.table import MappedRows, StoredRows
from jobs.runtime.workspace import LakeWorkspace
from udfs.columns import task_files
from udfs.columns.batches import arrow_schema
from udfs.columns.task_files import TaskFile

pytestmark = pytest.mark.spark
START = datetime(2026, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def lake(spark: SparkSession, tmp_path: Path) -> Lake:
    return Lake(spark, str(tmp_path / "lake"))


def document(number: int, batch: int = 1, **values: Any) -> dict[str, Any]:
    """A row of `documents`, as Python has it."""
    row = {
        "doc_id": f"{number:032}", "batch": batch, "crawl": "c", "url": f"http://x.example/{number}", "file": "/a b/ü",
        "host": None if number % 2 else "x.example", "fetched_at": START + timedelta(seconds=number), "title": "T",
        "offset": number, "site": None, "chars": 3, "headers": {"a": "b", "n": None}, "text": f"text {number} é",
    }  # fmt: skip
    return {name: (row | values).get(name) for name in DOCUMENTS.column_names}


def stored(lake: Lake, *files: list[dict[str, Any]], required: frozenset[str] = DOCUMENTS.required) -> Any:
    """Rows in files, as tasks write them."""
    folder = Stash(lake).task_folder("test")
    assert folder is not None
    paths = []
    for rows in files:
        file = TaskFile(str(folder), required)
        for row in rows:
            given = row | {"headers": list(row["headers"].items())}
            file.add(pa.RecordBatch.from_pylist([given], schema=arrow_schema(DOCUMENTS.schema)))
        path = file.close()
        paths += [path] if path else []
    return Stash(lake).stored("documents", paths)


def by_spark(lake: Lake, rows: list[dict[str, Any]]) -> DataFrame:
    return lake.spark.createDataFrame([tuple(row.values()) for row in rows], DOCUMENTS.ddl)


def contents(lake: Lake) -> list[Any]:
    return sorted(map(tuple, lake.read("documents").collect()), key=lambda row: row[0])


def active(lake: Lake) -> list[str]:
    """The files that Spark reads, by name."""
    return sorted(Path(path).name for path in lake.read("documents").inputFiles())


@pytest.mark.parametrize("small_file_bytes", [0, 4 << 20], ids=["as they are", "merged"])
def test_stored_rows_are_what_spark_would_have_written(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_file_bytes: int
) -> None:
    monkeypatch.setattr(local_tables, "SMALL_FILE_BYTES", small_file_bytes)
    rows = [document(number) for number in range(6)]
    ours, theirs = Lake(spark, str(tmp_path / "ours")), Lake(spark, str(tmp_path / "theirs"))
    ours.replace("documents", stored(ours, rows[:4], rows[4:]), "mark", batch=1)
    theirs.replace("documents", by_spark(theirs, rows), "mark", batch=1)
    assert contents(ours) == contents(theirs)
    assert len(active(ours)) == (1 if small_file_bytes else 2)
    assert spark.table(ours.identifier("documents")).schema == spark.table(theirs.identifier("documents")).schema
    tables = [DeltaTable(f"{tmp_path}/{name}/documents").to_pyarrow_table() for name in ("ours", "theirs")]
    found = [table.select(DOCUMENTS.column_names).sort_by("doc_id").to_pylist() for table in tables]
    assert found[0] == found[1]
    history = spark.sql(f"DESCRIBE HISTORY {ours.identifier('documents')}").first()
    assert (history.operation, history.userMetadata, history.version) == ("WRITE", "mark", 1)
    assert not list((tmp_path / "ours/_stash/test").glob("*.parquet")) or small_file_bytes


def test_rows_are_found_by_the_columns_that_people_look_for(lake: Lake) -> None:
    """The least and the greatest values let Delta pass over files; a value that is there is found all the same."""
    long = "http://x.example/" + "y" * 500  # Delta's statistics have the first 32 characters
    longer = "http://x.example/" + "z" * 5000  # Parquet's have none of a column with such
    lake.replace("documents", stored(lake, [document(4, batch=3, url=longer)]), batch=3)
    lake.replace("documents", stored(lake, [document(1, url=long + "1"), document(2, url=None)]), batch=1)
    lake.replace("documents", stored(lake, [document(3, batch=2, url=long + "2", fetched_at=None)]), batch=2)
    table = lake.read("documents")
    assert table.where(F.col("url") == long + "1").count() == 1
    assert table.where(F.col("url") >= long).count() == 3
    assert table.where(F.col("url") == longer).count() == 1
    assert table.where(F.col("url").isNull()).count() == 1
    assert table.where(F.col("fetched_at") == F.lit(START + timedelta(seconds=1))).count() == 1
    assert table.where(F.col("offset") == 3).count() == 1
    adds = DeltaTable(f"{lake.location}/documents").get_add_actions(flatten=True)
    found = sorted(pa.table(adds).to_pylist(), key=lambda one: one["partition.batch"])
    assert [one["num_records"] for one in found] == [2, 1, 1]
    assert (found[0]["min.offset"], found[0]["max.offset"]) == (1, 2)
    assert found[0]["null_count.url"] == 1
    assert found[0]["min.doc_id"] == f"{1:032}"


def test_rows_that_are_there_already_give_way(lake: Lake) -> None:
    lake.replace("documents", stored(lake, [document(1)]), batch=1)
    lake.replace("documents", stored(lake, [document(2, batch=2)]), batch=2)
    lake.replace("documents", stored(lake, [document(3)]), batch=1)
    assert [row[0] for row in contents(lake)] == [f"{number:032}" for number in (2, 3)]


def test_no_rows_are_no_commit(lake: Lake) -> None:
    lake.replace("documents", stored(lake), batch=1)
    assert (lake.version("documents"), lake.read("documents").count()) == (0, 0)
    lake.replace("documents", stored(lake, [document(1)]), batch=1)
    lake.replace("documents", stored(lake), batch=1)
    assert lake.read("documents").count() == 0


def test_a_commit_is_taken_back(lake: Lake) -> None:
    lake.replace("documents", stored(lake, [document(1)]), "theirs", batch=1)
    lake.replace("documents", stored(lake, [document(2, batch=2)]), "mine", batch=2)
    lake.take_back("documents", "mine")
    assert [row[0] for row in contents(lake)] == [f"{1:032}"]


@pytest.mark.parametrize(
    ("rows", "required", "message"),
    [
        ([document(1, batch=2)], DOCUMENTS.required, "found rows of another batch, expected only 1"),
        ([document(1), document(2, batch=2)], DOCUMENTS.required, "found rows of another batch, expected only 1"),
        ([document(1)], DOCUMENTS.required - {"text"}, "found text that may be null"),
    ],
)
def test_files_that_do_not_fit_are_refused_and_stay_where_they_are(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, rows: list[dict[str, Any]], required: frozenset[str], message: str
) -> None:
    monkeypatch.setattr(task_files, "_ROW_GROUP_BYTES", 1)  # a footer speaks of each group by itself
    given = stored(lake, rows, required=required)
    with pytest.raises(CorpusmillError, match=message):
        lake.replace("documents", given, batch=1)
    assert (lake.version("documents"), lake.read("documents").count()) == (0, 0)
    assert all(file.is_file() for file in given.files)


def test_a_full_disk_is_one_sentence(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    given = stored(lake, [document(1)])
    monkeypatch.setattr("shutil.move", full)
    with pytest.raises(StageFailed, match=r"lake/documents: rows could not be put there \(.*No space left"):
        lake.replace("documents", given, batch=1)
    assert (lake.version("documents"), lake.read("documents").count()) == (0, 0)


def test_files_with_other_columns_are_refused(lake: Lake) -> None:
    folder = Stash(lake).task_folder("test")
    file = TaskFile(str(folder), ())
    file.add(pa.RecordBatch.from_pydict({"doc_id": ["a"], "batch": pa.array([1], pa.int32())}))
    given = Stash(lake).stored("documents", [path for path in [file.close()] if path])
    with pytest.raises(CorpusmillError, match=r"found the columns \('doc_id', 'batch'\), expected those of documents"):
        lake.replace("documents", given, batch=1)


def test_a_row_of_the_driver(lake: Lake) -> None:
    for crawl in ("one", "two"):
        files = [{"path": "/a", "bytes": 1, "etag": "e"}]
        lake.put("batches", {"batch": 1, "crawl": crawl, "files": files, "bytes": 1}, batch=1)
        found = lake.read("batches").collect()
        assert [(row.batch, row.crawl, row.files[0].asDict()) for row in found] == [(1, crawl, files[0])]
        assert lake.rows("batches", ("crawl", "bytes"), batch=1) == [{"crawl": crawl, "bytes": 1}]
        assert lake.rows("batches", ("crawl",), batch=2) == []


def test_a_table_with_checks_in_sql_is_left_to_spark(lake: Lake, spark: SparkSession) -> None:
    lake.replace("ratings", spark.createDataFrame([], RATINGS.ddl), batch=1)
    assert lake.local is not None
    assert RATINGS.checks
    assert not lake.local.adopt("ratings", [], "", {"batch": 2})
    assert not lake.takes_files("ratings", batch=2)


def duplicates(number: int, similarity: float, stage: str = "dedup_exact", batch: int = 1) -> dict[str, Any]:
    """A row of `duplicates`."""
    name = f"{number:032}"
    row = {"stage": stage, "doc_id": name, "batch": batch, "crawl": "c", "file": "f", "offset": number}
    row |= {"keep": number % 2 == 0, "reason": None if number % 2 == 0 else f"r{number}", "cluster": name}
    return {column: (row | {"similarity": similarity}).get(column) for column in DUPLICATES.column_names}


def by_spark_duplicates(lake: Lake, row: dict[str, Any]) -> DataFrame:
    return lake.spark.createDataFrame([tuple(row.values())], DUPLICATES.ddl)


def stored_duplicates(lake: Lake, rows: list[dict[str, Any]]) -> StoredRows:
    folder = Stash(lake).task_folder("test")
    assert folder is not None
    file = TaskFile(str(folder), DUPLICATES.required)
    for row in rows:
        file.add(pa.RecordBatch.from_pylist([row], schema=arrow_schema(DUPLICATES.schema)))
    return Stash(lake).stored("duplicates", [path for path in [file.close()] if path])


@pytest.mark.parametrize("wrong", [1.0000001, -0.1, float("nan")])
def test_a_range_is_held_by_files_as_by_spark(lake: Lake, monkeypatch: pytest.MonkeyPatch, wrong: float) -> None:
    monkeypatch.setattr(task_files, "_ROW_GROUP_BYTES", 1)
    place = {"stage": "dedup_exact", "batch": 1}
    within = [duplicates(1, 0.0), duplicates(2, 1.0), duplicates(3, 0.5)]
    with pytest.raises(CorpusmillError, match="found similarity outside 0 to 1, expected none in duplicates"):
        lake.replace("duplicates", stored_duplicates(lake, [*within, duplicates(4, wrong)]), **place)
    assert (lake.version("duplicates"), lake.read("duplicates").count()) == (0, 0)
    lake.replace("duplicates", stored_duplicates(lake, within), **place)
    assert lake.read("duplicates").count() == 3
    with pytest.raises(Exception, match="similarity_range"):
        lake.replace(
            "duplicates", by_spark_duplicates(lake, duplicates(4, wrong, batch=2)), stage="dedup_exact", batch=2
        )


def test_a_tally_is_what_spark_counts(lake: Lake, spark: SparkSession, tmp_path: Path) -> None:
    theirs = Lake(spark, f"file:{tmp_path}/lake")
    assert theirs.local is None
    columns = ("keep", "reason")
    assert lake.tally("duplicates", columns, batch=1, stage="dedup_exact") == {}
    for batch in (1, 2):
        rows = [duplicates(number % 3, 0.5, batch=batch) for number in range(5)]
        lake.replace("duplicates", stored_duplicates(lake, rows), batch=batch, stage="dedup_exact")
    place = {"batch": 2, "stage": "dedup_exact"}
    lake.add("duplicates", by_spark_duplicates(lake, duplicates(1, 0.5, batch=2)))
    expected = {(True, None): 3, (False, "r1"): 3}
    assert lake.tally("duplicates", columns, **place) == theirs.tally("duplicates", columns, **place) == expected
    assert lake.tally("duplicates", ("keep",), batch=1) == theirs.tally("duplicates", ("keep",), batch=1)
    assert lake.tally("duplicates", columns, doc_id=f"{1:032}") == {(False, "r1"): 5}


def test_a_workspace_names_the_files_of_what_its_stage_was_given(lake: Lake, spark: SparkSession) -> None:
    for batch in (1, 2, 3):
        for stage in ("dedup_exact", "dedup_minhash"):
            rows = stored_duplicates(lake, [duplicates(batch, 1.0, stage, batch)])
            lake.replace("duplicates", rows, stage=stage, batch=batch)
    lake.add("duplicates", by_spark_duplicates(lake, duplicates(9, 1.0, "dedup_exact", 2)))
    work = LakeWorkspace(lake, "dedup_minhash", 2, {"duplicates": ("dedup_exact",)})

    def named(*, past: bool) -> list[tuple[int, list[int]]]:
        files = work.files("duplicates", past=past)
        assert files is not None
        offsets = [pq.read_table(one.path, columns=["offset"], partitioning=None)["offset"] for one in files]
        return sorted((one.batch, column.to_pylist()) for one, column in zip(files, offsets, strict=True))

    assert named(past=False) == [(2, [2]), (2, [9])]
    assert named(past=True) == [(1, [1])]
    assert all("stage=dedup_minhash" in file.path for file in work.files("duplicates", past=True) or [])
    assert work.files("bands", past=True) == []
    assert lake.local is not None
    lake.local.__dict__["tasks_are_here"] = False
    assert work.files("duplicates") is None
    assert LakeWorkspace(Lake(spark, f"file:{lake.location}"), "dedup_minhash", 2).files("duplicates") is None


def test_a_file_of_another_table_is_for_spark_to_find(lake: Lake, spark: SparkSession) -> None:
    """A shallow clone's log has the paths of its origin's files."""
    lake.replace("documents", stored(lake, [document(1)]), batch=1)
    origin, clone = lake.identifier("documents"), f"delta.`{lake.location}/copy`"
    spark.sql(f"CREATE TABLE {clone} SHALLOW CLONE {origin}")
    assert table_files(Path(lake.location) / "documents")
    assert table_files(Path(lake.location) / "copy") is None


def test_mapped_rows_are_written_by_their_tasks_or_by_spark(lake: Lake, spark: SparkSession) -> None:
    arrow = arrow_schema(DOCUMENTS.schema)

    def make(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            rows = [document(number, batch=1) for number in batch.column(0).to_pylist()]
            given = [row | {"headers": list(row["headers"].items())} for row in rows]
            yield pa.RecordBatch.from_pylist(given, schema=arrow)

    work = LakeWorkspace(lake, "test")
    mapped = MappedRows(spark.range(0, 5, 1, 2), make, DOCUMENTS.schema)
    found = work.computed("documents", mapped, batch=1)
    assert isinstance(found, StoredRows)
    lake.replace("documents", found, batch=1)
    assert lake.read("documents").count() == 5
    again = work.computed("documents", mapped, batch=1)  # rows that are to give way
    assert isinstance(again, DataFrame)
    assert sorted(map(tuple, again.collect()), key=lambda row: row[0]) == contents(lake)
    assert lake.local is not None
    lake.local.__dict__["tasks_are_here"] = False
    assert isinstance(work.computed("documents", mapped, batch=2), DataFrame)


def test_where_tasks_run_elsewhere_the_rows_are_the_same(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cluster's tasks give their rows to Spark."""
    ours, theirs = Lake(spark, str(tmp_path / "ours")), Lake(spark, str(tmp_path / "theirs"))
    assert theirs.local is not None
    theirs.local.__dict__["tasks_are_here"] = False
    schema = spark.createDataFrame([], "documents STRUCT<%s>" % DOCUMENTS.ddl).schema  # noqa: UP031 - a DDL has braces
    arrow = arrow_schema(schema)

    def make(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            rows = [document(number) for number in batch.column(0).to_pylist()]
            given = [{"documents": row | {"headers": list(row["headers"].items())}} for row in rows]
            yield pa.RecordBatch.from_pylist(given, schema=arrow)

    for lake in (ours, theirs):
        work = LakeWorkspace(lake, "test")
        frames = work.fill("pages", spark.range(0, 5, 1, 2), make, schema)
        assert isinstance(frames["documents"], DataFrame) == (lake is theirs)
        lake.replace("documents", frames["documents"], batch=1)
        work.clear()
        assert list(tmp_path.rglob("_stash/*")) == []
    assert contents(ours) == contents(theirs)


def test_the_log_says_what_spark_says(lake: Lake, spark: SparkSession) -> None:
    """After each commit, over checkpoints too: added, replaced, taken back; None for what it does not read."""
    folder = Path(lake.location) / "documents"
    assert table_files(folder) is None

    def check() -> None:
        files = table_files(folder)
        assert files is not None
        assert sorted(Path(file.path).name for file in files) == active(lake)
        for batch in (1, 2, 3):
            expected = lake.read("documents", batch=batch).count()
            assert lake.count("documents", batch=batch) == expected
            assert lake.may_have("documents", batch=batch) == bool(expected)
            assert len(lake.rows("documents", ("offset",), batch=batch)) == expected

    lake.replace("documents", stored(lake, [document(1)]), batch=1)
    spark.sql(f"ALTER TABLE {lake.identifier('documents')} SET TBLPROPERTIES (delta.checkpointInterval = '3')")
    check()
    for number in range(4):
        lake.replace("documents", by_spark(lake, [document(5, batch=2), document(6 + number, batch=2)]), batch=2)
        check()
    assert (folder / "_delta_log/_last_checkpoint").is_file()
    lake.replace("documents", stored(lake, [document(9, batch=3)]), "mine", batch=3)
    check()
    lake.take_back("documents", "mine")
    check()
    spark.sql(f"ALTER TABLE {lake.identifier('documents')} SET TBLPROPERTIES (delta.enableDeletionVectors = true)")
    lake.replace("documents", by_spark(lake, [document(30 + n, batch=3) for n in range(20)]).coalesce(1), batch=3)
    spark.sql(f"DELETE FROM {lake.identifier('documents')} WHERE doc_id = '{30:032}'")
    assert table_files(folder) is None
    assert (lake.count("documents", batch=3), lake.may_have("documents", batch=3)) == (19, True)
    (folder / "_delta_log/00000000000000000001.json").unlink()
    assert lake.count("documents", batch=1) == 1


def test_what_is_no_local_folder_has_no_local_tables(spark: SparkSession, tmp_path: Path) -> None:
    assert Lake(spark, "main.corpus", registered=True).local is None
    assert all(Lake(spark, where).local is None for where in ("s3a://bucket/lake", f"file:{tmp_path}", "dbfs:/lake"))
    local = Lake(spark, "lake").local
    assert local is not None
    assert local.folder == Path.cwd() / "lake"
    assert local.tasks_are_here
    assert set(TABLES) >= {"documents"}
    assert not LocalTables(spark.newSession(), tmp_path).files("documents", {})
