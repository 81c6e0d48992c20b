"""Repeats within one page: delete lines or paragraphs that stood on it before. DCLM's `within_page_dedup`
(modifiers.py). Repeats across pages are the dedup stages' business."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from udfs.text.page import Page

Spans = Iterator[tuple[int, int, str]]


def repeated_lines(page: Page, normalize: bool = True) -> Spans:
    """Delete all copies of a line but the first, blank lines stay; with `normalize` lines that differ in case or in
    white space at their ends are copies. DCLM `within_page_dedup` (line), its C4 recipe."""
    return _repeats(page.text, "\n", normalize)


def repeated_paragraphs(page: Page, normalize: bool = True) -> Spans:
    """Delete all copies of a paragraph but the first, as `repeated_lines` does lines. Paragraphs are cut at `\\n\\n`.
    DCLM `within_page_dedup` (paragraph)."""
    return _repeats(page.text, "\n\n", normalize)


def _repeats(text: str, separator: str, normalize: bool) -> Spans:
    seen: set[str] = set()
    start, run = 0, 0  # the copies from `run` on, each with the separator before it, are one span
    for part in text.split(separator):
        key = part.strip().lower() if normalize else part
        end = start + len(part)
        if not key or key not in seen:
            if run < start - len(separator):
                yield run, start - len(separator), ""
            run = end
            seen.add(key)
        start = end + len(separator)
    if run < len(text):
        yield run, len(text), ""


CUTS: Mapping[str, Callable[..., Spans]] = MappingProxyType(
    {"repeated_lines": repeated_lines, "repeated_paragraphs": repeated_paragraphs}
)
