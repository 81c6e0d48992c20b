"""Signatures of many documents at once, from an Arrow column to Arrow columns.

Same answers as `udfs.dedup.shingles` and `udfs.dedup.minhash`, which define them."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from udfs.dedup.kernels.shingles import reading
from udfs.dedup.kernels.signatures import Signed, permutations, sign
from udfs.dedup.minhash import Banding
from udfs.dedup.shingles import ShingleSettings

_MAX_BYTES = 2**31 - 1  # of a column of type binary


class Signer:
    """Settings made ready to sign texts; one for each task."""

    def __init__(self, shingles: ShingleSettings, banding: Banding | str, seed: int, keep_shingles: bool) -> None:
        """Raises ValueError for a banding or a seed that cannot be."""
        self.banding = Banding.parse(str(banding))
        self._factors, self._terms = permutations(self.banding.permutations, seed)
        self._reading = reading(shingles)
        self._keep = keep_shingles

    def columns(self, texts: pa.LargeStringArray) -> dict[str, pa.Array]:
        """Four columns, a row for each text:

        - `shingles` int32: how many shingles it has, repeats counted; 0 where it has no signature.
        - `signature` binary: the low 16 bits of each permutation's smallest value, little-endian.
        - `band_keys` list<int64>: the key of each band.
        - `shingle_hashes` binary: its distinct shingles' hashes, uint32 and little-endian, ascending; null unless they
          are kept.

        All but `shingles` are null where the text is null or too short for a shingle. Raises ValueError where a column
        would pass 2 GiB, which Arrow's binary cannot hold.
        """
        signed = self._signed(texts)
        has = signed.shingles > 0
        hash_bytes = 4 * np.diff(signed.shingle_ends, prepend=0) if self._keep else np.zeros(len(texts), np.int64)
        return {
            "shingles": pa.array(signed.shingles),
            "signature": _binary(signed.signatures, np.where(has, 2 * self.banding.permutations, 0), has),
            "band_keys": _lists(signed.keys, np.where(has, self.banding.bands, 0), has),
            "shingle_hashes": _binary(signed.hashes, hash_bytes, has & self._keep),
        }

    def _signed(self, texts: pa.LargeStringArray) -> Signed:
        offsets = np.zeros(1, np.int64)
        if len(texts):  # an empty array may lack its buffers
            offsets = np.frombuffer(texts.buffers()[1], np.int64)[texts.offset : texts.offset + len(texts) + 1]
        data = np.frombuffer((len(texts) and texts.buffers()[2]) or b"", np.uint8)
        is_text = texts.is_valid().to_numpy(zero_copy_only=False)
        for array in (offsets, data, is_text):
            array.setflags(write=False)  # numba compiles for one kind of array only
        read, factors, terms = self._reading, self._factors, self._terms
        return Signed(*sign(data, offsets, is_text, read, factors, terms, self.banding.bands, self._keep))


def _offsets(lengths: NDArray[Any]) -> NDArray[np.int32]:
    ends = np.concatenate([[0], np.cumsum(lengths)])
    if ends[-1] > _MAX_BYTES:
        raise ValueError(f"a column of this batch has {ends[-1]} bytes or values; give batches that stay below 2 GiB")
    return ends.astype(np.int32)


def _binary(values: NDArray[Any], lengths: NDArray[Any], has: NDArray[np.bool_]) -> pa.BinaryArray:
    buffers = [_bits(has), pa.py_buffer(_offsets(lengths)), pa.py_buffer(np.ascontiguousarray(values))]
    return pa.Array.from_buffers(pa.binary(), len(has), buffers)


def _lists(values: NDArray[np.int64], lengths: NDArray[Any], has: NDArray[np.bool_]) -> pa.ListArray:
    buffers = [_bits(has), pa.py_buffer(_offsets(lengths))]
    return pa.Array.from_buffers(pa.list_(pa.int64()), len(has), buffers, children=[pa.array(values.ravel())])


def _bits(has: NDArray[np.bool_]) -> pa.Buffer:
    return pa.py_buffer(np.packbits(has, bitorder="little"))
