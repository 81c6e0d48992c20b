"""Rows of labels from a Parquet file, a folder of Parquet files or a Delta table, without Spark."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from udfs.models.manifest import file_sha256


def read_labels(path: Path, columns: Sequence[str], optional: Sequence[str]) -> list[dict[str, Any]]:
    """The rows with `columns`, and those of `optional` that are there. Raises ValueError in one sentence."""
    import pyarrow as pa
    import pyarrow.dataset as ds

    try:
        table = ds.dataset([str(file) for file in _files(path)], format="parquet")
        found = table.schema.names
        missing = [name for name in columns if name not in found]
        if missing:
            raise ValueError(f"{path} lacks the columns {', '.join(missing)}; give the ratings as Parquet with them.")
        wanted = [*columns, *(name for name in optional if name in found)]
        rows: list[dict[str, Any]] = table.to_table(columns=wanted).to_pylist()
    except (OSError, pa.ArrowException) as error:
        reason = " ".join(str(error).split())[:200]
        raise ValueError(f"{path} cannot be read as Parquet ({reason}); give the file of the ratings.") from None
    if not rows:
        raise ValueError(f"{path} holds no rows; give the file of the ratings.")
    return rows


def labels_sha256(path: Path) -> str:
    """Of the file; of a folder or a Delta table, of its files' digests in order of their paths."""
    files = _files(path)
    if files == [path]:
        return file_sha256(path)
    return hashlib.sha256("".join(file_sha256(file) for file in files).encode()).hexdigest()


def _files(path: Path) -> list[Path]:
    """The files of a table, in order; of a Delta table, those of its newest version."""
    if not path.is_dir():
        return [path]
    if (path / "_delta_log").is_dir():
        from deltalake import DeltaTable

        return sorted(Path(file.removeprefix("file://")) for file in DeltaTable(str(path.absolute())).file_uris())
    files = sorted(path.glob("*.parquet"))
    if not files:
        raise ValueError(f"{path} holds no Parquet files and is no Delta table; name another folder.")
    return files
