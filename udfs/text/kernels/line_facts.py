"""Compiled counts and tokens of the lines of a text; the definition is `udfs.programs.tagging.facts`."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from udfs.programs.tagging.facts import (
    BRACKETS,
    COLONS,
    COMMAS,
    ENDING_CHARS,
    FACTS,
    LONGEST_COUNTED,
    SEPARATORS,
    STOPS,
)
from udfs.text.kernels.characters import (
    ALNUM,
    ALPHA,
    CODE_POINTS,
    DECIMAL,
    LOWER,
    SPACE,
    UPPER,
    Offsets,
    Utf8,
    classes_of,
    decode,
    lower_case,
    two_stages,
    unspaced,
)
from udfs.text.kernels.compiling import compiled, inlined

Hashes = NDArray[np.uint64]
Facts = tuple[Offsets, Hashes, Offsets, Hashes, Hashes, NDArray[np.bool_]]

COMMA, STOP, COLON, SEPARATOR, BRACKET, NO_SPACES = 1, 2, 4, 8, 16, 32
MARKS = COMMA | STOP | COLON | SEPARATOR | BRACKET
_START, _FACTOR = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)
_NEWLINE, _AT, _SLASH, _ZERO = 10, 64, 47, 48
_W, _DOT = ord("w"), ord(".")
_COLUMNS = len(FACTS)
(
    _CHARS, _LETTERS, _UPPER, _DIGITS, _SPACES, _WORDS, _CAPITALS, _COMMAS, _STOPS, _SEPARATORS, _UNSPACED, _LINKS,
    _ATS, _BRACKETS, _LONGEST, _FIRST, _LAST, _TOKENS,
) = range(_COLUMNS)  # fmt: skip


def _marks() -> tuple[NDArray[np.uint16], NDArray[Any]]:
    values = np.zeros(CODE_POINTS, np.uint8)
    for flag, marks in ((COMMA, COMMAS), (STOP, STOPS), (COLON, COLONS), (SEPARATOR, SEPARATORS), (BRACKET, BRACKETS)):
        for mark in marks:
            values[ord(mark)] |= flag
    values[unspaced()] |= NO_SPACES
    return two_stages(values)


_MARK_BLOCKS, _MARKS = _marks()


@inlined
def _marks_of(code: int) -> Any:
    return _MARKS[(np.int64(_MARK_BLOCKS[code >> 7]) << 7) + (code & 127)]


@inlined
def _kind(classes: int, marks: int) -> int:
    kind = 10
    if marks & MARKS:
        kind = 5 if marks & STOP else 6 if marks & COMMA else 7 if marks & COLON else 8 if marks & SEPARATOR else 9
    elif classes & DECIMAL:
        kind = 4
    elif classes & ALPHA:
        kind = 1 if classes & LOWER else 2 if classes & UPPER else 3
    return kind


@inlined
def _ending(last: Any, length: int) -> Any:
    """The hash of a word's end; `last` are the code points of its last characters, three of 21 bits."""
    value = _START ^ np.uint64(min(length, LONGEST_COUNTED))
    for back in range(min(length, ENDING_CHARS) - 1, -1, -1):
        value = (value ^ ((last >> np.uint64(21 * back)) & np.uint64(0x1FFFFF))) * _FACTOR
    return value


@inlined
def _count(counts: Offsets, code: int, classes: int, marks: int) -> None:
    """Count a character, whatever it is part of."""
    counts[_CHARS] += 1
    counts[_LETTERS] += (classes & ALPHA) != 0
    counts[_UPPER] += (classes & UPPER) != 0
    counts[_DIGITS] += (classes & DECIMAL) != 0
    counts[_SPACES] += (classes & SPACE) != 0
    counts[_COMMAS] += (marks & COMMA) != 0
    counts[_STOPS] += (marks & STOP) != 0
    counts[_SEPARATORS] += (marks & SEPARATOR) != 0
    counts[_BRACKETS] += (marks & BRACKET) != 0
    counts[_UNSPACED] += (marks & NO_SPACES) != 0
    counts[_ATS] += code == _AT
    if not classes & SPACE:
        counts[_LAST] = _kind(classes, marks)
        if not counts[_FIRST]:
            counts[_FIRST] = counts[_LAST]


@inlined
def _at(text: Utf8, at: int) -> tuple[Any, int]:
    """The character at `at` and its width; a newline behind the text, which ends its last line."""
    return decode(text, at) if at < text.size else (np.int64(_NEWLINE), 1)


@inlined
def _note(tokens: Any, number: int, value: Any, ending: Any, is_word: Any) -> None:
    tokens[0][number], tokens[1][number], tokens[2][number] = value, ending, is_word


@compiled
def line_facts(text: Utf8) -> Facts:
    """Of each line the counts (lines x FACTS, int64) and the hash of its tokens; the bounds of the lines' tokens
    (lines + 1); of each token its hash, that of its ending, and whether it is a word."""
    lines = 1
    for byte in text:
        lines += byte == _NEWLINE
    facts, bounds = np.zeros((lines, _COLUMNS), np.int64), np.zeros(lines + 1, np.int64)
    keys = np.empty(lines, np.uint64)
    size = text.size + 1
    tokens = np.empty(size, np.uint64), np.empty(size, np.uint64), np.zeros(size, np.bool_)
    line = count = at = length = 0
    word, last, key = _START, np.uint64(0), _START
    while line < lines:
        code, width = _at(text, at)
        classes, marks, counts = classes_of(code), _marks_of(code), facts[line]
        is_word = (classes & ALNUM) != 0
        is_inside = is_word and not marks & NO_SPACES
        if length and not is_inside:
            _note(tokens, count, word, _ending(last, length), True)
            counts[_LONGEST] = max(counts[_LONGEST], length)
            key, word, last, length, count = (key ^ word) * _FACTOR, _START, np.uint64(0), 0, count + 1
        if code == _NEWLINE:
            counts[_TOKENS] = count - bounds[line]
            keys[line], key, line = key, _START, line + 1
            bounds[line] = count
        else:
            begins = is_word and length == 0
            counts[_WORDS] += begins
            counts[_CAPITALS] += begins and (classes & UPPER) != 0
            counts[_LINKS] += _is_link(text, at)
            _count(counts, code, classes, marks)
            plain = np.uint64(_ZERO) if classes & DECIMAL else np.uint64(lower_case(code))
            if is_inside:
                word, last, length = (word ^ plain) * _FACTOR, (last << np.uint64(21)) | plain, length + 1
            elif not classes & SPACE:
                value = (_START ^ plain) * _FACTOR
                _note(tokens, count, value, _ending(plain, 1), is_word)
                counts[_LONGEST] = max(counts[_LONGEST], np.int64(is_word))
                key, count = (key ^ value) * _FACTOR, count + 1
        at += width
    return facts, keys, bounds, tokens[0][:count], tokens[1][:count], tokens[2][:count]


@inlined
def _is_link(text: Utf8, at: int) -> Any:
    """Whether `://` or `www.` begins here."""
    if at + 2 < text.size and text[at] == 58 and text[at + 1] == _SLASH and text[at + 2] == _SLASH:
        return True
    if at + 3 >= text.size:
        return False
    return text[at] == _W and text[at + 1] == _W and text[at + 2] == _W and text[at + 3] == _DOT


@compiled
def shown_tokens(bounds: Offsets, rows: Offsets, head: int, tail: int) -> NDArray[np.int32]:
    """The first `head` and the last `tail` of each line's `rows`, all of them where there are no more; 0 behind."""
    lines = bounds.size - 1
    shown = np.zeros((lines, head + tail), np.int32)
    for line in range(lines):
        start, count = bounds[line], bounds[line + 1] - bounds[line]
        for place in range(min(count, head + tail)):
            is_tail = count > head + tail and place >= head
            shown[line, place] = rows[start + count - (head + tail) + place if is_tail else start + place]
    return shown
