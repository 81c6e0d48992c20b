"""Default word boundaries of UAX-29: its rules as tables, and the kernel that goes by them.

A word's end depends on the word alone: where the rules look back over the start of a word, they would have joined
there. So a word is read with the last kind of character that counts (WB4 passes over the others), and a table says what
the next kind does. A pair of regional indicators becomes a kind of its own, which no third one joins.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from udfs.text.kernels.characters import CODE_POINTS, Offsets, Utf8, decode, two_stages
from udfs.text.kernels.compiling import compiled, inlined
from udfs.text.word_break import EXTENDED_PICTOGRAPHIC, ranges

# Kinds: the Word_Break values, numbered so that comparisons tell groups apart.
OTHER, LETTER, NUMERIC, CONNECTOR, HEBREW, KATAKANA, SPACES, FLAG, FLAGS = range(9)
MID_LETTER, MID_NUM, MID_NUM_LET, QUOTE, DOUBLE_QUOTE = range(9, 14)
EXTEND, FORMAT, ZWJ = range(14, 17)  # passed over
CR, LF, NEWLINE = range(17, 20)  # alone
PICTOGRAPHIC = 32  # a flag beside the kind
NOT_ASCII = 20  # kind of a byte that is part of another character
START = 21  # in ASCII_JOINS: a segment ended here

_NAMES = {
    "ALetter": LETTER,
    "Hebrew_Letter": HEBREW,
    "Numeric": NUMERIC,
    "Katakana": KATAKANA,
    "ExtendNumLet": CONNECTOR,
    "WSegSpace": SPACES,
    "Regional_Indicator": FLAG,
    "MidLetter": MID_LETTER,
    "MidNum": MID_NUM,
    "MidNumLet": MID_NUM_LET,
    "Single_Quote": QUOTE,
    "Double_Quote": DOUBLE_QUOTE,
    "Extend": EXTEND,
    "Format": FORMAT,
    "ZWJ": ZWJ,
    "CR": CR,
    "LF": LF,
    "Newline": NEWLINE,
}


def _kinds() -> NDArray[np.uint8]:
    kinds = np.zeros(CODE_POINTS, np.uint8)
    for name, kind in _NAMES.items():
        for first, last in ranges(name):
            kinds[first : last + 1] = kind
    for first, last in ranges(EXTENDED_PICTOGRAPHIC):
        kinds[first : last + 1] |= PICTOGRAPHIC
    return kinds


KIND_BLOCKS, KIND_ENTRIES = two_stages(_kinds())
BYTES = np.concatenate([KIND_ENTRIES[:128], np.full(128, NOT_ASCII, np.uint8)])  # kind by byte

# What the kind on the right does after the kind on the left. The last three join both it and what follows, if that is
# such a letter or number.
APART, TOGETHER, BEFORE_LETTER, BEFORE_NUMBER, BEFORE_HEBREW = range(5)


def _joins() -> NDArray[np.uint8]:
    joins = np.full((32, 32), APART, np.uint8)
    letters = (LETTER, HEBREW)
    for one in letters:
        joins[one, [*letters, NUMERIC, CONNECTOR]] = TOGETHER  # WB5, WB9, WB13a
        joins[one, [MID_LETTER, MID_NUM_LET, QUOTE]] = BEFORE_LETTER  # WB6, WB7
    joins[HEBREW, DOUBLE_QUOTE] = BEFORE_HEBREW  # WB7b, WB7c
    joins[NUMERIC, [NUMERIC, *letters, CONNECTOR]] = TOGETHER  # WB8, WB10, WB13a
    joins[NUMERIC, [MID_NUM, MID_NUM_LET, QUOTE]] = BEFORE_NUMBER  # WB11, WB12
    joins[KATAKANA, [KATAKANA, CONNECTOR]] = TOGETHER  # WB13, WB13a
    joins[CONNECTOR, [CONNECTOR, *letters, NUMERIC, KATAKANA]] = TOGETHER  # WB13a, WB13b
    joins[FLAG, FLAG] = TOGETHER  # WB15, WB16
    return joins


JOINS = _joins()


def _ascii_joins() -> NDArray[np.uint8]:
    """`JOINS` with the rules before WB5 and a row for each kind of byte, flat: [before << 5 | kind]."""
    joins = JOINS.copy()
    joins[CR, LF] = joins[SPACES, SPACES] = TOGETHER  # WB3, WB3d
    joins[:, NOT_ASCII] = NOT_ASCII  # the table cannot know
    return joins.ravel()


ASCII_JOINS = _ascii_joins()


@inlined
def kind_of(code: int) -> Any:
    """Kind of a code point, and PICTOGRAPHIC."""
    return np.int64(KIND_ENTRIES[(np.int64(KIND_BLOCKS[code >> 7]) << 7) + (code & 127)])


@compiled
def unicode_bounds(text: Utf8) -> Offsets:
    """All word boundaries of UAX-29, ascending, with 0 and the text's length; only 0 where there is no text."""
    bounds = np.empty(text.size + 1, np.int64)
    count = at = 0
    before: Any = START
    while at < text.size:
        kind = np.int64(BYTES[text[at]])
        join = np.int64(ASCII_JOINS[before << 5 | kind])
        bounds[count] = at
        if join <= TOGETHER:  # no branch on which of the two: it could not be predicted
            count += join == APART
            before = kind
            at += 1
            continue
        end = at if before >= CR else _end_of_any(text, at, before, before)
        count += end == at
        if end == at and kind != NOT_ASCII:
            before = kind
            at += 1
        else:
            at = end if end > at else _end_of_first(text, at)
            before = START
    bounds[count] = text.size
    return bounds[: count + 1]


@inlined
def _end_of_first(text: Utf8, start: int) -> Any:
    """End of the segment that begins at `start`, whatever is there."""
    code, width = decode(text, start)
    kind = kind_of(code) & 31
    if kind >= CR:
        return start + width
    return _end_of_any(text, start + width, OTHER if kind >= EXTEND else kind, kind)


@compiled
def _end_of_any(text: Utf8, at: int, before: int, neighbour: int) -> Any:
    """End of the segment whose next character is at `at`, if that belongs to it: `before` is the kind of its last
    character that counts, `neighbour` that of the last one."""
    while at < text.size:
        code, width = decode(text, at)
        kind = kind_of(code)
        pictographic = kind & PICTOGRAPHIC
        kind &= 31
        if kind >= CR:  # WB3b
            return at
        glued = (neighbour == ZWJ and pictographic) or (neighbour == SPACES and kind == SPACES)  # WB3c, WB3d
        if kind >= EXTEND and not glued:  # WB4
            neighbour = kind
            at += width
            continue
        join = TOGETHER if glued else JOINS[before, kind]
        if join > TOGETHER:
            end, after = _next_that_counts(text, at + width)
            if (
                (join == BEFORE_LETTER and after in (LETTER, HEBREW))
                or (join == BEFORE_NUMBER and after == NUMERIC)
                or (join == BEFORE_HEBREW and after == HEBREW)
            ):
                at, before, neighbour = end, after, after
                continue
            join = TOGETHER if before == HEBREW and kind == QUOTE else APART  # WB7a
        if join == APART:
            return at
        neighbour = kind
        before = FLAGS if before == FLAG and kind == FLAG else kind
        at += width
    return at


@inlined
def _next_that_counts(text: Utf8, at: int) -> tuple[Any, Any]:
    """End and kind of the first character from `at` on that WB4 does not pass over; OTHER at the end of the text."""
    while at < text.size:
        code, width = decode(text, at)
        kind = kind_of(code) & 31
        at += width
        if kind < EXTEND or kind >= CR:
            return at, kind
    return at, OTHER
