"""Propose: documents -> what is written about them: programs of a few calls that keep or clean a text (ProX).

A proposer writes them: rules, a server with a model, or somebody before (`recorded`: files of programs, found by doc_id
or URL). What it wrote is stored as it is; `execute` reads it, so that another reading costs no inference. A text that
the same proposer was asked about before, in any batch, is not asked about again while its rows are in `programs`.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Literal

from pydantic import Field
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.catalog import LOSSES, POSITION, PROGRAMS
from jobs.reasons import Failure
from jobs.runtime.errors import CorpusmillError
from jobs.runtime.stage import Workspace, key_of
from udfs.columns.refining import RECORDED, propose_programs, read_recorded
from udfs.models.manifest import ModelError
from udfs.programs import line_rules
from udfs.programs.asking import Asker, AskSettings
from udfs.programs.effects import TO_THE_END, Level
from udfs.programs.endpoint import EndpointSettings, endpoint_proposer
from udfs.programs.prompts import TEMPLATE_VERSION
from udfs.programs.recorded import RecordedLimits
from udfs.settings import Section
from udfs.text.lists import list_digest

STAGE = "propose"
NAMED = ("doc_id", "batch", "url", *POSITION)
ANSWER = ("level", "chunk", "first_line", "last_line", "start", "end", "program", "model", "prompt", "finish", "score")
# Settings of the endpoint that change what it says.
SAID_BY = ("model", "chunk_model", "send", "document_tokens", "chunk_tokens", "logprobs")
UNKEYED = tuple(f"endpoint.{name}" for name in EndpointSettings.model_fields if name not in SAID_BY)


class RecordedSettings(Section):
    """Programs that were made elsewhere."""

    files: tuple[str, ...] = Field(
        (), description="JSONL (plain, .gz, .zst) or Parquet with doc_id or url, level and program; docs/programs.md"
    )
    limits: RecordedLimits = RecordedLimits()


class ProposeSettings(AskSettings):
    """Who is asked for programs, and how."""

    proposer: Literal["off", "rules", "recorded", "endpoint"] = Field(
        "off", description="off: no programs, texts go on as they are; rules, programs from files, or a model's server"
    )
    recorded: RecordedSettings = RecordedSettings()
    endpoint: EndpointSettings = EndpointSettings()


def is_on(settings: ProposeSettings) -> bool:
    """Whether anything is asked."""
    return settings.proposer != "off"


def assets_of(settings: ProposeSettings) -> dict[str, str]:
    """Digests of the files that programs come from, or are asked for with."""
    files = {"recorded": settings.recorded.files, "endpoint": (settings.tokenizer,)}.get(settings.proposer, ())
    try:
        return {path: list_digest(_local(path)) for path in files}
    except ValueError as error:
        raise CorpusmillError(f"propose: {error}.") from None


def check(settings: ProposeSettings) -> None:
    """Raises CorpusmillError where the proposer lacks something, before Spark starts."""
    if settings.proposer == "recorded":
        if not settings.recorded.files:
            raise CorpusmillError(
                "propose.proposer is recorded: found no file of programs, expected at least one; set "
                "propose.recorded.files"
            )
        for path in settings.recorded.files:
            _check_file(path)
    if settings.proposer == "endpoint":
        try:
            server = endpoint_proposer(settings.endpoint)
            if not settings.tokenizer:
                raise ValueError("found no tokenizer, expected that of the model; set propose.tokenizer to its file")
            Asker(server, settings, prompts=True)
        except (ValueError, ModelError) as error:
            raise CorpusmillError(f"propose: {error}") from None


def _check_file(path: str) -> None:
    try:
        with Path(_local(path)).open("rb"):
            pass
    except (OSError, ValueError, RuntimeError) as error:
        raise CorpusmillError(
            f"propose.recorded.files: found no file that can be read at {path!r} "
            f"({getattr(error, 'strerror', None) or error}), expected one of programs on a disk that the driver and "
            "every worker share; correct the path"
        ) from None


def _local(path: str) -> str:
    return str(Path(path).expanduser())


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


def digest_of(settings: ProposeSettings) -> str:
    """What a program depends on but the text: two proposers with the same digest are asked the same in the same way."""
    shown = settings.model_dump(exclude={"recorded", "endpoint", "tokenizer"})
    if settings.proposer == "endpoint":
        shown |= {"endpoint": {name: getattr(settings.endpoint, name) for name in SAID_BY}}
        shown |= {"template": TEMPLATE_VERSION, "files": sorted(assets_of(settings).values())}
    return key_of(shown)


def asked(texts: DataFrame, settings: ProposeSettings) -> DataFrame:
    """Rows of `programs` about texts (NAMED, text, and text_key where a model is asked)."""
    by_endpoint = settings.proposer == "endpoint"
    load = partial(endpoint_proposer, settings.endpoint) if by_endpoint else line_rules.rules_proposer
    levels: tuple[Level, ...] = ("document", "chunk")
    models = {
        level: settings.endpoint.model_for(level) if by_endpoint else line_rules.RULES_VERSION for level in levels
    }
    carried = (*NAMED, "text_key") if by_endpoint else NAMED
    ask = propose_programs(load, settings, carried, models, digest_of(settings), PROGRAMS.schema, prompts=by_endpoint)
    return texts.select(*carried, "text").mapInArrow(ask, PROGRAMS.schema)


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


def to_recorded_rows(documents: DataFrame, settings: RecordedSettings) -> DataFrame:
    """Every row of the recorded files, those that are no program too; each file is one task's."""
    paths = [(str(Path(_local(path)).absolute()),) for path in settings.files]
    files = documents.sparkSession.createDataFrame(paths, "path STRING").repartition(len(paths))
    return files.mapInArrow(read_recorded(settings.limits), RECORDED)


def to_recorded(documents: DataFrame, rows: DataFrame) -> DataFrame:
    """Rows of `programs` from recorded ones: by doc_id, else by URL. Of several for the same chunk the first counts;
    a document that has none has a row that says so."""
    programs = rows.where("bad IS NULL").drop("bad")
    named = documents.select(*NAMED)
    by_id = programs.where("doc_id != ''").drop("url").join(named, "doc_id").withColumn("rank", F.lit(0))
    by_url = programs.where("doc_id = ''").drop("doc_id").join(named, "url").withColumn("rank", F.lit(1))
    of_chunk = Window.partitionBy(*POSITION, "level", "chunk").orderBy("rank", "path", "row")
    found = by_id.unionByName(by_url).withColumn("copy", F.row_number().over(of_chunk)).where("copy = 1")
    with_answers = named.join(
        found.select(
            *POSITION, F.struct(*(name for name in ANSWER if name not in ("prompt", "start", "end"))).alias("answer")
        ),
        list(POSITION),
        "left",
    )
    columns = {
        "level": F.coalesce("answer.level", F.lit("document")),
        "chunk": F.coalesce("answer.chunk", F.lit(0)),
        "first_line": F.coalesce("answer.first_line", F.lit(0)),
        "last_line": F.coalesce("answer.last_line", F.lit(TO_THE_END)),
        "start": F.lit(0),
        "end": F.lit(TO_THE_END),
        "program": F.coalesce("answer.program", F.lit("")),
        "model": F.coalesce("answer.model", F.lit("")),
        "prompt": F.lit(""),
        "finish": F.coalesce("answer.finish", F.lit("none")),
        "score": F.col("answer.score"),
        "proposer": F.lit("recorded"),
        "text_key": F.lit(None).cast("binary"),
    }
    return with_answers.transform(as_programs, columns)


def as_programs(rows: DataFrame, columns: Mapping[str, Column]) -> DataFrame:
    """Rows of `programs`: what is not given is there, or null."""
    nothing = F.lit(None).cast("string")
    given = {"reason": nothing, "detail": nothing, **columns}
    return rows.select(*(given.get(name, F.col(name)).alias(name) for name in PROGRAMS.column_names))


def to_losses(rows: DataFrame, documents: DataFrame) -> DataFrame:
    """Rows of recorded files that are no program, as rows of `losses` of the batch that met them."""
    batch = documents.select("batch").limit(1)
    return (
        rows.where("bad IS NOT NULL")
        .crossJoin(F.broadcast(batch))
        .select(
            F.lit(STAGE).alias("stage"),
            "batch",
            F.col("path").alias("file"),
            F.col("row").alias("offset"),
            F.lit(None).cast("string").alias("doc_id"),
            F.lit(None).cast("string").alias("url"),
            F.lit(Failure.FAILED.value).alias("reason"),
            F.col("bad").alias("detail"),
        )
    )


if __name__ == "__main__":
    from jobs.runtime.cli import main_of_stage

    main_of_stage("propose")
