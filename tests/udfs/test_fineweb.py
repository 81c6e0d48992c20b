"""FineWeb's rules: hand-made texts at the limits; the compiled twins. Verdicts of datatrove: test_datatrove.py."""

from typing import Any

import pytest
from hypothesis import given, settings

from tests.udfs.texts import any_text, real_texts
from udfs.text.kernels.measures import fineweb as compiled
from udfs.text.measures import fineweb
from udfs.text.page import Page

ARGUMENTS: dict[str, list[dict[str, Any]]] = {
    "punctuated_lines_ratio": [{}, {"exclude_zero": True}, {"marks": ".!"}, {"marks": "a。\U0001f44d"}, {"marks": ""}],
    "short_lines_ratio": [{}, {"longest": 3}, {"longest": 0}],
}
PUNCTUATED, SHORT, FEEDS = "punctuated_lines_ratio", "short_lines_ratio", "line_feeds_per_word"


@pytest.mark.parametrize(
    ("name", "text", "arguments", "ratio"),
    [
        (PUNCTUATED, "\n".join(["Done."] * 3 + ["menu"] * 22), {}, 0.12),
        (PUNCTUATED, 'Really?\n\n \nNo!\n‽\n完。\nदो।\nso…\nsay "no"\nend. \nend.\r\n', {}, 5 / 9),
        (PUNCTUATED, "a;\nb", {"marks": ";"}, 1 / 2),
        (PUNCTUATED, "a;\nb", {}, 0),
        (PUNCTUATED, "a;\nb", {"exclude_zero": True}, None),
        (PUNCTUATED, "a.\nb", {"exclude_zero": True}, 1 / 2),
        (PUNCTUATED, " \n\n", {}, 0),
        (SHORT, "x" * 30 + "\n" + "x" * 31, {}, 1 / 2),
        (SHORT, "é" * 30 + "\n" + "中" * 31 + "\n \n", {}, 1 / 2),  # code points; blank lines left out
        (SHORT, " " * 30 + "x\nx", {}, 1 / 2),  # not stripped
        (SHORT, "", {}, 0),
        (SHORT, "ab\nabc", {"longest": 2}, 1 / 2),
        (FEEDS, "one two, three\n\nfour\n", {}, 3 / 5),  # the comma is a word
        (FEEDS, "one\r\u2028two", {}, 0),
        (FEEDS, "\n", {}, None),
    ],
)
def test_ratios(name: str, text: str, arguments: dict[str, Any], ratio: float | None) -> None:
    assert fineweb.MEASURES[name](Page(text), **arguments) == ratio
    check(text)


def test_compiled_measures_equal_their_definitions_on_real_texts() -> None:
    for _key, text in real_texts(250):
        check(text)


@given(any_text)
@settings(max_examples=400, deadline=None)
def test_compiled_measures_equal_their_definitions(text: str) -> None:
    check(text)


@pytest.mark.parametrize("unit", ["a", "\n", "a.\n", " \n", "中", "\u2003"])
def test_long_and_hostile_texts(unit: str) -> None:
    check(unit * (300_000 // len(unit)))


def check(text: str) -> None:
    page, compiled_page = Page(text), Page(Page(text).utf8)
    for name, definition in fineweb.MEASURES.items():
        for arguments in ARGUMENTS.get(name, [{}]):
            found = compiled.MEASURES[name](compiled_page, **arguments)
            assert repr(found) == repr(definition(page, **arguments)), (name, arguments)
