"""Compiled cuts of phrases. The definitions are in `udfs.text.cuts.phrases`.

A phrase is compiled into the code points that match at each of its places, as Python's regular expressions ignore case
(the Kelvin sign matches k). A `faithful` phrase with more of a regular expression than a full stop for any character is
left to the definition."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from math import inf
from types import MappingProxyType
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from udfs.text.cuts import phrases as definitions
from udfs.text.cuts.phrases import Location, any_of
from udfs.text.kernels.characters import Offsets, Utf8, decode, start_before, width_at
from udfs.text.kernels.citations import citations
from udfs.text.kernels.compiling import compiled, inlined
from udfs.text.kernels.joining import Flags, defined, deletions, is_space_at, joined, line_table
from udfs.text.kernels.spans import Spans
from udfs.text.page import Page

Codes = NDArray[np.int64]
_BLANK = 0x20
_SYNTAX = frozenset("\\^$*+?{}[]|()")
_NO_CODE, _ANY_CODE = -1, -2
_ANYWHERE, _PREFIX, _SUFFIX = range(3)
_LOCATIONS = {"any": _ANYWHERE, "prefix": _PREFIX, "suffix": _SUFFIX}


class Phrases(NamedTuple):
    """Phrases as kernels match them."""

    codes: Codes  # shape (characters of all phrases, alternatives): code points that match there
    bounds: Offsets  # shape (phrases + 1,): phrase i is codes[bounds[i]:bounds[i + 1]]
    first_bytes: Flags  # shape (256,): whether a match may begin so


def phrase_lines(
    page: Page,
    phrases: Sequence[str],
    location: Location = "any",
    most_words: float = inf,
    remove: Literal["line", "phrase"] = "line",
    case_sensitive: bool = False,
    faithful: bool = False,
) -> Spans:
    """See the definition."""
    known = _phrases(tuple(phrases), case_sensitive, faithful)
    if known is None:
        edits = definitions.phrase_lines(page, phrases, location, most_words, remove, case_sensitive, faithful)
        return defined(page, edits)
    table = page.once(line_table)
    found = _cut_phrases(
        page.utf8,
        table.starts,
        table.ends,
        table.words,
        float(most_words),
        known.codes,
        known.bounds,
        known.first_bytes,
        _LOCATIONS[location],
        remove == "line",
    )
    return deletions(*found)


@lru_cache(64)
def _phrases(phrases: tuple[str, ...], case_sensitive: bool, faithful: bool) -> Phrases | None:
    any_of(phrases, case_sensitive, faithful)  # refuses what cannot be
    if faithful and not _SYNTAX.isdisjoint("".join(phrases)):
        return None
    if not case_sensitive:
        phrases = tuple(phrase.lower() for phrase in phrases)
    places = [_matching(letter, case_sensitive, faithful) for letter in "".join(phrases)]
    codes = np.full((len(places), max(map(len, places))), _NO_CODE, np.int64)
    for row, place in zip(codes, places, strict=True):
        row[: len(place)] = place
    bounds = np.concatenate([[0], np.cumsum([len(phrase) for phrase in phrases])]).astype(np.int64)
    first_bytes = np.zeros(256, np.bool_)
    for start in bounds[:-1]:
        any_first = _ANY_CODE in places[start]
        first_bytes[list(range(256)) if any_first else [chr(code).encode()[0] for code in places[start]]] = True
    return Phrases(codes, bounds, first_bytes)


@lru_cache(4096)
def _matching(letter: str, case_sensitive: bool, faithful: bool) -> list[int]:
    """The code points that match a letter of a phrase."""
    if faithful and letter == ".":
        return [_ANY_CODE]
    others = [] if case_sensitive else re.findall(re.escape(letter), _cased(), re.IGNORECASE)
    return sorted({ord(letter), *map(ord, others)})


@cache
def _cased() -> str:
    """All characters that have another case; beyond the second plane of Unicode there are none."""
    points = map(chr, range(0x20000))
    return "".join(point for point in points if point.lower() != point or point.upper() != point)


@compiled
def _cut_phrases(
    text: Utf8,
    starts: Offsets,
    ends: Offsets,
    words: Offsets,
    most_words: float,
    codes: Codes,
    bounds: Offsets,
    first_bytes: Flags,
    location: int,
    whole_lines: bool,
) -> tuple[Offsets, Offsets]:
    goes = np.zeros(starts.size, np.bool_)
    part_starts, part_ends = np.empty(text.size, np.int64), np.empty(text.size, np.int64)
    parts = 0
    for line in range(starts.size):
        if words[line] > most_words or starts[line] == ends[line]:
            continue
        before, at = parts, starts[line]
        while at >= 0:
            start, at = _next(text, starts[line], at, ends[line], codes, bounds, first_bytes, location)
            if at >= 0:
                part_starts[parts], part_ends[parts] = start, at
                parts += 1
                if location != _ANYWHERE:
                    break
        if whole_lines:
            goes[line] = parts > before
            parts = before
        elif parts > before or words[line] == 0:
            goes[line] = _is_blank(text, starts[line], ends[line], part_starts[before:parts], part_ends[before:parts])
    return joined(text, starts, ends, goes, part_starts[:parts], part_ends[:parts], True)


@compiled
def _next(
    text: Utf8, start: int, at: int, end: int, codes: Codes, bounds: Offsets, first_bytes: Flags, location: int
) -> tuple[int, int]:
    """Start and end of the next match from `at` on with the space that goes with it; the end is -1 without one."""
    if location == _SUFFIX:
        found = _suffix_start(text, start, end, codes, bounds)
        return found, end if found < end else -1
    if location == _PREFIX:
        until = _match(text, start, end, codes, bounds)
        if 0 <= until < end and is_space_at(text, until):
            until += decode(text, until)[1]
        return start, until
    return _next_anywhere(text, at, end, codes, bounds, first_bytes)


@compiled
def _next_anywhere(text: Utf8, at: int, end: int, codes: Codes, bounds: Offsets, first_bytes: Flags) -> tuple[int, int]:
    while at < end:
        byte = text[at]
        after = at + width_at(text, at)
        if (byte >= 0x80 or byte <= _BLANK) and after < end and first_bytes[text[after]] and is_space_at(text, at):
            until = _match(text, after, end, codes, bounds)
            if until >= 0:
                return at, until
        if first_bytes[byte]:
            until = _match(text, at, end, codes, bounds)
            if until >= 0:
                return at, until
        at = after
    return end, -1


@compiled
def _match(text: Utf8, at: int, end: int, codes: Codes, bounds: Offsets) -> int:
    """End of the first of the phrases that matches at `at`, -1 where none does."""
    for phrase in range(bounds.size - 1):
        until = _match_one(text, at, end, codes, bounds[phrase], bounds[phrase + 1])
        if until >= 0:
            return until
    return -1


@inlined
def _match_one(text: Utf8, at: int, end: int, codes: Codes, first: int, after: int) -> int:
    for place in range(first, after):
        if at >= end:
            return -1
        code, width = decode(text, at)
        same = codes[place, 0] == _ANY_CODE
        for alternative in range(codes.shape[1]):
            same |= codes[place, alternative] == code
        if not same:
            return -1
        at += width
    return at


@compiled
def _suffix_start(text: Utf8, start: int, end: int, codes: Codes, bounds: Offsets) -> int:
    """Where the longest match that ends the line begins, with one space before it; `end` where there is none."""
    found = end
    for phrase in range(bounds.size - 1):
        at = end
        for _ in range(bounds[phrase + 1] - bounds[phrase]):
            at = start_before(text, at) if at > start else -1
            if at < 0:
                break
        if at >= 0 and _match_one(text, at, end, codes, bounds[phrase], bounds[phrase + 1]) == end:
            if at > start and is_space_at(text, start_before(text, at)):
                at = start_before(text, at)
            found = min(found, at)
    return found


@compiled
def _is_blank(text: Utf8, at: int, end: int, part_starts: Offsets, part_ends: Offsets) -> bool:
    """Whether nothing but white space is left without the parts."""
    part = 0
    while at < end:
        if part < part_starts.size and part_starts[part] == at:
            at = part_ends[part]
            part += 1
        elif is_space_at(text, at):
            at += decode(text, at)[1]
        else:
            return False
    return True


CUTS: Mapping[str, Callable[..., Spans]] = MappingProxyType({"phrase_lines": phrase_lines, "citations": citations})
