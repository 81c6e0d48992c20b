"""RedPajama-V2's quality signals of repetition: word n-grams of the normalised text.

As in Gopher (Rae et al. 2021, table A1), whose limits are 0.20, 0.18 and 0.16 for the top 2-, 3- and 4-gram and 0.15,
0.14, 0.13, 0.12, 0.11 and 0.10 for the repeated 5- to 10-grams. Characters are code points of words, white space left
out. Published values are rounded to 8 digits, these are not. Source and words: `udfs.text.measures.redpajama`.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from types import MappingProxyType

from udfs.text.measures.redpajama import normalised_words
from udfs.text.page import Page


def _ngrams(words: list[str], n: int) -> list[tuple[str, ...]]:
    return list(zip(*(words[i:] for i in range(n)), strict=False))


def _top(page: Page, n: int) -> float:
    """Characters of the commonest n-gram (of equally common ones the first) times its count, per character; 0 where
    none occurs twice. Its copies may overlap, so it can pass 1."""
    words = page.once(normalised_words)
    commonest = Counter(_ngrams(words, n)).most_common(1)
    if not commonest or commonest[0][1] < 2:
        return 0.0
    ngram, count = commonest[0]
    return sum(map(len, ngram)) * count / sum(map(len, words))


def _duplicated(page: Page, n: int) -> float:
    """Characters of words in n-grams that occur twice or more, all copies and each word once, per character."""
    words = page.once(normalised_words)
    ngrams = _ngrams(words, n)
    counts = Counter(ngrams)
    marked = {i + k for i, ngram in enumerate(ngrams) if counts[ngram] > 1 for k in range(n)}
    return sum(len(words[i]) for i in marked) / sum(map(len, words)) if words else 0.0


def rps_doc_frac_chars_top_2gram(page: Page) -> float | None:
    """Share of characters in the commonest 2-gram. Gopher: at most 0.20."""
    return _top(page, 2)


def rps_doc_frac_chars_top_3gram(page: Page) -> float | None:
    """Share of characters in the commonest 3-gram. Gopher: at most 0.18."""
    return _top(page, 3)


def rps_doc_frac_chars_top_4gram(page: Page) -> float | None:
    """Share of characters in the commonest 4-gram. Gopher: at most 0.16."""
    return _top(page, 4)


def rps_doc_frac_chars_dupe_5grams(page: Page) -> float | None:
    """Share of characters in repeated 5-grams. Gopher: at most 0.15."""
    return _duplicated(page, 5)


def rps_doc_frac_chars_dupe_6grams(page: Page) -> float | None:
    """Share of characters in repeated 6-grams. Gopher: at most 0.14."""
    return _duplicated(page, 6)


def rps_doc_frac_chars_dupe_7grams(page: Page) -> float | None:
    """Share of characters in repeated 7-grams. Gopher: at most 0.13."""
    return _duplicated(page, 7)


def rps_doc_frac_chars_dupe_8grams(page: Page) -> float | None:
    """Share of characters in repeated 8-grams. Gopher: at most 0.12."""
    return _duplicated(page, 8)


def rps_doc_frac_chars_dupe_9grams(page: Page) -> float | None:
    """Share of characters in repeated 9-grams. Gopher: at most 0.11."""
    return _duplicated(page, 9)


def rps_doc_frac_chars_dupe_10grams(page: Page) -> float | None:
    """Share of characters in repeated 10-grams. Gopher: at most 0.10."""
    return _duplicated(page, 10)


MEASURES: Mapping[str, Callable[..., float | None]] = MappingProxyType(
    {
        measure.__name__: measure
        for measure in (
            rps_doc_frac_chars_top_2gram,
            rps_doc_frac_chars_top_3gram,
            rps_doc_frac_chars_top_4gram,
            rps_doc_frac_chars_dupe_5grams,
            rps_doc_frac_chars_dupe_6grams,
            rps_doc_frac_chars_dupe_7grams,
            rps_doc_frac_chars_dupe_8grams,
            rps_doc_frac_chars_dupe_9grams,
            rps_doc_frac_chars_dupe_10grams,
        )
    }
)
