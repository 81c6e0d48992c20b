"""Shingles: what the definition says of awkward texts, and that the kernel says the same."""

import sys
import tracemalloc
from typing import Any

import mmh3
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.udfs.texts import any_text, real_texts
from udfs.dedup.kernels.shingles import ALONE, BLOCK_TOKENS, DROPPED, SEPARATOR, WORD, _tables
from udfs.dedup.shingles import ShingleSettings, normalised, shingle_hashes, shingles, tokens
from udfs.dedup.signer import Signer
from udfs.text.scripts import UNSPACED

WORDS, CHARACTERS = ShingleSettings(), ShingleSettings(unit="character")
KEPT = ShingleSettings(punctuation="keep", lowercase=False)
VARIANTS: list[dict[str, Any]] = [
    {},
    {"size": 1},
    {"size": 2, "short": "whole"},
    {"size": 13, "short": "whole", "punctuation": "keep"},
    {"punctuation": "keep", "lowercase": False, "size": 3},
    {"unit": "character", "size": 24},
    {"unit": "character", "size": 1, "lowercase": False},
    {"unit": "character", "size": 3, "punctuation": "keep", "short": "whole"},
    {"size": 100, "short": "whole"},
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \n\t\u3000\u00a0\0\x85", []),
        ("The  quick\nBROWN", ["the", "quick", "brown"]),
        ("a > b\n> c\n \t>> d >\n\u200b> e\n>", ["a", "b", ">", "c", ">", "d", "e", ">"]),
        ("don't don\u2019t dont 'dont'", ["dont"] * 4),
        ("e-mail e\u2011mail e mail", ["e", "mail"] * 3),
        ("one,two , three... (four)", ["one", "two", "three", "four"]),
        ("hyphen\u00adation zero\u200bwidth \ufeffbom", ["hyphenation", "zerowidth", "bom"]),
        ("ΣΊΣΥΦΟΣ σίσυφος", ["σίσυφοσ", "σίσυφοσ"]),
        ("İstanbul ǅ ẞ", ["istanbul", "ǆ", "ß"]),
        ("e\u0301 é", ["e\u0301", "é"]),
        ("中文abc。日本", ["中", "文", "abc", "日", "本"]),
        ("ไทย", ["ไ", "ท", "ย"]),
        ("한국어 문장", ["한국어", "문장"]),
        ("❤\ufe0f 👍🏽 👩\u200d👧 a", ["a"]),
        ("C++ $5 a_b", ["c", "5", "a", "b"]),
        ("U.S.A. 3.14", ["u", "s", "a", "3", "14"]),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert tokens(text, WORDS) == expected


def test_words_with_punctuation_and_case() -> None:
    assert tokens("Don't  stop-it, 中文。👍🏽", KEPT) == ["Don't", "stop-it,", "中", "文", "。👍🏽"]


def test_characters() -> None:
    assert "".join(tokens("  The\n\nquick, 中文 (fox) ", CHARACTERS)) == "the quick 中文 fox"


def test_shingles_are_joined_as_the_settings_say() -> None:
    assert shingles("a b  c,d", ShingleSettings(size=3)) == ["a b c", "b c d"]
    assert shingles("ab c", ShingleSettings(unit="character", size=3)) == ["ab ", "b c"]
    assert shingle_hashes("a b a b", ShingleSettings(size=2)) == sorted(
        mmh3.hash(part, signed=False) for part in ("a b", "b a")
    )


def test_short_texts() -> None:
    assert shingles("a b c d", WORDS) == []
    assert shingles("a b c d", ShingleSettings(short="whole")) == ["a b c d"]
    assert shingles(" ?! ", ShingleSettings(short="whole")) == []


@pytest.mark.parametrize("wrong", [{"size": 0}, {"size": 101}, {"unit": "line"}, {"sise": 5}])
def test_bad_settings(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ShingleSettings.model_validate(wrong)


def compare(texts: list[str], variant: ShingleSettings) -> None:
    array = pa.array(["before", *texts, None], pa.large_string()).slice(1, len(texts))
    columns = Signer(variant, "2x2", 1, keep_shingles=True).columns(array)
    for text, number, found in zip(texts, columns["shingles"], columns["shingle_hashes"], strict=True):
        expected = shingle_hashes(text, variant)
        assert number.as_py() == len(shingles(text, variant))
        assert (found.as_py() or b"") == np.array(expected, "<u4").tobytes()
        assert found.is_valid == bool(expected)


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_real_texts(variant: dict[str, Any]) -> None:
    compare([text[:8_000] for _, text in real_texts(60)], ShingleSettings.model_validate(variant))


@given(texts=st.lists(any_text, max_size=6), variant=st.sampled_from(VARIANTS))
@settings(max_examples=250)
def test_any_text(texts: list[str], variant: dict[str, Any]) -> None:
    compare(texts, ShingleSettings.model_validate(variant))


@given(st.lists(st.text(st.sampled_from("> \t\nab\u00e9\u4e2d\u200b"), max_size=60), max_size=5))
@settings(max_examples=60)
def test_quotations(texts: list[str]) -> None:
    for variant in ({"size": 1}, {"size": 2, "short": "whole"}, {"unit": "character", "size": 2}):
        compare(texts, ShingleSettings.model_validate(variant))


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
@pytest.mark.parametrize("piece", ["a", "中", "Ⱥ中", "a ", "Ⱥ ", " a\u0301b ", ". ", "é\n"])
def test_texts_about_as_long_as_a_block_of_tokens(piece: str, variant: dict[str, Any]) -> None:
    """Where a block ends inside a word, before a space, at the text's end, and one token more or less."""
    lengths = (*range(BLOCK_TOKENS // 2 - 2, BLOCK_TOKENS // 2 + 3), *range(BLOCK_TOKENS - 2, BLOCK_TOKENS + 4))
    texts = [f"{piece * length}{end}" for length in lengths for end in ("", "x", ".")]
    compare(texts[::2] if variant else texts, ShingleSettings.model_validate(variant))


def test_growing_words_over_many_blocks() -> None:
    text = " ".join(f"w{number % 977} Ⱥ中{'y' * (number % 61)}" for number in range(4 * BLOCK_TOKENS))
    compare([text, text[1:], "x" * 100_000, "中" * 50_000], WORDS)
    compare([text[:40_000]], CHARACTERS)


@pytest.mark.parametrize("variant", [WORDS, KEPT], ids=["strip", "keep"])
def test_every_character_is_read_as_the_definition_reads_it(variant: ShingleSettings) -> None:
    ascii_bytes, blocks, entries = _tables(variant.lowercase, variant.punctuation)
    codes = np.arange(sys.maxunicode + 1)
    found = entries[(blocks[codes >> 7].astype(np.int64) << 7) + (codes & 127)]
    for code, entry in enumerate(found.tolist()):
        if not 0xD800 <= code < 0xE000:
            character = chr(code)
            read = normalised(character, variant)
            kind = ALONE if UNSPACED.match(read) else WORD
            kind = {"": DROPPED, " ": SEPARATOR}.get(read, kind)
            assert (entry >> 24, chr(entry & 0x1FFFFF or code)) == (kind, read.strip() or character), hex(code)
    assert ascii_bytes.tolist() == [ord(normalised(chr(code), variant) or "\0") for code in range(128)]


def test_a_giant_text_costs_twice_its_size() -> None:
    """Room for the normalised text; what is known of its shingles at a time is one block. (numba allocates by way of
    Python, so tracemalloc sees it.)"""
    array = pa.array([" ".join(["word"] * 4_000_000), "x" * 20_000_000, "中" * 7_000_000], pa.large_string())
    signer = Signer(WORDS, "14x8", 1, keep_shingles=False)
    signer.columns(array.slice(0, 0))
    tracemalloc.start()
    assert signer.columns(array)["shingles"].to_pylist() == [3_999_996, 0, 6_999_996]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 21_000_000 < peak < 2.1 * 21_000_000
