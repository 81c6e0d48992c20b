"""MinHash against what theory and exact Jaccard similarities say, and the banding's settings."""

import random
from collections import defaultdict
from itertools import combinations
from typing import NamedTuple

import mmh3
import numpy as np
import pyarrow as pa
import pytest

from udfs.dedup.minhash import (
    PRESETS,
    Banding,
    band_keys,
    multipliers,
    probability,
    s_curve,
    signature,
    stored,
)
from udfs.dedup.shingles import ShingleSettings, shingles
from udfs.dedup.signer import Signer
from udfs.dedup.similarity import estimates

DOCUMENTS, WORDS = 5_000, 104
Pair = tuple[int, int]


class Planted(NamedTuple):
    """Made-up documents, and the Jaccard similarity of every two of them that share a shingle."""

    texts: pa.LargeStringArray
    jaccards: dict[Pair, float]


@pytest.fixture(scope="module")
def planted() -> Planted:
    """Pairs of documents that begin with the same words and go on with others; nothing else is shared, so pairs are
    independent of each other. Similarities from 0.2 to 0.95, by exact sets over all pairs of all documents."""
    draw = random.Random(11)
    texts = []
    for number in range(0, DOCUMENTS, 2):
        similarity = draw.uniform(0.2, 0.95)
        shared = (
            round(2 * (WORDS - 4) * similarity / (1 + similarity)) + 4
        )  # of n shingles each, s common: s / (2n - s)
        same = [f"a{number}n{place}" for place in range(shared)]
        texts += [" ".join([*same, *(f"{side}{number}n{place}" for place in range(WORDS - shared))]) for side in "bc"]
    order = draw.sample(range(DOCUMENTS), DOCUMENTS)
    texts = [texts[place] for place in order]
    return Planted(pa.array(texts, pa.large_string()), all_jaccards(texts))


def all_jaccards(texts: list[str]) -> dict[Pair, float]:
    """Of all pairs that share a shingle, by an index of the shingles themselves, not of their hashes."""
    sets = [set(shingles(text, ShingleSettings())) for text in texts]
    having = defaultdict(list)
    for number, parts in enumerate(sets):
        for part in parts:
            having[part].append(number)
    common: dict[Pair, int] = defaultdict(int)
    for numbers in having.values():
        for pair in combinations(numbers, 2):
            common[pair] += 1
    return {(i, j): n / (len(sets[i]) + len(sets[j]) - n) for (i, j), n in common.items()}


def compared(keys: pa.Array) -> set[Pair]:
    """Pairs that share a key."""
    buckets = defaultdict(list)
    for number, row in enumerate(keys.to_pylist()):
        for key in row:
            buckets[key].append(number)
    return {pair for numbers in buckets.values() for pair in combinations(numbers, 2)}


@pytest.mark.parametrize("text", ["14x8", "9x13", "20x13"])
@pytest.mark.parametrize("seed", [0, 12345])
def test_pairs_are_compared_as_the_s_curve_says(planted: Planted, text: str, seed: int) -> None:
    """In each interval of similarity as many as expected, within four standard errors; of unlike ones none."""
    found = compared(Signer(ShingleSettings(), text, seed, False).columns(planted.texts)["band_keys"])
    assert found <= planted.jaccards.keys()
    pairs = sorted(planted.jaccards, key=planted.jaccards.__getitem__)
    assert len(pairs) == DOCUMENTS // 2
    for group in (pairs, *(pairs[at : at + 250] for at in range(0, len(pairs), 250))):
        chances = np.array([probability(planted.jaccards[pair], *Banding.parse(text)) for pair in group])
        error = np.sqrt((chances * (1 - chances)).sum() + 1)  # 1: counts near 0 are not normal but Poisson
        assert abs(len(found.intersection(group)) - chances.sum()) < 4 * error, chances.mean()


@pytest.mark.parametrize("text", ["14x8", "20x13"])
def test_the_estimate_has_no_bias_and_the_variance_of_theory(planted: Planted, text: str) -> None:
    signatures = Signer(ShingleSettings(), text, 99, False).columns(planted.texts)["signature"]
    left, right = (signatures.take(pa.array(part)) for part in zip(*planted.jaccards, strict=True))
    exact = np.array(list(planted.jaccards.values()))
    errors = (estimates(left, right) - exact) / np.sqrt(exact * (1 - exact) / Banding.parse(text).permutations)
    assert abs(errors.mean()) < 4 / np.sqrt(errors.size)
    assert abs(errors.var() - 1) < 4 * np.sqrt(2 / errors.size)


def test_unlike_documents_have_an_estimate_of_next_to_nothing(planted: Planted) -> None:
    """Sixteen bits agree by chance once in 65,536 times."""
    signatures = Signer(ShingleSettings(), "20x13", 99, False).columns(planted.texts)["signature"]
    shares = estimates(signatures[1:], signatures[:-1])
    unlike = np.array([(i, i + 1) not in planted.jaccards for i in range(len(shares))])
    assert unlike.mean() > 0.99
    assert shares[unlike].mean() < 5 / 65_536


def test_multipliers_are_those_of_split_mix_64() -> None:
    """The generator's published first outputs for this seed."""
    assert multipliers(2, 1234567) == [
        (6457827717110365317, 3203168211198807973),
        (9817491932198370423, 4593380528125082431),
    ]


def test_signature_of_few_hashes() -> None:
    (a, b), (c, d) = multipliers(2, 3)
    one, two = (a * 5 + b) % 2**64 // 2**32, (c * 5 + d) % 2**64 // 2**32
    assert signature([5], 2, 3) == [one, two]
    assert all(low <= value for low, value in zip(signature([5, 6], 2, 3), [one, two], strict=True))
    assert signature([], 2, 3) == band_keys([], 1, 2) == []


def test_stored_form_and_band_keys() -> None:
    values = [0x12345678, 1, 0xFFFF0000, 0xABCD]
    assert stored(values) == bytes.fromhex("7856 0100 0000 cdab")
    part = bytes.fromhex("0000ffff cdab0000")
    assert band_keys(values, 2, 2)[1] == mmh3.hash64(part, 1, signed=True)[0]


def test_equal_rows_in_different_bands_have_different_keys() -> None:
    assert len(set(band_keys([7] * 6, 3, 2))) == 3


def test_probability_is_the_published_one() -> None:
    """FineWeb (Penedo et al. 2024, arXiv 2406.17557, section 3.4) says 56, 77, 92 and 98.8 % of 14 x 8."""
    chances = [probability(similarity, 14, 8) for similarity in (0.7, 0.75, 0.8, 0.85)]
    assert chances == pytest.approx([0.56, 0.77, 0.92, 0.988], abs=0.006)
    assert probability(0, 3, 2) == 0
    assert probability(1, 3, 2) == 1


def test_the_s_curve_is_one_line_for_people() -> None:
    line = s_curve(Banding.parse("14x8"))
    assert line.startswith("14x8 (112 permutations)")
    assert "0.3: 0.09%" in line
    assert "0.8: 92.35%" in line
    assert "\n" not in line


@pytest.mark.parametrize("text", PRESETS)
def test_presets(text: str) -> None:
    banding = Banding.parse(text)
    assert str(banding) == text
    assert banding.permutations == banding.bands * banding.rows


@pytest.mark.parametrize("text", ["", "14", "14x", "14 x 8", "0x8", "14x0", "-1x8", "14x8x2", "14X8", "014x8", "१x8"])
def test_what_is_no_banding(text: str) -> None:
    with pytest.raises(ValueError, match="is no banding; give bands x rows, such as 14x8"):
        Banding.parse(text)


@pytest.mark.parametrize("text", ["1001x1", "1x101", "101x100", "99999x99999"])
def test_bandings_that_are_too_large(text: str) -> None:
    with pytest.raises(ValueError, match="at most 1000 bands of at most 100 rows, 10000 permutations in all"):
        Banding.parse(text)


def test_the_largest_banding_works() -> None:
    columns = Signer(ShingleSettings(), "100x100", 1, False).columns(pa.array(["a b c d e f"], pa.large_string()))
    assert len(columns["signature"][0].as_py()) == 20_000
    assert len(columns["band_keys"][0]) == 100
