"""Bloom dedup without a filter and without shards, in two pure halves: the n-grams of texts, and what becomes of texts
once it is known how many n-grams of each window are not the first of their kind.

Between the two every n-gram of the corpus is brought together by its hash, in a shuffle; which is why this is for small
corpora, and for checking the filter. The definition is `udfs.dedup.bloom_modes.deduplicated_globally`.
"""

from typing import Any

import numpy as np
import pyarrow as pa

from udfs.dedup.bloom import BloomSettings
from udfs.dedup.deduper import columns_of, documents_of, rule_of
from udfs.dedup.kernels import bloom, bloom_batches
from udfs.dedup.kernels.bloom_modes import Filter

CONTAINED = pa.list_(pa.struct({"window": pa.int32(), "contained": pa.int64()}))


def ngram_rows(texts: pa.LargeStringArray, settings: BloomSettings) -> dict[str, pa.Array]:
    """A row for each n-gram, in the order of the texts: `row` (number of the text, int64), `window` (number in the
    text, int32), `ngram` (hash, int64). Raises ValueError for mode substring, for which counts are not enough."""
    _check(settings)
    rows, windows, hashes = bloom_batches.window_ngrams(documents_of(texts), rule_of(settings))
    return {
        "row": pa.array(rows),
        "window": pa.array(windows.astype(np.int32)),
        "ngram": pa.array(hashes.view(np.int64)),
    }


def columns(texts: pa.LargeStringArray, contained: pa.ListArray, settings: BloomSettings) -> dict[str, pa.Array]:
    """The columns of `Deduper.columns`, where `contained`, of type CONTAINED, says of each text how many n-grams of a
    window are contained; windows that are not named, and nulls, have none."""
    _check(settings)
    lists = contained.cast(CONTAINED).fill_null([])
    firsts = np.zeros(len(lists) + 1, np.int64)
    np.cumsum([len(one) for one in lists], out=firsts[1:])
    flat = lists.flatten()
    counts = bloom_batches.Counts(firsts, _numbers(flat.field(0)), _numbers(flat.field(1)))
    nowhere = Filter(bloom.zeros(1), 1)
    return columns_of(
        texts, bloom_batches.deduplicate(documents_of(texts), rule_of(settings), nowhere, counts, True), settings
    )


def _check(settings: BloomSettings) -> None:
    if settings.mode == "substring":
        raise ValueError(
            "found mode substring with a global order, expected another mode; a passage is more than counts"
        )


def _numbers(column: Any) -> Any:
    return column.to_numpy(zero_copy_only=False).astype(np.int64)
