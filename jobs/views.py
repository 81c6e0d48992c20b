"""Views: questions that people ask of the tables, by name. `corpusmill sql` knows them beside the tables.

They are temporary views over the tables of a lake (`Lake.register_views`), so nothing is stored and they are always
current.
"""

from typing import NamedTuple


class View(NamedTuple):
    """A named query."""

    name: str
    comment: str
    needs: tuple[str, ...]  # tables without which it is not made
    query: str


# The recipe's steps in order come from the settings that the commit was made with, as `progress` keeps them.
SURVIVORS = View(
    "survivors",
    "Pages that each step of the recipe was given, rejected and let pass, by batch: the numbers of a Sankey diagram",
    ("screened", "progress"),
    """
    WITH recipe AS (
        SELECT batch, position + 1 AS position, step
        FROM progress
        LATERAL VIEW posexplode(json_object_keys(get_json_object(parts['settings'], '$.rules'))) AS position, step
        WHERE stage = 'screen'
    ),
    verdicts AS (
        SELECT batch, keep, reason, count(*) AS pages FROM screened GROUP BY batch, keep, reason
    ),
    steps AS (
        SELECT batch, 0 AS position, reason AS step FROM verdicts WHERE reason = 'failed'
        UNION ALL SELECT batch, position, step FROM recipe
    ),
    rejected AS (
        SELECT steps.batch, steps.position, steps.step, coalesce(verdicts.pages, 0) AS rejected
        FROM steps LEFT JOIN verdicts ON steps.batch = verdicts.batch AND steps.step = verdicts.reason
    ),
    totals AS (SELECT batch, sum(pages) AS pages FROM verdicts GROUP BY batch)
    SELECT
        rejected.batch, position, step,
        totals.pages - sum(rejected) OVER earlier + rejected AS pages_in,
        rejected,
        totals.pages - sum(rejected) OVER earlier AS pages_left
    FROM rejected JOIN totals ON rejected.batch = totals.batch
    WINDOW earlier AS (PARTITION BY rejected.batch ORDER BY position ROWS UNBOUNDED PRECEDING)
    """,
)

VIEWS = (SURVIVORS,)
