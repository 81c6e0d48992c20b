"""Reasons of rows that were lost, rejected or left out: closed lists, each with an input that gives it, and the table
of docs/reasons.md, which says all of them and nothing else."""

import gzip
import json
import re
import sys
from enum import StrEnum
from math import inf
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from jobs.catalog import DUPLICATES, FAILURES
from jobs.reasons import DuplicateReason, Failure
from tests.reason_texts import EXAMPLES, LISTS, ONE, TWO, UNREACHABLE
from tests.udfs.test_html import cubic
from tests.udfs.test_pages import PAGE, rows_in
from tests.udfs.test_records import http, warc
from udfs.crawl.losses import LossReason
from udfs.crawl.pages import PageSettings
from udfs.dedup.bloom_modes import BloomCut, BloomReason
from udfs.dedup.substrings import REASON
from udfs.text import recipes, screener
from udfs.text.rules import Cut, Rule
from udfs.text.screener import Screener
from udfs.text.screening import ScreenSettings, screen

DOCUMENT = (Path(__file__).parents[1] / "docs/reasons.md").read_text("utf-8")
GOOD = warc("response", http(PAGE), 1)

EDITS = "Edits of `repeats` and `deduplicated"  # a heading without the last of its quotes
COMPAT, CALLS = "Compat mode", "Calls that do not count"

# --- the document

Tables = dict[str, dict[str, list[str]]]  # by heading, then by reason: the other cells


def documented() -> Tables:
    """The tables of the document."""
    found: Tables = {}
    for part in re.split("^##+ ", DOCUMENT, flags=re.MULTILINE)[1:]:
        heading, _, body = part.partition("\n")
        rows = [line.strip("|").split("|") for line in body.splitlines() if line.startswith("| `")]
        names = [cells[0].strip(" `") for cells in rows]
        assert len(set(names)) == len(names)
        found[heading.strip("`")] = {
            name: [cell.strip() for cell in cells[1:]] for name, cells in zip(names, rows, strict=True)
        }
    return found


def sentences_of(enum: type[StrEnum]) -> dict[str, list[str]]:
    """The values of an enum, each with the sentence beside it in the source."""
    file = sys.modules[enum.__module__].__file__
    assert file is not None
    body = Path(file).read_text("utf-8").partition(f"class {enum.__name__}(")[2].partition("\n\n\n")[0]
    found = {
        value: [sentence] for value, sentence in re.findall(r'^    [A-Z_]+ = "(\w+)"  # (.+)$', body, re.MULTILINE)
    }
    assert set(found) == set(enum), "a value has no sentence beside it"
    return found


def screening(recipe: str, lists: Path) -> ScreenSettings:
    for name, words in LISTS.items():
        (lists / name).write_text(words)
    return ScreenSettings.model_validate({"recipe": recipe, "lists": str(lists)})


def limit(step: Rule | Cut, never: bool) -> str | None:
    """What the document says of when a step rejects; None for a step that only measures."""
    if isinstance(step, Cut):
        return "never" if never else "no text left"
    limits = {name: getattr(step, name) for name in ("at_least", "above", "at_most", "below")}
    said = [f"{name.replace('_', ' ')} {value:,g}" for name, value in limits.items() if abs(value) != inf]
    return ", ".join([*said, "never"] if never else said) or None


def limits_of(recipe: str, lists: Path) -> dict[str, str]:
    """The steps of a recipe that can be a reason, of a rejection or of edits."""
    steps = screening(recipe, lists).rules.items()
    never = UNREACHABLE.get(recipe, {})
    return {name: said for name, step in steps if (said := limit(step, name in never))}


def test_losses_and_duplicates_are_documented_with_the_sentences_of_their_enums() -> None:
    tables = documented()
    assert tables["losses"] == sentences_of(LossReason) | sentences_of(Failure)
    assert tables["duplicates"] == sentences_of(DuplicateReason)
    assert tables["deduplicated"] == sentences_of(BloomReason)
    edits = tables[EDITS]
    assert edits.pop(REASON)
    assert edits == sentences_of(BloomCut)
    assert tuple(Failure) == FAILURES == (screener.FAILED,)


@pytest.mark.parametrize("recipe", recipes.names())
def test_the_steps_of_each_recipe_are_documented_with_their_limits(recipe: str, tmp_path: Path) -> None:
    rows = documented()[recipe]
    assert {name: cells[1] for name, cells in rows.items()} == limits_of(recipe, tmp_path)
    assert all(len(cells) == 3 and all(cells) for cells in rows.values())


def test_the_document_has_a_table_for_each_recipe_and_no_other() -> None:
    others = {"losses", "duplicates", "deduplicated", EDITS, "refined", COMPAT, CALLS, "screened"}
    assert set(documented()) == others | set(recipes.names())


# --- screening


def test_each_reason_of_screening_has_a_page_or_a_sentence_why_none_has_it(tmp_path: Path) -> None:
    assert set(EXAMPLES) == set(recipes.names())
    for recipe, examples in EXAMPLES.items():
        never = UNREACHABLE.get(recipe, {})
        assert not examples.keys() & never.keys()
        assert examples.keys() | never.keys() == limits_of(recipe, tmp_path).keys(), recipe


@pytest.mark.parametrize("recipe", EXAMPLES)
def test_each_reason_is_given_by_the_definition_and_by_the_compiled_run(recipe: str, tmp_path: Path) -> None:
    given = screening(recipe, tmp_path)
    pages = EXAMPLES[recipe].values()
    assert [screen(page.text, given, page.url).reason for page in pages] == list(EXAMPLES[recipe])
    texts = pa.array([page.text for page in pages], pa.large_string())
    columns = Screener(given).columns(texts, [page.url for page in pages])
    assert columns["reason"].to_pylist() == list(EXAMPLES[recipe])
    assert columns["detail"].null_count == len(pages), "no page failed"


PIECES = (
    ONE,
    f"{TWO} {TWO} {TWO}\n",
    "\n[1] [2]. [3]. [4].\n",
    "Small boats",
    "[1] [edit] [2]",
    "[citation needed]",
    "JavaScript is on now.",
    "No end of it here",
)
BREAKS = ("\n", "\n\n\n", " ", "\u2028", "\r", "\x0c\n", " \n ")
BLOCKS = st.lists(st.sampled_from([*PIECES, "Read the privacy policy.", "x" * 1001, "a@b.com", *BREAKS]), max_size=30)
PASSABLE = "\n" + "\n".join(EXAMPLES["prox_rules"]["citations"].text.splitlines()[:120])  # lines that C4 takes


@pytest.mark.parametrize("recipe", ["c4", "c4_dclm", "pii", "prox_rules"])
@settings(max_examples=150)
@given(blocks=BLOCKS)
def test_no_page_of_odd_lines_gets_a_reason_that_none_should_have(
    recipe: str, blocks: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    lists = tmp_path_factory.getbasetemp()
    text = "".join(blocks) + (PASSABLE if recipe == "prox_rules" else "")
    assert screen(text, screening(recipe, lists)).reason not in UNREACHABLE[recipe]


def test_a_page_that_a_step_cannot_judge_has_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "reasons_own_rule.py").write_text("def broken(text):\n    raise RuntimeError('no')\n")
    monkeypatch.syspath_prepend(tmp_path)
    given = ScreenSettings.model_validate({"rules": {"mine": {"measure": "reasons_own_rule:broken"}}})
    columns = Screener(given).columns(pa.array(["A text."], pa.large_string()), [None])
    assert columns["reason"].to_pylist() == [Failure.FAILED]


# --- losses


def settings_of(**extraction: object) -> PageSettings:
    return PageSettings.model_validate({"html": extraction})


def damaged(data: bytes) -> bytes:
    """A gzip member with wrong bytes in its middle."""
    packed = bytearray(gzip.compress(data))
    packed[40:60] = bytes(20)
    return bytes(packed)


# For each reason a file: its name, its content, how it is read.
LOST: dict[LossReason, tuple[str, bytes, PageSettings]] = {
    LossReason.UNREADABLE_FILE: ("x.warc", b"", PageSettings()),
    LossReason.TRUNCATED_FILE: ("x.warc", GOOD[:-200], PageSettings()),
    LossReason.BAD_COMPRESSION: ("x.warc.gz", damaged(GOOD) + gzip.compress(GOOD), PageSettings()),
    LossReason.BAD_RECORD: ("x.warc", GOOD + b"garbage", PageSettings()),
    LossReason.BAD_HTTP: ("x.warc", warc("response", b"no head of HTTP\r\n\r\n"), PageSettings()),
    LossReason.BAD_ENCODING: (
        "x.warc",
        warc("response", http(gzip.compress(PAGE)[:-20], "Content-Encoding: gzip")),
        PageSettings(),
    ),
    LossReason.TOO_LARGE: ("x.warc", warc("response", http(PAGE * 2)), settings_of(max_page_bytes=1024)),
    LossReason.TOO_SLOW: ("x.warc", warc("response", http(cubic(600))), settings_of(time_limit_seconds=1.0)),
    LossReason.EXTRACTION_FAILED: ("x.warc", GOOD, PageSettings()),
    LossReason.NO_TEXT: ("x.warc", warc("response", http(b"<html></html>")), PageSettings()),
    LossReason.BAD_ROW: ("x.jsonl", json.dumps({"text": 3}).encode() + b"\n", PageSettings()),
}


def test_each_reason_of_a_loss_has_a_file() -> None:
    assert set(LOST) == set(LossReason)


@pytest.mark.parametrize("reason", LOST)
def test_a_file_gives_its_loss(reason: LossReason, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if reason is LossReason.EXTRACTION_FAILED:  # no page is known on which the extractor fails every time
        monkeypatch.setattr("udfs.crawl.extraction.extract_plain_text", _breaks)
    name, content, given = LOST[reason]
    assert [loss["reason"] for loss in rows_in(tmp_path, content, name, given).losses] == [reason]


def _breaks(*_: object, **__: object) -> str:
    raise RuntimeError("the extractor broke")


# --- duplicates


@pytest.mark.spark
def test_each_reason_of_a_duplicate_has_a_page(spark: SparkSession) -> None:
    from jobs.dedup_exact import DedupExactSettings, dedup_exact
    from tests.jobs.test_stages import screened

    pages = [(1, 1, "http://a.test/", "One."), (1, 2, "http://a.test/", "Two."), (1, 3, None, "ONE.")]
    history = spark.createDataFrame([], DUPLICATES.ddl)
    rows = dedup_exact(screened(spark, pages), history, DedupExactSettings()).select("doc_id", "reason").collect()
    assert {row.doc_id: row.reason for row in rows} == {"00": None, "01": "duplicate_url", "02": "duplicate_text"}
    # near_duplicate has pages in tests/jobs/test_dedup_minhash.py, reasons of `deduplicated` in test_bloom_modes.py.
    assert {row.reason for row in rows} == {None, *DuplicateReason} - {DuplicateReason.NEAR_DUPLICATE}
