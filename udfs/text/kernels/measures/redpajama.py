"""Compiled twin of `udfs.text.measures.redpajama`.

Normalising beyond ASCII (lower case in context, NFD) is left to the interpreter's own C code, so that it cannot differ;
the rest is counted over bytes. Two words with equal 64-bit hashes are taken as equal."""

import string
import unicodedata
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from udfs.text.kernels.compiling import compiled
from udfs.text.kernels.pii_words import Hashes, hashes
from udfs.text.kernels.redpajama_raw import raw_counts, stop_words
from udfs.text.kernels.spans import Offsets, Utf8
from udfs.text.kernels.words import space_words, word_facts
from udfs.text.measures import redpajama
from udfs.text.measures.quality import Language
from udfs.text.measures.redpajama import entropy
from udfs.text.page import Page
from udfs.text.stop_words import STOP_WORDS

_TO_LOWER = bytes(range(256)).lower()
_PUNCTUATION = string.punctuation.encode()
_UNEVEN = "\u0130\u03a3"  # letters whose lower case is two characters, or depends on their neighbours


class Words(NamedTuple):
    """The normalised words."""

    lengths: Offsets  # code points of each, shape (words,)
    hashes: Hashes  # shape (words,)
    characters: int  # sum of the lengths


class _Raw(NamedTuple):
    """Counts of the raw text."""

    words: int
    all_caps: int
    without_letter: int
    without_latin: int  # letter, a-z and A-Z
    sentences: int
    symbols: int
    brackets: int
    characters: int


def normalised(page: Page) -> Utf8:
    """The text as `redpajama.normalised` has it, but with its white space as it was; ask with `page.once`."""
    bare = page.utf8.tobytes().translate(_TO_LOWER, _PUNCTUATION)
    if not bare.isascii():
        bare = unicodedata.normalize("NFD", bare.decode().lower()).encode()
    return np.frombuffer(bare, np.uint8)


def words(page: Page) -> Words:
    """The normalised words; ask with `page.once`."""
    text = page.once(normalised)
    _, lengths, found = word_facts(text, *space_words(text))
    return Words(lengths, found, int(lengths.sum()))


def _raw(page: Page) -> _Raw:
    return _Raw(*raw_counts(page.utf8))


def _counts(page: Page) -> Offsets:
    """How often each normalised word occurs, in no order."""
    return _distinct(page.once(words).hashes)


def rps_doc_word_count(page: Page) -> float | None:
    """See the definition."""
    return len(page.once(words).lengths)


def rps_doc_mean_word_length(page: Page) -> float | None:
    """See the definition."""
    found = page.once(words)
    return found.characters / len(found.lengths) if len(found.lengths) else None


def rps_doc_frac_unique_words(page: Page) -> float | None:
    """See the definition."""
    number = len(page.once(words).lengths)
    return len(page.once(_counts)) / number if number else None


def rps_doc_unigram_entropy(page: Page) -> float | None:
    """See the definition."""
    number = len(page.once(words).lengths)
    if not number:
        return None
    often = np.bincount(page.once(_counts))
    counts = often.nonzero()[0]
    return entropy(list(zip(counts.tolist(), often[counts].tolist(), strict=True)), number)


def rps_doc_frac_all_caps_words(page: Page) -> float | None:
    """See the definition."""
    raw = page.once(_raw)
    return raw.all_caps / raw.words if raw.words else None


def rps_doc_frac_no_alph_words(page: Page, faithful: bool = False) -> float | None:
    """See the definition."""
    raw = page.once(_raw)
    return (raw.without_latin if faithful else raw.without_letter) / raw.words if raw.words else None


def rps_doc_symbol_to_word_ratio(page: Page) -> float | None:
    """See the definition."""
    raw = page.once(_raw)
    return raw.symbols / raw.words if raw.words else None


def rps_doc_num_sentences(page: Page) -> float | None:
    """See the definition."""
    return page.once(_raw).sentences


def rps_doc_stop_word_fraction(page: Page, language: Language = "page", faithful: bool = False) -> float | None:
    """See the definition."""
    raw = page.once(_raw)
    language = page.detected[0] if language == "page" else language  # type: ignore[assignment]  # any that is detected
    if not raw.words or language not in STOP_WORDS:
        return None
    text = page.utf8
    if not faithful and raw.characters < len(text):
        if any(letter in page.text for letter in _UNEVEN):
            return redpajama.rps_doc_stop_word_fraction(page, language, faithful)
        text = np.frombuffer(page.text.lower().encode(), np.uint8)
    elif not faithful:
        text = np.frombuffer(text.tobytes().lower(), np.uint8)
    return stop_words(text, _stop_hashes(language)) / raw.words


@lru_cache
def _stop_hashes(language: str) -> Hashes:
    return hashes(STOP_WORDS[language])


def rps_doc_curly_bracket(page: Page) -> float | None:
    """See the definition."""
    raw = page.once(_raw)
    return raw.brackets / raw.characters if raw.characters else 0.0


def rps_doc_lorem_ipsum(page: Page) -> float | None:
    """See the definition."""
    text = page.once(normalised).tobytes()
    if b"lorem" not in text:
        return 0.0
    spaced = " ".join(text.decode().split())
    return spaced.count("lorem ipsum") / len(spaced)


@compiled
def _distinct(words: Hashes) -> Offsets:
    """How often each distinct hash occurs, by first occurrence; shape (distinct,)."""
    size = 16
    while size < 2 * len(words):
        size *= 2
    places = np.zeros(size, np.int64)  # number of the word + 1; 0 is free
    firsts, counts = np.empty(len(words), np.uint64), np.zeros(len(words), np.int64)
    distinct = 0
    for word in words:
        place = np.int64(word) & (size - 1)
        while places[place] and firsts[places[place] - 1] != word:
            place = (place + 1) & (size - 1)
        if places[place] == 0:
            firsts[distinct] = word
            distinct += 1
            places[place] = distinct
        counts[places[place] - 1] += 1
    return counts[:distinct]


MEASURES: Mapping[str, Callable[..., float | None]] = MappingProxyType(
    {
        measure.__name__: measure
        for measure in (
            rps_doc_word_count,
            rps_doc_mean_word_length,
            rps_doc_frac_unique_words,
            rps_doc_unigram_entropy,
            rps_doc_frac_all_caps_words,
            rps_doc_frac_no_alph_words,
            rps_doc_symbol_to_word_ratio,
            rps_doc_num_sentences,
            rps_doc_stop_word_fraction,
            rps_doc_curly_bracket,
            rps_doc_lorem_ipsum,
        )
    }
)
