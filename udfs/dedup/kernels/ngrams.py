"""Compiled n-grams: tokens of a text, their hashes, and the hashes of its n-grams window by window.

The definition is `udfs.dedup.ngrams`. A window is what n-grams do not cross: a paragraph that begins with its newline,
or the whole text.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from udfs.dedup import ngrams
from udfs.text.kernels.characters import Offsets, Utf8
from udfs.text.kernels.compiling import compiled, inlined
from udfs.text.kernels.words import NOT_BLANK, unicode_words

Hashes = NDArray[np.uint64]

LINES, WHOLE, ACROSS, TEXT = range(4)  # windows: see `ngrams_of`

_NEWLINE = 10
_BASE = np.uint64(ngrams.BASE)
_LENGTH = np.uint64(ngrams.LENGTH)
_33 = np.uint64(33)
_FIRST = np.uint64(0xFF51AFD7ED558CCD)
_SECOND = np.uint64(0xC4CEB9FE1A85EC53)
_EIGHT = np.arange(0, 64, 8).astype(np.uint64)


class Ngrams(NamedTuple):
    """The n-grams of a text and its windows."""

    hashes: Hashes  # shape (n-grams,), in the order of the text
    firsts: Offsets  # shape (windows + 1,): window w has hashes[firsts[w]:firsts[w + 1]]; not for ACROSS
    bounds: Offsets  # shape (windows + 1,): bytes where windows begin, and the text's length
    tokens: Offsets  # shape (tokens,): bytes where tokens begin


@inlined
def mixed(value: Any) -> Any:
    """As `udfs.dedup.ngrams.mixed`."""
    value = (value ^ (value >> _33)) * _FIRST
    value = (value ^ (value >> _33)) * _SECOND
    return value ^ (value >> _33)


@inlined
def token_hash(text: Utf8, start: int, end: int) -> Any:
    """Hash of `text[start:end]`, uint64."""
    value = np.uint64(end - start) * _LENGTH
    at = start
    while at < end:
        eight = np.uint64(0)
        for i in range(min(end - at, 8)):
            eight |= np.uint64(text[at + i]) << _EIGHT[i]
        value = mixed(value ^ eight)
        at += 8
    return value


@compiled
def ngrams_of(text: Utf8, windows: int, shortest: int, longest: int) -> Ngrams:
    """The n-grams of a text. Windows: LINES, a paragraph each; WHOLE, one; ACROSS, paragraphs as bounds, and n-grams
    over all of the text; TEXT, the text itself as one n-gram."""
    bounds = _bounds(text, windows in (LINES, ACROSS))
    if windows == TEXT:
        whole = np.empty(1, np.uint64)
        whole[0] = mixed(token_hash(text, 0, text.size))
        return Ngrams(whole, np.arange(2), bounds, np.zeros(1, np.int64))
    starts, ends = unicode_words(text, NOT_BLANK)
    hashes = np.empty(starts.size, np.uint64)
    for i in range(starts.size):
        hashes[i] = token_hash(text, starts[i], ends[i])
    found = np.empty(starts.size, np.uint64)
    firsts = np.empty(bounds.size, np.int64)
    firsts[0] = count = first = 0
    for window in range(bounds.size - 1):
        end = bounds[window + 1] if windows == LINES else text.size
        after = first
        while after < starts.size and starts[after] < end:
            after += 1
        count += _window(hashes, first, after, shortest, longest, found, count)
        firsts[window + 1] = count
        first = after
    return Ngrams(found[:count], firsts, bounds, starts)


@inlined
def _bounds(text: Utf8, at_newlines: Any) -> Offsets:
    windows = 1
    if at_newlines:
        for byte in text:
            windows += byte == _NEWLINE
    bounds = np.empty(windows + 1, np.int64)
    bounds[0] = 0
    window = 1
    if at_newlines:
        for at in range(text.size):
            if text[at] == _NEWLINE:
                bounds[window] = at
                window += 1
    bounds[window] = text.size
    return bounds


@inlined
def _window(tokens: Hashes, first: int, after: int, shortest: int, longest: int, found: Hashes, at: int) -> int:
    """Write the n-grams of `tokens[first:after]` from `found[at]` on; returns how many."""
    length = min(after - first, longest)
    if length < shortest:
        return 0
    value, power = np.uint64(0), np.uint64(1)
    for i in range(first, first + length):
        value = value * _BASE + tokens[i]
        power *= _BASE
    found[at] = mixed(value)
    for i in range(first + length, after):
        value = value * _BASE + tokens[i] - tokens[i - length] * power
        at += 1
        found[at] = mixed(value)
    return after - first - length + 1
