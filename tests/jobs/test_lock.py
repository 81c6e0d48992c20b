"""The lease by which one run holds a lake that is not on a local disk; for a local one see test_command_line.py."""

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs.runtime import lock
from jobs.runtime.errors import CorpusmillError

pytestmark = pytest.mark.spark


@pytest.fixture
def lease(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(lock, "RENEW_SECONDS", 3.0)
    return f"delta.`{tmp_path}/lease`"


def test_a_lease_that_is_renewed_stops_the_second_run(spark: SparkSession, lease: str) -> None:
    with lock.hold_table(spark, lease, "s3://lake", "first"):
        second = lock.hold_table(spark, lease, "s3://lake", "second")
        with pytest.raises(CorpusmillError, match=r"s3://lake: found the lake held by run first of .* since 20"):
            second.__enter__()
        assert spark.table(lease).head().run == "first"


def test_a_lease_that_was_given_back_is_free_at_once(spark: SparkSession, lease: str) -> None:
    for run in ("first", "second"):
        with lock.hold_table(spark, lease, "s3://lake", run):
            assert spark.table(lease).head().run == run
    assert spark.table(lease).head().run == ""


def test_a_run_that_died_does_not_block_the_next(spark: SparkSession, lease: str) -> None:
    with lock.hold_table(spark, lease, "s3://lake", "first"):
        pass
    spark.sql(f"UPDATE {lease} SET run = 'dead', holder = '{{}}'")  # nobody renews it
    with lock.hold_table(spark, lease, "s3://lake", "second"):
        assert spark.table(lease).head().run == "second"
