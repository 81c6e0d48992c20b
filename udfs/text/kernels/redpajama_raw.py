"""What RedPajama's signals count of the raw text, in one pass. Raw words are runs of letters, digits and `_`, and runs
of other signs."""

import numpy as np

from udfs.text.kernels.characters import ALNUM, ALPHA, LOWER, SPACE, UPPER, classes_of, decode, table_of
from udfs.text.kernels.compiling import compiled, inlined
from udfs.text.kernels.pii_words import Hashes, contains, exact_hash_of
from udfs.text.kernels.spans import Utf8

BLANK, WORD, SIGN = 0, 1, 2  # what a character is to raw words
_KINDS = np.array(
    [BLANK if chr(code).isspace() else WORD if chr(code).isalnum() or chr(code) == "_" else SIGN for code in range(128)]
)
_HAS_UPPER, _HAS_OTHER_CASE, _HAS_ALPHA, _HAS_LATIN = 1, 2, 4, 8
_TITLE_BLOCKS, _TITLES = table_of({1: str.istitle})  # upper case too; asked for what is in neither case


@inlined
def kind_at(text: Utf8, at: int) -> tuple[int, int, int]:
    """What the character at `at` is to raw words, its case and letter flags, and its bytes."""
    code, width = decode(text, at)
    classes = classes_of(code)
    flags = 0
    if classes & ALPHA:
        flags = _HAS_ALPHA | (_HAS_LATIN if code < 128 else 0)
    if classes & UPPER:
        flags |= _HAS_UPPER
    elif classes & LOWER or (code > 127 and _TITLES[(np.int64(_TITLE_BLOCKS[code >> 7]) << 7) + (code & 127)]):
        flags |= _HAS_OTHER_CASE
    if code < 128:
        return _KINDS[code], flags, 1
    return BLANK if classes & SPACE else WORD if classes & ALNUM else SIGN, flags, width


@compiled
def raw_counts(text: Utf8) -> tuple[int, int, int, int, int, int, int, int]:
    """Raw words; those of capitals, without a letter, without one of a-z and A-Z; sentences; symbols; curly brackets;
    code points."""
    number, all_caps, without_letter, without_latin, sentences, characters = 0, 0, 0, 0, 0, 0
    symbols, brackets, dots = 0, 0, 0
    at, before, seen, in_sentence = 0, BLANK, 0, False
    while at < len(text):
        byte = text[at]
        kind, flags, width = kind_at(text, at)
        if kind != before:
            if before != BLANK:
                all_caps += seen & (_HAS_UPPER | _HAS_OTHER_CASE) == _HAS_UPPER
                without_letter += seen & _HAS_ALPHA == 0
                without_latin += seen & _HAS_LATIN == 0
            number += kind != BLANK
            before, seen = kind, 0
        seen |= flags
        if kind == WORD:
            sentences += not in_sentence
            in_sentence = True
        elif byte in (33, 46, 63):
            in_sentence = False
        dots = dots + 1 if byte == 46 else 0
        ellipsis = byte == 0xE2 and text[at + 1] == 0x80 and text[at + 2] == 0xA6
        symbols += byte == 35 or (dots > 0 and dots % 3 == 0) or ellipsis
        brackets += byte in (123, 125)
        characters += 1
        at += width
    if before != BLANK:
        all_caps += seen & (_HAS_UPPER | _HAS_OTHER_CASE) == _HAS_UPPER
        without_letter += seen & _HAS_ALPHA == 0
        without_latin += seen & _HAS_LATIN == 0
    return number, all_caps, without_letter, without_latin, sentences, symbols, brackets, characters


@compiled
def stop_words(text: Utf8, listed: Hashes) -> int:
    """Raw words whose hash is listed."""
    found, at, start, before = 0, 0, 0, BLANK
    while at <= len(text):
        kind, width = BLANK, 1
        if at < len(text):
            kind, _, width = kind_at(text, at)
        if kind != before:
            if before == WORD and contains(listed, exact_hash_of(text, start, at)):
                found += 1
            before, start = kind, at
        at += width
    return found
