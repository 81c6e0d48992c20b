"""Views over programs: what tables on refining in the literature have (ProX, arXiv 2409.17115, section 5 and
appendix)."""

from jobs.views.view import View

PROGRAM_OPERATIONS = View(
    "program_operations",
    "Calls that count, by batch and operation: how many, in how many documents, and their share of the batch's calls",
    ("refined",),
    {
        "batch": "number of the batch",
        "operation": "the operation, such as remove_lines",
        "calls": "calls that count",
        "documents": "documents with such a call",
        "calls_ratio": "share of the calls of the batch that count",
    },
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
    {
        "batch": "number of the batch",
        "documents": "documents with programs",
        "programs": "their programs",
        "calls": "calls of these that count",
        "per_program": "mean calls of a program",
        "per_document": "mean calls of a document",
        "p25": "calls of a document, 25th percentile",
        "p50": "calls of a document, 50th percentile",
        "p75": "calls of a document, 75th percentile",
        "p90": "calls of a document, 90th percentile",
        "p99": "calls of a document, 99th percentile",
        "most": "most calls of a document",
    },
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
    {
        "batch": "number of the batch",
        "subject": "what it is about: call or program",
        "reason": "what went wrong",
        "number": "such calls or programs",
        "documents": "documents with one",
        "ratio": "share of all calls, or of all programs, of the batch",
        "example": "what was said of one of them",
    },
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
    {
        "batch": "number of the batch",
        "documents": "documents that came to the stage",
        "documents_undropped": "of these, not dropped by their own program",
        "documents_kept": "of these, kept after all guards",
        "documents_changed": "documents with edits",
        "words": "words as received",
        "words_undropped": "words of documents not dropped by their own program",
        "words_kept": "words that are left in documents that are kept",
        "words_removed": "words that edits took out of documents that are kept",
        "removed_ratio": "words_removed of the words of documents that are kept",
        "kept_ratio": "words_kept of words",
    },
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
    {
        "batch": "number of the batch",
        "removed_up_to": "the class: at most this share of words goes; 0: kept without edits; null: rejected without",
        "documents": "documents of the class",
        "documents_kept": "of these, kept",
        "documents_ratio": "share of the documents of the batch",
        "words": "words of these as received",
        "words_removed": "words that edits remove from them",
    },
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

PROGRAM_STATISTICS = View(
    "program_statistics",
    "Programs in one row a batch: documents, programs, calls, what did not count, and what became of the words",
    ("program_words", "program_calls", "program_failures"),
    {
        "batch": "number of the batch",
        "documents": "documents that came to the stage",
        "documents_with_programs": "of these, with programs that were executed",
        "documents_dropped": "dropped by their own program",
        "documents_changed": "documents with edits",
        "documents_kept": "kept after all guards",
        "programs": "programs that were executed",
        "calls": "calls that count",
        "calls_per_document": "mean calls that count, of a document with programs",
        "rejected_calls": "calls that do not count",
        "failed_programs": "programs that failed, were cut, or that nobody was asked for",
        "words": "words as received",
        "removed_ratio": "share of words that edits took out of documents that are kept",
        "kept_ratio": "share of all words that is left",
    },
    """
    WITH failures AS (
        SELECT
            batch, sum(if(subject = 'call', number, 0)) AS rejected_calls,
            sum(if(subject = 'program' AND reason != 'voided', number, 0)) AS failed_programs
        FROM program_failures GROUP BY batch
    )
    SELECT
        program_words.batch, program_words.documents, coalesce(program_calls.documents, 0) AS documents_with_programs,
        program_words.documents - documents_undropped AS documents_dropped, documents_changed, documents_kept,
        coalesce(programs, 0) AS programs, coalesce(calls, 0) AS calls, per_document AS calls_per_document,
        coalesce(rejected_calls, 0) AS rejected_calls, coalesce(failed_programs, 0) AS failed_programs,
        words, removed_ratio, kept_ratio
    FROM program_words
    LEFT JOIN program_calls ON program_words.batch = program_calls.batch
    LEFT JOIN failures ON program_words.batch = failures.batch
    """,
)
