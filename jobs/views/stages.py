"""Views over the stages: what each step and stage was given and let pass."""

from jobs.views.view import View

# The recipe's steps in order come from the settings that the commit was made with, as `progress` keeps them.
SURVIVORS = View(
    "survivors",
    "Pages that each step of the recipe was given, rejected and let pass, by batch: the numbers of a Sankey diagram",
    ("screened", "progress"),
    {
        "batch": "number of the batch",
        "position": "place of the step in the recipe, from 1; 0 for pages that failed",
        "step": "the step, as the recipe names it",
        "pages_in": "pages it was given",
        "rejected": "pages it rejected",
        "pages_left": "pages it let pass",
    },
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

# In the order of the pipeline, which cannot be imported here: it imports the lake, and the lake the views.
STAGE_ORDER = (
    "ingest",
    "screen",
    "dedup_exact",
    "sign",
    "dedup_minhash",
    "dedup_substring",
    "dedup_bloom",
    "propose",
    "execute",
    "rate",
    "publish",
)

STAGE_FLOW = View(
    "stage_flow",
    "Documents that each stage was given, kept, rejected and lost, by batch, in the stages' order; words where stages "
    "count them (execute) and tokens where the rater has counted them (rate, publish)",
    ("progress", "refined", "ratings", "corpus"),
    {
        "batch": "number of the batch",
        "position": "place of the stage in the pipeline, from 1",
        "stage": "the stage",
        "documents_in": "documents it was given",
        "kept": "documents it let pass",
        "rejected": "documents that a rule rejected",
        "failed": "documents that were lost",
        "kept_ratio": "kept of documents_in; null where it was given none",
        "words_in": "words it was given; null where the stage counts none",
        "words_kept": "words it let pass; null where the stage counts none",
        "tokens_kept": "tokens it let pass; null before the rater has counted them",
    },
    f"""
    WITH sizes AS (
        SELECT
            batch, 'execute' AS stage, sum(words) AS words_in, sum(if(keep, words - words_removed, 0)) AS words_kept,
            CAST(NULL AS BIGINT) AS tokens_kept
        FROM refined GROUP BY batch
        UNION ALL SELECT batch, 'rate', NULL, NULL, sum(if(keep, tokens, 0)) FROM ratings GROUP BY batch
        UNION ALL SELECT batch, 'publish', NULL, NULL, sum(tokens) FROM corpus GROUP BY batch
    )
    SELECT
        progress.batch, array_position(array{STAGE_ORDER}, progress.stage) AS position, progress.stage,
        rows_in AS documents_in, rows_kept AS kept, rows_rejected AS rejected, rows_failed AS failed,
        try_divide(rows_kept, rows_in) AS kept_ratio, words_in, words_kept, tokens_kept
    FROM progress LEFT JOIN sizes ON progress.batch = sizes.batch AND progress.stage = sizes.stage
    WHERE element_at(parts, 'switch') IS NULL  -- a stage that is switched off was given nothing
    """,
)
