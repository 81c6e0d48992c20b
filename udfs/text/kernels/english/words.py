"""The compiled twin of `udfs.text.english.words`: a page's English words as arrays, with what rules ask of each word.

Runs of ASCII letters, and such runs with one sign behind, are nearly all of English text and are cut here at once; all
other runs go through `udfs.text.kernels.english.runs`. Time is linear in the text's length. Words of one 64-bit hash
are taken as equal. Sentences are in `udfs.text.kernels.english.sentences`.
"""

import numpy as np

from udfs.text.kernels.characters import Utf8
from udfs.text.kernels.compiling import compiled
from udfs.text.kernels.english.rows import EnglishWords, describe, has_row, join_rows
from udfs.text.kernels.english.runs import cut_run, ends_in_sign, put_parts, run_end, space_width
from udfs.text.kernels.english.tables import ASCII, FACTOR, HAS_LETTER, IS_LETTER, IS_SPACE, SEED, exception_slot, mixed


@compiled
def english_words(text: Utf8) -> EnglishWords:
    """Starts and ends in bytes, hashes (`english_tables.hash_of`), lengths in code points and flags (`HAS_LETTER`,
    `ALL_SYMBOLS`) of the English words of a text; each of shape (words,)."""
    return words_between(text, 0, text.size)


@compiled
def words_between(text: Utf8, start: int, end: int) -> EnglishWords:
    """As `english_words`, of `text[start:end]` as if it were all of the text; offsets are those of `text`."""
    room = end - start  # memory that is never written costs nothing
    starts, ends, lengths = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.int64)
    hashes, flags = np.empty(room, np.uint64), np.empty(room, np.uint8)
    count, rows, at = 0, False, start
    while at < end:
        space = space_width(text, at)
        if space:
            at += space
            continue
        first, key, before = at, SEED, count
        while at < end and ASCII[text[at]] & IS_LETTER:
            key = (key ^ np.uint64(text[at])) * FACTOR
            at += 1
        alone = at == end or ASCII[text[at]] & IS_SPACE != 0
        if at > first and (alone or ends_in_sign(text, first, at, end, key)):
            key = mixed(key)
            slot = exception_slot(key)
            if slot < 0:
                starts[count], ends[count], lengths[count] = first, at, at - first
                hashes[count], flags[count] = key, HAS_LETTER
                count += 1
                before, first = count, at
            else:
                count = put_parts(slot, first, at, ends, count)
            if not alone:
                at += 1
                ends[count] = at
                count += 1
        else:
            at = run_end(text, at, end)
            count = cut_run(text, first, at, ends, count)
        if count > before:
            describe(text, first, starts, ends, hashes, lengths, flags, before, count)
            rows |= has_row(hashes, before, count)
    found = starts[:count], ends[:count], hashes[:count], lengths[:count], flags[:count]
    return join_rows(text, *found) if rows else found
