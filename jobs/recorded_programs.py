"""Programs that were made elsewhere: files of them -> rows of `programs` and of `losses`."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.catalog import POSITION, PROGRAMS
from jobs.reasons import Failure
from jobs.runtime.errors import CorpusmillError
from udfs.columns.refining import RECORDED, read_recorded
from udfs.programs.effects import TO_THE_END
from udfs.programs.recorded import RecordedLimits
from udfs.settings import Section

NAMED = ("doc_id", "batch", "url", *POSITION)
ANSWER = ("level", "chunk", "first_line", "last_line", "start", "end", "program", "model", "prompt", "finish", "score")


class RecordedSettings(Section):
    """Programs that were made elsewhere."""

    files: tuple[str, ...] = Field(
        (), description="JSONL (plain, .gz, .zst) or Parquet with doc_id or url, level and program; docs/programs.md"
    )
    limits: RecordedLimits = RecordedLimits()


def check_recorded(settings: RecordedSettings) -> None:
    """Raises CorpusmillError where there is no file of programs, or one cannot be read."""
    if not settings.files:
        raise CorpusmillError(
            "propose.proposer is recorded: found no file of programs, expected at least one; set propose.recorded.files"
        )
    for path in settings.files:
        _check_file(path)


def _check_file(path: str) -> None:
    try:
        with Path(local_path(path)).open("rb"):
            pass
    except (OSError, ValueError, RuntimeError) as error:
        raise CorpusmillError(
            f"propose.recorded.files: found no file that can be read at {path!r} "
            f"({getattr(error, 'strerror', None) or error}), expected one of programs on a disk that the driver and "
            "every worker share; correct the path"
        ) from None


def local_path(path: str) -> str:
    """A path without ~."""
    return str(Path(path).expanduser())


def to_recorded_rows(documents: DataFrame, settings: RecordedSettings) -> DataFrame:
    """Every row of the recorded files, those that are no program too; each file is one task's."""
    paths = [(str(Path(local_path(path)).absolute()),) for path in settings.files]
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
            F.lit("propose").alias("stage"),
            "batch",
            F.col("path").alias("file"),
            F.col("row").alias("offset"),
            F.lit(None).cast("string").alias("doc_id"),
            F.lit(None).cast("string").alias("url"),
            F.lit(Failure.FAILED.value).alias("reason"),
            F.col("bad").alias("detail"),
        )
    )
