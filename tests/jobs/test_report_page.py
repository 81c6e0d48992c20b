"""The report as a page: what it shows and what it refuses to do; no JVM and no browser."""

import re
from xml.etree import ElementTree

import pytest

from jobs.explaining.markup import Markup
from jobs.reporting import plots
from jobs.reporting.page import SECTIONS, page
from jobs.reporting.plots import Bar
from jobs.reporting.sankey import TRUNK, Branch, Stop, sankey
from jobs.reporting.tables import Share, Size, counted, shown, sized
from tests.jobs.made_facts import empty_facts, made_facts
from tests.jobs.test_explained_page import ATTRIBUTES, HOSTILE, TAGS, Parsed
from tests.report_numbers import Numbers

MORE_TAGS = "nav dl dt dd data figure figcaption caption path g title ol b h3"
MORE_ATTRIBUTES = "value data-name data-key data-column data-value data-query data-lake d transform fill-opacity dy"


def is_harmless(source: str) -> Parsed:
    """No element, attribute or address but those that a report needs."""
    parsed = Parsed(source)
    assert {tag for tag, _ in parsed.elements} <= set(f"{TAGS} {MORE_TAGS}".split())
    assert {name for _, given in parsed.elements for name in given} <= set(f"{ATTRIBUTES} {MORE_ATTRIBUTES}".split())
    assert all(given["href"].startswith("#") for _, given in parsed.elements if "href" in given)
    ids = [given["id"] for _, given in parsed.elements if "id" in given]
    assert len(ids) == len(set(ids))
    assert {given["href"][1:] for _, given in parsed.elements if "href" in given} <= set(ids)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029\ud800-\udfff]", source)
    return parsed


def test_a_hostile_lake_is_shown_and_runs_nothing() -> None:
    parsed = is_harmless(page([made_facts(HOSTILE, HOSTILE), made_facts(text=HOSTILE)]))
    shown_texts = "".join(parsed.texts.values())
    assert shown_texts.count("<script>alert(1)</script>") > 20
    assert "\\u202e" in shown_texts


def test_each_section_says_something_of_an_empty_lake() -> None:
    source = page([empty_facts()])
    is_harmless(source)
    for at, _, build in SECTIONS:
        assert "".join(build(empty_facts())), at
    assert "No document was read." in source
    assert "Nothing was lost" in source
    assert "nan" not in source


def test_numbers_are_shown_as_what_they_are() -> None:
    numbers = Numbers(page([made_facts()]))
    assert numbers.found["totals", "", "pages"] == 100
    assert numbers.found["fates", "screen / word_count", "share"] == 0.2
    assert numbers.found["fates", "rate / waiting", "documents"] == 1
    assert numbers.found["fates", "rate / waiting", "tokens"] == 240
    assert numbers.found["domains", "culture", "documents"] == 40
    assert numbers.found["cluster_sizes", "dedup_minhash / 3", "documents"] == 15
    assert numbers.found["lengths", "1 KiB to 2 KiB", "published"] == 0
    assert len(numbers.found) > 150
    for said, exact in numbers.shown:
        digits = re.sub(r"[^\d.]", "", said)
        unit = re.sub(r"[\d.,\s-]", "", said)
        if unit in {"", "%"}:
            assert float(digits) == pytest.approx(exact * (100 if unit else 1), rel=2e-3, abs=0.051), said


KNOWN = (
    "expected to be at least 5, at most 100,000",
    "from 1 (very poor) to 5",
    "quality (1 to 5)",
    "corpusmill 0.4.0",
    "UTF-8",
    "(s: from 2^s",
    "Of each reason the first 3",
    "the 5 largest of a stage",
)


def test_no_number_of_a_lake_stands_outside_a_marked_cell() -> None:
    loose = Numbers(page([made_facts()])).loose
    assert [text for text in loose if not any(one in text for one in KNOWN)] == []
    assert len(loose) < 20


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (1_234_567, "1,234,567"),
        (Size(1_234_567), "1.23 MB"),
        (Size(0), "0 B"),
        (Size(999), "999 B"),
        (Share(0.1234), "12.3 %"),
        (None, "-"),
        (0.75, "0.75"),
    ],
)
def test_values_in_words(value: object, said: str) -> None:
    assert shown(value) == said


def test_short_numbers() -> None:
    assert [counted(value) for value in (9999, 12_345, 999_499, 4_560_000)] == ["9,999", "12.3 k", "999 k", "4.56 M"]
    assert [sized(value) for value in (12_345, 5e12, 5e16)] == ["12.3 kB", "5 TB", "50,000 TB"]


# --- pictures


def parsed_picture(picture: str) -> ElementTree.Element:
    assert isinstance(picture, Markup)
    return ElementTree.fromstring(picture)


def test_what_leaves_the_sankey_and_what_is_left_is_what_came_in() -> None:
    stops = [
        Stop("screen", [Branch("a", 30, "screened"), Branch("b", 10, "screened")]),
        Stop("execute", [Branch("c", 0, "gone")]),
    ]
    root = parsed_picture(sankey("Survival", Branch("in", 100, ""), stops, Branch("out", 60, "kept"), str))
    assert root.get("aria-label") == "Survival: in 100; screen a 30; screen b 10; execute c 0; out 60"
    bars = [float(node.get("height")) for node in root if node.get("class") in {"screened", "gone"}]
    assert bars == pytest.approx([TRUNK * 0.3, TRUNK * 0.1, 0.8])
    (left,) = [float(node.get("width")) for node in root if node.get("class") == "kept"]
    assert left == pytest.approx(TRUNK * 0.6)
    (trunk,) = [node.get("d") or "" for node in root if node.get("class") == "trunk"]
    widths = [float(width) for width in re.findall(r"H([\d.]+)V", trunk)]
    assert widths == sorted(widths, reverse=True)
    assert (widths[0], widths[-1]) == (TRUNK, TRUNK * 0.6)


def test_bars_are_as_long_as_their_values() -> None:
    root = parsed_picture(plots.bars("Pages", "pages", [Bar("en", 400, 100), Bar("<de>", 200, 0)], of="published"))
    assert root.get("aria-label") == "Pages: en: 400 pages, 100 published; <de>: 200 pages, 0 published"
    widths = {
        kind: [width_of(node) for node in root.iter("path") if node.get("class") == kind]
        for kind in ("broad", "narrow")
    }
    assert widths == {"broad": [240, 120], "narrow": [60, 0]}
    assert "<de>" in [node.text for node in root.iter("text")]


def width_of(node: ElementTree.Element) -> float:
    return float(re.match(r"M[\d.]+,[\d.]+h([\d.]+)", node.get("d") or "").group(1))


def test_the_heat_map_and_scores_say_their_numbers() -> None:
    heat = parsed_picture(plots.heat_map([("culture", 1, 9), ("culture", 2, 0), ("law", 1, 1200)]))
    assert "law quality 1: 1,200" in (heat.get("aria-label") or "")
    assert {"9", "1,200", "culture"} <= {node.text for node in heat.iter("text")}
    shades = sorted(float(node.get("fill-opacity") or 1) for node in heat.iter("path") if node.get("class") == "narrow")
    assert shades[-1] == 0.45
    score = parsed_picture(plots.scores("coherence", [0, 1, 2, 30, 4]))
    assert score.get("aria-label") == "coherence: score 1: 0; score 2: 1; score 3: 2; score 4: 30; score 5: 4"


# --- two lakes


def test_two_lakes_stand_side_by_side() -> None:
    source = page([made_facts(), made_facts("/other", rejected=30)])
    numbers = Numbers(source)
    assert [numbers.found[f"{lake}:totals", "", "pages"] for lake in "ab"] == [100, 110]
    key = "screen / word_count"
    found = [numbers.found["compared_fates", key, column] for column in ("this", "other", "difference")]
    assert found == [20, 30, 10]
    assert numbers.found["compared", "pages read", "difference"] == 10
    assert "The stages have the same settings." in source
    assert source.count('data-lake="b"') == len(SECTIONS) + 1
