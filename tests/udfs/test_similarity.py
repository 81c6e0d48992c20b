"""Pairs of signatures and of shingle sets: kernel = definition, and the definition is Jaccard's."""

import struct

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.dedup.similarity import estimate, estimates, jaccard, jaccards

small_sets = st.frozensets(st.integers(0, 40) | st.integers(0, 2**32 - 1), max_size=60)
signatures = st.lists(st.integers(0, 2) | st.integers(0, 0xFFFF), max_size=40)
# What may stand in a column beside what should.
stored_signatures = st.one_of(
    st.none(), st.binary(max_size=12), signatures.map(lambda values: struct.pack(f"<{len(values)}H", *values))
)
stored_sets = st.one_of(
    st.none(),
    st.binary(max_size=11).filter(lambda value: len(value) % 4 > 0),
    small_sets.map(lambda values: packed(set(values))),
)
MEASURES = {"estimates": (estimates, estimate, stored_signatures), "jaccards": (jaccards, jaccard, stored_sets)}


def packed(values: set[int]) -> bytes:
    return struct.pack(f"<{len(values)}I", *sorted(values))


@given(one=small_sets, other=small_sets)
def test_jaccard_is_that_of_the_sets(one: frozenset[int], other: frozenset[int]) -> None:
    expected = len(one & other) / len(one | other) if one and other else 0.0
    assert jaccard(packed(set(one)), packed(set(other))) == expected
    column = [pa.array([packed(set(values))], pa.binary()) for values in (one, other)]
    assert jaccards(*column).tolist() == [expected]


def test_some_estimates() -> None:
    """Values that differ in their low byte only, in their high byte only, and in both."""
    left, right = struct.pack("<4H", 1, 2, 3, 0x190), struct.pack("<4H", 1, 3, 0x203, 0x290)
    assert estimate(left, right) == 0.25
    assert estimates(pa.array([left, left]), pa.array([right, left])).tolist() == [0.25, 1.0]
    assert estimate(b"", b"") == estimate(b"ab", b"abcd") == estimate(b"abc", b"abc") == 0.0
    assert jaccard(packed({1, 2, 3}), packed({2, 3, 4})) == 0.5
    assert jaccard(packed({1}), b"") == jaccard(b"abcde", b"abcde") == 0.0


@pytest.mark.parametrize("measure", MEASURES)
@given(data=st.data(), kind=st.sampled_from([pa.binary(), pa.large_binary(), pa.binary_view()]))
def test_columns_give_what_the_pairs_give(measure: str, data: st.DataObject, kind: pa.DataType) -> None:
    """Sliced columns too, whose first row is not the buffers' first; three kinds of columns."""
    columnwise, pairwise, cells = MEASURES[measure]
    rows = data.draw(st.lists(st.tuples(cells, cells), max_size=12))
    junk = (b"\1\2\3", b"\1\2\3")
    left, right = (pa.array(list(part), kind).slice(1, len(rows)) for part in zip(junk, *rows, junk, strict=True))
    found = columnwise(left, right)
    assert found.dtype == np.float64
    assert found.tolist() == [0.0 if one is None or other is None else pairwise(one, other) for one, other in rows]


def test_a_null_over_bytes_is_still_null() -> None:
    """Arrow allows bytes beneath a null."""
    full = pa.array([b"\1\2\3\4", b"\1\2\3\4"], pa.binary())
    masked = pa.Array.from_buffers(pa.binary(), 2, [pa.py_buffer(b"\2"), *full.buffers()[1:]])
    assert estimates(masked, full).tolist() == jaccards(full, masked).tolist() == [0.0, 1.0]


def test_columns_of_different_lengths_are_refused() -> None:
    one, two = pa.array([b"ab"]), pa.array([b"ab", b"ab"])
    with pytest.raises(ValueError, match="1 documents cannot be paired with 2"):
        estimates(one, two)
