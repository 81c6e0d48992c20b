"""Compiled twin of `udfs.text.measures.word_lists`: the text is folded once to code points, then each list is a walk
over its tree from every place where a word may begin.

A text with a character that folds to several (`ß`) or by its neighbours (final sigma) is folded by Python. Not here:
`listed_strings` at the start or end of the text, or with entries that are more than literal; those run as defined."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from udfs.text.kernels.characters import CODE_POINTS, Utf8, decode, two_stages
from udfs.text.kernels.compiling import compiled
from udfs.text.kernels.word_trees import JOINS, WORD, Tree, grown, letters, occurrences
from udfs.text.lists import Source, entries, is_by_language, source, words_of
from udfs.text.measures import word_lists as definitions
from udfs.text.measures.word_lists import Place, folded, known_words, spoken
from udfs.text.page import Page

Codes = NDArray[np.int32]
_Case = tuple[Codes, NDArray[np.uint16], NDArray[np.int32]]
MOST = np.iinfo(np.int64).max
_LAST_CASED = 0x1F000  # no character behind it has a case
_ODD = np.iinfo(np.int32).max  # in a table of case: does not fold to one character whatever stands beside it
_SIGMA = "Σ"  # lower-cased by what stands beside it
_META = re.compile(r"[.^$*+?\[\]\\|()]|\{\d*,?\d*\}")


def listed_words(
    page: Page,
    file: str = "",
    words: Sequence[str] = (),
    language: str = "page",
    count: Literal["all", "distinct"] = "all",
) -> float | None:
    """As the definition."""
    named = source(file, words)
    by_language = is_by_language(file)
    if by_language and not words_of(named, spoken(page, language)):
        return None
    tree = words_tree(named, spoken(page, language) if by_language else "")
    found = occurrences(page.once(folded_codes), *tree, *letters(), JOINS, False, MOST)
    return float(found[count == "distinct"])


def listed_strings(
    page: Page,
    file: str = "",
    words: Sequence[str] = (),
    whole_words: bool = False,
    place: Place = "any",
    case_sensitive: bool = False,
    faithful: bool = False,
) -> float | None:
    """As the definition."""
    tree = strings_tree(source(file, words), whole_words, case_sensitive, faithful) if place == "any" else None
    if tree is None:
        return definitions.listed_strings(page, file, words, whole_words, place, case_sensitive, faithful)
    codes = page.once(exact_codes if case_sensitive else lower_codes)
    return float(occurrences(codes, *tree, *letters(), WORD * whole_words, whole_words, 1)[0])


@lru_cache(maxsize=64)
def words_tree(named: Source, language: str) -> Tree:
    """The list as a tree; `language` is "" where the list is not one by language."""
    return grown(known_words(named, language), JOINS)


@lru_cache(maxsize=64)
def strings_tree(named: Source, whole_words: bool, case_sensitive: bool, faithful: bool) -> Tree | None:
    """The entries as a tree, None where one of them is a regular expression and meant as such."""
    known = [entry if case_sensitive else entry.lower() for entry in entries(named)]
    return None if faithful and any(map(_META.search, known)) else grown(known, WORD * whole_words)


def folded_codes(page: Page) -> Codes:
    """Code points of the folded text; shape (code points,)."""
    codes, is_odd = _cased(page.utf8, *_casefold(), True)
    return codes_of(folded(page.text)) if is_odd else codes


def lower_codes(page: Page) -> Codes:
    """Code points of the lower-cased text; shape (code points,)."""
    codes, is_odd = _cased(page.utf8, *_lower(), False)
    return codes_of(page.text.lower()) if is_odd else codes


def exact_codes(page: Page) -> Codes:
    """Code points of the text; shape (code points,)."""
    return codes_of(page.text)


def codes_of(text: str) -> Codes:
    """Code points, shape (code points,)."""
    return np.frombuffer(bytearray(text.encode("utf-32-le", "surrogatepass")), np.int32)


@compiled
def _cased(
    utf8: Utf8, ascii_codes: Codes, blocks: NDArray[np.uint16], shifts: NDArray[np.int32], one_space: bool
) -> tuple[Codes, bool]:
    """Code points with another case, and whether a character was odd, so that they are not all there; `one_space`: all
    white space between words as one space, none at the ends."""
    codes = np.empty(utf8.size, np.int32)
    at = made = 0
    after_space = one_space
    while at < utf8.size:
        byte = utf8[at]
        if byte < 0x80:
            code, width = ascii_codes[byte], 1
        else:
            point, width = decode(utf8, at)
            shift = shifts[(np.int64(blocks[point >> 7]) << 7) + (point & 127)]
            if shift == _ODD:
                return codes[:0], True
            code = np.int32(point + shift)
        codes[made] = code
        made += not (after_space and code == 32)  # without a branch, which would often be foretold wrongly
        after_space = one_space and code == 32
        at += width
    return codes[: made - (made > 0 and after_space)], False


@cache
def _casefold() -> _Case:
    return _case_table(lambda char: " " if char.isspace() else char.casefold())


@cache
def _lower() -> _Case:
    return _case_table(lambda char: _SIGMA + char if char == _SIGMA else char.lower())


def _case_table(fold: Callable[[str], str]) -> _Case:
    """What ASCII becomes, and what to add to each code point, as blocks and entries."""
    shifts = np.zeros(CODE_POINTS, np.int32)
    for code in range(_LAST_CASED):
        other = fold(chr(code))
        if len(other) != 1 or ord(other) != code:
            shifts[code] = ord(other) - code if len(other) == 1 else _ODD
    return np.arange(128, dtype=np.int32) + shifts[:128], *two_stages(shifts)


MEASURES: Mapping[str, Callable[..., float | None]] = MappingProxyType(
    {"listed_words": listed_words, "listed_strings": listed_strings}
)
