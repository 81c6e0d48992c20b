"""The links of one batch in one task: what `jobs/minhash/buckets.py` does in rounds of joins, as rounds over arrays.

The definition is `link` of `udfs/dedup/near_duplicates.py`. A round of joins costs Spark a second or two however few
rows it has, so a small batch waited for plans and files; here a million band keys take about a second, on one core.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from udfs.dedup.lookup import Ids, Numbers, Sorted

Positions = NDArray[np.int64]
Flags = NDArray[np.bool_]
Shares = NDArray[np.float64]
Measure = Callable[[pa.Array, pa.Array], Shares]


class Known(NamedTuple):
    """Representatives of earlier batches, in any order: columns of equal length, as in `bands`."""

    key: Ids
    id: Ids
    batch: Numbers
    representative: Numbers


class Contents:
    """What documents are compared by."""

    def __init__(self, ids: Ids, contents: pa.Array) -> None:
        self._sorted, self._contents = Sorted(ids), contents

    def of(self, ids: Ids) -> pa.Array:
        """The content of each document; null where there is none, which is similar to nothing."""
        places = self._sorted.places(ids)
        return self._contents.take(pa.array(places, mask=places < 0))


class Edges(NamedTuple):
    """Document a is similar to representative b, of batch b_batch, which is an earlier one where is_past."""

    a: Ids
    b: Ids
    b_batch: Numbers
    is_past: Flags
    similarity: Shares


class Representatives(NamedTuple):
    """New rows of `bands`, but for the batch."""

    key: Ids
    id: Ids
    representative: Numbers


class _Tried(NamedTuple):
    """The open rows of a round, and whom each is compared with; b is the row's own id where it is to be new."""

    b: Ids
    b_batch: Numbers
    is_past: Flags


def linked(
    key: Ids, id_: Ids, batch: int, known: Known, contents: Contents, measure: Measure, limits: tuple[float, int]
) -> tuple[Edges, Representatives]:
    """Rows (key, id) of the documents of `batch`, a row for each band key -> their edges, each once, and the
    representatives that they are.

    `contents` holds the documents of `id_` and of `known`; `limits` are the similarity that links, and the number of
    representatives of a bucket.
    """
    at_least, most = limits
    order = np.lexsort((id_, key))
    key, id_ = key[order], id_[order]
    edges: list[Edges] = []
    new: list[Representatives] = []
    for number in range(1, most + 1):
        tried = _tried(key, id_, batch, known, number)
        alone = tried.b == id_
        new.append(Representatives(key[alone], id_[alone], np.full(int(alone.sum()), number, np.int32)))
        rows = np.flatnonzero(~alone)
        first, pair_of_row = _distinct(id_[rows], tried.b[rows])
        one = rows[first]
        a, b = id_[one], tried.b[one]
        similarity = measure(contents.of(a), contents.of(b))
        similar = similarity >= at_least
        edges.append(picked(Edges(a, b, tried.b_batch[one], tried.is_past[one], similarity), similar))
        failed = rows[~similar[pair_of_row]]
        if not len(failed):
            break
        key, id_ = key[failed], id_[failed]
    return _each_once(Edges(*_joined(edges))), Representatives(*_joined(new))


def _tried(key: Ids, id_: Ids, batch: int, known: Known, number: int) -> _Tried:
    """Each row against its bucket's representative of that number, or else the bucket's first open row. Rows are
    sorted by key, then id."""
    b = _first_of_bucket(key, id_)
    b_batch = np.full(len(key), batch, np.int32)
    theirs = np.flatnonzero(known.representative == number)
    place = Sorted(known.key[theirs]).places(key)
    hit = place >= 0
    of_past = theirs[place[hit]]
    b[hit], b_batch[hit] = known.id[of_past], known.batch[of_past]
    return _Tried(b, b_batch, b_batch < batch)


def first_of_each(*sorted_columns: NDArray[Any]) -> Positions:
    """Where each of the distinct rows begins."""
    return np.flatnonzero(np.any([_differs(column) for column in sorted_columns], axis=0))


def _first_of_bucket(key: Ids, id_: Ids) -> Ids:
    starts = first_of_each(key)
    return np.repeat(id_[starts], np.diff(np.append(starts, len(key))))


def _differs(sorted_values: NDArray[Any]) -> Flags:
    """Where a value is another than the one before; the first is."""
    return np.append(True, sorted_values[1:] != sorted_values[:-1])[: len(sorted_values)]


def _distinct(a: Ids, b: Ids) -> tuple[Any, Any]:
    """Positions of one row of each distinct pair (a, b), and of each row the number of its pair."""
    order = np.lexsort((b, a))
    firsts = first_of_each(a[order], b[order])
    numbers = np.empty(len(a), np.int64)
    numbers[order] = np.repeat(np.arange(len(firsts)), np.diff(np.append(firsts, len(a))))
    return order[firsts], numbers


def _each_once(edges: Edges) -> Edges:
    return picked(edges, _distinct(edges.a, edges.b)[0])


def picked(edges: Edges, which: Any) -> Edges:
    """Some of the edges, by positions or flags."""
    a, b, b_batch, is_past, similarity = edges
    return Edges(a[which], b[which], b_batch[which], is_past[which], similarity[which])


def _joined(parts: list[Any]) -> list[Any]:
    return [np.concatenate(columns) for columns in zip(*parts, strict=True)]
