"""Kernels over edits: make them, and join those of two steps.

The definitions are `apply` and `compose` of `udfs.text.edits`, of which these are the byte-offset forms.
"""

import numpy as np

from udfs.text.kernels.compiling import compiled
from udfs.text.kernels.spans import ByteEdits, Utf8


def apply(utf8: Utf8, edits: ByteEdits) -> Utf8:
    """The text after all edits; shape (bytes of the new text,)."""
    made: Utf8 = _applied(utf8, edits.starts, edits.ends, edits.bounds, edits.written)
    made.setflags(write=False)  # like a page's bytes in an Arrow buffer: numba compiles a kernel for one kind only
    return made


def compose(first: ByteEdits, second: ByteEdits) -> ByteEdits:
    """Edits of the received text that equal `first` and then `second`, which has the offsets of the text between."""
    if not len(first.starts):
        return second
    if not len(second.starts):
        return first
    return ByteEdits(*_composed(*first, *second))


@compiled
def _applied(utf8, starts, ends, bounds, written):
    size = len(utf8) + bounds[-1]
    for i in range(len(starts)):
        size -= ends[i] - starts[i]
    made = np.empty(size, np.uint8)
    done, to = 0, 0
    for i in range(len(starts)):
        to = _copy(utf8, done, starts[i], made, to)
        to = _copy(written, bounds[i], bounds[i + 1], made, to)
        done = ends[i]
    _copy(utf8, done, len(utf8), made, to)
    return made


@compiled
def _copy(source, start, end, target, to):
    for i in range(start, end):
        target[to] = source[i]
        to += 1
    return to


@compiled
def _places(first_starts, first_ends, first_bounds, second_starts, second_ends):
    """Both lists merged by their places in the text between: starts, ends, and which edit (second ones count on from
    the first)."""
    n, m = len(first_starts), len(second_starts)
    starts, ends, which = np.empty(n + m, np.int64), np.empty(n + m, np.int64), np.empty(n + m, np.int64)
    i, j, grown = 0, 0, 0
    for k in range(n + m):
        start, end = np.int64(0), np.int64(0)
        if i < n:
            start = first_starts[i] + grown
            end = start + first_bounds[i + 1] - first_bounds[i]
        earlier = i < n and (
            j == m or start < second_starts[j] or (start == second_starts[j] and end <= second_ends[j])
        )
        if earlier:
            starts[k], ends[k], which[k] = start, end, i
            grown += (end - start) - (first_ends[i] - first_starts[i])
            i += 1
        else:
            starts[k], ends[k], which[k] = second_starts[j], second_ends[j], n + j
            j += 1
    return starts, ends, which


@compiled
def _composed(
    a_starts, a_ends, a_bounds, a_written, a_steps, b_starts, b_ends, b_bounds, b_written, b_steps
):  # one by one: a tuple of arrays costs more to pass
    """A group is a run of edits that overlap in the text between; each becomes one edit of the received text."""
    starts, ends, which = _places(a_starts, a_ends, a_bounds, b_starts, b_ends)
    n, total = len(a_starts), len(starts)
    out_starts, out_ends, steps = np.empty(total, np.int64), np.empty(total, np.int64), np.empty(total, np.int64)
    bounds = np.zeros(total + 1, np.int64)
    written = np.empty(len(a_written) + len(b_written), np.uint8)
    made, to, shift, at = 0, 0, 0, 0
    while at < total:
        after = _group_end(starts, ends, at)
        shift_before, step, later = shift, np.int64(-1), False
        end = ends[at]
        for k in range(at, after):
            end = max(end, ends[k])
            if which[k] < n:
                shift += (a_ends[which[k]] - a_starts[which[k]]) - (ends[k] - starts[k])
            elif not later:
                step, later = b_steps[which[k] - n], True
        if not later:
            step = a_steps[which[at]]
        to = _write_group(starts, ends, which, at, after, end, n, a_bounds, a_written, b_bounds, b_written, written, to)
        if made and out_starts[made - 1] == starts[at] + shift_before:  # an insertion, and what stands behind it
            made -= 1
            step = step if later else steps[made]
        else:
            out_starts[made] = starts[at] + shift_before
        out_ends[made], steps[made], bounds[made + 1] = end + shift, step, to
        made += 1
        at = after
    return out_starts[:made], out_ends[:made], bounds[: made + 1], written[:to], steps[:made]


@compiled
def _group_end(starts, ends, at):
    end, after = ends[at], at + 1
    while after < len(starts) and starts[after] < end and starts[at] < ends[after]:
        end = max(end, ends[after])
        after += 1
    return after


@compiled
def _write_group(starts, ends, which, at, after, end, n, a_bounds, a_written, b_bounds, b_written, written, to):
    """What the group leaves: replacements of the second list, and between them what the first list wrote."""
    done, earlier = starts[at], at
    for k in range(at, after + 1):
        if k < after and which[k] < n:
            continue
        until = starts[k] if k < after else end
        while earlier < after and (which[earlier] >= n or ends[earlier] <= done):
            earlier += 1
        p = earlier
        while p < after and starts[p] < until:
            if which[p] < n:
                left = a_bounds[which[p]]
                to = _copy(
                    a_written, left + max(done - starts[p], 0), left + min(until, ends[p]) - starts[p], written, to
                )
            p += 1
        if k < after:
            to = _copy(b_written, b_bounds[which[k] - n], b_bounds[which[k] - n + 1], written, to)
            done = ends[k]
    return to
