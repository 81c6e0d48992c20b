"""Compiled: how many sentences a text has, as datatrove counts them; the definition is `english_sentences` in
`udfs.text.english.words`.

Which token begins a sentence depends on the tokens that are one full stop (or its like), on those that are punctuation
all through, and on white space. So only runs of characters with a full stop in them are cut into tokens; any other run
has a token that is no punctuation just where it has such a character.
"""

import numpy as np
from numpy.typing import NDArray

from udfs.text.kernels.characters import Offsets, Utf8, decode
from udfs.text.kernels.compiling import compiled, inlined
from udfs.text.kernels.english.rows import has_row
from udfs.text.kernels.english.runs import cut_run, ends_in_sign, space_width
from udfs.text.kernels.english.tables import (
    ASCII,
    ENDS_SENTENCE,
    FACTOR,
    IS_LETTER,
    IS_PUNCTUATION,
    IS_SPACE,
    SEED,
    class_of,
    exception_slot,
    hash_bytes,
    mixed,
    uncounted,
)
from udfs.text.kernels.english.words import words_between

SPACE = 32
ROWS = -1
"""Instead of a count: a run has a row of tokens that may become an exception, so its neighbours count too."""


@compiled
def sentence_count(text: Utf8, start: int, end: int) -> int:
    """Sentences of `text[start:end]` as if it were all of the text; 1 for no text at all."""
    ends, hashes = np.empty(end - start, np.int64), np.empty(end - start, np.uint64)
    count = _count(text, start, end, ends, hashes)
    return _count_of_all_words(text, start, end) if count == ROWS else count


@compiled
def sentence_counts(text: Utf8, starts: Offsets, ends: Offsets) -> Offsets:
    """`sentence_count` of each of some parts of a text; shape (parts,)."""
    counts = np.empty(starts.size, np.int64)
    for i in range(starts.size):
        counts[i] = sentence_count(text, starts[i], ends[i])
    return counts


@uncounted
@compiled
def _count(text: Utf8, start: int, end: int, ends: Offsets, hashes: NDArray[np.uint64]) -> int:
    """Sentences, or ROWS; `ends` and `hashes` have room for as many tokens as there are bytes."""
    count, ended, at = 1, False, start
    while at < end:
        space = at
        at = _space_end(text, at, end)
        if ended and _space_is_token(text, space, at, start):
            count += 1
            ended = False
        first = at
        at, sign = _simple_run(text, at, end)
        if at > first:
            count += ended
            ended = ASCII[sign] & ENDS_SENTENCE != 0
            continue
        at, any_of, every = _classes_of_run(text, first, end)
        if any_of & ENDS_SENTENCE:
            begun, ended = _begun(text, first, at, ends, hashes, ended)
            if begun == ROWS:
                return ROWS
            count += begun
        elif ended and at > first and not every & IS_PUNCTUATION:
            count += 1
            ended = False
    return count


@uncounted
@inlined
def _space_end(text: Utf8, at: int, end: int) -> int:
    """Where the white space at `at` ends."""
    while at < end:
        width = space_width(text, at)
        if width == 0:
            break
        at += width
    return at


@uncounted
@inlined
def _simple_run(text: Utf8, start: int, end: int) -> tuple[int, int]:
    """Where the run at `start` ends, `start` where it is not one of ASCII letters with at most a sign behind, and that
    sign (0 for none)."""
    at, key = start, SEED
    while at < end and ASCII[text[at]] & IS_LETTER:
        key = (key ^ np.uint64(text[at])) * FACTOR
        at += 1
    if at in (start, end) or ASCII[text[at]] & IS_SPACE:
        return at, 0
    if ends_in_sign(text, start, at, end, key) and exception_slot(mixed(key)) < 0:
        return at + 1, text[at]
    return start, 0


@uncounted
@inlined
def _space_is_token(text: Utf8, first: int, end: int, start: int) -> bool:
    """Whether the white space `text[first:end]` is a token: one space after a word belongs to the word."""
    return end - first > (1 if first > start and first < end and text[first] == SPACE else 0)


@uncounted
@inlined
def _classes_of_run(text: Utf8, at: int, end: int) -> tuple[int, int, int]:
    """Where the run of characters that are no white space ends, the classes that any of them has, those of all."""
    any_of, every = 0, -1
    while at < end:
        code, width = decode(text, at)
        here = class_of(code)
        if here & IS_SPACE:
            break
        any_of |= here
        every &= here
        at += width
    return at, any_of, every


@uncounted
@compiled
def _begun(
    text: Utf8, start: int, end: int, ends: Offsets, hashes: NDArray[np.uint64], ended: bool
) -> tuple[int, bool]:
    """Sentences that begin in the run `text[start:end]`, and whether the last of them has ended; ROWS where the run has
    a row."""
    tokens = cut_run(text, start, end, ends, 0)
    at = start
    for i in range(tokens):
        hashes[i] = hash_bytes(text, at, ends[i])
        at = ends[i]
    if has_row(hashes, 0, tokens):
        return ROWS, False
    begun, at = 0, start
    for i in range(tokens):
        begins, ended = _step(text, at, ends[i], ended)
        begun += begins
        at = ends[i]
    return begun, ended


@uncounted
@inlined
def _step(text: Utf8, start: int, end: int, ended: bool) -> tuple[int, bool]:
    """Whether a sentence begins at the token `text[start:end]` (1, 0), and whether its sentence has ended after it."""
    code, width = decode(text, start)
    if start + width == end and class_of(code) & ENDS_SENTENCE:
        return 0, True
    _, _, every = _classes_of_run(text, start, end)
    begins = ended and not every & IS_PUNCTUATION
    return 1 if begins else 0, ended and not begins


@compiled
def _count_of_all_words(text: Utf8, start: int, end: int) -> int:
    """`sentence_count`, by all tokens of the text."""
    starts, ends, _, _, _ = words_between(text, start, end)
    count, ended, last = 1, False, start
    for i in range(starts.size):
        if ended and starts[i] > last and _space_is_token(text, last, starts[i], start):
            count += 1
            ended = False
        begins, ended = _step(text, starts[i], ends[i], ended)
        count += begins
        last = ends[i]
    return count + (ended and _space_is_token(text, last, end, start))
