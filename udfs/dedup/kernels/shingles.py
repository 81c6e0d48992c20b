"""Shingles over UTF-8: a text is written once, normalised, into a buffer in which every shingle is a stretch of bytes.

The definition is `udfs.dedup.shingles`; the table of characters is made of its answers. Words stand in the buffer with
one space behind each, characters with nothing between. Where tokens start is known for one block of them at a time, so
that a text costs at most 1.6 times its own size, whatever it is.
"""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from udfs.dedup.shingles import QUOTE, ShingleSettings, marks_quotes, normalised
from udfs.text.kernels.characters import CODE_POINTS, Offsets, Utf8, decode, two_stages
from udfs.text.kernels.compiling import inlined
from udfs.text.scripts import UNSPACED

BLOCK_TOKENS = 2048  # more than the largest shingle has
# Room for a normalised text. At most 1.6 times the text's bytes are touched: a letter of two bytes may have a lower
# case of three, and a space is put behind it and behind a character of three bytes that is a word.
BUFFER_RATIO, SPARE_BYTES = 2, 16
WORD, SEPARATOR, DROPPED, ALONE = 0, 1, 2, 3  # ALONE: a word of its own
_SPACE, _NOTHING = 32, 0
_QUOTE = ord(QUOTE)
_KIND_SHIFT = 24
# Planes without assigned characters are of one kind each; asking for all of them would cost a second.
_ASKED = (range(0xD800), range(0xF900, 0x40000), range(0xE0000, 0xE1000))


class Reading(NamedTuple):
    """The settings, and what each character is read as. ASCII: its byte, 32 for separators, 0 for what is left out.
    All: kind and, where another code point is read, that, in a table of two stages."""

    ascii_bytes: NDArray[np.uint8]
    blocks: NDArray[np.uint16]
    entries: NDArray[np.int32]
    by_character: bool
    marks_quotes: bool
    size: int
    whole: bool


def reading(settings: ShingleSettings) -> Reading:
    """The settings as kernels take them."""
    ascii_bytes, blocks, entries = _tables(settings.lowercase, settings.punctuation)
    return Reading(
        ascii_bytes,
        blocks,
        entries,
        settings.unit == "character",
        marks_quotes(settings),
        settings.size,
        settings.short == "whole",
    )


@lru_cache(maxsize=4)
def _tables(lowercase: bool, punctuation: Any) -> tuple[NDArray[np.uint8], NDArray[np.uint16], NDArray[np.int32]]:
    settings = ShingleSettings(lowercase=lowercase, punctuation=punctuation)
    values = np.zeros(CODE_POINTS, np.int32)
    for codes in _ASKED:
        values[codes.start : codes.stop] = [_entry(chr(code), settings) for code in codes]
    read = [normalised(chr(code), settings) for code in range(128)]
    return np.array([ord(one) if one else _NOTHING for one in read], np.uint8), *two_stages(values)


def _entry(character: str, settings: ShingleSettings) -> int:
    read = normalised(character, settings)
    if read in ("", " "):
        return (SEPARATOR if read else DROPPED) << _KIND_SHIFT
    kind = ALONE if UNSPACED.match(read) else WORD
    return kind << _KIND_SHIFT | (0 if read == character else ord(read))


@inlined
def read_block(text: Utf8, state: Any, buffer: Utf8, starts: Offsets, read: Any) -> Any:
    """Tokens from `state` on until the text ends or `starts` is full; the new state: place in the text and in the
    buffer, tokens in `starts`, whether the last of them may go on."""
    if read.by_character:
        return read_characters(text, state, buffer, starts, read)
    return read_words(text, state, buffer, starts, read)


@inlined
def read_words(text: Utf8, state: Any, buffer: Utf8, starts: Offsets, read: Any) -> Any:
    """`read_block` for words, each with a space behind it."""
    at, out, tokens, open_word = state
    while at < text.size and tokens < BLOCK_TOKENS:
        if text[at] == _QUOTE and read.marks_quotes and begins_line(text, at):
            starts[tokens] = out  # no word is open here
            buffer[out], buffer[out + 1] = _QUOTE, _SPACE
            at, out, tokens = at + 1, out + 2, tokens + 1
            continue
        if text[at] < 0x80:
            byte = read.ascii_bytes[text[at]]
            # Always written and seldom kept: a branch on white space could not be predicted.
            buffer[out] = byte
            starts[tokens] = out
            in_word = byte > _SPACE
            tokens += in_word & (not open_word)
            out += in_word | ((byte == _SPACE) & open_word)
            open_word = in_word | (open_word & (byte == _NOTHING))
            at += 1
            continue
        kind, code, width = read_at(text, at, read)
        at += width
        if kind == DROPPED:
            continue
        if open_word and kind != WORD:
            buffer[out] = _SPACE
            out += 1
        if (not open_word and kind != SEPARATOR) or kind == ALONE:
            starts[tokens] = out
            tokens += 1
        if kind != SEPARATOR:
            out = put(buffer, out, code)
        if kind == ALONE:
            buffer[out] = _SPACE
            out += 1
        open_word = kind == WORD
    if at == text.size and open_word:
        buffer[out] = _SPACE
        return at, out + 1, tokens, False
    return at, out, tokens, open_word


@inlined
def begins_line(text: Utf8, at: int) -> Any:
    """Whether nothing but spaces and tabs stands between the line's beginning and `at`."""
    before = at - 1
    while before >= 0 and (text[before] == 32 or text[before] == 9):
        before -= 1
    return before < 0 or text[before] == 10


@inlined
def read_characters(text: Utf8, state: Any, buffer: Utf8, starts: Offsets, read: Any) -> Any:
    """`read_block` for characters; the last value of the state is whether a space is due before the next one."""
    at, out, tokens, space_due = state
    while at < text.size and tokens < BLOCK_TOKENS:
        kind, code, width = read_at(text, at, read)
        at += width
        if kind == SEPARATOR:
            space_due = out > 0
        elif kind != DROPPED:
            if space_due:
                buffer[out] = _SPACE
                starts[tokens] = out
                tokens += 1
                out += 1
                space_due = False
            starts[tokens] = out
            tokens += 1
            out = put(buffer, out, code)
    return at, out, tokens, space_due


@inlined
def read_at(text: Utf8, at: int, read: Any) -> Any:
    """Kind of the character at `at`, the code point it is read as, and its bytes in the text."""
    code, width = decode(text, at)
    entry = np.int64(read.entries[(np.int64(read.blocks[code >> 7]) << 7) + (code & 127)])
    other = entry & 0x1FFFFF
    return entry >> _KIND_SHIFT, other if other else code, width


@inlined
def put(buffer: Utf8, out: int, code: Any) -> int:
    """Write a code point as UTF-8; where the next goes."""
    if code < 0x80:
        buffer[out] = code
        return out + 1
    if code < 0x800:
        buffer[out] = 0xC0 | code >> 6
    elif code < 0x10000:
        buffer[out] = 0xE0 | code >> 12
    else:
        buffer[out] = 0xF0 | code >> 18
        out += 1
        buffer[out] = 0x80 | code >> 12 & 63
    if code >= 0x800:
        out += 1
        buffer[out] = 0x80 | code >> 6 & 63
    buffer[out + 1] = 0x80 | code & 63
    return out + 2
