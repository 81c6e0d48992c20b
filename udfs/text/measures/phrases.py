"""Phrases of a list on a page: the substring rules of DCLM (`substring_filter`) and of C4 (`lorem ipsum`, `{`).

Not here: phrases that are cut (`udfs.text.cuts.phrases`)."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

from udfs.text.cuts.phrases import Location, any_of
from udfs.text.page import Page


def phrase_count(
    page: Page,
    phrases: Sequence[str],
    location: Location = "any",
    whole_words: bool = False,
    case_sensitive: bool = False,
    faithful: bool = False,
) -> float | None:
    """How often one of `phrases` stands on the page, at its beginning (`prefix`), its end (`suffix`, before a last line
    break too) or anywhere. DCLM `substring_filter`: none.

    DCLM takes phrases for regular expressions; `faithful` does so too. Raises ValueError as `phrase_lines` does."""
    pattern = _page_pattern(tuple(phrases), location, whole_words, case_sensitive, faithful)
    return sum(1 for _ in pattern.finditer(page.text if case_sensitive else page.text.lower()))


@lru_cache(64)
def _page_pattern(
    phrases: tuple[str, ...], location: Location, whole_words: bool, case_sensitive: bool, faithful: bool
) -> re.Pattern[str]:
    pattern = any_of(phrases, case_sensitive, faithful)
    pattern = rf"\b{pattern}\b" if whole_words else pattern
    return re.compile({"any": pattern, "prefix": f"^{pattern}", "suffix": f"{pattern}$"}[location])


MEASURES: Mapping[str, Callable[..., float | None]] = MappingProxyType({"phrase_count": phrase_count})
