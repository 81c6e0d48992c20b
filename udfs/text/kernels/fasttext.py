"""Classify lines with a fastText model, many times as fast as the published library on texts whose words recur.

What the library does for each word of each line (look it up, hash all its character n-grams, add their rows) is done
here once for a word and kept: a line is then one table look-up and one vector addition a word. Sums are made in float64
where the library has float32, so probabilities agree to about six digits.
"""

import threading
from math import exp, log

import numpy as np
from numpy.typing import NDArray

from udfs.text.fasttext_model import FastTextModel
from udfs.text.kernels.characters import ALPHA, classes_of, decode
from udfs.text.kernels.compiling import compiled, inlined
from udfs.text.kernels.hash_tables import found, table_of
from udfs.text.kernels.spans import Utf8
from udfs.text.kernels.words import hash_of, mixed

_MEMO = 1 << 17  # places for words; a word takes the place of another, so common ones are mostly there
_FNV_BASIS, _FNV_PRIME, _LOW = np.uint64(2166136261), np.uint64(16777619), np.uint64(0xFFFFFFFF)
_NO_ROW = -1
_END_OF_LINE = b"</s>"


class Classifier:
    """A model made ready: about 10 MB for lid.176.ftz."""

    def __init__(self, model: FastTextModel) -> None:
        self.labels = model.labels
        dims = model.rows.shape[1]
        hashes = np.array([hash_of_bytes(np.frombuffer(word, np.uint8)) for word in model.words], np.uint64)
        self._tables = (
            table_of(hashes, np.arange(len(hashes))),
            table_of(_bucket_keys(model.pruned[:, 0]), model.pruned[:, 1]),
            _bits(model),
            (len(model.words), model.buckets if model.longest else 0, model.shortest, model.longest),
        )
        self._rows = np.ascontiguousarray(model.rows)
        self._outputs, self._children = model.outputs.astype(np.float64), model.children
        self._memo = (np.zeros(_MEMO, np.uint64), np.empty((_MEMO, dims), np.float32), np.empty(_MEMO, np.int32))
        self._lock = threading.Lock()  # kernels run without the interpreter's lock, and all write the memo
        self._end = model.words.index(_END_OF_LINE) if _END_OF_LINE in model.words else _NO_ROW

    def __call__(self, line: Utf8) -> tuple[str, float]:
        """The most probable label and its probability; line breaks separate words. ("", 0.0) where the model knows
        nothing of the line."""
        with self._lock:
            total, count = _line_sum(line, self._rows, self._tables, self._memo)
        if self._end >= 0:
            total, count = total + self._rows[self._end], count + 1
        if not count:
            return "", 0.0
        vector = total / count
        if len(self._children):
            best, probability = _best(vector, self._outputs, self._children)
        else:
            best, probability = _best_of_softmax(self._outputs @ vector)
        return self.labels[best], probability


def _bits(model: FastTextModel) -> NDArray[np.uint8]:
    """A bit for each bucket that has a row: most have none, and these 250 KB stay in a core's cache. None where no
    bucket was pruned."""
    if not model.is_pruned:
        return np.empty(0, np.uint8)
    has_row = np.zeros(max(model.buckets, 1), np.bool_)
    has_row[model.pruned[:, 0]] = True
    bits: NDArray[np.uint8] = np.packbits(has_row, bitorder="little")
    return bits


@compiled
def _bucket_keys(buckets):
    keys = np.empty(len(buckets), np.uint64)
    for i in range(len(buckets)):
        keys[i] = mixed(np.uint64(buckets[i]) + np.uint64(1))
    return keys


@compiled
def hash_of_bytes(word):
    """The hash that a word is kept under."""
    return hash_of(word, 0, len(word)) | np.uint64(1)


@compiled
def _line_sum(line, rows, tables, memo):
    """Sum of the rows of all words of a line, and how many rows that are."""
    memo_keys, memo_sums, memo_counts = memo
    sums = np.empty(rows.shape[1])
    total, count = np.zeros(rows.shape[1]), 0
    at, size = 0, len(line)
    while at < size:
        if _is_space(line[at]):
            at += 1
            continue
        start = at
        while at < size and not _is_space(line[at]):
            at += 1
        key = hash_of(line, start, at) | np.uint64(1)
        slot = np.int64((key >> np.uint64(1)) & np.uint64(_MEMO - 1))
        if memo_keys[slot] != key:
            memo_counts[slot] = _word_sum(line, start, at, key, rows, tables, sums)
            memo_sums[slot] = sums
            memo_keys[slot] = key
        for i in range(len(total)):
            total[i] += memo_sums[slot, i]
        count += memo_counts[slot]
    return total, count


@inlined
def _is_space(byte):
    return byte == 32 or 9 <= byte <= 13 or byte == 0


@compiled
def _word_sum(line, start, end, key, rows, tables, total):
    """Write the sum of a word's rows (its own, those of its character n-grams) into `total`; how many there are."""
    words, _, _, (_, buckets, shortest, longest) = tables
    total[:] = 0
    if _is_label(line, start, end):
        return 0
    count = 0
    row = found(words, key)
    if row >= 0:
        total += rows[row]
        count = 1
    last = end - start + 2 if buckets else 0  # the word stands between < and >
    for i in range(last):
        if _byte(line, start, end, i) & 0xC0 == 0x80:
            continue
        value, j = _FNV_BASIS, i
        for n in range(1, longest + 1):
            if j == last:
                break
            value = _fnv(value, _byte(line, start, end, j))
            j += 1
            while j < last and _byte(line, start, end, j) & 0xC0 == 0x80:
                value = _fnv(value, _byte(line, start, end, j))
                j += 1
            if n >= shortest and not (n == 1 and (i == 0 or j == last)):
                row = _row_of(value % np.uint64(buckets), tables)
                if row >= 0:
                    total += rows[row]
                    count += 1
    return count


@inlined
def _row_of(bucket, tables):
    """The row of a bucket of n-grams, or -1."""
    _, pruned, bits, (word_count, _, _, _) = tables
    if not len(bits):
        return np.int64(word_count) + np.int64(bucket)
    if not bits[bucket >> np.uint64(3)] >> np.uint8(bucket & np.uint64(7)) & 1:
        return np.int64(-1)
    row = found(pruned, mixed(bucket + np.uint64(1)) | np.uint64(1))
    return row + word_count if row >= 0 else row


@inlined
def _is_label(line, start, end):
    """Whether fastText takes the word for a label: __label__x."""
    prefix = b"__label__"
    if end - start < 9:
        return False
    for i in range(9):  # noqa: SIM110 - numba has no all()
        if line[start + i] != prefix[i]:
            return False
    return True


@inlined
def _byte(line, start, end, i):
    if i == 0:
        return np.uint8(60)
    return np.uint8(62) if i == end - start + 1 else line[start + i - 1]


@inlined
def _fnv(value, byte):
    """A step of 32-bit FNV-1a, over bytes with a sign as fastText has it."""
    signed = np.uint64(byte) | (np.uint64(0xFFFFFF00) if byte >= 128 else np.uint64(0))
    return ((value ^ signed) * _FNV_PRIME) & _LOW


@compiled
def _best(vector, outputs, children):
    """The most probable leaf of the tree of labels and its probability; fastText adds 1e-5 to what it takes logs of."""
    labels = len(children) + 1
    nodes, scores = np.empty(labels + 1, np.int64), np.empty(labels + 1)
    nodes[0], scores[0], waiting = 2 * labels - 2, 0.0, 1
    best, best_score = np.int64(0), -np.inf
    while waiting:
        waiting -= 1
        node, score = nodes[waiting], scores[waiting]
        if score < best_score:
            continue
        if node < labels:
            best, best_score = node, score
            continue
        dot = 0.0
        for i in range(len(vector)):
            dot += outputs[node - labels, i] * vector[i]
        right = 1.0 / (1.0 + exp(-dot))
        likelier = 1 if right >= 0.5 else 0
        for side in (1 - likelier, likelier):  # the likelier child is taken first, being last in
            nodes[waiting] = children[node - labels, side]
            scores[waiting] = score + log((right if side else 1.0 - right) + 1e-5)
            waiting += 1
    return best, min(exp(best_score), 1.0)


def _best_of_softmax(scores: NDArray[np.float64]) -> tuple[int, float]:
    weights = np.exp(scores - scores.max())
    best = int(np.argmax(weights))
    return best, min(float(weights[best] / weights.sum()) + 1e-5, 1.0)


@compiled
def has_letter(text):
    """Whether a character is alphabetic."""
    at = 0
    while at < len(text):
        code, width = decode(text, at)
        if classes_of(code) & ALPHA:
            return True
        at += width
    return False


@compiled
def beginning(text, characters):
    """The first characters of a text."""
    at, passed = 0, 0
    while at < len(text):
        if text[at] & 0xC0 != 0x80:
            if passed == characters:
                break
            passed += 1
        at += 1
    return text[:at]
