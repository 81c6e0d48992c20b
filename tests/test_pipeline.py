"""The whole pipeline on the sample crawl: what became of each page, and what the tables promise.

The sample's `expected.json` is written by the script that made the sample, not by the pipeline: it is the oracle here.
"""

import json
import re
from collections import Counter
from pathlib import Path

import duckdb
import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from jobs.catalog import CORPUS, TABLES
from jobs.explaining import reading
from jobs.explaining.explained import explained, whole_edits
from jobs.explaining.fate import Kind
from jobs.explaining.rows import Found, Lost, Unseen
from jobs.notebooks.opening import open_lake
from jobs.pipeline import STAGES
from jobs.runtime.cli import run_command
from jobs.runtime.lake import Lake
from tests.conftest import ROOT
from tests.report_numbers import Numbers, expected_numbers
from tests.tables import Row, difference, rows, tables
from udfs.crawl.urls import host, registered_domain
from udfs.programs.tagging.tagger import load_tagger
from udfs.text.edits import apply

pytestmark = [pytest.mark.spark, pytest.mark.usefixtures("spark")]

SAMPLE = ROOT / "sample"
EXPECTED = json.loads((SAMPLE / "expected.json").read_text())
FILES = sorted(SAMPLE.glob("*.warc.gz"))
DEMO = ("--conf", str(ROOT / "conf/demo.yaml"))


def run(lake: Path, *options: str, files: list[Path] = FILES, report: bool = False) -> int:
    named = [part for file in files for part in ("--input", str(file))]
    switch = ("--set", f"report.enabled={str(report).lower()}")  # seconds for each run, so most do without
    return run_command(["run", *DEMO, *named, "--lake", str(lake), *switch, *options])


@pytest.fixture(scope="session")
def lake(tmp_path_factory: pytest.TempPathFactory, spark: object) -> Path:
    """The lake of one undisturbed run over the sample. Tests only read it."""
    folder = tmp_path_factory.mktemp("sample") / "lake"
    assert run(folder, report=True) == 0
    return folder


def fates(lake: Path) -> dict[tuple[str, str], str]:
    """What became of each page, by URL and date."""

    def key(row: Row) -> tuple[str, str]:
        return row["url"], row["fetched_at"].strftime("%Y-%m-%dT%H:%M:%SZ")

    found = {key(row): "kept" for row in rows(lake, "corpus")}
    found |= {key(row): "rejected" for row in rows(lake, "screened") if not row["keep"]}
    found |= {key(row): "rejected" for row in rows(lake, "deduplicated") if not row["keep"]}
    kinds = {"url": "duplicate", "exact": "duplicate", "minhash": "near_duplicate"}
    return found | {key(row): kinds[row["method"]] for row in rows(lake, "duplicates") if not row["keep"]}


def test_every_page_has_the_fate_that_its_author_meant(lake: Path) -> None:
    lost = {row["url"] for row in rows(lake, "losses")}
    found = fates(lake)
    for page in EXPECTED["pages"]:
        fate = found.pop((page["url"], page["fetched_at"]), "lost" if page["url"] in lost else "no_document")
        assert fate == page["outcome"], page["url"]
    assert not found


def test_duplicates_name_the_keeper_that_was_meant(lake: Path) -> None:
    url_of = {row["doc_id"]: row["url"] for row in rows(lake, "documents")}
    keepers = {row["url"]: url_of[row["keeper"]] for row in rows(lake, "duplicates") if not row["keep"]}
    outcomes = ("duplicate", "near_duplicate")
    expected = {page["url"]: page["keeper_url"] for page in EXPECTED["pages"] if page["outcome"] in outcomes}
    assert keepers == expected


EXPLAINED = {"kept": Kind.PUBLISHED, "rejected": Kind.REJECTED, "duplicate": Kind.DUPLICATE}
EXPLAINED |= {"near_duplicate": Kind.DUPLICATE}


def test_explain_says_of_each_kind_of_page_what_became_of_it(lake: Path, spark: SparkSession) -> None:
    """The first page of each role, and those in another encoding than UTF-8."""
    documents = {(row["url"], row["fetched_at"].strftime("%Y-%m-%dT%H:%M:%SZ")): row for row in rows(lake, "documents")}
    first = {(page["outcome"], page["role"]): page for page in reversed(EXPECTED["pages"])}
    legacy = [page for page in EXPECTED["pages"] if is_legacy(documents.get((page["url"], page["fetched_at"])))]
    assert len(legacy) == 2
    tables = Lake(spark, str(lake))
    for page in (*first.values(), *legacy):
        document = documents.get((page["url"], page["fetched_at"]))
        found = reading.read(tables, document["doc_id"] if document else page["url"])
        if page["outcome"] == "lost":
            assert isinstance(found, Lost)
        elif page["outcome"] == "no_document":
            assert isinstance(found, Unseen)
            assert {registered_domain(host(row["url"])) for row in found.nearest} == {registered_domain(found.host)}
        else:
            assert isinstance(found, Found)
            told = explained(found)
            assert told.fate.kind is EXPLAINED[page["outcome"]], page["url"]
            assert not told.warnings
            assert (found.keeper["url"] if found.keeper else None) == page["keeper_url"]
            assert ("legacy" in told.fate.steps[0].said) == is_legacy(document)
            if found.corpus is not None:
                assert apply(found.document["text"], whole_edits(told)) == found.corpus["text"]


def is_legacy(document: Row | None) -> bool:
    return document is not None and document["charset"] != "utf-8"


def test_every_number_of_the_report_is_that_of_an_independent_query(lake: Path) -> None:
    found, expected = Numbers((lake / "report.html").read_text("utf-8")).found, expected_numbers(lake)
    assert found.keys() == expected.keys()
    assert len(found) > 400
    different = {key: (found[key], expected[key]) for key in found if found[key] != pytest.approx(expected[key])}
    assert different == {}


def test_the_views_tell_the_same_fates_and_every_reason(lake: Path, spark: SparkSession) -> None:
    asked = open_lake(str(lake), spark)
    when = "date_format(fetched_at, \"yyyy-MM-dd'T'HH:mm:ss'Z'\")"
    told = asked.sql(f"SELECT url, {when} AS fetched_at, fate, method FROM documents_all").collect()
    fates_of = {"kept": "published", "rejected": "rejected", "duplicate": "duplicate", "near_duplicate": "duplicate"}
    expected = {
        (page["url"], page["fetched_at"]): fates_of[page["outcome"]]
        for page in EXPECTED["pages"]
        if page["outcome"] in fates_of
    }
    assert {(row.url, row.fetched_at): row.fate for row in told} == expected
    assert len(told) == len(expected) == len(rows(lake, "documents"))
    near = [page["url"] for page in EXPECTED["pages"] if page["outcome"] == "near_duplicate"]
    assert sorted(row.url for row in told if row.method == "minhash") == sorted(near)
    missing = asked.sql("SELECT sum(documents), sum(documents_ratio) FROM reasons").head()
    lost = len([row for row in rows(lake, "losses") if row["stage"] == "ingest"])
    published = len(rows(lake, "corpus"))
    assert missing[0] == len(told) + lost - published
    assert missing[1] == pytest.approx(1 - published / (len(told) + lost))
    parts = next(row for row in rows(lake, "progress") if row["stage"] == "screen")["parts"]
    steps = json.loads(dict(parts)["settings"])["rules"]
    wide = asked.sql("SELECT * FROM signals_wide")
    assert ["language", *wide.columns[12:]] == [name for name, step in steps.items() if "measure" in step]
    assert wide.columns[11] == "language_signal"
    assert wide.where("NOT keep AND reason = 'word_count' AND word_count IS NULL").isEmpty()


def test_files_count_their_records_by_type(lake: Path) -> None:
    found = {Path(row["file"]).name: row for row in rows(lake, "files")}
    for name, expected in EXPECTED["files"].items():
        assert dict(found[name]["records"]) == expected["records"]
        assert found[name]["html_responses"] == expected["html_responses"]


def test_documents_in_are_documents_kept_rejected_or_failed(lake: Path) -> None:
    count = {name: len(rows(lake, name)) for name in TABLES}
    kept = {
        name: sum(row["keep"] for row in rows(lake, name))
        for name in ("screened", "deduplicated", "refined", "ratings")
    }
    exact, near = (
        [row["keep"] for row in rows(lake, "duplicates") if row["stage"] == stage]
        for stage in ("dedup_exact", "dedup_minhash")
    )
    assert count["documents"] == count["screened"]
    assert kept["screened"] == len(exact)
    assert sum(exact) == count["signatures"] == len(near)
    assert sum(near) == count["deduplicated"]
    assert (
        kept["deduplicated"]
        == count["refined"]
        == len({(row["file"], row["offset"]) for row in rows(lake, "programs")})
    )
    assert kept["refined"] == count["ratings"]
    assert kept["ratings"] == count["corpus"]
    for row in rows(lake, "progress"):
        assert row["rows_in"] == row["rows_kept"] + row["rows_rejected"] + row["rows_failed"]
    assert sum(row["documents"] for row in rows(lake, "files")) == count["documents"]
    assert sum(row["losses"] for row in rows(lake, "files")) == count["losses"]


@pytest.mark.parametrize("table", TABLES.values(), ids=list(TABLES))
def test_keys_are_unique(lake: Path, table: object) -> None:
    keys = Counter(tuple(row[name] for name in table.key) for row in rows(lake, table.name))
    assert max(keys.values(), default=1) == 1


def test_survivors_carry_their_text_and_the_rejected_do_not(lake: Path) -> None:
    for row in rows(lake, "screened"):
        assert (row["text"] is not None) == row["keep"]
        assert (row["reason"] is None) == row["keep"]


def test_the_line_taggers_programs_take_out_the_lines_that_they_name(lake: Path) -> None:
    """Oracle: the tagger asked about each text alone, without Spark."""
    tagger = load_tagger(ROOT / "models/refiner-lines-v3", threads=1)
    before = {row["url"]: row["text"] for row in rows(lake, "deduplicated") if row["keep"]}
    programs = {(row["url"], row["level"]): row["program"] for row in rows(lake, "programs")}
    assert {row["finish"] for row in rows(lake, "programs")} == {"stop"}
    removed = 0
    for row in rows(lake, "refined"):
        lines = before[row["url"]].split("\n")
        tags = tagger(before[row["url"]])
        goes = dict.fromkeys(tags.numbers[tags.keep < tagger.thresholds.safe].tolist())
        named = re.findall(r"remove_lines\(start=(\d+), end=(\d+)\)", programs[row["url"], "chunk"])
        gone = {number for first, last in named for number in range(int(first), int(last) + 1)}
        assert {number for number in gone if lines[number].strip()} == set(goes), row["url"]
        assert row["text"] == "\n".join(line for number, line in enumerate(lines) if number not in gone), row["url"]
        assert programs[row["url"], "document"] == "keep_doc()"
        removed += len(gone)
    assert removed >= 3


def test_legacy_charsets_came_out_right(lake: Path) -> None:
    charsets = Counter(row["charset"] for row in rows(lake, "documents"))
    assert charsets["windows-1252"] >= 1
    assert charsets["iso-8859-15"] >= 1
    assert not [row["url"] for row in rows(lake, "corpus") if "\ufffd" in row["text"]]


def test_the_corpus_is_read_without_spark_and_says_what_it_is(lake: Path) -> None:
    table = DeltaTable(str(lake / "corpus"))
    assert table.metadata().partition_columns == ["domain", "quality"]
    assert table.metadata().description == CORPUS.comment
    fields = {field.name: field.metadata["comment"] for field in table.schema().fields}
    assert fields == {column.name: column.comment for column in CORPUS.columns}
    constraints = {key for key in table.metadata().configuration if key.startswith("delta.constraints.")}
    assert constraints == {f"delta.constraints.{name}" for name in CORPUS.constraints}
    frame = table.to_pyarrow_table()
    by_domain = duckdb.sql("SELECT domain, quality, count(*) FROM frame GROUP BY ALL").fetchall()
    assert sum(count for *_, count in by_domain) == frame.num_rows > 60
    assert len({domain for domain, *_ in by_domain}) >= 10


def test_a_second_run_has_nothing_to_do(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before, written = tables(lake), (lake / "report.html").stat().st_mtime_ns
    assert run(lake, report=True) == 0
    assert "Nothing is pending" in capsys.readouterr().err
    assert (lake / "report.html").stat().st_mtime_ns == written
    assert difference(tables(lake), before) == ""


def test_plan_says_why_a_changed_threshold_redoes_what_follows(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed = "screen.rules.word_count.at_least=100"
    named = ["--input", f"{SAMPLE}/*.gz", "--set", changed]
    assert run_command(["plan", *DEMO, "--lake", str(lake), *named]) == 0
    shown = capsys.readouterr().out
    assert "screen           rules.word_count.at_least: 50.0 -> 100.0" in shown
    assert "publish          its input refined changes; its input ratings changes" in shown
    assert "14x8 (112 permutations) compares pairs of similarity 0.3: 0.09%" in shown
    assert "Bloom filter: 123,974,912 bytes" in shown
    assert "ingest" not in shown


def test_a_changed_threshold_redoes_what_follows_and_nothing_else(lake: Path, tmp_path: Path) -> None:
    mine = copied(lake, tmp_path)
    before = runs(mine)
    assert run(mine, "--set", "screen.rules.word_count.at_least=200") == 0
    after = runs(mine)
    assert {key for key in before if before[key] != after[key]} == {
        (stage.name, batch) for stage in STAGES[1:] for batch in (1, 2) if stage.name != "dedup_substring"
    }
    assert len(rows(mine, "corpus")) < len(rows(lake, "corpus"))
    assert rows(mine, "documents") == rows(lake, "documents")


def test_a_new_file_is_one_new_batch_and_the_rest_stays(lake: Path, tmp_path: Path) -> None:
    mine = tmp_path / "lake"
    assert run(mine, files=FILES[:2]) == 0
    first = runs(mine)
    assert run(mine) == 0
    then = runs(mine)
    assert {key: then[key] for key in first} == first
    assert {batch for _, batch in then.keys() - first.keys()} == {2}
    assert difference(tables(mine), tables(lake)) == ""


@pytest.mark.parametrize("partitions", [1, 7])
def test_partitions_and_batches_do_not_matter(lake: Path, tmp_path: Path, partitions: int) -> None:
    """One batch, with other partitions and Arrow batches, gives the tables of two batches, but for their numbers, and
    for what is remembered batch by batch."""
    mine = tmp_path / "lake"
    one_batch = "ingest.batches.crawl_pattern=nothing-of-the-kind"
    assert (
        run(mine, "--set", f"spark.shuffle_partitions={partitions}", "--set", one_batch, "--set", "spark.arrow_rows=5")
        == 0
    )
    assert {row["batch"] for row in rows(mine, "corpus")} == {1}
    found, expected = (tables(of, without=("batch", "crawl")) for of in (mine, lake))
    for name in set(TABLES) - {"batches", "progress", "bands", "bloom_shards"}:
        assert difference({name: found[name]}, {name: expected[name]}) == ""


def test_a_stage_that_loses_too_much_commits_nothing(
    lake: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = copied(lake, tmp_path)
    broken = tmp_path / "crawl-2026-20.warc.gz"
    broken.write_bytes(b"no archive at all\n" * 100)
    assert run(mine, files=[*FILES, broken]) == 1
    said = capsys.readouterr().err
    assert "ingest, batch 3: found 1 of 1 documents lost (1 unreadable_file" in said
    assert "nothing was committed" in said
    before, after = tables(lake), tables(mine)
    assert difference({**after, "batches": []}, {**before, "batches": []}) == ""
    assert len(after["batches"]) == len(before["batches"]) + 1  # known, and pending


def runs(lake: Path) -> dict[tuple[str, int], str]:
    """Which run committed each stage of each batch."""
    return {(row["stage"], row["batch"]): row["run"] for row in rows(lake, "progress")}


def copied(lake: Path, target: Path) -> Path:
    """A copy of the lake for a test that changes it."""
    import shutil

    return Path(shutil.copytree(lake, target / "lake"))


def test_a_batch_done_again_gives_the_same_tables(lake: Path, tmp_path: Path) -> None:
    mine = copied(lake, tmp_path)
    before = runs(mine)
    assert run(mine, "--redo", "1") == 0
    after = runs(mine)
    kept = {("ingest", 2), ("screen", 2)}  # later batches were compared with the first from dedup on
    assert {key for key in before if before[key] == after[key]} == kept
    assert difference(tables(mine), tables(lake)) == ""


def test_a_batch_that_is_not_there_cannot_be_done_again(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(lake, "--redo", "9") == 2
    assert "--redo 9: found no such batch" in capsys.readouterr().err


def test_one_stage_alone_is_refused_while_its_input_is_pending(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path / "lake", "--only", "screen", files=FILES[:1]) == 2
    assert "screen, batch 1: found its input stage ingest pending" in capsys.readouterr().err


@pytest.mark.slow
def test_the_real_crawl_files_are_all_accounted_for(data: Path, tmp_path: Path) -> None:
    """69 files of many writers, 32 of them malformed: one run ends well, and each file's records are the manifest's.

    What differs has rows in `losses`; `tests/udfs/test_records.py` explains each such file in a sentence.
    """
    mine = tmp_path / "lake"
    files = sorted(path for path in (data / "crawl").rglob("*") if path.is_file() and path.name != "MANIFEST.jsonl")
    assert run(mine, "--set", "run.max_failed_ratio=0.5", files=files) == 0
    manifest = [json.loads(line) for line in (data / "crawl/MANIFEST.jsonl").read_text().splitlines()]
    found = {row["file"]: row for row in rows(mine, "files")}
    lost = Counter(row["file"] for row in rows(mine, "losses"))
    kept = Counter(row["file"] for row in rows(mine, "documents"))
    assert len(found) == len(manifest) == 69
    for expected in manifest:
        row = found[str(data / "crawl" / expected["file"])]
        read, by_line = dict(row["records"]), expected["records_by_header_line"]
        same = read == expected["records_read"] and row["html_responses"] == expected["html_responses"]
        more = all(read.get(kind, 0) >= count for kind, count in (expected["records_read"] | by_line).items())
        assert same or more or lost[row["file"]], expected["file"]
        assert (row["documents"], row["losses"]) == (kept[row["file"]], lost[row["file"]])
    for name in ("browsertrix-2024-403-challenge", "browsertrix-2024-status-codes"):
        (row,) = [row for path, row in found.items() if name in path]
        assert dict(row["skipped"]).get("client_error", 0) > 0
    done = {row["stage"]: row for row in rows(mine, "progress")}
    assert all(row["rows_in"] == row["rows_kept"] + row["rows_rejected"] + row["rows_failed"] for row in done.values())
    assert len(rows(mine, "documents")) == len(rows(mine, "screened")) == done["screen"]["rows_in"]
    assert len(rows(mine, "corpus")) == done["rate"]["rows_kept"] > 50
