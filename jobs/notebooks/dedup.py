"""For notebooks/03_dedup_tuning.ipynb: what a banding finds, what the clusters look like, and what was left."""

from collections.abc import Sequence

import pandas as pd
from pyspark.sql import functions as F

from jobs import audit as audits
from jobs.explaining.differences import Side, difference, shortened
from jobs.notebooks.opening import OpenLake
from jobs.notebooks.shown import Text, text
from jobs.runtime import lock
from jobs.runtime.workspace import LakeWorkspace
from jobs.sign import SignSettings
from udfs.dedup.minhash import Banding, probability

AROUND = 60  # characters shown on each side of a difference
_STEPS = 20


def chances(bandings: Sequence[str]) -> pd.DataFrame:
    """How likely two documents are compared, by their similarity, for each banding such as 14x8."""
    rows = [
        (str(banding), step / _STEPS, probability(step / _STEPS, *banding))
        for banding in map(Banding.parse, bandings)
        for step in range(_STEPS + 1)
    ]
    return pd.DataFrame(rows, columns=["banding", "similarity", "chance"])


def similarities(lake: OpenLake) -> pd.DataFrame:
    """How similar near-duplicates are to the document that is kept, in steps of 0.05; `documents_up_to` would stay, or
    at least lose this link, if dedup_minhash.verify.similarity were the upper end of the step."""
    return lake.frame(
        "WITH found AS (SELECT least(floor(similarity * 20) / 20, 0.95) AS similarity_from, count(*) AS documents "
        "FROM duplicates WHERE method = 'minhash' GROUP BY ALL) "
        "SELECT similarity_from, documents, sum(documents) OVER (ORDER BY similarity_from) AS documents_up_to "
        "FROM found ORDER BY similarity_from"
    )


def pairs(lake: OpenLake, count: int) -> Text:
    """The near-duplicates that are least similar to what is kept in their place, word by word: {-what it has-} and
    {+what the kept one has+}."""
    texts = lake.lake.read("screened").where("keep").select("batch", "doc_id", "text")
    least = (
        lake.lake.read("duplicates")
        .where("method = 'minhash' AND keeper IS NOT NULL")
        .select("batch", "doc_id", "keeper", "similarity", "url")
        .orderBy("similarity", "doc_id")
        .limit(count)
    )
    kept = texts.select(F.col("doc_id").alias("keeper"), F.col("text").alias("kept")).dropDuplicates(["keeper"])
    rows = F.broadcast(least).join(texts, ["batch", "doc_id"]).join(kept, "keeper").orderBy("similarity", "doc_id")
    lines = []
    for row in rows.collect():
        lines += [f"similarity {row.similarity:.2f}: {row.url} ({row.doc_id}), kept: {row.keeper}"]
        lines += [*(f"    {line}" for line in marked(row.text, row.kept).split("\n")), ""]
    return text(lines or ["no near-duplicates"])


def marked(here: str, there: str) -> str:
    """The difference of two texts as one text."""
    brackets = {Side.HERE: ("{-", "-}"), Side.THERE: ("{+", "+}"), Side.BOTH: ("", "")}
    parts = []
    for words in shortened(difference(here, there), AROUND):
        before, behind = ("", "") if words is None else brackets[words.side]
        parts.append(before + (" ... " if words is None else words.text) + behind)
    return "".join(parts)


def left(lake: OpenLake, table: str, count: int, similarity: float) -> Text:
    """Near-duplicates that are left in a table of texts, by parameters that no stage used, as `corpusmill audit` prints
    them. It puts what it has so far beside the tables, and takes it away again."""
    settings = audits.AuditSettings(similarity=similarity)
    work = LakeWorkspace(lake.lake, f"audit_{lock.new_run_id()}")
    try:
        found = audits.audit(lake.lake.read(table), SignSettings(), settings, count, work)
    finally:
        work.clear()
    return text(audits.report(table, found, settings).split("\n"))
