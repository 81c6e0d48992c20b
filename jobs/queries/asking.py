"""A query over the tables and views of a lake."""

import contextlib
from collections.abc import Iterator, Sequence

from pyspark.errors import PySparkException
from pyspark.sql import DataFrame

from jobs.catalog import TABLES
from jobs.queries.mistakes import sentence
from jobs.queries.statement import forbidden, with_versions, words
from jobs.runtime.errors import CorpusmillError
from jobs.runtime.lake import Lake


def check(query: str) -> None:
    """Raises CorpusmillError for a statement that would do more than ask."""
    found = forbidden(query)
    if found:
        raise CorpusmillError(
            f"sql: found {found}, expected a statement that only asks (SELECT, WITH, DESCRIBE, SHOW, EXPLAIN): nothing "
            "is written this way."
        )
    if next(words(query), None) is None:
        raise CorpusmillError('sql: found no statement, expected one such as "SELECT count(*) FROM corpus".')


@contextlib.contextmanager
def asked(lake: Lake, query: str, names: Sequence[str] = ()) -> Iterator[DataFrame]:
    """The answer of a query; tables and views are known by their bare names, and `corpus VERSION AS OF 3` is the table
    as it was. `names` are those that the session knows already; without them, those that the query mentions are made
    known. What is wrong with the query, also where that shows only while its rows are made, is a CorpusmillError of one
    sentence."""
    check(query)
    if not names:
        is_show = next(words(query)).text == "SHOW"
        names = lake.register_views("" if is_show else query)
    full = with_versions(query, TABLES, lake.identifier)
    try:
        yield lake.spark.sql(full)
    except PySparkException as error:
        raise CorpusmillError(f"sql: {sentence(error, full, names, lake.location)}") from None
