"""English words and sentences: the definition gives what spaCy gave (recorded), the kernels what the definition
gives."""

import json
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.udfs.texts import any_text, real_texts
from udfs.text.english.exceptions import CURRENCIES, EXCEPTIONS, PUNCTUATION, QUOTES, SENTENCE_ENDS, UNITS
from udfs.text.english.words import english_sentences, english_words, rows
from udfs.text.kernels.characters import code_point_offsets
from udfs.text.kernels.english.sentences import sentence_count, sentence_counts
from udfs.text.kernels.english.tables import ALL_SYMBOLS, HAS_LETTER, hash_of
from udfs.text.kernels.english.words import english_words as compiled_words
from udfs.text.kernels.english.words import words_between
from udfs.text.page import Page
from udfs.text.symbols import SYMBOLS

VECTORS = json.loads((Path(__file__).parents[1] / "data/english_words.json").read_text())["vectors"]

# What the tokeniser looks at, so that random strings of these meet its rules and their neighbours.
SIGNS = [*".,-–—+*^:<>=/°'’\"()[]{}!?…%§$£@_#&~|;`\\ \n\t\u00a0\u3000\r", "..", "……", "--", " ", "://"]
LETTERS = list("aAbBsSFCK0159²µ·éÉßдЖ日אـ٣ǅ😀•★\u0301\u200b⺀")
HOSTS = [
    "http://",
    "www.",
    "a.b",
    "ex.com",
    "user@",
    ":8080",
    "/path",
    "?q",
    "8.8.8.8",
    "10.0.0.1",
    "172.16.0.1",
    ".Co",
]
GROUPS = [SIGNS, LETTERS, HOSTS, ["Mr.", "cat", "Hed", "we", "dog's", "10", "x"]]
GROUPS += [sorted(group) for group in (EXCEPTIONS, UNITS, CURRENCIES, PUNCTUATION | QUOTES, SENTENCE_ENDS)]
token_text = st.lists(st.one_of([st.sampled_from(group) for group in GROUPS]), max_size=20).map("".join)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: repr(vector["text"])[:40])
def test_words_and_sentences_are_those_of_spacy(vector: dict[str, object]) -> None:
    text = str(vector["text"])
    assert [text[start:end] for start, end in english_words(text)] == vector["words"]
    assert len(english_sentences(text)) == vector["sentences"]


def test_exceptions_come_with_capitals_and_typographic_apostrophes() -> None:
    assert EXCEPTIONS["can't've"] == ("ca", "n't", "'ve")
    assert EXCEPTIONS["Can’t’ve"] == ("Ca", "n’t", "’ve")
    assert EXCEPTIONS["10am"] == ("10", "am")
    assert "13am" not in EXCEPTIONS
    assert not {"ill", "well", "Were", "shell"} & EXCEPTIONS.keys()
    assert all("".join(parts) == word for word, parts in EXCEPTIONS.items())


def test_a_longer_row_hides_the_shorter_one_in_it() -> None:
    text = "x:( (end"
    assert [text[start:end] for start, end in english_words(text)] == ["x", ":", "(", "(", "end"]
    assert (":", "(", "(") in rows()[":"]


def test_sentences_tile_the_text() -> None:
    text = "One. Two \n three?\n"
    assert [text[start:end] for start, end in english_sentences(text)] == ["One.", " Two \n three?", "\n"]


def _check_kernels(text: str) -> None:
    """The kernels' words, sentences and what they say of each word are the definition's."""
    utf8 = Page(text).utf8
    starts, ends, hashes, lengths, flags = compiled_words(utf8)
    spans = list(
        zip(code_point_offsets(utf8, starts).tolist(), code_point_offsets(utf8, ends).tolist(), strict=True),
    )
    assert spans == english_words(text)
    words = [text[start:end] for start, end in spans]
    assert hashes.tolist() == [hash_of(word.encode()) for word in words]
    assert lengths.tolist() == [len(word) for word in words]
    letters = [HAS_LETTER * any(character.isalpha() for character in word) for word in words]
    assert flags.tolist() == [
        letter | ALL_SYMBOLS * SYMBOLS.issuperset(word) for letter, word in zip(letters, words, strict=True)
    ]
    assert sentence_count(utf8, 0, utf8.size) == len(english_sentences(text))


def test_kernels_equal_the_definition_on_the_vectors() -> None:
    for vector in VECTORS:
        _check_kernels(vector["text"])


def test_kernels_equal_the_definition_on_real_texts() -> None:
    for _, text in real_texts(250):
        _check_kernels(text)


@settings(max_examples=400, deadline=None)
@given(st.one_of(any_text, token_text, st.lists(token_text, max_size=6).map(" ".join)))
def test_kernels_equal_the_definition(text: str) -> None:
    _check_kernels(text)


@settings(max_examples=100, deadline=None)
@given(st.lists(token_text, min_size=1, max_size=5))
def test_a_part_of_a_text_is_a_text_of_its_own(parts: list[str]) -> None:
    utf8 = Page("".join(parts)).utf8
    bounds = np.cumsum([0, *(len(part.encode()) for part in parts)])
    assert sentence_counts(utf8, bounds[:-1], bounds[1:]).tolist() == [len(english_sentences(part)) for part in parts]
    for part, start, end in zip(parts, bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        alone, within = compiled_words(Page(part).utf8), words_between(utf8, start, end)
        assert (within[0] - start).tolist() == alone[0].tolist()
        assert (within[1] - start).tolist() == alone[1].tolist()
        assert within[2].tolist() == alone[2].tolist()


HOSTILE = [
    "(",
    ".",
    "a.",
    "a.b@",
    "x://",
    "@",
    "'",
    "-a",
    "5m",
    "…",
    ":(",
    ": ( ",
    "a,",
    "日",
    "\n",
    " .",
    "a_",
    "1.",
    "¯\\",
]


@pytest.mark.parametrize("piece", HOSTILE, ids=repr)
def test_time_is_linear_in_hostile_text(piece: str) -> None:
    """A megabyte of one piece: square time would take hours."""
    utf8 = Page(piece * (1_000_000 // len(piece.encode()))).utf8
    started = time.process_time()
    compiled_words(utf8)
    sentence_count(utf8, 0, utf8.size)
    assert time.process_time() - started < 2
