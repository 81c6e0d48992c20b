"""RedPajama-V2's quality signals of whole documents, under their published names.

Source: Weber et al. 2024 (arXiv 2411.12372) and the code of togethercomputer/RedPajama-Data (`quality_signals`). Two
kinds of words, as published: *raw* words are runs of letters, digits and `_` or runs of other signs (so a comma is a
word); *normalised* words are what white space separates after ASCII punctuation is deleted, letters are lower-cased
and the text is decomposed (NFD). Published values are rounded to 8 digits, these are not. None where there are no
words.

Raw words are those of Python's `re`, as NLTK cut them when the signals were published; NLTK 3.10 cuts with another
library and keeps combining marks inside words.

Not here: the signals of lines (`redpajama_lines`) and of n-grams (`redpajama_repetition`), bad words and blocked URLs
(rps_doc_ldnoobw_words, rps_doc_ut1_blacklist: the measures that read lists), and what needs a model of its own
(rps_doc_ml_*, *_importance). No thresholds were published with the signals; those of recipes built on them are theirs.
"""

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping
from math import log
from types import MappingProxyType

from udfs.text.measures.quality import Language
from udfs.text.page import Page
from udfs.text.stop_words import STOP_WORDS

_PUNCTUATION = str.maketrans("", "", string.punctuation)
_WHITE_SPACE = re.compile(r"\s+")
_RAW_WORD = re.compile(r"\w+|[^\w\s]+")
_SENTENCE = re.compile(r"\b[^.!?]+[.!?]*")
_LATIN_LETTER = re.compile("[A-Za-z]")
_SYMBOLS = ("#", "...", "…")


def normalised(text: str) -> str:
    """`text` without ASCII punctuation, in lower case, with single spaces between words, in NFD."""
    bare = text.translate(_PUNCTUATION).lower()
    return unicodedata.normalize("NFD", _WHITE_SPACE.sub(" ", bare.strip()))


def normalised_words(page: Page) -> list[str]:
    """Words of the normalised text; ask with `page.once`."""
    return normalised(page.text).split()


def raw_words(page: Page) -> list[str]:
    """Runs of letters, digits and `_`, and runs of other signs; ask with `page.once`."""
    return _RAW_WORD.findall(page.text)


def rps_doc_word_count(page: Page) -> float | None:
    """Normalised words."""
    return len(page.once(normalised_words))


def rps_doc_mean_word_length(page: Page) -> float | None:
    """Code points per normalised word, a letter and its accent being two (NFD)."""
    words = page.once(normalised_words)
    return sum(map(len, words)) / len(words) if words else None


def rps_doc_frac_unique_words(page: Page) -> float | None:
    """Distinct normalised words per word."""
    words = page.once(normalised_words)
    return len(set(words)) / len(words) if words else None


def rps_doc_unigram_entropy(page: Page) -> float | None:
    """Entropy of the normalised words' distribution, in nats.

    Words that occur equally often are summed together, in order of their counts, so that the last digits do not depend
    on the order of the text.
    """
    words = page.once(normalised_words)
    often = Counter(Counter(words).values())
    return entropy(sorted(often.items()), len(words)) if words else None


def entropy(often: list[tuple[int, int]], total: int) -> float:
    """Entropy where `often` says (count, how many words occur so often) and `total` is the number of words."""
    sum_ = 0.0
    for count, how_many in often:
        share = count / total
        sum_ -= how_many * share * log(share)
    return sum_


def rps_doc_frac_all_caps_words(page: Page) -> float | None:
    """Share of raw words in upper case (a letter at least, no lower-case one)."""
    words = page.once(raw_words)
    return sum(map(str.isupper, words)) / len(words) if words else None


def rps_doc_frac_no_alph_words(page: Page, faithful: bool = False) -> float | None:
    """Share of raw words without a letter. Punctuation counts as a word, so prose has about 0.15.

    Published code takes only a-z and A-Z for letters, so that all of a Russian or Thai text has none: `faithful`.
    """
    words = page.once(raw_words)
    if not words:
        return None
    if faithful:
        return sum(not _LATIN_LETTER.search(word) for word in words) / len(words)
    return sum(not any(map(str.isalpha, word)) for word in words) / len(words)


def rps_doc_symbol_to_word_ratio(page: Page) -> float | None:
    """`#`, `...` and `…` per raw word. As Gopher's, but by other words and with both symbols in one sum."""
    words = page.once(raw_words)
    return sum(map(page.text.count, _SYMBOLS)) / len(words) if words else None


def rps_doc_num_sentences(page: Page) -> float | None:
    """Stretches without `.`, `!` and `?` that have a letter, digit or `_`; from the raw text."""
    return len(_SENTENCE.findall(page.text))


def rps_doc_stop_word_fraction(page: Page, language: Language = "page", faithful: bool = False) -> float | None:
    """Stop words of a language per raw word; None for a language without a list (`udfs.text.stop_words`).

    Published code compares words as they stand, so that `The` is none: `faithful`. The lists are not the published ones
    (stopwords-json), which are ten times as long and more, so values are lower.
    """
    words = page.once(raw_words)
    stop_words = STOP_WORDS.get(page.detected[0] if language == "page" else language) if words else None
    if stop_words is None:
        return None
    return sum((word if faithful else word.lower()) in stop_words for word in words) / len(words)


def rps_doc_curly_bracket(page: Page) -> float | None:
    """`{` and `}` per code point of the raw text; 0 for an empty one."""
    return (page.text.count("{") + page.text.count("}")) / len(page.text) if page.text else 0.0


def rps_doc_lorem_ipsum(page: Page) -> float | None:
    """`lorem ipsum` per code point of the normalised text; 0 for an empty one."""
    text = " ".join(page.once(normalised_words))
    return text.count("lorem ipsum") / len(text) if text else 0.0


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
