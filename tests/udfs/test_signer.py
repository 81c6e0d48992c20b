"""Signatures of whole Arrow columns: kernel = definition, whatever the batch looks like."""

import random
import threading
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.made_up_prose import prose
from tests.udfs.texts import any_text, real_texts
from udfs.dedup.minhash import Banding, band_keys, signature, stored
from udfs.dedup.shingles import ShingleSettings, shingle_hashes, shingles
from udfs.dedup.signer import Signer

TYPES = {
    "shingles": pa.int32(),
    "signature": pa.binary(),
    "band_keys": pa.list_(pa.int64()),
    "shingle_hashes": pa.binary(),
}
AWKWARD = ["", "word", "a b c d", "a b c d e", "one " * 6, "中文" * 3, "😀" * 9, "\0", "x" * 100_000, None]

Cells = list[str | None]


def column(texts: Cells) -> pa.LargeStringArray:
    return pa.array(texts, pa.large_string())


def row_of(text: str | None, variant: ShingleSettings, banding: Banding, seed: int) -> dict[str, Any]:
    """What the definitions say."""
    hashes = shingle_hashes(text or "", variant)
    values = signature(hashes, banding.permutations, seed)
    return {
        "shingles": len(shingles(text or "", variant)),
        "signature": stored(values) if values else None,
        "band_keys": band_keys(values, *banding) if values else None,
        "shingle_hashes": np.array(hashes, "<u4").tobytes() if values else None,
    }


def compare(texts: Cells, variant: ShingleSettings, banding: str, seed: int) -> None:
    columns = Signer(variant, banding, seed, keep_shingles=True).columns(column(texts))
    assert {name: values.type for name, values in columns.items()} == TYPES
    for values in columns.values():
        values.validate(full=True)
    expected = [row_of(text, variant, Banding.parse(banding), seed) for text in texts]
    assert pa.table(columns).to_pylist() == expected


@pytest.mark.parametrize("short", ["exact", "whole"])
@pytest.mark.parametrize("banding", ["1x1", "3x5", "14x8"])
def test_awkward_texts(banding: str, short: Any) -> None:
    compare([*AWKWARD, prose(3), *AWKWARD], ShingleSettings(short=short), banding, 2**63 - 1)


@pytest.mark.parametrize("unit", ["word", "character"])
def test_real_texts(unit: Any) -> None:
    compare([text[:2_000] for _, text in real_texts(40)], ShingleSettings(unit=unit), "3x4", 7)


@given(
    texts=st.lists(any_text | st.none(), max_size=6),
    banding=st.builds("{}x{}".format, st.integers(1, 9), st.integers(1, 9)),
    seed=st.integers(0, 2**63 - 1),
    size=st.integers(1, 7),
)
@settings(max_examples=120)
def test_any_text(texts: Cells, banding: str, seed: int, size: int) -> None:
    compare(texts, ShingleSettings(size=size), banding, seed)


def test_hashes_of_every_size_are_compared_as_unsigned_numbers() -> None:
    """One shingle a text, so that each value of the permutations is the smallest one once; many of them pass 2^31."""
    compare([f"w{number}" for number in range(300)], ShingleSettings(size=1), "5x4", 3)


def test_shingles_are_kept_only_when_asked_for() -> None:
    texts = column([prose(5), None, "short", prose(6, seed=2)])
    kept = Signer(ShingleSettings(), "14x8", 5, keep_shingles=True).columns(texts)
    without = Signer(ShingleSettings(), "14x8", 5, keep_shingles=False).columns(texts)
    assert without.pop("shingle_hashes") == pa.nulls(4, pa.binary())
    assert kept.pop("shingle_hashes").null_count == 2
    assert kept == without


@given(data=st.data())
@settings(max_examples=60)
def test_the_layout_of_a_batch_does_not_matter(data: st.DataObject) -> None:
    texts: Cells = [*AWKWARD, *(prose(4, seed) for seed in range(6))]
    random.Random(data.draw(st.integers(0, 99))).shuffle(texts)
    start = data.draw(st.integers(0, len(texts)))
    stop = data.draw(st.integers(start, len(texts)))
    signer = Signer(ShingleSettings(), "4x3", 5, keep_shingles=True)
    whole, cut = column(texts), column(texts).slice(start, stop - start)
    expected = pa.table(signer.columns(whole)).slice(start, stop - start).to_pylist()
    assert pa.table(signer.columns(cut)).to_pylist() == expected
    singly = [pa.table(signer.columns(whole.slice(place, 1))).to_pylist()[0] for place in range(start, stop)]
    assert singly == expected


def test_bytes_beneath_a_null_are_not_read() -> None:
    full = column([prose(4), prose(4, seed=1)])
    masked = pa.Array.from_buffers(pa.large_string(), 2, [pa.py_buffer(b"\2"), *full.buffers()[1:]])
    rows = pa.table(Signer(ShingleSettings(), "2x2", 1, keep_shingles=True).columns(masked)).to_pylist()
    assert rows[0] == {"shingles": 0, "signature": None, "band_keys": None, "shingle_hashes": None}
    assert rows[1] == row_of(full[1].as_py(), ShingleSettings(), Banding(2, 2), 1)


@pytest.mark.parametrize("empty", [column([]), column(["a"]).slice(1), pa.nulls(0, pa.large_string())])
def test_an_empty_batch(empty: pa.LargeStringArray) -> None:
    columns = Signer(ShingleSettings(), "14x8", 1, keep_shingles=True).columns(empty)
    assert {name: (values.type, len(values)) for name, values in columns.items()} == {
        name: (kind, 0) for name, kind in TYPES.items()
    }


def test_another_seed_gives_other_keys() -> None:
    texts = column([prose(4)])
    one, other = (Signer(ShingleSettings(), "20x1", seed, False).columns(texts)["band_keys"][0] for seed in (1, 2))
    assert not set(one.as_py()) & set(other.as_py())


@pytest.mark.parametrize(("banding", "seed"), [("14", 1), ("14x8", -1), ("14x8", 2**63)])
def test_bad_settings_are_refused(banding: str, seed: int) -> None:
    with pytest.raises(ValueError, match=r"give bands x rows|choose one inside"):
        Signer(ShingleSettings(), banding, seed, False)


def test_the_interpreter_goes_on_while_texts_are_signed() -> None:
    """Another thread runs between the begin and the end of one call."""
    signer = Signer(ShingleSettings(), "93x15", 1, False)
    texts = column(["the quick brown fox " * 500_000])
    signer.columns(texts.slice(0, 0))
    worker = threading.Thread(target=signer.columns, args=(texts,))
    worker.start()
    turns = 0
    while worker.is_alive() and turns < 1000:
        turns += 1
    assert turns == 1000
    worker.join()
