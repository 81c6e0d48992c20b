"""Views: questions that people ask of the tables, by name. `corpusmill sql` and notebooks know them beside the tables.

They are temporary views over the tables of a lake (`Lake.register_views`), so nothing is stored and they are always
current. Each is declared once, in a module of this package, with a comment for itself and each of its columns;
`docs/sql.md` shows them. A query about one batch should reach the tables as such, so views join by `batch` too.
"""

import re
from collections.abc import Collection

from jobs.views.documents import CLUSTERS, DOCUMENTS_ALL, DOMAIN_QUALITY, REASONS, SIGNALS_WIDE, signal_column
from jobs.views.programs import (
    PROGRAM_CALLS,
    PROGRAM_FAILURES,
    PROGRAM_OPERATIONS,
    PROGRAM_STATISTICS,
    PROGRAM_WORD_CLASSES,
    PROGRAM_WORDS,
)
from jobs.views.stages import STAGE_FLOW, STAGE_ORDER, SURVIVORS
from jobs.views.view import View, definition

__all__ = ["STAGE_ORDER", "SURVIVORS", "VIEWS", "View", "available", "definition", "mentioned", "signal_column"]

# A view that reads another stands behind it.
VIEWS = (
    DOCUMENTS_ALL,
    REASONS,
    SIGNALS_WIDE,
    DOMAIN_QUALITY,
    CLUSTERS,
    SURVIVORS,
    STAGE_FLOW,
    PROGRAM_OPERATIONS,
    PROGRAM_CALLS,
    PROGRAM_FAILURES,
    PROGRAM_WORDS,
    PROGRAM_WORD_CLASSES,
    PROGRAM_STATISTICS,
)


def available(tables: Collection[str]) -> tuple[View, ...]:
    """The views that can be made where these tables are there, each behind those that it reads."""
    known = set(tables)
    found = []
    for view in VIEWS:
        if known.issuperset(view.needs):
            known.add(view.name)
            found.append(view)
    return tuple(found)


def mentioned(query: str) -> set[str]:
    """All words of a query, and what the views among them need: no table or view that it may read is left out."""
    found = set(re.findall(r"\w+", query.lower()))
    for view in reversed(VIEWS):
        if view.name in found:
            found |= set(view.needs)
    return found
