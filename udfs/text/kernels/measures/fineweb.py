"""Compiled twins of FineWeb's measures. The definitions are in `udfs.text.measures.fineweb`."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from udfs.text.kernels.characters import Offsets, Utf8, count_code_points, decode, start_before
from udfs.text.kernels.compiling import compiled
from udfs.text.kernels.measures.gopher import words_of
from udfs.text.kernels.measures.recurrence import lines_of
from udfs.text.kernels.segment_hashes import skip_space
from udfs.text.page import Page
from udfs.text.symbols import SENTENCE_ENDS

_LF = 10


def punctuated_lines_ratio(page: Page, marks: str = SENTENCE_ENDS, exclude_zero: bool = False) -> float | None:
    """See the definition."""
    lines, found = _punctuated(page.utf8, *_points_of(marks))
    ratio = found / lines if lines else 0.0
    return None if exclude_zero and not ratio else ratio


def short_lines_ratio(page: Page, longest: int = 30) -> float | None:
    """See the definition."""
    lines, found = _short(page.utf8, longest)
    return found / lines if lines else 0.0


def line_feeds_per_word(page: Page) -> float | None:
    """See the definition."""
    words = len(page.once(words_of).starts)
    return page.once(lines_of).line_feeds / words if words else None


@lru_cache(64)
def _points_of(marks: str) -> tuple[NDArray[np.bool_], Offsets]:
    """Which bytes are marks, and the code points of the other marks, ascending."""
    points = np.unique(np.array(list(map(ord, marks)), np.int64))
    return np.isin(np.arange(128), points), points[points >= 128]


@compiled
def _punctuated(text: Utf8, ascii_marks: NDArray[np.bool_], marks: Offsets) -> tuple[int, int]:
    """Lines that are not blank, and those of them that end in a mark."""
    lines = found = start = 0
    while start < text.size:
        end = start
        while end < text.size and text[end] != _LF:
            end += 1
        if skip_space(text, start, end) < end:
            lines += 1
            if text[end - 1] < 0x80:
                found += ascii_marks[text[end - 1]]
            else:
                code = decode(text, start_before(text, end))[0]
                place = np.searchsorted(marks, code)
                found += place < marks.size and marks[place] == code
        start = end + 1
    return lines, found


@compiled
def _short(text: Utf8, longest: int) -> tuple[int, int]:
    """Lines that are not blank, and those of them with at most so many code points."""
    lines = found = start = 0
    while start < text.size:
        end = start
        while end < text.size and text[end] != _LF:
            end += 1
        if skip_space(text, start, end) < end:
            lines += 1
            found += end - start <= longest or (
                end - start <= 4 * longest and count_code_points(text, start, end) <= longest
            )
        start = end + 1
    return lines, found


MEASURES: Mapping[str, Callable[..., float | None]] = MappingProxyType(
    {
        "punctuated_lines_ratio": punctuated_lines_ratio,
        "short_lines_ratio": short_lines_ratio,
        "line_feeds_per_word": line_feeds_per_word,
    }
)
