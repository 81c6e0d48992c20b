"""Repetition as DCLM counts it: vectors of its own tests and of shared/reference/dclm.md 2.3; the compiled twins."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.udfs.texts import any_text, real_texts
from udfs.text.kernels.measures import repetition as compiled
from udfs.text.measures import repetition
from udfs.text.page import Page

SEGMENTS = tuple(name for name in repetition.MEASURES if "ngram" not in name)
LINES = ("duplicate_lines_ratio", "duplicate_line_characters_ratio")
PARAGRAPHS = ("duplicate_paragraphs_ratio", "duplicate_paragraph_characters_ratio")
TOP, REPEATED = "top_ngram_characters_ratio", "repeated_ngram_characters_ratio"


def measured(measure: str, text: str, **arguments: Any) -> float | None:
    defined: Callable[..., float | None] = repetition.MEASURES[measure]
    found = defined(Page(text), **arguments)
    assert repr(compiled.MEASURES[measure](Page(text), **arguments)) == repr(found)
    return found


@pytest.mark.parametrize(
    ("names", "text", "ratios"),
    [
        (LINES, "Hello\nHello\n\n\n\nHello", (1, 1)),
        (LINES, "Hello, World.\nHello, World.\n\nHello", (2 / 3, 26 / 31)),
        (LINES, "a\nb\nc\nd\ne\nf\ng\n a \n", (2 / 8, 2 / 8)),  # all copies count
        (LINES, "a\nb\nc\nd\na\n\n \n\te", (2 / 6, 2 / 6)),
        (LINES, "A\na\nbb", (0, 0)),
        (LINES, "é\né\nbb", (2 / 3, 2 / 4)),  # code points, not bytes
        (PARAGRAPHS, "Hello, World.\n\nHello, World.\n\nHello, World.\nHello", (2 / 3, 26 / 45)),
        (PARAGRAPHS, "a\nb\n\n\n\n a\nb \n\n\nc", (2 / 3, 6 / 7)),
        (PARAGRAPHS, "a\n \na", (0, 0)),
        (PARAGRAPHS, "a\n \nb\n\na\n\t\nb", (0, 0)),  # the white space within counts
        (SEGMENTS, "Hello, World.", (0, 0, 0, 0)),
        (SEGMENTS, "", (1, 1, 1, 1)),
        (SEGMENTS, "\n \n\n \u2028", (1, 1, 1, 1)),
    ],
)
def test_equal_lines_and_paragraphs(names: tuple[str, ...], text: str, ratios: tuple[float, ...]) -> None:
    assert tuple(measured(name, text) for name in names) == ratios


def test_limit_of_duplicate_lines() -> None:
    """2 of 8 lines pass at 0.3, 2 of 6 do not."""
    assert (measured(LINES[0], "\n".join("abcdefaa")) or 0) > 0.3
    assert (measured(LINES[0], "\n".join("abcdefga")) or 1) <= 0.3


@pytest.mark.parametrize(
    ("name", "text", "by_n"),
    [
        (TOP, "hello", {2: 0, 5: 0}),
        (TOP, "hello world hello world hello world", {1: 15 / 30, 2: 1, 3: 1, 4: 40 / 30, 6: 0}),
        (TOP, "hello      world hello apple.... world hello\n world hello", {2: 30 / 40, 3: 30 / 40, 4: 0}),
        (TOP, "a b a b a b ab cd ab cd ab cd abc def abc def", {2: 12 / 30}),  # of equal counts the longest
        (TOP, "a b a b a b abc def abc def ab cd ab cd ab cd", {2: 12 / 30}),
        (TOP, "Repeat repeat repeat repeat.", {2: 24 / 24, 3: 0}),
        (TOP, "a a a a", {2: 6 / 4, 3: 6 / 4, 4: 0}),
        (TOP, "... - !", {2: 0, 5: 0}),
        (TOP, "", {2: 1, 5: 1}),
        (REPEATED, "", {2: 1, 5: 1}),
        (
            REPEATED,
            "hello world hello\n world hello. apple world hello world hello world hello world",
            {5: 60 / 65, 6: 0},
        ),
        (REPEATED, "b a a a a c", {2: 4 / 6, 3: 4 / 6, 4: 0}),
        (REPEATED, "x1 - y2 ... x1, y2 (z)", {2: 8 / 9}),
        (REPEATED, "a b c " * 10, {5: 1, 10: 1, 20: 1, 27: 1, 28: 0}),
    ],
)
def test_ngrams(name: str, text: str, by_n: dict[int, float]) -> None:
    assert {n: measured(name, text, n=n) for n in by_n} == by_n


LIMITS: list[tuple[str, dict[str, Any], float]] = [
    *zip(SEGMENTS, [{}] * 4, (0.3, 0.3, 0.2, 0.2), strict=True),
    *((TOP, {"n": n}, limit) for n, limit in zip(range(2, 5), (0.2, 0.18, 0.16), strict=True)),
    *((REPEATED, {"n": n}, limit) for n, limit in zip(range(5, 11), (0.15, 0.14, 0.13, 0.12, 0.11, 0.1), strict=True)),
]


@pytest.mark.parametrize(
    ("text", "rejected_by"),
    [
        ("Some words that stand here only once.\n One more line.", []),
        ("Repeat repeat repeat repeat.", [(TOP, 2)]),
        ("", [(name, call.get("n")) for name, call, _ in LIMITS]),
        (
            "We saw six tall birds by the old mill.\nNobody had ever seen such a thing before that cold day.\n"
            + "Then we saw six tall birds by the old mill again.\n",
            [(TOP, 3), (TOP, 4), *((REPEATED, n) for n in range(5, 9))],  # 24, 30 and 54 of 111 characters
        ),
    ],
)
def test_published_limits(text: str, rejected_by: list[tuple[str, int | None]]) -> None:
    found = [(name, call.get("n")) for name, call, limit in LIMITS if (measured(name, text, **call) or 0) > limit]
    assert found == rejected_by


def test_case_may_be_ignored() -> None:
    assert measured(LINES[0], "A\na\nb") == 0
    assert measured(LINES[0], "A\na\nb", ignore_case=True) == 2 / 3
    assert measured(PARAGRAPHS[1], "A\n\na\n\nbb", ignore_case=True) == 2 / 4
    assert measured(TOP, "A b a B", n=2, ignore_case=True) == 4 / 4
    assert measured(REPEATED, "A b a B", n=2) == 0


@pytest.mark.parametrize("name", [TOP, REPEATED])
def test_an_ngram_has_words(name: str) -> None:
    for module in (repetition, compiled):
        with pytest.raises(ValueError, match="n is 0"):
            module.MEASURES[name](Page("a a"), n=0)


ARGUMENTS: list[tuple[str, dict[str, Any]]] = [
    *((name, {"ignore_case": ignore_case}) for name in SEGMENTS for ignore_case in (False, True)),
    *((name, {"n": n}) for name in (TOP, REPEATED) for n in (*range(1, 11), 13)),
    (REPEATED, {"n": 3, "ignore_case": True}),
]


def compare(name: str, text: str) -> None:
    one, other = Page(text), Page(text)
    for measure, arguments in ARGUMENTS:
        ours, expected = compiled.MEASURES[measure](one, **arguments), repetition.MEASURES[measure](other, **arguments)
        assert repr(ours) == repr(expected), (measure, arguments, name)


def test_compiled_measures_equal_the_definitions_on_real_texts() -> None:
    for name, text in real_texts(120):
        compare(name, text)


@given(st.one_of(any_text, st.text("ab \n.", max_size=60)))
@settings(max_examples=200, deadline=None)
def test_compiled_measures_equal_the_definitions_on_any_text(text: str) -> None:
    compare("", text)


@pytest.mark.parametrize(
    "text", ["a" * 1_000_000, "\n" * 1_000_000, "a\n" * 300_000, "a " * 300_000, "\u0301" * 300_000]
)
def test_hostile_texts(text: str) -> None:
    for measure, arguments in ARGUMENTS:
        assert (compiled.MEASURES[measure](Page(text), **arguments) or 0) >= 0
