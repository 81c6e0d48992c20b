"""Extraction: text, title and hint of ordinary pages; pages made to hurt are a loss in time, and the worker lives."""

import re
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLTree

from udfs.crawl import extraction, html
from udfs.crawl.extraction import extract_text
from udfs.crawl.html import Extracted, ExtractSettings, Lost, extract, extract_plain
from udfs.crawl.losses import LossReason
from udfs.crawl.page_cost import _FORMATTING_STARTS, FORMATTING, formatting_tags, openings, tags_and_ends, worst_seconds

PAGES = Path(__file__).parents[2] / "../shared/data/main_content/wcxb.parquet"
QUICK = ExtractSettings(time_limit_seconds=2.0)
SMALL = b'<html lang="de-AT"><title> Ein\n Titel &amp; mehr </title><body><p>Guten Tag.</p><p>Noch ein Satz.</p>'


def cubic(count: int) -> bytes:
    """Blocks x depth x reopened formatting elements."""
    return ("<div>" * count + "<p>" + "".join(f"<b id={i}>" for i in range(count)) + "<p>x" * count).encode()


def attributes(count: int) -> bytes:
    return ("<div " + " ".join(f"{i:x}" for i in range(count)) + ">hello").encode()


def test_text_title_language_charset() -> None:
    assert extract(SMALL, None, QUICK) == Extracted("Guten Tag.\n\nNoch ein Satz.", "Ein Titel & mehr", "de", "utf-8")


@pytest.mark.parametrize(
    ("head", "language"),
    [
        (b"<html>", None),
        (b"<html lang=''>", None),
        (b"<html lang=english>", None),
        (b"<html lang=ZH_cn>", "zh"),
        (b"<html xml:lang=fr>", "fr"),
        (b"<meta http-equiv=Content-Language content='pt-BR, en'>", "pt"),
        (b"<link http-equiv=Content-Language content=fr><meta http-equiv=content-language content=de>", "de"),
    ],
)
def test_language_hint(head: bytes, language: str | None) -> None:
    found = extract(head + b"<p>hello world</p>", None, QUICK)
    assert isinstance(found, Extracted)
    assert found.language == language


@pytest.mark.parametrize("body", [b"", b"   ", b"<p> </p>", b"<script>x</script>", b"\0\0"])
def test_nothing_but_space_is_no_text(body: bytes) -> None:
    found = extract(body, None, QUICK)
    assert isinstance(found, Lost)
    assert found.reason == LossReason.NO_TEXT


def test_plain_text_is_itself() -> None:
    found = extract_plain("\n a < b\0 & é\n".encode("latin-1"), "text/plain; charset=latin1")
    assert found == Extracted("a < b\ufffd & é", None, None, "windows-1252")
    assert isinstance(extract_plain(b" \n", None), Lost)


def test_the_child_gives_the_same_result(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small pages of every kind, once here and once in the child."""
    bodies = [SMALL, b"", b"<p>x", "<p>日本</p>".encode("cp932"), b"<title></title><p>a&#0;b&#xd800;c", cubic(20)]
    here = [extract(body, "text/html", QUICK) for body in bodies]
    monkeypatch.setattr(html, "IN_PROCESS_BYTES", -1)
    monkeypatch.setattr(html, "extract_text", None)  # in this process it would fail now; the child has its own
    assert [extract(body, "text/html", QUICK) for body in bodies] == here


OPENINGS = ["<!DOCTYPE html>", "<!doctype html public 'a'>", "<html", "<HTML", "<!--", "-->", "<head>", "<body", "\0"]
ATTRIBUTES = [" lang='de'", ' LANG="En-us"', " lang=fr", ' lang=""', " lang='a&amp;b'", ' xml:lang="it"']
ATTRIBUTES += [" data-x=\"a lang='nl'\"", ' data-x="a lang="', " data-x", ' xlang="pt"', "<html lang='sv'>"]
ATTRIBUTES += ["/", '"', " ", "\n", "x", ">", ">", ">"]
META = "<meta http-equiv=Content-Language content=ru>"


@settings(max_examples=2000, deadline=None)
@given(
    st.one_of(
        st.lists(st.sampled_from([*OPENINGS, *ATTRIBUTES, META]), max_size=12).map("".join),
        st.lists(st.sampled_from(ATTRIBUTES), max_size=4).map(
            lambda some: f"<!DOCTYPE html>\n<html{''.join(some)}>{META}"
        ),
    )
)
def test_the_language_is_that_of_the_parsed_page(page: str) -> None:
    """Also where the parser is not asked."""
    tree = HTMLTree.parse(page)
    tag = extraction.LANGUAGE_TAG.match(extraction._declared(tree).strip())
    assert extraction._language(page, tree) == (tag.group().lower() if tag else None)


@pytest.mark.parametrize("part", [" lang='a'", " a='b'", " ", "<!doctype html>", "<html", ' lang="', "<html lang='a'"])
def test_a_first_tag_of_a_megabyte_takes_no_time(part: str) -> None:
    started = time.process_time()
    for page in (part * (1_000_000 // len(part)), f"<!doctype html><html{part * (1_000_000 // len(part))}<"):
        extraction._FIRST_TAG.match(page)
    assert time.process_time() - started < 1


@pytest.mark.skipif(not PAGES.exists(), reason="needs ../shared")
def test_the_language_of_real_pages_is_that_of_the_parsed_ones() -> None:
    unasked = 0
    for page in pq.read_table(PAGES, columns=["html"])["html"].to_pylist():
        tree = HTMLTree.parse(page)
        tag = extraction.LANGUAGE_TAG.match(extraction._declared(tree).strip())
        assert extraction._language(page, tree) == (tag.group().lower() if tag else None)
        unasked += extraction._FIRST_TAG.match(page) is not None
    assert unasked > 500


@given(st.lists(st.sampled_from(["<b>", "<P>", "</b>", "<em", "<big>", "<!-", "</", "<", "x>", " ", "<s/", "<TT "])))
def test_tags_are_counted_as_python_counts_them(parts: list[str]) -> None:
    page = "".join(parts).encode()
    codes = np.frombuffer(page, np.uint8)
    assert tags_and_ends(codes) == (page.count(b"<"), page.count(b"</"))
    names = re.findall(rb"<(?=([a-z].?))", page, re.IGNORECASE | re.DOTALL)
    starts = [page[match.start() + 1 : match.start() + 3].lower() for match in re.finditer(rb"<(?=[a-zA-Z])", page)]
    known = {name[:2].encode() for name in FORMATTING} | {f"{a}{b}".encode() for a in "bisu" for b in " \t\n\f\r/>"}
    whole = [start for start in starts if len(start) == 2]  # the page's end may cut one off
    cut = len(starts) - len(whole)
    opening, formatting = openings(codes, _FORMATTING_STARTS)
    assert formatting_tags(codes, _FORMATTING_STARTS, formatting).size == formatting
    assert opening == len(names)
    assert 0 <= formatting - sum(start in known for start in whole) <= cut


@settings(max_examples=200, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=300),
        st.lists(
            st.sampled_from(["<b>", "<p>", "</b>", "<table>", "<svg>", "&", "x", "é", "<", "\x00", "&#xd800;"])
        ).map(lambda parts: "".join(parts).encode()),
    )
)
def test_total(body: bytes) -> None:
    found = extract(body, None, QUICK)
    (found.text if isinstance(found, Extracted) else found.detail).encode("utf-8")


HOSTILE = {
    "cubic": cubic(120),
    "formatting": ("<p>" + "".join(f"<b id={i}>" for i in range(300)) + "<p>x" * 600).encode(),
    "chain": "".join(f"<b id={i}><p>" for i in range(400)).encode(),
    "links": ("<div>" * 300 + "<p>" + "".join(f"<a id={i}>" for i in range(300)) + "<p>x" * 300).encode(),
    "deep": b"<div>" * 2000 + b"<div>x</div>" * 2000,
    "deep closing": b"<div>" * 2000 + b"</p>" * 3000,
    "form": b"<form><div>x" * 2000,
    "attributes": attributes(8000),
    "bodies": "".join(f"<body a{i}>" for i in range(4000)).encode(),
    "cells": ("<table>" + "".join(f"<b id={i}>x<tr><td>" for i in range(400))).encode(),
    "upper": cubic(80).upper(),
    "equals": b"<div>" * 300 + b"<p>" + b"<b><i><u class=x><font color=red>" * 100 + b"<p>x" * 300,
    "equals in cells": b"<table><tr><td>" + b"<b><i><table><tr><td>" * 100 + b"<p>x" * 300,
    "closed late": (b"<b>" + b"<div>" * 10 + b"x</b>x") * 200,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_page_is_slower_than_its_bound(name: str) -> None:
    started = time.process_time()
    extract_text(HOSTILE[name].decode(), "utf-8", QUICK)
    assert time.process_time() - started < worst_seconds(HOSTILE[name]) + 0.05


@given(st.lists(st.sampled_from(["<b>", "<P>", "</b>", "<em", "<!-", "</", "<", "x>", " "]), max_size=60))
def test_the_coarse_bound_is_not_below_the_fine_one(parts: list[str]) -> None:
    page = "".join(parts).encode()
    assert worst_seconds(page, enough_seconds=1e9) >= worst_seconds(page)


@pytest.mark.parametrize("opening", range(40))
def test_the_coarse_bound_takes_the_worst_share_of_formatting_elements(opening: int) -> None:
    """Of all pages with as many tags it is the dearest one's, but for the bytes."""
    different = [f"<b{i:3}>".encode() for i in range(opening)]
    dearest = max(
        worst_seconds(b"".join(different[:some]) + b"<p  0>" * (opening - some)) for some in range(opening + 1)
    )
    assert worst_seconds(b"<p  0>" * opening, enough_seconds=1e9) == pytest.approx(dearest)


def test_a_bound_that_is_not_enough_is_the_fine_one() -> None:
    assert worst_seconds(cubic(300), enough_seconds=1e-3) == worst_seconds(cubic(300))


def test_of_equal_formatting_elements_three_count() -> None:
    """The last three are reopened, however many are open; so it is for the parser, too."""
    page = b"<p>" + b"<B Class='x'>" * 300 + b"<p>x" * 600
    alone = b"<p>" + b"<B Class='x'>" * 3 + b"<p>x" * 897
    assert worst_seconds(page) == pytest.approx(worst_seconds(alone), rel=0.05)
    tree = HTMLTree.parse(page.decode())
    last = tree.body.query_selector_all("p")[-1]
    assert len(last.query_selector_all("b")) == 3


@pytest.mark.parametrize(
    "tags",
    [
        [f"<b id={i}>" for i in range(100)],
        [f'<b id=">{i}">' for i in range(100)],
        [f"<b id='>{i}'>" for i in range(100)],
        [f"<b a=\"'\" id='>{i}'>" for i in range(100)],
        [f'<b a=b="x id=">{i}">' for i in range(100)],
        [f'<b =x id=">{i}">' for i in range(100)],
    ],
)
def test_formatting_elements_that_may_differ_all_count(tags: list[str]) -> None:
    """Also where they are equal up to the first `>`, for it may stand inside a value."""
    page = ("<p>" + "".join(tags) + "<p>x" * 600).encode()
    plain = ("<p>" + "".join(f"<b id={i}>" for i in range(100)) + "<p>x" * 600).encode()
    assert worst_seconds(page) >= 0.99 * worst_seconds(plain)


@given(
    st.lists(
        st.sampled_from(
            ["<b>", "<i class=x>", "<font color=red>", "</b>", "</i>", "<p>x", "<div>", "</div>", "<table><tr><td>",
             "</table>", "<li>", "<a href=x>", "<span>", "<button>", "<object>", "<nobr>"]
        ),
        min_size=2, max_size=6,
    ),
    st.integers(1, 80),
)  # fmt: skip
@settings(max_examples=100, deadline=None)
def test_no_repeated_pattern_is_slower_than_its_bound(parts: list[str], count: int) -> None:
    page = "".join(parts) * count
    started = time.process_time()
    extract_text(page, "utf-8", QUICK)
    assert time.process_time() - started < worst_seconds(page.encode()) + 0.05


def test_too_many_tags_of_a_short_page() -> None:
    few = ExtractSettings(max_tags=1000)
    assert isinstance(extract(b"<p>x" * 1000, None, few), Extracted)
    found = extract(b"<p>x" * 1001, None, few)
    assert found == Lost(LossReason.TOO_LARGE, "1,001 tags; the limit is 1,000")


@pytest.mark.parametrize("tag", ["<div>", "<b>", "<a href=x>", "<table>", "<font>", "<p>x", "<li>x", "<svg><g>", "<x>"])
def test_a_million_tags_are_too_large(tag: str) -> None:
    found = extract(tag.encode() * 1_000_000, None, QUICK)
    assert isinstance(found, Lost)
    assert found.reason == LossReason.TOO_LARGE


@pytest.mark.parametrize(
    ("body", "reasons"),
    [
        (cubic(600), {LossReason.TOO_SLOW}),
        (b"<div>" * 190_000, {LossReason.TOO_SLOW}),
        (attributes(400_000), {LossReason.TOO_SLOW}),
        (
            "".join(f"<b id={i}><p>" for i in range(90_000)).encode(),
            {LossReason.TOO_SLOW, LossReason.EXTRACTION_FAILED},
        ),
        (b"<form><div>x" * 90_000, {LossReason.TOO_SLOW}),
        (b"x" * 100_000_000, {LossReason.TOO_LARGE}),
        (b"<table>" * 190_000, {LossReason.NO_TEXT}),
        (b"<svg>" + b"<g>" * 190_000, {LossReason.NO_TEXT}),
    ],
    ids=["cubic", "div", "attributes", "formatting", "form", "large", "table", "svg"],
)
def test_a_hostile_page_is_a_loss_and_the_next_page_is_read(body: bytes, reasons: set[LossReason]) -> None:
    started = time.monotonic()
    found = extract(body, "text/html", QUICK)
    assert time.monotonic() - started < 4
    assert isinstance(found, Lost)
    assert found.reason in reasons
    assert isinstance(extract(SMALL + b"<p>more words</p>" * 500, None, QUICK), Extracted)


def test_a_giant_text_node_is_read() -> None:
    found = extract(b"<p>" + b"word " * 1_500_000, None, QUICK)
    assert isinstance(found, Extracted)
    assert len(found.text) == 5 * 1_500_000 - 1


def test_an_extractor_that_is_not_installed_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    html._check_installed.cache_clear()
    monkeypatch.setitem(__import__("sys").modules, "trafilatura", None)
    with pytest.raises(ValueError, match="extractor is 'trafilatura', and that package cannot be imported"):
        extract(SMALL, None, ExtractSettings(extractor="trafilatura"))


def test_trafilatura() -> None:
    pytest.importorskip("trafilatura", exc_type=ImportError)
    found = extract(
        SMALL + b"<p>A sentence with quite a few words.</p>" * 9, None, ExtractSettings(extractor="trafilatura")
    )
    assert isinstance(found, Extracted)
    assert "quite a few words" in found.text


def test_unknown_extractor_is_refused() -> None:
    with pytest.raises(ValidationError):
        ExtractSettings(extractor="other")  # type: ignore[arg-type]  # the point of the test


@pytest.mark.skipif(not PAGES.exists(), reason="real pages are not on this machine")
def test_real_pages_equal_the_plain_call() -> None:
    """Here or in the child, the text is what resiliparse gives for the decoded string."""
    pages = pq.read_table(PAGES, columns=["html"])["html"].to_pylist()[:200]
    for page in pages:
        text = extract_plain_text(page, main_content=True)
        found = extract(page.encode(), "text/html; charset=utf-8", ExtractSettings())
        assert (found.text if isinstance(found, Extracted) else "") == text
