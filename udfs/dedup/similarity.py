"""How alike two documents are: the estimate from their signatures, and the exact Jaccard similarity of their shingles.

Both take what tables hold, and are 0.0 where there is nothing to compare: one of the two is null or empty, or is not
what it should be (signatures of different lengths, as of different settings; bytes that are no whole numbers).
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from udfs.dedup.kernels import pairs

Shares = NDArray[np.float64]


def estimate(left: bytes, right: bytes) -> float:
    """The share of values in which two stored signatures agree (`udfs.dedup.minhash.stored`): the Jaccard similarity J
    with a standard error of sqrt(J (1 - J) / permutations)."""
    if len(left) != len(right) or len(left) % 2 or not left:
        return 0.0
    places = range(0, len(left), 2)
    return sum(left[at : at + 2] == right[at : at + 2] for at in places) / len(places)


def jaccard(left: bytes, right: bytes) -> float:
    """Shingles of both over shingles of either, from their distinct hashes (uint32, little-endian, ascending)."""
    if len(left) % 4 or len(right) % 4 or not left or not right:
        return 0.0
    one, other = set(np.frombuffer(left, "<u4").tolist()), set(np.frombuffer(right, "<u4").tolist())
    return len(one & other) / len(one | other)


def estimates(left: pa.Array, right: pa.Array) -> Shares:
    """`estimate` of each pair, for columns of type binary and equal length; shape (pairs,)."""
    return _compared(pairs.estimates, left, right)


def jaccards(left: pa.Array, right: pa.Array) -> Shares:
    """`jaccard` of each pair, for columns of type binary and equal length; shape (pairs,)."""
    return _compared(pairs.jaccards, left, right)


def _compared(kernel: Callable[..., Any], left: pa.Array, right: pa.Array) -> Shares:
    if len(left) != len(right):
        raise ValueError(f"{len(left)} documents cannot be paired with {len(right)}; give columns of equal length")
    shares: Shares = kernel(*_parts(left), *_parts(right))
    for column in (left, right):
        shares[column.is_null().to_numpy(zero_copy_only=False)] = 0.0
    return shares


def _parts(column: pa.Array) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Data and offsets. What a null row holds is anybody's guess."""
    if not len(column):  # may lack its buffers
        offsets, data = np.zeros(1, np.int64), np.zeros(0, np.uint8)
    else:
        wide = column.cast(pa.large_binary())  # copies offsets, not data
        _, places, values = wide.buffers()
        offsets = np.frombuffer(places, np.int64)[wide.offset : wide.offset + len(wide) + 1]
        data = np.frombuffer(values or b"", np.uint8)
    for array in (offsets, data):
        array.setflags(write=False)  # numba compiles for one kind of array only
    return data, offsets
