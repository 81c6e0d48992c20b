"""A stage's commit: what is counted, and what is taken back, with the sentence that a person reads."""

import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.catalog import DOCUMENTS, SCREENED
from jobs.runtime.commit import RunSettings, commit
from jobs.runtime.errors import StageFailed
from jobs.runtime.lake import Lake
from jobs.runtime.progress import Batch, Pending
from jobs.runtime.stage import OFF, Stage
from tests.jobs.frames import rows_of
from udfs.settings import Section

pytestmark = pytest.mark.spark

BATCH = Batch(1, "c", ())


@pytest.fixture
def lake(spark: SparkSession, tmp_path: Path) -> Lake:
    """A lake with ten documents."""
    made = Lake(spark, str(tmp_path / "lake"))
    given = {"doc_id": "id", "offset": "id", "chars": "1", "headers": "map()", "text": "'t'"}
    made.replace("documents", rows_of(DOCUMENTS, spark.range(10), **given), batch=1)
    return made


def verdicts(documents: DataFrame, keep: str, reason: str) -> DataFrame:
    """Rows of `screened` with a verdict given as SQL."""
    measured = {"language_score": "1", "signals": "map()", "detail": "'it broke'", "text": "NULL"}
    return rows_of(SCREENED, documents, keep=keep, reason=reason, **measured)


def committed(lake: Lake, transform: Callable[..., DataFrame], ratio: float = 0.5) -> object:
    stage = Stage("screen", reads=("documents",), writes=("screened",), transform=transform, rules=("jobs.screen",))
    work = Pending(stage, BATCH, {}, (), {"documents": ("ingest",)})
    return commit(lake, work, Section(), RunSettings(max_failed_ratio=ratio), 10, uuid.uuid4().hex)


REASON = "CASE WHEN offset < 2 THEN 'failed' WHEN offset < 5 THEN 'word_count' END"


def test_kept_rejected_and_failed_are_counted_and_the_failed_have_losses(lake: Lake) -> None:
    assert committed(lake, lambda docs, _: verdicts(docs, "offset >= 5", REASON)) == (10, 5, 3, 2)
    losses = lake.read("losses").orderBy("offset").collect()
    assert [(row.stage, row.doc_id, row.reason, row.detail) for row in losses] == [
        ("screen", "0", "failed", "it broke"),
        ("screen", "1", "failed", "it broke"),
    ]


def test_losses_of_an_earlier_commit_go_when_nothing_fails_any_more(lake: Lake) -> None:
    committed(lake, lambda docs, _: verdicts(docs, "offset >= 5", REASON))
    committed(lake, lambda docs, _: verdicts(docs, "true", "NULL"))
    assert lake.read("losses").count() == 0


def test_a_stage_that_is_switched_off_takes_its_rows_and_losses_away(lake: Lake) -> None:
    committed(lake, lambda docs, _: verdicts(docs, "offset >= 5", REASON))

    def transform(*_: object) -> DataFrame:
        raise AssertionError("a stage that is off computes nothing")

    stage = Stage("screen", reads=("documents",), writes=("screened",), transform=transform, rules=("jobs.screen",))
    work = Pending(stage, BATCH, OFF, (), {"documents": ("ingest",)})
    assert commit(lake, work, Section(), RunSettings(), 10, uuid.uuid4().hex) == (0, 0, 0, 0)
    assert (lake.read("screened").count(), lake.read("losses").count()) == (0, 0)


def test_a_document_that_vanishes_stops_the_stage_and_the_table_is_as_it_was(lake: Lake) -> None:
    committed(lake, lambda docs, _: verdicts(docs, "true", "NULL"))
    with pytest.raises(StageFailed, match=r"found 9 kept \+ 0 rejected \+ 0 failed = 9 documents, expected the 10"):
        committed(lake, lambda docs, _: verdicts(docs.where("offset > 0"), "true", "NULL"))
    assert lake.read("screened").count() == 10


def test_too_many_failures_stop_the_stage_with_the_commonest_reason(lake: Lake) -> None:
    with pytest.raises(
        StageFailed, match=r"found 2 of 10 documents lost \(2 failed, such as: it broke\), expected at most 10%"
    ):
        committed(lake, lambda docs, _: verdicts(docs, "offset >= 5", REASON), ratio=0.1)
    assert (lake.read("screened").count(), lake.read("losses").count()) == (0, 0)


def test_an_error_inside_a_task_is_one_sentence_with_its_own_words(lake: Lake) -> None:
    def broken(documents: DataFrame, _: Section) -> DataFrame:
        def fail(batches):
            raise ValueError("the disk is on fire")
            yield from batches

        return verdicts(documents.mapInArrow(fail, documents.schema), "true", "NULL")

    with pytest.raises(StageFailed) as error:
        committed(lake, broken)
    assert "screen, batch 1: ValueError: the disk is on fire; nothing was committed" in str(error.value)
    assert "\n" not in str(error.value)


def test_an_error_of_the_jvm_that_pyspark_does_not_know_is_one_sentence_too(lake: Lake) -> None:
    def broken(documents: DataFrame, _: Section) -> DataFrame:
        lake.spark.sparkContext._jvm.java.util.Optional.empty().get()
        return documents

    with pytest.raises(StageFailed) as error:
        committed(lake, broken)
    assert "screen, batch 1: java.util.NoSuchElementException: No value present; nothing was" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_value_that_a_check_refuses_commits_nothing(lake: Lake) -> None:
    with pytest.raises(StageFailed, match="nothing was committed"):
        committed(lake, lambda docs, _: verdicts(docs.withColumn("crawl", F.lit(None).cast("string")), "true", "NULL"))
    assert lake.read("screened").count() == 0
