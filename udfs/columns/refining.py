"""Programs: texts in, what a proposer says of them out; texts with their programs in, what is left of them out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pyspark.sql.types import StructType

from udfs.columns.batches import Batches, MapInArrow, arrow_schema, batched
from udfs.crawl.download import DownloadSettings, FileError
from udfs.crawl.files import open_file
from udfs.programs.asking import Answer, Asker, AskSettings
from udfs.programs.effects import TO_THE_END, Level
from udfs.programs.proposer import Proposer
from udfs.programs.recorded import BadRow, RecordedLimits, read_programs
from udfs.programs.refining import ExecuteSettings, Written, refine
from udfs.text.rules import FAILED

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


def propose_programs(
    load: Callable[[], Proposer],
    settings: AskSettings,
    carried: Sequence[str],
    models: Mapping[Level, str],
    proposer: str,
    schema: StructType,
    *,
    prompts: bool,
) -> MapInArrow:
    """Documents (the `carried` columns and text) -> rows of `schema`: what the proposer that `load` makes says of each.

    `models` and `proposer` name it in the rows. A row is a document or a chunk; each document has one or more.
    """
    arrow = arrow_schema(schema)

    def propose(batches: Batches) -> Batches:
        ask = None
        for batch in batches:
            ask = ask or Asker(load(), settings, prompts=prompts)
            rows = batch.to_pylist()
            found = zip(rows, ask([row["text"] for row in rows]), strict=True)
            yield from batched((one(row, answer) for row, answers in found for answer in answers), arrow)

    def one(row: dict[str, Any], answer: Answer) -> dict[str, Any]:
        columns = {**{name: row[name] for name in carried}, **answer._asdict()}
        columns |= {"model": models[answer.level], "proposer": proposer}
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
