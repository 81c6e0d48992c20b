"""The data model: every table of the lake, in the order in which data flows through them.

A table is declared here once: its columns with types and comments, its keys, how it is partitioned, and the ranges that
Delta checks on every write. `jobs/runtime/lake.py` makes the tables from these values; the README's data-flow table and
`DESCRIBE` show them.

Two columns recur. `batch` numbers the unit of work: a stage replaces its rows of one batch atomically. `keep` and
`reason` say what became of a document at a stage: kept (`keep`), rejected (a reason of the stage's rules) or failed (a
reason in `FAILURES`, with a row in `losses`). Ids and numbers stand first and text last, because Delta keeps statistics
of the first 32 columns.
"""

from jobs.reasons import Failure
from jobs.runtime.table import Column, Table, optional
from udfs.models.criteria import CRITERIA, DOMAINS

# Reasons that mean "the stage could not decide", not "the rules say no".
FAILURES = tuple(Failure)


DOC_ID = Column(
    "doc_id", "STRING", "128-bit hash, in hex, of the record's identity (record id, or url and date) and its text"
)
BATCH = Column("batch", "INT", "number of the batch of input files, counted from 1")
KEEP = Column("keep", "BOOLEAN", "true where the document goes on to the next stage")
FILE = Column("file", "STRING", "path of the input file")
OFFSET = Column(
    "offset",
    "BIGINT",
    "where the record starts in its file: bytes for archives, row number from 0 for JSONL and Parquet",
)
TEXT = "STRING"

# What travels with a document from table to table, so that no stage has to look it up again.
BATON = (
    DOC_ID,
    BATCH,
    Column("crawl", "STRING", "name of the crawl, such as CC-MAIN-2026-10"),
    optional("url", "STRING", "address as crawled"),
    optional("host", "STRING", "host of the address, lower case"),
    optional("fetched_at", "TIMESTAMP", "when the page was fetched (UTC); null where the record has no readable date"),
    optional("title", "STRING", "title of the page"),
    FILE,
    OFFSET,
)
BATON_NAMES = tuple(column.name for column in BATON)
POSITION = ("file", "offset")  # identifies a row of the lake even where two files hold the same record

EDITS = "ARRAY<STRUCT<start: INT, end: INT, replacement: STRING, reason: STRING>>"

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

SCREENED = Table(
    "screened",
    "A document, measured by the screening rules.",
    (
        *BATON,
        KEEP,
        optional("reason", "STRING", "the rule that rejected it; null where kept"),
        Column("language", "STRING", "ISO 639 code of the most probable language; empty where there are no letters"),
        Column("language_score", "DOUBLE", "its probability"),
        Column("signals", "MAP<STRING, DOUBLE>", "what each rule measured, by rule; 0 for an edit that left no text"),
        Column(
            "edits", EDITS, "cuts and replacements: code-point offsets in the text as received, sorted, not overlapping"
        ),
        optional("detail", "STRING", "what went wrong, where the document failed"),
        optional("text", TEXT, "the text after the edits; null where rejected"),
    ),
    key=POSITION,
)

DUPLICATES = Table(
    "duplicates",
    "A document's place among its duplicates: of each URL and of each text the oldest document is kept.",
    (
        Column("stage", "STRING", "the stage that decided"),
        *BATON,
        KEEP,
        optional("reason", "STRING", "duplicate_url or duplicate_text; null where kept"),
        optional("method", "STRING", "how the duplicate was found: url, exact; null where kept"),
        Column("cluster", "STRING", "doc_id that names the cluster"),
        Column("keeper", "STRING", "doc_id of the document that is kept in its place; its own where kept"),
        Column("similarity", "DOUBLE", "1 for exact methods, else the Jaccard similarity to the keeper"),
        optional("url_key", "BINARY", "128-bit hash of the normalised URL; null without a URL"),
        Column("text_key", "BINARY", "128-bit hash of the text with white space and case folded"),
    ),
    key=("stage", *POSITION),
    partitioned_by=("batch", "stage"),
    checks=(("similarity_range", "similarity BETWEEN 0 AND 1"),),
)

_SCORES = tuple(Column(name, "INT", f"{name.replace('_', ' ')}, 1 (very poor) to 5 (very good)") for name in CRITERIA)
_RATED = (
    Column("domain", "STRING", f"topic of the text, one of {', '.join(DOMAINS)}"),
    Column("domain_probability", "DOUBLE", "probability of the domain, by the rater"),
    Column("edu", "INT", "educational value, 0 to 5"),
    Column("format", "INT", "how clean the extracted text is, 0 to 5"),
    Column("confidence", "DOUBLE", "the rater's confidence in its scores, 0 to 1"),
    Column("tokens", "BIGINT", "tokens of the whole text, by the rater's tokenizer"),
    *_SCORES,
)
_RANGES = (
    *((f"{name}_range", f"{name} BETWEEN 1 AND 5") for name in CRITERIA),
    ("edu_range", "edu BETWEEN 0 AND 5"),
    ("format_range", "format BETWEEN 0 AND 5"),
    ("domain_known", f"domain IN ({', '.join(repr(name) for name in DOMAINS)})"),
)

RATINGS = Table(
    "ratings",
    "A document's ratings on 14 criteria and its domain, by a model.",
    (
        *BATON,
        KEEP,
        optional("reason", "STRING", "failed where the model could not rate it; null where rated"),
        *(column._replace(required=False) for column in _RATED),
        optional("expected", "ARRAY<FLOAT>", "expected value of each of the 14 scores, before rounding"),
        Column("model", "STRING", "name and digest of the model"),
        optional("detail", "STRING", "what went wrong, where the document failed"),
    ),
    key=POSITION,
    checks=_RANGES,
)

CORPUS = Table(
    "corpus",
    "The published documents: text with its ratings, partitioned by domain and quality.",
    (
        *BATON,
        Column("language", "STRING", "ISO 639 code of the most probable language"),
        *_RATED,
        Column("quality", "INT", "overall score, 1 to 5"),
        Column("text", TEXT, "the text"),
    ),
    key=("doc_id",),
    partitioned_by=("domain", "quality"),
    checks=(*_RANGES, ("quality_range", "quality BETWEEN 1 AND 5")),
)

PROGRESS = Table(
    "progress",
    "A stage's commit of a batch: what is done, from what, and what became of the documents.",
    (
        Column("stage", "STRING", "name of the stage"),
        BATCH,
        Column(
            "key",
            "STRING",
            "digest of everything the rows depend on: settings, code, models, and the keys of the inputs",
        ),
        Column("rows_in", "BIGINT", "documents given to the stage"),
        Column("rows_kept", "BIGINT", "documents kept"),
        Column("rows_rejected", "BIGINT", "documents rejected by a rule"),
        Column("rows_failed", "BIGINT", "documents lost, each with a row in losses"),
        Column("seconds", "DOUBLE", "wall time of the stage"),
        Column("finished_at", "TIMESTAMP", "when it was committed (UTC)"),
        Column("run", "STRING", "id of the run that committed it"),
        Column("code_version", "STRING", "version of corpusmill"),
        Column(
            "parts",
            "MAP<STRING, STRING>",
            "what the key was made of: settings as JSON, digests of code and models, keys of the inputs",
        ),
        Column("versions", "MAP<STRING, BIGINT>", "Delta versions of the tables it read"),
    ),
    key=("stage", "batch"),
    partitioned_by=("batch", "stage"),  # so that replacing a row touches no other file
)

TABLES = {
    table.name: table for table in (BATCHES, DOCUMENTS, FILES, LOSSES, SCREENED, DUPLICATES, RATINGS, CORPUS, PROGRESS)
}
