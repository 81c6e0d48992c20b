"""Propose: documents -> what is written about them: programs of a few calls that keep or clean a text (ProX).

A proposer writes them: rules, a model on the executors or behind a server, or somebody before (`recorded`: files of
programs, found by doc_id or URL). What it wrote is stored as it is; `execute` reads it, so that another reading costs
no inference. A text that the same proposer was asked about before, in any batch, is not asked about again while its
rows are in `programs`.
"""

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.catalog import LOSSES, POSITION, PROGRAMS
from jobs.proposers import ProposeSettings, digest_of, proposing
from jobs.recorded_programs import ANSWER, NAMED, as_programs, to_losses, to_recorded, to_recorded_rows
from jobs.runtime.models import resource_profile
from jobs.runtime.stage import Workspace
from udfs.columns.refining import propose_programs


def propose(
    deduplicated: DataFrame, past: DataFrame, settings: ProposeSettings, work: Workspace
) -> Mapping[str, DataFrame]:
    """Texts that `deduplicated` keeps, and all rows of `programs` -> rows of `programs`, at least one for each text,
    and of `losses`: rows of recorded files that are no program."""
    documents = deduplicated.where("keep")
    nothing_lost = deduplicated.sparkSession.createDataFrame([], LOSSES.ddl)
    if settings.proposer == "recorded":
        rows = work.write("recorded", to_recorded_rows(documents, settings.recorded))
        return {"programs": documents.transform(to_recorded, rows), "losses": rows.transform(to_losses, documents)}
    if settings.proposer == "rules":
        return {"programs": asked(documents, settings), "losses": nothing_lost}
    texts = documents.withColumn("text_key", F.unhex(F.md5("text")))
    reused = work.write("reused", to_reused(texts, past, digest_of(settings)))
    new = texts.join(reused.select(*POSITION).distinct(), list(POSITION), "left_anti")
    return {"programs": asked(new, settings).unionByName(reused), "losses": nothing_lost}


def asked(texts: DataFrame, settings: ProposeSettings) -> DataFrame:
    """Rows of `programs` about texts (NAMED, text, and text_key where a model is asked)."""
    carried = (*NAMED, "text_key") if settings.asks_model else NAMED
    ask = propose_programs(proposing(settings), carried, digest_of(settings), PROGRAMS.schema)
    profile = resource_profile(texts.sparkSession, settings.model) if settings.proposer == "model" else None
    return texts.select(*carried, "text").mapInArrow(ask, PROGRAMS.schema, profile=profile)


def to_reused(texts: DataFrame, past: DataFrame, proposer: str) -> DataFrame:
    """Rows of `programs` for texts about which the same proposer said everything before, in any batch: what it said of
    the first of them."""
    wanted = texts.select(*NAMED, "text_key")
    same = past.where((F.col("proposer") == proposer) & F.col("text_key").isNotNull())
    of_document = (
        same.join(wanted.select("text_key"), "text_key", "left_semi")
        .groupBy("text_key", "batch", *POSITION)
        .agg(F.count("reason").alias("failures"), F.collect_list(F.struct(*ANSWER)).alias("answers"))
        .where("failures = 0")
    )
    first = F.min_by("answers", F.struct("batch", *POSITION)).alias("answers")
    answers = of_document.groupBy("text_key").agg(first).withColumn("answer", F.explode("answers"))
    given = {"proposer": F.lit(proposer)} | {name: F.col(f"answer.{name}") for name in ANSWER}
    return wanted.join(answers, "text_key").transform(as_programs, given)


if __name__ == "__main__":
    from jobs.runtime.cli import main_of_stage

    main_of_stage("propose")
