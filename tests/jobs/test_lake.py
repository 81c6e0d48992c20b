"""The lake: replacing is atomic and by batch, what Delta refuses changes nothing, and a restored table is as it was."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.catalog import BATCHES, DUPLICATES, LOSSES, RATINGS
from jobs.runtime.errors import CorpusmillError
from jobs.runtime.lake import Lake
from jobs.runtime.stash import Stash
from tests.jobs.frames import rows_of

pytestmark = pytest.mark.spark
REFUSED = (PySparkException, Py4JJavaError)  # the second where PySpark has no class for an error of Delta


@pytest.fixture(params=["folder", "metastore"])
def lake(spark: SparkSession, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Lake]:
    """A lake in a folder, and one whose tables a metastore manages."""
    if request.param == "folder":
        yield Lake(spark, str(tmp_path / "lake"))
        return
    schema = f"lake_{uuid.uuid4().hex[:8]}"
    spark.sql(f"CREATE SCHEMA {schema}")
    yield Lake(spark, schema, registered=True)
    spark.sql(f"DROP SCHEMA {schema} CASCADE")


def batch(lake: Lake, number: int, crawl: str) -> DataFrame:
    return lake.spark.createDataFrame([(number, crawl, [("/a", 1, "e")], 1)], BATCHES.ddl)


def crawls(lake: Lake) -> list[tuple[int, str]]:
    return sorted((row.batch, row.crawl) for row in lake.read("batches").collect())


def test_a_table_never_written_has_no_rows_and_its_columns(lake: Lake) -> None:
    assert lake.read("batches", batch=1).columns == list(BATCHES.column_names)
    assert (lake.read("batches").count(), lake.version("batches")) == (0, -1)


def test_replacing_a_batch_leaves_the_others(lake: Lake) -> None:
    lake.replace("batches", batch(lake, 1, "one"), batch=1)
    lake.replace("batches", batch(lake, 2, "two"), batch=2)
    lake.replace("batches", batch(lake, 1, "new"), batch=1)
    assert crawls(lake) == [(1, "new"), (2, "two")]


def test_added_rows_stand_beside_the_others(lake: Lake) -> None:
    for number in (1, 2):
        lake.add("batches", batch(lake, number, "new"))
    assert crawls(lake) == [(1, "new"), (2, "new")]
    assert lake.version("batches") == 2  # 0 is the making of the table


def test_rows_of_another_batch_are_refused_and_nothing_changes(lake: Lake) -> None:
    lake.replace("batches", batch(lake, 1, "one"), batch=1)
    for there_is_one in (True, False):
        with pytest.raises(REFUSED):
            lake.replace("batches", batch(lake, 2, "two"), batch=1 if there_is_one else 3)
        assert crawls(lake) == [(1, "one")]


def test_stages_that_share_a_table_replace_only_their_own_rows(lake: Lake) -> None:
    for stage in ("ingest", "rate"):
        row = (stage, 1, "/a", 0, None, None, "failed", "it's \\ a quote")
        lake.replace("losses", lake.spark.createDataFrame([row], LOSSES.ddl), stage=stage, batch=1)
    lake.replace("losses", lake.spark.createDataFrame([], LOSSES.ddl), stage="rate", batch=1)
    assert [row.stage for row in lake.read("losses").collect()] == ["ingest"]


def test_a_table_may_be_replaced_by_rows_that_come_from_it(lake: Lake) -> None:
    """As stages with a history or a memory do."""
    lake.replace("batches", batch(lake, 1, "one"), batch=1)
    again = lake.read("batches").withColumn("batch", F.lit(2))
    lake.replace("batches", again, batch=2)
    lake.replace("batches", lake.read("batches", batch=2).withColumn("crawl", F.lit("two")), batch=2)
    lake.add("batches", lake.read("batches", batch=1).withColumn("batch", F.lit(3)))
    assert crawls(lake) == [(1, "one"), (2, "two"), (3, "one")]


def test_what_a_run_left_that_was_killed_while_it_made_a_table_is_no_table(spark: SparkSession, tmp_path: Path) -> None:
    log = tmp_path / "lake/duplicates/_delta_log"
    log.mkdir(parents=True)
    (log / ".00000000000000000000.json.1f0c.tmp").write_text("{")
    lake = Lake(spark, str(tmp_path / "lake"))
    assert lake.version("duplicates") == -1
    given = {"stage": "'s'", "doc_id": "'d'", "cluster": "'d'", "offset": "id"}
    with pytest.raises(REFUSED, match="similarity_range"):
        lake.replace("duplicates", rows_of(DUPLICATES, spark.range(1), similarity="2", **given), stage="s", batch=1)
    lake.replace("duplicates", rows_of(DUPLICATES, spark.range(1), similarity="1", **given), stage="s", batch=1)
    assert (lake.read("duplicates").count(), lake.version("duplicates")) == (1, 1)


def test_a_value_outside_its_range_is_refused(lake: Lake) -> None:
    values = {
        "stage": "dedup_exact", "doc_id": "d", "batch": 1, "crawl": "c", "file": "/a", "offset": 0, "keep": True,
        "cluster": "d", "keeper_id": 1, "similarity": 1.5,
    }  # fmt: skip
    row = tuple(values.get(column.name) for column in DUPLICATES.columns)
    with pytest.raises(REFUSED, match="similarity_range"):
        lake.replace("duplicates", lake.spark.createDataFrame([row], DUPLICATES.ddl), stage="dedup_exact", batch=1)
    assert lake.read("duplicates").count() == 0


def test_a_document_without_ratings_may_be_written_only_where_it_failed(lake: Lake) -> None:
    given = {"doc_id": "'d'", "offset": "id", "model": "'m'", "reason": "'failed'"}
    lake.replace("ratings", rows_of(RATINGS, lake.spark.range(1), keep="false", **given), batch=1)
    assert lake.read("ratings").count() == 1
    with pytest.raises(PySparkException, match=r"VIOLATE|violated"):
        lake.replace("ratings", rows_of(RATINGS, lake.spark.range(1), keep="true", **given), batch=1)


def test_taking_back_undoes_the_latest_commits_of_a_mark_and_no_others(lake: Lake) -> None:
    lake.take_back("batches", "mine")  # never written: nothing to do
    lake.replace("batches", batch(lake, 1, "one"), "mine", batch=1)
    lake.replace("batches", batch(lake, 2, "two"), "theirs", batch=2)
    lake.take_back("batches", "mine")
    assert crawls(lake) == [(1, "one"), (2, "two")]
    lake.replace("batches", batch(lake, 1, "new"), "mine", batch=1)
    lake.replace("batches", batch(lake, 2, "new"), "mine", batch=2)
    lake.take_back("batches", "mine")
    assert crawls(lake) == [(1, "one"), (2, "two")]


def test_taking_back_the_first_commit_of_a_table_empties_it(lake: Lake) -> None:
    lake.replace("batches", batch(lake, 1, "one"), "mine", batch=1)
    lake.take_back("batches", "mine")
    assert crawls(lake) == []


def test_a_table_with_other_columns_is_refused_in_one_sentence(lake: Lake) -> None:
    lake.spark.sql(f"CREATE TABLE {lake.identifier('batches')} (id BIGINT) USING DELTA")
    with pytest.raises(CorpusmillError, match="found other columns than this version writes"):
        lake.replace("batches", batch(lake, 1, "one"), batch=1)


def test_what_is_stashed_is_computed_once_and_read_back(lake: Lake) -> None:
    rows = lake.spark.range(5).selectExpr("id", "struct(id, 'x' AS word) AS documents")
    stash = Stash(lake)
    assert sorted(row.documents.id for row in stash.write("ingest", rows).collect()) == [0, 1, 2, 3, 4]
    stash.empty("ingest")
    left = [file for file in Path(lake.location).rglob("*.parquet") if file.stat().st_size > 1000]
    assert not left
    assert not lake.registered or not lake.spark.catalog.tableExists(lake.identifier("stash_ingest"))


def test_views_bear_the_names_of_the_tables(lake: Lake) -> None:
    lake.replace("batches", batch(lake, 1, "one"), batch=1)
    assert lake.register_views() == ["batches"]
    assert lake.spark.sql("SELECT crawl FROM batches").head().crawl == "one"
