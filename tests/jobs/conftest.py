"""What tests of jobs share."""

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from tests.small_lake import make


@pytest.fixture(scope="session")
def small_lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a lake of sixteen pages (`tests/small_lake.py`). Tests only read it."""
    folder = tmp_path_factory.mktemp("small") / "lake"
    make(spark, str(folder))
    return folder
