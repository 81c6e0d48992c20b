"""The table of what is done."""

from jobs.catalog.columns import BATCH
from jobs.runtime.table import Column, Table

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
