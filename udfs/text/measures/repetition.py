"""Repetition: how much of a page is lines, paragraphs or word n-grams that it has more than once.

Gopher's measures (Rae et al. 2021, arXiv 2112.11446, table A1) as DCLM counts them (`repetition_filter` of
content_filters.py): all copies count, so two equal lines among six are 2/6. datatrove counts the repeats after the
first only; those measures are not here. Lines and paragraphs are stripped, empty ones left out; words are Unicode's
(UAX-29) that begin with a letter or digit, so neither white space nor punctuation counts as characters."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from udfs.text.page import Page


def duplicate_lines_ratio(page: Page, ignore_case: bool = False) -> float | None:
    """Share of lines that stand on the page more than once; 1 without lines. Gopher, DCLM: at most 0.3."""
    return _share(Counter(_folded(page, ignore_case).lines), characters=False)


def duplicate_paragraphs_ratio(page: Page, ignore_case: bool = False) -> float | None:
    """Share of paragraphs (cut at blank lines: `\\n\\n`) that stand there more than once; 1 without any. Gopher, DCLM:
    at most 0.3."""
    return _share(Counter(_paragraphs(_folded(page, ignore_case))), characters=False)


def duplicate_line_characters_ratio(page: Page, ignore_case: bool = False) -> float | None:
    """Share of the lines' characters in lines that stand on the page more than once; 1 without lines. Gopher, DCLM: at
    most 0.2."""
    return _share(Counter(_folded(page, ignore_case).lines), characters=True)


def duplicate_paragraph_characters_ratio(page: Page, ignore_case: bool = False) -> float | None:
    """Share of the paragraphs' characters in paragraphs that stand there more than once; 1 without any. Gopher, DCLM:
    at most 0.2."""
    return _share(Counter(_paragraphs(_folded(page, ignore_case))), characters=True)


def top_ngram_characters_ratio(page: Page, n: int = 2, ignore_case: bool = False) -> float | None:
    """Share of the words' characters in the n-gram that is most frequent, the longest of several; 0 where none is
    there twice, 1 for an empty page. Gopher, DCLM `most_common`: at most 0.20, 0.18, 0.16 for n = 2, 3, 4.

    Overlapping occurrences count each in full, so `a a a` has 2-gram `a a` twice and a ratio of 4/3.
    """
    words = page.once(_counted_words, ignore_case)
    ngrams = Counter(_ngrams(words, n))
    copies = max(ngrams.values(), default=1)
    if copies == 1:
        return 0.0 if page.text else 1.0
    longest = max(sum(map(len, ngram)) for ngram, count in ngrams.items() if count == copies)
    return longest * copies / sum(map(len, words))


def repeated_ngram_characters_ratio(page: Page, n: int = 5, ignore_case: bool = False) -> float | None:
    """Share of the words' characters inside n-grams that occur more than once, each word counted once; 0 where none
    does, 1 for an empty page. Gopher, DCLM `all`: at most 0.15, 0.14, 0.13, 0.12, 0.11, 0.10 for n = 5 to 10."""
    words = page.once(_counted_words, ignore_case)
    ngrams = Counter(_ngrams(words, n))
    covered, done = 0, 0
    for start, ngram in enumerate(_ngrams(words, n)):
        if ngrams[ngram] > 1:
            covered += sum(map(len, words[max(start, done) : start + n]))
            done = start + n
    if not covered:
        return 0.0 if page.text else 1.0
    return covered / sum(map(len, words))


def _folded(page: Page, ignore_case: bool) -> Page:
    return page.once(_lowered) if ignore_case else page


def _lowered(page: Page) -> Page:
    return Page(page.text.lower())


def _paragraphs(page: Page) -> list[str]:
    return [stripped for paragraph in page.text.split("\n\n") if (stripped := paragraph.strip())]


def _counted_words(page: Page, ignore_case: bool) -> list[str]:
    return [word for word in _folded(page, ignore_case).words_by("unicode") if word[0].isalnum()]


def check_n(n: int) -> None:
    """Raise ValueError unless there are n-grams of n words."""
    if n < 1:
        raise ValueError(f"n is {n}; n-grams have 1 word or more")


def _ngrams(words: list[str], n: int) -> Iterator[tuple[str, ...]]:
    check_n(n)
    return zip(*(words[i:] for i in range(n)), strict=False)


def _share(copies: Counter[str], characters: bool) -> float:
    """The share of segments, or of their characters, whose segment occurs more than once."""
    repeated, total = 0, 0
    for segment, count in copies.items():
        size = count * (len(segment) if characters else 1)
        total += size
        repeated += size if count > 1 else 0
    return repeated / total if total else 1.0


MEASURES: Mapping[str, Callable[..., float | None]] = MappingProxyType(
    {
        "duplicate_lines_ratio": duplicate_lines_ratio,
        "duplicate_paragraphs_ratio": duplicate_paragraphs_ratio,
        "duplicate_line_characters_ratio": duplicate_line_characters_ratio,
        "duplicate_paragraph_characters_ratio": duplicate_paragraph_characters_ratio,
        "top_ngram_characters_ratio": top_ngram_characters_ratio,
        "repeated_ngram_characters_ratio": repeated_ngram_characters_ratio,
    }
)
