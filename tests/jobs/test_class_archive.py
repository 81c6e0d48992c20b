"""The archive of Spark's classes: named to the JVM where it is there, and mapped by it."""

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs.runtime import java
from jobs.runtime.java import CLASS_ARCHIVE, READING_JVM, WORKING_JVM


def test_options_are_the_users_else_ours_and_name_an_archive_that_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tmp_path / "classes.jsa"
    monkeypatch.setattr(java, "CLASS_ARCHIVE", archive)
    assert java.java_options(None, for_work=True) == WORKING_JVM
    assert java.java_options(None, for_work=False) == READING_JVM
    archive.touch()
    assert java.java_options(None, for_work=True) == f"-XX:SharedArchiveFile={archive} {WORKING_JVM}"
    assert java.java_options("-Xss4m", for_work=False) == f"-XX:SharedArchiveFile={archive} -Xss4m"


@pytest.mark.skipif(not CLASS_ARCHIVE.is_file(), reason="`make setup` has made no archive of classes")
@pytest.mark.skipif(CLASS_ARCHIVE.resolve() != CLASS_ARCHIVE, reason="an archive holds for the path it was made at")
def test_the_jvm_maps_the_archive(spark: SparkSession) -> None:
    """A JVM that finds fault with it (another Java, another Spark) lets go of it without an error."""
    process = spark.sparkContext._jvm.java.lang.ProcessHandle.current().pid()
    maps = Path(f"/proc/{process}/maps")
    if not maps.exists():
        pytest.skip("this system does not tell what a process maps")
    assert str(CLASS_ARCHIVE) in maps.read_text()
