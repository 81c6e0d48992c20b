"""FineWeb's quality rules (Penedo et al. 2024, arXiv 2406.17557, section 3.6) as datatrove 0.10.1 measures them
(`FineWebQualityFilter`, language English).

Lines are cut at line feeds, and those of white space only are left out; the rest is taken as it stands: a line that
ends in a space ends in no punctuation. Reasons of datatrove are quoted with the limits. Its first, `empty`, is
`line_count` at least 1 (`udfs.text.measures.lengths`); `char_dup_ratio` is `recurring_line_characters_ratio` without
blank lines (`udfs.text.measures.recurrence`)."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from udfs.text.measures.gopher import words_of
from udfs.text.page import Page
from udfs.text.symbols import SENTENCE_ENDS


def punctuated_lines_ratio(page: Page, marks: str = SENTENCE_ENDS, exclude_zero: bool = False) -> float | None:
    """Share of lines that end in one of `marks`; 0 without lines. `line_punct_ratio`: at least 0.12.

    With `exclude_zero` absent for a page that has no such line (datatrove's `line_punct_exclude_zero`)."""
    lines = page.once(written_lines)
    ratio = sum(line[-1] in marks for line in lines) / len(lines) if lines else 0.0
    return None if exclude_zero and not ratio else ratio


def short_lines_ratio(page: Page, longest: int = 30) -> float | None:
    """Share of lines of at most `longest` code points; 0 without lines. `short_line_ratio`: at most 0.67."""
    lines = page.once(written_lines)
    return sum(len(line) <= longest for line in lines) / len(lines) if lines else 0.0


def line_feeds_per_word(page: Page) -> float | None:
    """Line feeds per English word; absent without words. `list_ratio`: at most 0.3."""
    words = words_of(page)
    return page.text.count("\n") / len(words) if words else None


def written_lines(page: Page) -> list[str]:
    """The lines that are not blank, as they stand."""
    return [line for line in page.text.split("\n") if line and not line.isspace()]


MEASURES: Mapping[str, Callable[..., float | None]] = MappingProxyType(
    {
        "punctuated_lines_ratio": punctuated_lines_ratio,
        "short_lines_ratio": short_lines_ratio,
        "line_feeds_per_word": line_feeds_per_word,
    }
)
