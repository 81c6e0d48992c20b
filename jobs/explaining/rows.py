"""What was read about a page: rows of the tables as plain mappings from column to value."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from jobs.runtime.stage import OFF, read_back
from udfs.text.edits import Edit

Row = Mapping[str, Any]

UNSEEN = (
    "Never seen: no table has a row of it. What is no page by design (redirects, errors, images) is counted in files, "
    "and has no row."
)


class Found(NamedTuple):
    """All rows about one document. None: the table has none of it."""

    document: Row
    screened: Row | None = None
    duplicates: Mapping[str, Row] = {}  # by stage
    deduplicated: Row | None = None
    programs: Sequence[Row] = ()
    refined: Row | None = None
    ratings: Row | None = None
    corpus: Row | None = None
    losses: Sequence[Row] = ()
    progress: Mapping[str, Row] = {}  # by stage: the commits of its batch
    keeper: Row | None = None  # doc_id, url, text: what is kept in its place, as screened
    copies: Sequence[Row] = ()  # rows of `duplicates` of which it is the keeper
    others: Sequence[Row] = ()  # rows of `documents` with its URL or id, without their text


class Lost(NamedTuple):
    """A page that never became a document: its rows in `losses`."""

    asked: str
    losses: Sequence[Row]


class Unseen(NamedTuple):
    """A page of which no table has a row: what is known near it."""

    asked: str
    host: str  # empty for an id, or what is no URL
    nearest: Sequence[Row]  # url and doc_id, the nearest first
    losses: Sequence[Row]  # of its host: stage, reason, losses (how many), example (a URL), detail


def settings_of(commit: Row | None) -> dict[str, Any]:
    """The settings that a stage's commit was made with; none where it is switched off, or there is no commit."""
    if commit is None or "settings" not in (commit["parts"] or {}):
        return {}
    found = read_back(commit["parts"]["settings"])
    return found if isinstance(found, dict) else {}


def is_off(commit: Row | None) -> bool:
    """Whether a stage was switched off."""
    return commit is not None and commit["parts"] == OFF


def edits_of(row: Row | None) -> tuple[Edit, ...]:
    """The edits of a row, in whatever form they came: rows, tuples or mappings."""
    found = (row["edits"] or ()) if row is not None else ()
    return tuple(Edit(**edit) if isinstance(edit, Mapping) else Edit(*edit) for edit in found)


def as_json(value: Any) -> str:
    """A value as indented JSON, for a person."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)
