"""What a DataMan rater is shown: the cleaning equals the published patterns, the ends of a long text are kept."""

import random
import re
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.udfs.texts import any_text, real_texts
from udfs.models.dataman.truncation import LIMITS, Limits, cleaned, shown

PATTERNS = (r'^["“”]…+["“”]|^["“”]\.\.\.+["“”]', r"!\[\]\([\/]?[^\)]+\)\n")
PIECES = ["![](", "!", "[]", "(", ")", ")\n", "/", "a", "\n", '"', "“", "”", "…", "...", ".", "![](a.png)\n", "![]()\n"]

linky = st.lists(st.sampled_from(PIECES), max_size=14).map("".join)


@pytest.fixture(scope="module")
def real() -> list[str]:
    return [text for _, text in real_texts(120)]


def by_patterns(text: str) -> str:
    for pattern in PATTERNS:
        text = re.sub(pattern, "", text)
    return text


@given(text=st.one_of(linky, any_text))
def test_cleaning_is_that_of_the_patterns(text: str) -> None:
    assert cleaned(text) == by_patterns(text)


def test_cleaning_on_written_down_texts() -> None:
    assert cleaned('"..."rest') == cleaned("“……”rest") == cleaned('”....."rest') == "rest"
    assert cleaned('"..rest') == '"..rest'
    assert cleaned('x\n"..."') == 'x\n"..."'
    assert cleaned("a\n![](/pic.png)\nb ![](x)\n![](y)z") == "a\nb ![](y)z"
    assert cleaned("![](/)\nb") == "b"


def test_cleaning_equals_the_patterns_on_many_and_on_real_texts(real: list[str]) -> None:
    dice = random.Random(3)
    texts = ["".join(dice.choices(PIECES, k=dice.randint(0, 40))) for _ in range(3_000)]
    for text in [*texts, *real]:
        assert cleaned(text) == by_patterns(text)


@pytest.mark.parametrize("piece", ["![](", "![](/", "![](a)", "![]()\n", '"', "…", "![](a)\n", "![](\n"])
def test_cleaning_a_hostile_megabyte_takes_no_time(piece: str) -> None:
    text = '"…' + piece * (1_000_000 // len(piece))
    start = time.perf_counter()
    cleaned(text)
    assert time.perf_counter() - start < 2


def test_a_text_within_the_limits_is_shown_whole(qwen: Any) -> None:
    assert shown(qwen, "  one\ntwo 漢字 😀 <|im_end|> \n", LIMITS["en"]) == "one\ntwo 漢字 😀 <|im_end|>"
    assert shown(qwen, " \n ", LIMITS["en"]) == ""


def test_the_ends_of_a_long_text_are_kept(qwen: Any) -> None:
    """Oracle: words of one token, so that the tokens kept can be counted."""
    text = " ".join(["a"] * 5000 + ["b"] * 5000)
    found = shown(qwen, text, Limits(1_000_000, 1894))
    # A text of words: the first has no blank before it.
    assert found == " ".join(["a"] * 947) + "..." + " b" * 947


def test_characters_are_cut_before_tokens(qwen: Any) -> None:
    text = "a " * 8_000 + "b " * 8_000
    assert shown(qwen, text, Limits(100, 1894)) == "a " * 25 + "b " * 24 + "b"
    assert shown(qwen, "ab" * 50 + "c", Limits(100, 1894)) == "ab" * 25 + "ab" * 0 + ("ab" * 50 + "c")[-50:]


@given(text=any_text.map(lambda text: text * 4), half=st.integers(1, 40))
def test_what_is_shown_is_bounded_and_stays(qwen: Any, text: str, half: int) -> None:
    limits = Limits(400, 2 * half)
    found = shown(qwen, text, limits)
    assert found == found.strip()
    ids = qwen.encode(found).ids
    if len(text) <= limits.chars and len(qwen.encode(text).ids) <= limits.tokens:
        assert found == qwen.decode(qwen.encode(text).ids, skip_special_tokens=False).strip()
        if len(ids) <= limits.tokens:  # a blank that went may have been a part of a longer token
            assert shown(qwen, found, limits) == found
    elif "\ufffd" not in found and len(text) <= limits.chars:
        whole = qwen.decode(qwen.encode(text).ids, skip_special_tokens=False)
        head, _, tail = found.partition("...")
        assert whole.lstrip().startswith(head[:1])
        assert whole.rstrip().endswith(tail[-1:])


def test_real_long_texts_take_a_token_more_than_the_limit_at_most(qwen: Any, real: list[str]) -> None:
    for text in sorted(real, key=len)[-20:]:
        for limits in (LIMITS["en"], Limits(6_000, 500)):
            # Tokenised again, what stands around a cut may become other tokens, rarely more of them.
            assert len(qwen.encode(shown(qwen, text, limits)).ids) <= limits.tokens + 4


def test_texts_of_megabytes_take_no_time(qwen: Any) -> None:
    start = time.perf_counter()
    for text in ("x" * 1_000_000, " " * 1_000_000, "word " * 200_000, "漢" * 1_000_000, "\n" * 1_000_000):
        shown(qwen, text, LIMITS["zh"])
    assert time.perf_counter() - start < 10
