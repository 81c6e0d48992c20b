"""Files that tasks write: the rows of each table in a file of its own, required columns without nulls, nothing for
nothing."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from udfs.columns import task_files
from udfs.columns.task_files import TaskFile, to_files

PAGE = pa.struct([("id", pa.int64()), ("text", pa.large_string()), ("headers", pa.map_(pa.string(), pa.int32()))])
LOSS = pa.struct([("reason", pa.large_string())])
SCHEMA = pa.schema([("pages", PAGE), ("losses", LOSS)])
REQUIRED = {"pages": ("id", "text", "headers"), "losses": ("reason",)}


def page(number: int, text: str | None) -> dict[str, object]:
    return {"pages": {"id": number, "text": text, "headers": [("a", number)]}, "losses": None}


def written(folder: Path, batches: list[list[dict[str, object]]]) -> dict[str, pa.Table]:
    """What the files hold that a task made of batches of rows, by table."""
    given = [pa.RecordBatch.from_pylist(rows, schema=SCHEMA) for rows in batches]
    found = [row for batch in to_files(iter, REQUIRED, str(folder))(iter(given)) for row in batch.to_pylist()]
    return {row["table"]: pq.read_table(row["path"], partitioning=None) for row in found}


def test_each_table_has_its_rows_in_order(tmp_path: Path) -> None:
    loss = {"pages": None, "losses": {"reason": "no_text"}}
    found = written(tmp_path, [[page(1, "one"), loss, page(2, "é\0")], [loss], [page(3, "")]])
    assert found["losses"].to_pylist() == [{"reason": "no_text"}] * 2
    assert [row["text"] for row in found["pages"].to_pylist()] == ["one", "é\0", ""]
    assert found["pages"]["headers"].to_pylist() == [[("a", 1)], [("a", 2)], [("a", 3)]]
    assert [field.nullable for field in found["pages"].schema] == [False, False, False]
    assert len(list(tmp_path.iterdir())) == 2


def test_a_table_without_rows_has_no_file(tmp_path: Path) -> None:
    assert written(tmp_path, [[]]) == {}
    assert list(tmp_path.iterdir()) == []


def test_a_null_where_none_may_be_is_refused(tmp_path: Path) -> None:
    with pytest.raises(pa.ArrowInvalid, match="text"):
        written(tmp_path, [[page(1, None)]])


def test_rows_leave_memory_in_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_files, "_ROW_GROUP_BYTES", 1000)
    file = TaskFile(str(tmp_path), ("id",))
    for number in range(10):
        file.add(pa.RecordBatch.from_pydict({"id": [number], "text": ["x" * 400]}))
    path = file.close()
    assert path is not None
    footer = pq.read_metadata(path)
    assert [footer.row_group(at).num_rows for at in range(footer.num_row_groups)] == [3, 3, 3, 1]
    assert pq.read_table(path)["id"].to_pylist() == list(range(10))
