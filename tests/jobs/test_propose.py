"""The stage `propose`: programs from files, from rules and from a server, and none that is asked for twice."""

import gzip
import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import DataFrame, Row, SparkSession

from jobs.catalog import DEDUPLICATED, PROGRAMS, TABLES
from jobs.propose import propose
from jobs.proposers import ProposeSettings, assets_of, check, digest_of
from jobs.runtime.commit import RunSettings, commit
from jobs.runtime.errors import CorpusmillError, StageFailed
from jobs.runtime.lake import Lake
from jobs.runtime.progress import Batch, Pending
from jobs.runtime.stage import Stage
from tests.jobs.frames import rows_of
from tests.jobs.workspace import Folder
from tests.udfs.completions_server import Completions, serving
from udfs.programs.line_rules import RULES_VERSION

pytestmark = pytest.mark.spark

TEXTS = ["Home | About\nA first text that says something.", "A second text.\nIt has two lines.", "A third."]


def documents(spark: SparkSession, texts: list[str] = TEXTS, batch: int = 1) -> DataFrame:
    """Rows of `deduplicated`: d0, d1, ... at http://h/0, http://h/1, ..."""
    frame = spark.createDataFrame(list(enumerate(texts)), "n INT, text STRING")
    place = {
        "ngrams": "0",
        "contained": "0",
        "doc_id": "concat('d', n)",
        "url": "concat('http://h/', n)",
        "offset": "n",
        "batch": str(batch),
    }
    return rows_of(DEDUPLICATED, frame, **place)


def proposed(
    given: DataFrame, settings: ProposeSettings, folder: Path, past: DataFrame | None = None
) -> tuple[list[Row], list[Row]]:
    """Rows of `programs` by document, level and chunk, and of `losses`."""
    known = given.sparkSession.createDataFrame([], PROGRAMS.ddl) if past is None else past
    work = Folder(folder)
    found = propose(given, known, settings, work)
    programs = work.write("programs", found["programs"])  # a sort would look at its input twice, and ask twice
    return programs.orderBy("offset", "level", "chunk").collect(), found["losses"].collect()


# --- recorded


def recorded(*files: Path) -> ProposeSettings:
    return ProposeSettings.model_validate(
        {"proposer": "recorded", "recorded": {"files": tuple(str(file) for file in files)}}
    )


def jsonl(path: Path, *records: Any) -> Path:
    lines = "\n".join(one if isinstance(one, str) else json.dumps(one) for one in records)
    path.write_bytes(gzip.compress(lines.encode()) if path.suffix == ".gz" else lines.encode())
    return path


def test_recorded_programs_are_found_by_id_and_then_by_url(spark: SparkSession, tmp_path: Path) -> None:
    first = jsonl(
        tmp_path / "a.jsonl.gz",
        {"url": "http://h/0", "level": "document", "program": "drop_doc()", "model": "by url"},
        {"url": "http://h/1", "level": "document", "program": "keep_doc()", "score": 0.5, "model": "m"},
        {"doc_id": "d1", "level": "chunk", "chunk": 1, "first_line": 1, "last_line": 1, "program": "remove_lines(1,1)"},
        {"url": "http://elsewhere/", "level": "document", "program": "drop_doc()"},
    )
    second = tmp_path / "b.parquet"
    rows = [{"doc_id": "d0", "level": level, "program": "keep_doc()", "model": "by id"} for level in ("document",) * 2]
    pq.write_table(pa.Table.from_pylist([*rows, {"doc_id": "d0", "level": "chunk", "program": "keep_all()"}]), second)
    programs, losses = proposed(documents(spark), recorded(first, second), tmp_path / "w")
    assert losses == []
    told = [(row.doc_id, row.level, row.chunk, row.program, row.model, row.finish, row.score) for row in programs]
    assert told == [
        ("d0", "chunk", 0, "keep_all()", "", "recorded", None),
        ("d0", "document", 0, "keep_doc()", "by id", "recorded", None),
        ("d1", "chunk", 1, "remove_lines(1,1)", "", "recorded", None),
        ("d1", "document", 0, "keep_doc()", "m", "recorded", 0.5),
        ("d2", "document", 0, "", "", "none", None),
    ]
    assert [(row.first_line, row.last_line) for row in programs][:3] == [(0, 2**31 - 1), (0, 2**31 - 1), (1, 1)]
    assert {row.proposer for row in programs} == {"recorded"}
    assert {(row.reason, row.detail) for row in programs} == {(None, None)}


def test_rows_that_are_no_programs_are_losses_with_their_place(spark: SparkSession, tmp_path: Path) -> None:
    good = {"doc_id": "d0", "level": "document", "program": "keep_doc()"}
    file = jsonl(tmp_path / "p.jsonl", "{no json", good, {"doc_id": "d0", "level": "page", "program": ""})
    programs, losses = proposed(documents(spark), recorded(file), tmp_path / "w")
    assert [row.program for row in programs] == ["keep_doc()", "", ""]
    told = sorted((row.stage, row.batch, row.file, row.offset, row.reason, row.detail[:20]) for row in losses)
    assert told == [
        ("propose", 1, str(file), 0, "failed", "the line is no JSON:"),
        ("propose", 1, str(file), 2, "failed", "expected document or"),
    ]


@pytest.mark.parametrize("partitions", [1, 7])
def test_recorded_programs_do_not_depend_on_partitions(spark: SparkSession, tmp_path: Path, partitions: int) -> None:
    records = [
        {
            "doc_id" if n % 2 else "url": f"d{n % 5}" if n % 2 else f"http://h/{n % 5}",
            "program": f"p{n}",
            "level": level,
        }
        for n in range(40)
        for level in ("document", "chunk")
    ]
    file = jsonl(tmp_path / "p.jsonl", *records)
    given = documents(spark, [f"text {n}" for n in range(6)]).repartition(partitions)
    programs, _ = proposed(given, recorded(file), tmp_path / "w")
    # The odd numbers are by id, which counts more: of those that are 0 by five 5 is the first, and so on.
    first = {0: 5, 1: 1, 2: 7, 3: 3, 4: 9}
    expected = [(f"d{n}", level, f"p{first[n]}") for n in range(5) for level in ("chunk", "document")]
    told = [(row.doc_id, row.level, row.program) for row in programs]
    assert told == [*expected, ("d5", "document", "")]


# --- rules


def test_rules_say_something_of_every_document(spark: SparkSession, tmp_path: Path) -> None:
    menu = "Home | About us | Contact | Imprint | Sitemap"
    text = f"{menu}\n" + "\n".join(
        f"This is a sentence of the text, number {n}, and it is long enough." for n in range(9)
    )
    programs, losses = proposed(documents(spark, [text, *TEXTS]), ProposeSettings(proposer="rules"), tmp_path)
    assert [(row.doc_id, row.level) for row in programs] == [
        (f"d{n}", level) for n in range(4) for level in ("chunk", "document")
    ]
    assert (programs[0].program, programs[1].program) == ("remove_lines(start=0, end=0)", "keep_doc()")
    assert {(row.model, row.prompt, row.finish, row.reason) for row in programs} == {(RULES_VERSION, "", "rules", None)}
    assert losses == []


# --- a server


@pytest.fixture
def site() -> Iterator[Completions]:
    with serving() as found:
        found.answer = lambda prompt: f"keep_doc() # {len(prompt)}"
        yield found


@pytest.fixture
def tokenizer(llama2: object, data: Path) -> str:
    return str(data / "tokenizers/llama2/tokenizer.json")


def endpoint(site: Completions, tokenizer: str, **changes: Any) -> ProposeSettings:
    server = {"url": site.url, "model": "refiner", "retries": 0, "backoff_seconds": 0.001, "timeout_seconds": 5.0}
    return ProposeSettings.model_validate(
        {"proposer": "endpoint", "tokenizer": tokenizer, "endpoint": {**server, **changes}}
    )


def prompts_asked(site: Completions) -> int:
    return sum(len(one.payload["prompt"]) for one in site.asked)


def test_a_server_is_asked_about_documents_and_chunks_and_about_no_text_twice(
    spark: SparkSession, tmp_path: Path, site: Completions, tokenizer: str
) -> None:
    settings = endpoint(site, tokenizer)
    first, _ = proposed(documents(spark), settings, tmp_path / "1")
    assert [(row.doc_id, row.level, row.finish) for row in first] == [
        (f"d{n}", level, "stop") for n in range(3) for level in ("chunk", "document")
    ]
    assert {row.model for row in first} == {"refiner"}
    assert {row.prompt.split("/")[1] for row in first} == {"chunk", "document"}
    assert all(0 < row.score < 1 for row in first)
    assert prompts_asked(site) == 6

    past = spark.createDataFrame(first, PROGRAMS.ddl)
    again = documents(spark, [TEXTS[2], "A new text.", TEXTS[0]], batch=2)
    second, _ = proposed(again, settings, tmp_path / "2", past)
    assert prompts_asked(site) == 8  # the new text alone
    answers = [(row.program, row.finish, row.score, row.first_line, row.last_line) for row in (*first, *second)]
    assert answers[6:8] == answers[4:6]
    assert answers[10:12] == answers[0:2]
    assert [(row.doc_id, row.batch, row.url) for row in second[::2]] == [
        (f"d{n}", 2, f"http://h/{n}") for n in range(3)
    ]
    other = endpoint(site, tokenizer, chunk_tokens=100)
    proposed(again, other, tmp_path / "3", past)
    assert prompts_asked(site) == 14


def test_what_fails_has_its_reason_and_is_asked_about_again(
    spark: SparkSession, tmp_path: Path, site: Completions, tokenizer: str
) -> None:
    settings = endpoint(site, tokenizer, prompts_per_request=1)
    settings = settings.model_copy(update={"levels": "document"})
    long = max(TEXTS, key=len)
    site.too_long = lambda prompt: len(prompt) > 60
    first, _ = proposed(documents(spark, [*TEXTS, long * 9]), settings, tmp_path / "1")
    assert [(row.finish, row.reason) for row in first] == [("stop", None)] * 3 + [("error", "failed")]
    assert first[3].detail.startswith("the server answers 400")
    site.too_long = lambda prompt: False
    asked = prompts_asked(site)
    past = spark.createDataFrame(first, PROGRAMS.ddl)
    second, _ = proposed(documents(spark, [*TEXTS, long * 9]), settings, tmp_path / "2", past)
    assert {row.finish for row in second} == {"stop"}
    assert prompts_asked(site) == asked + 1


STAGE = Stage(
    "propose",
    reads=("deduplicated",),
    remembers=("programs",),
    writes=("programs", "losses"),
    transform=propose,
    rules=("jobs.propose",),
    needs_workspace=True,
)


def committed(lake: Lake, settings: ProposeSettings, ratio: float) -> object:
    work = Pending(STAGE, Batch(1, "c", ()), {"a": "b"}, (), {"deduplicated": ("dedup_bloom",)})
    return commit(lake, work, settings, RunSettings(max_failed_ratio=ratio), 3, uuid.uuid4().hex)


def test_a_commit_counts_documents_and_a_server_that_is_down_stops_it(
    spark: SparkSession, tmp_path: Path, site: Completions, tokenizer: str
) -> None:
    lake = Lake(spark, str(tmp_path / "lake"))
    lake.replace("deduplicated", documents(spark), batch=1)
    site.too_long = lambda prompt: len(prompt) > 50  # the chunks of the two longer texts
    settings = endpoint(site, tokenizer, prompts_per_request=1)
    assert committed(lake, settings, ratio=0.9) == (3, 1, 0, 2)
    assert [(row.offset, row.reason) for row in lake.read("losses").orderBy("offset").collect()] == [
        (0, "failed"),
        (1, "failed"),
    ]
    before = lake.read("programs").orderBy("offset", "level").collect()
    site.too_long, site.faults = lambda prompt: False, [500] * 100
    with pytest.raises(StageFailed, match=r"found 2 of 3 documents lost \(2 failed, such as: the server answers 500"):
        committed(lake, settings, ratio=0.1)
    assert lake.read("programs").orderBy("offset", "level").collect() == before


# --- settings


def test_what_a_proposer_lacks_is_said_before_spark_starts(tmp_path: Path) -> None:
    with pytest.raises(CorpusmillError, match=r"expected at least one; set propose.recorded.files"):
        check(ProposeSettings(proposer="recorded"))
    with pytest.raises(CorpusmillError, match=r"propose: found no model for the endpoint"):
        check(ProposeSettings(proposer="endpoint"))
    for path in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(CorpusmillError, match=r"^propose.recorded.files: found no file that can be read at '"):
            check(recorded(path))
    with pytest.raises(CorpusmillError, match=r"propose: .*nowhere"):
        assets_of(recorded(tmp_path / "nowhere"))
    without = ProposeSettings.model_validate({"proposer": "endpoint", "endpoint": {"model": "m"}})
    with pytest.raises(CorpusmillError, match=r"^propose: found no tokenizer, expected that of the model; set"):
        check(without)
    check(ProposeSettings())
    check(ProposeSettings(proposer="rules"))


def test_the_digest_of_a_proposer_changes_with_what_it_says_and_not_with_how_it_is_reached(data: Path) -> None:
    base = ProposeSettings(proposer="rules")
    assert digest_of(base) == digest_of(ProposeSettings(proposer="rules", tokenizer="elsewhere.json"))
    assert digest_of(base) != digest_of(ProposeSettings(proposer="rules", levels="chunk"))


def test_the_tables_are_known() -> None:
    assert {"programs", "refined"} <= set(TABLES)
