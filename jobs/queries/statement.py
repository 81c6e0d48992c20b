"""The text of a SQL statement, as far as it must be understood before Spark sees it: whether it only asks, and which
tables it wants as they were.

Words are looked for outside strings, quoted names and comments. This is no parser: Spark says what is wrong with a
statement, once it is known that it changes nothing.
"""

import re
from collections.abc import Callable, Collection, Iterator
from itertools import pairwise
from typing import NamedTuple

_PARTS = re.compile(
    r"""(?P<hidden> --[^\n]* | /\*.*?\*/ | '(?:\\.|[^'\\])*' | "(?:\\.|[^"\\])*" | `(?:``|[^`])*` )
    | (?P<word> [^\W\d]\w* ) | (?P<mark> [^\w\s] )""",
    re.VERBOSE | re.DOTALL,
)
_ASKING = frozenset(("SELECT", "WITH", "FROM", "VALUES", "TABLE", "DESCRIBE", "DESC", "SHOW", "EXPLAIN"))
_WRITING = frozenset((("INSERT", "INTO"), ("INSERT", "OVERWRITE"), ("DELETE", "FROM"), ("MERGE", "INTO")))
_VERSIONED = frozenset(("VERSION", "TIMESTAMP", "SYSTEM_VERSION", "SYSTEM_TIME"))


class Word(NamedTuple):
    """A word of a statement in capitals, where it stands, and how many brackets are open there."""

    text: str
    start: int
    end: int
    depth: int


def words(statement: str) -> Iterator[Word]:
    """The words outside strings, quoted names and comments."""
    depth = 0
    for found in _PARTS.finditer(statement):
        if found["mark"]:
            depth += {"(": 1, ")": -1}.get(found["mark"], 0)
        elif found["word"]:
            yield Word(found["word"].upper(), found.start(), found.end(), depth)


def forbidden(statement: str) -> str:
    """The words that say that a statement would do more than ask; empty where it asks only.

    What a statement does is said by its first word, but for WITH and FROM, behind which Spark takes an INSERT, a
    DELETE, an UPDATE or a MERGE too.
    """
    found = list(words(statement))
    if not found:
        return ""
    first = found[0].text
    if first not in _ASKING:
        return first
    if first not in {"WITH", "FROM"}:
        return ""
    outside = [word.text for word in found if word.depth == 0]
    for one, other in pairwise(outside):
        if (one, other) in _WRITING:
            return f"{one} {other}"
    is_update = any(one == "UPDATE" and "SET" in outside[place:] for place, one in enumerate(outside))
    return "UPDATE" if is_update else ""


def with_versions(statement: str, tables: Collection[str], identifier: Callable[[str], str]) -> str:
    """The statement with tables named in full where Spark takes no view: `corpus VERSION AS OF 3`, `corpus TIMESTAMP AS
    OF '2026-05-01'` (also with FOR), `DESCRIBE HISTORY corpus`, `DESCRIBE DETAIL corpus`."""
    found = list(words(statement))
    spelled = [word.text for word in found]
    parts, done = [], 0
    for place, word in enumerate(found):
        name = word.text.lower()
        if name in tables and (_is_old(spelled[place + 1 : place + 5]) or _is_told(spelled[max(place - 2, 0) : place])):
            parts += [statement[done : word.start], identifier(name)]
            done = word.end
    return "".join([*parts, statement[done:]])


def _is_old(behind: list[str]) -> bool:
    behind = behind[1:] if behind[:1] == ["FOR"] else behind
    return bool(behind) and behind[0] in _VERSIONED and behind[1:3] == ["AS", "OF"]


def _is_told(before: list[str]) -> bool:
    return len(before) == 2 and before[0] in {"DESCRIBE", "DESC"} and before[1] in {"HISTORY", "DETAIL"}
