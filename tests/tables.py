"""The tables of a lake as plain, comparable Python values, read without Spark.

`deltalake` is another implementation of Delta than the one that wrote the tables, so a test that compares two lakes
also shows that others can read them.
"""

import math
from pathlib import Path
from typing import Any

from deltalake import DeltaTable

from jobs.catalog import TABLES

Row = dict[str, Any]

# What differs between two runs of the same work, and nothing else: when it was done, by which run, how fast, and after
# how many commits.
PER_RUN = {"progress": ("seconds", "finished_at", "run", "versions")}


def rows(lake: Path, table: str, without: tuple[str, ...] = ()) -> list[Row]:
    """The rows of a table without the columns `without`, in an order that depends on the values only; none where the
    table was never written.

    Maps (which Delta keeps as pairs without an order) become sorted tuples of pairs, lists tuples, structs dicts, and
    NaN the string "NaN", which, unlike it, equals itself.
    """
    folder = lake / table
    if not (folder / "_delta_log").is_dir():
        return []
    found = DeltaTable(str(folder)).to_pyarrow_table()
    unknown = set(without) - set(found.column_names)
    if unknown:
        raise ValueError(f"{table}: found no column {', '.join(sorted(unknown))} to leave out")
    maps = {field.name for field in found.schema if str(field.type).startswith("map<")}
    wanted = [name for name in found.column_names if name not in without]
    plain = [
        {name: _comparable(value, is_map=name in maps) for name, value in row.items()}
        for row in found.select(wanted).to_pylist()
    ]
    return sorted(plain, key=lambda row: repr(sorted(row.items())))


def tables(lake: Path, without: tuple[str, ...] = ()) -> dict[str, list[Row]]:
    """All tables of the catalog by name, without what differs from run to run, and without the columns `without`
    where a table has them (such as `batch`, to compare lakes that took the same files in other portions)."""
    return {
        name: rows(
            lake,
            name,
            tuple(
                column
                for column in table.column_names
                if (lake / name).is_dir() and column in (*PER_RUN.get(name, ()), *without)
            ),
        )
        for name, table in TABLES.items()
    }


def difference(left: dict[str, list[Row]], right: dict[str, list[Row]]) -> str:
    """Where two lakes differ, in a few lines for a person: per table the number of rows and the first pair that is
    unequal; empty where they are equal."""
    lines = []
    for name in sorted(left.keys() | right.keys()):
        ours, theirs = left.get(name, []), right.get(name, [])
        if ours == theirs:
            continue
        lines.append(f"{name}: {len(ours)} rows against {len(theirs)}")
        lines += [_first_difference(a, b) for a, b in zip(ours, theirs, strict=False) if a != b][:1]
    return "\n".join(lines)


def _first_difference(left: Row, right: Row) -> str:
    columns = [name for name in left.keys() | right.keys() if left.get(name) != right.get(name)]
    return "\n".join(
        f"  {name}: {str(left.get(name))[:300]!r} against {str(right.get(name))[:300]!r}" for name in sorted(columns)
    )


def _comparable(value: Any, *, is_map: bool = False) -> Any:
    if isinstance(value, float) and math.isnan(value):
        return "NaN"
    if isinstance(value, dict):
        return {key: _comparable(inner) for key, inner in value.items()}
    if isinstance(value, list):
        inner = tuple(_comparable(item) for item in value)
        return tuple(sorted(inner, key=repr)) if is_map else inner
    return tuple(_comparable(item) for item in value) if isinstance(value, tuple) else value
