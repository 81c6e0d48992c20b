"""Line breaks: shorten long runs of them."""

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from udfs.text.page import Page

_NEWLINES = re.compile("\n+")


def newline_runs(page: Page, most: int = 2) -> Iterator[tuple[int, int, str]]:
    """Shorten runs of more than `most` line breaks to `most`. DCLM `newline_removal_modifier` (max_consecutive 2)."""
    for run in _NEWLINES.finditer(page.text):
        if run.end() - run.start() > most:
            yield run.start() + most, run.end(), ""


CUTS: Mapping[str, Callable[..., Iterator[tuple[int, int, str]]]] = MappingProxyType({"newline_runs": newline_runs})
