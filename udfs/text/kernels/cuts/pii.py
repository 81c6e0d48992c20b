"""Compiled twin of `udfs.text.cuts.pii`: e-mail addresses. IP addresses are in `pii_addresses`.

One pass over the text finds where anything can be (`Places`), for this and the other modules of personal data; only
around these places is the text read again."""

from collections.abc import Callable, Mapping, Sequence
from itertools import cycle, islice
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from udfs.text.cuts.pii import IMAGE_SUFFIXES
from udfs.text.kernels.compiling import compiled
from udfs.text.kernels.pii_words import WORD, hashes, is_in
from udfs.text.kernels.spans import NOTHING, Offsets, Spans, Utf8
from udfs.text.page import Page

_LOCAL, _DOMAIN = 1, 2


def _classes() -> NDArray[np.uint8]:
    found = np.zeros(256, np.uint8)
    for sign in map(chr, range(128)):
        found[ord(sign)] = (sign.isalnum() or sign in "_.%+&'-") * _LOCAL | (sign.isalnum() or sign in ".-") * _DOMAIN
    return found


_CLASSES = _classes()
_IMAGES = hashes(IMAGE_SUFFIXES)


class Places(NamedTuple):
    """Byte offsets where personal data can be."""

    ats: Offsets
    colons: Offsets
    starts: Offsets  # runs of digits
    ends: Offsets


def places(page: Page) -> Places:
    """Where the page has `@`, `:` and digits; ask with `page.once`."""
    return Places(*_places(page.utf8))


def spans(found: tuple[Offsets, Offsets], masks: Sequence[str]) -> Spans:
    """What a kernel found, as spans to be masked."""
    written = [mask.encode() for mask in masks or ("",)]
    return Spans(found[0], found[1], tuple(islice(cycle(written), len(found[0]))))


NONE = Spans(NOTHING, NOTHING)


def email_addresses(page: Page, masks: Sequence[str] = ("[EMAIL]",)) -> Spans:
    """E-mail addresses."""
    where = page.once(places)
    return spans(_emails(page.utf8, where.ats), masks) if len(where.ats) else NONE


@compiled
def _places(utf8: Utf8) -> tuple[Offsets, Offsets, Offsets, Offsets]:
    at, colon, runs = _count(utf8)
    ats, colons = np.empty(at, np.int64), np.empty(colon, np.int64)
    starts, ends = np.empty(runs, np.int64), np.empty(runs, np.int64)
    if at + colon + runs == 0:
        return ats, colons, starts, ends
    at, colon, run, inside = 0, 0, 0, False
    for i in range(len(utf8)):
        byte = utf8[i]
        if inside != (48 <= byte <= 57):
            inside = not inside
            if inside:
                starts[run] = i
            else:
                ends[run] = i
                run += 1
        if byte == 58:
            colons[colon] = i
            colon += 1
        elif byte == 64:
            ats[at] = i
            at += 1
    if inside:
        ends[run] = len(utf8)
    return ats, colons, starts, ends


@compiled
def _count(utf8: Utf8) -> tuple[int, int, int]:
    """How many `@`, `:` and runs of digits there are; loops that work on many bytes at once."""
    ats, colons, runs = 0, 0, 0
    for byte in utf8:
        ats += byte == 64
        colons += byte == 58
    if len(utf8):
        runs = int(48 <= utf8[0] <= 57)
    for i in range(1, len(utf8)):
        runs += (48 <= utf8[i] <= 57) & ((utf8[i - 1] < 48) | (utf8[i - 1] > 57))
    return ats, colons, runs


@compiled
def _emails(utf8: Utf8, ats: Offsets) -> tuple[Offsets, Offsets]:
    starts, ends = np.empty(len(ats), np.int64), np.empty(len(ats), np.int64)
    found, done = 0, 0
    for at in ats:
        start = _mailbox_start(utf8, at, done)
        end = _domain_end(utf8, at + 1) if start < at else at + 1
        if end > at + 1:
            starts[found], ends[found] = start, end
            found += 1
            done = end
    return starts[:found], ends[:found]


@compiled
def _mailbox_start(utf8: Utf8, at: int, done: int) -> int:
    start, length = at, 0
    while start > done:
        byte = utf8[start - 1]
        if byte == 46 and start < at and utf8[start] == 46:  # two dots
            start += 1
            length -= 1
            break
        if byte < 0x80:
            if not _CLASSES[byte] & _LOCAL:
                break
            start -= 1
        elif start - 1 > done and 0xC3 <= utf8[start - 2] <= 0xC8 and byte < 0xC0:
            start -= 2
        else:
            break
        length += 1
        if length > 64:
            return at
    if start == at or utf8[at - 1] == 46:
        return at
    while start < at and (utf8[start] < 0x80 and not WORD[utf8[start]]):  # . % + & ' -
        start += 1
    return start


@compiled
def _domain_end(utf8: Utf8, start: int) -> int:
    limit = start
    while limit < min(len(utf8), start + 253) and _CLASSES[utf8[limit]] & _DOMAIN:
        limit += 1
    end, label, number = start, start, 0
    while label < limit:
        after = label
        while after < limit and utf8[after] != 46:
            after += 1
        whole = after
        while whole > label and utf8[whole - 1] == 45:
            whole -= 1
        if whole == label or utf8[label] == 45 or whole - label > 63:
            break
        if number and _is_top_domain(utf8, label, whole):
            end = whole
        if whole != after:
            break
        number += 1
        label = after + 1
    return end


@compiled
def _is_top_domain(utf8: Utf8, start: int, end: int) -> bool:
    for i in range(start, end):
        if utf8[i] < 65:  # a digit or hyphen
            return False
    return 2 <= end - start <= 24 and not is_in(_IMAGES, utf8, start, end)


CUTS: Mapping[str, Callable[..., Spans]] = MappingProxyType({"email_addresses": email_addresses})
