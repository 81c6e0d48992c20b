"""Words and characters: the definitions against published and recorded cuts, the kernels against the definitions."""

import json
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.udfs.texts import any_text, real_texts
from udfs.text import words
from udfs.text.kernels import characters
from udfs.text.kernels import words as kernels
from udfs.text.kernels.compiling import compiled

# `[word, ...]` for each text, recorded from uniseg 0.10 (Unicode 16) on texts made for it: sentences, and random
# strings with all values of the Word_Break property.
RECORDED: list[list[str]] = json.loads((Path(__file__).parents[1] / "data/unicode_words.json").read_text("utf-8"))


def utf8(text: str) -> Any:
    return np.frombuffer(text.encode(), np.uint8)


def cut(text: str, offsets: tuple[Any, Any]) -> list[str]:
    raw = text.encode()
    return [raw[start:end].decode() for start, end in zip(*(each.tolist() for each in offsets), strict=True)]


def test_unicode_words_of_the_standard() -> None:
    text = "The quick (“brown”) fox can’t jump 32.3 feet, right?"  # the example of UAX-29, section 4
    cuts = re.split("[|]", "The| |quick| |(|“|brown|”|)| |fox| |can’t| |jump| |32.3| |feet|,| |right|?")
    assert words.unicode_words(text) == cuts
    assert cut(text, kernels.unicode_words(utf8(text), kernels.ALL)) == cuts


def test_unicode_words_as_uniseg_cuts_them() -> None:
    assert len(RECORDED) > 400
    for cuts in RECORDED:
        assert words.unicode_words("".join(cuts)) == cuts


@pytest.mark.parametrize(
    ("text", "by_space", "by_fasttext"),
    [
        ("", [], []),
        (" \n\t ", [], []),
        (" a  b\n", ["a", "b"], ["a", "b"]),
        ("a\u00a0b\u3000c\u2009d\u0085e", ["a", "b", "c", "d", "e"], ["a\u00a0b\u3000c\u2009d\u0085e"]),
        ("a\0b", ["a\0b"], ["a", "b"]),
        ("a\x1cb\x1fc", ["a", "b", "c"], ["a\x1cb\x1fc"]),
        ("a\u200bb\ufeffc", ["a\u200bb\ufeffc"], ["a\u200bb\ufeffc"]),
        ("a\vb\fc\rd", ["a", "b", "c", "d"], ["a", "b", "c", "d"]),
        ("漢字 x", ["漢字", "x"], ["漢字", "x"]),
    ],
)
def test_words_between_spaces(text: str, by_space: list[str], by_fasttext: list[str]) -> None:
    assert words.space_words(text) == by_space
    assert words.fasttext_words(text) == by_fasttext


def check_kernels(text: str) -> None:
    """The kernels find the words of the definitions, at the places where a regular expression finds them."""
    characters_at = [0, *np.cumsum([len(character.encode()) for character in text]).tolist()]
    for kernel, pattern in ((kernels.space_words, r"\S+"), (kernels.fasttext_words, "[^ \n\r\t\v\f\0]+")):
        found = kernel(utf8(text))
        assert list(zip(*(each.tolist() for each in found), strict=True)) == [
            (characters_at[match.start()], characters_at[match.end()]) for match in re.finditer(pattern, text)
        ]
    assert cut(text, kernels.space_words(utf8(text))) == words.space_words(text)
    assert cut(text, kernels.fasttext_words(utf8(text))) == words.fasttext_words(text)
    segments = words.unicode_words(text)
    assert cut(text, kernels.unicode_words(utf8(text), kernels.ALL)) == segments
    assert cut(text, kernels.unicode_words(utf8(text), kernels.NOT_BLANK)) == [one for one in segments if one.strip()]
    assert cut(text, kernels.unicode_words(utf8(text), kernels.ALNUM_FIRST)) == [
        one for one in segments if one[0].isalnum()
    ]


def test_kernels_on_recorded_texts() -> None:
    for cuts in RECORDED:
        check_kernels("".join(cuts))


def test_kernels_on_real_texts() -> None:
    for _, text in real_texts(400):
        check_kernels(text)


@settings(max_examples=1000, deadline=None)
@given(any_text)
def test_kernels_on_any_text(text: str) -> None:
    check_kernels(text)


@settings(max_examples=500, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "a",
                "1",
                "_",
                ".",
                "'",
                ":",
                ",",
                "\u05d0",
                '"',
                "\u0308",
                "\u200d",
                "\u24c2",
                " ",
                "\U0001f1e9",
                "\U0001f600",
                "\r",
                "\n",
                "\u30ab",
                "\u2028",
            ]
        ),
        max_size=12,
    )
)
def test_kernels_on_what_the_rules_look_at(pieces: list[str]) -> None:
    check_kernels("".join(pieces))


@pytest.mark.parametrize(
    "text",
    [
        *("a" * 300_000, "a." * 50_000, "a'" + "\u0308" * 100_000 + "b", "\n" * 100_000, " " * 300_000, "'" * 100_000),
        *("\U0001f1e9" * 50_001, "\u200d" * 100_000, "1," * 50_000, ("a" * 50 + "é") * 2_000, "word " * 60_000),
    ],
    ids=range(11),
)
def test_kernels_on_hostile_texts(text: str) -> None:
    assert cut(text, kernels.unicode_words(utf8(text), kernels.ALL)) == words.unicode_words(text)
    assert cut(text, kernels.space_words(utf8(text))) == words.space_words(text)


@settings(max_examples=500, deadline=None)
@given(any_text)
def test_facts_of_words(text: str) -> None:
    found = words.space_words(text)
    flags, code_points, hashes = kernels.word_facts(utf8(text), *kernels.space_words(utf8(text)))
    assert code_points.tolist() == list(map(len, found))
    assert [bool(flag & kernels.BEGINS_ALNUM) for flag in flags] == [word[0].isalnum() for word in found]
    assert [bool(flag & kernels.HAS_ALPHA) for flag in flags] == [any(map(str.isalpha, word)) for word in found]
    assert len(set(hashes.tolist())) == len(set(found)) == len(set(zip(found, hashes.tolist(), strict=True)))


@compiled
def looked_up(codes: Any) -> Any:
    """Classes and lower case of code points."""
    found = np.empty((2, codes.size), np.int64)
    for i in range(codes.size):
        found[0, i] = characters.classes_of(codes[i])
        found[1, i] = characters.lower_case(codes[i])
    return found


def test_tables_are_those_of_the_interpreter() -> None:
    classes, lowered = looked_up(np.arange(0x110000))
    everything = list(map(chr, range(0x110000)))
    methods: dict[int, Callable[[str], bool]] = {
        characters.ALPHA: str.isalpha,
        characters.ALNUM: str.isalnum,
        characters.SPACE: str.isspace,
        characters.UPPER: str.isupper,
        characters.LOWER: str.islower,
        characters.DECIMAL: str.isdecimal,
        characters.DIGIT: str.isdigit,
        characters.NUMERIC: str.isnumeric,
        characters.LINE_END: lambda character: len(f"a{character}b".splitlines()) > 1,
    }
    for flag, method in methods.items():
        assert (classes & flag != 0).tolist() == list(map(method, everything))
    assert (classes[:128] == characters.ASCII[:128]).all()
    assert not characters.ASCII[128:].any()
    wrong = [chr(code) for code in range(0x110000) if chr(lowered[code]) != everything[code].lower()]
    assert wrong == list(characters.UNEVEN)
    assert characters.characters_with(characters.SPACE) == [one for one in everything if one.isspace()]


@given(any_text, st.data())
def test_offsets(text: str, data: st.DataObject) -> None:
    places = data.draw(st.lists(st.integers(0, len(text)), max_size=6).map(sorted))
    bytes_before = [len(text[:place].encode()) for place in places]
    assert characters.byte_offsets(utf8(text), np.array(places, np.int64)).tolist() == bytes_before
    assert characters.code_point_offsets(utf8(text), np.array(bytes_before, np.int64)).tolist() == places
    assert characters.code_points(utf8(text)) == len(text)


@compiled
def read(text: Any) -> Any:
    """Code points, as decoded forwards and found backwards, and whether İ or Σ is there."""
    forwards, backwards = np.empty(text.size, np.int64), np.empty(text.size, np.int64)
    at = count = 0
    while at < text.size:
        forwards[count], width = characters.decode(text, at)
        forwards[count] += (width != characters.width_at(text, at)) << 32  # no assert: pytest rewrites it
        at += width
        count += 1
    for i in range(count):
        at = characters.start_before(text, at)
        backwards[count - 1 - i], _ = characters.decode(text, at)
    return forwards[:count], backwards[:count], characters.has_uneven(text)


@given(any_text)
def test_decoding(text: str) -> None:
    forwards, backwards, has_uneven = read(utf8(text))
    assert forwards.tolist() == backwards.tolist() == list(map(ord, text))
    assert has_uneven == ("İ" in text or "Σ" in text)


@compiled
def first_match(text: Any, pattern: Any) -> int:
    """Where `pattern` is, -1 for nowhere."""
    for at in range(text.size):
        if characters.is_at(text, at, text.size, pattern):
            return at
    return -1


@given(st.text("aAbB-é", max_size=12), st.text("ab-", min_size=1, max_size=3))
def test_search_in_ascii_of_any_case(text: str, pattern: str) -> None:
    raw = text.replace("é", "\0\0").lower()  # two bytes
    assert first_match(utf8(text), utf8(pattern)) == raw.find(pattern)


def test_spans_of_unicode_words_touch() -> None:
    spans = words.unicode_word_spans("a b, c")
    assert spans[0][0] == 0
    assert spans[-1][1] == 6
    assert all(one[1] == other[0] for one, other in pairwise(spans))
    assert words.unicode_word_spans("") == []
