"""Word lists in the text: phrases, boundaries, languages and scripts, and DCLM's `substring_filter`."""

import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.udfs.texts import any_text, real_texts
from udfs.text.kernels.measures.word_lists import MEASURES as COMPILED
from udfs.text.measures.word_lists import MEASURES
from udfs.text.page import Page
from udfs.text.word_trees import tree_regex

DATA = Path(__file__).parents[2] / "../shared/data"
LDNOOBW = DATA / "lists/bad_words_ldnoobw.json"
DCLM_LIST = DATA / "dclm/banlists/ldnoobw.txt"
Measures = dict[str, Callable[..., float | None]]

both = pytest.mark.parametrize("measures", [MEASURES, COMPILED], ids=["definition", "compiled"])


def page(text: str, language: str = "en") -> Page:
    made = Page(text)
    made.detected = language, 1.0
    return made


@both
@pytest.mark.parametrize(
    ("text", "words", "count", "distinct"),
    [
        ("An ass, an Ass and a pass.", ["ass"], 2, 1),
        ("ass_ass ass1 1ass", ["ass"], 0, 0),
        ("hot\n  \u3000POCKET hot pocket", ["hot pocket", "hot"], 2, 1),
        ("hot pockets", ["hot pocket", "hot"], 1, 1),
        ("a b c a b", ["a b c", "b c", "a b"], 2, 2),
        ("s&m and S&M!", ["s&m"], 2, 1),
        ("it's m", ["s&m", "s m"], 1, 1),
        ("x$hit $hit", ["$hit"], 2, 1),
        ("STRASSE straße", ["straße"], 2, 1),
        ("ΣΊΣΥΦΟΣ σίσυφος", ["σίσυφος"], 2, 1),
        ("İstanbul", ["i\u0307stanbul"], 1, 1),
        ("这是脏话吗", ["脏话"], 1, 1),
        ("これはsm女王です sm", ["sm", "sm女王"], 2, 2),
        ("asm sm", ["sm"], 1, 1),
        ("ไทยควยไทย", ["ควย"], 1, 1),
        ("चूतिया चूत", ["चूत"], 1, 1),  # a vowel sign goes on with the word
        ("개새끼들 개새끼", ["개새끼"], 1, 1),  # Korean puts spaces between words
        ("aaa", ["a", "aa"], 0, 0),
        ("", ["a"], 0, 0),
        (" \n", ["a", " "], 0, 0),
        ("e\u0301 e", ["e"], 1, 1),
    ],
)
def test_listed_words(measures: Measures, text: str, words: list[str], count: int, distinct: int) -> None:
    assert measures["listed_words"](page(text), words=words) == count
    assert measures["listed_words"](page(text), words=words, count="distinct") == distinct


@both
def test_lists_by_language(measures: Measures, tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text(json.dumps({"en": ["ass"], "de": ["arsch"], "fr": ["zut"], "fr-CA-u": ["tabernak"]}))

    def count(text: str, spoken: str, **arguments: str) -> float | None:
        return measures["listed_words"](page(text, spoken), file=str(path), **arguments)

    assert count("ass arsch", "en") == 1
    assert count("ass arsch arsch", "de") == 2
    assert count("zut tabernak", "fr") == 2
    assert count("ass", "xx") is None
    assert count("ass", "xx", language="en") == 1
    assert count("ass arsch", "en", language="de") == 1


@both
@pytest.mark.parametrize(
    ("words", "arguments", "expected"),
    [  # DCLM's own test vectors on this text
        (["javascript"], {}, 1),
        (["{"], {}, 0),
        (["javascript", "{"], {}, 1),
        (["python", "{"], {}, 0),
        (["javascript"], {"place": "start"}, 0),
        (["javascript"], {"place": "end"}, 0),
        (["warning"], {"place": "start"}, 1),
        (["javascript", "warning"], {"place": "start"}, 1),
        (["enabled"], {"place": "end"}, 1),
        (["javascript", "enabled"], {"place": "end"}, 1),
        (["javascript"], {"case_sensitive": True}, 0),
        (["JavaScript"], {"case_sensitive": True}, 1),
        (["script"], {"whole_words": True}, 0),
        (["JAVASCRIPT IS"], {"whole_words": True}, 1),
    ],
)
@pytest.mark.parametrize("faithful", [False, True])
def test_listed_strings(
    measures: Measures, words: list[str], arguments: dict[str, object], expected: int, faithful: bool
) -> None:
    text = "Warning: it is required that JavaScript is enabled"
    assert measures["listed_strings"](page(text), words=words, faithful=faithful, **arguments) == expected


@both
@pytest.mark.parametrize(
    ("text", "words", "whole", "corrected", "faithful"),
    [
        ("read moreabc", ["read more..."], False, 0, 1),  # unescaped full stops are any characters
        ("read more...", ["read more..."], False, 1, 1),
        ("x{", ["{"], False, 1, 1),
        ("it is so", ["is."], True, 0, 1),
        ("aaa", ["a{3}"], False, 0, 1),
        ("b", ["a|b"], True, 0, 1),
        ("a🖕b", ["🖕"], True, 1, 1),  # a boundary is where a letter meets what is none
        ("a 🖕 b", ["🖕"], True, 0, 0),
        ("ΑΣ ασ", ["ας"], True, 1, 1),  # the final sigma of the first word
        ("İ", ["i\u0307"], False, 1, 1),
        ("x", ["", "y"], False, 0, 0),
    ],
)
def test_strings_that_are_patterns(
    measures: Measures, text: str, words: list[str], whole: bool, corrected: int, faithful: int
) -> None:
    assert measures["listed_strings"](page(text), words=words, whole_words=whole) == corrected
    assert measures["listed_strings"](page(text), words=words, whole_words=whole, faithful=True) == faithful


@both
def test_an_entry_that_is_no_pattern_is_one_sentence(measures: Measures) -> None:
    with pytest.raises(ValueError, match=r"no regular expression .* leave `faithful` out"):
        measures["listed_strings"](page("x"), words=["(a"], faithful=True)


LETTERS = st.text(st.sampled_from("aAbsS ß_1&\u0301中かΣσςİéкК\n"), min_size=1, max_size=4)


@given(st.lists(LETTERS | st.just(" "), max_size=10).map("".join), st.lists(LETTERS, min_size=1, max_size=6))
@example("aa a", ["a", "aa a"])
@example("Σ Σ", ["σ"])
def test_compiled_measures_equal_their_definitions(text: str, words: list[str]) -> None:
    def equal(name: str, **arguments: object) -> bool:
        values = (measures[name](page(text), words=words, **arguments) for measures in (MEASURES, COMPILED))
        return next(values) == next(values)

    for count in ("all", "distinct"):
        assert equal("listed_words", count=count)
    for whole in (False, True):
        for cased in (False, True):
            assert equal("listed_strings", whole_words=whole, case_sensitive=cased)


@given(any_text)
def test_compiled_measures_equal_their_definitions_on_any_text(text: str) -> None:
    words = ["the", "of and", "don't", "中", "文", "かな", "א", "e\u0301", "ss", "3.14", "foo_bar", "that\nhave", "s"]
    for measure in ("listed_words", "listed_strings"):
        assert MEASURES[measure](page(text), words=words) == COMPILED[measure](page(text), words=words)


def test_compiled_measures_equal_their_definitions_on_real_texts() -> None:
    if not LDNOOBW.exists():
        pytest.skip("the folder of real data is not here")
    found = 0.0
    for _, text in real_texts(300):
        for language in ("en", "zh", "ja", "th", "de", "hi"):
            arguments = {"file": str(LDNOOBW), "language": language}
            counted = MEASURES["listed_words"](page(text), **arguments)
            assert counted == COMPILED["listed_words"](page(text), **arguments)
            found += counted or 0
        for whole in (False, True):
            arguments = {"file": str(DCLM_LIST), "whole_words": whole, "faithful": True}
            assert MEASURES["listed_strings"](page(text), **arguments) == COMPILED["listed_strings"](
                page(text), **arguments
            )
    assert found > 50


@pytest.mark.parametrize("piece", ["a", "a ", "ab ", "中", "ß", " ", "_", "é"])
def test_compiled_measures_are_linear(piece: str) -> None:
    long = page(piece * 1_000_000)
    words = ["a" * n for n in range(1, 9)] + ["ab ab ab", "中中中x"]
    COMPILED["listed_words"](page("warm"), words=words)
    start = time.process_time()
    COMPILED["listed_words"](long, words=words)
    COMPILED["listed_strings"](long, words=words)
    assert time.process_time() - start < 3


@given(st.lists(st.text("ab.-\n", max_size=3), max_size=6), st.text("ab.-\n", max_size=5))
def test_a_tree_finds_the_longest_of_its_words(words: list[str], text: str) -> None:
    fits = [word for word in words if word and text.startswith(word)]
    match = re.match(tree_regex(words), text)
    assert (match.group() if match else None) == (max(fits, key=len) if fits else None)
