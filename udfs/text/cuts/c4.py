"""C4's line rules (Raffel et al. 2020, arXiv 1910.10683) as datatrove 0.10.1 applies them (`C4QualityFilter`), one step
for each.

In this order they make of a page what the filter makes of it: `separate_lines`, `long_word_lines` (words cut at white
space; `udfs.text.cuts.lines`), `few_word_lines`, `citations` (`udfs.text.cuts.phrases`), `unterminated_lines`,
`mentioning_lines` twice, `surrounding_space`. A page of which they would leave too little is rejected before, by the
measures of `udfs.text.measures.c4`. All but the first cut lines at line feeds only. DCLM's forms of these rules differ
(`udfs.text.cuts.lines`).

One kind of page is judged otherwise: where all that stays is white space (lines of nothing but citations, without the
rule on ends), datatrove keeps an empty text, and here the step that leaves it so rejects the page."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

from udfs.text.cuts.lines import joined
from udfs.text.page import Page

Spans = Iterator[tuple[int, int, str]]  # start, end, replacement

CITATION = re.compile(r"\[(?:\d*|edit|citation needed)\]")
ENDS = (".", "?", "!", '"', "'")
POLICY = ("terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies")
MENTIONS = ("javascript", *POLICY)


def separate_lines(page: Page) -> Spans:
    """Cut lines wherever `str.splitlines` does (U+2028, form feeds, lone carriage returns too), strip them and put line
    feeds between them; a line feed at the very end goes."""
    at = 0
    lines = page.text.splitlines(keepends=True)
    for number, line in enumerate(lines, start=1):
        content = line.splitlines()[0]
        left = len(content) - len(content.lstrip())
        right = len(content.rstrip()) if left < len(content) else left
        tail, separator = line[right:], "\n" if number < len(lines) else ""
        if left:
            yield at, at + left, ""
        if tail != separator:
            yield at + right, at + len(line), separator
        at += len(line)


def few_word_lines(page: Page, fewest: int = 3) -> Spans:
    """Delete lines of fewer than `fewest` words, blank ones too. C4: fewer than 3 (its paper: 5)."""
    return _without_lines(page.text, lambda line: len(line.split()) < fewest)


def unterminated_lines(page: Page) -> Spans:
    """Delete lines that do not end in one of `. ? ! " '`, or that end in `...`; white space behind it is no such end,
    so a line goes whose last sentence a citation followed."""
    return _without_lines(page.text, lambda line: not ends_sentence(line))


def mentioning_lines(page: Page, phrases: Sequence[str] = MENTIONS) -> Spans:
    """Delete lines that have one of `phrases`, which are in lower case, once they are in lower case themselves. C4:
    `javascript`, and for policies `terms of use`, `privacy policy`, `cookie policy`, `uses cookies`, `use of cookies`,
    `use cookies`. Raises ValueError for a phrase that no line in lower case can have."""
    wanted = checked(tuple(phrases))
    return _without_lines(page.text, lambda line: any(map(line.lower().__contains__, wanted)))


def surrounding_space(page: Page) -> Spans:
    """Delete white space at both ends of the text."""
    text = page.text
    left = len(text) - len(text.lstrip())
    right = len(text.rstrip())
    if left:
        yield 0, left, ""
    if left < right < len(text):
        yield right, len(text), ""


@lru_cache(64)
def checked(phrases: tuple[str, ...]) -> tuple[str, ...]:
    """The phrases that `mentioning_lines` looks for. Raises its ValueError."""
    for phrase in phrases:
        if not phrase or phrase != phrase.lower():
            raise ValueError(f"phrase {phrase!r} is empty or not in lower case; write it in lower case")
    return phrases


def ends_sentence(line: str) -> bool:
    """Whether the line ends as a sentence does, to C4."""
    return line.endswith(ENDS) and not line.endswith("...")


def _without_lines(text: str, goes: Callable[[str], bool]) -> Spans:
    return joined(text, ((goes(line), ()) for line in text.split("\n")), strip=False) if text else iter(())


CUTS: Mapping[str, Callable[..., Spans]] = MappingProxyType(
    {
        "separate_lines": separate_lines,
        "few_word_lines": few_word_lines,
        "unterminated_lines": unterminated_lines,
        "mentioning_lines": mentioning_lines,
        "surrounding_space": surrounding_space,
    }
)
