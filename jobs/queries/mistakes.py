"""What is wrong with a query, in one sentence: what was found, where, and what to write instead."""

import re
from collections.abc import Collection
from difflib import get_close_matches

from pyspark.errors import PySparkException

from jobs.catalog import TABLES
from jobs.pipeline import STAGES
from jobs.views import VIEWS

_WRITERS = {table: stage.name for stage in reversed(STAGES) for table in stage.writes}
_NEEDS = {view.name: view.needs for view in VIEWS}
_PLACE = re.compile(r"\(line (\d+), pos (\d+)\)")
_NEAR = 30  # characters of the query that are shown behind the place of a mistake


def sentence(error: PySparkException, query: str, names: Collection[str], where: str) -> str:
    """The mistake. `query` is what Spark was given, `names` are the tables and views of the lake at `where`."""
    kind = error.getCondition() or ""
    said = error.getMessageParameters() or {}
    if kind.startswith("TABLE_OR_VIEW_NOT_FOUND"):
        return _no_table(said.get("relationName", "").replace("`", ""), names, where)
    if kind.startswith("UNRESOLVED_COLUMN"):
        column = said.get("objectName", "").replace("`", "")
        near = said.get("proposal", "").replace("`", "")
        return f"found no column {column}{_at(error)}" + (f", expected one such as {near}." if near else ".")
    if kind.startswith("PARSE_SYNTAX_ERROR") or "ParseException" in type(error).__name__:
        return f"found a syntax error{_at(error, query)}, expected a SELECT statement as Spark SQL has it."
    return _first_line(error) + _at(error)


def _no_table(name: str, names: Collection[str], where: str) -> str:
    missing = [table for table in _NEEDS.get(name, (name,)) if table in _WRITERS or table in TABLES]
    missing = [table for table in missing if table not in names]
    if name in TABLES or name in _NEEDS:
        lacking = "" if name in TABLES else f", for which {_and(missing)} would be needed"
        stages = dict.fromkeys(_WRITERS[table] for table in missing if table in _WRITERS)
        made = f"; {_and(list(stages))} of corpusmill run makes what is missing" if stages else ""
        return f"found no {name} in {where} yet{lacking}{made}."
    near = get_close_matches(name.lower(), names, 1, 0.5)
    known = ", ".join(names) or "none yet; corpusmill run makes them"
    if near:
        return f"found no table {name} in {where}, did you mean {near[0]}? There are {known}."
    return f"found no table {name} in {where}, expected one of these: {known}."


def _at(error: PySparkException, query: str = "") -> str:
    """Where the mistake is, as Spark says it; lines and characters from 1."""
    place = _PLACE.search(str(error))
    if place is None:
        return ""
    line, column = int(place[1]), int(place[2])
    rest = query.split("\n")[line - 1][column:].strip() if query and line <= query.count("\n") + 1 else ""
    behind = f", before {rest[:_NEAR]!r}" if rest else ", at its end" if query else ""
    return f" at line {line}, character {column + 1}{behind}"


def _first_line(error: PySparkException) -> str:
    first = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return re.sub(r"\s*;?\s*(SQLSTATE: \w+|line \d+ pos \d+).*$", "", first)


def _and(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
