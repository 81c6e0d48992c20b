"""Bloom dedup of the documents of an Arrow array in one compiled call: edits, texts, and what the filter got."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from udfs.dedup.kernels.bloom import insert_all
from udfs.dedup.kernels.bloom_modes import BOTH, SUBSTRING, Filter, Found, Rule, found_in, of_counts, window_numbers
from udfs.dedup.kernels.ngrams import Hashes, ngrams_of
from udfs.text.kernels.characters import Offsets, Utf8, count_code_points
from udfs.text.kernels.compiling import compiled, inlined
from udfs.text.kernels.segment_hashes import skip_space, skip_space_back

Numbers = NDArray[np.uint8]

KEPT, SEEN_DOCUMENT, SEEN_PARAGRAPHS, NO_TEXT = range(4)  # reasons of documents
WHOLE_TEXT, PARAGRAPH_CUT, SUBSTRING_CUT, TRAILING_SPACE = range(4)  # reasons of edits


class Documents(NamedTuple):
    """Texts as Arrow stores them: text i is `data[bounds[i]:bounds[i + 1]]`."""

    data: Utf8
    bounds: Offsets  # shape (documents + 1,)
    valid: NDArray[np.bool_]  # shape (documents,): false for a null


class Counts(NamedTuple):
    """How many n-grams of a window are contained, for windows where some are: those of document i are
    `firsts[i]:firsts[i + 1]`."""

    firsts: Offsets  # shape (documents + 1,)
    windows: Offsets  # shape (counts,)
    contained: Offsets  # shape (counts,)


class Batch(NamedTuple):
    """What becomes of documents. Edits of document i are `firsts[i]:firsts[i + 1]`, in code points."""

    reasons: Numbers  # shape (documents,)
    contained: Offsets  # shape (documents,)
    ngrams: Offsets  # shape (documents,)
    firsts: Offsets  # shape (documents + 1,)
    starts: Offsets
    ends: Offsets
    kinds: Numbers  # reasons of edits
    texts: Utf8  # after the edits
    bounds: Offsets  # shape (documents + 1,)
    fresh: Hashes  # n-grams that changed the filter, in order


@compiled
def deduplicate(documents: Documents, rule: Rule, kept: Filter, counts: Counts, by_counts: bool) -> Batch:
    """All documents, in order: by the filter, or by counts that say what is contained."""
    size, room = documents.bounds.size - 1, documents.bounds[-1] - documents.bounds[0]
    reasons, contained, ngrams = np.full(size, NO_TEXT, np.uint8), np.zeros(size, np.int64), np.zeros(size, np.int64)
    firsts, bounds = np.zeros(size + 1, np.int64), np.zeros(size + 1, np.int64)
    starts, ends, kinds = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.uint8)
    texts, fresh = np.empty(room, np.uint8), np.empty(0 if by_counts else room + size, np.uint64)
    edits: Any = np.int64(0)  # not 0, for which numba would compile all callees once more
    at: Any = edits
    to: Any = edits
    for i in range(size):
        if documents.valid[i]:
            text = documents.data[documents.bounds[i] : documents.bounds[i + 1]]
            if by_counts:
                found = _counted(text, rule, counts, i)
            else:
                found, at = found_in(text, rule, kept, fresh, at)
            contained[i], ngrams[i] = found.contained, found.ngrams
            made = _edits(text, found, rule)
            reasons[i], to = _write(text, made[0], made[1], found, texts, to)
            after = edits + made[0].size
            starts, ends, kinds = _grown(starts, after), _grown(ends, after), _grown(kinds, after)
            _in_code_points(text, made, starts, ends, kinds, edits)
            edits = after
        firsts[i + 1], bounds[i + 1] = edits, to
    return Batch(
        reasons, contained, ngrams, firsts, starts[:edits], ends[:edits], kinds[:edits], texts[:to], bounds, fresh[:at]
    )


@compiled
def _counted(text: Utf8, rule: Rule, counts: Counts, document: int) -> Found:
    ngrams = ngrams_of(text, rule.windows, rule.shortest, rule.longest)
    contained = np.zeros(ngrams.bounds.size, np.int64)
    for i in range(counts.firsts[document], counts.firsts[document + 1]):
        if 0 <= counts.windows[i] < contained.size:
            contained[counts.windows[i]] += counts.contained[i]
    return of_counts(ngrams, window_numbers(ngrams, rule), contained, rule)


@compiled
def _edits(text: Utf8, found: Found, rule: Rule) -> tuple[Offsets, Offsets, Numbers]:
    """Cuts and, in modes that trim, what white space they leave at the end, in bytes."""
    if found.is_dropped:
        size = min(text.size, 1)
        return np.zeros(size, np.int64), np.full(size, text.size), np.full(size, WHOLE_TEXT, np.uint8)
    cuts = found.starts.size
    visible_end = text.size
    if rule.mode in (BOTH, SUBSTRING) and found.ngrams:
        visible_end = _visible_end(text, found)
    starts, ends = np.empty(2 * cuts + 1, np.int64), np.empty(2 * cuts + 1, np.int64)
    kinds = np.empty(2 * cuts + 1, np.uint8)
    count = 0
    for i in range(cuts + 1):
        begin = max(found.ends[i - 1] if i else 0, visible_end)
        until = found.starts[i] if i < cuts else text.size
        if begin < until:
            starts[count], ends[count], kinds[count] = begin, until, TRAILING_SPACE
            count += 1
        if i < cuts:
            starts[count], ends[count] = until, found.ends[i]
            kinds[count] = SUBSTRING_CUT if rule.mode == SUBSTRING else PARAGRAPH_CUT
            count += 1
    return starts[:count], ends[:count], kinds[:count]


@inlined
def _visible_end(text: Utf8, found: Found) -> Any:
    """The end of the last visible character that no cut has; 0 where there is none."""
    until = text.size
    for i in range(found.starts.size - 1, -1, -1):
        end = skip_space_back(text, found.ends[i], until)
        if end > found.ends[i]:
            return end
        until = found.starts[i]
    return skip_space_back(text, 0, until)


@inlined
def _write(text: Utf8, starts: Offsets, ends: Offsets, found: Found, texts: Utf8, to: int) -> tuple[Any, int]:
    """Write the text after its edits from `texts[to]` on, if the document is kept; its reason and where the next text
    goes."""
    if found.is_dropped:
        return SEEN_DOCUMENT, to
    begin, done = to, 0
    for i in range(starts.size + 1):
        until = starts[i] if i < starts.size else text.size
        for at in range(done, until):
            texts[to] = text[at]
            to += 1
        done = ends[i] if i < starts.size else text.size
    if skip_space(texts, begin, to) < to:
        return KEPT, to
    return SEEN_PARAGRAPHS if found.starts.size else NO_TEXT, begin


@inlined
def _in_code_points(text: Utf8, made: Any, starts: Offsets, ends: Offsets, kinds: Numbers, to: int) -> None:
    at = count = 0
    for i in range(made[0].size):
        start, end = made[0][i], made[1][i]
        count += count_code_points(text, at, start)
        starts[to + i] = count
        count += count_code_points(text, start, end)
        ends[to + i] = count
        kinds[to + i] = made[2][i]
        at = end


@compiled
def _grown(array: Any, size: int) -> Any:
    if array.size >= size:
        return array
    larger = np.empty(2 * size, array.dtype)
    for i in range(array.size):
        larger[i] = array[i]
    return larger


@compiled
def prime(documents: Documents, rule: Rule, kept: Filter) -> Hashes:
    """Insert all n-grams of all documents; those that changed the filter."""
    size = documents.bounds.size - 1
    fresh = np.empty(documents.bounds[-1] - documents.bounds[0] + size, np.uint64)
    none: Any = np.int64(0)
    at: Any = np.int64(0)
    for i in range(size):
        if documents.valid[i]:
            text = documents.data[documents.bounds[i] : documents.bounds[i + 1]]
            ngrams = ngrams_of(text, rule.windows, rule.shortest, rule.longest)
            at = insert_all(kept.bits, kept.hashes, ngrams.hashes, none, ngrams.hashes.size, fresh, at)
    return fresh[:at]


@compiled
def window_ngrams(documents: Documents, rule: Rule) -> tuple[Offsets, Offsets, Hashes]:
    """The n-grams of all documents in order: number of the document, number of the window, hash; shapes (n-grams,)."""
    size = documents.bounds.size - 1
    most = documents.bounds[-1] - documents.bounds[0] + size
    numbers, windows, hashes = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most, np.uint64)
    at: Any = np.int64(0)
    for i in range(size):
        if documents.valid[i]:
            text = documents.data[documents.bounds[i] : documents.bounds[i + 1]]
            ngrams = ngrams_of(text, rule.windows, rule.shortest, rule.longest)
            own = window_numbers(ngrams, rule)
            for j in range(ngrams.hashes.size):
                numbers[at], windows[at], hashes[at] = i, own[j], ngrams.hashes[j]
                at += 1
    return numbers[:at], windows[:at], hashes[:at]
