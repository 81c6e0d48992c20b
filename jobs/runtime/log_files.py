"""Which files a Delta table on this machine's disk consists of, and rows of small ones, read without Spark.

A query of Spark over Delta's own state takes a quarter of a second, this a few milliseconds. Where the log has anything
that this module does not read (deletion vectors, checkpoints in parts), it says so, and Spark is to be asked.
"""

import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

import pyarrow.parquet as pq

_ELSEWHERE = re.compile("/|[A-Za-z][A-Za-z0-9+.-]*:")  # a path that is not one inside the table: of a shallow clone


class TableFile(NamedTuple):
    """A file of a table: its path as the log has it, its partition and its number of rows (-1: not told)."""

    path: str
    partition: Mapping[str, str | None]
    rows: int

    def may_have(self, equal: Mapping[str, object]) -> bool:
        """Whether its rows may have these values, as far as they are of its partition."""
        return all(self.partition[name] == str(value) for name, value in equal.items() if name in self.partition)

    @property
    def batch(self) -> int:
        """The batch of its rows, where the table is partitioned by it."""
        return int(str(self.partition["batch"]))

    def is_of(self, stages: Collection[str]) -> bool:
        """Whether one of these stages wrote it, as far as the table is partitioned by stage."""
        return "stage" not in self.partition or self.partition["stage"] in stages


def path_of(folder: Path, file: TableFile) -> Path:
    """Where a file of the table in `folder` is."""
    return folder / unquote(file.path)


def table_files(folder: Path) -> list[TableFile] | None:
    """The files of the table in `folder` as it stands; None where its log is not there, or not of the plain kind."""
    log = folder / "_delta_log"
    commits = {int(path.stem): path for path in log.glob("[0-9]*.json") if path.stem.isdigit()}
    if not commits:
        return None
    files: dict[str, TableFile] = {}
    first = 0
    if (log / "_last_checkpoint").is_file():
        about = json.loads((log / "_last_checkpoint").read_text("utf-8"))
        checkpoint = log / f"{about['version']:020}.checkpoint.parquet"
        if not checkpoint.is_file():
            return None
        first = about["version"] + 1
        for action in _checkpointed(checkpoint):
            if not _apply(action, files):
                return None
    if any(version not in commits for version in range(first, max(commits) + 1)):
        return None
    for version in range(first, max(commits) + 1):
        for line in commits[version].read_text("utf-8").splitlines():
            if not _apply(json.loads(line), files):
                return None
    return list(files.values())


def read_rows(folder: Path, files: Sequence[TableFile], columns: Sequence[str]) -> list[dict[str, Any]]:
    """The rows of some files of the table in `folder`; maps are lists of pairs. Not for columns of the partition, which
    a file need not have."""
    paths = [path_of(folder, file) for file in files]
    return [row for path in paths for row in pq.read_table(path, columns=list(columns), partitioning=None).to_pylist()]


def tally(folder: Path, files: Sequence[TableFile], columns: Sequence[str]) -> Counter[tuple[Any, ...]]:
    """The number of rows of some files of the table in `folder` for each combination of values of some columns; not
    those of the partition."""
    found: Counter[tuple[Any, ...]] = Counter()
    for file in files:
        rows = pq.read_table(path_of(folder, file), columns=list(columns), partitioning=None)
        for row in rows.group_by(list(columns)).aggregate([([], "count_all")]).to_pylist():
            found[tuple(row[name] for name in columns)] += row["count_all"]
    return found


def _checkpointed(checkpoint: Path) -> Iterator[dict[str, Any]]:
    file = pq.ParquetFile(checkpoint)
    names = file.schema_arrow.names
    for row in file.read(["add.path", "add.partitionValues", "add.stats", "add.deletionVector"]).to_pylist():
        if row.get("add") and row["add"].get("path") is not None:
            row["add"]["partitionValues"] = dict(row["add"]["partitionValues"])
            yield row
    if "sidecar" in names:
        yield {"sidecar": {}}


def _apply(action: Mapping[str, Any], files: dict[str, TableFile]) -> bool:
    """Take an action of the log into account; False for one that this module does not know."""
    if added := action.get("add"):
        if added.get("deletionVector") or _ELSEWHERE.match(added["path"]):
            return False
        stats = json.loads(added.get("stats") or "{}")
        files[added["path"]] = TableFile(added["path"], added["partitionValues"], stats.get("numRecords", -1))
    elif removed := action.get("remove"):
        if removed.get("deletionVector"):
            return False
        files.pop(removed["path"], None)
    elif "sidecar" in action:
        return False
    return True
