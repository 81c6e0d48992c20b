"""Columns that several tables have."""

from jobs.runtime.table import Column, optional

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
ID = Column("id", "BIGINT", "xxhash64(file, offset): the document in eight bytes")
