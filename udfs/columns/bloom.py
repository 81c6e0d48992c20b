"""Bloom dedup: texts in the order of their shard in, what is left of them and the filter's new bits out."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql.types import StructType

from udfs.columns.batches import Batches, MapInArrow, arrow_schema, batch_of
from udfs.crawl.pages import PageSettings, read_pages
from udfs.dedup import bloom_global
from udfs.dedup.bloom import BloomSettings
from udfs.dedup.bloom_modes import BloomReason
from udfs.dedup.deduper import Deduper
from udfs.text.edits import Edit, apply, compose

PRIME_TEXTS = 512

Columns = dict[str, Any]


def dedup_shards(
    settings: BloomSettings, prime: Sequence[str], carried: Sequence[str], schema: StructType
) -> MapInArrow:
    """Rows sorted by shard, in each the filter's parts (part, bits) before the documents in their order (the `carried`
    columns, repeats, text) -> rows of `schema`: a struct column for `deduplicated`, and one for `bloom_shards`."""
    documents_type, parts_type = (field.type for field in arrow_schema(schema))

    def dedup(batches: Batches) -> Batches:
        shard = Shard(-1, settings, ())
        for rows in (run for batch in batches for run in _runs(batch)):
            number = rows.column("shard")[0].as_py()
            if number != shard.number:
                yield from shard.saved(documents_type, parts_type)
                shard = Shard(number, settings, prime)
            if rows.column("part")[0].is_valid:
                shard.load(rows)
            else:
                found = shard.columns(rows) | {name: rows.column(name) for name in carried}
                yield _out(_struct(found, documents_type), pa.nulls(len(rows), parts_type))
        yield from shard.saved(documents_type, parts_type)

    return dedup


class Shard:
    """One shard's filter while its documents pass."""

    def __init__(self, number: int, settings: BloomSettings, prime: Sequence[str]) -> None:
        """`prime` are files of texts whose n-grams count as seen from the start."""
        self.number = number
        self._deduper = Deduper(settings)
        self._to_prime: Sequence[str] = prime
        self._batch = 0

    def load(self, rows: pa.RecordBatch) -> None:
        """Parts of the filter that earlier batches saved."""
        for part, bits in zip(rows.column("part").to_pylist(), rows.column("bits"), strict=True):
            self._deduper.load(part, bits.as_buffer().to_pybytes())

    def columns(self, rows: pa.RecordBatch) -> Columns:
        """What becomes of documents, after the passages in `repeats` are cut."""
        for texts in _texts_of(self._to_prime):
            self._deduper.prime(texts)
        self._to_prime = ()
        self._batch = rows.column("batch")[0].as_py()
        return with_repeats(rows, self._deduper.columns)

    def saved(self, documents_type: pa.DataType, parts_type: pa.DataType) -> Batches:
        """The filter's new bits, as rows."""
        if not self._batch or not self._deduper.settings.update:
            return
        for part, bits in self._deduper.new_bits():
            row = {"shard": self.number, "part": part, "batch": self._batch, "ngrams": self._deduper.inserted}
            parts = pa.array([{**row, "bits": bits}], parts_type)
            yield _out(pa.nulls(1, documents_type), parts)


def ngrams_of(settings: BloomSettings) -> MapInArrow:
    """(place, repeats, text) rows -> a row (place, window, position, ngram) for each n-gram."""

    def hashed(batches: Batches) -> Batches:
        for batch in batches:
            texts, _ = _cut(batch)
            found = bloom_global.ngram_rows(texts, settings)
            columns = {"place": batch.column("place").take(found["row"]), "window": found["window"]}
            columns |= {"position": pa.array(np.arange(len(found["row"]))), "ngram": found["ngram"]}
            yield pa.RecordBatch.from_arrays(list(columns.values()), list(columns))

    return hashed


def dedup_globally(settings: BloomSettings, carried: Sequence[str], schema: StructType) -> MapInArrow:
    """Documents (the `carried` columns, contained, repeats, text) -> rows of `schema`. `contained` has (window,
    contained) of the windows with n-grams that are not the first of their kind."""
    arrow = arrow_schema(schema)

    def dedup(batches: Batches) -> Batches:
        for batch in batches:
            lists = batch.column("contained").cast(bloom_global.CONTAINED)
            found = with_repeats(batch, lambda texts, lists=lists: bloom_global.columns(texts, lists, settings))
            found |= {name: batch.column(name) for name in carried}
            yield batch_of(found, arrow)

    return dedup


def cut_repeats(carried: Sequence[str], schema: StructType) -> MapInArrow:
    """Documents (the `carried` columns, repeats, text) -> rows of `schema`, with no cuts but those of `repeats`."""
    arrow = arrow_schema(schema)

    def cut(batches: Batches) -> Batches:
        for batch in batches:
            texts, edits = _cut(batch)
            keep = pc.not_equal(pc.utf8_trim_whitespace(texts), "")
            found = {name: batch.column(name) for name in carried}
            found |= {
                "keep": keep,
                "reason": pc.if_else(keep, None, BloomReason.NO_TEXT.value),
                "text": pc.if_else(keep, texts, None),
            }
            found |= {"ngrams": _zeros(batch), "contained": _zeros(batch), "edits": _edit_lists(edits, arrow)}
            yield batch_of(found, arrow)

    return cut


def with_repeats(rows: pa.RecordBatch, dedup: Any) -> Columns:
    """`dedup` of the texts after the passages in `repeats` are cut; its edits as edits of the texts as received."""
    texts, first = _cut(rows)
    columns: Columns = dedup(texts)
    if any(first):
        second = columns["edits"].to_pylist()
        both = [compose(a, [Edit(**edit) for edit in b]) for a, b in zip(first, second, strict=True)]
        columns["edits"] = pa.array([[edit._asdict() for edit in edits] for edits in both], columns["edits"].type)
    return columns


def _edit_lists(edits: list[list[Edit]], schema: pa.Schema) -> pa.Array:
    return pa.array([[edit._asdict() for edit in one] for one in edits], schema.field("edits").type)


def _cut(rows: pa.RecordBatch) -> tuple[pa.Array, list[list[Edit]]]:
    """The texts after the passages in `repeats` are cut, and those passages."""
    texts = rows.column("text").cast(pa.large_string())
    repeats = rows.column("repeats")
    edits = [[Edit(**edit) for edit in one or ()] for one in repeats.to_pylist()]
    if repeats.null_count < len(repeats):
        texts = pa.array([apply(text, cuts) for text, cuts in zip(texts.to_pylist(), edits, strict=True)], texts.type)
    return texts, edits


def _texts_of(paths: Sequence[str]) -> Iterator[pa.Array]:
    """The texts of files in any form that ingest reads, some at a time."""
    held: list[str] = []
    for path in paths:
        for table, row in read_pages(path, 0, "", 0, PageSettings()):
            if table == "documents":
                held.append(row["text"])
            if len(held) >= PRIME_TEXTS:
                yield pa.array(held, pa.large_string())
                held = []
    yield pa.array(held, pa.large_string())


def _runs(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Slices of rows of one shard and one kind, a part of a filter or a document."""
    shards = batch.column("shard").to_numpy()
    is_part = batch.column("part").is_valid().to_numpy(zero_copy_only=False)
    changes = np.flatnonzero((shards[1:] != shards[:-1]) | (is_part[1:] != is_part[:-1])) + 1
    bounds = [0, *changes.tolist(), len(shards)]
    for start, end in pairwise(bounds):
        if start < end:
            yield batch.slice(start, end - start)


def _struct(columns: Columns, type_: pa.StructType) -> pa.StructArray:
    return pa.StructArray.from_arrays([columns[field.name].cast(field.type) for field in type_], fields=list(type_))


def _out(documents: pa.Array, parts: pa.Array) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([documents, parts], ["deduplicated", "bloom_shards"])


def _zeros(batch: pa.RecordBatch) -> pa.Array:
    return pa.array(np.zeros(len(batch), np.int64))
