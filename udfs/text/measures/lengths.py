"""Lengths: characters, lines and paragraphs of a page, and what earlier cuts took from it. The other filters of DCLM
(content_filters.py) that need nothing but the text; words and their lengths are in `udfs.text.measures.quality`."""

from collections.abc import Callable, Mapping
from math import inf
from types import MappingProxyType

from udfs.text.measures.quality import word_count
from udfs.text.page import Page, Words


def character_count(page: Page) -> float | None:
    """Code points of the text. DCLM `page_length_filter` (char); its C4 recipe: at most 190,000."""
    return len(page.text)


def line_count(page: Page) -> float | None:
    """Lines that are not blank. DCLM `page_length_filter` (line)."""
    return len(page.lines)


def paragraph_count(page: Page) -> float | None:
    """Paragraphs (cut at blank lines: `\\n\\n`) that are not blank. DCLM `page_length_filter` (paragraph)."""
    return sum(not part.isspace() for part in page.text.split("\n\n") if part)


def longest_line_length(page: Page) -> float | None:
    """Code points of the longest line; infinite for an empty page, which is rejected so. DCLM `line_length_filter`
    (max), from RedPajama's GitHub rules: at most 1,000.

    Lines as `str.splitlines` cuts them, at U+2028 and form feeds too."""
    return max(map(len, page.text.splitlines()), default=inf)


def mean_line_length(page: Page) -> float | None:
    """Code points per line, blank lines included; infinite for an empty page. DCLM `line_length_filter` (avg),
    RedPajama: at most 100. Lines as in `longest_line_length`."""
    lines = page.text.splitlines()
    return sum(map(len, lines)) / len(lines) if lines else inf


def alphanumeric_ratio(page: Page) -> float | None:
    """Share of code points that are letters or digits; 0 for an empty page. DCLM `alphanumeric_char_ratio_filter`, from
    RedPajama's GitHub rules: at least 0.25."""
    return sum(map(str.isalnum, page.text)) / len(page.text) if page.text else 0.0


def removed_words_ratio(
    page: Page, since: str = "word_count", words: Words = "fasttext", punctuation: bool = False
) -> float | None:
    """Share of the words that the steps since step `since`, which measured `word_count`, took from the page; 1 where
    there were none. DCLM `word_removal_ratio_filter`: at most 0.05. Absent where `since` has no signal for the page.

    `words` and `punctuation` are those of the earlier step."""
    before = page.past.get(since)
    if before is None:
        return None
    now = word_count(page, words, punctuation, scripts="any") or 0
    return (before - now) / before if before else 1.0


MEASURES: Mapping[str, Callable[..., float | None]] = MappingProxyType(
    {
        "character_count": character_count,
        "line_count": line_count,
        "paragraph_count": paragraph_count,
        "longest_line_length": longest_line_length,
        "mean_line_length": mean_line_length,
        "alphanumeric_ratio": alphanumeric_ratio,
        "removed_words_ratio": removed_words_ratio,
    }
)
