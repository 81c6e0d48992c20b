"""Compiled twin of `udfs.text.cuts.pii`: IP addresses."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from udfs.text.cuts.pii import OUTLINE, VERSION_WORDS, Which
from udfs.text.kernels.compiling import compiled
from udfs.text.kernels.cuts.pii import NONE, places, spans
from udfs.text.kernels.pii_words import WORD, contains, hash_before, hashes
from udfs.text.kernels.spans import Offsets, Spans, Utf8
from udfs.text.page import Page

_VERSIONS = hashes(VERSION_WORDS)
_HEX = np.array([byte < 128 and chr(byte) in "0123456789abcdefABCDEF" for byte in range(256)])


def ipv4_addresses(page: Page, masks: Sequence[str] = ("[IP_ADDRESS]",), which: Which = "public") -> Spans:
    """IPv4 addresses."""
    where = page.once(places)
    if len(where.starts) < 4:
        return NONE
    return spans(_ipv4(page.utf8, where.starts, where.ends, which == "public"), masks)


def ipv6_addresses(page: Page, masks: Sequence[str] = ("[IP_ADDRESS]",), which: Which = "public") -> Spans:
    """IPv6 addresses."""
    where = page.once(places)
    return spans(_ipv6(page.utf8, where.colons, which == "public"), masks) if len(where.colons) > 1 else NONE


@compiled
def _ipv4(utf8: Utf8, run_starts: Offsets, run_ends: Offsets, public_only: bool) -> tuple[Offsets, Offsets]:
    starts, ends = np.empty(len(run_starts), np.int64), np.empty(len(run_starts), np.int64)
    found = 0
    for k in range(len(run_starts) - 3):
        start, end = run_starts[k], run_ends[k + 3]
        dots = 0
        while dots < 3 and run_starts[k + dots + 1] == run_ends[k + dots] + 1 and utf8[run_ends[k + dots]] == 46:
            dots += 1
        if dots == 3 and _stands_alone(utf8, start, end) and _is_v4(utf8, run_starts, run_ends, k, public_only):
            word, _ = hash_before(utf8, start)
            if not contains(_VERSIONS, word):
                starts[found], ends[found] = start, end
                found += 1
    return starts[:found], ends[:found]


@compiled
def _stands_alone(utf8: Utf8, start: int, end: int) -> bool:
    """Whether dotted numbers are no part of a longer one, of a word or of a file name."""
    if start > 0:
        before = utf8[start - 1]
        if WORD[before] or before == 46:
            return False
        if start > 1 and before in (45, 47):
            farther = utf8[start - 2]
            if farther in (46, 95) or (WORD[farther] and farther >= 65):
                return False
    if end < len(utf8):
        if WORD[utf8[end]]:
            return False
        if end + 1 < len(utf8) and WORD[utf8[end + 1]]:
            return not (utf8[end] == 46 or (utf8[end] == 45 and utf8[end + 1] >= 65))
    return True


@compiled
def _is_v4(utf8: Utf8, run_starts: Offsets, run_ends: Offsets, k: int, public_only: bool) -> bool:
    low, a, b, c = 0, 0, 0, 0
    for n in range(k, k + 4):
        start, end = run_starts[n], run_ends[n]
        if end - start > 3 or (utf8[start] == 48 and end - start > 1):
            return False
        value = 0
        for i in range(start, end):
            value = value * 10 + utf8[i] - 48
        if value > 255:
            return False
        low += value < OUTLINE
        if n == k:
            a = value
        elif n == k + 1:
            b = value
        elif n == k + 2:
            c = value
    public = _is_public_v4(a, b, c)
    return low < 3 if public else not public_only


@compiled
def _is_public_v4(a: int, b: int, c: int) -> bool:
    if a in (0, 10, 127) or a >= 224 or (a == 100 and 64 <= b < 128) or (a == 172 and 16 <= b < 32):
        return False
    if (a == 169 and b == 254) or (a == 192 and b == 168) or (a == 198 and b in (18, 19)):
        return False
    return not (
        (a == 192 and b == 0 and c in (0, 2))
        or (a == 192 and b == 88 and c == 99)
        or (a == 198 and b == 51 and c == 100)
        or (a == 203 and b == 0 and c == 113)
    )


@compiled
def _ipv6(utf8: Utf8, colons: Offsets, public_only: bool) -> tuple[Offsets, Offsets]:
    starts, ends = np.empty(len(colons), np.int64), np.empty(len(colons), np.int64)
    found, done = 0, 0
    for colon in colons:
        if colon < done:
            continue
        start, end = colon, colon + 1
        while start > done and _HEX[utf8[start - 1]]:
            start -= 1
        while end < len(utf8) and (_HEX[utf8[end]] or utf8[end] == 58):
            end += 1
        done = end
        if end - start < 6:
            continue
        start, end = _without_colons(utf8, start, end)
        if start < end and end - start <= 39 and _is_v6(utf8, start, end, public_only):
            starts[found], ends[found] = start, end
            found += 1
    return starts[:found], ends[:found]


@compiled
def _without_colons(utf8: Utf8, start: int, end: int) -> tuple[int, int]:
    """The run without a colon of the sentence at either end; empty where it is part of a word."""
    if utf8[start] == 58 and utf8[start + 1] != 58:
        start += 1
    elif start > 0 and (utf8[start - 1] == 46 or (WORD[utf8[start - 1]] and utf8[start - 1] >= 65)):
        return 0, 0
    if utf8[end - 1] == 58 and utf8[end - 2] != 58:
        return start, end - 1
    if end < len(utf8):
        dotted = utf8[end] == 46 and end + 1 < len(utf8) and 48 <= utf8[end + 1] <= 57
        if WORD[utf8[end]] or dotted:
            return 0, 0
    return start, end


@compiled
def _is_v6(utf8: Utf8, start: int, end: int, public_only: bool) -> bool:
    groups, filled, doubles, longest, digits = 0, 0, 0, 0, 0
    size, first_size, value, first, second = 0, 0, np.int64(0), np.int64(0), np.int64(0)
    for i in range(start, end + 1):
        if i < end and utf8[i] != 58:
            byte = np.int64(utf8[i])
            digits += 1 if byte < 58 else 0
            size += 1
            value = (value * 16 + np.int64(byte - 48 if byte < 58 else (byte | 32) - 87)) & 0xFFFFF
            continue
        if groups == 0:
            first_size, first = size, value
        elif groups == 1 and first_size:
            second = value
        doubles += i + 1 < end and utf8[i + 1] == 58
        filled += size > 0
        longest = max(longest, size)
        groups += 1
        size, value = 0, np.int64(0)
    if filled == 0 or longest > 4:
        return False
    if filled == groups:
        if groups != 8 or longest < 3:
            return False
    elif doubles != 1 or filled > 7 or digits == 0 or not (filled >= 3 or (filled == 2 and first_size == 4)):
        return False
    return not public_only or _is_public_v6(int(first), int(second))


@compiled
def _is_public_v6(first: int, second: int) -> bool:
    if first in (0, 0x64, 0x100, 0x5F00) or first >= 0xFE80:
        return False
    if first == 0x2001 and (second < 0x200 or second == 0xDB8):
        return False
    return not ((first == 0x3FFF and second < 0x1000) or 0xFC00 <= first < 0xFE00)


CUTS: Mapping[str, Callable[..., Spans]] = MappingProxyType(
    {"ipv4_addresses": ipv4_addresses, "ipv6_addresses": ipv6_addresses}
)
