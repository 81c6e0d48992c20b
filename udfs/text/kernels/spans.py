"""What a compiled cut returns, and edits as arrays: the byte-offset forms of `udfs.text.edits`."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Offsets = NDArray[np.int64]
Utf8 = NDArray[np.uint8]
NOTHING = np.empty(0, np.int64)


class Spans(NamedTuple):
    """What one step changes in a text: `text[starts[i]:ends[i]]` becomes the i-th replacement.

    Byte offsets at character boundaries, sorted, not overlapping, never two at one start; shapes (edits,).
    """

    starts: Offsets
    ends: Offsets
    replacements: Sequence[bytes] = ()  # one for each span; () deletes all of them


class ByteEdits(NamedTuple):
    """Edits of several steps, in byte offsets of the text as it was received."""

    starts: Offsets  # shape (edits,)
    ends: Offsets  # shape (edits,)
    bounds: Offsets  # shape (edits + 1,): edit i writes written[bounds[i]:bounds[i + 1]]
    written: Utf8
    steps: Offsets  # shape (edits,): number of the step that is its reason


_NO_BOUNDS = np.zeros(1, np.int64)
_NO_BYTES = np.empty(0, np.uint8)


def no_edits() -> ByteEdits:
    """The edits of a text that nothing has changed."""
    return ByteEdits(NOTHING, NOTHING, _NO_BOUNDS, _NO_BYTES, NOTHING)


def edits_of(spans: Spans, step: int) -> ByteEdits:
    """The spans of one step, number `step`, as edits."""
    count = len(spans.starts)
    bounds, written = np.zeros(count + 1, np.int64), _NO_BYTES
    if spans.replacements:
        bounds[1:] = list(accumulate(map(len, spans.replacements)))
        written = np.frombuffer(b"".join(spans.replacements), np.uint8)
    steps = np.empty(count, np.int64)
    steps.fill(step)
    return ByteEdits(_int64(spans.starts), _int64(spans.ends), bounds, written, steps)


def _int64(offsets: Any) -> Offsets:
    same: Offsets = offsets if offsets.dtype == np.int64 else offsets.astype(np.int64)
    return same
