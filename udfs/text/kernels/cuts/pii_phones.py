"""Compiled twin of `udfs.text.cuts.pii_phones`: telephone numbers."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from udfs.text.cuts.pii_phones import HAN_WORDS, LINK_WORDS, MOST_GROUPS, MOST_LINKS, PHONE_WORDS, Form
from udfs.text.kernels.compiling import compiled
from udfs.text.kernels.cuts.pii import NONE, places, spans
from udfs.text.kernels.pii_words import WORD, contains, hash_before, hash_of, hashes, word_end
from udfs.text.kernels.spans import Offsets, Spans, Utf8
from udfs.text.page import Page

_PHONES, _LINKS, _HAN = hashes(PHONE_WORDS), hashes(LINK_WORDS), hashes(HAN_WORDS)
_HAN_BYTES = 6  # two characters


def phone_numbers(
    page: Page, masks: Sequence[str] = ("[PHONE]",), forms: Sequence[Form] = ("international", "labelled")
) -> Spans:
    """Telephone numbers of the given forms."""
    runs = page.once(places).starts
    if not len(runs):
        return NONE
    asked = ("international" in forms, "north_american" in forms, "european" in forms, "labelled" in forms)
    return spans(_phones(page.utf8, runs, *asked), masks)


@compiled
def _phones(
    utf8: Utf8, runs: Offsets, international: bool, north_american: bool, european: bool, labelled: bool
) -> tuple[Offsets, Offsets]:
    starts, ends = np.empty(len(runs), np.int64), np.empty(len(runs), np.int64)
    sizes = np.empty(MOST_GROUPS, np.int64)
    found, done = 0, 0
    for run in runs:
        if run < done:
            continue
        for form in range(4):
            start, end = 0, 0
            if form == 0 and international:
                start, end = _international(utf8, run, sizes)
            elif form == 1 and north_american:
                start, end = _north_american(utf8, run)
            elif form == 2 and european:
                start, end = _european(utf8, run, sizes)
            elif form == 3 and labelled:
                start, end = _labelled(utf8, run, sizes)
            if start < end and start >= done and not (_word_at(utf8, end) or _digit_behind(utf8, end, 44, 44)):
                starts[found], ends[found] = start, end
                found += 1
                done = end
                break
    return starts[:found], ends[:found]


@compiled
def _digit_at(utf8: Utf8, at: int) -> bool:
    return 0 <= at < len(utf8) and 48 <= utf8[at] <= 57


@compiled
def _word_at(utf8: Utf8, at: int) -> bool:
    return at < len(utf8) and WORD[utf8[at]]


@compiled
def _digit_behind(utf8: Utf8, at: int, first: int, last: int) -> bool:
    """Whether a byte from `first` to `last` and a digit stand at `at`."""
    return at < len(utf8) and first <= utf8[at] <= last and _digit_at(utf8, at + 1)


@compiled
def _group(utf8: Utf8, at: int) -> tuple[int, int]:
    """Digits of the group at `at`, 0 where there is none, and where it ends."""
    end = at
    if at < len(utf8) and utf8[at] == 40:
        end += 1
        while end - at <= 5 and _digit_at(utf8, end):
            end += 1
        closed = end - at > 1 and end < len(utf8) and utf8[end] == 41
        return (end - at - 1, end + 1) if closed else (0, at)
    while end - at < 16 and _digit_at(utf8, end):
        end += 1
    return end - at, end


@compiled
def _number(utf8: Utf8, start: int, most: int, sizes: Offsets) -> tuple[int, int, int, bool]:
    """Writes the digits of each group into `sizes`. Groups, digits, end, whether more follows."""
    groups, digits, end = 0, 0, start
    while True:
        at = end
        if groups and at < len(utf8):
            if utf8[at] == 32 or 45 <= utf8[at] <= 47:
                at += 1
            elif utf8[at] == 0xC2 and utf8[at + 1] == 0xA0:
                at += 2
        size, after = _group(utf8, at)
        if size == 0:
            return groups, digits, end, False
        if groups == MOST_GROUPS or digits + size > most:
            return groups, digits, end, True
        sizes[groups] = size
        groups, digits, end = groups + 1, digits + size, after


@compiled
def _bracketed(utf8: Utf8, run: int) -> int:
    return run - 1 if run > 0 and utf8[run - 1] == 40 and _group(utf8, run - 1)[0] else run


@compiled
def _in_columns(utf8: Utf8, start: int) -> bool:
    return start > 1 and utf8[start - 1] == 32 and _digit_at(utf8, start - 2)


@compiled
def _is_part(utf8: Utf8, start: int) -> bool:
    """Whether a letter, digit, `_` or one of `+.,/-(` stands right before."""
    if start == 0:
        return False
    before = utf8[start - 1]
    return bool(WORD[before] or before == 40 or 43 <= before <= 47)


@compiled
def _international(utf8: Utf8, run: int, sizes: Offsets) -> tuple[int, int]:
    plus = run - 1
    if plus < 0 or utf8[plus] != 43 or utf8[run] == 48:
        return 0, 0
    if plus > 0 and (WORD[utf8[plus - 1]] or utf8[plus - 1] in (43, 41)):
        return 0, 0
    least, most = (11, 11) if utf8[run] == 49 else (9, 15)
    _, digits, end, _ = _number(utf8, run, most, sizes)
    return (plus, end) if digits >= least else (0, 0)


@compiled
def _three(utf8: Utf8, at: int) -> bool:
    """Whether three digits stand at `at` of which the first is above 1."""
    return _digit_at(utf8, at + 2) and _digit_at(utf8, at + 1) and _digit_at(utf8, at) and utf8[at] >= 50


@compiled
def _separator(utf8: Utf8, at: int) -> int:
    """The space, dot or hyphen at `at`, 0 where there is none."""
    return utf8[at] if at < len(utf8) and utf8[at] in (32, 45, 46) else 0


@compiled
def _north_american(utf8: Utf8, run: int) -> tuple[int, int]:
    start = _bracketed(utf8, run)
    at = start + 2 if utf8[start] == 49 and _separator(utf8, start + 1) else start
    exchange, sign = _behind_area(utf8, at)
    second = _separator(utf8, exchange + 3) if exchange and _three(utf8, exchange) else 0
    if not second or (sign and sign != second) or _is_part(utf8, start):
        return 0, 0
    end = exchange + 8
    for i in range(exchange + 4, end):
        if not _digit_at(utf8, i):
            return 0, 0
    if _digit_behind(utf8, end, 44, 47) or (sign == 32 and _in_columns(utf8, start)):
        return 0, 0
    return start, end


@compiled
def _behind_area(utf8: Utf8, at: int) -> tuple[int, int]:
    """Where the exchange begins behind an area code, 0 where none is at `at`, and the sign between, 0 for brackets."""
    if at < len(utf8) and utf8[at] == 40:
        if not (_three(utf8, at + 1) and at + 4 < len(utf8) and utf8[at + 4] == 41):
            return 0, 0
        return at + 6 if at + 5 < len(utf8) and utf8[at + 5] == 32 else at + 5, 0
    sign = _separator(utf8, at + 3) if _three(utf8, at) else 0
    return at + 4 if sign else 0, sign


@compiled
def _european(utf8: Utf8, run: int, sizes: Offsets) -> tuple[int, int]:
    if utf8[run] != 48:
        return 0, 0
    start = _bracketed(utf8, run)
    if _is_part(utf8, start) or _in_columns(utf8, start):
        return 0, 0
    least, most = (11, 15) if _digit_at(utf8, run + 1) and utf8[run + 1] == 48 else (9, 11)
    groups, digits, end, more = _number(utf8, start, most, sizes)
    if digits < least or more or groups < 2 or (end < len(utf8) and utf8[end] == 58):
        return 0, 0
    for k in range(groups):
        if sizes[k] < 2:
            return 0, 0
    if groups >= 3 and sizes[1] == 2 and sizes[2] == 4 and sizes[0] in (2, 3):
        return 0, 0
    return start, end


@compiled
def _labelled(utf8: Utf8, run: int, sizes: Offsets) -> tuple[int, int]:
    start = _bracketed(utf8, run)
    groups, digits, end, _ = _number(utf8, start, 15, sizes)
    if digits < 7 or _is_date(utf8, start, groups, sizes) or not _is_labelled(utf8, start):
        return 0, 0
    return start, end


@compiled
def _is_date(utf8: Utf8, start: int, groups: int, sizes: Offsets) -> bool:
    if groups >= 3 and sizes[0] == 2 and sizes[1] == 2 and sizes[2] == 4:
        return _is_year(utf8, start, 4)
    if groups >= 3 and sizes[0] == 4 and sizes[1] == 2 and sizes[2] == 2:
        return _is_year(utf8, start, 0)
    two = groups == 2 and sizes[0] == 4 and sizes[1] == 4
    return two and _is_year(utf8, start, 0) and _is_year(utf8, start, 4)


@compiled
def _is_year(utf8: Utf8, start: int, skipped: int) -> bool:
    """Whether the digits behind the first `skipped` ones are 19 or 20."""
    at, value = start, 0
    for k in range(skipped + 2):
        while not _digit_at(utf8, at):
            at += 1
        if k >= skipped:
            value = value * 10 + utf8[at] - 48
        at += 1
    return value in (19, 20)


@compiled
def _is_labelled(utf8: Utf8, start: int) -> bool:
    for _ in range(MOST_LINKS + 1):
        end = word_end(utf8, start)
        word, begin = hash_before(utf8, start)
        if contains(_PHONES, word):
            return True
        if end - begin >= _HAN_BYTES and contains(_HAN, hash_of(utf8, end - _HAN_BYTES, end)):
            return True
        if not contains(_LINKS, word):
            return False
        start = begin
    return False


CUTS: Mapping[str, Callable[..., Spans]] = MappingProxyType({"phone_numbers": phone_numbers})
