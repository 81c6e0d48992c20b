"""Compiled half of exact substring dedup: the anchors of a text, and the hashes of its windows. What they are for is
said in `udfs.dedup.substrings`, which defines what is cut.

A text of fewer than `size` tokens has no windows and no anchors. All costs are linear in the text, but for texts made
to make them worse: at most `size` steps for a token.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from udfs.text.kernels.characters import Offsets, Utf8, code_point_offsets
from udfs.text.kernels.compiling import compiled, inlined
from udfs.text.kernels.words import NOT_BLANK, hash_of, mixed, unicode_words

Hashes = NDArray[np.uint64]

_NEWLINE = 10
_LANES = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F))  # odd; one for each half of a hash


class Anchors(NamedTuple):
    """The anchors of a text in order; shapes (anchors,)."""

    positions: Offsets  # number of the first token
    hashes: NDArray[np.int64]


class Windows(NamedTuple):
    """Windows of a text in order; shapes (windows,).

    A side is `4 * offset + level`, so the least left side of a run is that of its first window, and the greatest right
    side that of its last. Offset: in code points, the end of the token before or the start of the token behind. Level
    of the gap there: as `udfs.dedup.substrings.gap_level`, and 0 at an end of the text.
    """

    positions: Offsets  # number of the first token
    high: NDArray[np.int64]  # the two halves of the hash
    low: NDArray[np.int64]
    lefts: Offsets
    rights: Offsets


def anchors(text: Utf8, size: int, anchor_size: int) -> Anchors:
    """The anchors, of `anchor_size` tokens, of all windows of `size` tokens."""
    starts, ends = unicode_words(text, NOT_BLANK)
    if starts.size < size:
        return Anchors(np.empty(0, np.int64), np.empty(0, np.int64))
    positions, hashes = _anchors(_token_hashes(text, starts, ends), size, anchor_size)
    return Anchors(positions, hashes.view(np.int64))


def windows(text: Utf8, size: int, anchor_size: int, repeated: Offsets) -> Windows:
    """The windows whose anchor is at one of the tokens `repeated`, which ascend."""
    starts, ends = unicode_words(text, NOT_BLANK)
    tokens = _token_hashes(text, starts, ends)
    positions = _windows_at(tokens, size, anchor_size, repeated)
    high, low = (run_hashes(tokens, size, lane)[positions].view(np.int64) for lane in _LANES)
    left_bytes, right_bytes, left_levels, right_levels = _sides(text, starts, ends, positions, size)
    lefts = 4 * code_point_offsets(text, left_bytes) + left_levels
    rights = 4 * code_point_offsets(text, right_bytes) + right_levels
    return Windows(positions, high, low, lefts, rights)


@compiled
def _token_hashes(text: Utf8, starts: Offsets, ends: Offsets) -> Hashes:
    hashes = np.empty(starts.size, np.uint64)
    for i in range(starts.size):
        hashes[i] = hash_of(text, starts[i], ends[i])
    return hashes


@compiled
def run_hashes(tokens: Hashes, size: int, lane: Any) -> Hashes:
    """Hash of each run of `size` tokens, shape (tokens - size + 1,), empty for fewer tokens.

    By doubling (Karp, Miller, Rosenberg 1972): runs of 1, 2, 4, ... tokens from two halves, at last from two parts that
    overlap. Unlike a rolling polynomial it mixes all bits at each step, so there is no text whose runs collide.
    """
    count = max(tokens.size - size + 1, 0)
    hashes = tokens.copy()
    span = 1
    while 2 * span <= size:
        for i in range(tokens.size - 2 * span + 1):  # in place: the second half is still of the last round
            hashes[i] = mixed(hashes[i] * lane + hashes[i + span])
        span *= 2
    for i in range(count):
        hashes[i] = mixed(hashes[i] * lane + hashes[i + size - span])
    return hashes[:count]


@inlined
def _lowest(hashes: Hashes, window: int, width: int, before: int) -> int:
    """Where the least of `hashes[window:window + width]` is. Of equal ones the one `before`, of the window before this,
    stays while it can ("robust winnowing", section 5.1 of the paper), else it is the last: so of a thousand equal runs
    few are anchors. -1 as `before`: there is no window before."""
    last = window + width - 1
    if before >= window:
        return last if hashes[last] < hashes[before] else before
    lowest = last
    for at in range(last - 1, window - 1, -1):
        if hashes[at] < hashes[lowest]:
            lowest = at
    return lowest


@compiled
def _anchors(tokens: Hashes, size: int, anchor_size: int) -> tuple[Offsets, Hashes]:
    runs = run_hashes(tokens, anchor_size, _LANES[0])
    width = size - anchor_size + 1
    positions = np.empty(runs.size, np.int64)
    found, lowest = 0, -1
    for window in range(runs.size - width + 1):
        at = _lowest(runs, window, width, lowest)
        if at != lowest:
            positions[found] = lowest = at
            found += 1
    return positions[:found].copy(), runs[positions[:found]]


@compiled
def _windows_at(tokens: Hashes, size: int, anchor_size: int, repeated: Offsets) -> Offsets:
    """Positions of the windows whose anchor is at one of `repeated`."""
    runs = run_hashes(tokens, anchor_size, _LANES[0])
    width = size - anchor_size + 1
    positions = np.empty(runs.size, np.int64)
    found, lowest, place = 0, -1, 0
    for window in range(runs.size - width + 1):
        lowest = _lowest(runs, window, width, lowest)
        while place < repeated.size and repeated[place] < lowest:
            place += 1
        positions[found] = window
        found += place < repeated.size and repeated[place] == lowest
    return positions[:found].copy()


@compiled
def _sides(text: Utf8, starts: Offsets, ends: Offsets, positions: Offsets, size: int) -> tuple[Any, Any, Any, Any]:
    """Of each window the byte offsets on its left and right, and the levels of the gaps there."""
    lefts, rights = np.zeros(positions.size, np.int64), np.empty(positions.size, np.int64)
    left_levels, right_levels = np.zeros(positions.size, np.int64), np.zeros(positions.size, np.int64)
    for i in range(positions.size):
        first, behind = positions[i], positions[i] + size
        if first > 0:
            lefts[i] = ends[first - 1]
            left_levels[i] = _gap_level(text, ends[first - 1], starts[first])
        rights[i] = text.size
        if behind < starts.size:
            rights[i] = starts[behind]
            right_levels[i] = _gap_level(text, ends[behind - 1], starts[behind])
    return lefts, rights, left_levels, right_levels


@inlined
def _gap_level(text: Utf8, start: int, end: int) -> int:
    level = 1
    for byte in text[start:end]:
        level += byte == _NEWLINE and level < 3
    return level
