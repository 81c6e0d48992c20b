"""What tests share: the data folder, and one local Spark session for all tests that need a JVM."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from pyspark.sql import SparkSession

from tests.browser import chromium, open_page

__all__ = ["chromium", "open_page"]  # fixtures

ROOT = Path(__file__).parent.parent
DATA = ROOT.parent / "shared/data"

# No deadline for an example: the first call of a kernel compiles it. The examples of a test are the same in every run,
# so that what passed here passes there; `make test-exhaustive` looks for others (HYPOTHESIS_PROFILE=exploring).
settings.register_profile("corpusmill", deadline=None, derandomize=True)
settings.register_profile("exploring", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "corpusmill"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of minutes first: what runs last should be short, so that two workers end together."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real data; tests that want it are skipped where it is absent."""
    if not DATA.is_dir():
        pytest.skip("the folder of real data is not here")
    return DATA


@pytest.fixture(scope="session")
def llama2(data: Path) -> Any:
    """The tokenizer of Llama 2."""
    from udfs.models.tokens import load_tokenizer

    path = data / "tokenizers/llama2/tokenizer.json"
    if not path.is_file():
        pytest.skip("the tokenizer of Llama 2 is not here")
    return load_tokenizer(path)


@pytest.fixture(scope="session")
def qwen(data: Path) -> Any:
    """The tokenizer of Qwen."""
    from tests.udfs.dataman_tokenizer import qwen_tokenizer

    ranks = data / "tokenizers/qwen/qwen.tiktoken"
    if not ranks.is_file():
        pytest.skip("the ranks of Qwen's byte pairs are not here")
    return qwen_tokenizer(ranks)


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """The session that `corpusmill` itself makes on a laptop, with two cores."""
    from jobs.runtime.session import SparkSettings, open_session

    folder = tmp_path_factory.mktemp("spark")
    settings = SparkSettings(
        master="local[2]",
        shuffle_partitions=2,
        log_file=str(folder / "spark.log"),
        conf={
            "spark.sql.adaptive.enabled": "false",  # pure cost on a handful of rows
            "spark.sql.codegen.wholeStage": "false",  # as is compiling each query,
            "spark.sql.codegen.factoryMode": "NO_CODEGEN",  # and each projection
            "spark.local.dir": str(folder),
            # The JVM's second compiler does not pay for itself in minutes.
            "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        },
    )
    session = open_session(settings)
    yield session
    session.stop()
