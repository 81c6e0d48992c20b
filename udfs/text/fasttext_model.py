"""A fastText classifier as arrays: the file format of fastText 0.9 (version 12), read with NumPy.

Source: fastText's own reader (fasttext.cc, dictionary.cc, quantmatrix.cc, loss.cc; Joulin et al. 2016, arXiv 1607.01759
and 1612.03651 for the quantised form). Reads supervised models with hierarchical softmax or softmax and without word
n-grams, whole or quantised, such as lid.176; others are refused. Nothing in such a file is code.
"""

import struct
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
MAGIC, VERSION = 793712314, 12
HIERARCHICAL_SOFTMAX, SOFTMAX, SUPERVISED = 1, 3, 3
WORD, LABEL = 0, 1


class FastTextModel(NamedTuple):
    """What is needed to classify a line."""

    labels: tuple[str, ...]  # without the prefix
    words: tuple[bytes, ...]  # the vocabulary, by row
    rows: Array  # float32, shape (words + n-gram rows, dimensions)
    outputs: Array  # float32, shape (labels or inner nodes, dimensions)
    children: Array  # int64, shape (inner nodes, 2): of the tree of labels; no rows for a plain softmax
    buckets: int  # n-grams are hashed into so many
    pruned: Array  # int64, shape (n, 2): bucket and its row, of those kept; no rows where all are
    is_pruned: bool
    shortest: int  # n-grams have from so many characters ...
    longest: int  # ... to so many; 0: there are none


class Reader:
    """A cursor over the bytes of a model."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def numbers(self, form: str) -> tuple[Any, ...]:
        """The numbers of a `struct` form, little-endian, from here on."""
        found = struct.unpack_from("<" + form, self.data, self.at)
        self.at += struct.calcsize("<" + form)
        return found

    def array(self, kind: Any, count: int) -> Array:
        """`count` numbers of a kind."""
        size = np.dtype(kind).itemsize * count
        if not 0 <= size <= len(self.data) - self.at:
            raise IndexError(f"{count} numbers from byte {self.at} on")
        found = np.frombuffer(self.data, kind, count, self.at)
        self.at += size
        return found

    def name(self) -> bytes:
        """The bytes up to the next NUL."""
        end = self.data.find(b"\0", self.at)
        if end < 0:
            raise IndexError(f"a word from byte {self.at} on")
        found = self.data[self.at : end]
        self.at = end + 1
        return found


def read_model(path: Path) -> FastTextModel:
    """Read a model. Raises ValueError where the file is no fastText model, or one of another kind."""
    reader = Reader(path.read_bytes())
    try:
        if reader.numbers("2i") != (MAGIC, VERSION):
            raise ValueError("it does not begin as version 12 of the format does")
        (dims, _, _, _, _, word_ngrams, loss, kind, buckets, shortest, longest, _, _) = reader.numbers("12id")
        if kind != SUPERVISED or loss not in (HIERARCHICAL_SOFTMAX, SOFTMAX) or word_ngrams > 1:
            raise ValueError("it is no supervised model with (hierarchical) softmax and without word n-grams")
        words, labels, counts, pruned, is_pruned = _dictionary(reader)
        (quantised,) = reader.numbers("?")
        rows = _quantised(reader) if quantised else _dense(reader)
        (quantised_output,) = reader.numbers("?")
        outputs = _quantised(reader) if quantised and quantised_output else _dense(reader)
    except (struct.error, IndexError) as error:
        raise ValueError(f"it ends early, or holds numbers that cannot be ({error})") from error
    if rows.shape[1] != dims or outputs.shape[1] != dims or len(rows) < len(words):
        raise ValueError("its matrices do not have the sizes that it names")
    children = _tree(counts) if loss == HIERARCHICAL_SOFTMAX else np.empty((0, 2), np.int64)
    return FastTextModel(labels, words, rows, outputs, children, buckets, pruned, is_pruned, shortest, longest)


def _dictionary(reader: Reader) -> tuple[tuple[bytes, ...], tuple[str, ...], list[int], Array, bool]:
    size, word_count, label_count, _, pruned_count = reader.numbers("3i2q")
    words: list[bytes] = []
    labels: list[str] = []
    counts: list[int] = []
    for _ in range(size):
        name = reader.name()
        count, kind = reader.numbers("qb")
        if kind == WORD:
            words.append(name)
        else:
            labels.append(name.decode("utf-8", "replace").removeprefix("__label__"))
            counts.append(count)
    if (len(words), len(labels)) != (word_count, label_count):
        raise ValueError("its dictionary does not have the words that it names")
    pruned = reader.array("<i4", 2 * max(pruned_count, 0)).reshape(-1, 2).astype(np.int64)
    return tuple(words), tuple(labels), counts, pruned, pruned_count >= 0


def _dense(reader: Reader) -> Array:
    rows, columns = reader.numbers("2q")
    return reader.array("<f4", rows * columns).reshape(rows, columns)


def _quantised(reader: Reader) -> Array:
    """A product-quantised matrix, multiplied out."""
    has_norms, rows, columns, size = reader.numbers("?2qi")
    codes = reader.array(np.uint8, size).reshape(rows, -1)
    found = _decoded(reader, codes)[:, :columns]
    if has_norms:
        norm_codes = reader.array(np.uint8, rows).reshape(rows, 1)
        found = found * _decoded(reader, norm_codes)
    return np.ascontiguousarray(found)


def _decoded(reader: Reader, codes: Array) -> Array:
    """The vectors that codes stand for, by the quantiser that comes next."""
    dims, parts, width, last_width = reader.numbers("4i")
    centroids = reader.array("<f4", dims * 256)
    found = np.empty((len(codes), dims), np.float32)
    for part in range(parts):
        columns = last_width if part == parts - 1 else width
        start = part * 256 * width
        table = centroids[start : start + 256 * columns].reshape(256, columns)
        found[:, part * width : part * width + columns] = table[codes[:, part]]
    return found


def _tree(counts: list[int]) -> Array:
    """Children of the inner nodes of the Huffman tree over labels, which are sorted by falling count."""
    labels = len(counts)
    weight = [*counts, *([10**15] * (labels - 1))]
    children = np.empty((labels - 1, 2), np.int64)
    leaf, node = labels - 1, labels
    for made in range(labels - 1):
        for side in (0, 1):
            if leaf >= 0 and weight[leaf] < weight[node]:
                children[made, side], leaf = leaf, leaf - 1
            else:
                children[made, side], node = node, node + 1
        weight[labels + made] = weight[children[made, 0]] + weight[children[made, 1]]
    return children
