"""Exact substring dedup: the definition on texts made by hand, and the kernels, put together as the stage does it,
against the definition."""

from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydantic import ValidationError

from tests.udfs.texts import any_text, real_texts
from udfs.dedup.kernels.windows import anchors, run_hashes, windows
from udfs.dedup.substrings import GAPS, REASON, SubstringSettings, cut_repeats, joined_runs, token_spans
from udfs.text.edits import Edit, apply

SMALL = SubstringSettings(tokens=4, anchor_tokens=2)
DEFAULT = SubstringSettings()


def words(count: int, of: str = "w", first: int = 0) -> str:
    return " ".join(f"{of}{at}" for at in range(first, first + count))


def after(texts: list[str], settings: SubstringSettings = SMALL) -> list[str]:
    return [apply(text, edits) for text, edits in zip(texts, cut_repeats(texts, settings), strict=True)]


def utf8_of(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode(), np.uint8)


def by_kernels(texts: list[str], settings: SubstringSettings) -> list[tuple[Edit, ...]]:
    """What the stage does, with dictionaries for Spark's groups."""
    size, anchor_size = settings.tokens, settings.anchor_tokens
    found = [anchors(utf8_of(text), size, anchor_size) for text in texts]
    copies = Counter(value for one in found for value in one.hashes.tolist())
    first: dict[tuple[int, int], tuple[int, int]] = {}
    cuts = []
    for document, (text, (positions, hashes)) in enumerate(zip(texts, found, strict=True)):
        repeated = positions[[copies[value] > 1 for value in hashes.tolist()]] if len(positions) else positions
        sides = {}
        for at, high, low, left, right in zip(
            *map(list, windows(utf8_of(text), size, anchor_size, repeated)), strict=True
        ):
            earlier, place = first.setdefault((high, low), (document, at))
            if earlier < document or place + size <= at:
                sides[at] = (left, right)
        runs = [(min(sides[a][0] for a in inside), max(sides[a][1] for a in inside)) for inside in grouped(sides, size)]
        cuts.append(tuple(of_sides(int(left), int(right)) for left, right in runs))
    return cuts


def grouped(positions: dict[int, tuple[int, int]], size: int) -> list[list[int]]:
    return [[at for at in positions if first <= at <= end - size] for first, end in joined_runs(positions, size)]


def of_sides(left: int, right: int) -> Edit:
    levels = left % 4, right % 4
    return Edit(left // 4, right // 4, GAPS[max(levels)] if all(levels) else "", REASON)


# ---- the definition


@pytest.mark.parametrize(
    ("texts", "left"),
    [
        (["a b c d", "a b c d"], ["a b c d", ""]),
        (["a b c", "a b c"], ["a b c", "a b c"]),  # three are too few
        (["a b c d e", "x a b c d y"], ["a b c d e", "x y"]),
        (["a b c d", "x\n\na b c d\ny"], ["a b c d", "x\n\ny"]),  # the stronger gap stays
        (["a b c d", "x\n a \r\nb\tc d y"], ["a b c d", "x\ny"]),  # white space does not count
        (["a b c d", "A b c d"], ["a b c d", "A b c d"]),  # case does
        (["a b c d", "  a b c d  y"], ["a b c d", "y"]),
        (["a b c d", "x a b c d \n"], ["a b c d", "x"]),
        (["( b c )", "foo( b c )bar"], ["( b c )", "foo bar"]),  # not foobar
        (["一二三四五", "前二三四五后"], ["一二三四五", "前 后"]),  # a Han character is a token
        (["a b c d e f", "a b c d x c d e f"], ["a b c d e f", "x"]),
        (["a b c d e f g h", "c d e f a b c d"], ["a b c d e f g h", ""]),  # two that touch are one cut
        (["a b c d x a b c d"], ["a b c d x"]),  # within one text
        (["a b c d a b c d"], ["a b c d"]),
        (["a b c a b c a"], ["a b c a b c a"]),  # the copies of "a b c a" share an "a"
        (["a " * 7], ["a " * 7]),
        (["a " * 8, "a " * 3, "b " + "a " * 5], ["a a a a", "a " * 3, "b"]),
        (["x y a b c", "a b c d", "y a b c", "b a b c d"], ["x y a b c", "a b c d", "", "b"]),
        (["", " ", "a b c d", ""], ["", " ", "a b c d", ""]),
    ],
)
def test_definition(texts: list[str], left: list[str]) -> None:
    assert after(texts) == left
    assert by_kernels(texts, SMALL) == cut_repeats(texts, SMALL)


@pytest.mark.parametrize(("shared", "cut"), [(49, False), (50, True)])
def test_repeats_of_fifty_tokens_are_cut_and_of_fortynine_not(shared: int, cut: bool) -> None:
    texts = [words(300), f"before {words(shared, first=70)} behind"]
    assert after(texts, DEFAULT)[1] == ("before behind" if cut else texts[1])
    assert by_kernels(texts, DEFAULT) == cut_repeats(texts, DEFAULT)


def test_of_one_token_repeated_the_first_fifty_stay() -> None:
    texts = ["a " * 10_000, "b " + "a " * 10_000, "a " * 49]
    assert [len(text.split()) for text in after(texts, DEFAULT)] == [50, 1, 49]
    assert by_kernels(texts, DEFAULT) == cut_repeats(texts, DEFAULT)


def test_later_texts_share_more_with_each_other_than_with_the_first() -> None:
    both = f"{words(30, first=30)} {words(40, 'v')}"
    texts = [words(60), f"x {both}", f"y {both}"]
    assert after(texts, DEFAULT) == [texts[0], texts[1], "y"]
    assert by_kernels(texts, DEFAULT) == cut_repeats(texts, DEFAULT)


def test_an_anchor_longer_than_a_repeat_is_refused() -> None:
    with pytest.raises(ValidationError, match="found anchor_tokens 25 with tokens 20"):
        SubstringSettings(tokens=20)


# ---- the definition and the kernels


@st.composite
def stretches(draw: st.DrawFn) -> list[str]:
    """Texts of a few letters, so that repeats, and repeats that overlap themselves, are common."""
    letters = draw(st.sampled_from(["a", "ab", "abc", "一二", "a\n ", "ab .\n"]))
    pieces = draw(st.lists(st.text(letters, max_size=12), min_size=1, max_size=4))
    space = draw(st.sampled_from(["", " ", "\n"]))
    return [
        space.join(
            "".join(f"{letter} " if letter.isascii() else letter for letter in draw(st.sampled_from(pieces)))
            for _ in range(draw(st.integers(0, 5)))
        )
        for _ in range(draw(st.integers(1, 4)))
    ]


sizes = st.tuples(st.integers(2, 9), st.integers(1, 9)).map(
    lambda pair: SubstringSettings(tokens=pair[0], anchor_tokens=min(pair))
)


def kept_by_all_pairs(texts: list[str], size: int) -> list[list[str]]:
    """The tokens that stay, by comparing each window with every earlier one that shares no token with it."""
    documents = [[text[start:end] for start, end in token_spans(text)] for text in texts]
    places = [(document, at) for document, all_ in enumerate(documents) for at in range(len(all_) - size + 1)]
    cut = {
        (document, at + within)
        for document, at in places
        for earlier, place in places
        if (earlier < document or (earlier == document and place + size <= at))
        and documents[earlier][place : place + size] == documents[document][at : at + size]
        for within in range(size)
    }
    return [
        [token for at, token in enumerate(all_) if (number, at) not in cut] for number, all_ in enumerate(documents)
    ]


@given(texts=stretches(), size=sizes)
@settings(max_examples=200)
def test_what_stays_is_what_no_earlier_window_covers_and_is_not_glued(
    texts: list[str], size: SubstringSettings
) -> None:
    left = [[text[start:end] for start, end in token_spans(text)] for text in after(texts, size)]
    assert left == kept_by_all_pairs(texts, size.tokens)


@given(texts=stretches(), size=sizes)
@settings(max_examples=500)
@example(texts=["a a a a", "b a a a a a"], size=SubstringSettings(tokens=2, anchor_tokens=2))
def test_kernels_equal_the_definition(texts: list[str], size: SubstringSettings) -> None:
    assert by_kernels(texts, size) == cut_repeats(texts, size)


@given(texts=st.lists(any_text, max_size=4), size=sizes)
@settings(max_examples=200)
def test_kernels_equal_the_definition_on_any_text(texts: list[str], size: SubstringSettings) -> None:
    expected = cut_repeats(texts + texts[:1], size)
    assert by_kernels(texts + texts[:1], size) == expected
    for text, edits in zip(texts + texts[:1], expected, strict=True):
        left = apply(text, edits)  # sorted and apart, or it raises
        assert len(token_spans(left)) <= len(token_spans(text))


def test_kernels_equal_the_definition_on_real_texts() -> None:
    texts = [text for _, text in real_texts(300)]
    for size in (DEFAULT, SubstringSettings(tokens=8, anchor_tokens=5)):
        assert by_kernels(texts, size) == cut_repeats(texts, size)


def test_a_reply_loses_what_it_quotes(data: Path) -> None:
    posts = pq.read_table(data / "dedup_usenet/posts.parquet", columns=["text"])["text"].to_pylist()[:400]
    expected = cut_repeats(posts, DEFAULT)
    assert sum(map(bool, expected)) > 10
    assert by_kernels(posts, DEFAULT) == expected


@given(st.lists(st.integers(0, 3), max_size=40), st.integers(1, 20))
def test_runs_have_equal_hashes_where_their_tokens_are_equal(tokens: list[int], size: int) -> None:
    hashes = run_hashes(np.array(tokens, np.uint64), size, np.uint64(0x9E3779B97F4A7C15)).tolist()
    runs = [tuple(tokens[at : at + size]) for at in range(len(tokens) - size + 1)]
    assert len(hashes) == len(runs)
    assert len(set(zip(hashes, runs, strict=True))) == len(set(hashes)) == len(set(runs))


@given(st.lists(st.integers(0, 5), max_size=80).map(lambda tokens: " ".join(map(str, tokens))), sizes)
def test_each_window_has_an_anchor_and_equal_windows_have_equal_ones(text: str, size: SubstringSettings) -> None:
    tokens = text.split()
    positions, hashes = anchors(utf8_of(text), size.tokens, size.anchor_tokens)
    within: dict[tuple[str, ...], list[set[int]]] = defaultdict(list)
    for at in range(len(tokens) - size.tokens + 1):
        inside = (at <= positions) & (positions + size.anchor_tokens <= at + size.tokens)
        assert inside.any()
        within[tuple(tokens[at : at + size.tokens])].append(set(hashes[inside].tolist()))
    assert all(set.intersection(*found) for found in within.values())


def test_anchors_are_few() -> None:
    draw = np.random.default_rng(1)
    text = " ".join(map(str, draw.integers(0, 10**9, 20_000)))
    found = len(anchors(utf8_of(text), 50, 25).positions)
    assert found / 20_000 == pytest.approx(2 / 27, rel=0.1)  # Schleimer et al., section 3.2
    assert len(anchors(utf8_of("a " * 20_000), 50, 25).positions) < 20_000 / 25
