"""Word differences of two texts, and spellings of a URL; no JVM."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.explaining.addresses import spellings
from jobs.explaining.differences import MOST_CHARS, Difference, Side, Words, difference, shortened
from udfs.crawl.urls import normalise

WORDS = st.lists(st.sampled_from(["the", "river", "was", "high", " ", " ", "\n", ".", "é", "道"]), max_size=25).map(
    "".join
)


def side(found: Difference, kind: Side) -> str:
    return "".join(one.text for one in found.words if one.side in {Side.BOTH, kind})


@given(WORDS | st.text(max_size=20), WORDS | st.text(max_size=20))
def test_both_texts_are_in_the_difference(here: str, there: str) -> None:
    found = difference(here, there)
    assert found.is_whole
    assert side(found, Side.HERE) == here
    assert side(found, Side.THERE) == there
    assert found.is_none == (here == there)


def test_what_is_the_same_is_found() -> None:
    assert difference("So they waited for three days.", "So we waited for four days.").words == (
        Words(Side.BOTH, "So "),
        Words(Side.HERE, "they "),
        Words(Side.THERE, "we "),
        Words(Side.BOTH, "waited for "),
        Words(Side.HERE, "three "),
        Words(Side.THERE, "four "),
        Words(Side.BOTH, "days."),
    )


def test_long_texts_are_compared_as_far_as_it_takes_no_long_time() -> None:
    started = time.monotonic()
    same = "one word " * (MOST_CHARS // 9 + 10)
    assert not difference(same, same).is_whole
    assert difference(same, same).is_none
    found = difference("a b " * 20_000, "b a c " * 20_000)
    assert not found.is_whole
    assert not found.is_none
    hard = [str(number % 120) for number in range(2000)]
    shuffled = sorted(hard, key=lambda word: int(word) * 37 % 97)
    assert not difference(" ".join(hard), " ".join(shuffled)).is_none
    assert difference("x" * 2_000_000, "y" * 2_000_000).words[0].side is Side.HERE
    assert time.monotonic() - started < 20


def test_what_is_the_same_is_shortened_between_and_around_differences() -> None:
    found = difference("a" * 50 + " x " + "b" * 50 + " y " + "c" * 50, "a" * 50 + " z " + "b" * 50 + " w " + "c" * 50)
    shown = shortened(found, 10)
    assert [one and one.text for one in shown] == [
        None, "aaaaaaaaa ", "x ", "z ", "bbbbbbbbbb", None, "bbbbbbbbb ", "y ", "w ", "cccccccccc", None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ("river.test/tale", "https://www.river.test/tale"),
        ("HTTPS://River.test/Tale/", "http://river.test/Tale"),
        ("http://www.river.test", "http://river.test/"),
        ("http://river.test/?q=a/#top", "https://river.test/?q=a/"),
        (" http://x/ y", " http://x/ y"),
    ],
)
def test_spellings_of_a_url(asked: str, wanted: str) -> None:
    assert wanted in spellings(asked)
    assert spellings(asked)[0] == asked


@given(
    st.sampled_from(["http://", "https://"]),
    st.from_regex(r"[a-z]{1,5}\.test(/[a-z]{0,4}){0,3}(\?[a-z]=1)?", fullmatch=True),
)
def test_spellings_are_one_page_to_dedup_too(scheme: str, rest: str) -> None:
    """No two spellings are two pages: each has the normal form by which dedup_exact compares."""
    assert len({normalise(one) for one in spellings(scheme + rest)}) == 1


@given(st.text(max_size=30))
def test_any_text_has_spellings(asked: str) -> None:
    assert asked in spellings(asked)
