"""A lake of sixteen pages in three batches, each page with the fate that is said here; not a test module.

The rows are as the stages leave them: each stage's text is the one before with its edits, a document that stops has no
row behind the stage that stopped it, and `corpus` has a commit for each batch. What the pages are like:

    word_count    100 and more where nothing is said
    tokens        100 for each published page of quality 4, 50 for the others
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pyarrow as pa
from deltalake import write_deltalake
from pyspark.sql import SparkSession
from pyspark.sql.pandas.types import to_arrow_schema

from jobs.catalog import EDITS, TABLES
from jobs.pipeline import STAGES, Settings
from jobs.runtime.lake import Lake
from jobs.runtime.stage import written
from jobs.runtime.table import Column, Table
from tests.jobs.test_program_views import frame
from udfs.models.criteria import CRITERIA
from udfs.programs.effects import TO_THE_END
from udfs.programs.refining import Written, refine
from udfs.settings import Section
from udfs.text.edits import Edit, apply
from udfs.text.screening import ScreenSettings

ORDER = ("screen", "dedup_exact", "dedup_minhash", "dedup_bloom", "execute", "rate", "publish")
SCREEN = ScreenSettings.model_validate(
    {
        "rules": {
            "word_count": {"at_least": 50, "at_most": 100_000},
            "newline_runs": {},
            "symbol_ratio": {"at_most": 0.1},
        }
    }
)
CRAWLS = {1: "CC-MAIN-2026-10", 2: "CC-MAIN-2026-14", 3: "CC-MAIN-2026-18"}
PARTS = ("Home | About\n", "\n\n\n", "Seen before in another place.\n", "Share this page\n")


class Page(NamedTuple):
    """A page and its fate. `stops` is the stage that rejects it for `reason`; empty: published, or, where `waits` says
    so, not done yet. `keeper` is the number of the page that is kept in its place."""

    number: int
    batch: int
    url: str
    stops: str = ""
    reason: str = ""
    keeper: int = 0
    similarity: float = 1.0
    words: int = 120
    domain: str = "law"
    quality: int = 4
    program: str = ""
    waits: str = ""

    @property
    def doc_id(self) -> str:
        return f"{self.number:032x}"

    @property
    def text(self) -> str:
        """What was extracted: some lines that the stages cut, and words that only this page has."""
        topic = f"page{self.keeper or self.number} of the river tale"
        own = f" version{self.number}" if self.reason == "near_duplicate" else ""
        said = (f"{topic}{own} " * self.words).split()[: self.words - 12]
        lines = "\n".join(" ".join(said[at : at + 20]) for at in range(0, len(said), 20))
        return f"{PARTS[0]}{lines}{PARTS[1]}{PARTS[2]}{PARTS[3]}The end of it."


PAGES = (
    Page(1, 1, "https://example.org/court", program="remove_lines(start=0, end=0)"),
    Page(2, 1, "https://example.org/statute", quality=2),
    Page(3, 1, "https://example.org/thin", "screen", "word_count", words=20),
    Page(4, 1, "https://copies.example/court", "dedup_exact", "duplicate_text", 1),
    Page(5, 1, "http://www.example.org/court?utm_source=x", "dedup_exact", "duplicate_url", 1),
    Page(6, 1, "https://news.example/statute", "dedup_minhash", "near_duplicate", 2, 0.8),
    Page(7, 1, "https://news.example/seen", "dedup_bloom", "seen_document"),
    Page(8, 1, "https://news.example/menu", "execute", "drop_document", program="drop_doc()"),
    Page(9, 1, "https://news.example/odd", "rate", "failed"),
    Page(10, 1, "https://news.example/broken", "screen", "failed"),
    Page(11, 2, "https://example.org/medicine", domain="medicine", quality=5),
    Page(12, 2, "https://new.example/short", "screen", "word_count", words=40),
    Page(13, 2, "https://new.example/court", "dedup_minhash", "near_duplicate", 1, 0.75),
    Page(14, 2, "https://new.example/law", program="remove_lines(start=99, end=99)\nremove_lines(start=0, end=0)"),
    Page(15, 2, "https://new.example/prices", "screen", "symbol_ratio", words=90),
    Page(16, 3, "https://example.org/latest", waits="dedup_exact"),
)
LOSSES = (
    {"stage": "ingest", "batch": 2, "file": "/crawl/2.warc.gz", "offset": 900, "reason": "truncated_file"},
    {"stage": "ingest", "batch": 2, "file": "/crawl/2.warc.gz", "offset": 950, "reason": "no_text"},
    {"stage": "screen", "batch": 1, "file": "/crawl/1.warc.gz", "offset": 10, "reason": "failed"},
    {"stage": "rate", "batch": 1, "file": "/crawl/1.warc.gz", "offset": 9, "reason": "failed"},
)
Rows = dict[str, list[dict[str, Any]]]


def make(spark: SparkSession, folder: str) -> Lake:
    """The lake in a folder. `corpus` is written as the pipeline does it, a commit for each batch; the other tables by
    delta-rs, which takes milliseconds where Spark takes seconds."""
    lake = Lake(spark, folder)
    found = {batch: rows_of(batch) for batch in CRAWLS}
    for name, table in TABLES.items():
        by_batch = [[row | {"batch": batch} for row in rows[name]] for batch, rows in found.items()]
        if name == "corpus":
            for batch, rows in zip(CRAWLS, by_batch, strict=True):
                if rows:
                    lake.add(name, frame(spark, table, batch, rows).coalesce(1))
        elif rows := [row for given in by_batch for row in given]:
            write(table, rows, f"{folder}/{name}")
    return lake


def write(table: Table, rows: Sequence[Mapping[str, Any]], path: str) -> None:
    """Rows as a table with the catalog's comments and partitions; what a row does not say is null, 0 or empty."""
    comments = {column.name: {"comment": column.comment} for column in table.columns}
    fields = [field.with_metadata(comments[field.name]) for field in to_arrow_schema(table.schema, timezone="UTC")]
    columns = [
        pa.array([value(row.get(column.name), column) for row in rows], field.type)
        for column, field in zip(table.columns, fields, strict=True)
    ]
    made = pa.table(columns, schema=pa.schema(fields))
    write_deltalake(path, made, partition_by=list(table.partitioned_by), description=table.comment)


def value(given: Any, column: Column) -> Any:
    if given is None and column.required:
        zero = {"STRING": "", "INT": 0, "BIGINT": 0, "DOUBLE": 0.0, "BOOLEAN": False}
        return zero.get(column.type, [])
    if isinstance(given, Mapping):
        return list(given.items())
    if isinstance(given, (list, tuple)) and column.type == EDITS:
        return [Edit(*edit)._asdict() for edit in given]
    return given


def rows_of(batch: int) -> Rows:
    """The rows of all tables of one batch."""
    rows: Rows = {name: [] for name in TABLES}
    for page in (page for page in PAGES if page.batch == batch):
        for name, given in rows_of_page(page).items():
            rows[name] += given
    rows["losses"] = [dict(row) | {"detail": "a test"} for row in LOSSES if row["batch"] == batch]
    file = {"path": f"/crawl/{batch}.warc.gz", "bytes": 1000 * batch, "etag": "e"}
    rows["batches"] = [{"crawl": CRAWLS[batch], "files": [file], "bytes": 1000 * batch}]
    documents = len(rows["documents"])
    lost = sum(row["stage"] == "ingest" for row in rows["losses"])
    told = {"format": "archive", "html_responses": documents + lost, "records": {"response": documents + lost}}
    rows["files"] = [
        {"file": file["path"], "crawl": CRAWLS[batch], "bytes": 1000 * batch, "documents": documents, "losses": lost}
        | told
        | {"skipped": {"request": 3}}
    ]
    rows["progress"] = list(commits(batch, rows))
    return rows


def rows_of_page(page: Page) -> Rows:
    """The rows of one page in the tables that it came to."""
    end = page.stops or page.waits
    last = ORDER.index(end) if end else len(ORDER)
    came = [stage for at, stage in enumerate(ORDER) if at < last or stage == page.stops]
    rows: Rows = {"documents": [document(page)]}
    text = page.text
    verdicts = {stage: {"keep": stage != page.stops, "reason": page.reason or None} for stage in came}
    for stage in came:
        verdict = baton(page) | (verdicts[stage] if stage == page.stops else {"keep": True, "reason": None})
        row, text = ROWS[stage](page, verdict, text)
        for name, given in row.items():
            rows.setdefault(name, []).extend(given)
    return rows


def baton(page: Page) -> dict[str, Any]:
    host = page.url.split("/")[2]
    when = datetime(2026, 2 + page.batch, 1, 12, tzinfo=UTC) + timedelta(minutes=page.number)
    place = {"file": f"/crawl/{page.batch}.warc.gz", "offset": page.number}
    told = {"url": page.url, "host": host, "title": f"Page {page.number}", "fetched_at": when}
    return {"doc_id": page.doc_id, "batch": page.batch, "crawl": CRAWLS[page.batch]} | told | place


def document(page: Page) -> dict[str, Any]:
    site = page.url.split("/")[2].removeprefix("www.")
    told = {"site": site, "charset": "utf-8", "chars": len(page.text), "headers": {}, "text": page.text}
    return baton(page) | told


def cut(text: str, what: str, reason: str, replacement: str = "") -> Edit:
    start = text.index(what)
    return Edit(start, start + len(what), replacement, reason)


def screened(page: Page, verdict: Mapping[str, Any], text: str) -> tuple[Rows, str]:
    edits = [cut(text, PARTS[1], "newline_runs", "\n")]
    after = apply(text, edits)
    signals = {"word_count": float(page.words), "symbol_ratio": 0.2 if page.reason == "symbol_ratio" else 0.01}
    if page.reason == "word_count":
        signals = {"word_count": float(page.words)}  # the steps behind it did not see the page
    told = {"language": "en", "language_score": 0.9, "signals": signals, "edits": edits if verdict["keep"] else []}
    return {"screened": [verdict | told | {"text": after if verdict["keep"] else None}]}, after


def place(stage: str) -> Any:
    def row(page: Page, verdict: Mapping[str, Any], text: str) -> tuple[Rows, str]:
        method = {"duplicate_url": "url", "duplicate_text": "exact", "near_duplicate": "minhash"}.get(page.reason)
        keeper = page.doc_id if verdict["keep"] else f"{page.keeper:032x}"
        similarity = 1.0 if verdict["keep"] else page.similarity
        told = {"method": None if verdict["keep"] else method, "keeper": keeper, "cluster": keeper}
        return {"duplicates": [verdict | told | {"stage": stage, "similarity": similarity}]}, text

    return row


def deduplicated(page: Page, verdict: Mapping[str, Any], text: str) -> tuple[Rows, str]:
    edits = [cut(text, PARTS[2], "seen_paragraph")] if page.number != 2 else []
    after = apply(text, edits)
    told = {"language": "en", "ngrams": 100, "contained": 10, "edits": edits}
    return {"deduplicated": [verdict | told | {"text": after if verdict["keep"] else None}]}, after


def refined(page: Page, verdict: Mapping[str, Any], text: str) -> tuple[Rows, str]:
    level = "document" if page.program.startswith("drop") else "chunk"
    said = {"level": level, "chunk": 0, "first_line": 0, "last_line": TO_THE_END, "start": 0, "end": TO_THE_END}
    asked = {"program": page.program, "model": "rules 1", "prompt": "", "finish": "rules" if page.program else "none"}
    program = baton(page) | said | asked | {"score": None, "proposer": "p", "reason": None, "detail": None}
    given = [Written(*(program[name] for name in Written._fields))] if page.program else []
    done = refine(text, given, Settings().execute)
    assert done.keep == verdict["keep"], (page, done)
    told = done._asdict() | {"language": "en", "edits": done.edits}
    told |= {"reason": verdict["reason"], "text": done.text if done.keep else None}
    return {"refined": [verdict | told], "programs": [program]}, done.text or ""


def rated(page: Page, verdict: Mapping[str, Any], text: str) -> tuple[Rows, str]:
    if not verdict["keep"]:
        return {"ratings": [verdict | {"model": "feedface", "detail": "the model says no"}]}, text
    return {"ratings": [verdict | ratings(page) | {"expected": [3.5] * 14, "model": "feedface"}]}, text


def ratings(page: Page) -> dict[str, Any]:
    scores = dict.fromkeys(CRITERIA, 3) | {"overall_score": page.quality}
    told = {"domain": page.domain, "domain_probability": 0.9, "edu": 3, "format": 4, "confidence": 0.8}
    return scores | told | {"tokens": 100 if page.quality == 4 else 50}


def published(page: Page, verdict: Mapping[str, Any], text: str) -> tuple[Rows, str]:
    return {"corpus": [baton(page) | ratings(page) | {"language": "en", "quality": page.quality, "text": text}]}, text


ROWS = {
    "screen": screened,
    "dedup_exact": place("dedup_exact"),
    "dedup_minhash": place("dedup_minhash"),
    "dedup_bloom": deduplicated,
    "execute": refined,
    "rate": rated,
    "publish": published,
}
MAIN = {"screen": "screened", "dedup_bloom": "deduplicated", "execute": "refined", "rate": "ratings"}


def commits(batch: int, rows: Rows) -> Any:
    """Rows of `progress`. The third batch came as far as screening; a stage takes a second for each document."""
    settings = Settings()
    for stage in STAGES[:2] if batch == 3 else STAGES:
        found = rows[MAIN.get(stage.name, "documents")]
        if stage.name.startswith("dedup_") and stage.name != "dedup_bloom":
            found = [row for row in rows["duplicates"] if row["stage"] == stage.name]
        if stage.name == "publish":
            found = rows["corpus"]
        failed = sum(row.get("reason") == "failed" for row in found)
        kept = sum(row.get("keep", True) for row in found)
        section: Section = SCREEN if stage.name == "screen" else getattr(settings, stage.name)
        yield {
            "stage": stage.name,
            "key": f"key of {stage.name}",
            "rows_in": len(found),
            "rows_kept": kept,
            "rows_rejected": len(found) - kept - failed,
            "rows_failed": failed,
            "seconds": float(len(found)),
            "finished_at": datetime(2026, 3 + batch, 1, 12, tzinfo=UTC),
            "run": f"run-{batch}",
            "code_version": "0.1.0",
            "parts": {"settings": written(section.model_dump())},
            "versions": {"corpus": batch},
        }
