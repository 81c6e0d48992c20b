"""Compiled modes of Bloom dedup, over the documents of an Arrow array; the definition is `udfs.dedup.bloom_modes`.

A document goes through three steps: its n-grams window by window; how many of each window's are contained, with what
is new inserted; and what that cuts. Documents are taken in order, and each sees what those before it inserted.
"""

from typing import Any, NamedTuple

import numpy as np

from udfs.dedup.kernels.bloom import Bits, Flags, insert_all, look_up
from udfs.dedup.kernels.ngrams import ACROSS, LINES, TEXT, WHOLE, Hashes, Ngrams, ngrams_of
from udfs.dedup.kernels.passages import passages
from udfs.text.kernels.characters import Offsets, Utf8
from udfs.text.kernels.compiling import compiled, inlined

PARAGRAPH, DOCUMENT, OLD_BOTH, BOTH, SUBSTRING, EXACT = range(6)
MODES = {
    "paragraph": (PARAGRAPH, LINES),
    "document": (DOCUMENT, WHOLE),
    "old-both": (OLD_BOTH, LINES),
    "both": (BOTH, ACROSS),
    "substring": (SUBSTRING, WHOLE),
    "exact": (EXACT, TEXT),
}


class Rule(NamedTuple):
    """Settings as numbers."""

    mode: int
    windows: int
    shortest: int
    longest: int
    threshold: float
    passage: int  # tokens
    update: bool


class Filter(NamedTuple):
    """A filter and the number of bits that an n-gram sets."""

    bits: Bits
    hashes: int


class Found(NamedTuple):
    """What is cut from a document and why, in bytes."""

    contained: int
    ngrams: int
    is_dropped: bool
    starts: Offsets  # shape (cuts,), sorted and apart
    ends: Offsets


@inlined
def reached(contained: Any, ngrams: Any, rule: Rule) -> Any:
    """As `udfs.dedup.bloom_modes.reached`; 0/0 is not a number, and no comparison with it is true."""
    if rule.mode == EXACT:
        return contained > 0
    ratio = np.float64(contained) / np.float64(ngrams)
    return ratio >= rule.threshold if rule.mode == BOTH else ratio > rule.threshold


@compiled
def found_in(text: Utf8, rule: Rule, kept: Filter, fresh: Hashes, at: int) -> tuple[Found, int]:
    """What is cut from a document, by the filter; what is new in it is inserted, and written from `fresh[at]` on."""
    ngrams = ngrams_of(text, rule.windows, rule.shortest, rule.longest)
    flags = np.zeros(ngrams.hashes.size, np.uint8)
    if rule.mode == SUBSTRING:
        return _substring(text, ngrams, rule, kept, flags, fresh, at)
    contained = np.zeros(ngrams.bounds.size, np.int64)
    if rule.mode == BOTH:
        at = _both(ngrams, rule, kept, flags, contained, fresh, at)
        return of_counts(ngrams, window_numbers(ngrams, rule), contained, rule), at
    for window in range(ngrams.bounds.size - 1):
        first, after = ngrams.firsts[window], ngrams.firsts[window + 1]
        contained[window] = look_up(kept.bits, kept.hashes, ngrams.hashes, first, after, flags)
        if rule.update and not reached(contained[window], after - first, rule):
            at = insert_all(kept.bits, kept.hashes, ngrams.hashes, first, after, fresh, at)
    return of_counts(ngrams, np.empty(0, np.int64), contained, rule), at


@compiled
def of_counts(ngrams: Ngrams, numbers: Offsets, contained: Offsets, rule: Rule) -> Found:
    """What is cut, from how many n-grams of each window are contained; in mode BOTH the last count is of those that
    cross paragraphs, and `numbers` has the window of each n-gram."""
    windows = ngrams.bounds.size - 1
    starts, ends = np.empty(windows, np.int64), np.empty(windows, np.int64)
    totals = np.zeros(windows, np.int64)
    if rule.mode == BOTH:
        for number in numbers:
            if number < windows:
                totals[number] += 1
    else:
        for window in range(windows):
            totals[window] = ngrams.firsts[window + 1] - ngrams.firsts[window]
    cuts = 0
    for window in range(windows):
        if reached(contained[window], totals[window], rule):
            starts[cuts], ends[cuts] = ngrams.bounds[window], ngrams.bounds[window + 1]
            cuts += ends[cuts] > starts[cuts]
    total: Any = np.int64(0)
    every = ngrams.hashes.size
    for number in contained:
        total += number
    is_dropped = rule.mode != PARAGRAPH and reached(total, every, rule)
    return Found(total, every, is_dropped, starts[:cuts], ends[:cuts])


@compiled
def _lines(ngrams: Ngrams, rule: Rule) -> tuple[Offsets, int]:
    """The paragraph of each token, and the tokens of an n-gram."""
    lines = np.empty(ngrams.tokens.size, np.int64)
    line = 0
    for i in range(lines.size):
        while ngrams.tokens[i] >= ngrams.bounds[line + 1]:
            line += 1
        lines[i] = line
    return lines, min(lines.size, rule.longest)


@compiled
def window_numbers(ngrams: Ngrams, rule: Rule) -> Offsets:
    """The window of each n-gram; one behind the last for those that cross paragraphs."""
    numbers = np.empty(ngrams.hashes.size, np.int64)
    if rule.windows == ACROSS:
        lines, length = _lines(ngrams, rule)
        for i in range(numbers.size):
            is_inside = lines[i] == lines[i + length - 1]
            numbers[i] = lines[i] if is_inside else ngrams.bounds.size - 1
    else:
        for window in range(ngrams.bounds.size - 1):
            for i in range(ngrams.firsts[window], ngrams.firsts[window + 1]):
                numbers[i] = window
    return numbers


@compiled
def _both(ngrams: Ngrams, rule: Rule, kept: Filter, flags: Flags, contained: Offsets, fresh: Hashes, at: int) -> int:
    """Look up all n-grams, count by window, and insert those that touch no paragraph that is cut."""
    hashes, windows = ngrams.hashes, ngrams.bounds.size - 1
    total = look_up(kept.bits, kept.hashes, hashes, np.int64(0), hashes.size, flags)
    numbers = window_numbers(ngrams, rule)
    for i in range(hashes.size):
        contained[numbers[i]] += flags[i]
    if not rule.update or reached(total, hashes.size, rule):
        return at
    totals = np.zeros(windows + 1, np.int64)
    for number in numbers:
        totals[number] += 1
    removed = np.zeros(windows + 1, np.int64)  # paragraphs cut before this one
    for window in range(windows):
        removed[window + 1] = removed[window] + reached(contained[window], totals[window], rule)
    lines, length = _lines(ngrams, rule)
    for i in range(hashes.size):
        if removed[lines[i + length - 1] + 1] == removed[lines[i]]:
            at = insert_all(kept.bits, kept.hashes, hashes, i, i + 1, fresh, at)
    return at


@compiled
def _substring(
    text: Utf8, ngrams: Ngrams, rule: Rule, kept: Filter, flags: Flags, fresh: Hashes, at: int
) -> tuple[Found, int]:
    hashes, tokens = ngrams.hashes, ngrams.tokens
    contained = look_up(kept.bits, kept.hashes, hashes, np.int64(0), hashes.size, flags)
    firsts, lasts = passages(flags, rule.longest, rule.threshold, rule.passage)
    done: Any = np.int64(0)
    starts, ends = np.empty(firsts.size, np.int64), np.empty(firsts.size, np.int64)
    for i in range(firsts.size + 1):
        until = firsts[i] if i < firsts.size else tokens.size
        if rule.update and until - rule.longest + 1 > done:
            at = insert_all(kept.bits, kept.hashes, hashes, done, until - rule.longest + 1, fresh, at)
        if i < firsts.size:
            done = lasts[i]
            starts[i] = tokens[firsts[i]]
            ends[i] = tokens[done] if done < tokens.size else text.size
    return Found(contained, hashes.size, False, starts, ends), at
