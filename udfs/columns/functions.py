"""Models as SQL functions of a text: pandas UDFs for questions that are asked by hand, in SQL and in notebooks.

Each function runs its model on each text it is given, so `cm_rate(text)` once is cheaper than two functions of its
parts. The stages do not use these.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
from pyspark.sql.pandas.functions import pandas_udf
from pyspark.sql.types import DataType, StructType

from udfs.columns.rating import Raters
from udfs.models.criteria import CRITERIA
from udfs.models.rater import Rating
from udfs.programs.asking import Answer, Asker
from udfs.programs.refining import ExecuteSettings, Written, refine

RATING = StructType()
for _name, _type in (
    *(("domain", "string"), ("domain_probability", "double"), *((name, "integer") for name in CRITERIA)),
    *(("edu", "integer"), ("format", "integer"), ("confidence", "double"), ("tokens", "long"), ("error", "string")),
):
    RATING.add(_name, _type)

Texts = Callable[[list[str]], list[Any]]


def rate_function(raters: Raters) -> Any:
    """text -> a struct of its ratings; `error` says why a text has none. Null for null."""
    return _function(lambda: _rows(raters), RATING)


def rating_field(raters: Raters, field: str) -> Any:
    """text -> one field of its ratings; null where it has none."""

    def start() -> Texts:
        rows = _rows(raters)
        return lambda texts: [row[field] for row in rows(texts)]

    return _function(start, RATING[field].dataType)


def refine_function(open_asker: Callable[[], Asker], settings: ExecuteSettings) -> Any:
    """text -> what its programs leave of it; null where they drop it, and for null."""

    def start() -> Texts:
        ask = open_asker()
        return lambda texts: [_left(text, answers, settings) for text, answers in zip(texts, ask(texts), strict=True)]

    return _function(start, "string")


def programs_function(open_asker: Callable[[], Asker]) -> Any:
    """text -> the programs about it: that of the document, then those of its chunks."""

    def start() -> Texts:
        ask = open_asker()
        return lambda texts: [[one.program for one in answers if one.program] for answers in ask(texts)]

    return _function(start, "array<string>")


def _rows(raters: Raters) -> Texts:
    return lambda texts: [_row(rating) for _, rating in raters(texts, [None] * len(texts))]


def _row(rating: Rating | str) -> dict[str, Any]:
    if isinstance(rating, str):
        return dict.fromkeys(RATING.names) | {"error": rating}
    named = dict(zip(CRITERIA, rating.scores, strict=True)) | rating._asdict()
    return {name: named.get(name) for name in RATING.names}


def _left(text: str, answers: list[Answer], settings: ExecuteSettings) -> str | None:
    written = [
        Written(one.level, one.first_line, one.last_line, one.program, one.score, one.start, one.end) for one in answers
    ]
    found = refine(text, written, settings)
    return found.text if found.keep else None


def _function(start: Callable[[], Texts], returns: DataType | str) -> Any:
    """A pandas UDF over texts; `start` loads what it needs, once a task."""

    def run(batches: Iterator[pd.Series]) -> Iterator[Any]:
        answer = start()
        for texts in batches:
            given = texts.notna()
            found = iter(answer(texts[given].tolist()))
            values = [next(found) if there else None for there in given]
            yield _frame(values) if isinstance(returns, StructType) else pd.Series(values, dtype=object)

    given_back: Any = Iterator[pd.DataFrame] if isinstance(returns, StructType) else Iterator[pd.Series]
    run.__annotations__["return"] = given_back  # PySpark goes by it
    return pandas_udf(run, returnType=returns)  # type: ignore[call-overload]  # the stubs want plain annotations


def _frame(rows: list[dict[str, Any] | None]) -> pd.DataFrame:
    return pd.DataFrame([row or dict.fromkeys(RATING.names) for row in rows], columns=RATING.names, dtype=object)
