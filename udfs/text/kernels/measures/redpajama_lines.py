"""Compiled twin of `udfs.text.measures.redpajama_lines`: one pass over the raw lines, one over the normalised ones."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from udfs.text.kernels.characters import NUMERIC, SPACE, UPPER, classes_of, decode
from udfs.text.kernels.compiling import compiled
from udfs.text.kernels.measures.redpajama import normalised
from udfs.text.kernels.spans import Utf8
from udfs.text.page import Page

_BULLETS = np.array([0x2022, 0x2023, 0x25B6, 0x25C0, 0x25E6, 0x25A0, 0x25A1, 0x25AA, 0x25AB, 0x2013])
_ELLIPSIS, _QUOTE = 0x2026, 0x201D
_JAVASCRIPT = np.frombuffer(b"javascript", np.uint8)


class _Raw(NamedTuple):
    lines: int
    ellipses: int
    terminals: int
    bullets: int
    upper_shares: float  # sum over the lines


class _Normalised(NamedTuple):
    words: int
    javascript: int
    numeric_shares: float  # sum over the lines


def _raw(page: Page) -> _Raw:
    return _Raw(*_raw_lines(page.utf8))


def _normalised(page: Page) -> _Normalised:
    return _Normalised(*_normalised_lines(page.once(normalised)))


def rps_doc_frac_lines_end_with_ellipsis(page: Page) -> float | None:
    """See the definition."""
    raw = page.once(_raw)
    return raw.ellipses / raw.lines if raw.lines else None


def rps_lines_ending_with_terminal_punctution_mark(page: Page) -> float | None:
    """See the definition."""
    raw = page.once(_raw)
    return raw.terminals / raw.lines if raw.lines else None


def rps_lines_start_with_bulletpoint(page: Page) -> float | None:
    """See the definition."""
    raw = page.once(_raw)
    return raw.bullets / raw.lines if raw.lines else None


def rps_lines_uppercase_letter_fraction(page: Page) -> float | None:
    """See the definition."""
    raw = page.once(_raw)
    return raw.upper_shares / raw.lines if raw.lines else None


def rps_lines_numerical_chars_fraction(page: Page) -> float | None:
    """See the definition."""
    lines = page.once(_raw).lines
    return page.once(_normalised).numeric_shares / lines if lines else None


def rps_lines_num_words(page: Page) -> float | None:
    """See the definition."""
    lines = page.once(_raw).lines
    return page.once(_normalised).words / lines if lines else None


def rps_lines_javascript_counts(page: Page) -> float | None:
    """See the definition."""
    return page.once(_normalised).javascript


@compiled
def _raw_lines(text: Utf8) -> tuple[int, int, int, int, float]:
    lines, ellipses, terminals, bullets, shares = 0, 0, 0, 0, 0.0
    start, at, first, last, dots, upper, length = 0, 0, -1, -1, 0, 0, 0
    while at < len(text):
        code, width = decode(text, at)
        classes = classes_of(code)
        at += width
        length += 1
        upper += 1 if classes & UPPER else 0
        if not classes & SPACE:
            if first < 0:
                first = code
            dots = (dots + 1 if at - start > 1 and text[at - 2] == 46 else 1) if code == 46 else 0
            last = code
        if code == 10 or at == len(text):
            lines += 1
            ellipses += 1 if dots > 2 or last == _ELLIPSIS else 0
            terminals += 1 if last in (33, 46, 63, _QUOTE) else 0
            bullets += 1 if np.any(first == _BULLETS) else 0
            shares += upper / length
            start, first, last, dots, upper, length = at, -1, -1, 0, 0, 0
    return lines, ellipses, terminals, bullets, shares


@compiled
def _normalised_lines(text: Utf8) -> tuple[int, int, float]:
    words, javascript, shares = 0, 0, 0.0
    at, length, numeric, start, before = 0, 0, 0, 0, True
    while at <= len(text):
        code, width = 10, 1
        if at < len(text):
            code, width = decode(text, at)
        classes = classes_of(code)
        if classes & SPACE:
            javascript += 1 if not before and _is_javascript(text, start, at) else 0
            before = True
        else:
            if before:
                words += 1
                length += 1 if length else 0  # the space before all words but the first
                start, before = at, False
            length += 1
            numeric += 1 if classes & NUMERIC else 0
        if code == 10:
            shares += numeric / length if length else 0.0
            length, numeric = 0, 0
        at += width
    return words, javascript, shares


@compiled
def _is_javascript(text: Utf8, start: int, end: int) -> bool:
    return end - start == len(_JAVASCRIPT) and bool(np.all(text[start:end] == _JAVASCRIPT))


MEASURES: Mapping[str, Callable[..., float | None]] = MappingProxyType(
    {
        measure.__name__: measure
        for measure in (
            rps_doc_frac_lines_end_with_ellipsis,
            rps_lines_ending_with_terminal_punctution_mark,
            rps_lines_start_with_bulletpoint,
            rps_lines_uppercase_letter_fraction,
            rps_lines_numerical_chars_fraction,
            rps_lines_num_words,
            rps_lines_javascript_counts,
        )
    }
)
