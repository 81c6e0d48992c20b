"""Compiled cuts of line breaks. The definitions are in `udfs.text.cuts.newlines`."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from udfs.text.kernels.characters import Offsets, Utf8
from udfs.text.kernels.compiling import compiled
from udfs.text.kernels.joining import NEWLINE, deletions
from udfs.text.kernels.spans import Spans
from udfs.text.page import Page


def newline_runs(page: Page, most: int = 2) -> Spans:
    """See the definition."""
    return deletions(*_newline_runs(page.utf8, most))


@compiled
def _newline_runs(text: Utf8, most: int) -> tuple[Offsets, Offsets]:
    count = 0
    for byte in text:
        count += byte == NEWLINE
    if count <= most:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    starts, ends = np.empty(count, np.int64), np.empty(count, np.int64)
    made, at = 0, 0
    while at < text.size:
        if text[at] != NEWLINE:
            at += 1
            continue
        start = at
        while at < text.size and text[at] == NEWLINE:
            at += 1
        if at - start > most:
            starts[made], ends[made] = start + most, at
            made += 1
    return starts[:made], ends[:made]


CUTS: Mapping[str, Callable[..., Spans]] = MappingProxyType({"newline_runs": newline_runs})
