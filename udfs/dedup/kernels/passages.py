"""Compiled passages of seen n-grams; the definition is `udfs.dedup.passages`."""

import numpy as np
from numpy.typing import NDArray

from udfs.text.kernels.characters import Offsets
from udfs.text.kernels.compiling import compiled


@compiled
def passages(flags: NDArray[np.uint8], length: int, threshold: float, least: int) -> tuple[Offsets, Offsets]:
    """First tokens and ends of the passages of at least `least` tokens; `flags[i]` says whether the n-gram of `length`
    tokens that begins at token i was seen."""
    starts, ends = _runs(flags, length)
    if threshold < 1:
        forward = _sandwiched(starts, ends, threshold, False)
        backward = _sandwiched(starts, ends, threshold, True)
        starts, ends = _united(forward[0], forward[1], backward[0], backward[1])
    count = 0
    for i in range(starts.size):
        starts[count], ends[count] = starts[i], ends[i]
        count += ends[i] - starts[i] >= least
    return starts[:count], ends[:count]


@compiled
def _runs(flags: NDArray[np.uint8], length: int) -> tuple[Offsets, Offsets]:
    starts, ends = np.empty(flags.size, np.int64), np.empty(flags.size, np.int64)
    count = 0
    for i in range(flags.size):
        if flags[i]:
            if count == 0 or ends[count - 1] < i:
                starts[count] = i
                count += 1
            ends[count - 1] = i + length
    return starts[:count], ends[:count]


@compiled
def _sandwiched(starts: Offsets, ends: Offsets, threshold: float, backward: bool) -> tuple[Offsets, Offsets]:
    """Sorted in either direction."""
    size = starts.size
    lows, highs = np.empty(size, np.int64), np.empty(size, np.int64)
    first = size - 1 if backward else 0  # where the passage at hand goes
    at, step = first, -1 if backward else 1
    width = np.int64(0)
    for i in range(size):
        here = size - 1 - i if backward else i
        own = ends[here] - starts[here]
        if i:
            low, high = min(lows[at], starts[here]), max(highs[at], ends[here])
            if width + own >= (high - low) * threshold:
                lows[at], highs[at] = low, high
                width += own
                continue
            at += step
        lows[at], highs[at], width = starts[here], ends[here], own
    if size == 0:
        return lows, highs
    return lows[min(first, at) : max(first, at) + 1], highs[min(first, at) : max(first, at) + 1]


@compiled
def _united(a_starts: Offsets, a_ends: Offsets, b_starts: Offsets, b_ends: Offsets) -> tuple[Offsets, Offsets]:
    """Two sorted lists of disjoint spans as one, those that overlap or touch joined."""
    size = a_starts.size + b_starts.size
    starts, ends = np.empty(size, np.int64), np.empty(size, np.int64)
    count = a = b = 0
    for _ in range(size):
        if b == b_starts.size or (a < a_starts.size and a_starts[a] <= b_starts[b]):
            start, end = a_starts[a], a_ends[a]
            a += 1
        else:
            start, end = b_starts[b], b_ends[b]
            b += 1
        if count and ends[count - 1] >= start:
            ends[count - 1] = max(ends[count - 1], end)
        else:
            starts[count], ends[count] = start, end
            count += 1
    return starts[:count], ends[:count]
