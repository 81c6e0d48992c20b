"""Words and phrases of a list in the text: bad words by language (LDNOOBW), and any strings that mark a page.

C4 (Raffel et al. 2020, arXiv 1910.10683, section 2.2) drops a page with one bad word. What a list may be says
`udfs.text.lists`; both rules take `file` or `words`."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

from udfs.text.lists import Source, entries, is_by_language, source, words_of
from udfs.text.page import Page
from udfs.text.scripts import UNSPACED

Place = Literal["any", "start", "end"]


def listed_words(
    page: Page,
    file: str = "",
    words: Sequence[str] = (),
    language: str = "page",
    count: Literal["all", "distinct"] = "all",
) -> float | None:
    """How often entries of a word list occur in the text (`distinct`: how many of them do).

    A JSON file has lists by language: `language` is one of them, or "page" for the page's own; the measure is absent
    where there is no list for it. Case is folded, any white space counts as one space, and the longest entry counts at
    each place. An entry must stand between word boundaries, except where its first or last character belongs to a
    script without spaces (Chinese, Japanese, Thai, ...), which is found inside other words. C4 (for English): below 1.
    """
    named = source(file, words)
    if is_by_language(file) and not words_of(named, spoken(page, language)):
        return None
    found = found_in(folded(page.text), longest_first(named, spoken(page, language) if is_by_language(file) else ""))
    return float(len(set(found)) if count == "distinct" else sum(1 for _ in found))


def listed_strings(
    page: Page,
    file: str = "",
    words: Sequence[str] = (),
    whole_words: bool = False,
    place: Place = "any",
    case_sensitive: bool = False,
    faithful: bool = False,
) -> float | None:
    """1 where the text has an entry of the list, else 0. DCLM `substring_filter` (C4's bad words with exact_word, its
    `lorem ipsum` and `{`): below 1.

    `whole_words` asks for regex word boundaries (`\\b`) at both ends, `place` for the start or end of the text. Without
    `case_sensitive` text and entries are lower-cased.
    `faithful`: the entries are regular expressions, as DCLM joins them unescaped.
    """
    pattern = strings_regex(source(file, words), whole_words, place, case_sensitive, faithful)
    return float(pattern.search(page.text if case_sensitive else page.text.lower()) is not None)


def spoken(page: Page, language: str) -> str:
    """The language whose list is meant."""
    return page.detected[0] if language == "page" else language


def folded(text: str) -> str:
    """As texts and entries are compared: case folded, words one space apart."""
    return " ".join(text.casefold().split())


@lru_cache(maxsize=64)
def known_words(named: Source, language: str) -> tuple[str, ...]:
    """The entries as texts are compared, sorted; `language` is "" where the list is not one by language."""
    written = words_of(named, language) if language else entries(named)
    return tuple(sorted(set(map(folded, written)) - {""}))


@lru_cache(maxsize=64)
def longest_first(named: Source, language: str) -> Mapping[str, tuple[str, ...]]:
    """The entries by their first character, the longest first."""
    by_start: dict[str, list[str]] = {}
    for word in sorted(known_words(named, language), key=len, reverse=True):
        by_start.setdefault(word[0], []).append(word)
    return {start: tuple(words) for start, words in by_start.items()}


def found_in(text: str, by_start: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """The entries in a folded text from left to right; none overlaps another."""
    at = 0
    while at < len(text):
        for word in by_start.get(text[at], ()):
            if text.startswith(word, at) and _stands_alone(text, at, at + len(word)):
                yield word
                at += len(word)
                break
        else:
            at += 1


def _stands_alone(text: str, start: int, end: int) -> bool:
    return not (start and is_word_letter(text[start - 1]) and is_word_letter(text[start])) and not (
        end < len(text) and is_word_letter(text[end - 1]) and is_word_letter(text[end])
    )


def is_word_letter(char: str) -> bool:
    """Whether a character joins others to a word that spaces part from the next: letters, digits, combining marks and
    `_`, but of scripts without spaces none."""
    joins = char.isalnum() or char == "_" or unicodedata.category(char)[0] == "M"
    return joins and UNSPACED.match(char) is None


@lru_cache(maxsize=64)
def strings_regex(
    named: Source, whole_words: bool, place: Place, case_sensitive: bool, faithful: bool
) -> re.Pattern[str]:
    """A pattern that finds any of the entries. Raises ValueError where `faithful` ones are no regular expressions."""
    known = [entry if case_sensitive else entry.lower() for entry in entries(named)]
    edge = r"\b" if whole_words else ""
    choice = "|".join(known if faithful else map(re.escape, known)) if known else "(?!)"
    start, end = "^" * (place == "start"), "$" * (place == "end")
    try:
        return re.compile(f"{start}{edge}(?:{choice}){edge}{end}")
    except re.error as error:
        raise ValueError(
            f"found an entry in the {named} that is no regular expression ({error}), which DCLM takes entries for; "
            "leave `faithful` out to take them literally"
        ) from error


MEASURES: Mapping[str, Callable[..., float | None]] = MappingProxyType(
    {"listed_words": listed_words, "listed_strings": listed_strings}
)
