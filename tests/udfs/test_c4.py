"""C4's rules: hand-made texts, the cuts against the filter written as one loop, the compiled twins. Verdicts of
datatrove itself are in test_datatrove.py."""

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.udfs.texts import any_text, real_texts, without_surrogates
from udfs.text.cuts import c4 as cuts
from udfs.text.edits import Edit, apply
from udfs.text.kernels.cuts import c4 as compiled_cuts
from udfs.text.kernels.measures import c4 as compiled
from udfs.text.measures import c4
from udfs.text.page import Page
from udfs.text.screening import ScreenSettings, screen

LENIENT = {"terminal_punctuation": False, "citations": False, "longest_word": 5, "fewest_words": 0, "javascript": False}
ARGUMENTS: dict[str, list[dict[str, Any]]] = {
    "lorem_ipsum_lines": [{}, {"terminal_punctuation": False}, {**LENIENT, "first": False}],
    "curly_bracket_lines": [{}, {"terminal_punctuation": False}, LENIENT],
    "kept_sentence_count": [{}, {"terminal_punctuation": False}, {**LENIENT, "policy": False}],
    "few_word_lines": [{}, {"fewest": 1}, {"fewest": 0}],
    "mentioning_lines": [{}, {"phrases": ["the ", "i"]}, {"phrases": ["é"]}, {"phrases": []}, {"phrases": ["\n"]}],
}
LOREM, BRACKET, SENTENCES = "lorem_ipsum_lines", "curly_bracket_lines", "kept_sentence_count"
GOOD = "The river was high that day.\n"


@pytest.mark.parametrize(
    ("name", "text", "arguments", "count"),
    [
        (LOREM, "This has Lorem IPSUM in it.", {}, 1),
        (LOREM, "This has lorem\nipsum in it.", {}, 0),
        (LOREM, "This has lorem[12] ipsum in it.", {}, 1),
        (LOREM, "This has lorem[12] ipsum in it.", {"citations": False}, 0),
        (LOREM, "lorem ipsum.\nThis has lorem ipsum", {}, 0),  # too few words; no end
        (LOREM, "This has lorem ipsum", {"terminal_punctuation": False}, 1),
        (LOREM, "An if { is here.\nThis has lorem ipsum.", {}, 0),  # the bracket comes first
        (LOREM, "An if { is here.\nThis has lorem ipsum.", {"first": False}, 1),
        (LOREM, "An if { with lorem ipsum.", {}, 1),
        (LOREM, "Javascript { is here.\nThis has lorem ipsum.", {}, 1),  # that line goes
        (LOREM, "Javascript { is here.\nThis has lorem ipsum.", {"javascript": False}, 0),
        (LOREM, "{ here\nThis has lorem ipsum.", {}, 1),  # that one too
        (BRACKET, "An if { is here.\rA { b c!\u2028{ no end\n{ .", {}, 2),
        (BRACKET, "JavaScript is { here.", {}, 0),
        (BRACKET, "JavaScript is { here.", {"javascript": False}, 1),
        (BRACKET, "An if } is here.", {}, 0),
        (SENTENCES, 'One is here. Two is there! Is three?\n\nFour and "five."\nNo end here\nToo short.', {}, 4),
        (SENTENCES, "Is this one? It goes...", {}, 0),
        (SENTENCES, "This one stays'\n" + "x" * 1000 + " is long enough.", {}, 2),
        (SENTENCES, "x" * 1001 + " is too long.", {}, 0),
        (SENTENCES, "é" * 1000 + " is not too long.", {}, 1),
        (SENTENCES, "This was cited. [1]", {}, 0),  # the space behind the full stop stays
        (SENTENCES, "This was cited.[1][edit][citation needed][٣]", {}, 1),
        (SENTENCES, "Two words [1].", {}, 1),  # words are counted with citations
        (SENTENCES, "We use cooKies here.\nThis is our privacy policy.\nSee terms  of use.", {}, 1),
        (SENTENCES, "We use cookies here.", {"policy": False}, 1),
        (SENTENCES, "Enable JAVASCRIPT and so on.", {}, 0),
        (SENTENCES, "[1] [2] [3]", {"terminal_punctuation": False}, 1),  # white space is a sentence too
        (SENTENCES, "", {}, 0),
        ("third_longest_line_length", "a\nbbb\ncc\nééé", {}, 2),
        ("third_longest_line_length", "aaa\nbbb", {}, 0),
        ("third_longest_line_length", "aaa\nbbb\r\n", {}, 0),
        ("third_longest_line_length", "aaa\nbbb\nb\r", {}, 2),
        ("third_longest_line_length", "", {}, 0),
    ],
)
def test_measures(name: str, text: str, arguments: dict[str, Any], count: int) -> None:
    assert c4.MEASURES[name](Page(text), **arguments) == count
    assert compiled.MEASURES[name](Page(Page(text).utf8), **arguments) == count


@pytest.mark.parametrize(
    ("name", "text", "arguments", "left"),
    [
        ("separate_lines", " a b \r\n\u2003c\u2028\x1cd\x85e \n", {}, "a b\nc\n\nd\ne"),
        ("separate_lines", "a\n\nb\n\n", {}, "a\n\nb\n"),
        ("separate_lines", " \t", {}, ""),
        ("few_word_lines", "a b c\n\na b\n\u2003x\n d  e\u00a0f ", {}, "a b c\n d  e\u00a0f "),
        ("few_word_lines", "a b\n\na b c", {}, "a b c"),
        ("few_word_lines", "a b\n\n", {}, ""),
        ("unterminated_lines", "a.\nb\nc?\nd!\ne\"\nf'\ng. \nh...\ni…\n..\n", {}, "a.\nc?\nd!\ne\"\nf'\n.."),
        ("mentioning_lines", "a\nUse CooKies\nb use  cookies\njavaScripts", {}, "a\nb use  cookies"),
        ("mentioning_lines", "Ein Wort\nÉs\nx", {"phrases": ["é"]}, "Ein Wort\nx"),
        ("mentioning_lines", "İ\nx", {"phrases": ["i"]}, "x"),  # lower case of that letter is i and a dot
        ("surrounding_space", "\u2003 a\n b\n\x1c", {}, "a\n b"),
        ("surrounding_space", " \n", {}, ""),
    ],
)
def test_cuts(name: str, text: str, arguments: dict[str, Any], left: str) -> None:
    assert after(text, cuts.CUTS[name](Page(text), **arguments)) == left
    check(text)


@pytest.mark.parametrize("phrase", ["", "JavaScript"])
def test_phrases_that_no_line_can_have_are_refused(phrase: str) -> None:
    for functions in (cuts.CUTS, compiled_cuts.CUTS):
        with pytest.raises(ValueError, match="lower case"):
            list(functions["mentioning_lines"](Page("a"), phrases=["x", phrase]))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (GOOD * 5, None),
        (GOOD * 4, "too_few_sentences"),
        ("no end\n" * 9, "too_few_sentences"),  # not the step that would leave nothing
        ("", "too_few_sentences"),
        (GOOD * 5 + "This is lorem ipsum.\nAnd a { too.", "lorem_ipsum"),
        (GOOD * 5 + "This is a { too.\nAnd lorem ipsum.", "curly_bracket"),
        ("Short {.\nno end { here\n" + GOOD * 5, None),
    ],
)
def test_first_reason(text: str, reason: str | None) -> None:
    assert screen(text, ScreenSettings.model_validate({"recipe": "c4"})).reason == reason


def filtered(text: str) -> str:
    """What the filter keeps of a page, as one loop over its lines."""
    kept = []
    for line in text.splitlines():
        words, left = line.split(), re.sub(r"\[\d*]|\[edit]|\[citation needed]", "", line.strip())
        ends = left[-1:] in tuple(".?!\"'") and left[-3:] != "..."
        mentions = re.search(
            "javascript|terms of use|(privacy|cookie) policy|uses? cookies|use of cookies", left.lower()
        )
        if len(words) > 2 and max(map(len, words)) <= 1000 and ends and not mentions:
            kept.append(left)
    return "\n".join(kept).strip()


RECIPE = ScreenSettings.model_validate({"recipe": "c4"}).model_dump()["rules"]
MARKED = st.lists(
    st.sampled_from(
        [*"abc\n\n\n .?!{", " the", " [1]", "[edit]", "use cookies", "javascript", "lorem ipsum", ".\r\n", "…"]
    ),
    max_size=60,
).map("".join)


@given(st.one_of(MARKED, any_text))
@settings(max_examples=400, deadline=None)
def test_the_cuts_make_what_the_filter_makes(text: str) -> None:
    edits = {name: step for name, step in RECIPE.items() if "edit" in step}
    found = screen(text, ScreenSettings.model_validate({"rules": edits}))
    assert (found.text or "") == filtered(text)
    check(text)


def test_compiled_twins_equal_their_definitions_on_real_texts() -> None:
    for _key, text in real_texts(250):
        check(text)


@pytest.mark.parametrize(
    "unit", ["a", "\n", "a b c.\n", " \n", "[1", "[citation needed]", "中", "İ", "lorem ipsu", "\r"]
)
def test_long_and_hostile_texts(unit: str) -> None:
    check(unit * (100_000 // len(unit)))


def after(text: str, edits: Iterable[tuple[int, int, str]]) -> str:
    return apply(text, tuple(Edit(*one, "test") for one in edits))


def check(text: str) -> None:
    text = without_surrogates(text)
    page, compiled_page = Page(text), Page(Page(text).utf8)
    for name, definition in c4.MEASURES.items():
        for arguments in ARGUMENTS.get(name, [{}]):
            found = compiled.MEASURES[name](compiled_page, **arguments)
            assert repr(found) == repr(definition(page, **arguments)), (name, arguments)
    points = np.cumsum([0, *(page.utf8 & 0xC0 != 0x80)])  # code points before each byte
    for name, cut in cuts.CUTS.items():
        for arguments in ARGUMENTS.get(name, [{}]):
            spans = compiled_cuts.CUTS[name](compiled_page, **arguments)
            written = [one.decode() for one in spans.replacements] or [""] * len(spans.starts)
            found_edits = zip(points[spans.starts].tolist(), points[spans.ends].tolist(), written, strict=True)
            assert list(found_edits) == list(cut(page, **arguments)), (name, arguments)
