"""Compiled twin of `udfs.text.cuts.pii_numbers`: bank account and payment card numbers."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from udfs.text.cuts.pii_numbers import IBAN_LENGTHS, ISSUERS
from udfs.text.kernels.compiling import compiled
from udfs.text.kernels.cuts.pii import NONE, places, spans
from udfs.text.kernels.pii_words import UPPER, WORD
from udfs.text.kernels.spans import Offsets, Spans, Utf8
from udfs.text.page import Page

_LENGTHS = np.zeros(26 * 26, np.int64)
for _country, _length in IBAN_LENGTHS.items():
    _LENGTHS[(ord(_country[0]) - 65) * 26 + ord(_country[1]) - 65] = _length
_ISSUERS = np.array([(len(str(first)), first, last, least, most) for first, last, least, most in ISSUERS], np.int64)


def ibans(page: Page, masks: Sequence[str] = ("[IBAN]",)) -> Spans:
    """IBANs."""
    where = page.once(places)
    return spans(_ibans(page.utf8, where.starts), masks) if len(where.starts) else NONE


def card_numbers(page: Page, masks: Sequence[str] = ("[CARD]",)) -> Spans:
    """Payment card numbers."""
    where = page.once(places)
    return spans(_cards(page.utf8, where.starts, where.ends), masks) if len(where.starts) else NONE


@compiled
def _ibans(utf8: Utf8, runs: Offsets) -> tuple[Offsets, Offsets]:
    starts, ends = np.empty(len(runs), np.int64), np.empty(len(runs), np.int64)
    found, done = 0, 0
    for run in runs:
        start = run - 2
        if start < done or not _begins_iban(utf8, start):
            continue
        length = _LENGTHS[((utf8[start] & 31) - 1) * 26 + (utf8[start + 1] & 31) - 1]
        if length == 0:
            continue
        end = _iban_end(utf8, start, length, False)
        if end < 0 and UPPER[utf8[start]]:
            end = _iban_end(utf8, start, length, True)
        if end >= 0:
            starts[found], ends[found] = start, end
            found += 1
            done = end
    return starts[:found], ends[:found]


@compiled
def _begins_iban(utf8: Utf8, start: int) -> bool:
    """Whether two letters of one case and two digits stand at `start`, and nothing of a word before."""
    if start + 4 > len(utf8) or not 48 <= utf8[start + 3] <= 57 or (start > 0 and WORD[utf8[start - 1]]):
        return False
    first, second = utf8[start], utf8[start + 1]
    if not (65 <= (first & 0xDF) <= 90 and 65 <= (second & 0xDF) <= 90):
        return False
    return bool(first & 32 == second & 32)


@compiled
def _iban_end(utf8: Utf8, start: int, length: int, in_fours: bool) -> int:
    """Where the IBAN ends, -1 where there is none of this length and form."""
    case, end, remainder, head = utf8[start] & 32, start, np.int64(0), np.int64(0)
    for n in range(length):
        if in_fours and n and n % 4 == 0:
            if end >= len(utf8) or utf8[end] != 32:
                return -1
            end += 1
        if end >= len(utf8) or not WORD[utf8[end]] or utf8[end] == 95:
            return -1
        byte = np.int64(utf8[end])
        if byte >= 65 and byte & 32 != case:
            return -1
        value = byte - 48 if byte < 65 else (byte & 31) + 9
        if n < 4:  # these go last
            head = head * (100 if value > 9 else 10) + value
        else:
            remainder = (remainder * (100 if value > 9 else 10) + value) % 97
        end += 1
    if end < len(utf8) and WORD[utf8[end]]:
        return -1
    return end if (remainder * 1_000_000 + head) % 97 == 1 else -1


@compiled
def _cards(utf8: Utf8, run_starts: Offsets, run_ends: Offsets) -> tuple[Offsets, Offsets]:
    starts, ends = np.empty(len(run_starts), np.int64), np.empty(len(run_starts), np.int64)
    digits = np.empty(32, np.int64)
    found = 0
    for k in range(len(run_starts)):
        length = run_ends[k] - run_starts[k]
        if length != 4 and not 13 <= length <= 19:
            continue
        start = run_starts[k]
        end = run_ends[k] if length > 4 else _grouped_end(utf8, run_starts, run_ends, k)
        if end > start and _is_free(utf8, start, end, length == 4):
            number = 0
            for i in range(start, end):
                if 48 <= utf8[i] <= 57:
                    digits[number] = utf8[i] - 48
                    number += 1
            if _is_card(digits[:number]):
                starts[found], ends[found] = start, end
                found += 1
    return starts[:found], ends[:found]


@compiled
def _grouped_end(utf8: Utf8, starts: Offsets, ends: Offsets, k: int) -> int:
    """Where a number in groups ends that begins with run `k`, 0 where none does."""
    sign = utf8[ends[k]] if ends[k] < len(utf8) else 0
    if sign not in (32, 45):
        return 0
    groups = 1
    while (
        groups < 5
        and k + groups < len(starts)
        and starts[k + groups] == ends[k + groups - 1] + 1
        and utf8[ends[k + groups - 1]] == sign
    ):
        groups += 1
    if groups < 3:
        return 0
    second, third = ends[k + 1] - starts[k + 1], ends[k + 2] - starts[k + 2]
    if second == 6 and 4 <= third <= 5:
        return int(ends[k + 2])
    if groups < 4 or second != 4 or third != 4 or ends[k + 3] - starts[k + 3] != 4:
        return 0
    return int(ends[k + 4] if groups == 5 and ends[k + 4] - starts[k + 4] == 3 else ends[k + 3])


@compiled
def _is_free(utf8: Utf8, start: int, end: int, in_groups: bool) -> bool:
    """Whether nothing around says that the digits are part of something else."""
    if start > 0:
        before = utf8[start - 1]
        if WORD[before] or _is_sign(before):
            return False
        farther = utf8[start - 2] if start > 1 else 0
        if (before == 58 and farther == 34) or (in_groups and before == 32 and 48 <= farther <= 57):
            return False
    if end < len(utf8) and WORD[utf8[end]]:
        return False
    following = 0  # digits behind one sign
    while following < 3 and end + 1 + following < len(utf8) and 48 <= utf8[end + 1 + following] <= 57:
        following += 1
    if following and (utf8[end] == 46 or utf8[end] == 45):
        return False
    return not (in_groups and following == 3 and utf8[end] == 32)


@compiled
def _is_sign(byte: int) -> bool:
    """Whether a byte is one of `= & % + . / [ -`."""
    return byte in (61, 38, 37, 43, 91) or 45 <= byte <= 47


@compiled
def _is_card(digits: Offsets) -> bool:
    number, luhn, ean = len(digits), 0, 0
    for i in range(number):
        digit = digits[number - 1 - i]
        doubled = 2 * digit - 9 * (digit > 4)
        luhn += doubled if i % 2 else digit
        ean += 3 * digit if i % 2 else digit
    if luhn % 10 or (number == 13 and ean % 10 == 0):
        return False
    for row in range(_ISSUERS.shape[0]):
        beginning = 0
        for i in range(_ISSUERS[row, 0]):
            beginning = beginning * 10 + digits[i]
        if _ISSUERS[row, 1] <= beginning <= _ISSUERS[row, 2] and _ISSUERS[row, 3] <= number <= _ISSUERS[row, 4]:
            return True
    return False


CUTS: Mapping[str, Callable[..., Spans]] = MappingProxyType({"ibans": ibans, "card_numbers": card_numbers})
