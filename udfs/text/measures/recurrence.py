"""Recurrence: how much of a page is lines, paragraphs or word n-grams that it has had before.

Gopher's measures (Rae et al. 2021, arXiv 2112.11446, table A1) as datatrove 0.10.1 counts them
(`GopherRepetitionFilter`): the second copy counts and later ones do, the first does not; characters are shares of the
whole text. DCLM counts all copies (`udfs.text.measures.repetition`). Segments are taken as they stand, not stripped;
words are those of `udfs.text.measures.gopher`. Reasons of datatrove are quoted with the limits."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from udfs.text.measures.fineweb import written_lines
from udfs.text.measures.gopher import words_of
from udfs.text.page import Page

_LINE_BREAKS = re.compile("\n+")
_PARAGRAPH_BREAKS = re.compile("\n{2,}")


class Recurrence(NamedTuple):
    """What of a list of segments has been there before."""

    segments: int  # all of them
    copies: int  # those that equal an earlier one
    copied_characters: int  # code points of these


def recurring_paragraphs_ratio(page: Page) -> float | None:
    """Share of paragraphs (cut at blank lines: two line feeds or more) that stood on the page before.
    `dup_para_frac`: at most 0.3."""
    found = page.once(_paragraphs)
    return found.copies / found.segments


def recurring_paragraph_characters_ratio(page: Page) -> float | None:
    """Share of the text's characters in paragraphs that stood on the page before; 0 for an empty page.
    `dup_para_char_frac`: at most 0.2."""
    return page.once(_paragraphs).copied_characters / len(page.text) if page.text else 0.0


def recurring_lines_ratio(page: Page) -> float | None:
    """Share of lines (cut at runs of line feeds, so that an empty one can be first and last) that stood on the page
    before. `dup_line_frac`: at most 0.3."""
    found = page.once(_lines)
    return found.copies / found.segments


def recurring_line_characters_ratio(page: Page, blank_lines: bool = True) -> float | None:
    """Share of the text's characters in lines that stood on the page before; 0 for a page without characters.
    `dup_line_char_frac`: at most 0.2.

    Without `blank_lines` lines of white space only are left out and line feeds are no characters of the text: FineWeb's
    form (`FineWebQualityFilter`), `char_dup_ratio`: at most 0.01."""
    found = page.once(_lines if blank_lines else _written_lines)
    characters = len(page.text) - (0 if blank_lines else page.text.count("\n"))
    return found.copied_characters / characters if characters else 0.0


def commonest_ngram_characters_ratio(page: Page, n: int = 2) -> float | None:
    """Characters of the word n-gram that is most frequent (the first of several; with a space between its words) times
    its count, per character of the text; 0 where there are fewer than `n` words. `top_2_gram`: at most 0.20,
    `top_3_gram`: 0.18, `top_4_gram`: 0.16.

    An n-gram that is there only once counts too, so a short text may be all of it. Raises ValueError for n below 1."""
    words = _checked(words_of(page), n)
    if len(words) < n:
        return 0.0
    ngrams = Counter(" ".join(words[i : i + n]) for i in range(len(words) - n + 1))
    ngram, count = max(ngrams.items(), key=lambda one: one[1])  # the first of the most frequent, as most_common(1)
    return len(ngram) * count / len(page.text)


def recurring_ngram_characters_ratio(page: Page, n: int = 5) -> float | None:
    """Share of the text's characters in word n-grams that stood on the page before, white space not counted; 0 for a
    page without words. `duplicated_5_n_grams` to `duplicated_10_n_grams`: at most 0.15, 0.14, 0.13, 0.12, 0.11, 0.10.

    From left to right; behind such an n-gram the next one begins with the next word, so none counts twice. Two n-grams
    are equal when their words are without the spaces between them. Raises ValueError for n below 1."""
    words = _checked(words_of(page), n)
    seen: set[str] = set()
    characters = at = 0
    while at <= len(words) - n:
        ngram = "".join(words[at : at + n])
        if ngram in seen:
            characters += len(ngram)
            at += n
        else:
            seen.add(ngram)
            at += 1
    return characters / len(page.text) if page.text else 0.0


def _checked(words: list[str], n: int) -> list[str]:
    if n < 1:
        raise ValueError(f"n is {n}; n-grams have 1 word or more")
    return words


def _paragraphs(page: Page) -> Recurrence:
    return _recurrence(_PARAGRAPH_BREAKS.split(page.text.strip()))


def _lines(page: Page) -> Recurrence:
    return _recurrence(_LINE_BREAKS.split(page.text))


def _written_lines(page: Page) -> Recurrence:
    return _recurrence(page.once(written_lines))


def _recurrence(segments: Sequence[str]) -> Recurrence:
    seen: set[str] = set()
    copied = [one for one in segments if one in seen or seen.add(one)]  # type: ignore[func-returns-value]  # add is None
    return Recurrence(len(segments), len(copied), sum(map(len, copied)))


MEASURES: Mapping[str, Callable[..., float | None]] = MappingProxyType(
    {
        "recurring_paragraphs_ratio": recurring_paragraphs_ratio,
        "recurring_paragraph_characters_ratio": recurring_paragraph_characters_ratio,
        "recurring_lines_ratio": recurring_lines_ratio,
        "recurring_line_characters_ratio": recurring_line_characters_ratio,
        "commonest_ngram_characters_ratio": commonest_ngram_characters_ratio,
        "recurring_ngram_characters_ratio": recurring_ngram_characters_ratio,
    }
)
