"""MinHash with banding, defined in plain Python; `udfs.dedup.kernels.signatures` is the same, compiled.

A signature holds, for each of many permutations of the shingles' hashes, the smallest value; two documents have the
same smallest value with a probability of their Jaccard similarity (Broder 1997, "On the resemblance and containment of
documents"). Permutation j of a 32-bit hash x is (a_j x + b_j) mod 2^64 without its low 32 bits, which is universal
hashing by multiply-add-shift (Dietzfelbinger 1996, "Universal hashing and k-wise independent random variables via
integer arithmetic without primes"). a_j and b_j come from SplitMix64 (Steele, Lea and Flood 2014), so that they follow
from the seed alone and from no library's generator: signatures of different crawls and versions stay comparable.

Two documents are compared when all rows of one band agree.
"""

import re
import struct
from collections.abc import Sequence
from itertools import count, islice
from typing import NamedTuple, Self

import mmh3

PRESETS = ("14x8", "9x13", "20x13", "93x15", "14x9")
MAX_BANDS, MAX_ROWS, MAX_PERMUTATIONS = 1000, 100, 10_000
MAX_SEED = 2**63 - 1  # what an integer of a table can hold
_MASK = 2**64 - 1
_SIMILARITIES = (0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)


class Banding(NamedTuple):
    """How a signature is cut: `bands` keys, each of `rows` permutations."""

    bands: int
    rows: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """From "14x8". Raises ValueError for anything else, and for sizes nobody can want."""
        found = re.fullmatch("([1-9][0-9]{0,4})x([1-9][0-9]{0,4})", text)
        if found is None:
            raise ValueError(f"{text!r} is no banding; give bands x rows, such as {', '.join(PRESETS)}")
        banding = cls(int(found[1]), int(found[2]))
        if banding.bands > MAX_BANDS or banding.rows > MAX_ROWS or banding.permutations > MAX_PERMUTATIONS:
            raise ValueError(
                f"{text!r} has {banding.permutations} permutations; take at most {MAX_BANDS} bands of at most "
                f"{MAX_ROWS} rows, {MAX_PERMUTATIONS} permutations in all, such as {', '.join(PRESETS)}"
            )
        return banding

    @property
    def permutations(self) -> int:
        """Values of a signature."""
        return self.bands * self.rows

    def __str__(self) -> str:
        return f"{self.bands}x{self.rows}"


def multipliers(permutations: int, seed: int) -> list[tuple[int, int]]:
    """a_j and b_j of each permutation: SplitMix64's outputs from the state `seed` on, taken in pairs. Raises ValueError
    for a seed outside 0 .. MAX_SEED."""
    if not 0 <= seed <= MAX_SEED:
        raise ValueError(f"the seed {seed} is outside 0 to {MAX_SEED}; choose one inside")
    states = ((seed + (number + 1) * 0x9E3779B97F4A7C15) & _MASK for number in count())
    outputs = map(_split_mix, states)
    return list(islice(zip(outputs, outputs, strict=True), permutations))


def _split_mix(state: int) -> int:
    value = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & _MASK
    value = (value ^ value >> 27) * 0x94D049BB133111EB & _MASK
    return value ^ value >> 31


def signature(hashes: Sequence[int], permutations: int, seed: int) -> list[int]:
    """The smallest value of each permutation, uint32; nothing where there are no hashes."""
    if not hashes:
        return []
    return [min((a * x + b & _MASK) >> 32 for x in hashes) for a, b in multipliers(permutations, seed)]


def stored(values: Sequence[int]) -> bytes:
    """A signature as tables have it: the low 16 bits of each value, little-endian. That is half the bytes, and values
    which differ agree in them once in 65,536 times, which is nothing beside the estimate's own error."""
    return struct.pack(f"<{len(values)}H", *(value & 0xFFFF for value in values))


def band_keys(values: Sequence[int], bands: int, rows: int) -> list[int]:
    """The key of each band i, int64: the first half of MurmurHash3 (x64, 128 bits, seed i) of its values, uint32 and
    little-endian; nothing where there is no signature."""
    if not values:
        return []
    parts = (struct.pack(f"<{rows}I", *values[band * rows : (band + 1) * rows]) for band in range(bands))
    return [mmh3.hash64(part, band, signed=True)[0] for band, part in enumerate(parts)]


def probability(similarity: float, bands: int, rows: int) -> float:
    """How likely two documents of a Jaccard similarity agree in one band or more."""
    return 1 - (1 - similarity**rows) ** bands


def s_curve(banding: Banding) -> str:
    """One line: how likely documents of some similarities are compared."""
    chances = ", ".join(f"{similarity:g}: {probability(similarity, *banding):.2%}" for similarity in _SIMILARITIES)
    return f"{banding} ({banding.permutations} permutations) compares pairs of similarity {chances}"
