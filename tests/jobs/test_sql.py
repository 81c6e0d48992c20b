"""Views over a small lake whose pages have known fates, and every query of docs/sql.md: it runs, and its answer has the
property that is said here beside it."""

import re
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from jobs.catalog import TABLES
from jobs.notebooks.opening import OpenLake, open_lake
from jobs.pipeline import STAGES
from jobs.queries.asking import asked
from jobs.runtime.errors import CorpusmillError
from jobs.views import VIEWS
from tests.conftest import ROOT
from tests.small_lake import CRAWLS, LOSSES, PAGES, SCREEN, Page

pytestmark = pytest.mark.spark

DOCS = (ROOT / "docs/sql.md").read_text("utf-8")
QUERIES = dict(re.findall(r"^### (.+?)\n.*?^```sql\n(.+?)^```$", DOCS, re.MULTILINE | re.DOTALL))
Rows = list[Any]


@pytest.fixture(scope="module")
def lake(spark: SparkSession, small_lake: Path) -> OpenLake:
    return open_lake(str(small_lake), spark)


def fate(page: Page) -> str:
    if page.waits:
        return "waiting"
    if not page.stops:
        return "published"
    return "failed" if page.reason == "failed" else "duplicate" if page.keeper else "rejected"


PUBLISHED = [page for page in PAGES if fate(page) == "published"]
FATES = Counter(map(fate, PAGES))
STOPPED = Counter((page.stops, page.reason) for page in PAGES if page.stops)


def tokens(pages: list[Page]) -> int:
    return sum(100 if page.quality == 4 else 50 for page in pages)


def host(page: Page) -> str:
    return page.url.split("/")[2]


# --- the views


def test_documents_all_has_each_document_once_with_its_fate(lake: OpenLake) -> None:
    rows = {row.doc_id: row for row in lake.sql("SELECT * FROM documents_all").collect()}
    assert set(rows) == {page.doc_id for page in PAGES}
    for page in PAGES:
        row = rows[page.doc_id]
        assert (row.fate, row.stage, row.reason) == (fate(page), page.stops or None, page.reason or None)
        assert row.keeper == (None if page.stops == "screen" or page.waits else f"{page.keeper or page.number:032x}")
        assert row.quality == (page.quality if page in PUBLISHED else None)
        assert (row.tokens is None) == (page not in PUBLISHED)
    first = rows[PAGES[0].doc_id]
    assert (first.screen_edits, first.bloom_edits, first.program_edits, first.programs) == (1, 1, 1, 1)
    assert first.chars == len(PAGES[0].text)
    assert {row.method for row in rows.values() if row.fate == "duplicate"} == {"url", "exact", "minhash"}
    assert len(lake.sql("SELECT * FROM documents_all").where("batch = 1").collect()) == 10


def test_a_view_reads_the_columns_and_batches_that_a_query_needs(lake: OpenLake) -> None:
    plan = scans(lake.sql("SELECT fate, tokens FROM documents_all WHERE batch = 2"))
    assert len(plan) == 8
    assert not [scan for scan in plan if re.search(r"\btext:|\bsignals:|\bheaders:|\bedits:|\burl:", scan)]
    narrow = [scan for scan in plan if re.search(r"PartitionFilters: \[[^\]]*batch\S* = 2", scan)]
    assert len(narrow) == 7, "all tables but corpus, which is laid out by domain and quality"
    wide = scans(lake.sql("SELECT screen_edits FROM documents_all"))
    assert len([scan for scan in wide if "edits:" in scan]) == 1
    assert len(scans(lake.sql("SELECT word_count FROM signals_wide"))) == 1


def scans(rows: DataFrame) -> list[str]:
    """What a plan reads, a line for each table."""
    plan = rows._jdf.queryExecution().explainString(
        rows.sparkSession._jvm.org.apache.spark.sql.execution.ExplainMode.fromString("simple")
    )
    return [line for line in plan.splitlines() if "FileScan" in line]


def test_reasons_count_every_page_that_stopped(lake: OpenLake) -> None:
    rows = lake.sql("SELECT * FROM reasons").collect()
    ingest = Counter(("ingest", row["reason"]) for row in LOSSES if row["stage"] == "ingest")
    assert {(row.stage, row.reason): row.documents for row in rows} == STOPPED + ingest
    total = len(PAGES) + ingest.total()
    assert sum(row.documents_ratio for row in rows) == pytest.approx((STOPPED + ingest).total() / total)
    a_char = tokens(PUBLISHED) / sum(len(page.text) for page in PUBLISHED)
    for row in rows:
        chars = sum(len(page.text) for page in PAGES if (page.stops, page.reason) == (row.stage, row.reason))
        assert row.chars == (None if row.stage == "ingest" else chars)
        assert row.tokens == (None if row.stage == "ingest" else round(chars * a_char))
        assert row.position == [stage.name for stage in STAGES].index(row.stage) + 1


def test_signals_have_a_column_for_each_rule_that_measures(lake: OpenLake) -> None:
    rows = lake.sql("SELECT * FROM signals_wide")
    assert rows.columns[-2:] == ["word_count", "symbol_ratio"]  # newline_runs is an edit
    found = {row.doc_id: (row.word_count, row.symbol_ratio) for row in rows.collect()}
    for page in PAGES:
        ratio = {"word_count": None, "symbol_ratio": 0.2}.get(page.reason, 0.01)
        assert found[page.doc_id] == (page.words, ratio)


def test_clusters(lake: OpenLake) -> None:
    rows = lake.sql("SELECT * FROM clusters ORDER BY stage, cluster").collect()
    one, two = PAGES[0].doc_id, PAGES[1].doc_id
    assert [(row.stage, row.cluster, row.documents, row.rejected, row.keeper) for row in rows] == [
        ("dedup_exact", one, 3, 2, one),
        ("dedup_minhash", one, 2, 1, one),
        ("dedup_minhash", two, 2, 1, two),
    ]
    assert [(row.by_url, row.by_text, row.least_similarity, row.hosts) for row in rows] == [
        (1, 1, 1.0, 3),
        (0, 0, 0.75, 2),
        (0, 0, 0.8, 2),
    ]
    assert [(row.first_batch, row.last_batch) for row in rows] == [(1, 1), (1, 2), (1, 1)]
    assert {row.keeper_url for row in rows} == {PAGES[0].url, PAGES[1].url}


def test_domain_quality(lake: OpenLake) -> None:
    rows = lake.sql("SELECT * FROM domain_quality").collect()
    counted = Counter((page.domain, page.quality) for page in PUBLISHED)
    assert {(row.domain, row.quality): row.documents for row in rows} == counted
    assert sum(row.tokens for row in rows) == tokens(PUBLISHED)
    assert sum(row.tokens_ratio for row in rows) == pytest.approx(sum(row.documents_ratio for row in rows)) == 1


def test_program_statistics(lake: OpenLake) -> None:
    """In batch 1 two programs, one of which drops its page; in batch 2 one of two calls does not count."""
    rows = lake.sql("SELECT * FROM program_statistics ORDER BY batch").collect()
    assert [(r.batch, r.documents, r.programs, r.calls, r.rejected_calls, r.documents_dropped) for r in rows] == [
        (1, 4, 2, 2, 0, 1),
        (2, 2, 1, 1, 1, 0),
    ]
    assert all(0 < row.removed_ratio < 0.1 for row in rows)


def test_every_view_and_column_says_what_it_is(lake: OpenLake) -> None:
    assert set(lake.names) == {view.name for view in VIEWS} | (set(TABLES) - {"signatures", "bands"} - MISSING)
    for view in VIEWS:
        told = lake.sql(f"DESCRIBE {view.name}").collect()
        assert all(row.comment and len(row.comment) > 3 for row in told), view.name
        assert [row.col_name for row in told][: len(view.columns)] == list(view.columns)
        assert f"`{view.name}`" in DOCS
    assert lake.sql("DESCRIBE corpus").collect()[0].comment == TABLES["corpus"].columns[0].comment


MISSING = {"repeats", "bloom_shards", "judgements"}


def test_a_column_of_a_rule_never_hides_another(spark: SparkSession) -> None:
    from jobs.views.documents import SIGNALS_WIDE
    from jobs.views.view import definition

    text = definition(SIGNALS_WIDE, ["language", "it's `odd`"])
    assert "signals['language'] AS `language_signal`" in text
    assert "signals['it\\'s `odd`'] AS `it's ``odd```" in text


# --- docs/sql.md


def pairs(rows: Rows) -> dict[Any, Any]:
    return {row[0]: row[1] for row in rows}


def is_sorted(values: list[Any]) -> bool:
    return values == sorted(values, reverse=True)


def by(key: Callable[[Page], Any], pages: list[Page] = PUBLISHED) -> Counter[Any]:
    return Counter(map(key, pages))


CHECKS: dict[str, Callable[[Rows], bool]] = {
    "How much is there, by topic and quality?": lambda rows: (
        {(r.domain, r.quality): r.documents for r in rows} == by(lambda page: (page.domain, page.quality))
    ),
    "Which hosts give most of it?": lambda rows: pairs(rows) == by(host) and is_sorted([r.tokens for r in rows]),
    "What do good texts on a topic look like?": lambda rows: (
        {r.url for r in rows} == {page.url for page in PUBLISHED if page.domain == "law" and page.quality >= 4}
        and all(0 < len(r.beginning) <= 200 for r in rows)
    ),
    "How old is it?": lambda rows: (
        [r.crawl for r in rows] == [CRAWLS[1], CRAWLS[2]]
        and rows[0].last < rows[1].first
        and rows[0].last - rows[0].first == timedelta(minutes=1)
    ),
    "What became of all pages?": lambda rows: pairs(rows) == FATES and sum(r.ratio for r in rows) == pytest.approx(1),
    "Which reasons took most?": lambda rows: (
        {(r.stage, r.reason): r.documents for r in rows if r.stage != "ingest"} == STOPPED
        and is_sorted([r.documents for r in rows])
    ),
    "Why are pages of this site missing?": lambda rows: (
        {r.url: r.reason for r in rows} == {page.url: page.reason for page in PAGES if host(page) == "news.example"}
    ),
    "What became of this page?": lambda rows: (
        [(r.fate, r.stage, r.keeper) for r in rows] == [("duplicate", "dedup_minhash", PAGES[0].doc_id)]
    ),
    "What could not be read, and where?": lambda rows: (
        [(r.reason, r.records, r.first_at) for r in rows] == [("no_text", 1, 950), ("truncated_file", 1, 900)]
    ),
    "What does each step of the recipe reject?": lambda rows: (
        [r.step for r in rows] == ["failed", *SCREEN.rules] and [r.rejected for r in rows] == [1, 2, 0, 1]
    ),
    "Which pages missed a limit by little?": lambda rows: (
        [(r.url, r.word_count) for r in rows] == [("https://new.example/short", 40)]
    ),
    "Which clusters are largest?": lambda rows: [r.documents for r in rows] == [3, 2, 2],
    "Where did the copies of this page go?": lambda rows: (
        {r.url: (r.batch, r.similarity) for r in rows}
        == {page.url: (page.batch, page.similarity) for page in PAGES if page.keeper == 1}
    ),
    "Who copies from whom?": lambda rows: (
        {(r.copies_are_on, r.kept_is_on): r.documents for r in rows}
        == by(lambda page: (host(page), host(PAGES[page.keeper - 1])), [page for page in PAGES if page.keeper])
    ),
    "How much text is cut because it came before?": lambda rows: (
        [(r.reason, r.passages, r.chars) for r in rows] == [("seen_paragraph", 5, 5 * 30)]
    ),
    "What did programs do?": lambda rows: [(r.programs, r.documents_dropped) for r in rows] == [(2, 1), (1, 0)],
    "Which calls do not count, and why?": lambda rows: [tuple(r) for r in rows] == [("line_out_of_range", 1, 1)],
    "Which pages lost most to their programs?": lambda rows: (
        {r.url for r in rows} == {page.url for page in PUBLISHED if page.program}
        and is_sorted([r.removed_ratio for r in rows])
    ),
    "How do topics differ?": lambda rows: (
        {r.domain: (r.documents, r.quality) for r in rows} == {"law": (3, pytest.approx(10 / 3)), "medicine": (1, 5)}
    ),
    "Does a signal of screening say something about quality?": lambda rows: (
        {r.quality: r.documents for r in rows} == by(lambda page: page.quality)
        and {r.word_count for r in rows} == {120}
    ),
    "Which model rated what?": lambda rows: [tuple(r) for r in rows] == [("feedface", 1, 2, 5)],
    "Where does the time go?": lambda rows: (
        rows[0].stage == "ingest"
        and rows[0].seconds == len(PAGES)
        and sum(r.ratio for r in rows) == pytest.approx(1)
        and all(r.documents_a_second in (1, None) for r in rows)
    ),
    "What does a published token cost?": lambda rows: (
        [(r.documents, r.tokens) for r in rows]
        == [(n, tokens(p)) for p in ([q for q in PUBLISHED if q.batch == b] for b in (1, 2)) for n in [len(p)]]
        and all(r.seconds_for_a_million_tokens == pytest.approx(r.seconds / r.tokens * 1e6) for r in rows)
    ),
    "What did each batch add?": lambda rows: (
        [(r.batch, r.documents, r.published) for r in rows] == [(1, 10, 2), (2, 5, 2), (3, 1, 0)]
    ),
    "What happened in one batch?": lambda rows: (
        {(r.stage, r.reason): r.documents for r in rows}
        == by(lambda page: (page.stops, page.reason), [page for page in PAGES if page.batch == 2 and page.stops])
    ),
    "Which versions of the corpus are there?": lambda rows: [r.version for r in rows] == [2, 1, 0],
    "What was in the corpus then?": lambda rows: pairs(rows) == {"law": 2},
    "What came since?": lambda rows: [r.url for r in rows] == [page.url for page in PUBLISHED if page.batch == 2],
    "Which settings made this batch?": lambda rows: len(rows) == 1 and '"levels"' in rows[0].settings,
}


def test_every_query_is_checked() -> None:
    assert set(QUERIES) == set(CHECKS)
    assert len(QUERIES) >= 20
    assert DOCS.count("```sql") == len(QUERIES)


@pytest.fixture(scope="module")
def quick(lake: OpenLake) -> OpenLake:
    """The lake with the rows of `documents_all` at hand: to plan its joins takes longer than all else in a query."""
    view = lake.sql("SELECT * FROM documents_all")
    lake.spark.createDataFrame(view.collect(), view.schema).coalesce(1).createOrReplaceTempView("documents_all")
    return lake


@pytest.mark.parametrize("question", QUERIES)
def test_the_docs_query_has_the_right_answer(quick: OpenLake, question: str) -> None:
    rows = quick.sql(QUERIES[question]).collect()
    assert CHECKS[question](rows), rows


# --- what is refused, and how


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT * FROM documnets", r"found no table documnets in .+, did you mean documents\? There are batches, "),
        ("SELECT * FROM zzz", "found no table zzz in .+, expected one of these: batches, "),
        ("SELECT * FROM signatures", r"found no signatures in .+ yet; sign of corpusmill run makes what is missing\.$"),
        ("SELECT qualty FROM corpus", "found no column qualty at line 1, character 8, expected one such as quality"),
        ("SELECT *\nFORM corpus", "found a syntax error at line 2, character 6, before 'corpus'|character 1, before"),
        ("SELECT (1", "found a syntax error at line 1, character 10, at its end"),
        ("SELECT cast('x' AS INT)", 'The value \'x\' of the type "STRING" cannot be cast to "INT"'),
        ("SELECT assert_true(quality > 9) FROM corpus", "is not true|assert"),
    ],
)
def test_a_wrong_query_is_one_sentence(lake: OpenLake, query: str, said: str) -> None:
    with pytest.raises(CorpusmillError) as error, asked(lake.lake, query) as rows:
        rows.collect()
    assert re.search(said, str(error.value)), str(error.value)
    assert "\n" not in str(error.value)
