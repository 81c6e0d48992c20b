"""The marks of a wiki, compiled. The definition is `udfs.text.cuts.phrases.citations`."""

import numpy as np

from udfs.text.kernels.characters import DECIMAL, Offsets, Utf8, classes_of, decode
from udfs.text.kernels.compiling import compiled
from udfs.text.kernels.joining import deletions
from udfs.text.kernels.spans import Spans
from udfs.text.page import Page

_OPEN, _CLOSE = 0x5B, 0x5D
_EDIT, _NEEDED = (np.frombuffer(name, np.uint8) for name in (b"edit", b"citation needed"))


def citations(page: Page) -> Spans:
    """See the definition."""
    return deletions(*_citations(page.utf8))


@compiled
def _citations(text: Utf8) -> tuple[Offsets, Offsets]:
    most = 0
    for byte in text:
        most += byte == _OPEN
    starts, ends = np.empty(most, np.int64), np.empty(most, np.int64)
    made = 0
    for at in range(text.size if most else 0):
        if text[at] == _OPEN:
            close = _close(text, at + 1)
            if close > at:
                starts[made], ends[made] = at, close + 1
                made += 1
    return starts[:made], ends[:made]


@compiled
def _close(text: Utf8, inside: int) -> int:
    """Where the mark whose inside begins there is closed, -1 where it is no such mark."""
    at = inside
    while at < text.size:
        code, width = decode(text, at)
        if not classes_of(code) & DECIMAL:
            break
        at += width
    if at < text.size and text[at] == _CLOSE:
        return at
    for name in (_EDIT, _NEEDED):
        at = inside + name.size
        if at < text.size and text[at] == _CLOSE and np.array_equal(text[inside:at], name):
            return at
    return -1
