"""Tables of what was read: batches of files, documents, what files held, and what was lost."""

from jobs.catalog.columns import BATCH, BATON, FILE, OFFSET, POSITION, TEXT
from jobs.runtime.table import Column, Table, optional

BATCHES = Table(
    "batches",
    "A batch of input files, the unit of all work.",
    (
        BATCH,
        Column("crawl", "STRING", "name of the crawl its files belong to"),
        Column(
            "files",
            "ARRAY<STRUCT<path: STRING, bytes: BIGINT, etag: STRING>>",
            "its files in order; etag changes with the content",
        ),
        Column("bytes", "BIGINT", "size of its files together"),
    ),
    key=("batch",),
)

DOCUMENTS = Table(
    "documents",
    "A page as extracted from the crawl, before any rule.",
    (
        *BATON,
        optional("site", "STRING", "registered domain of the host"),
        optional("record_id", "STRING", "id of the record in its file"),
        optional("charset", "STRING", "character encoding the page was decoded from"),
        optional("declared_language", "STRING", "language that the page says it is in"),
        Column("chars", "INT", "length of the text in code points"),
        Column("headers", "MAP<STRING, STRING>", "headers of the record, or the other columns of the row"),
        Column("text", TEXT, "main text of the page"),
    ),
    key=POSITION,
)

FILES = Table(
    "files",
    "An input file as it was read: what it held, by kind.",
    (
        FILE,
        BATCH,
        Column("crawl", "STRING", "name of the crawl"),
        Column("format", "STRING", "archive, jsonl, parquet, or unknown"),
        Column("bytes", "BIGINT", "size of the file as stored"),
        Column("html_responses", "BIGINT", "HTTP responses of an HTML type, whatever their status"),
        Column("documents", "BIGINT", "pages that became documents"),
        Column("losses", "BIGINT", "rows of this file in losses"),
        Column("records", "MAP<STRING, BIGINT>", "records read by type (response, request, revisit, ...), or rows"),
        Column(
            "skipped",
            "MAP<STRING, BIGINT>",
            "records that are no document by design, by kind (request, redirect, client_error, ...)",
        ),
    ),
    key=("file",),
)

LOSSES = Table(
    "losses",
    "A record, row or document that could not be processed. Nothing vanishes without a row here.",
    (
        Column("stage", "STRING", "the stage that lost it"),
        BATCH,
        FILE,
        OFFSET,
        optional("doc_id", "STRING", "the document, where it had become one"),
        optional("url", "STRING", "address, where known"),
        Column("reason", "STRING", "why, one of a closed list"),
        Column("detail", "STRING", "what was found"),
    ),
    key=("stage", "file", "offset", "reason"),
    partitioned_by=("batch", "stage"),
)
