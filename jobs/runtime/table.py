"""What a declaration of a table consists of; the declarations are `jobs/catalog/`."""

from collections.abc import Callable, Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple, cast

from pyspark.sql import DataFrame
from pyspark.sql.types import StructType

from udfs.columns.batches import MapInArrow

# Columns beside its key by which people look for rows.
SOUGHT = frozenset(("doc_id", "url", "host", "site", "fetched_at", "language", "overall_score", "edu"))


class Column(NamedTuple):
    """A column: its Spark SQL type and the comment that `DESCRIBE` shows."""

    name: str
    type: str
    comment: str
    required: bool = True


class Range(NamedTuple):
    """A CHECK constraint that files can be held to without SQL: `column` is from `least` to `greatest`, both
    included."""

    column: str
    least: float
    greatest: float


class Table(NamedTuple):
    """A table: its columns, the columns whose values identify a row, its partitioning, and its CHECK constraints: by
    name, in SQL, and those that are ranges."""

    name: str
    comment: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    partitioned_by: tuple[str, ...] = ("batch",)
    checks: tuple[tuple[str, str], ...] = ()
    ranges: tuple[Range, ...] = ()

    @property
    def constraints(self) -> dict[str, str]:
        """All CHECK constraints in SQL, by name."""
        ranges = {f"{one.column}_range": f"{one.column} BETWEEN {one.least} AND {one.greatest}" for one in self.ranges}
        return {**dict(self.checks), **ranges}

    @property
    def column_names(self) -> tuple[str, ...]:
        """The columns' names in order."""
        return tuple(column.name for column in self.columns)

    @property
    def sought(self) -> tuple[str, ...]:
        """Columns of which Delta notes the least and the greatest value in each file, so that readers skip files. It
        would do so for the first 32, texts too, which takes time with every row."""
        wanted = SOUGHT.union(self.key).difference(self.partitioned_by)
        return tuple(name for name in self.column_names if name in wanted)

    @property
    def required(self) -> frozenset[str]:
        """The columns that are never null."""
        return frozenset(column.name for column in self.columns if column.required)

    @property
    def ddl(self) -> str:
        """The columns as a Spark schema string, for `createDataFrame` and `mapInArrow`."""
        return ", ".join(f"`{column.name}` {column.type}" for column in self.columns)

    @property
    def schema(self) -> StructType:
        """The columns as a Spark schema."""
        return cast(StructType, StructType.fromDDL(self.ddl))


class StoredRows(NamedTuple):
    """Rows of a table that stand in Parquet files on this machine's disk, and what makes a frame that reads them."""

    files: Sequence[Path]
    frame: Callable[[], DataFrame]


class MappedRows(NamedTuple):
    """Rows of a table that `function` makes of `rows`: by Spark's mapInArrow, or written to files by its tasks."""

    rows: DataFrame
    function: MapInArrow
    schema: StructType

    def frame(self) -> DataFrame:
        """As Spark sees them."""
        return self.rows.mapInArrow(self.function, self.schema)


Rows = DataFrame | StoredRows | MappedRows


def as_frame(rows: Rows) -> DataFrame:
    """Rows as Spark sees them."""
    return rows if isinstance(rows, DataFrame) else rows.frame()


def optional(name: str, type_: str, comment: str) -> Column:
    """A column that may be null."""
    return Column(name, type_, comment, required=False)


def partition(table: Table, equal: Mapping[str, object]) -> Path:
    """The folder, inside the table's, of the rows with these values: that of their partition, as far as they name
    it."""
    named = takewhile(lambda name: name in equal, table.partitioned_by)
    return Path(*(f"{name}={equal[name]}" for name in named))


def literal(value: object) -> str:
    """A number or a string as a SQL literal."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise TypeError(f"found {value!r}, expected an int or a str")
    return str(value) if isinstance(value, int) else "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
