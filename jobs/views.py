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

# --- programs: what tables on refining in the literature have (ProX, arXiv 2409.17115, section 5 and appendix)

PROGRAM_OPERATIONS = View(
    "program_operations",
    "Calls that count, by batch and operation: how many, in how many documents, and their share of the batch's calls",
    ("refined",),
    """
    WITH counted AS (
        SELECT batch, operation, calls FROM refined LATERAL VIEW explode(operations) AS operation, calls
    )
    SELECT
        batch, operation, sum(calls) AS calls, count(*) AS documents,
        sum(calls) / sum(sum(calls)) OVER (PARTITION BY batch) AS calls_ratio
    FROM counted GROUP BY batch, operation
    """,
)

PROGRAM_CALLS = View(
    "program_calls",
    "Calls that count in a document that has programs, by batch: mean, percentiles and most; and the mean of programs",
    ("refined",),
    """
    WITH pages AS (
        SELECT batch, programs, aggregate(map_values(operations), 0L, (sum, calls) -> sum + calls) AS calls
        FROM refined WHERE programs > 0
    ),
    measured AS (
        SELECT
            batch, count(*) AS documents, sum(programs) AS programs, sum(calls) AS calls, max(calls) AS most,
            percentile(calls, array(0.25, 0.5, 0.75, 0.9, 0.99)) AS percentiles
        FROM pages GROUP BY batch
    )
    SELECT
        batch, documents, programs, calls, calls / programs AS per_program, calls / documents AS per_document,
        percentiles[0] AS p25, percentiles[1] AS p50, percentiles[2] AS p75,
        percentiles[3] AS p90, percentiles[4] AS p99, most
    FROM measured
    """,
)

# A program that ends as it should says one of these; whatever else a server says is worth a look.
PROGRAM_FAILURES = View(
    "program_failures",
    "What went wrong, by batch: of a call (reasons of calls that do not count), of a program (it failed, was cut, "
    "nobody was asked for it, or it had too many errors: voided); and the share of all calls, or of all programs",
    ("programs", "refined"),
    """
    WITH found AS (
        SELECT batch, 'call' AS subject, why AS reason, calls AS number, 1 AS documents, CAST(NULL AS STRING) AS detail
        FROM refined LATERAL VIEW explode(rejected_calls) AS why, calls
        UNION ALL
        SELECT batch, 'program', coalesce(reason, finish), count(*), 1, min(detail)
        FROM programs WHERE reason IS NOT NULL OR finish NOT IN ('stop', 'recorded', 'rules')
        GROUP BY batch, file, offset, coalesce(reason, finish)
        UNION ALL
        SELECT batch, 'program', 'voided', voided, 1, NULL FROM refined WHERE voided > 0
    ),
    totals AS (
        SELECT
            batch, 'call' AS subject,
            sum(aggregate(concat(map_values(operations), map_values(rejected_calls)), 0L, (sum, calls) -> sum + calls))
                AS total
        FROM refined GROUP BY batch
        UNION ALL
        SELECT batch, 'program', count(*) FROM programs GROUP BY batch
    )
    SELECT
        found.batch, found.subject, reason, sum(number) AS number, sum(documents) AS documents,
        sum(number) / max(totals.total) AS ratio, min(detail) AS example
    FROM found JOIN totals ON found.batch = totals.batch AND found.subject = totals.subject
    GROUP BY found.batch, found.subject, reason
    """,
)

# A document that its own program drops has no edits, so its words are lost without being counted as removed.
PROGRAM_WORDS = View(
    "program_words",
    "What programs leave, by batch: documents that they change, and words as received, after programs of documents "
    "(ProX-D), and after programs of chunks too (ProX-D+C)",
    ("refined",),
    """
    WITH pages AS (
        SELECT
            *, reason IS NULL OR reason NOT IN ('drop_document', 'no_decision') AS undropped, size(edits) > 0 AS changed
        FROM refined
    )
    SELECT
        batch, count(*) AS documents, count_if(undropped) AS documents_undropped, count_if(keep) AS documents_kept,
        count_if(changed) AS documents_changed,
        sum(words) AS words, sum(if(undropped, words, 0)) AS words_undropped,
        sum(if(keep, words - words_removed, 0)) AS words_kept,
        sum(if(keep, words_removed, 0)) AS words_removed,
        try_divide(sum(if(keep, words_removed, 0)), sum(if(keep, words, 0))) AS removed_ratio,
        try_divide(sum(if(keep, words - words_removed, 0)), sum(words)) AS kept_ratio
    FROM pages GROUP BY batch
    """,
)

PROGRAM_WORD_CLASSES = View(
    "program_word_classes",
    "Documents in classes by the share of their words that edits remove, by batch; 0: kept without edits; null: "
    "rejected without edits. ProX drops what loses 0.95 or more",
    ("refined",),
    """
    WITH pages AS (SELECT *, try_divide(words_removed, words) AS removed_ratio FROM refined),
    classed AS (
        SELECT *, CASE
            WHEN NOT keep AND size(edits) = 0 THEN NULL
            WHEN size(edits) = 0 THEN 0.0
            WHEN removed_ratio IS NULL OR removed_ratio <= 0.05 THEN 0.05
            WHEN removed_ratio <= 0.1 THEN 0.1
            WHEN removed_ratio <= 0.25 THEN 0.25
            WHEN removed_ratio <= 0.5 THEN 0.5
            WHEN removed_ratio <= 0.75 THEN 0.75
            WHEN removed_ratio <= 0.95 THEN 0.95
            ELSE 1.0 END AS removed_up_to
        FROM pages
    )
    SELECT
        batch, CAST(removed_up_to AS DOUBLE) AS removed_up_to, count(*) AS documents, count_if(keep) AS documents_kept,
        count(*) / sum(count(*)) OVER (PARTITION BY batch) AS documents_ratio,
        sum(words) AS words, sum(words_removed) AS words_removed
    FROM classed GROUP BY batch, removed_up_to
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

VIEWS = (
    SURVIVORS,
    PROGRAM_OPERATIONS,
    PROGRAM_CALLS,
    PROGRAM_FAILURES,
    PROGRAM_WORDS,
    PROGRAM_WORD_CLASSES,
    STAGE_FLOW,
)
