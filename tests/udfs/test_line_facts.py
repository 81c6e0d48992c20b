"""What is counted of lines: kernel = definition, and what the model is shown of made-up pages."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.udfs.texts import any_text, real_texts
from udfs.programs.tagging.facts import FACTS, ending_hash, facts_of, line_hash, token_hash, tokens_of
from udfs.programs.tagging.features import FEATURES, shown_lines
from udfs.programs.tagging.windows import CONTEXT, WINDOW, windows
from udfs.programs.tagging.words import ENDINGS, FIRST_WORD, HEAD_TOKENS, SHOWN, TAIL_TOKENS, rows_of
from udfs.text.kernels.line_facts import line_facts

MARKS = st.text("aBc Dé 12.,:;|»•中文字ßİΣς\n\t(@)www.://x\u0301ज", max_size=80)


def assert_same(text: str) -> None:
    lines = text.split("\n")
    facts, keys, bounds, hashes, endings, is_word = line_facts(np.frombuffer(text.encode(), np.uint8))
    assert [tuple(row) for row in facts.tolist()] == [facts_of(line) for line in lines]
    assert keys.tolist() == [line_hash(line) for line in lines]
    tokens = [list(tokens_of(line)) for line in lines]
    assert np.diff(bounds).tolist() == [len(one) for one in tokens]
    flat = [token for one in tokens for token in one]
    assert hashes.tolist() == [token_hash(token) for token in flat]
    assert endings.tolist() == [ending_hash(token) for token in flat]
    assert is_word.tolist() == [token[0].isalnum() for token in flat]


@given(MARKS | any_text)
def test_the_kernel_is_the_definition(text: str) -> None:
    assert_same(text)


@pytest.mark.parametrize(
    "text", ["", "\n", "\n\n", "a", "a\n", " ", "\r\n", "x" * 40 + "\ny", "1234567890123456", "İ Σς"]
)
def test_the_kernel_at_the_edges(text: str) -> None:
    assert_same(text)


def test_the_kernel_is_the_definition_on_real_texts() -> None:
    for _, text in real_texts(60):
        assert_same(text[:4000])


def test_facts_by_hand() -> None:
    facts = dict(zip(FACTS, facts_of("Home | About Us (2024), www.x.org!"), strict=True))
    assert facts == {
        "chars": 34,
        "letters": 18,
        "upper": 3,
        "digits": 4,
        "spaces": 5,
        "words": 7,
        "capitals": 3,
        "commas": 1,
        "stops": 3,
        "separators": 1,
        "unspaced": 0,
        "links": 1,
        "ats": 0,
        "brackets": 2,
        "longest": 5,
        "first": 2,
        "last": 5,
        "tokens": 14,
    }
    assert list(tokens_of("Don't 中文!")) == ["Don", "'", "t", "中", "文", "!"]
    assert token_hash(["In", "2024"][1]) == token_hash("1999") != token_hash("199")


def column(text: str, name: str) -> list[float]:
    return [round(float(one), 4) for one in shown_lines(text).features[:, FEATURES.index(name)]]


def test_only_lines_with_something_to_see_are_shown() -> None:
    shown = shown_lines("\n a \n\u3000\n\n|\nbc")
    assert shown.numbers.tolist() == [1, 4, 5]
    assert shown.features.shape == (3, len(FEATURES))
    assert np.diff(shown.bounds).tolist() == [1, 1, 1]
    assert column("a\n\n\nb\nc\n\n", "blanks_before") == [0, round(2 / 3, 4), 0]
    assert column("a\n\n\nb\nc\n\n", "blanks_after") == [round(2 / 3, 4), 0, round(2 / 3, 4)]
    for empty in ("", "\n\n", " "):
        assert shown_lines(empty).features.shape == (0, len(FEATURES))


def test_features_by_hand() -> None:
    paragraph = "The mill stands by the river and it has been turning there since people can remember, " * 2
    text = f"Mill river\nShare\n{paragraph}\nShare\nFooter text"
    assert column(text, "is_copy") == [0, 0, 0, 1, 0]
    assert column(text, "copies") == [0, round(float(np.log(2)), 4), 0, round(float(np.log(2)), 4), 0]
    assert column(text, "known_words") == [1, 0, 0, 0, 0]
    assert column(text, "to_paragraph_after")[:3] == [round(float(np.log1p(n)), 4) for n in (2, 1, 0)]
    assert column(text, "to_paragraph_before")[2:] == [round(float(np.log1p(n)), 4) for n in (0, 1, 2)]
    assert column(text, "place") == [0.1, 0.3, 0.5, 0.7, 0.9]
    assert column(text, "long_1") == [0, round(1 / 3, 4), round(1 / 3, 4), round(1 / 3, 4), 0]
    assert column(text, "first_2") == [1] * 5


@given(any_text)
def test_features_are_finite_and_those_of_a_line_stay_with_it(text: str) -> None:
    shown = shown_lines(text)
    assert np.isfinite(shown.features).all()
    assert shown.numbers.tolist() == [n for n, line in enumerate(text.split("\n")) if line.strip()]


def test_a_lone_surrogate_is_no_reason_to_fail() -> None:
    assert shown_lines("a\ud800b\nc").numbers.tolist() == [0, 1]


def test_words_become_rows() -> None:
    names = ("mill", "river", "00")
    table = np.array(sorted(token_hash(word) for word in names), np.uint64)
    rows = rows_of(shown_lines("Mill 24 weir\nriver " + "mill " * 30), table)
    place = {
        word: FIRST_WORD + int(np.searchsorted(table, np.uint64(token_hash(word)))) for word in ("mill", "river", "00")
    }
    ending = 1 + ending_hash("weir") % ENDINGS
    assert rows.shape == (2, SHOWN)
    assert rows[0].tolist() == [place["mill"], place["00"], ending] + [0] * (SHOWN - 3)
    assert rows[1].tolist() == [place["river"]] + [place["mill"]] * (HEAD_TOKENS - 1 + TAIL_TOKENS)
    assert rows_of(shown_lines("weir"), np.empty(0, np.uint64))[0, 0] == ending


@given(st.integers(0, 5 * WINDOW))
def test_windows_ask_about_each_line_once(lines: int) -> None:
    found = list(windows(lines))
    assert [n for one in found for n in range(one.start, one.end)] == list(range(lines))
    for one in found:
        assert one.first <= one.start <= one.end <= one.last <= lines
        assert one.last - one.first <= WINDOW + 2 * CONTEXT
        assert len(found) == 1 or one.first in {0, one.start - CONTEXT}
        assert len(found) == 1 or one.last in {lines, one.end + CONTEXT}
