"""Gopher's rules as datatrove counts them: limits by hand-made texts; the compiled twins. Verdicts of datatrove itself
are in test_datatrove.py."""

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.udfs.texts import any_text, real_texts
from udfs.text.kernels.measures import gopher as compiled_gopher
from udfs.text.kernels.measures import recurrence as compiled_recurrence
from udfs.text.measures import gopher, recurrence
from udfs.text.page import Page

DEFINED = {**gopher.MEASURES, **recurrence.MEASURES}
COMPILED = {**compiled_gopher.MEASURES, **compiled_recurrence.MEASURES}
ARGUMENTS: dict[str, list[dict[str, Any]]] = {
    "distinct_stop_words": [{}, {"stop_words": ["the", "Wort", "", "中文", "the"]}, {"stop_words": []}],
    "recurring_line_characters_ratio": [{}, {"blank_lines": False}],
    "commonest_ngram_characters_ratio": [{"n": n} for n in (1, 2, 3, 4, 30)],
    "recurring_ngram_characters_ratio": [{"n": n} for n in (1, 2, 5, 10, 30)],
}
LINES = ("recurring_lines_ratio", "recurring_line_characters_ratio")
PARAGRAPHS = ("recurring_paragraphs_ratio", "recurring_paragraph_characters_ratio")
COMMONEST, RECURRING = "commonest_ngram_characters_ratio", "recurring_ngram_characters_ratio"


def measured(name: str, text: str, **arguments: Any) -> float | None:
    """What the definition measures, which the compiled twin must equal to the last bit."""
    found = DEFINED[name](Page(text), **arguments)
    assert repr(COMPILED[name](Page(Page(text).utf8), **arguments)) == repr(found), (name, arguments, text)
    return found


def test_words_are_counted_that_are_not_all_symbols() -> None:
    assert measured("non_symbol_word_count", "word " * 49 + "... ! – # 。 »») \x85 \u200b") == 50  # U+200B is no symbol
    assert measured("non_symbol_word_count", "it's 3.5km, (so-called) 中文。") == 7
    assert measured("non_symbol_word_count", "") == 0


def test_mean_length_leaves_symbols_out() -> None:
    assert measured("mean_non_symbol_word_length", "be the best ! ? . … —") == 3
    assert measured("mean_non_symbol_word_length", "née 中 ....") == 2
    assert measured("mean_non_symbol_word_length", "! ?") is None


@pytest.mark.parametrize(
    ("name", "text", "ratio"),
    [
        ("hashes_per_word", "a b # d ##x", 3 / 7),  # each # is a word of its own
        ("ellipses_per_word", "a ... b… c.... d......", 5 / 8),
        ("hashes_per_word", " \n", None),
        ("ellipses_per_word", "", None),
        ("bulleted_lines_ratio", "\n".join(["- a"] * 9 + ["a - b"]), 0.9),
        ("bulleted_lines_ratio", "\n".join([" \t•"] * 10 + ["* a"]), 10 / 11),
        ("bulleted_lines_ratio", "\u2003- a\r\n\n- b\r\u2028• c\x85- d\n", 4 / 6),  # blank lines count
        ("bulleted_lines_ratio", "", 0),
        ("trailing_ellipsis_lines_ratio", "\n".join(["so ... "] * 3 + ["a.."] * 7), 0.3),
        ("trailing_ellipsis_lines_ratio", "\n".join(["so…\t\u00a0"] * 4 + ["... a"] * 7), 4 / 11),
        ("trailing_ellipsis_lines_ratio", "a...\f...\x1c. . .\x1dx…", 3 / 4),
        ("alphabetic_words_ratio", "the river (1999) was high .", 4 / 8),
        ("alphabetic_words_ratio", "3.14 中 x2 é4", 3 / 4),
        ("alphabetic_words_ratio", "\n", None),
        ("distinct_stop_words", "the the The THE of", 2),
        ("distinct_stop_words", "The best, that (of) with-have", 4),
    ],
)
def test_quality(name: str, text: str, ratio: float | None) -> None:
    assert measured(name, text) == ratio


@pytest.mark.parametrize(
    ("names", "text", "ratios"),
    [
        (LINES, "a\nbb\na\nbb\nbb", (3 / 5, 5 / 12)),  # the first copy of each does not count
        (LINES, "é\n\n\n\né\n", (1 / 3, 1 / 7)),  # runs of line feeds; an empty line at the end
        (LINES, "\na\n", (1 / 3, 0)),  # two empty ones
        (LINES, "\n\n", (1 / 2, 0)),
        (LINES, "", (0, 0)),
        (LINES, "a \na\na\r\na\r", (1 / 4, 2 / 10)),  # not stripped, cut at line feeds only
        (LINES, " \n \n ", (2 / 3, 2 / 5)),
        (PARAGRAPHS, "a\nb\n\na\nb\n\n\n\na\n\nb", (1 / 4, 3 / 16)),
        (PARAGRAPHS, "\n \n a\n\na \n", (1 / 2, 1 / 10)),  # the text is stripped, not the paragraphs
        (PARAGRAPHS, "a\n\na \n\na", (1 / 3, 1 / 8)),
        (PARAGRAPHS, "a\n \na\n\na\n \na", (1 / 2, 5 / 12)),
        (PARAGRAPHS, "ab\n\na\nb", (0, 0)),
        (PARAGRAPHS, " \n\n ", (0, 0)),
    ],
)
def test_lines_and_paragraphs(names: tuple[str, str], text: str, ratios: tuple[float, float]) -> None:
    assert tuple(measured(name, text) for name in names) == ratios


def test_lines_that_are_blank_may_be_left_out() -> None:
    name = "recurring_line_characters_ratio"
    assert measured(name, "ab\n \nab\n \nab") == 5 / 12
    assert measured(name, "ab\n \nab\n \nab", blank_lines=False) == 4 / 8
    assert measured(name, "\n\n", blank_lines=False) == 0


@pytest.mark.parametrize(
    ("name", "text", "by_n"),
    [
        (COMMONEST, "a b a b", {1: 2 / 7, 2: 6 / 7, 3: 5 / 7, 4: 1, 5: 0}),
        (COMMONEST, "a  b,c", {2: 3 / 6}),  # one space between words whatever the text has
        (COMMONEST, "x y long words x y long words", {2: 6 / 29}),  # the first of equals, not the longest
        (COMMONEST, "long words x y x y long words", {2: 20 / 29}),
        (COMMONEST, "ab cd x abc d", {2: 5 / 13}),
        (COMMONEST, "é é é", {2: 6 / 5}),
        (COMMONEST, "a a a a", {2: 9 / 7, 3: 10 / 7, 4: 1}),  # they may overlap
        (COMMONEST, "", {2: 0}),
        (RECURRING, "a b c d e a b c d e", {5: 5 / 19, 6: 0}),
        (RECURRING, "a a a a a", {1: 4 / 9, 2: 4 / 9, 3: 3 / 9}),  # overlapping the first copy, not each other
        (RECURRING, "a a a a a a", {2: 4 / 11}),
        (RECURRING, "é à é à", {2: 2 / 7}),
        (RECURRING, "cannot can not", {1: 6 / 14, 2: 6 / 14}),  # spaCy cuts the first into can and not
        (RECURRING, "ab c x a bc", {2: 3 / 11}),  # equal without the spaces
        (RECURRING, " \n", {1: 0}),
        (RECURRING, "", {5: 0}),
    ],
)
def test_ngrams(name: str, text: str, by_n: dict[int, float]) -> None:
    assert {n: measured(name, text, n=n) for n in by_n} == by_n


@pytest.mark.parametrize("name", [COMMONEST, RECURRING])
def test_an_ngram_has_a_word(name: str) -> None:
    for measures in (DEFINED, COMPILED):
        with pytest.raises(ValueError, match="1 word or more"):
            measures[name](Page("a b"), n=0)


def test_compiled_measures_equal_their_definitions_on_real_texts() -> None:
    for _key, text in real_texts(250):
        check(text)


@given(any_text)
@settings(max_examples=400, deadline=None)
def test_compiled_measures_equal_their_definitions(text: str) -> None:
    check(text)


@given(st.integers(0, 2**32), st.integers(1, 12))
@settings(max_examples=100, deadline=None)
def test_ngrams_of_few_words(seed: int, n: int) -> None:
    chance = random.Random(seed)
    words = chance.sample(["a", "b", "ab", "aab", "é", "bé", "x" * 70, "x" * 71], chance.randint(1, 8))
    text = " ".join(chance.choice(words) for _ in range(chance.randint(0, 300)))
    measured(COMMONEST, text, n=n)
    measured(RECURRING, text, n=n)


@pytest.mark.parametrize("unit", ["a", "\n", "the ", "a\n\n", "...", "中", "the of and\n", "#", " \n"])
def test_long_and_hostile_texts(unit: str) -> None:
    check(unit * (200_000 // len(unit)))


def check(text: str) -> None:
    page, compiled_page = Page(text), Page(Page(text).utf8)
    for name, definition in DEFINED.items():
        for arguments in ARGUMENTS.get(name, [{}]):
            found = COMPILED[name](compiled_page, **arguments)
            assert repr(found) == repr(definition(page, **arguments)), (name, arguments)
