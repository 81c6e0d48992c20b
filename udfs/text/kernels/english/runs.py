"""Compiled: how one run of characters that are no white space is cut into English tokens (steps 2 and 3 of
`udfs.text.english.words`). Functions have the names of the definition's; lengths and offsets are in bytes."""

import numpy as np

from udfs.text.kernels.characters import Offsets, Utf8, decode
from udfs.text.kernels.compiling import compiled, inlined
from udfs.text.kernels.english.signs import behind_length, front_length, full_stop_goes, inside_length
from udfs.text.kernels.english.tables import (
    ASCII,
    BOTH_SIDES,
    EXCEPTION_CUTS,
    FACTOR,
    IS_SPACE,
    LONGEST_EXCEPTION_BYTES,
    MAY_CUT,
    class_of,
    exception_slot,
    hash_bytes,
    mixed,
    uncounted,
)
from udfs.text.kernels.english.urls import is_url

DOT = 46


@uncounted
@inlined
def space_width(text: Utf8, at: int) -> int:
    """Bytes of the white space at `at`, 0 where something else stands there."""
    if text[at] < 128:
        return 1 if ASCII[text[at]] & IS_SPACE else 0
    code, width = decode(text, at)
    return width if class_of(code) & IS_SPACE else 0


@uncounted
@inlined
def run_end(text: Utf8, at: int, end: int) -> int:
    """Where the run that goes on at `at` ends: at white space."""
    while at < end:
        if text[at] < 128:
            if ASCII[text[at]] & IS_SPACE:
                break
            at += 1
        else:
            code, width = decode(text, at)
            if class_of(code) & IS_SPACE:
                break
            at += width
    return at


@uncounted
@inlined
def ends_in_sign(text: Utf8, start: int, at: int, end: int, key: np.uint64) -> bool:
    """Whether the ASCII letters `text[start:at]`, hashed into `key` but for the last step, are followed by one sign
    that is taken off behind, and by nothing more."""
    sign = text[at]
    if not (ASCII[sign] & BOTH_SIDES or sign == DOT) or (at + 1 < end and not ASCII[text[at + 1]] & IS_SPACE):
        return False
    if sign == DOT and not full_stop_goes(text, start, at):
        return False
    return exception_slot(mixed((key ^ np.uint64(sign)) * FACTOR)) < 0


@uncounted
@compiled
def cut_run(text: Utf8, start: int, end: int, ends: Offsets, count: int) -> int:
    """Cut `text[start:end]`: the ends of its tokens go to `ends[count:]`; returns the new count.

    `ends` has room for as many tokens as the run has bytes.
    """
    room = count + end - start
    last = room  # the tokens behind are found from the last on, so they grow down from the end of the room
    slot = exception_at(text, start, end)
    while start < end and slot < 0:
        front, behind = front_length(text, start, end), 0
        slot = exception_at(text, start + front, end) if front else -1
        if slot < 0:
            behind = behind_length(text, start + front, end)
            slot = exception_at(text, start, end - behind) if behind else -1
            front = 0 if slot >= 0 else front
        if front:
            start += front
            ends[count] = start
            count += 1
        if behind:
            last -= 1
            ends[last] = end
            end -= behind
        if front and behind:
            slot = exception_at(text, start, end)
        elif not front and not behind:
            break
    count = put_parts(slot, start, end, ends, count) if slot >= 0 else _cut_rest(text, start, end, ends, count)
    for i in range(last, room):
        ends[count] = ends[i]
        count += 1
    return count


@uncounted
@inlined
def exception_at(text: Utf8, start: int, end: int) -> int:
    """The slot of the exception `text[start:end]`, -1 where it is none."""
    if end <= start or end - start > LONGEST_EXCEPTION_BYTES:
        return -1
    return exception_slot(hash_bytes(text, start, end))


@inlined
def put_parts(slot: int, start: int, end: int, ends: Offsets, count: int) -> int:
    """The ends of an exception's parts to `ends[count:]`; returns the new count."""
    cuts: int = EXCEPTION_CUTS[slot]
    while cuts:
        start += cuts & 255
        ends[count] = start
        count += 1
        cuts >>= 8
    ends[count] = end
    return count + 1


@uncounted
@compiled
def _cut_rest(text: Utf8, start: int, end: int, ends: Offsets, count: int) -> int:
    """As `cut_run`, for what is left when nothing more can be taken off and is no exception."""
    done = start
    if not _may_be_url(text, start, end) or not is_url(text, start, end):
        at, before = start, 0
        while at < end:
            code, width = decode(text, at)
            here = class_of(code)
            length = inside_length(text, at, end, before) if here & MAY_CUT else 0
            if length and at > start:
                if at > done:
                    ends[count] = at
                    count += 1
                done = at + length
                ends[count] = done
                count += 1
            at += length or width
            before = here
    if end > done:
        ends[count] = end
        count += 1
    return count


@inlined
def _may_be_url(text: Utf8, start: int, end: int) -> bool:
    found = False
    for at in range(start + 1, end):
        found |= text[at] == DOT
    return found
