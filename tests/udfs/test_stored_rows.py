"""Rows read from a table's files are those that a look at every row finds."""

from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from udfs.columns.stored_rows import StoredFile, all_rows, rows_among, values_stored
from udfs.dedup.lookup import Sorted

COLUMNS = pa.schema({"id": pa.int64(), "batch": pa.int32(), "name": pa.large_string(), "content": pa.large_binary()})


def made_up(random: Random, count: int) -> list[dict[str, Any]]:
    return [
        {"id": one, "name": random.choice([None, f"n{one}"]), "content": f"c{one}".encode(), "keys": [one] * (one % 3)}
        for one in (random.randrange(-50, 50) for _ in range(count))
    ]


def store(folder: Path, rows: list[dict[str, Any]], batch: int, rows_a_group: int) -> StoredFile:
    path = folder / f"{batch}.parquet"
    kinds = {"id": pa.int64(), "name": pa.string(), "content": pa.binary(), "keys": pa.list_(pa.int64())}
    table = pa.Table.from_pylist(rows, schema=pa.schema(kinds))
    pq.write_table(table, path, row_group_size=rows_a_group, store_schema=False)
    return StoredFile(str(path), batch)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("rows_a_group", [1, 7, 1000])
def test_rows_among_are_those_of_a_look_at_every_row(tmp_path: Path, rows_a_group: int, threads: int) -> None:
    random = Random(rows_a_group)
    rows = {batch: made_up(random, 60) for batch in (1, 2)}
    files = [store(tmp_path, part, batch, rows_a_group) for batch, part in rows.items()]
    for wanted in ([], [-200, 200], [3], list(range(-50, 10))):
        expected = [
            {"id": row["id"], "batch": batch, "name": row["name"], "content": row["content"]}
            for batch, part in rows.items()
            for row in part
            if row["id"] in wanted
        ]
        found = rows_among(files, "id", Sorted(np.array(wanted, np.int64)), COLUMNS, threads)
        assert (found.schema, found.to_pylist()) == (COLUMNS, expected)
    without = pa.schema([field for field in COLUMNS if field.name != "batch"])
    assert [row["id"] for row in all_rows(files, without).to_pylist()] == [
        r["id"] for part in rows.values() for r in part
    ]
    assert values_stored(files, "keys") == sum(max(1, len(row["keys"])) for part in rows.values() for row in part)
    assert values_stored(files, "id") == 120


def test_of_no_files_there_are_no_rows() -> None:
    assert rows_among([], "id", Sorted(np.array([1])), COLUMNS, 1).equals(COLUMNS.empty_table())
    assert all_rows([], COLUMNS).equals(COLUMNS.empty_table())
    assert values_stored([], "keys") == 0
