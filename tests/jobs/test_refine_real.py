"""Refining real pages: programs that people's main text implies go through the stages `propose` (recorded) and
`execute` (strict), and what comes out is what the labels of the lines say, page by page.

Pages are ../shared/data/main_content as its README labels their lines. Run with `-rP` to see the figures.
"""

import gzip
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import DataFrame, SparkSession
from resiliparse.extract.html2text import extract_plain_text

from jobs.catalog import DEDUPLICATED, PROGRAMS
from jobs.execute import execute
from jobs.propose import propose
from jobs.proposers import ProposeSettings, check
from tests.jobs.frames import rows_of
from tests.jobs.workspace import Folder
from udfs.programs.chunks import ChunkSettings, chunks, word_costs
from udfs.programs.labels import chunk_program, document_program, keep_labels
from udfs.programs.refining import ExecuteSettings
from udfs.text.scripts import UNSPACED

pytestmark = pytest.mark.spark

# Every line is in a chunk, so that the labels of all of them are told.
CHUNKS = ChunkSettings(window=1500, unit="words", long_lines="compat", chunks_max=10**6)
MIN_COVERAGE = 0.8


class Page(NamedTuple):
    """A page as visible text, with the lines of it that its gold text keeps."""

    number: int  # its offset in the lake
    doc_id: str
    source: str
    url: str | None
    lang: str | None
    text: str
    gold: str
    keep: list[bool]

    @property
    def left(self) -> str:
        """The lines that the labels keep."""
        return "\n".join(line for line, keep in zip(self.text.split("\n"), self.keep, strict=True) if keep)


class Refined(NamedTuple):
    """What the stages made of the pages."""

    pages: list[Page]
    named_by_url: set[str]
    rows: dict[str, dict[str, Any]]  # of `refined`, by doc_id
    proposed: Counter[tuple[str, str]]  # rows of `programs`, by doc_id and level
    losses: int


@pytest.fixture(scope="module")
def refined(spark: SparkSession, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Refined:
    if not (data / "main_content").is_dir():
        pytest.skip("the pages with main content are not here")
    folder = tmp_path_factory.mktemp("refine")
    pages = read_pages(data / "main_content")
    by_url = named_by_url(pages)
    files = written(pages, by_url, folder)
    settings = ProposeSettings.model_validate({"proposer": "recorded", "recorded": {"files": tuple(map(str, files))}})
    check(settings)
    work = Folder(folder / "work")
    given = work.write("deduplicated", deduplicated(spark, pages, folder))
    found = propose(given, spark.createDataFrame([], PROGRAMS.ddl), settings, work)
    programs = work.write("programs", found["programs"])
    names = ("doc_id", "keep", "reason", "text", "errors", "voided", "rejected_calls", "words", "words_removed")
    rows = execute(programs, given, ExecuteSettings()).select(*names).toArrow().to_pylist()
    proposed = Counter((row.doc_id, row.level) for row in programs.select("doc_id", "level").collect())
    assert len(rows) == len({row["doc_id"] for row in rows})
    return Refined(pages, by_url, {row["doc_id"]: row for row in rows}, proposed, found["losses"].count())


def read_pages(folder: Path) -> list[Page]:
    """The pages whose gold text is in what a reader sees of them, as visible text."""
    pages: list[Page] = []
    columns = ["id", "source", "url", "lang", "html", "gold_text", "gold_coverage"]
    for path in sorted(folder.glob("*.parquet")):
        for row in pq.read_table(path, columns=columns).to_pylist():
            if not row["gold_text"] or row["gold_coverage"] < MIN_COVERAGE:
                continue
            text = str(extract_plain_text(row["html"], main_content=False, list_bullets=False))
            keep = keep_labels(text.split("\n"), row["gold_text"])
            known = row["id"], row["source"], row["url"], row["lang"]
            pages.append(Page(len(pages), *known, text, row["gold_text"], keep))
    return pages


def named_by_url(pages: Iterable[Page]) -> set[str]:
    """Every second page whose address no other has."""
    seen = Counter(page.url for page in pages)
    return {page.doc_id for page in pages if page.url and seen[page.url] == 1 and page.number % 2}


def written(pages: Iterable[Page], by_url: set[str], folder: Path) -> list[Path]:
    """Two files of programs as somebody would write them: pages known by address, and by id."""
    files = [folder / "by_url.jsonl.gz", folder / "by_id.jsonl"]
    with gzip.open(files[0], "wt", 1, "utf-8") as urls, files[1].open("w", encoding="utf-8") as ids:
        for page in pages:
            is_url = page.doc_id in by_url
            name = {"url": page.url} if is_url else {"doc_id": page.doc_id}
            for program in programs_of(page):
                (urls if is_url else ids).write(json.dumps(name | program) + "\n")
    return files


def programs_of(page: Page) -> Iterable[dict[str, Any]]:
    yield {"level": "document", "program": document_program(page.keep)}
    for chunk in chunks(page.text, word_costs, CHUNKS):
        lines = {"first_line": chunk.first_line, "last_line": chunk.last_line}
        program = chunk_program(page.keep, chunk.first_line, chunk.last_line)
        yield {"level": "chunk", "chunk": chunk.number, **lines, "program": program}


def deduplicated(spark: SparkSession, pages: Iterable[Page], folder: Path) -> DataFrame:
    rows = [{"offset": page.number, "doc_id": page.doc_id, "url": page.url, "text": page.text} for page in pages]
    path = str(folder / "pages.parquet")
    pq.write_table(pa.Table.from_pylist(rows), path)
    return rows_of(DEDUPLICATED, spark.read.parquet(path).repartition(4))


def kept(found: Refined) -> list[Page]:
    return [page for page in found.pages if found.rows[page.doc_id]["keep"]]


def guard_of(page: Page) -> str | None:
    """Why a page goes, as the settings' descriptions say it: the oracle."""
    before, after = length(page.text), length(page.left)
    if not any(page.keep):
        return "drop_document"
    if before and after <= 0.05 * before:
        return "little_left"
    return "too_short" if after < before and after <= 10 else None


def length(text: str) -> int:
    """Words between white space, and characters where a script has no spaces."""
    characters = len(UNSPACED.findall(text))
    return characters + len(UNSPACED.sub(" ", text).split())


def test_no_page_vanishes(refined: Refined) -> None:
    """Each page has a row, kept or rejected with a reason, and each has its programs, by id or by address."""
    assert len(refined.pages) > 2_000
    assert refined.rows.keys() == {page.doc_id for page in refined.pages}
    assert all(row["keep"] is (row["reason"] is None) for row in refined.rows.values())
    assert all((row["text"] is not None) is row["keep"] for row in refined.rows.values())
    assert refined.losses == 0
    assert 500 < len(refined.named_by_url) < len(refined.pages) - 500
    cut = {page.doc_id: len(chunks(page.text, word_costs, CHUNKS)) for page in refined.pages}
    assert {doc_id: refined.proposed[doc_id, "chunk"] for doc_id in cut} == cut
    assert {refined.proposed[page.doc_id, "document"] for page in refined.pages} == {1}
    assert max(cut.values()) > 5


def test_a_kept_page_is_the_lines_that_the_labels_keep(refined: Refined) -> None:
    for page in kept(refined):
        assert refined.rows[page.doc_id]["text"] == page.left, page.doc_id
    assert len(kept(refined)) > 0.95 * len(refined.pages)


def test_programs_that_labels_imply_have_no_faults(refined: Refined) -> None:
    for row in refined.rows.values():
        assert (row["errors"], row["voided"], row["rejected_calls"]) == (0, 0, []), row["doc_id"]


def test_a_page_goes_where_the_labels_keep_nothing_or_hardly_anything(refined: Refined) -> None:
    reasons = {page.doc_id: refined.rows[page.doc_id]["reason"] for page in refined.pages}
    assert reasons == {page.doc_id: guard_of(page) for page in refined.pages}
    counts = Counter(reason for reason in reasons.values() if reason)
    assert counts["drop_document"] > 0
    gone = [page for page in refined.pages if reasons[page.doc_id] in {"little_left", "too_short"}]
    print(f"\nrejected: {dict(counts)} of {len(reasons)}; the guards' pages (words before, after):")
    for page in gone:
        print(f"  {reasons[page.doc_id]} {page.doc_id}: {length(page.text)} -> {length(page.left)}")


@pytest.mark.parametrize("source", ["chinese_wced", "magic_html"])
def test_a_chinese_page_survives(refined: Refined, source: str) -> None:
    """Quirk 15 on real pages: the published guards, which count words between white space, would drop some. The few
    that go are menus for 95 % of their characters too."""
    pages = [page for page in refined.pages if page.source == source and (page.lang or "").startswith("zh")]
    stay: list[Page] = []
    gone: list[Page] = []
    for page in pages:
        (stay if refined.rows[page.doc_id]["keep"] else gone).append(page)
    assert len(stay) > 40
    assert len(gone) < 5
    assert all(refined.rows[page.doc_id]["text"] == page.left != page.text for page in stay)
    assert sum(len(page.left.split()) <= 10 for page in stay) > 0
    for page in gone:
        share = len(bare(page.left)) / len(bare(page.text))
        assert (refined.rows[page.doc_id]["reason"], share < 0.07) == ("little_left", True), share


def bare(text: str) -> str:
    """The text without white space."""
    return "".join(text.split())


def test_the_text_is_as_near_to_the_gold_text_as_the_labels_imply(refined: Refined) -> None:
    """F1 by characters, as bags without white space, over all pages of a source; a rejected page has no text. What the
    labels imply is the figure of the lines that they keep, rejected pages too: guards make the difference."""
    print("\nsource               pages  kept  F1 of all text   after   implied")
    for source in sorted({page.source for page in refined.pages}):
        pages = [page for page in refined.pages if page.source == source]
        before, after, implied = character_f1(refined, pages)
        stay = sum(refined.rows[page.doc_id]["keep"] for page in pages)
        print(f"{source:20} {len(pages):5} {stay:5} {before:15.4f} {after:7.4f} {implied:9.4f}")
        assert after > before
        assert abs(after - implied) < 0.002


def character_f1(refined: Refined, pages: Iterable[Page]) -> list[float]:
    """Of the received texts, of the refined ones, and of the lines that the labels keep; against the gold texts."""
    sums = [[0, 0] for _ in range(3)]  # characters of both sides, and those that they share
    for page in pages:
        gold = Counter(bare(page.gold))
        for figure, text in zip(sums, (page.text, refined.rows[page.doc_id]["text"] or "", page.left), strict=True):
            bag = Counter(bare(text))
            figure[0] += bag.total() + gold.total()
            figure[1] += (bag & gold).total()
    return [2 * both / sides for sides, both in sums]
