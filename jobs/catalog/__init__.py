"""The data model: every table of the lake, in the order in which data flows through them.

A table is declared once, in a module of this package: its columns with types and comments, its keys, how it is
partitioned, and the ranges that Delta checks on every write. `jobs/runtime/lake.py` makes the tables from these values;
the README's data-flow table and `DESCRIBE` show them.

Two columns recur. `batch` numbers the unit of work: a stage replaces its rows of one batch atomically. `keep` and
`reason` say what became of a document at a stage: kept (`keep`), rejected (a reason of the stage's rules) or failed (a
reason in `FAILURES`, with a row in `losses`). Ids and numbers stand first and text last.
"""

from jobs.catalog.columns import BATCH, BATON, BATON_NAMES, DOC_ID, EDITS, KEEP, POSITION
from jobs.catalog.crawl import BATCHES, DOCUMENTS, FILES, LOSSES
from jobs.catalog.dedup import BANDS, BLOOM_SHARDS, DEDUPLICATED, DUPLICATES, REPEATS, SIGNATURES
from jobs.catalog.judging import JUDGEMENTS
from jobs.catalog.quality import CORPUS, RATINGS, SCREENED
from jobs.catalog.refining import PROGRAMS, REFINED
from jobs.catalog.work import PROGRESS
from jobs.reasons import Failure

__all__ = [
    "BANDS",
    "BATCH",
    "BATCHES",
    "BATON",
    "BATON_NAMES",
    "BLOOM_SHARDS",
    "CORPUS",
    "DEDUPLICATED",
    "DOCUMENTS",
    "DOC_ID",
    "DUPLICATES",
    "EDITS",
    "FAILURES",
    "FILES",
    "JUDGEMENTS",
    "KEEP",
    "LOSSES",
    "POSITION",
    "PROGRAMS",
    "PROGRESS",
    "RATINGS",
    "REFINED",
    "REPEATS",
    "SCREENED",
    "SIGNATURES",
    "TABLES",
]

# Reasons that mean "the stage could not decide", not "the rules say no".
FAILURES = tuple(Failure)

TABLES = {
    table.name: table
    for table in (
        BATCHES,
        DOCUMENTS,
        FILES,
        LOSSES,
        SCREENED,
        DUPLICATES,
        SIGNATURES,
        BANDS,
        REPEATS,
        DEDUPLICATED,
        BLOOM_SHARDS,
        PROGRAMS,
        REFINED,
        RATINGS,
        CORPUS,
        JUDGEMENTS,
        PROGRESS,
    )
}
