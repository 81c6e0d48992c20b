"""Bloom dedup from Arrow columns to Arrow columns, with one shard's filter in memory.

Same answers as `udfs.dedup.bloom_modes.deduplicated`, which defines them. Texts count in the order in which they come.
Beside the filter a `Deduper` holds, once it has loaded what earlier batches saved, eight bytes for each n-gram that
this batch adds; when that would be more than the filter, a second filter instead.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import zstandard

from udfs.dedup.bloom import BLOCK_BYTES, BloomSettings, check
from udfs.dedup.bloom_modes import BloomCut, BloomReason
from udfs.dedup.kernels import bloom, bloom_batches, bloom_modes
from udfs.dedup.kernels.bloom import WORDS

PART_BYTES = 1 << 20
_PART_WORDS = PART_BYTES // 8
_PART_BLOCKS = PART_BYTES // BLOCK_BYTES
_NOTHING = np.zeros(0, np.int64)
_EMPTY = np.zeros(1, np.int64)

_REASONS = (None, BloomReason.SEEN_DOCUMENT, BloomReason.SEEN_PARAGRAPHS, BloomReason.NO_TEXT)
_CUTS = (BloomCut.SEEN_DOCUMENT, BloomCut.SEEN_PARAGRAPH, BloomCut.SEEN_SUBSTRING, BloomCut.TRAILING_SPACE)


class Deduper:
    """A shard's filter and what is done with it; one for each task."""

    def __init__(self, settings: BloomSettings) -> None:
        """Raises ValueError where the filter is larger than `memory_bytes`."""
        self.settings, self.size = settings, check(settings)
        self.inserted = 0  # n-grams put in by `columns` and `prime`; above `size.ngrams` the rate no longer holds
        self._rule = rule_of(settings)
        self._filter = bloom_modes.Filter(bloom.zeros(self.size.blocks), self.size.hashes)
        self._loaded = False
        self._log: list[Any] = []  # hashes of n-grams that this batch put into a loaded filter
        self._logged_bytes = 0
        self._own: Any = None  # the bits of this batch alone, when there are too many for a log

    def prime(self, texts: pa.LargeStringArray) -> None:
        """Insert all n-grams of `texts`, whatever the setting `update`."""
        self._note(bloom_batches.prime(documents_of(texts), self._rule, self._filter))

    def columns(self, texts: pa.LargeStringArray) -> dict[str, pa.Array]:
        """What becomes of the texts, each given those before it: keep, reason, contained, ngrams, edits, text."""
        documents = documents_of(texts)
        counts = bloom_batches.Counts(_EMPTY, _NOTHING, _NOTHING)
        batch = bloom_batches.deduplicate(documents, self._rule, self._filter, counts, False)
        self._note(batch.fresh)
        return columns_of(texts, batch, self.settings)

    def load(self, part: int, packed: bytes) -> None:
        """Add a part of a filter that `new_bits` gave; in any order, and before `columns` or `prime`. Raises ValueError
        for what is no part of this filter."""
        words = self._filter.bits[part * _PART_WORDS : (part + 1) * _PART_WORDS]
        expected = words.nbytes if part >= 0 else 0
        try:
            size = zstandard.frame_content_size(packed)
            bits = zstandard.ZstdDecompressor().decompress(packed) if size == expected else b""
        except zstandard.ZstdError:
            size, bits = -1, b""
        if not expected or len(bits) != expected:
            found = f"{size:,}" if size >= 0 else "damaged"
            raise ValueError(
                f"found {found} bytes for part {part} of a Bloom filter of {self.size.bytes:,} bytes, expected "
                f"{expected:,}; it was saved by other settings: use those, or start anew"
            )
        if self.inserted:
            raise ValueError("found a part loaded after texts, expected all parts first; load them before any text")
        words |= np.frombuffer(bits, "<u8")
        self._loaded = True

    def new_bits(self) -> Iterator[tuple[int, bytes]]:
        """The bits of all n-grams inserted since the filter was made or loaded: number and bytes of each part of 1 MiB
        that has some, compressed (zstd), so that a small batch costs what it says and not what the filter holds. The
        union over all batches, loaded, is the filter."""
        compressor = zstandard.ZstdCompressor(level=1)
        for part, words in self._logged_words() if self._loaded and self._own is None else self._all_words():
            yield part, compressor.compress(words.astype("<u8", copy=False).tobytes())

    def _all_words(self) -> Iterator[tuple[int, Any]]:
        bits = self._own if self._loaded else self._filter.bits
        for part, start in enumerate(range(0, len(bits), _PART_WORDS)):
            words = bits[start : start + _PART_WORDS]
            if words.any():
                yield part, words

    def _note(self, fresh: Any) -> None:
        self.inserted += len(fresh)
        if not self._loaded:
            return
        if self._own is None and self._logged_bytes + fresh.nbytes > self.size.bytes:
            self._own = bloom.zeros(self.size.blocks)
            for logged in self._log:
                self._insert(self._own, 0, logged)
            self._log.clear()
        if self._own is not None:
            self._insert(self._own, 0, fresh)
        else:
            self._log.append(fresh.copy())  # it is a view of a much larger array
            self._logged_bytes += fresh.nbytes

    def _insert(self, bits: Any, first_block: int, ngrams: Any) -> None:
        bloom.insert_part(bits, first_block, self.size.blocks, self.size.hashes, ngrams)

    def _logged_words(self) -> Iterator[tuple[int, Any]]:
        """From the log, sorted: the block of a hash grows with the hash."""
        ngrams = np.sort(np.concatenate([np.zeros(0, np.uint64), *self._log]))
        parts = range(-(-self.size.blocks // _PART_BLOCKS))
        lowest = [-(-(part * _PART_BLOCKS << 64) // self.size.blocks) for part in parts]  # hash of the part's first
        edges = [*np.searchsorted(ngrams, np.array(lowest, np.uint64)).tolist(), len(ngrams)]
        for part in parts:
            if edges[part] < edges[part + 1]:
                first = part * _PART_BLOCKS
                words = np.zeros(min(self.size.blocks - first, _PART_BLOCKS) * WORDS, np.uint64)
                self._insert(words, first, ngrams[edges[part] : edges[part + 1]])
                yield part, words


def rule_of(settings: BloomSettings) -> bloom_modes.Rule:
    """The settings as kernels take them."""
    mode, windows = bloom_modes.MODES[settings.mode]
    return bloom_modes.Rule(
        mode,
        windows,
        settings.max_ngram if settings.mode == "substring" else settings.min_ngram,
        settings.max_ngram,
        settings.threshold,
        settings.substring_tokens,
        settings.update,
    )


def documents_of(texts: pa.LargeStringArray) -> bloom_batches.Documents:
    """The buffers of an array, also of a slice."""
    _, bounds, data = texts.buffers()
    offsets = np.frombuffer(bounds, np.int64)[texts.offset : texts.offset + len(texts) + 1] if len(texts) else _EMPTY
    return bloom_batches.Documents(
        _read_only(np.frombuffer(data or b"", np.uint8)),
        _read_only(offsets),
        texts.is_valid().to_numpy(zero_copy_only=False),
    )


def _read_only(array: Any) -> Any:
    """Always so, as what came over a wire is: numba compiles a kernel for one kind only."""
    seen = array.view()
    seen.flags.writeable = False
    return seen


def columns_of(texts: pa.LargeStringArray, batch: Any, settings: BloomSettings) -> dict[str, pa.Array]:
    """The columns of a batch. With `annotate` texts stay as they came, and only nulls are not kept."""
    keep, reasons = batch.reasons == bloom_batches.KEPT, batch.reasons
    made = texts
    if settings.annotate:
        keep = texts.is_valid().to_numpy(zero_copy_only=False)
        reasons = np.where(keep, bloom_batches.KEPT, bloom_batches.NO_TEXT)
    else:
        made = pa.LargeStringArray.from_buffers(
            len(texts),
            pa.py_buffer(batch.bounds),
            pa.py_buffer(np.ascontiguousarray(batch.texts)),
            pa.array(keep).buffers()[1],
        )
    return {
        "keep": pa.array(keep, pa.bool_()),
        "reason": pa.array(_REASONS, pa.large_string()).take(pa.array(reasons)),
        "contained": pa.array(batch.contained),
        "ngrams": pa.array(batch.ngrams),
        "edits": _edit_lists(batch),
        "text": made,
    }


def _edit_lists(batch: Any) -> pa.ListArray:
    nothing = pa.array([""], pa.large_string()).take(pa.array(np.zeros(len(batch.kinds), np.int64)))
    parts = {
        "start": pa.array(batch.starts.astype(np.int32)),
        "end": pa.array(batch.ends.astype(np.int32)),
        "replacement": nothing,
        "reason": pa.array(_CUTS, pa.large_string()).take(pa.array(batch.kinds)),
    }
    structs = pa.StructArray.from_arrays(list(parts.values()), list(parts))
    return pa.ListArray.from_arrays(pa.array(batch.firsts.astype(np.int32)), structs)
