"""How alike two documents are, pair by pair, from what tables hold of them: columns of type large_binary as data and
offsets. The definitions are `udfs.dedup.similarity.estimate` and `jaccard`."""

from typing import Any

import numpy as np

from udfs.dedup.kernels.murmur3 import four_at
from udfs.text.kernels.characters import Offsets, Utf8
from udfs.text.kernels.compiling import compiled, inlined


@compiled
def estimates(left: Utf8, left_offsets: Offsets, right: Utf8, right_offsets: Offsets) -> Any:
    """The share of equal values of two signatures, float64 of shape (pairs,)."""
    shares = np.zeros(left_offsets.size - 1, np.float64)
    for i in range(shares.size):
        one = left[left_offsets[i] : left_offsets[i + 1]]
        other = right[right_offsets[i] : right_offsets[i + 1]]
        if one.size == other.size and one.size > 0 and one.size % 2 == 0:
            equal = 0
            for k in range(0, one.size, 2):
                equal += (one[k] == other[k]) & (one[k + 1] == other[k + 1])
            shares[i] = equal / (one.size // 2)
    return shares


@compiled
def jaccards(left: Utf8, left_offsets: Offsets, right: Utf8, right_offsets: Offsets) -> Any:
    """The Jaccard similarity of two sets of uint32, float64 of shape (pairs,)."""
    shares = np.zeros(left_offsets.size - 1, np.float64)
    for i in range(shares.size):
        one = left[left_offsets[i] : left_offsets[i + 1]]
        other = right[right_offsets[i] : right_offsets[i + 1]]
        if one.size > 0 and other.size > 0 and one.size % 4 == 0 and other.size % 4 == 0:
            both = in_both(one, other)
            shares[i] = both / ((one.size + other.size) // 4 - both)
    return shares


@inlined
def in_both(one: Utf8, other: Utf8) -> Any:
    """Numbers that are in both of two ascending rows of uint32; a merge without a branch to guess."""
    both = 0
    at = place = np.uint64(0)
    four = np.uint64(4)
    while at < np.uint64(one.size) and place < np.uint64(other.size):
        first, second = four_at(one, at), four_at(other, place)
        both += first == second
        at += four * np.uint64(first <= second)
        place += four * np.uint64(second <= first)
    return both
