"""The table of what people say of documents."""

from jobs.catalog.columns import BATCH, DOC_ID, FILE, OFFSET
from jobs.runtime.table import Column, Table

JUDGEMENTS = Table(
    "judgements",
    "What a person said of a document near a threshold, without knowing what the pipeline said: keep or drop.",
    (
        Column("judgement", "STRING", "128-bit random id, in hex"),
        DOC_ID,
        BATCH,
        FILE,
        OFFSET,
        Column("judge", "STRING", "name of the person"),
        Column("verdict", "STRING", "keep, drop, or skip where the person did not decide"),
        Column("judged_at", "TIMESTAMP", "when it was said (UTC)"),
        Column("seconds", "DOUBLE", "from showing the document to the verdict"),
        Column("sample", "STRING", "id of the sample: a digest of its design and of the documents it is drawn from"),
        Column("design", "STRING", "the sample's design as JSON: threshold, limit, documents of each side, seed"),
        Column("side", "STRING", "keep or drop: the side of the threshold it is on, which the person was not shown"),
        Column("signal", "DOUBLE", "what is compared with the limit"),
        Column(
            "side_documents",
            "BIGINT",
            "documents of this side that the sample is drawn from; where n of them are judged each stands for "
            "side_documents / n",
        ),
    ),
    key=("judgement",),
    partitioned_by=(),  # a few thousand rows for a person's year
    checks=(
        ("verdict_known", "verdict IN ('keep', 'drop', 'skip')"),
        ("side_known", "side IN ('keep', 'drop')"),
        ("seconds_range", "seconds >= 0"),
        ("side_documents_range", "side_documents >= 1"),
    ),
)
