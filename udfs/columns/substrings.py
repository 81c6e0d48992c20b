"""Exact substring dedup: texts in, their anchors and then hashes of their windows out."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from udfs.columns.batches import Batches, MapInArrow
from udfs.dedup.kernels.windows import anchors, windows
from udfs.dedup.substrings import SubstringSettings

ANCHORS = pa.schema([("anchor", pa.int64()), ("id", pa.int64()), ("position", pa.int32())])
WINDOWS = pa.schema(
    [
        ("high", pa.int64()),
        ("low", pa.int64()),
        *((name, pa.int64()) for name in ("fetched", "doc", "id")),
        ("position", pa.int32()),
        ("left", pa.int64()),
        ("right", pa.int64()),
    ]
)
FLUSH_ROWS = 1 << 16  # of 60 bytes at most

_Columns = Mapping[str, Any]  # name -> array, or one value for all rows


def anchors_of(settings: SubstringSettings) -> MapInArrow:
    """Documents (id, text, and what else there is) -> a row of ANCHORS for each anchor of each document."""

    def found(batch: pa.RecordBatch) -> Iterator[_Columns]:
        for number, text in _texts(batch):
            positions, hashes = anchors(text, settings.tokens, settings.anchor_tokens)
            yield {"anchor": hashes, "id": number, "position": positions}

    def anchored(batches: Batches) -> Batches:
        yield from _batched((columns for batch in batches for columns in found(batch)), ANCHORS)

    return anchored


def windows_of(settings: SubstringSettings) -> MapInArrow:
    """Documents (id, fetched, doc, text, and in `positions` those of their anchors that occur again) -> a row of
    WINDOWS for each window that has such an anchor."""

    def found(batch: pa.RecordBatch) -> Iterator[_Columns]:
        fetched, doc, positions = (batch.column(name) for name in ("fetched", "doc", "positions"))
        for row, (number, text) in enumerate(_texts(batch)):
            repeated = np.sort(positions[row].values.to_numpy().astype(np.int64))
            at, high, low, lefts, rights = windows(text, settings.tokens, settings.anchor_tokens, repeated)
            keys = {"high": high, "low": low, "fetched": fetched[row].as_py(), "doc": doc[row].as_py(), "id": number}
            yield {**keys, "position": at, "left": lefts, "right": rights}

    def hashed(batches: Batches) -> Batches:
        yield from _batched((columns for batch in batches for columns in found(batch)), WINDOWS)

    return hashed


def _texts(batch: pa.RecordBatch) -> Iterator[tuple[int, Any]]:
    """(id, UTF-8) of each row; a null has no bytes."""
    texts = batch.column("text").cast(pa.large_string())
    offsets = np.frombuffer(texts.buffers()[1], np.int64)[texts.offset : texts.offset + len(texts) + 1]
    data = np.frombuffer(texts.buffers()[2] or b"", np.uint8)
    for row, number in enumerate(batch.column("id").to_pylist()):
        yield number, data[offsets[row] : offsets[row + 1]]


def _batched(documents: Iterator[_Columns], schema: pa.Schema) -> Batches:
    """What was found in one document after the other, as batches of about FLUSH_ROWS rows; `position` is an array."""
    held: list[_Columns] = []
    rows = 0
    for columns in documents:
        held.append(columns)
        rows += columns["position"].size
        if rows >= FLUSH_ROWS:
            yield from _sliced(held, schema)
            held, rows = [], 0
    yield from _sliced(held, schema)


def _sliced(held: Sequence[_Columns], schema: pa.Schema) -> Batches:
    sizes = [columns["position"].size for columns in held]
    if not sum(sizes):
        return
    arrays = []
    for field in schema:
        parts = [columns[field.name] for columns in held]
        whole = np.concatenate(parts) if isinstance(parts[0], np.ndarray) else np.repeat(np.array(parts), sizes)
        arrays.append(pa.array(whole).cast(field.type))
    joined = pa.RecordBatch.from_arrays(arrays, schema=schema)
    for start in range(0, len(joined), FLUSH_ROWS):  # one giant text makes many batches
        yield joined.slice(start, FLUSH_ROWS)
