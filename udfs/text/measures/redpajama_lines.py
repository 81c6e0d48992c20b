"""RedPajama-V2's quality signals of lines, one number for a page.

Published are lists with a value for each line; here it is the mean of the list (for `javascript` its sum), which the
published lists give too. Lines end at U+000A, which belongs to its line and counts in raw lengths; empty lines count.
Published values are rounded to 8 digits, these are not. Source and words: `udfs.text.measures.redpajama`. None for an
empty page, which has no lines.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from udfs.text.measures.redpajama import normalised
from udfs.text.page import Page

_ELLIPSES = ("...", "…")
_TERMINALS = (".", "!", "?", "”")
# Bullet, triangular bullet, black triangles to the right and left, white bullet, black and white square, small black
# and white square, en dash.
_BULLETS = tuple("\u2022\u2023\u25b6\u25c0\u25e6\u25a0\u25a1\u25aa\u25ab\u2013")


def raw_lines(page: Page) -> list[str]:
    """Lines with their ends; ask with `page.once`."""
    *ended, last = page.text.split("\n")
    return [line + "\n" for line in ended] + ([last] if last else [])


def normalised_lines(page: Page) -> list[str]:
    """The lines, each normalised by itself; ask with `page.once`."""
    return list(map(normalised, page.once(raw_lines)))


def _mean(values: Iterable[float]) -> float | None:
    total, number = 0.0, 0
    for value in values:  # one by one: sum() of Python 3.12 rounds otherwise
        total += value
        number += 1
    return total / number if number else None


def rps_doc_frac_lines_end_with_ellipsis(page: Page) -> float | None:
    """Share of lines that end in `...` or `…`, white space left out."""
    return _mean(line.rstrip().endswith(_ELLIPSES) for line in page.once(raw_lines))


def rps_lines_ending_with_terminal_punctution_mark(page: Page) -> float | None:
    """Share of lines that end in `.`, `!`, `?` or `”`, white space left out. (The published name is spelt so.)"""
    return _mean(line.rstrip().endswith(_TERMINALS) for line in page.once(raw_lines))


def rps_lines_start_with_bulletpoint(page: Page) -> float | None:
    """Share of lines that begin with one of ten bullets (neither `*` nor `-`), white space left out."""
    return _mean(line.lstrip().startswith(_BULLETS) for line in page.once(raw_lines))


def rps_lines_uppercase_letter_fraction(page: Page) -> float | None:
    """Mean over lines of upper-case letters per code point."""
    return _mean(sum(map(str.isupper, line)) / len(line) for line in page.once(raw_lines))


def rps_lines_numerical_chars_fraction(page: Page) -> float | None:
    """Mean over lines of numeric characters (Unicode's, so also `½`) per code point of the normalised line."""
    lines = page.once(normalised_lines)
    return _mean(sum(map(str.isnumeric, line)) / len(line) if line else 0.0 for line in lines)


def rps_lines_num_words(page: Page) -> float | None:
    """Normalised words per line."""
    return _mean(len(line.split()) for line in page.once(normalised_lines))


def rps_lines_javascript_counts(page: Page) -> float | None:
    """Normalised words that are `javascript`: the sum over the lines."""
    return sum(line.split().count("javascript") for line in page.once(normalised_lines))


MEASURES: Mapping[str, Callable[..., float | None]] = MappingProxyType(
    {
        measure.__name__: measure
        for measure in (
            rps_doc_frac_lines_end_with_ellipsis,
            rps_lines_ending_with_terminal_punctution_mark,
            rps_lines_start_with_bulletpoint,
            rps_lines_uppercase_letter_fraction,
            rps_lines_numerical_chars_fraction,
            rps_lines_num_words,
            rps_lines_javascript_counts,
        )
    }
)
