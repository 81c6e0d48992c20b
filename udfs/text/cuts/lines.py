"""Line rules: cuts that delete whole lines, and the way a text is put together again from the lines that stay.

They are DCLM's line modifiers (modifiers.py): cut the text at every U+000A, keep some lines, join them, and with most
of them strip the result. Here that is spans: a line is deleted with its line break, blank text at both ends with what
is deleted next to it. Where no line stays the whole text is deleted, which rejects the page."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from math import inf
from types import MappingProxyType

from udfs.text.page import Page, Words

Spans = Iterator[tuple[int, int, str]]  # start, end, replacement
_COUNTER = re.compile(
    r"\W*\d[\d,.]*[kmb]?\s+"
    r"(?:likes|shares|comments|retweets|reposts|quotes|bookmarks|upvotes|downvotes|downloads|views|followers)\W*"
)
_END_MARK = re.compile('[.!?"\u2026]\\s*$')
_ELLIPSIS = re.compile(r"(?:\.\.\.|…)\s*$")


def uppercase_lines(page: Page, most: float = 0.5) -> Spans:
    """Delete lines in which more than a share of `most` of the characters are upper case; strip the text. DCLM
    `uppercase_ratio_line_modifier` (RefinedWeb, appendix G.2): more than 0.5."""
    return without_lines(page.text, lambda line: sum(map(str.isupper, line)) / len(line) > most)


def numeric_lines(page: Page, most: float = 0.999999) -> Spans:
    """Delete lines in which more than a share of `most` of the characters are digits; strip the text. DCLM
    `numeric_ratio_line_modifier` (RefinedWeb): lines of nothing else, that is more than 0.999999."""
    return without_lines(page.text, lambda line: sum(map(str.isdigit, line)) / len(line) > most)


def counter_lines(page: Page) -> Spans:
    """Delete lines that only count reactions (`3 likes`, `5.1M views!`); strip the text. DCLM `counter_line_modifier`
    (RefinedWeb). `3 like` stays."""
    return without_lines(page.text, lambda line: _COUNTER.fullmatch(line.lower()) is not None)


def short_lines(page: Page, fewest: int = 2, most: float = inf) -> Spans:
    """Delete lines of fewer than `fewest` or more than `most` words, empty lines stay; the text is not stripped. DCLM
    `line_length_modifier` (RefinedWeb): fewer than 2; its C4 recipe: fewer than 5."""
    return without_lines(page.text, lambda line: not fewest <= len(line.split()) <= most, strip=False)


def long_word_lines(page: Page, longest: int = 1000, words: Words = "fasttext", punctuation: bool = True) -> Spans:
    """Delete lines with a word of more than `longest` code points; the text is not stripped. DCLM
    `word_length_modifier`; its C4 recipe: 1,000, words cut at white space.

    Without `punctuation` words that begin with neither letter nor digit may have any length."""
    return without_lines(page.text, lambda line: _longest_word(Page(line), words, punctuation) > longest, strip=False)


def unpunctuated_lines(page: Page, ellipses: bool = True) -> Spans:
    """Delete lines that do not end in one of `. ! ? " …`, white space behind it left out; empty lines stay; the text is
    not stripped. DCLM `punctuation_line_modifier` (C4, arXiv 1910.10683). `ellipses` says whether `...` and `…` are
    such an end; DCLM's C4 recipe says no."""

    def goes(line: str) -> bool:
        return not _END_MARK.search(line) or (not ellipses and _ELLIPSIS.search(line) is not None)

    return without_lines(page.text, goes, strip=False)


def without_lines(text: str, goes: Callable[[str], bool], strip: bool = True) -> Spans:
    """Spans that delete the lines for which `goes` holds; it is asked for lines that are not empty."""
    return joined(text, ((line != "" and goes(line), ()) for line in text.split("\n")), strip)


def joined(text: str, lines: Iterable[tuple[bool, Iterable[tuple[int, int]]]], strip: bool) -> Spans:
    """Spans that turn `text` into its kept lines joined, and stripped with `strip`.

    `lines` says for each line whether it goes, and which parts of it go otherwise, offsets in the text."""
    gone: list[tuple[int, int]] = []
    start = kept_until = 0
    for goes, parts in lines:
        end = text.find("\n", start) % (len(text) + 1)  # find says -1 in the last line, which ends where the text does
        for one in [(start, end + 1)] if goes else parts:
            _add(gone, *one)
        kept_until = kept_until if goes else end
        start = end + 1
    if kept_until < len(text):  # the lines after the last that stays go with the line break before them
        while gone and gone[-1][1] > kept_until:
            gone.pop()
        _add(gone, kept_until, len(text))
    return ((start, end, "") for start, end in (_stripped(text, gone) if strip else gone))


def _add(gone: list[tuple[int, int]], start: int, end: int) -> None:
    """Add a span behind the others, or to the one that it touches."""
    if gone and gone[-1][1] == start:
        start, _ = gone.pop()
    if start < end:
        gone.append((start, end))


def _stripped(text: str, gone: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The spans, with the white space at both ends of what they leave."""
    left = list(zip([0, *(end for _, end in gone)], [*(start for start, _ in gone), len(text)], strict=True))
    first = next((at for start, end in left for at in range(start, end) if not text[at].isspace()), None)
    if first is None:
        return [(0, len(text))] if text else []
    last = next(at for start, end in reversed(left) for at in range(end - 1, start - 1, -1) if not text[at].isspace())
    inner = [(start, end) for start, end in gone if start > first and end <= last]
    return [(0, first)] * (first > 0) + inner + [(last + 1, len(text))] * (last + 1 < len(text))


def _longest_word(line: Page, words: Words, punctuation: bool) -> int:
    counted = (word for word in line.words_by(words) if punctuation or word[0].isalnum())
    return max((len(word) for word in counted if not word.isspace()), default=0)


CUTS: Mapping[str, Callable[..., Spans]] = MappingProxyType(
    {
        "uppercase_lines": uppercase_lines,
        "numeric_lines": numeric_lines,
        "counter_lines": counter_lines,
        "short_lines": short_lines,
        "long_word_lines": long_word_lines,
        "unpunctuated_lines": unpunctuated_lines,
    }
)
