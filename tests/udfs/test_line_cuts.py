"""Cuts of lines, phrases and repeats: vectors of DCLM's own tests and of shared/reference/dclm.md 2.2 and 10, spans,
and the compiled twins."""

from collections.abc import Iterator
from math import inf
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.udfs.texts import any_text, real_texts
from udfs.text.cuts import lines, newlines, phrases, repeats
from udfs.text.edits import Edit, apply
from udfs.text.kernels.characters import code_point_offsets
from udfs.text.kernels.cuts import lines as compiled_lines
from udfs.text.kernels.cuts import newlines as compiled_newlines
from udfs.text.kernels.cuts import phrases as compiled_phrases
from udfs.text.kernels.cuts import repeats as compiled_repeats
from udfs.text.page import Page

CUTS = {**lines.CUTS, **newlines.CUTS, **phrases.CUTS, **repeats.CUTS}
COMPILED = {**compiled_lines.CUTS, **compiled_newlines.CUTS, **compiled_phrases.CUTS, **compiled_repeats.CUTS}


def compiled_edits(name: str, page: Page, arguments: dict[str, Any]) -> Iterator[tuple[int, int, str]]:
    spans = COMPILED[name](page, **arguments)
    assert not spans.replacements
    starts, ends = code_point_offsets(page.utf8, spans.starts), code_point_offsets(page.utf8, spans.ends)
    yield from zip(starts.tolist(), ends.tolist(), [""] * len(starts), strict=True)


def left(cut: str, text: str, **arguments: Any) -> str:
    edits = [Edit(*one, cut) for one in CUTS[cut](Page(text), **arguments)]
    assert list(compiled_edits(cut, Page(text), arguments)) == [edit[:3] for edit in edits]
    return apply(text, edits)


@pytest.mark.parametrize(
    ("cut", "arguments", "text", "expected"),
    [
        ("uppercase_lines", {}, "ABCD efg\nABCDe\n\nabc", "ABCD efg\n\nabc"),  # 4/8 stays, 4/5 goes
        ("uppercase_lines", {}, "ONE\ntwo\nTHREE\n\nFOUR", "two"),
        ("uppercase_lines", {}, "ONE\n\nTWO", ""),
        ("uppercase_lines", {"most": 2 / 12}, "Hello, World", "Hello, World"),
        ("uppercase_lines", {"most": 2 / 12 - 1e-6}, "Hello, World", ""),
        (
            "uppercase_lines",
            {"most": 1 / 12},
            "HELLO WORLD\n\nhello world\nHello, World\n\nHello, world",
            "hello world\n\nHello, world",
        ),
        ("numeric_lines", {}, "12345\n12 45\n\n9\n", "12 45"),
        ("numeric_lines", {"most": 1 / 3}, "1a\n\n2bb\n\n3cc\nabcd", "2bb\n\n3cc\nabcd"),
        ("numeric_lines", {}, "\u0663\u00b2\u2460 x\n\u0663\u00b2\u2460", "\u0663\u00b2\u2460 x"),
        ("counter_lines", {}, "3 likes\n3 like\n 5.1M   Views  !\n3,000 SHARES\na 3 likes", "3 like\na 3 likes"),
        ("counter_lines", {}, "123K quotes\n\nHello.\n\nWith 3 views.\n3 views", "Hello.\n\nWith 3 views."),
        ("counter_lines", {}, "likes 3\n3likes\n3kk likes\n_3 likes\n3 \u212a likes\n3\u212a li\u212aes", None),
        ("short_lines", {}, "one\ntwo words\n\n  one \n \t\nand three here", "two words\n\nand three here"),
        ("short_lines", {}, "\n\none", "\n"),  # not stripped
        (
            "short_lines",
            {"fewest": 2, "most": 10},
            "Short line\n\na b c d e f g h i j k\n  There are exactly 10 words present in this line here\nHi",
            "Short line\n\n  There are exactly 10 words present in this line here",
        ),
        ("long_word_lines", {"longest": 10, "words": "space"}, "Fine    \n\nVerylongword and", "Fine    \n"),
        ("long_word_lines", {"longest": 3, "punctuation": False}, "-long abc\nabcd -", "-long abc"),
        (
            "unpunctuated_lines",
            {},
            'Period.\nQuestion?\n\n"Quote"\nNothing\nSpace.  \nDots...\nDots\u2026',
            'Period.\nQuestion?\n\n"Quote"\nSpace.  \nDots...\nDots\u2026',
        ),
        ("unpunctuated_lines", {"ellipses": False}, "One!\nDots... \nNo\n\nDots\u2026", "One!\n"),
        (
            "citations",
            {},
            "[edit]What a citation looks like[134].\n[] It helps[citation needed] [a] [1 2].",
            "What a citation looks like.\n It helps [a] [1 2].",
        ),
        ("repeated_lines", {}, "Same.\n\nSame.\n same.  \n\nSAME.\n Kept.", "Same.\n\n\n Kept."),
        ("repeated_lines", {"normalize": False}, "Same.\nSame.\n Same.  \n\nsame.", "Same.\n Same.  \n\nsame."),
        ("repeated_paragraphs", {}, "a\na\n\n A\na\n\na", "a\na\n\na"),
        ("repeated_paragraphs", {"normalize": False}, "a\na\n\n A\na\n\na\na", "a\na\n\n A\na"),
        ("newline_runs", {}, "a\n\n\n\nb\n\nc\n\n\n", "a\n\nb\n\nc\n\n"),
        ("newline_runs", {"most": 1}, "a\n\n\n\nb\n\nc", "a\nb\nc"),
    ],
)
def test_lines(cut: str, arguments: dict[str, Any], text: str, expected: str | None) -> None:
    if expected is None:  # all but the last line stay
        expected = text[: text.rindex("\n")]
    assert left(cut, text, **arguments) == expected


# Those of the planes that have letters, and of plane 14, which has marks.
CHARACTERS = [
    chr(point) for point in (*range(0xD800), *range(0xE000, 0x20000), *range(0xE0000, 0xE0200)) if chr(point) != "\n"
]
COUNTERS = "likes shares comments retweets reposts quotes bookmarks upvotes downvotes downloads views followers"


@pytest.mark.parametrize("word", COUNTERS.split())
def test_counters(word: str) -> None:
    text = f"3 {word}\n3,000 {word}\n123K {word}!\n 5.1M   {word}  \nNot a counter.\n1 {word[:-1]}\n{word}"
    assert left("counter_lines", text) == f"Not a counter.\n1 {word[:-1]}\n{word}"


CART = {"phrases": ["items in cart"], "most_words": 10}
MORE = {"phrases": ["Read more..."], "most_words": 10, "location": "suffix"}
SIGN = {"phrases": ["Sign-in"], "most_words": 10, "location": "prefix"}
LONG = " but one can add more of them by going back to the homepage"


@pytest.mark.parametrize(
    ("arguments", "text", "line_left", "phrase_left"),
    [
        (CART, f"You have 7 items in cart now\n7 items in cart{LONG}", None, f"You have 7 now\n7 items in cart{LONG}"),
        (CART, "a  ITEMS IN CARTb\n  items in cart  \nitems in cart items in cart\nc", "c", "a b\nc"),
        (CART, "one\n \t\n\n\u2028\ntwo", "one\n \t\n\n\u2028\ntwo", "one\n\ntwo"),  # blank lines, but not empty ones
        (
            SIGN,
            f"sign-in for all\nHow to sign-in.\n\nsign-in{LONG}",
            None,
            f"for all\nHow to sign-in.\n\nsign-in{LONG}",
        ),
        (SIGN, "Sign-in  \nSIGN-IN  now\nok", "ok", "now\nok"),
        (MORE, f"Please read more...\nRead more...and\n\nx{LONG} Read more...", None, None),
        (MORE, "Text READ MORE...\n  read more...\nread more", "read more", "Text\nread more"),
        ({"phrases": ["b c", "c"], "location": "suffix"}, "a b c\nd", "d", "a\nd"),  # the longest that ends the line
        ({"phrases": ["a", "a b"], "location": "prefix"}, "a b c\nd", "d", "b c\nd"),  # the first that begins it
        ({"phrases": ["b", "a"], "case_sensitive": True}, "a\nA b\nA", "A", "A\nA"),
    ],
)
def test_phrases(arguments: dict[str, Any], text: str, line_left: str | None, phrase_left: str | None) -> None:
    """Where no expectation is given: only the first line goes, or loses its phrase."""
    first, _, rest = text.partition("\n")
    for faithful in (False, True):
        expected = rest if line_left is None else line_left
        assert left("phrase_lines", text, **arguments, faithful=faithful) == expected
        expected = first.rpartition(" ")[0].rpartition(" ")[0] + "\n" + rest if phrase_left is None else phrase_left
        assert left("phrase_lines", text, **arguments, remove="phrase", faithful=faithful) == expected


@pytest.mark.parametrize("line", ["Read more of it", "read more ab", "READ MORE\u2026 \u2028", "please read more 12"])
def test_the_published_phrase_ends_in_any_three_characters(line: str) -> None:
    text = f"First.\n{line}\nLast."
    assert left("phrase_lines", text, **MORE) == text
    expected = text if line.endswith(" it") else "First.\nLast."
    assert left("phrase_lines", text, **MORE, faithful=True) == expected


def test_phrases_ignore_case_as_regular_expressions_do() -> None:
    assert left("phrase_lines", "x \u0130tem\u017f \u0131n cart y", **CART, remove="phrase") == "x y"
    assert left("phrase_lines", "x \u212aey", phrases=["key"], remove="phrase") == "x"
    assert left("phrase_lines", "STRASSE\nstra\u00dfe", phrases=["STRASSE"]) == "stra\u00dfe"


def test_a_letter_of_a_phrase_matches_what_it_matches_in_a_regular_expression() -> None:
    everything = "\n".join(CHARACTERS)
    for letter in ("i", "s", "k", "\u0345"):
        assert left("phrase_lines", everything, phrases=[letter]).count("\n") < len(CHARACTERS)
    others = map(chr, range(0x20000, 0x110000))
    assert not [one for one in others if one.lower() != one or one.upper() != one]


def test_a_phrase_may_be_any_regular_expression_as_published() -> None:
    assert left("phrase_lines", "a12b\nab\nc", phrases=["a\\d*b"], faithful=True) == "c"
    for cut in (phrases.phrase_lines, compiled_phrases.phrase_lines):
        with pytest.raises(ValueError, match="no regular expression"):
            list(cut(Page("a"), phrases=["("], faithful=True))


@given(st.text(st.sampled_from("ab\n \r")))
def test_newline_runs(text: str) -> None:
    expected = text
    while "\n\n\n" in expected:
        expected = expected.replace("\n\n\n", "\n\n")
    assert left("newline_runs", text) == expected


@given(st.text(st.sampled_from("aB1\n \u2028"), max_size=30))
def test_spans_leave_what_joining_the_other_lines_leaves(text: str) -> None:
    kept = [line for line in text.split("\n") if not line or sum(map(str.isupper, line)) / len(line) <= 0.3]
    assert left("uppercase_lines", text, most=0.3) == "\n".join(kept).strip()
    kept = [line for line in text.split("\n") if not line or 2 <= len(line.split()) <= 3]
    assert left("short_lines", text, most=3) == "\n".join(kept)


CALLS: list[tuple[str, dict[str, Any]]] = [
    *(("uppercase_lines", {"most": most}) for most in (0.5, 0.2, 0.0)),
    *(("numeric_lines", {"most": most}) for most in (0.999999, 0.3)),
    ("counter_lines", {}),
    ("short_lines", {}),
    ("short_lines", {"fewest": 0, "most": 3}),
    ("short_lines", {"fewest": 5, "most": inf}),
    *(("long_word_lines", {"longest": 5, "words": w, "punctuation": p}) for w in ("space", "fasttext") for p in (0, 1)),
    *(("unpunctuated_lines", {"ellipses": ellipses}) for ellipses in (True, False)),
    *(
        ("phrase_lines", {**arguments, "remove": remove, "faithful": faithful})
        for arguments in (CART, MORE, SIGN)
        for remove in ("line", "phrase")
        for faithful in (True, False)
    ),
    *(
        ("phrase_lines", {"phrases": ["of", "the", ". ", "w.r", "İ"], "location": location, "case_sensitive": case,
                          "remove": remove, "faithful": True})
        for location in ("any", "prefix", "suffix")
        for case in (True, False)
        for remove in ("line", "phrase")
    ),
    ("citations", {}),
    *((name, {"normalize": n}) for name in ("repeated_lines", "repeated_paragraphs") for n in (True, False)),
    *(("newline_runs", {"most": most}) for most in (0, 1, 2)),
]  # fmt: skip


def compare(name: str, text: str) -> None:
    one, other = Page(text), Page(text)
    for cut, arguments in CALLS:
        expected = list(CUTS[cut](other, **arguments))
        assert list(compiled_edits(cut, one, arguments)) == expected, (cut, arguments, name)


def test_compiled_cuts_equal_the_definitions_on_real_texts() -> None:
    for name, text in real_texts(120):
        compare(name, text)


@given(any_text)
@settings(max_examples=200, deadline=None)
def test_compiled_cuts_equal_the_definitions_on_any_text(text: str) -> None:
    compare("", text)


def test_counters_equal_the_definition_for_every_character() -> None:
    """Lower case and the classes of regular expressions, by character: before, within and behind the number."""
    for line in ("{}3 likes", "3{} likes", "3{}likes", "3 {}ikes", "3 li{}es", "3 likes{}"):
        text = "\n".join(line.format(point) for point in CHARACTERS)
        found = [one[:2] for one in compiled_edits("counter_lines", Page(text), {})]
        assert found == [one[:2] for one in lines.counter_lines(Page(text))]


@pytest.mark.parametrize(
    "text", ["a" * 1_000_000, "\n" * 1_000_000, "A\n" * 300_000, "1 " * 300_000 + "x", "3, " * 300_000]
)
def test_hostile_texts(text: str) -> None:
    for cut, arguments in CALLS:
        list(compiled_edits(cut, Page(text), arguments))
