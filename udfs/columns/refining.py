"""Programs: texts in, what a proposer says of them out; texts with their programs in, what is left of them out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pyspark.sql.types import StructType

from udfs.columns.batches import Batches, MapInArrow, arrow_schema, batched
from udfs.columns.placing import gpu_of_task, model_of_task
from udfs.crawl.download import DownloadSettings, FileError
from udfs.crawl.files import open_file
from udfs.models.delivery import ModelSource
from udfs.models.running import variant_of
from udfs.programs.asking import Answer, Asker, AskSettings
from udfs.programs.effects import TO_THE_END, Level
from udfs.programs.endpoint import EndpointSettings, endpoint_proposer
from udfs.programs.line_rules import rules_proposer
from udfs.programs.recorded import BadRow, RecordedLimits, read_programs
from udfs.programs.refiners import ModelSettings, load_refiners, tokenizer_file
from udfs.programs.refining import ExecuteSettings, Written, refine
from udfs.programs.tagging.proposing import LineSettings, load_lines
from udfs.text.rules import FAILED

RefinerSources = Mapping[Level, ModelSource]
RECORDED = (
    StructType()
    .add("path", "string")
    .add("row", "long")
    .add("bad", "string")
    .add("doc_id", "string")
    .add("url", "string")
    .add("level", "string")
    .add("chunk", "integer")
    .add("first_line", "integer")
    .add("last_line", "integer")
    .add("program", "string")
    .add("model", "string")
    .add("finish", "string")
    .add("score", "double")
)


class Proposing(NamedTuple):
    """Who is asked for programs."""

    open: Callable[[], Asker]  # makes it on an executor
    models: Mapping[Level, str]  # what the rows call its models


def ask_rules(settings: AskSettings) -> Asker:
    """Asks the rules about lines."""
    return Asker(rules_proposer(), settings, prompts=False)


def ask_lines(source: ModelSource, lines: LineSettings, settings: AskSettings) -> Asker:
    """Asks a line tagger on this executor."""
    return Asker(load_lines(model_of_task(source), lines), settings, prompts=False)


def ask_endpoint(endpoint: EndpointSettings, settings: AskSettings) -> Asker:
    """Asks a model's server."""
    return Asker(endpoint_proposer(endpoint), settings, prompts=True)


def ask_refiners(sources: RefinerSources, models: ModelSettings, settings: AskSettings) -> Asker:
    """Asks decoders on this executor, on the GPU of this task where they run on one; they bring their tokenizer."""
    variant = variant_of(models.device)
    here = models.at({level: str(model_of_task(source, variant)) for level, source in sources.items()})
    proposer = load_refiners(here, variant, models.threads, gpu=gpu_of_task(models.device))
    return Asker(proposer, settings.model_copy(update={"tokenizer": str(tokenizer_file(here))}), prompts=True)


def propose_programs(asked: Proposing, carried: Sequence[str], proposer: str, schema: StructType) -> MapInArrow:
    """Documents (the `carried` columns and text) -> rows of `schema`: what is said of each.

    `proposer` is its digest, for the rows. A row is a document or a chunk; each document has one or more.
    """
    arrow = arrow_schema(schema)

    def propose(batches: Batches) -> Batches:
        ask = None
        for batch in batches:
            ask = ask or asked.open()
            rows = batch.to_pylist()
            found = zip(rows, ask([row["text"] for row in rows]), strict=True)
            yield from batched((one(row, answer) for row, answers in found for answer in answers), arrow)

    def one(row: dict[str, Any], answer: Answer) -> dict[str, Any]:
        columns = {**{name: row[name] for name in carried}, **answer._asdict()}
        columns |= {"model": asked.models[answer.level], "proposer": proposer}
        error = columns.pop("error")
        return columns | ({"reason": FAILED, "detail": error} if error else {})

    return propose


def read_recorded(limits: RecordedLimits) -> MapInArrow:
    """(path) rows -> rows of RECORDED: the programs in the files; `bad` says what is wrong where a row is none."""
    arrow = arrow_schema(RECORDED)

    def read(batches: Batches) -> Batches:
        for batch in batches:
            for path in batch.column("path").to_pylist():
                yield from batched(_rows_of(path, limits), arrow)

    return read


def _rows_of(path: str, limits: RecordedLimits) -> Iterator[dict[str, Any]]:
    try:
        with open_file(path, DownloadSettings()) as stream:
            for place, found in enumerate(read_programs(stream, path, limits)):
                if isinstance(found, BadRow):
                    yield {"path": path, "row": found.row, "bad": found.reason}
                else:
                    first = 0 if found.first_line is None else found.first_line
                    last = TO_THE_END if found.last_line is None else found.last_line
                    lines = {"first_line": first, "last_line": last}
                    yield {"path": path, "row": place, **found._asdict(), **lines}
    except FileError as error:
        yield {"path": path, "row": 0, "bad": str(error)}


def execute_programs(settings: ExecuteSettings, carried: Sequence[str], schema: StructType) -> MapInArrow:
    """Documents (the `carried` columns, the programs about them, text) -> rows of `schema`, one for one."""
    arrow = arrow_schema(schema)

    def execute(batches: Batches) -> Batches:
        for batch in batches:
            yield from batched(map(one, batch.to_pylist()), arrow)

    def one(row: dict[str, Any]) -> dict[str, Any]:
        written = [Written(*(each[name] for name in Written._fields)) for each in row["written"] or ()]
        found = refine(row["text"], written, settings)._asdict()
        found["edits"] = [edit._asdict() for edit in found["edits"]]
        found["text"] = found["text"] if found["keep"] else None
        return {**{name: row[name] for name in carried}, **found}

    return execute
