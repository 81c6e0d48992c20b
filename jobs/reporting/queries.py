"""What the report asks: SQL over the tables, each query with a bounded number of rows, whatever the lake holds.

Rows are counted, binned and ranked by Spark; what comes back is a line for a stage, reason, language, domain, class of
sizes, or one of the few first hosts and clusters. The page shows each query beside what it gave, as it was run.
"""

from typing import NamedTuple

from jobs.views import STAGE_ORDER
from udfs.models.criteria import CRITERIA

TOP_HOSTS = 10
TOP_CLUSTERS = 5  # of a stage
EXAMPLES = 3  # of a reason


class Query(NamedTuple):
    """A query by name, and what it says in words."""

    name: str
    about: str
    sql: str


FILES = Query(
    "files",
    "The input files as read, by crawl, and all of them together (crawl is null).",
    """
SELECT crawl, count(*) AS files, sum(bytes) AS bytes, sum(html_responses) AS html_responses,
    sum(documents) AS documents, sum(losses) AS losses
FROM files GROUP BY ROLLUP (crawl) ORDER BY grouping(crawl) DESC, crawl LIMIT 101
""",
)

# The last row that a document has in any table says what became of it. Every text is read here, once as extracted and
# once as published, for its bytes; nothing else of the report reads texts but for a few examples.
FATES = Query(
    "fates",
    "What became of each document: the stage that ended its way, with the reason; bytes of text as extracted and as "
    "published, tokens as published; and how many documents are of each size (s: from 2^s bytes to twice that).",
    f"""
WITH steps AS (
    SELECT xxhash64(file, offset) AS id, 1 AS position, 'ingest' AS stage, true AS keep, CAST(NULL AS STRING) AS reason,
        octet_length(text) AS bytes, NULL AS bytes_left, NULL AS tokens
    FROM documents
    UNION ALL SELECT xxhash64(file, offset), 2, 'screen', keep, reason, NULL, NULL, NULL FROM screened
    UNION ALL SELECT xxhash64(file, offset), array_position(array{STAGE_ORDER}, stage), stage, keep, reason,
        NULL, NULL, NULL
    FROM duplicates
    UNION ALL SELECT xxhash64(file, offset), 7, 'dedup_bloom', keep, reason, NULL, NULL, NULL FROM deduplicated
    UNION ALL SELECT xxhash64(file, offset), 9, 'execute', keep, reason, NULL, NULL, NULL FROM refined
    UNION ALL SELECT xxhash64(file, offset), 10, 'rate', keep, reason, NULL, NULL, NULL FROM ratings
    UNION ALL SELECT xxhash64(file, offset), 11, 'publish', true, NULL, NULL, octet_length(text), tokens FROM corpus
),
fates AS (
    SELECT max_by(struct(stage, keep, reason), position) AS last, sum(bytes) AS bytes, sum(bytes_left) AS bytes_left,
        sum(tokens) AS tokens, length(bin(sum(bytes))) - 1 AS size, length(bin(sum(bytes_left))) - 1 AS size_left
    FROM steps GROUP BY id
)
SELECT
    CASE WHEN grouping(last) = 0 THEN 'fate' WHEN grouping(size) = 0 THEN 'extracted' ELSE 'published' END AS part,
    last.stage AS stage, last.keep AS keep, last.reason AS reason, coalesce(size, size_left) AS size,
    count(*) AS documents, sum(bytes) AS bytes, sum(bytes_left) AS bytes_left, sum(tokens) AS tokens
FROM fates GROUP BY GROUPING SETS ((last), (size), (size_left)) ORDER BY part, stage, reason, size
""",
)

LANGUAGES = Query(
    "languages",
    "Pages and published documents by language, the most frequent first.",
    """
SELECT language, sum(pages) AS pages, sum(published) AS published, sum(tokens) AS tokens
FROM (
    SELECT language, 1 AS pages, 0 AS published, 0 AS tokens FROM screened
    UNION ALL SELECT language, 0, 1, tokens FROM corpus
)
GROUP BY language ORDER BY pages DESC, language LIMIT 1000
""",
)

DOMAINS = Query(
    "domains",
    "Published documents and their tokens by domain and quality.",
    """
SELECT domain, quality, count(*) AS documents, sum(tokens) AS tokens
FROM corpus GROUP BY domain, quality ORDER BY domain, quality
""",
)

SCORES = Query(
    "scores",
    "How many rated documents have each score, by criterion.",
    f"""
SELECT criterion, score, count(*) AS documents
FROM ratings
LATERAL VIEW stack({len(CRITERIA)}, {", ".join(f"'{name}', {name}" for name in CRITERIA)}) AS criterion, score
WHERE keep GROUP BY criterion, score ORDER BY criterion, score
""",
)

EXAMPLES_OF_REASONS = Query(
    "examples",
    f"Of each reason the first {EXAMPLES} documents by their ids, which are hashes; and what was measured of them.",
    f"""
WITH gone AS (
    SELECT 'screen' AS stage, reason, doc_id, file, offset, url, signals[reason] AS measured, detail AS said
    FROM screened WHERE NOT keep
    UNION ALL SELECT stage, reason, doc_id, file, offset, url, similarity, NULL FROM duplicates WHERE NOT keep
    UNION ALL SELECT 'dedup_bloom', reason, doc_id, file, offset, url, try_divide(contained, ngrams), NULL
    FROM deduplicated WHERE NOT keep
    UNION ALL SELECT 'execute', reason, doc_id, file, offset, url, words - words_removed, NULL
    FROM refined WHERE NOT keep
    UNION ALL SELECT 'rate', reason, doc_id, file, offset, url, NULL, detail FROM ratings WHERE NOT keep
    UNION ALL SELECT stage, reason, doc_id, file, offset, url, NULL, detail
    FROM losses WHERE stage IN ('ingest', 'propose')
),
ranked AS (
    SELECT *, row_number() OVER (PARTITION BY stage, reason ORDER BY doc_id, file, offset) AS place FROM gone
)
SELECT stage, reason, place, doc_id, file, offset, left(url, 2000) AS url, measured, left(said, 500) AS said
FROM ranked WHERE place <= {EXAMPLES} ORDER BY stage, reason, place
""",
)

LOSSES = Query(
    "losses",
    "What could not be processed, by stage and reason, and in how many files.",
    """
SELECT stage, reason, count(*) AS losses, count(DISTINCT file) AS files
FROM losses GROUP BY stage, reason ORDER BY losses DESC, stage, reason
""",
)

STAGES = Query(
    "stages",
    "What each stage did over all batches, how long it took, and what its latest commit depended on.",
    """
SELECT stage, count(*) AS batches, sum(rows_in) AS documents_in, sum(rows_kept) AS kept, sum(rows_rejected) AS rejected,
    sum(rows_failed) AS lost, sum(seconds) AS seconds, count(DISTINCT parts['settings']) AS settings,
    max_by(struct(parts, code_version, finished_at), struct(finished_at, batch)) AS latest
FROM progress GROUP BY stage
""",
)
