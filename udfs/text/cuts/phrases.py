"""Phrases: cut words of the page's frame (`Sign-in`, `Read more...`) or the lines that have them, and wiki citations.

DCLM's `substring_line_modifier` and `citation_removal_modifier` (modifiers.py)."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from math import inf
from types import MappingProxyType
from typing import Literal

from udfs.text.cuts.lines import joined
from udfs.text.page import Page

Location = Literal["any", "prefix", "suffix"]
Spans = Iterator[tuple[int, int, str]]
_CITATION = re.compile(r"\[\d*\]|\[edit\]|\[citation needed\]")


def phrase_lines(
    page: Page,
    phrases: Sequence[str],
    location: Location = "any",
    most_words: float = inf,
    remove: Literal["line", "phrase"] = "line",
    case_sensitive: bool = False,
    faithful: bool = False,
) -> Spans:
    """In lines of at most `most_words` words, delete the line that has one of `phrases` at `location` of the line, or
    only the phrase with one space beside it; strip the text. DCLM `substring_line_modifier`: `items in cart`, `Read
    more...` (suffix), `Sign-in` (prefix), 10 words, only the phrase (RefinedWeb, appendix G.2).

    With `remove: phrase` a line that is blank then goes too, and so does a blank line that had no phrase, unless it is
    empty. DCLM takes the phrase for a regular expression, so `Read more...` ends in any three characters: `faithful`
    does so too. Raises ValueError where there are no phrases, or one is no regular expression.
    """
    pattern = line_pattern(tuple(phrases), location, case_sensitive, faithful)

    def lines() -> Iterator[tuple[bool, list[tuple[int, int]]]]:
        start = 0
        for line in page.text.split("\n"):
            short = len(line.split()) <= most_words
            found = [match.span() for match in pattern.finditer(line)] if short else []
            if remove == "line":
                yield bool(found), []
            else:
                left = pattern.sub("", line) if short else line
                parts = [(start + a, start + b) for a, b in found]
                yield (short and line != "" and (not left or left.isspace())), parts
            start += len(line) + 1

    return joined(page.text, lines(), strip=True)


@lru_cache(64)
def line_pattern(phrases: tuple[str, ...], location: Location, case_sensitive: bool, faithful: bool) -> re.Pattern[str]:
    """What `phrase_lines` looks for in a line."""
    pattern = any_of(phrases, case_sensitive, faithful)
    pattern = {"any": rf"\s?{pattern}", "prefix": rf"^{pattern}\s?", "suffix": rf"\s?{pattern}$"}[location]
    return re.compile(pattern, 0 if case_sensitive else re.IGNORECASE)


def any_of(phrases: tuple[str, ...], case_sensitive: bool, faithful: bool) -> str:
    """A regular expression for any of `phrases`, which is each one itself where `faithful`."""
    if not phrases or not all(phrases):
        raise ValueError(f"phrases are {list(phrases)}; give one or more, none of them empty")
    phrases = phrases if case_sensitive else tuple(phrase.lower() for phrase in phrases)
    pattern = "|".join(phrases if faithful else map(re.escape, phrases))
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(
            f"phrases {list(phrases)} are no regular expression ({error}); leave out `faithful` to take them literally"
        ) from error
    return f"(?:{pattern})"


def citations(page: Page) -> Spans:
    """Delete the marks of a wiki: `[12]`, `[]`, `[edit]`, `[citation needed]`. DCLM `citation_removal_modifier`, for
    C4."""
    return ((match.start(), match.end(), "") for match in _CITATION.finditer(page.text))


CUTS: Mapping[str, Callable[..., Spans]] = MappingProxyType({"phrase_lines": phrase_lines, "citations": citations})
