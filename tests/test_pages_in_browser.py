"""The report, the explained page and that of evaluate_models in a real browser: nothing runs, nothing is fetched,
everything can be read and reached by keyboard. No JVM; `make browser` installs the browser."""

from collections.abc import Callable
from pathlib import Path

import pytest

from jobs.evaluation.about import About
from jobs.evaluation.intervals import ALL, Result
from jobs.evaluation.page import page as evaluation_page
from jobs.evaluation.table import CRITERION_COLUMNS, HEADLINES
from jobs.evaluation.tasks import MISSES, confusion_name
from jobs.explaining.explained import explained
from jobs.explaining.page import page as explained_page
from jobs.reporting.page import page as report_page
from tests.browser import LOOKS, Open
from tests.jobs.explained_rows import TEXT, cut, published
from tests.jobs.made_facts import LONG, empty_facts, made_facts
from tests.jobs.test_explained import PROGRAMS, SCREEN, SEEN
from tests.jobs.test_explained_page import HOSTILE, hostile_document
from udfs.models.criteria import CRITERIA, DOMAINS


def evaluation(source: str) -> str:
    """Everything that the page of an evaluation can hold, with a source of that name."""
    metrics = {task: list(names) for task, names in HEADLINES.items()}
    metrics["ratings"] += [
        f"{name}_{one}" for name in CRITERIA for one in (*CRITERION_COLUMNS, *(m[0] for m in MISSES))
    ]
    metrics["ratings"] += [confusion_name(name, DOMAINS[0]) for name in DOMAINS]
    results = [
        Result(task, name, metric, 0.876, 0.85, 0.9, 1234)
        for task, names in metrics.items()
        for name in (ALL, "openstax-introduction-business", source)
        for metric in names
    ]
    about = About("rater-e5-v2", source, "lines stay from 0.4 on", ["ratings.parquet"] * 9, 0, 1000, 0, 360.0)
    return evaluation_page(results, about)


PAGES: dict[str, Callable[[], str]] = {
    "report": lambda: report_page([made_facts()]),
    "report_of_two": lambda: report_page([made_facts(), made_facts("/other", rejected=30)]),
    "report_of_nothing": lambda: report_page([empty_facts()]),
    "report_hostile": lambda: report_page([made_facts(HOSTILE, HOSTILE)]),
    "report_long": lambda: report_page([made_facts(text=LONG)]),
    "evaluation": lambda: evaluation("wcxb"),
    "evaluation_hostile": lambda: evaluation(HOSTILE.encode("utf-8", "backslashreplace").decode()),
    "explained": lambda: explained_page(explained(published(screen=SCREEN, seen=SEEN, programs=PROGRAMS))),
    "explained_hostile": lambda: explained_page(explained(hostile_document())),
    "explained_long": lambda: explained_page(explained(published(f"{LONG}\n{TEXT}", screen=[cut(TEXT, "Home", "r")]))),
}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Each page as a file."""
    folder = tmp_path_factory.mktemp("pages")
    for name, make in PAGES.items():
        (folder / f"{name}.html").write_text(make(), "utf-8")
    return {name: folder / f"{name}.html" for name in PAGES}


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_fetches_nothing_complains_of_nothing_and_can_be_read(
    written: dict[str, Path], open_page: Open, name: str, width: int, scheme: str
) -> None:
    opened = open_page(written[name], width, scheme)
    assert opened.overflow() <= 0
    assert opened.unreadable() == []
    opened.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert opened.overflow() <= 0
    assert opened.unreadable() == []
    assert opened.requests == []
    assert opened.errors == []


def test_plots_and_captions_of_an_evaluation_can_be_read_on_a_phone(written: dict[str, Path], open_page: Open) -> None:
    opened = open_page(written["evaluation"], 400)
    letters = opened.page.evaluate(
        "[...document.querySelectorAll('svg text')].map(one => parseFloat(getComputedStyle(one).fontSize)"
        " * one.ownerSVGElement.clientWidth / one.ownerSVGElement.viewBox.baseVal.width)"
    )
    assert len(letters) > 100
    assert min(letters) >= 9
    lefts = opened.page.evaluate("[...document.querySelectorAll('svg text')].map(one => one.getBBox().x)")
    assert min(lefts) >= 0
    ends = opened.page.evaluate(
        "[...document.querySelectorAll('caption')].map(one => one.getBoundingClientRect().right)"
    )
    assert max(ends) <= 400


def test_the_browser_sees_what_a_page_must_not_do(tmp_path: Path, open_page: Open) -> None:
    bad = "<p style='color:#999;width:3000px'>pale<img src=http://evil.test/x><script>alert(1);throw 1</script>"
    (tmp_path / "bad.html").write_text(f"<!DOCTYPE html><body style='background:#fff'>{bad}")
    opened = open_page(tmp_path / "bad.html")
    assert opened.requests == ["http://evil.test/x"]
    assert {error.split(":")[0] for error in opened.errors} >= {"dialog", "Failed to load resource"}
    assert [one[:11] for one in opened.unreadable()] == ["2.85 P pale"]
    assert opened.overflow() > 1000


@pytest.mark.parametrize("name", ["report_hostile", "explained_hostile"])
def test_hostile_text_is_shown_as_text(written: dict[str, Path], open_page: Open, name: str) -> None:
    opened = open_page(written[name])
    opened.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    said = opened.page.inner_text("body")
    assert "</style></script><script>alert(1)</script>" in said
    assert "\u202e" not in said
    assert "\\u202e" in said
    assert "\u2400" in said
    assert opened.page.locator("img, script, iframe, object, [onmouseover]").count() == 0


def test_a_reason_is_shown_on_hover_and_on_focus(written: dict[str, Path], open_page: Open) -> None:
    opened = open_page(written["explained"])
    mark = opened.page.locator(".mark").first
    said = "e => getComputedStyle(e, '::after').content"
    assert "cut by" not in mark.evaluate(said)
    mark.hover()
    assert "cut by" in mark.evaluate(said)
    opened.page.mouse.move(0, 0)
    assert "cut by" not in mark.evaluate(said)
    mark.focus()
    assert "cut by" in mark.evaluate(said)
    assert mark.get_attribute("title") in mark.evaluate(said).replace('" "', "")


def test_a_ribbon_of_the_report_says_its_number_on_hover(written: dict[str, Path], open_page: Open) -> None:
    opened = open_page(written["report"])
    ribbon = opened.page.locator("svg.sankey .ribbon").first
    assert ribbon.locator("title").text_content() == "word_count: 20"
    box = ribbon.bounding_box()
    assert box is not None
    assert box["height"] > 20


def test_the_report_by_keyboard(written: dict[str, Path], open_page: Open) -> None:
    opened = open_page(written["report"])
    first = opened.focused(13)
    assert [one.split()[0] for one in first] == ["A"] * 13, "the contents come first"
    assert "What became of the pages" in first[0]
    ring = opened.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert ring != "none"
    reasons = opened.page.locator("#reasons details").first
    reasons.locator("summary").focus()
    assert reasons.get_attribute("open") is None
    opened.page.keyboard.press("Enter")
    assert reasons.get_attribute("open") is not None
    assert reasons.locator("li").first.is_visible()
    links = opened.page.locator("nav a")
    links.nth(3).focus()
    opened.page.keyboard.press("Enter")
    opened.page.wait_for_url(lambda url: url.endswith("#scores"))  # a busy machine takes a moment


def test_on_paper_what_is_folded_is_open(written: dict[str, Path], open_page: Open) -> None:
    opened = open_page(written["report"])
    example = opened.page.locator("#reasons details li").first
    assert not example.is_visible()
    opened.page.emulate_media(media="print")
    assert example.bounding_box()["height"] > 10
    assert not opened.page.locator("nav").is_visible()
