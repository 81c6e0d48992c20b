"""Compiled lengths. The definitions are in `udfs.text.measures.lengths`."""

from collections.abc import Callable, Mapping
from math import inf
from types import MappingProxyType

import numpy as np

from udfs.text.kernels.characters import LINE_END, Utf8, classes_of, count_code_points, decode
from udfs.text.kernels.compiling import compiled
from udfs.text.kernels.measures.quality import counts, word_count
from udfs.text.kernels.segments import visible_lines
from udfs.text.page import Page, Words

_RETURN, _NEWLINE = 13, 10


def character_count(page: Page) -> float | None:
    """See the definition."""
    return page.once(_characters)


def _characters(page: Page) -> int:
    return int(count_code_points(page.utf8, 0, len(page.utf8)))


def line_count(page: Page) -> float | None:
    """See the definition."""
    return len(page.once(visible_lines).starts)


def paragraph_count(page: Page) -> float | None:
    """See the definition."""
    return int(np.count_nonzero(page.once(visible_lines).opens))


def longest_line_length(page: Page) -> float | None:
    """See the definition."""
    lines, _, longest = page.once(_line_lengths)
    return longest if lines else inf


def mean_line_length(page: Page) -> float | None:
    """See the definition."""
    lines, characters, _ = page.once(_line_lengths)
    return characters / lines if lines else inf


def _line_lengths(page: Page) -> tuple[int, int, int]:
    """Lines as `str.splitlines` cuts them, their characters, and those of the longest."""
    return _lengths(page.utf8)


@compiled
def _lengths(text: Utf8) -> tuple[int, int, int]:
    lines = characters = longest = length = at = 0
    is_open = False  # whether a line has begun
    while at < text.size:
        code, width = decode(text, at)
        at += width
        is_open = not classes_of(code) & LINE_END
        if is_open:
            length += 1
            continue
        at += code == _RETURN and at < text.size and text[at] == _NEWLINE
        lines, characters, longest, length = lines + 1, characters + length, max(longest, length), 0
    return lines + is_open, characters + length, max(longest, length)


def alphanumeric_ratio(page: Page) -> float | None:
    """See the definition."""
    found = page.once(counts)
    return found.alphanumeric / found.characters if found.characters else 0.0


def removed_words_ratio(
    page: Page, since: str = "word_count", words: Words = "fasttext", punctuation: bool = False
) -> float | None:
    """See the definition."""
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
