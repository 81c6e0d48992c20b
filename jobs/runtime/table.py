"""What a declaration of a table consists of; the declarations are `jobs/catalog/`."""

from typing import NamedTuple, cast

from pyspark.sql.types import StructType

# Columns beside its key by which people look for rows.
SOUGHT = frozenset(("doc_id", "url", "host", "site", "fetched_at", "language", "overall_score", "edu"))


class Column(NamedTuple):
    """A column: its Spark SQL type and the comment that `DESCRIBE` shows."""

    name: str
    type: str
    comment: str
    required: bool = True


class Table(NamedTuple):
    """A table: its columns, the columns whose values identify a row, its partitioning, and its CHECK constraints by
    name."""

    name: str
    comment: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    partitioned_by: tuple[str, ...] = ("batch",)
    checks: tuple[tuple[str, str], ...] = ()

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
    def ddl(self) -> str:
        """The columns as a Spark schema string, for `createDataFrame` and `mapInArrow`."""
        return ", ".join(f"`{column.name}` {column.type}" for column in self.columns)

    @property
    def schema(self) -> StructType:
        """The columns as a Spark schema."""
        return cast(StructType, StructType.fromDDL(self.ddl))


def optional(name: str, type_: str, comment: str) -> Column:
    """A column that may be null."""
    return Column(name, type_, comment, required=False)


def literal(value: object) -> str:
    """A number or a string as a SQL literal."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise TypeError(f"found {value!r}, expected an int or a str")
    return str(value) if isinstance(value, int) else "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
