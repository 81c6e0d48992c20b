"""Queries of the report about groups: hosts, clusters of duplicates, calls of programs. See `queries`."""

from jobs.reporting.queries import TOP_CLUSTERS, TOP_HOSTS, Query

_HOSTS = """
WITH pages AS (
    SELECT host, 1 AS pages, 0 AS screened_out, 0 AS duplicates, 0 AS published, 0 AS tokens FROM documents
    UNION ALL SELECT host, 0, 1, 0, 0, 0 FROM screened WHERE NOT keep
    UNION ALL SELECT host, 0, 0, 1, 0, 0 FROM duplicates WHERE NOT keep
    UNION ALL SELECT host, 0, 0, 0, 1, tokens FROM corpus
),
hosts AS (
    SELECT host, sum(pages) AS pages, sum(screened_out) AS screened_out, sum(duplicates) AS duplicates,
        sum(published) AS published, sum(tokens) AS tokens
    FROM pages GROUP BY host
)
SELECT left(host, 300) AS host, pages, screened_out, duplicates,
    pages - screened_out - duplicates - published AS otherwise, published, tokens
FROM hosts"""

HOSTS_GIVING = Query(
    "hosts_giving",
    "The hosts that give most published documents.",
    f"{_HOSTS} WHERE published > 0\nORDER BY published DESC, tokens DESC, hosts.host LIMIT {TOP_HOSTS}\n",
)
HOSTS_LOSING = Query(
    "hosts_losing",
    "The hosts that lose most pages: those that are documents, and are not published.",
    f"{_HOSTS} WHERE pages > published\nORDER BY pages - published DESC, pages DESC, hosts.host LIMIT {TOP_HOSTS}\n",
)

CLUSTERS = Query(
    "clusters",
    f"Clusters of two documents or more by stage and class of size; the {TOP_CLUSTERS} largest of a stage each in a "
    "row of its own, with the address of the document that it is named after.",
    f"""
WITH clusters AS (
    SELECT stage, cluster, count(*) AS documents, count_if(keep) AS kept, max(if(doc_id = cluster, url, NULL)) AS url
    FROM duplicates GROUP BY stage, cluster HAVING count(*) > 1
),
ranked AS (
    SELECT *, row_number() OVER (PARTITION BY stage ORDER BY documents DESC, cluster) AS place,
        CASE WHEN documents <= 3 THEN documents WHEN documents <= 5 THEN 5 WHEN documents <= 10 THEN 10
            WHEN documents <= 100 THEN 100 WHEN documents <= 1000 THEN 1000 ELSE 1000000000 END AS up_to
    FROM clusters
)
SELECT stage, up_to, if(place <= {TOP_CLUSTERS}, cluster, NULL) AS cluster, count(*) AS clusters,
    sum(documents) AS documents, sum(kept) AS kept, max(if(place <= {TOP_CLUSTERS}, left(url, 2000), NULL)) AS url
FROM ranked GROUP BY stage, up_to, if(place <= {TOP_CLUSTERS}, cluster, NULL)
ORDER BY stage, documents DESC, cluster
""",
)

# Of near-duplicates the least similar ones show best what the threshold means.
PAIR = Query(
    "pair",
    "A document that went as a duplicate, and the one that is kept in its place: the least similar pair.",
    """
WITH gone AS (
    SELECT stage, reason, similarity, doc_id, file, offset, url, keeper
    FROM duplicates WHERE NOT keep AND keeper IS NOT NULL
    ORDER BY reason = 'duplicate_url', similarity, doc_id, file, offset LIMIT 1
)
SELECT gone.stage, gone.reason, gone.similarity, gone.doc_id, gone.file, gone.offset, left(gone.url, 2000) AS url,
    kept.doc_id AS kept_id, kept.file AS kept_file, kept.offset AS kept_offset, left(kept.url, 2000) AS kept_url
FROM gone JOIN duplicates AS kept ON kept.doc_id = gone.keeper AND kept.stage = gone.stage AND kept.keep
ORDER BY kept.file, kept.offset LIMIT 1
""",
)

PROGRAMS = Query(
    "programs",
    "Calls that count by operation, calls that do not by reason, and what programs came to altogether.",
    """
SELECT kind, name, sum(number) AS number, count_if(number <> 0) AS documents
FROM (
    SELECT inline(concat(
        transform(
            map_entries(map(
                'documents', 1L,
                'documents with programs', CAST(programs > 0 AS BIGINT),
                'documents changed', CAST(keep AND size(edits) > 0 AS BIGINT),
                'documents dropped', CAST(NOT keep AS BIGINT),
                'programs', CAST(programs AS BIGINT),
                'programs voided', CAST(voided AS BIGINT),
                'words', words,
                'words removed', words_removed
            )),
            one -> named_struct('kind', 'all', 'name', one.key, 'number', one.value)
        ),
        transform(map_entries(operations), one ->
            named_struct('kind', 'operation', 'name', one.key, 'number', CAST(one.value AS BIGINT))),
        transform(map_entries(rejected_calls), one ->
            named_struct('kind', 'rejected', 'name', one.key, 'number', CAST(one.value AS BIGINT)))
    ))
    FROM refined
)
GROUP BY kind, name ORDER BY kind, number DESC, name LIMIT 200
""",
)
