"""What a compiled cut returns, and edits as arrays: the byte-offset forms of `udfs.text.edits`."""

from collections.abc import Sequence
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


def no_edits() -> ByteEdits:
    """The edits of a text that nothing has changed."""
    return ByteEdits(NOTHING, NOTHING, np.zeros(1, np.int64), np.empty(0, np.uint8), NOTHING)


def edits_of(spans: Spans, step: int) -> ByteEdits:
    """The spans of one step, number `step`, as edits."""
    bounds = np.zeros(len(spans.starts) + 1, np.int64)
    written = np.empty(0, np.uint8)
    if spans.replacements:
        np.cumsum([len(one) for one in spans.replacements], out=bounds[1:])
        written = np.frombuffer(b"".join(spans.replacements), np.uint8)
    return ByteEdits(_int64(spans.starts), _int64(spans.ends), bounds, written, np.full(len(spans.starts), step))


def _int64(offsets: Any) -> Offsets:
    return np.ascontiguousarray(offsets, dtype=np.int64)
