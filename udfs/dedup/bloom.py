"""Bloom filters of n-grams: settings, size and false-positive rate, and the filter itself in plain Python.

The filter is *blocked*: all bits of an n-gram lie in one block of 64 bytes, so a look-up costs one cache miss where a
classic filter costs one for each bit. In return n-grams crowd by chance into some blocks, and the same rate takes about
a tenth more memory. Rate and size here follow the theory of that (Putze, Sanders, Singler 2007, "Cache-, Hash- and
Space-Efficient Bloom Filters", section 3): n-grams in a block are Poisson distributed, and within a block the filter is
a classic one of 512 bits.

What is done with a filter is in `udfs.dedup.bloom_modes`. Nothing here imports numba.
"""

from functools import cache
from math import ceil, lgamma
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator, model_validator

from udfs.dedup.ngrams import MASK, mixed
from udfs.settings import Section

BLOCK_BYTES = 64
BLOCK_BITS = 8 * BLOCK_BYTES
MOST_HASHES = 16
MOST_BLOCKS = 2**32 - 1  # the block of a hash is found by 32-bit halves

_PLACES_A_WORD = 7  # nine bits say where in a block; seven times nine fit into 64
_STRIDE = 0x9E3779B97F4A7C15
_MOST_THROWS = 1700  # bits set in one block on average; above, the rate is over one half anyway

Mode = Literal["old-both", "both", "paragraph", "document", "substring", "exact"]


class BloomSettings(Section):
    """Which n-grams count as seen, what is cut for it, and the filter that remembers them (DCLM's BFF)."""

    mode: Mode = Field("old-both", description="what is cut: paragraphs, documents, both, substrings, or exact copies")
    min_ngram: int = Field(13, ge=1, description="tokens below which a paragraph or document has no n-gram")
    max_ngram: int = Field(13, ge=1, le=4096, description="tokens of an n-gram")
    threshold: float = Field(0.8, gt=0, le=1, description="share of n-grams seen before, above which text is cut")
    substring_tokens: int = Field(50, ge=1, description="shortest passage that mode substring cuts, in tokens")
    false_positive_rate: float = Field(
        0.01, ge=1e-12, le=0.5, description="chance that a new n-gram is taken for a seen one, in a filter that is full"
    )
    expected_ngrams: int = Field(
        100_000_000, ge=1, description="n-grams over all batches and shards; about the number of words; estimate high"
    )
    shards: int = Field(1, ge=1, description="filters among which documents are dealt; each sees its own only")
    memory_bytes: int = Field(1 << 30, ge=1, description="what one task may use for its filter")
    annotate: bool = Field(False, description="keep every text whole and only store what would be cut")
    update: bool = Field(True, description="false: look up and never insert, with a filter primed from other texts")

    @field_validator("mode", mode="before")
    @classmethod
    def _refuse_naive_both(cls, given: object) -> object:
        if given == "naive-both":
            raise ValueError(
                "found mode naive-both, expected another: it inserts a document's n-grams before it looks up those of "
                "the paragraphs, so nearly all text counts as seen; use old-both"
            )
        return given

    @model_validator(mode="after")
    def _check_ngrams(self) -> "BloomSettings":
        if self.min_ngram > self.max_ngram:
            raise ValueError(
                f"found min_ngram {self.min_ngram} and max_ngram {self.max_ngram}, expected min_ngram to be at most "
                "max_ngram; lower one or raise the other"
            )
        return self


class FilterSize(NamedTuple):
    """One shard's filter, and what it is made for."""

    blocks: int
    hashes: int  # bits that an n-gram sets
    shards: int
    ngrams: int  # expected in one shard
    rate: float  # expected false-positive rate when they are all in

    @property
    def bytes(self) -> int:
        """Memory of one shard's filter."""
        return self.blocks * BLOCK_BYTES

    def __str__(self) -> str:
        return (
            f"Bloom filter: {self.bytes:,} bytes ({self.bytes / 2**30:.3f} GiB) and {self.hashes} hashes in each of "
            f"{self.shards:,} shards, for {self.ngrams:,} n-grams each at a false-positive rate of {self.rate:.3g}"
        )


def size(expected_ngrams: int, rate: float, shards: int = 1) -> FilterSize:
    """The smallest filter with at most the false-positive `rate` when each shard holds its even share of n-grams."""
    ngrams = max(ceil(expected_ngrams / shards), 1)
    load, hashes = _best(rate)
    blocks = max(ceil(ngrams / load), 1)
    return FilterSize(blocks, hashes, shards, ngrams, false_positive_rate(blocks, hashes, ngrams))


def check(settings: BloomSettings) -> FilterSize:
    """The filter for `settings`; raises ValueError where a task has no room for it."""
    found = size(settings.expected_ngrams, settings.false_positive_rate, settings.shards)
    most_blocks = min(settings.memory_bytes // BLOCK_BYTES, MOST_BLOCKS)
    if found.blocks <= most_blocks:
        return found
    enough = ceil(settings.expected_ngrams / max(int(most_blocks * _best(settings.false_positive_rate)[0]), 1))
    raise ValueError(
        f"found a Bloom filter of {found.bytes:,} bytes in each of {settings.shards:,} shards, expected at most "
        f"{most_blocks * BLOCK_BYTES:,} bytes; raise shards to {enough:,} or raise memory_bytes, false_positive_rate"
    )


def false_positive_rate(blocks: int, hashes: int, ngrams: int) -> float:
    """Chance that an n-gram which is not among the `ngrams` distinct ones of a filter is found in it."""
    return _mixture(ngrams / blocks, hashes)


@cache
def _best(rate: float) -> tuple[float, int]:
    """The highest mean of n-grams in a block at which the rate holds, and the number of hashes that allows it."""
    best = (0.0, 0)
    for hashes in range(1, MOST_HASHES + 1):
        found = (_load(rate, hashes), hashes)
        if found < best:
            break
        best = found
    return best


def _load(rate: float, hashes: int) -> float:
    low, high = 0.0, _MOST_THROWS / hashes
    for _ in range(60):  # as exact as a double can be
        middle = (low + high) / 2
        if _mixture(middle, hashes) <= rate:
            low = middle
        else:
            high = middle
    return low


def _mixture(load: float, hashes: int) -> float:
    """The rate over all blocks, of which one has a Poisson distributed number of n-grams with mean `load`."""
    rates, logs = _rates(hashes)
    if load <= 0:
        return 0.0
    chances = np.exp(np.arange(len(rates)) * np.log(load) - load - logs)
    return float(min(chances @ rates + max(1 - chances.sum(), 0), 1))  # fuller blocks count as full


@cache
def _rates(hashes: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """By number of n-grams in a block: the rate there, which is E[(share of bits set) ** hashes]; and log of the
    number's factorial. The number of bits set is a Markov chain over throws, and none of its terms is negative, so the
    smallest rates are exact too."""
    bits = np.arange(BLOCK_BITS + 1)
    shares = bits / BLOCK_BITS
    powers = shares**hashes
    chances = np.zeros(BLOCK_BITS + 1)
    chances[0] = 1.0
    rates = [0.0]
    for throw in range(1, _MOST_THROWS + 100 * hashes + 1):
        moved = chances * (1 - shares)
        chances *= shares
        chances[1:] += moved[:-1]
        if throw % hashes == 0:
            rates.append(float(chances @ powers))
    return np.array(rates), np.array([lgamma(number + 1) for number in range(len(rates))])


class BlockedFilter:
    """The filter in plain Python: what `udfs.dedup.kernels.bloom` must equal bit by bit. `in` and `add` take 64-bit
    n-gram hashes."""

    def __init__(self, blocks: int, hashes: int) -> None:
        self.blocks, self.hashes = blocks, hashes
        self.bits: set[tuple[int, int]] = set()

    def __contains__(self, ngram: int) -> bool:
        return self.places(ngram) <= self.bits

    def add(self, ngram: int) -> None:
        """Insert an n-gram."""
        self.bits |= self.places(ngram)

    def places(self, ngram: int) -> set[tuple[int, int]]:
        """(block, bit) of each bit of an n-gram. The block is the hash as a fraction of 2^64, times the blocks; the
        bits are nine bits each of further hashes, low ones first."""
        block = ngram * self.blocks >> 64
        found = set()
        for number in range(self.hashes):
            word = mixed((ngram + (1 + number // _PLACES_A_WORD) * _STRIDE) & MASK)
            found.add((block, word >> 9 * (number % _PLACES_A_WORD) & (BLOCK_BITS - 1)))
        return found
