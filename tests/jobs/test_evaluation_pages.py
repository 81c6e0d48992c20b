"""Lines of pages: their labels, what a refiner leaves of them, and the same figures on real pages."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.evaluation.judges import Refiner, load_refiner
from jobs.evaluation.pages import Counts, Page, counted, read_pages
from jobs.evaluation.truth import Text
from udfs.programs.asking import Asker, AskSettings
from udfs.programs.proposer import Proposal, Request
from udfs.programs.refining import Refined
from udfs.text.edits import Edit

GOLD = "The quick brown fox jumps over the lazy dog.\nAnd then it sleeps for a while in the sun."
HTML = f"<p>Home</p><p>{GOLD.splitlines()[0]}</p><p>  </p><p>{GOLD.splitlines()[1]}</p><p>Buy cheap shoes now!</p>"
ROW = {"id": "p", "source": "s", "lang": "en", "page_type": "article", "html": HTML, "gold_text": GOLD}
LINES = ("Home", "", "one two", "", "three four five", "six")


def write(path: Path, rows: Sequence[dict[str, object]], covered: float = 1.0) -> Path:
    pq.write_table(pa.Table.from_pylist([{"gold_coverage": covered} | row for row in rows]), path)
    return path


def page_of(lines: Sequence[str], keep: Sequence[bool]) -> Page:
    return Page(Text("p", "s", "en", "\n".join(lines)), "", tuple(keep))


def leaving(edits: Sequence[Edit], *, keep: bool = True) -> Callable[[Sequence[str]], list[Refined]]:
    """A refiner that edits all texts alike."""
    return lambda texts: [Refined(keep, None, "", tuple(edits), 1, {}, {}, 0, 0, 0, 0, 0) for _ in texts]


def proposing(program: str, level: str = "chunk") -> Refiner:
    """A refiner that writes the same program about everything."""

    def proposer(requests: Sequence[Request]) -> list[Proposal]:
        assert {request.level for request in requests} == {level}
        return [Proposal(program, "stop", None) for _ in requests]

    return Refiner(lambda levels: Asker(proposer, AskSettings(levels=levels), prompts=False), ("document", "chunk"))


def test_labels_are_those_of_the_recipe(tmp_path: Path) -> None:
    (page,) = read_pages([write(tmp_path / "p.parquet", [ROW])])
    lines = page.text.text.split("\n")
    kept = [line for line, stays in zip(lines, page.keep, strict=True) if stays and line.strip()]
    assert kept == GOLD.split("\n")
    assert [line for line in lines if line.strip()] == ["Home", *kept, "Buy cheap shoes now!"]
    assert (page.text.source, page.text.lang, page.page_type) == ("s", "en", "article")


def test_pages_that_are_no_use_are_left_out(tmp_path: Path) -> None:
    short = ROW | {"id": "short", "html": f"<p>{GOLD}</p>"}
    long = ROW | {"id": "long", "html": HTML + "<p>line</p>" * 2000}
    none = ROW | {"id": "none", "gold_text": None}
    files = [write(tmp_path / "a.parquet", [short, ROW, long]), write(tmp_path / "b.parquet", [none, ROW])]
    files.append(write(tmp_path / "c.parquet", [ROW], covered=0.79))
    assert [page.text.id for page in read_pages(files)] == ["p", "p"]
    with pytest.raises(ValueError, match=r"none of the 1 pages has a gold text .*; give pages"):
        read_pages(files[2:])


def test_counts_by_hand() -> None:
    page = page_of(LINES, [False, True, True, True, True, False])
    assert counted([page], leaving([]))[0] == Counts(2, 2, 0, 0, 22, 7, 0, 0)
    assert counted([page], leaving([], keep=False))[0] == Counts(0, 0, 2, 2, 0, 0, 22, 7)
    # `Home` and its blank line go, and with them a wrong line; of the last line a letter.
    edits = [Edit(0, 14, "", "remove_lines"), Edit(31, 32, "long", "normalize")]
    text = page.text.text
    assert (text[:14], text[31:32]) == ("Home\n\none two\n", "s")
    assert counted([page], leaving(edits))[0] == Counts(1, 1, 1, 1, 15, 2, 7, 5)


def test_programs_are_executed_as_in_the_pipeline() -> None:
    words = "a line of some words that is long enough to be kept by all limits"
    page = page_of(["Menu", words, words, "Foot"], [False, True, True, False])
    size = 2 * len(words)
    found = counted([page], proposing("remove_lines(0, 0)\nremove_lines(3, 3)").refine("chunk"))
    assert found == [Counts(2, 0, 0, 2, size, 0, 0, 8)]
    # What cannot be read changes nothing, and a page that loses nearly all goes.
    assert counted([page], proposing("gibberish").refine("chunk")) == [Counts(2, 2, 0, 0, size, 8, 0, 0)]
    assert counted([page], proposing("remove_lines(0, 2)").refine("chunk")) == [Counts(0, 0, 2, 2, 0, 0, size, 8)]
    # Of documents only the program for documents decides.
    assert [one.keep for one in proposing("drop_doc()", "document").refine("document")(["some text"])] == [False]


def test_rules_on_real_pages_lose_hardly_any_gold_text(data: Path) -> None:
    pages = read_pages([data / "main_content/scrapinghub.parquet"], most=25)
    counts = counted(pages, load_refiner(["rules"], 1).refine("chunk"))
    total = Counts(*map(sum, zip(*counts, strict=True)))
    lines = sum(bool(line.strip()) for page in pages for line in page.text.text.split("\n"))
    assert sum(total[:4]) == lines > 1000
    assert total.chars_kept > 0.98 * (total.chars_kept + total.chars_lost)
    assert total.lines_removed > 5 * total.lines_lost


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["tests/data/tiny-rater"], "is no refiner"),
        (["tests/data/tiny-decoder"], "is no refiner"),  # its manifest does not say what it is for
        (["chunk=tests/data/tiny-decoder", "chunk=tests/data/tiny-decoder"], "a second one of its kind"),
        (["rules", "rules"], "cannot be read"),
    ],
)
def test_what_is_no_refiner_is_refused(names: list[str], said: str) -> None:
    root = Path(__file__).parents[2]
    placed = [name.replace("tests/", f"{root}/tests/") for name in names]
    with pytest.raises(ValueError, match=said):
        load_refiner(placed, 1)


def test_decoders_are_refiners() -> None:
    folder = Path(__file__).parents[2] / "tests/data/trained-decoder"
    text = "Home\nLog in\nThe corpus is a page of text and the score is wheat.\nMore of the text here."
    one = load_refiner([f"chunk={folder}"], 1)
    assert one.levels == ("chunk",)
    both = load_refiner([f"document={folder}", f"chunk={folder}"], 1)
    assert both.levels == ("document", "chunk")
    for level in both.levels:
        (found,) = both.refine(level)([text])
        assert found.programs == 1
        assert sum(found.operations.values()) >= 1
