"""The blocked Bloom filter: its hashes, its theory and size, and the compiled filter against both."""

import random
from itertools import count, islice, pairwise
from math import comb, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.udfs.texts import any_text, real_texts
from udfs.dedup import ngrams as definition
from udfs.dedup.bloom import BLOCK_BITS, BlockedFilter, BloomSettings, FilterSize, check, false_positive_rate, size
from udfs.dedup.kernels import bloom
from udfs.dedup.kernels.ngrams import ACROSS, LINES, TEXT, WHOLE, ngrams_of

hashes_64 = st.integers(0, definition.MASK)


def utf8(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode(), np.uint8)


# --- n-grams


def test_hashes_are_those_of_saved_filters() -> None:
    """Numbers made when VERSION was 1; with others no saved filter could be read."""
    assert definition.VERSION == 1
    assert definition.mixed(1) == 0xB456BCFC34C2CB2C  # fmix64 of MurmurHash3 has this value too
    assert definition.token_hash(b"the") == 0x6ED46BBAF66EB6E6
    assert definition.token_hash("Wörterbuch".encode()) == 0xDBB274DD080C7E7F
    assert definition.ngram_hash(("to", "be", ",")) == 0x85F37B1634799050


def test_hashes_tell_apart_what_differs_little() -> None:
    words = ["a", "b", "ab", "a\0", "\0a", "\0", "a" * 8, "a" * 9, "a" * 16, "b" * 8]
    found = {definition.ngram_hash(one) for one in [(a, b) for a in words for b in words] + [(a,) for a in words]}
    assert len(found) == len(words) ** 2 + len(words)
    row = random.Random(0).sample(words * 3, 13)
    swaps = {definition.ngram_hash((*row[i:], *row[:i])) for i in range(13)}
    assert len(swaps) == 13


def check_ngrams(text: str, shortest: int, longest: int) -> None:
    lines = ngrams_of(utf8(text), LINES, shortest, longest)
    bounds = [0, *(i for i, c in enumerate(text) if c == "\n"), len(text)]
    expected = [
        [
            definition.ngram_hash(one)
            for one in definition.ngrams([w for _, w in definition.tokens(text[a:b])], shortest, longest)
        ]
        for a, b in pairwise(bounds)
    ]
    found = [lines.hashes[a:b].tolist() for a, b in pairwise(lines.firsts)]
    assert found == expected
    assert [len(text.encode()[:b].decode()) for b in lines.bounds] == bounds
    whole = [word for _, word in definition.tokens(text)]
    for windows in (WHOLE, ACROSS):
        assert ngrams_of(utf8(text), windows, shortest, longest).hashes.tolist() == [
            definition.ngram_hash(one) for one in definition.ngrams(whole, shortest, longest)
        ]
    assert ngrams_of(utf8(text), TEXT, shortest, longest).hashes.tolist() == [definition.ngram_hash((text,))]


@given(text=any_text, lengths=st.tuples(st.integers(1, 14), st.integers(0, 8)))
@settings(max_examples=60)
def test_compiled_ngrams_are_those_of_the_definition(text: str, lengths: tuple[int, int]) -> None:
    check_ngrams(text, lengths[0], sum(lengths))


def test_compiled_ngrams_are_those_of_the_definition_on_real_texts() -> None:
    for _, text in real_texts(15):
        check_ngrams(text[:3_000], 5, 13)


# --- settings and size


def test_naive_both_is_refused_with_the_reason() -> None:
    with pytest.raises(ValueError, match="inserts a document's n-grams before it looks up"):
        BloomSettings.model_validate({"mode": "naive-both"})


def test_ngram_lengths_are_checked() -> None:
    with pytest.raises(ValueError, match="found min_ngram 14 and max_ngram 13"):
        BloomSettings(min_ngram=14)


def test_published_sizes_are_near() -> None:
    """The closed form of a classic filter at 0.01 is 9.585 bits an n-gram and 7 hashes; a blocked one needs 3 % more,
    and is best with one hash fewer."""
    found = size(10**9, 0.01)
    assert 9.585 < found.bytes * 8 / 10**9 < 9.585 * 1.04
    assert found.hashes == 6
    assert "1,239,748,544 bytes (1.155 GiB) and 6 hashes" in str(found)


@given(ngrams=st.integers(1, 10**13), rate=st.floats(1e-9, 0.5), shards=st.integers(1, 10**4))
@settings(max_examples=30, deadline=None)
def test_sizes_are_the_smallest_that_hold_the_rate(ngrams: int, rate: float, shards: int) -> None:
    found = size(ngrams, rate, shards)
    rounding = 1e-6  # of the theory's sum at the smallest rates
    assert found.rate <= rate * (1 + rounding)
    assert found.ngrams * shards >= ngrams
    for hashes in range(1, 17):
        assert found.blocks == 1 or false_positive_rate(found.blocks - 1, hashes, found.ngrams) > rate * (1 - rounding)


def test_a_filter_beyond_the_memory_is_refused_and_the_advice_helps() -> None:
    given_settings = BloomSettings(expected_ngrams=10**12, shards=7, memory_bytes=1 << 30)
    with pytest.raises(ValueError, match=r"^found .* expected at most 1,073,741,824 bytes; raise shards to 1,155 or"):
        check(given_settings)
    helped = check(given_settings.model_copy(update={"shards": 1155}))
    assert helped.bytes <= 1 << 30
    with pytest.raises(ValueError, match="raise shards to 1,155"):
        check(given_settings.model_copy(update={"shards": 1154}))


def test_no_memory_for_one_block_is_refused() -> None:
    with pytest.raises(ValueError, match="expected at most 0 bytes"):
        check(BloomSettings(memory_bytes=63))


# --- theory


def test_the_rate_of_one_block_is_exact_where_it_can_be_counted() -> None:
    """One n-gram of two bits: both fall on one place with chance 1/512."""
    from udfs.dedup.bloom import _rates  # the rate by load, which the public functions mix

    m = BLOCK_BITS
    assert _rates(1)[0][1] == pytest.approx(1 / m, rel=1e-12)
    assert _rates(2)[0][1] == pytest.approx((1 / m) * (1 / m) ** 2 + ((m - 1) / m) * (2 / m) ** 2, rel=1e-12)
    for hashes, load in ((1, 100), (3, 60), (4, 20)):  # by inclusion and exclusion over the places asked for
        expected = sum(
            stirling(hashes, d)
            * np.prod([(m - i) / m for i in range(d)])
            / m ** (hashes - d)
            * sum((-1) ** i * comb(d, i) * (1 - i / m) ** (hashes * load) for i in range(d + 1))
            for d in range(1, hashes + 1)
        )
        assert _rates(hashes)[0][load] == pytest.approx(expected, rel=1e-9)


def stirling(n: int, k: int) -> int:
    """Ways to part n things into k groups."""
    return n == k if n == 0 or k == 0 else k * stirling(n - 1, k) + stirling(n - 1, k - 1)


def test_the_mixture_is_that_of_random_blocks() -> None:
    """A filter of blocks made with NumPy's random numbers and none of our hashes."""
    draw = np.random.default_rng(5)
    blocks, hashes, ngrams, asked = 3_001, 6, 150_000, 400_000
    bits = np.zeros((blocks, BLOCK_BITS), bool)
    bits[draw.integers(0, blocks, ngrams)[:, None], draw.integers(0, BLOCK_BITS, (ngrams, hashes))] = True
    hits = bits[draw.integers(0, blocks, asked)[:, None], draw.integers(0, BLOCK_BITS, (asked, hashes))].all(axis=1)
    expected = false_positive_rate(blocks, hashes, ngrams)
    assert abs(hits.mean() - expected) < 5 * deviation(blocks, hashes, ngrams, asked)
    assert expected > 1.02 * (1 - (1 - 1 / (512 * blocks)) ** (hashes * ngrams)) ** hashes, "no better than classic"


def deviation(blocks: int, hashes: int, ngrams: int, asked: int) -> float:
    """Standard deviation of a measured rate: that of `asked` trials and that of the filter's own chance."""
    from udfs.dedup.bloom import _rates

    rates, logs = _rates(hashes)
    chances = np.exp(np.arange(len(rates)) * np.log(ngrams / blocks) - ngrams / blocks - logs)
    mean = chances @ rates
    return sqrt(mean * (1 - mean) / asked + (chances @ rates**2 - mean**2) / blocks)


# --- the compiled filter


def ngrams_of_words(first: int, many: int) -> NDArray[np.uint64]:
    """So many different n-grams of 13 tokens, of a text of numbered words."""
    text = " ".join(f"w{number}" for number in range(first, first + many + 12))
    return ngrams_of(utf8(text), WHOLE, 13, 13).hashes


def hits(bits: bloom.Bits, hashes: int, ngrams: NDArray[np.uint64]) -> NDArray[np.uint8]:
    flags = np.zeros(len(ngrams), np.uint8)
    assert bloom.look_up(bits, hashes, ngrams, 0, len(ngrams), flags) == flags.sum()
    return flags


@pytest.mark.parametrize(
    ("blocks", "hashes", "ngrams"),
    [(2_003, 6, 103_000), (4_099, 7, 200_000), (7_777, 3, 300_000), (1_025, 9, 20_000), (333, 1, 4_000)],
)
def test_measured_false_positives_are_those_of_theory_and_nothing_is_lost(
    blocks: int, hashes: int, ngrams: int
) -> None:
    asked = 300_000
    known, new = ngrams_of_words(0, ngrams), ngrams_of_words(10_000_000, asked)
    bits = bloom.zeros(blocks)
    fresh = np.empty(ngrams, np.uint64)
    inserted = bloom.insert_all(bits, hashes, known, 0, ngrams, fresh, 0)
    assert hits(bits, hashes, known).all(), "a false negative"
    expected = false_positive_rate(blocks, hashes, ngrams)
    found = hits(bits, hashes, new).mean()
    assert abs(found - expected) < 4.5 * deviation(blocks, hashes, ngrams, asked), (found, expected)
    assert ngrams * (1 - expected) < inserted <= ngrams
    blocks_hit = np.bincount((known.astype(object) * blocks >> 64).astype(int), minlength=blocks)
    assert abs(blocks_hit.var() / blocks_hit.mean() - 1) < 6 * sqrt(2 / blocks), "loads are not Poisson"


@given(
    blocks=st.one_of(st.integers(1, 5), st.integers(1, 2_000)),
    hashes=st.integers(1, 16),
    added=st.lists(hashes_64, max_size=50),
    asked=st.lists(hashes_64, max_size=50),
)
def test_the_compiled_filter_is_the_definition_bit_by_bit(
    blocks: int, hashes: int, added: list[int], asked: list[int]
) -> None:
    model, bits = BlockedFilter(blocks, hashes), bloom.zeros(blocks)
    fresh = np.empty(len(added), np.uint64)
    expected = []
    for ngram in added:
        if ngram not in model:
            expected.append(ngram)
        model.add(ngram)
    inserted = bloom.insert_all(bits, hashes, np.array(added, np.uint64), 0, len(added), fresh, 0)
    assert fresh[:inserted].tolist() == expected
    set_bits = np.flatnonzero(np.unpackbits(bits.view(np.uint8), bitorder="little"))
    assert {divmod(place, BLOCK_BITS) for place in set_bits.tolist()} == model.bits
    flags = hits(bits, hashes, np.array(added + asked, np.uint64))
    assert flags.tolist() == [ngram in model for ngram in added + asked]


@pytest.mark.parametrize("blocks", [1, 3, 2**31 + 11, 2**32 - 1])
def test_blocks_are_found_exactly_in_large_filters(blocks: int) -> None:
    model = BlockedFilter(blocks, 1)
    draw = random.Random(0)
    for ngram in [0, 1, 2**64 - 1, 2**32 - 1, 2**32, *(draw.getrandbits(64) for _ in range(200))]:
        ((block, _),) = model.places(ngram)
        assert bloom.block_at.py_func(np.uint64(ngram), np.uint64(blocks)) == 8 * block


def test_filters_begin_at_a_cache_line() -> None:
    for blocks in islice(count(1, 77), 30):
        bits = bloom.zeros(blocks)
        assert bits.ctypes.data % 64 == 0
        assert bits.size == 8 * blocks
        assert not bits.any()


def test_a_size_says_what_it_is() -> None:
    assert str(FilterSize(3, 6, 2, 100, 0.012345)) == (
        "Bloom filter: 192 bytes (0.000 GiB) and 6 hashes in each of 2 shards, "
        "for 100 n-grams each at a false-positive rate of 0.0123"
    )
