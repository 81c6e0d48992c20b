"""The tables of a lake on this machine's own disk, as files: small questions and small commits without a Spark job.

Each method says where it cannot help (a log of another kind, tasks on other machines, a table with CHECK constraints in
SQL), and then the lake has Spark do the same.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

from jobs.catalog import TABLES
from jobs.runtime.adopting import commit_files, merged, write_rows
from jobs.runtime.errors import StageFailed
from jobs.runtime.log_files import TableFile, path_of, read_rows, table_files, tally
from jobs.runtime.session import runs_here

# Files that tasks wrote become a table's own unless they are small (as Spark sees it, spark.sql.files.openCostInBytes):
# then their rows are written again together, by this process if they are few.
SMALL_FILE_BYTES = 4 << 20
FEW_BYTES = 64 << 20
FEW_FILES = 256


class LocalTables:
    """Tables under `folder`."""

    def __init__(self, spark: SparkSession, folder: Path) -> None:
        self.spark = spark
        self.folder = folder

    @cached_property
    def tasks_are_here(self) -> bool:
        """Whether tasks and driver are on one machine."""
        return runs_here(self.spark)

    def files(self, name: str, equal: Mapping[str, object]) -> list[TableFile] | None:
        """The table's files that may have rows with these values; None where only Spark can tell."""
        found = table_files(self.folder / name)
        return found and [file for file in found if file.may_have(equal)]

    def path(self, name: str, file: TableFile) -> Path:
        """Where a file of a table is."""
        return path_of(self.folder / name, file)

    def read(self, name: str, files: Sequence[TableFile], columns: Sequence[str]) -> list[dict[str, Any]]:
        """Some columns of all rows of the files; not those of the partition. Maps are lists of pairs."""
        return read_rows(self.folder / name, files, columns)

    def tally(self, name: str, files: Sequence[TableFile], columns: Sequence[str]) -> Counter[tuple[Any, ...]]:
        """The number of rows of the files for each combination of values of some columns; not those of the
        partition."""
        return tally(self.folder / name, files, columns)

    def adopt(self, name: str, files: Sequence[Path], mark: str, place: Mapping[str, object]) -> bool:
        """Files of rows become the table's own, in one commit; whether they could. Raises StageFailed where the disk is
        at fault."""
        if not self.adopts(name, place):
            return False
        with _one_sentence(self.folder / name):
            return self._adopt(name, files, mark, place)

    def _adopt(self, name: str, files: Sequence[Path], mark: str, place: Mapping[str, object]) -> bool:
        size = sum(file.stat().st_size for file in files)
        if len(files) > 1 and size < SMALL_FILE_BYTES * len(files):
            if size > FEW_BYTES or len(files) > FEW_FILES:
                return False
            files = [merged(files, TABLES[name])]
        if files:
            commit_files(self.spark, self.folder / name, TABLES[name], files, place, mark)
        return True

    def put(self, name: str, row: Mapping[str, Any], place: Mapping[str, object]) -> bool:
        """A row that the driver has becomes the table's, in one commit; whether it could. Raises StageFailed where the
        disk is at fault."""
        if not self.adopts(name, place):
            return False
        with _one_sentence(self.folder / name):
            file = write_rows(self.folder / "_stash", TABLES[name], [row])
            commit_files(self.spark, self.folder / name, TABLES[name], [file], place, "")
        return True

    def adopts(self, name: str, place: Mapping[str, object]) -> bool:
        """Whether files of rows with the values of `place` can become the table's: its log is here, no CHECK takes
        SQL, and all of them belong to one partition."""
        table = TABLES[name]
        is_plain = self.tasks_are_here and not table.checks and set(table.partitioned_by) <= set(place)
        return is_plain and table_files(self.folder / name) is not None


@contextmanager
def _one_sentence(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StageFailed(f"{folder}: rows could not be put there ({error}); nothing was committed.") from None
