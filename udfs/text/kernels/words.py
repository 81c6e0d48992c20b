"""Compiled tokenisers: the words of `udfs.text.words` as byte offsets `(starts, ends)`, each of shape (words,), and
what several rules need of each word.

The fast paths are for ASCII; a character above it takes the slow path to the end of its word only. All are linear in
the text, whatever it is.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from udfs.text.kernels.characters import ALNUM, ALPHA, ASCII, SPACE, Offsets, Utf8, characters_with, classes_of, decode
from udfs.text.kernels.compiling import compiled, inlined
from udfs.text.kernels.word_breaks import unicode_bounds

Words = tuple[Offsets, Offsets]
Facts = tuple[NDArray[np.uint8], Offsets, NDArray[np.uint64]]

ALL, NOT_BLANK, ALNUM_FIRST = 0, 1, 2  # which Unicode words; see `unicode_words`
BEGINS_ALNUM, HAS_ALPHA = 1, 2  # flags of a word; see `word_facts`

_INSIDE, _SPACE, _MAYBE_SPACE = 0, 1, 2


def _by_first_byte() -> NDArray[np.uint8]:
    """Whether a byte is white space, begins a character that may be, or neither."""
    kinds = np.zeros(256, np.uint8)
    for character in characters_with(SPACE):
        kinds[character.encode()[0]] = _SPACE if character.isascii() else _MAYBE_SPACE
    return kinds


_PRIME = np.uint64(0x100000001B3)
_BASIS = np.uint64(0xCBF29CE484222325)
_FIRST_BYTES = _by_first_byte()
_FASTTEXT_ENDS = np.isin(np.arange(256), list(b" \n\r\t\v\f\0"))


@compiled
def space_words(text: Utf8) -> Words:
    """Maximal runs without Unicode white space."""
    starts = np.empty(text.size // 2 + 2, np.int64)
    ends = np.empty(text.size // 2 + 2, np.int64)
    words = ended = at = 0
    before = True
    while at < text.size:
        is_space, width = _space_at(text, at)
        # Both are always written and seldom kept: a branch on white space could not be predicted.
        starts[words] = ends[ended] = at
        words += before & (not is_space)
        ended += is_space & (not before)
        before = is_space
        at += width
    ends[ended] = text.size
    return starts[:words], ends[:words]


@compiled
def fasttext_words(text: Utf8) -> Words:
    """Maximal runs without the seven bytes at which fastText ends a word."""
    starts = np.empty(text.size // 2 + 2, np.int64)
    ends = np.empty(text.size // 2 + 2, np.int64)
    words = ended = 0
    before = True
    for at in range(text.size):
        is_end = _FASTTEXT_ENDS[text[at]]
        starts[words] = ends[ended] = at
        words += before & (not is_end)
        ended += is_end & (not before)
        before = is_end
    ends[ended] = text.size
    return starts[:words], ends[:words]


@inlined
def _space_at(text: Utf8, at: int) -> tuple[Any, int]:
    """Whether white space is at `at`, and how many bytes to go on."""
    kind = _FIRST_BYTES[text[at]]
    if kind != _MAYBE_SPACE:
        return kind == _SPACE, 1
    code, width = decode(text, at)
    return (classes_of(code) & SPACE) != 0, width


@compiled
def unicode_words(text: Utf8, which: int) -> Words:
    """Segments between the default word boundaries of UAX-29: ALL of them, those NOT_BLANK (not of white space only),
    or those with ALNUM_FIRST (a first character for which `str.isalnum` holds)."""
    bounds = unicode_bounds(text)
    starts, ends = bounds[:-1], bounds[1:]
    if which == ALL:
        return starts, ends
    kept_starts = np.empty(starts.size, np.int64)
    kept_ends = np.empty(starts.size, np.int64)
    count = 0
    for i in range(starts.size):
        kept_starts[count] = starts[i]
        kept_ends[count] = ends[i]
        is_kept = _begins_alnum(text, starts[i]) if which == ALNUM_FIRST else not _is_blank(text, starts[i], ends[i])
        count += is_kept
    return kept_starts[:count], kept_ends[:count]


@inlined
def _begins_alnum(text: Utf8, at: int) -> Any:
    if text[at] < 0x80:
        return (ASCII[text[at]] & ALNUM) != 0
    code, _ = decode(text, at)
    return (classes_of(code) & ALNUM) != 0


@inlined
def _is_blank(text: Utf8, start: int, end: int) -> Any:
    at = start
    while at < end:
        is_space, width = _space_at(text, at)
        if not is_space:
            return False
        at += width
    return True


@compiled
def word_facts(text: Utf8, starts: Offsets, ends: Offsets) -> Facts:
    """For each `text[starts[i]:ends[i]]`, none of them empty: flags, code points, and a hash; each of shape (words,).

    Flags: BEGINS_ALNUM where `str.isalnum` holds for the first character, HAS_ALPHA where `str.isalpha` does for any.
    The hash is FNV-1a of the bytes with a last mixing (64 bits): words with equal hashes are taken as equal, which is
    wrong once in 10^19 pairs.
    """
    flags = np.empty(starts.size, np.uint8)
    code_points = np.empty(starts.size, np.int64)
    hashes = np.empty(starts.size, np.uint64)
    for i in range(starts.size):
        value = _BASIS
        classes = np.uint16(0)
        characters = 0
        for at in range(starts[i], ends[i]):
            byte = text[at]
            value = (value ^ np.uint64(byte)) * _PRIME
            characters += byte & 0xC0 != 0x80
            classes |= ASCII[byte]
            if byte >= 0xC0:
                code, _ = decode(text, at)
                classes |= classes_of(code)
        hashes[i] = mixed(value)
        code_points[i] = characters
        flags[i] = _begins_alnum(text, starts[i]) * BEGINS_ALNUM | ((classes & ALPHA) != 0) * HAS_ALPHA
    return flags, code_points, hashes


@inlined
def hash_of(text: Utf8, start: int, end: int) -> Any:
    """The hash of `text[start:end]` that `word_facts` has, uint64."""
    value = _BASIS
    for at in range(start, end):
        value = (value ^ np.uint64(text[at])) * _PRIME
    return mixed(value)


@inlined
def mixed(value: Any) -> Any:
    """A uint64 with each bit depending on all (the last steps of MurmurHash3)."""
    value = (value ^ (value >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    value = (value ^ (value >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return value ^ (value >> np.uint64(33))
