"""Pages with their main text, as lines with labels, and what a refiner leaves of them.

The lines are all visible text that resiliparse takes from the HTML, cut at newlines; which of them stay, the gold text
says (`udfs.programs.labels`). A refiner is given all of them, but blank ones, a quarter of the lines, count for
nothing. Pages whose gold text is hardly in their HTML, and very short or long ones, are no use: gold_coverage under
MIN_COVERAGE, fewer than MIN_LINES lines that are not blank or more than MAX_LINES.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from jobs.evaluation.truth import Row, Text, read_rows
from jobs.review.lines import Kind, marked_lines
from udfs.programs.labels import keep_labels
from udfs.programs.refining import Refined

MIN_COVERAGE = 0.8
MIN_LINES, MAX_LINES = 3, 2000

Refine = Callable[[Sequence[str]], list[Refined]]
"""Texts -> what is left of each."""


class Page(NamedTuple):
    """A page as a refiner gets it, and the lines that should stay."""

    text: Text
    page_type: str  # empty where the file does not say
    keep: tuple[bool, ...]


class Counts(NamedTuple):
    """What a refiner did with a page, counted against the labels: lines that are not blank, and their characters
    without line ends.

    A line is kept that is left in part. Of its characters those are kept that no edit touches; what is put in counts
    for nothing.
    """

    lines_kept: int  # and should be
    lines_left: int  # but should go
    lines_lost: int  # but should stay
    lines_removed: int  # and should be
    chars_kept: int
    chars_left: int
    chars_lost: int
    chars_removed: int


def read_pages(paths: Sequence[Path], most: int = 0) -> list[Page]:
    """Pages of all files: id, source, html, gold_text, gold_coverage; lang and page_type where there are any. `most` a
    file. Raises ValueError in one sentence."""
    checks = {
        "id": (lambda value: isinstance(value, str) and bool(value), "a text"),
        "source": (lambda value: isinstance(value, str) and bool(value), "a text"),
        "html": (lambda value: isinstance(value, str), "the page"),
        "gold_text": (lambda value: value is None or isinstance(value, str), "a text or nothing"),
        "gold_coverage": (lambda value: value is None or isinstance(value, float), "a share or nothing"),
    }
    rows = [row for path in paths for row in read_rows(path, checks, ("lang", "page_type"), most)]
    rows.sort(key=lambda row: (row["source"], row["id"], row["html"]))
    found = [page for page in map(_page, rows) if page]
    if not found:
        raise ValueError(
            f"none of the {len(rows):,} pages has a gold text with a coverage of {MIN_COVERAGE} and {MIN_LINES} to "
            f"{MAX_LINES:,} lines; give pages with their main text."
        )
    return found


def _page(row: Row) -> Page | None:
    if not row["gold_text"] or not row["gold_coverage"] or row["gold_coverage"] < MIN_COVERAGE:
        return None
    text = visible_text(row["html"])
    lines = text.split("\n")
    if not MIN_LINES <= sum(not is_blank(line) for line in lines) <= MAX_LINES:
        return None
    about = Text(row["id"], row["source"], row.get("lang") or "", text)
    return Page(about, row.get("page_type") or "", tuple(keep_labels(lines, row["gold_text"])))


def is_blank(line: str) -> bool:
    """Whether there is nothing to see in a line."""
    return not line.strip()


def visible_text(html: str) -> str:
    """All visible text of a page, a line for each block."""
    from resiliparse.extract.html2text import extract_plain_text

    return str(extract_plain_text(html, main_content=False, list_bullets=False))


def counted(pages: Sequence[Page], refine: Refine) -> list[Counts]:
    """What a refiner did with each page."""
    refined = refine([page.text.text for page in pages])
    return [_counts(page, one) for page, one in zip(pages, refined, strict=True)]


def _counts(page: Page, refined: Refined) -> Counts:
    lines = [0, 0, 0, 0]
    chars = [0, 0, 0, 0]
    for line, (left, stays), should in zip(page.text.text.split("\n"), _left(page, refined), page.keep, strict=True):
        if is_blank(line):
            continue
        kept, gone = (0, 2) if should else (1, 3)
        lines[kept if stays else gone] += 1
        chars[kept] += left
        chars[gone] += len(line) - left
    return Counts(*lines, *chars)


def _left(page: Page, refined: Refined) -> Iterator[tuple[int, bool]]:
    """(characters that stay, whether the line does) for each line."""
    for line in marked_lines(page.text.text, refined.edits):
        stays = refined.keep and not line.goes
        left = sum(len(piece.text) for piece in line.pieces if piece.kind is Kind.STAYS)
        yield (left if stays else 0), stays
