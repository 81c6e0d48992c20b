"""Views over documents: each with the verdicts of all stages, what is missing and why, what is in the corpus."""

from jobs.views.stages import STAGE_ORDER
from jobs.views.view import View, free_name, quoted
from udfs.models.criteria import CRITERIA

_PLACE = "batch = {0}.batch AND documents.file = {0}.file AND documents.offset = {0}.offset"


def _beside(table: str, alias: str, more: str = "") -> str:
    """A join of a table's row of the same document. `batch` is part of it, so that a query about one batch reads the
    files of that batch alone."""
    return f"LEFT JOIN {table} AS {alias} ON documents.{_PLACE.format(alias)}{more}"


DOCUMENTS_ALL = View(
    "documents_all",
    "A document with the verdicts of all stages: where it stopped and why, its edits, its keeper, its ratings, and its "
    "place in the corpus. What a stage says is null where the document did not come to it",
    ("documents", "screened", "duplicates", "deduplicated", "refined", "ratings", "corpus"),
    {
        "doc_id": "the document, as all tables name it",
        "batch": "number of the batch; a query that names one reads no other",
        "crawl": "name of the crawl",
        "url": "address as crawled",
        "host": "host of the address, lower case",
        "site": "registered domain of the host",
        "fetched_at": "when the page was fetched (UTC)",
        "title": "title of the page",
        "file": "path of the input file",
        "offset": "where the record starts in its file",
        "charset": "character encoding the page was decoded from",
        "chars": "length of the text as extracted, in code points",
        "fate": "published, rejected, duplicate, failed, or waiting (for stages that are not done yet)",
        "stage": "the stage where it stopped; null where none stopped it",
        "reason": "why it stopped there, as docs/reasons.md explains; null where it did not",
        "language": "ISO 639 code of the most probable language",
        "language_score": "its probability",
        "screen_edits": "cuts and replacements by the screening recipe",
        "method": "how a duplicate was found: url, exact, minhash; null for others",
        "keeper": "doc_id of the document that is kept in its place; its own where it is kept",
        "cluster": "doc_id that names its cluster of duplicates; its own where it is alone",
        "similarity": "similarity to its keeper: 1 for exact methods, else an estimate of the Jaccard similarity",
        "bloom_edits": "passages that were cut because they came before",
        "programs": "programs that were executed on it",
        "program_edits": "cuts and replacements by its programs",
        "words": "words before its programs",
        "words_removed": "words that its programs take out",
        "domain": "topic of the text, by the rater",
        **{name: f"{name.replace('_', ' ')}, 1 (very poor) to 5 (very good)" for name in CRITERIA},
        "quality": "overall score, 1 to 5, as the corpus is partitioned",
        "edu": "educational value, 0 to 5",
        "format": "how clean the extracted text is, 0 to 5",
        "confidence": "the rater's confidence in its scores, 0 to 1",
        "tokens": "tokens of the text as rated",
        "model": "digest of the model that rated it",
    },
    f"""
    SELECT
        documents.doc_id, documents.batch, documents.crawl, documents.url, documents.host, site,
        documents.fetched_at, documents.title, documents.file, documents.offset, charset, chars,
        CASE
            WHEN published.file IS NOT NULL THEN 'published'
            WHEN 'failed' IN (screened.reason, deduplicated.reason, refined.reason, rated.reason) THEN 'failed'
            WHEN NOT copies.keep OR NOT alike.keep THEN 'duplicate'
            WHEN NOT screened.keep OR NOT deduplicated.keep OR NOT refined.keep OR NOT rated.keep THEN 'rejected'
            ELSE 'waiting'
        END AS fate,
        CASE
            WHEN NOT screened.keep THEN 'screen'
            WHEN NOT copies.keep THEN 'dedup_exact'
            WHEN NOT alike.keep THEN 'dedup_minhash'
            WHEN NOT deduplicated.keep THEN 'dedup_bloom'
            WHEN NOT refined.keep THEN 'execute'
            WHEN NOT rated.keep THEN 'rate'
        END AS stage,
        coalesce(
            screened.reason, copies.reason, alike.reason, deduplicated.reason, refined.reason, rated.reason
        ) AS reason,
        screened.language, language_score, size(screened.edits) AS screen_edits,
        coalesce(copies.method, alike.method) AS method,
        if(copies.keep, coalesce(alike.keeper, copies.keeper), copies.keeper) AS keeper,
        if(copies.keep, coalesce(alike.cluster, copies.cluster), copies.cluster) AS cluster,
        if(copies.keep, coalesce(alike.similarity, copies.similarity), copies.similarity) AS similarity,
        size(deduplicated.edits) AS bloom_edits, programs, size(refined.edits) AS program_edits, words, words_removed,
        rated.domain, {", ".join(f"rated.{name}" for name in CRITERIA)}, rated.overall_score AS quality,
        rated.edu, rated.format, rated.confidence, rated.tokens, rated.model
    FROM documents
    {_beside("screened", "screened")}
    {_beside("duplicates", "copies", " AND copies.stage = 'dedup_exact'")}
    {_beside("duplicates", "alike", " AND alike.stage = 'dedup_minhash'")}
    {_beside("deduplicated", "deduplicated")}
    {_beside("refined", "refined")}
    {_beside("ratings", "rated")}
    {_beside("corpus", "published")}
    """,
)

# Columns are the steps of all recipes that the lake was screened with, in the order in which recipes have them.
SIGNALS_WIDE = View(
    "signals_wide",
    "What each rule measured on each document that was screened, a column a rule; null where a rule did not see it",
    ("screened", "progress"),
    {
        "doc_id": "the document, as all tables name it",
        "batch": "number of the batch",
        "crawl": "name of the crawl",
        "url": "address as crawled",
        "host": "host of the address, lower case",
        "file": "path of the input file",
        "offset": "where the record starts in its file",
        "keep": "true where screening kept it",
        "reason": "the rule that rejected it; null where kept",
        "language": "ISO 639 code of the most probable language",
        "language_score": "its probability",
    },
    """
    SELECT doc_id, batch, crawl, url, host, file, offset, keep, reason, language, language_score{named} FROM screened
    """,
    names_from="""
    WITH steps AS (
        SELECT position, name, step FROM progress
        LATERAL VIEW posexplode(
            from_json(get_json_object(parts['settings'], '$.rules'), 'MAP<STRING, STRING>')
        ) AS position, name, step
        WHERE stage = 'screen'
    )
    SELECT name FROM steps WHERE get_json_object(step, '$.measure') IS NOT NULL
    GROUP BY name ORDER BY min(position), name
    """,
    named="signals[{name}]",
    named_comment="what the rule {name} measured",
)


def signal_column(rule: str) -> str:
    """The column of `signals_wide` that has what a rule measured."""
    return quoted(free_name(rule, SIGNALS_WIDE.columns))


REASONS = View(
    "reasons",
    "Why pages are missing: each reason of each stage, with how many it took, over all batches. The ratios of all "
    "reasons and of what is published or waiting add up to 1",
    ("documents", "losses", "screened", "duplicates", "deduplicated", "refined", "ratings"),
    {
        "position": "place of the stage in the pipeline, from 1",
        "stage": "the stage that stopped them",
        "reason": "why, as docs/reasons.md explains",
        "documents": "documents; for ingest records, rows and files that did not become documents",
        "chars": "length of their texts as extracted, in code points; null for ingest",
        "tokens": "their tokens, estimated from chars by what rated documents have, as corpusmill whatif does",
        "documents_ratio": "share of all documents and losses of ingest",
    },
    f"""
    WITH stopped AS (
        SELECT 'screen' AS stage, reason, batch, file, offset FROM screened WHERE NOT keep
        UNION ALL SELECT stage, reason, batch, file, offset FROM duplicates WHERE NOT keep
        UNION ALL SELECT 'dedup_bloom', reason, batch, file, offset FROM deduplicated WHERE NOT keep
        UNION ALL SELECT 'execute', reason, batch, file, offset FROM refined WHERE NOT keep
        UNION ALL SELECT 'rate', reason, batch, file, offset FROM ratings WHERE NOT keep
    ),
    counted AS (
        SELECT stage, reason, count(*) AS documents, sum(chars) AS chars
        FROM stopped JOIN documents
            ON stopped.batch = documents.batch AND stopped.file = documents.file AND stopped.offset = documents.offset
        GROUP BY stage, reason
        UNION ALL SELECT stage, reason, count(*), NULL FROM losses WHERE stage = 'ingest' GROUP BY stage, reason
    ),
    rated AS (
        SELECT coalesce(sum(tokens) / sum(chars), 0.25) AS tokens_per_char
        FROM ratings JOIN documents
            ON ratings.batch = documents.batch AND ratings.file = documents.file AND ratings.offset = documents.offset
        WHERE keep
    ),
    everything AS (
        SELECT (SELECT count(*) FROM documents) + (SELECT count(*) FROM losses WHERE stage = 'ingest') AS total
    )
    SELECT
        array_position(array{STAGE_ORDER}, stage) AS position, stage, reason, documents, chars,
        CAST(round(chars * tokens_per_char) AS BIGINT) AS tokens, documents / total AS documents_ratio
    FROM counted CROSS JOIN rated CROSS JOIN everything
    """,
)

CLUSTERS = View(
    "clusters",
    "A cluster of two or more duplicates: its size, what is kept of it, how alike its members are, and where they are",
    ("duplicates",),
    {
        "stage": "the stage that found it: dedup_exact (same URL or same text) or dedup_minhash (nearly the same text)",
        "cluster": "doc_id that names it",
        "documents": "its documents, with the one that is kept",
        "rejected": "its documents that are not kept",
        "keeper": "doc_id of the document that is kept; null where none is",
        "keeper_url": "address of that document",
        "by_url": "rejected as other versions of a URL",
        "by_text": "rejected as copies of a text",
        "least_similarity": "smallest similarity of a rejected document to the keeper",
        "hosts": "different hosts of its documents",
        "first_batch": "the batch of its first document",
        "last_batch": "the batch of its last document",
    },
    """
    SELECT
        stage, cluster, count(*) AS documents, count_if(NOT keep) AS rejected, max(keeper) AS keeper,
        max(if(keep, url, NULL)) AS keeper_url, count_if(method = 'url') AS by_url,
        count_if(method = 'exact') AS by_text, min(if(keep, NULL, similarity)) AS least_similarity,
        count(DISTINCT host) AS hosts,
        min(batch) AS first_batch, max(batch) AS last_batch
    FROM duplicates GROUP BY stage, cluster HAVING count(*) > 1
    """,
)

DOMAIN_QUALITY = View(
    "domain_quality",
    "What the corpus is made of: documents and tokens by domain and quality, the two columns it is partitioned by",
    ("corpus",),
    {
        "domain": "topic of the text, by the rater",
        "quality": "overall score, 1 to 5",
        "documents": "published documents",
        "documents_ratio": "share of the published documents",
        "tokens": "their tokens",
        "tokens_ratio": "share of the published tokens",
        "confidence": "mean confidence of the rater",
    },
    """
    SELECT
        domain, quality, count(*) AS documents, count(*) / sum(count(*)) OVER () AS documents_ratio,
        sum(tokens) AS tokens, sum(tokens) / sum(sum(tokens)) OVER () AS tokens_ratio, avg(confidence) AS confidence
    FROM corpus GROUP BY domain, quality
    """,
)
