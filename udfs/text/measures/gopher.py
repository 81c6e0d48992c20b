"""Gopher's quality rules (Rae et al. 2021, arXiv 2112.11446, appendix A.1.1) as datatrove 0.10.1 measures them
(`GopherQualityFilter`, language English).

Words are spaCy's for English (`udfs.text.english.words`), so punctuation is words too; lines are those of
`str.splitlines`, blank ones included. Neither is so in DCLM's form of these rules (`udfs.text.measures.quality`). Pages
in other languages are measured as if they were English, as datatrove does unless it is told otherwise. Reasons of
datatrove are quoted with the limits."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from udfs.text.english.words import english_words
from udfs.text.page import Page
from udfs.text.symbols import SYMBOLS

STOP_WORDS = ("the", "be", "to", "of", "and", "that", "have", "with")


def words_of(page: Page) -> list[str]:
    """The page's English words."""
    return page.once(_english_words)


def non_symbol_word_count(page: Page) -> float | None:
    """Words with a character that is no symbol (`udfs.text.symbols`). `gopher_short_doc`: at least 50;
    `gopher_long_doc`: at most 100,000."""
    return len(page.once(_non_symbol_words))


def mean_non_symbol_word_length(page: Page) -> float | None:
    """Code points per word that has a character that is no symbol; absent without such words.
    `gopher_below_avg_threshold`: at least 3; `gopher_above_avg_threshold`: at most 10."""
    words = page.once(_non_symbol_words)
    return sum(map(len, words)) / len(words) if words else None


def hashes_per_word(page: Page) -> float | None:
    """Hash signs per word; absent without words. `gopher_too_many_hashes`: at most 0.1."""
    words = words_of(page)
    return page.text.count("#") / len(words) if words else None


def ellipses_per_word(page: Page) -> float | None:
    """Ellipses (`...`, `…`) per word; absent without words. `gopher_too_many_ellipsis`: at most 0.1."""
    words = words_of(page)
    return (page.text.count("...") + page.text.count("…")) / len(words) if words else None


def bulleted_lines_ratio(page: Page) -> float | None:
    """Share of all lines that begin with a bullet (`•`, `-`) behind white space; 0 without lines.
    `gopher_too_many_bullets`: at most 0.9."""
    lines = page.text.splitlines()
    return sum(line.lstrip().startswith(("•", "-")) for line in lines) / len(lines) if lines else 0.0


def trailing_ellipsis_lines_ratio(page: Page) -> float | None:
    """Share of all lines that end in an ellipsis (`...`, `…`) before white space; 0 without lines.
    `gopher_too_many_end_ellipsis`: at most 0.3."""
    lines = page.text.splitlines()
    return sum(line.rstrip().endswith(("...", "…")) for line in lines) / len(lines) if lines else 0.0


def alphabetic_words_ratio(page: Page) -> float | None:
    """Share of words with a letter; absent without words. `gopher_below_alpha_threshold`: at least 0.8.

    Punctuation counts as words without a letter, so this is much stricter than Gopher's rule."""
    words = words_of(page)
    return sum(any(map(str.isalpha, word)) for word in words) / len(words) if words else None


def distinct_stop_words(page: Page, stop_words: Sequence[str] = STOP_WORDS) -> float | None:
    """How many of the stop words are among the words, letter for letter: `The` is none. `gopher_enough_stop_words`:
    at least 2."""
    return len(set(stop_words).intersection(words_of(page)))


def _english_words(page: Page) -> list[str]:
    return [page.text[start:end] for start, end in english_words(page.text)]


def _non_symbol_words(page: Page) -> list[str]:
    return [word for word in words_of(page) if not SYMBOLS.issuperset(word)]


MEASURES: Mapping[str, Callable[..., float | None]] = MappingProxyType(
    {
        "non_symbol_word_count": non_symbol_word_count,
        "mean_non_symbol_word_length": mean_non_symbol_word_length,
        "hashes_per_word": hashes_per_word,
        "ellipses_per_word": ellipses_per_word,
        "bulleted_lines_ratio": bulleted_lines_ratio,
        "trailing_ellipsis_lines_ratio": trailing_ellipsis_lines_ratio,
        "alphabetic_words_ratio": alphabetic_words_ratio,
        "distinct_stop_words": distinct_stop_words,
    }
)
