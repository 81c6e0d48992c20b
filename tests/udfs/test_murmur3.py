"""MurmurHash3 over stretches of bytes gives what the package mmh3 gives."""

import random

import mmh3
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.dedup.kernels.murmur3 import hash_32, hash_64

SEEDS = (0, 1, 13, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
SCRAP = random.Random(3).randbytes(400)


def compare(data: bytes, before: bytes, behind: bytes, seed: int) -> None:
    """What stands around the stretch must not matter."""
    whole = np.frombuffer(before + data + behind, np.uint8)
    start, end = len(before), len(before) + len(data)
    assert int(hash_32(whole, start, end, seed)) == mmh3.hash(data, seed, signed=False)
    assert int(hash_64(whole, start, end, seed)) == mmh3.hash64(data, seed, signed=True)[0]


@pytest.mark.parametrize("seed", SEEDS)
def test_every_length(seed: int) -> None:
    for length in range(71):
        for start in (0, 1, 5):
            data = SCRAP[start : start + length]
            compare(data, SCRAP[200 : 200 + start], b"", seed)
            compare(data, b"", SCRAP[300 : 300 + start], seed)


def test_bytes_above_127_have_no_sign() -> None:
    for length in range(40):
        compare(b"\xff" * length, b"\xff", b"\xff", 0)


def test_a_published_value() -> None:
    """From the algorithm's common test vectors, so that the oracle itself is no other function."""
    data = np.frombuffer(b"The quick brown fox jumps over the lazy dog", np.uint8)
    assert int(hash_32(data, 0, data.size, 0x9747B28C)) == 0x2FA826CD


@given(st.binary(max_size=3000), st.binary(max_size=9), st.binary(max_size=9), st.integers(0, 2**32 - 1))
def test_any_bytes(data: bytes, before: bytes, behind: bytes, seed: int) -> None:
    compare(data, before, behind, seed)
