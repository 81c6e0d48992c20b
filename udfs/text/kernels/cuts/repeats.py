"""Compiled cuts of repeats within one page. The definitions are in `udfs.text.cuts.repeats`.

Parts are compared by 64-bit hashes, and those of equal hashes taken as equal."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from udfs.text.cuts import repeats
from udfs.text.kernels.characters import UNEVEN, Offsets, Utf8, decode, lower_case, start_before
from udfs.text.kernels.compiling import compiled, inlined
from udfs.text.kernels.joining import NEWLINE, defined, deletions, is_space_at
from udfs.text.kernels.spans import Spans
from udfs.text.kernels.words import mixed
from udfs.text.page import Page

Hashes = NDArray[np.uint64]
_START, _PRIME, _FREE = np.uint64(1), np.uint64(0x100000001B3), np.uint64(0)
_BLANK, _UNEVEN = np.uint64(2), np.uint64(3)  # keys of a part without text, and of one that the definition must lower
_UNEVEN_1, _UNEVEN_2 = map(ord, UNEVEN)


def repeated_lines(page: Page, normalize: bool = True) -> Spans:
    """See the definition."""
    starts, ends, even = _repeats(page.utf8, 1, normalize)
    return deletions(starts, ends) if even else defined(page, repeats.repeated_lines(page, normalize))


def repeated_paragraphs(page: Page, normalize: bool = True) -> Spans:
    """See the definition."""
    starts, ends, even = _repeats(page.utf8, 2, normalize)
    return deletions(starts, ends) if even else defined(page, repeats.repeated_paragraphs(page, normalize))


@compiled
def _repeats(text: Utf8, breaks: int, normalize: bool) -> tuple[Offsets, Offsets, bool]:
    """Spans of the parts, cut at `breaks` line breaks, that stood there before; and whether all letters have a lower
    case of their own (where not, the spans say nothing)."""
    count = 1
    for byte in text:
        count += byte == NEWLINE
    size = 16
    while size < 2 * count:
        size *= 2
    seen = np.zeros(size, np.uint64)
    starts, ends = np.empty(count, np.int64), np.empty(count, np.int64)
    made = start = 0
    while start <= text.size:
        end = _part_end(text, start, breaks)
        key = _key(text, start, end, normalize)
        if key == _UNEVEN:
            return starts[:0], ends[:0], False
        if key != _BLANK and not _is_new(seen, key):
            if made and ends[made - 1] == start - breaks:
                made -= 1
            else:
                starts[made] = start - breaks
            ends[made] = end
            made += 1
        start = end + breaks
    return starts[:made], ends[:made], True


@inlined
def _part_end(text: Utf8, at: int, breaks: int) -> int:
    while at < text.size:
        if text[at] == NEWLINE and (breaks == 1 or (at + 1 < text.size and text[at + 1] == NEWLINE)):
            return at
        at += 1
    return at


@compiled
def _key(text: Utf8, start: int, end: int, normalize: bool) -> Any:
    """The hash of a part, stripped and in lower case with `normalize`."""
    while normalize and start < end and is_space_at(text, start):
        start += decode(text, start)[1]
    while normalize and start < end and is_space_at(text, start_before(text, end)):
        end = start_before(text, end)
    if start == end:
        return _BLANK
    value = _START
    while start < end:
        code, width = decode(text, start)
        if normalize:
            if code in (_UNEVEN_1, _UNEVEN_2):
                return _UNEVEN
            code = lower_case(code)
        value = (value ^ np.uint64(code)) * _PRIME
        start += width
    return mixed(value)


@compiled
def _is_new(seen: Hashes, key: int) -> Any:
    """Whether the key is not there yet; then it is now."""
    size = seen.size
    place = np.int64(key) & (size - 1)
    while seen[place] != _FREE and seen[place] != key:
        place = (place + 1) & (size - 1)
    new = seen[place] == _FREE
    seen[place] = key
    return new


CUTS: Mapping[str, Callable[..., Spans]] = MappingProxyType(
    {"repeated_lines": repeated_lines, "repeated_paragraphs": repeated_paragraphs}
)
