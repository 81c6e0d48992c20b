"""For notebooks/01_corpus_tour.ipynb: what is in the corpus, and what is missing."""

import pandas as pd
from pyspark.sql import functions as F

from jobs.notebooks.opening import OpenLake
from jobs.notebooks.shown import Text, text
from udfs.models.criteria import CRITERIA

SHOWN_CHARS = 600


def flow(lake: OpenLake) -> pd.DataFrame:
    """Documents through the stages, over all batches."""
    return lake.frame(
        "SELECT stage, sum(documents_in) AS documents_in, sum(kept) AS kept, sum(rejected) AS rejected, "
        "sum(failed) AS failed, sum(kept) / sum(documents_in) AS kept_ratio FROM stage_flow "
        "GROUP BY position, stage ORDER BY position"
    )


def missing(lake: OpenLake, most: int) -> pd.DataFrame:
    """The commonest reasons why pages are missing, each with the address of one of them, drawn by hash."""
    examples = lake.sql(
        "SELECT stage, reason, min_by(url, xxhash64(doc_id)) AS example FROM documents_all "
        "WHERE reason IS NOT NULL GROUP BY stage, reason"
    )
    found = lake.sql("SELECT * FROM reasons").join(examples, ["stage", "reason"], "left")
    shown = found.select("stage", "reason", "documents", "documents_ratio", "tokens", "example")
    return shown.orderBy(F.desc("documents"), "stage", "reason").limit(most).toPandas()


def scores(lake: OpenLake) -> pd.DataFrame:
    """How many published documents have each score, by criterion."""
    values = ", ".join(f"'{name}', {name}" for name in CRITERIA)
    return lake.frame(
        f"SELECT criterion, score, count(*) AS documents FROM corpus "
        f"LATERAL VIEW stack({len(CRITERIA)}, {values}) AS criterion, score GROUP BY ALL ORDER BY ALL"
    )


def hosts(lake: OpenLake, most: int) -> pd.DataFrame:
    """The hosts that give most documents, with what became of them."""
    return lake.frame(
        "SELECT host, count(*) AS documents, count_if(fate = 'published') AS published, "
        "count_if(fate = 'duplicate') AS duplicates, count_if(fate = 'rejected') AS rejected, "
        "count_if(fate = 'failed') AS failed FROM documents_all GROUP BY host ORDER BY documents DESC, host "
        f"LIMIT {int(most)}"
    )


def examples(lake: OpenLake, count: int, seed: int) -> Text:
    """The beginnings of some published documents, drawn by hash: the same ones at every run of a seed."""
    draw = F.xxhash64("doc_id", F.lit(seed))
    columns = ("url", "domain", "quality", "tokens")
    rows = lake.sql("SELECT * FROM corpus").select(
        *columns, "doc_id", F.substring("text", 1, SHOWN_CHARS).alias("text")
    )
    lines = []
    for row in rows.orderBy(draw, "doc_id").limit(count).collect():
        lines += [f"{row.url}  ({row.domain}, quality {row.quality}, {row.tokens:,} tokens)"]
        lines += [*(f"    {line}" for line in row.text.split("\n")), ""]
    return text(lines)
