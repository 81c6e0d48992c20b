"""`explain` through the tables: a lake with a page of each kind of fate, read by the real reader, one test each."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pytest
from pyspark.sql import SparkSession

from jobs.catalog import TABLES
from jobs.explaining import reading
from jobs.explaining.composed import left, received
from jobs.explaining.explained import LETTERS, explained, whole_edits
from jobs.explaining.fate import Kind, fate_of
from jobs.explaining.rows import Found, Lost
from jobs.runtime.lake import Lake
from tests.jobs.explained_rows import (
    TEXT,
    cut,
    deduplicated,
    document,
    place,
    program,
    progress,
    published,
    ratings,
    screened,
    stopped,
)
from tests.jobs.test_explained import PROGRAMS, SCREEN, SEEN
from tests.small_lake import write
from udfs.text.edits import apply

pytestmark = [pytest.mark.spark, pytest.mark.usefixtures("spark")]

KEEPER = f"{0:032x}"  # the first of the pages below
WHOLE = [{"start": 0, "end": len(TEXT), "replacement": "", "reason": "seen_document"}]
FAILED = {"stage": "rate", "file": "/crawl/a.warc.gz", "reason": "failed", "detail": "the model said nan"}


class Page(NamedTuple):
    """A page's rows, and what must be said of it."""

    found: Found
    kind: Kind
    stage: str = ""
    reason: str = ""
    cuts: frozenset[str] = frozenset()  # the stages that cut


def kept(*stages: str, **given: Any) -> Page:
    return Page(published(**given), Kind.PUBLISHED, cuts=frozenset(stages))


def rejected(found: Found, behind: str, stage: str, reason: str, kind: Kind = Kind.REJECTED) -> Page:
    return Page(stopped(found, behind), kind, stage, reason)


def duplicate(stage: str, reason: str) -> Page:
    own = place(stage, reason, keeper=KEEPER, similarity=0.9 if stage == "dedup_minhash" else 1.0)
    before = {"dedup_exact": place("dedup_exact")} if stage != "dedup_exact" else {}
    found = published()._replace(duplicates={**before, stage: own})
    return rejected(found, "duplicates", stage, reason, Kind.DUPLICATE)


def by_programs(said: str, reason: str, level: str = "chunk") -> Page:
    return rejected(published(programs=[program(said, level=level)]), "refined", "execute", reason)


def of_screen(reason: str, signals: Mapping[str, float], text: str = TEXT) -> Page:
    found = published()._replace(document=document(text), screened=screened(text, (), reason, signals=signals))
    return rejected(found, "screened", "screen", reason)


def lost_at_rate() -> Page:
    found = published()._replace(ratings=ratings(keep=False, reason="failed"), losses=[FAILED])
    return rejected(found, "ratings", "rate", "failed", Kind.LOST)


PAGES = {
    "kept_untouched": kept(),
    "kept_with_cuts_by_screen": kept("screen", screen=SCREEN),
    "kept_with_cuts_by_dedup_substring": kept(
        "dedup_substring", seen=[cut(TEXT, "Home | About | Contact\n", "repeated_substring")]
    ),
    "kept_with_cuts_by_dedup_bloom": kept("dedup_bloom", seen=[cut(TEXT, "\nShare this page", "seen_paragraph")]),
    "kept_with_cuts_by_execute": kept("execute", programs=[program("remove_lines(0, 0)")]),
    "kept_with_cuts_by_all": kept(
        "screen", "dedup_substring", "execute", screen=SCREEN, seen=SEEN, programs=PROGRAMS
    ),
    "rejected_by_a_rule_of_screen": of_screen("word_count", {"word_count": 3.0}),
    "rejected_by_an_edit_of_screen": of_screen("newline_runs", {"word_count": 9.0, "newline_runs": 0.0}, "\n\n\n"),
    "rejected_by_dedup_bloom": rejected(
        published()._replace(deduplicated=deduplicated(TEXT, WHOLE, "seen_document", contained=180)),
        "deduplicated", "dedup_bloom", "seen_document",
    ),
    "rejected_by_the_program_of_the_document": by_programs("drop_doc()", "drop_document", "document"),
    "rejected_by_programs_that_leave_little": by_programs("remove_lines(0, 99)", "little_left"),
    "duplicate_url": duplicate("dedup_exact", "duplicate_url"),
    "duplicate_text": duplicate("dedup_exact", "duplicate_text"),
    "near_duplicate": duplicate("dedup_minhash", "near_duplicate"),
    "lost_at_rate": lost_at_rate(),
    "from_a_legacy_charset": Page(published()._replace(document=document(charset="windows-1251")), Kind.PUBLISHED),
}  # fmt: skip
LOSS = {"stage": "ingest", "file": "/crawl/a.warc.gz", "offset": 999, "reason": "bad_http", "detail": "no status line"}
LOST_URL = "http://river.test/lost"


def own(row: Mapping[str, Any], number: int) -> dict[str, Any]:
    """A row as one of page `number`."""
    place_ = {"doc_id": f"{number:032x}", "offset": number, "url": f"http://river.test/{number}"}
    keeper = {"keeper": place_["doc_id"]} if row.get("keep") and "keeper" in row else {}
    return {**row, **place_, **keeper}


def rows_of(found: Found, number: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """The table of each row, and the row."""
    yield "documents", own(found.document, number) | {"site": "river.test", "headers": {}}
    for table in ("screened", "deduplicated", "refined", "ratings", "corpus"):
        row = getattr(found, table)
        if row is not None:
            yield table, own(row, number)
    for table, rows in (
        ("duplicates", found.duplicates.values()),
        ("programs", found.programs),
        ("losses", found.losses),
    ):
        for row in rows:
            yield table, own(row, number)


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """All pages in one batch, and a page that never became a document."""
    folder = tmp_path_factory.mktemp("fates") / "lake"
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
    for number, page in enumerate(PAGES.values()):
        for table, row in rows_of(page.found, number):
            rows[table].append(row)
    rows["progress"] += progress().values()
    rows["losses"].append(LOSS | {"url": LOST_URL, "doc_id": None})
    for name, given in rows.items():
        if given:
            write(TABLES[name], [told(row) for row in given], f"{folder}/{name}")
    return Lake(spark, str(folder))


def told(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as `write` takes it: edits as tuples."""
    edits = [tuple(edit.values()) for edit in row.get("edits", ())]
    return {**row, "batch": 3} | ({"edits": edits} if "edits" in row else {})


@pytest.mark.parametrize("name", PAGES)
def test_explain_is_right_of(lake: Lake, name: str) -> None:
    page, number = PAGES[name], list(PAGES).index(name)
    found = reading.read(lake, f"http://river.test/{number}")
    assert isinstance(found, Found)
    told = explained(found)
    assert (told.fate.kind, told.fate.stage, told.fate.reason) == page[1:4]
    assert not told.warnings
    as_made = fate_of(page.found).steps
    assert [one[:3] + one.numbers for one in told.fate.steps] == [one[:3] + one.numbers for one in as_made]
    assert received(told.pieces) == page.found.document["text"]
    if page.kind is Kind.PUBLISHED:
        assert found.corpus is not None
        assert apply(found.document["text"], whole_edits(told)) == found.corpus["text"] == left(told.pieces)
        assert {stage for stage, _ in told.keys} == page.cuts
    if page.kind is Kind.DUPLICATE:
        assert found.keeper is not None
        assert found.keeper["url"] == "http://river.test/0"
        assert told.differs is not None
        assert told.differs.is_none, "the texts are the same"
    assert ("windows-1251, a legacy character encoding" in told.fate.steps[0].said) == (name == "from_a_legacy_charset")
    assert ("the model said nan" in told.fate.steps[-1].said) == (name == "lost_at_rate")


def test_explain_is_right_of_a_page_that_never_became_a_document(lake: Lake) -> None:
    found = reading.read(lake, LOST_URL)
    assert isinstance(found, Lost)
    assert [(row["stage"], row["reason"], row["detail"]) for row in found.losses] == [
        ("ingest", "bad_http", "no status line")
    ]


def test_the_keeper_names_its_copies(lake: Lake) -> None:
    found = reading.read(lake, KEEPER)
    assert isinstance(found, Found)
    wanted = {"duplicate_url", "duplicate_text", "near_duplicate"}
    assert {row["reason"] for row in found.copies} == wanted
    assert {row["doc_id"] for row in found.copies} == {f"{list(PAGES).index(name):032x}" for name in wanted}


def test_every_stage_that_cuts_or_rejects_has_a_page() -> None:
    """So that a new stage is not forgotten here: those with a letter cut, those with `keep` in their table reject."""
    assert frozenset().union(*(page.cuts for page in PAGES.values())) == set(LETTERS)
    rejecting = {page.stage for page in PAGES.values() if page.stage}
    assert rejecting == {"screen", "dedup_exact", "dedup_minhash", "dedup_bloom", "execute", "rate"}
