"""Spark's classes as a file that the JVM maps instead of reading and checking them one by one, which is nearly half of
the time in which a command that reads starts, and a quarter of a run's start.

    python -m jobs.runtime.class_archive

`make setup` makes it, beside Delta's jars in the environment. It holds classes of one Java and one Spark; where either
is another one by then the JVM leaves it alone and says so in Spark's log (Java's class data sharing, JEP 350). Without
it everything works, only later.
"""

import os
import sys
import tempfile
from pathlib import Path

from jobs.runtime.errors import CorpusmillError
from jobs.runtime.java import CLASS_ARCHIVE, READING_JVM
from jobs.runtime.session import SparkSettings, end, open_session

EXIT_SECONDS = 120  # writing takes some twenty


def make_class_archive(archive: Path = CLASS_ARCHIVE) -> None:
    """Write the classes that a small Delta table needs to be written, changed and read.

    Raises CorpusmillError where Spark does not start, or its JVM writes no archive.
    """
    archive.parent.mkdir(parents=True, exist_ok=True)
    archive.unlink(missing_ok=True)  # a JVM that maps one does not write another
    with tempfile.TemporaryDirectory(dir=archive.parent) as folder:
        partial = Path(folder, archive.name)  # never half of it under its own name
        conf = {"spark.driver.extraJavaOptions": f"-XX:ArchiveClassesAtExit={partial} {READING_JVM}"}
        settings = SparkSettings(master="local[1]", log_file=f"{folder}/spark.log", conf=conf)
        spark = open_session(settings, for_work=False)
        rows = spark.range(10).selectExpr("id", "1 AS batch")
        rows.write.format("delta").partitionBy("batch").save(f"{folder}/table")
        table = f"delta.`{folder}/table`"
        spark.sql(f"SELECT batch, count(*), sum(id) FROM {table} WHERE id > 2 GROUP BY ALL ORDER BY ALL").collect()
        end(spark, EXIT_SECONDS)
        if not partial.is_file():
            raise CorpusmillError("this Java wrote no archive of classes, so commands start a few seconds later.")
        with partial.open("rb") as written:
            os.fsync(written)  # a JVM that maps a file cut short does not start
        partial.replace(archive)


if __name__ == "__main__":
    try:
        make_class_archive()
    except (CorpusmillError, OSError) as error:  # nothing depends on it
        print(error, file=sys.stderr)
