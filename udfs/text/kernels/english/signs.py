"""Compiled: the signs in front of, behind and inside a run of characters at which it is cut, their lengths in bytes and
0 for none. The definitions are `_front`, `_behind` and `_inside` of `udfs.text.english.words`."""

from udfs.text.kernels.characters import Utf8, decode, start_before
from udfs.text.kernels.compiling import compiled, inlined
from udfs.text.kernels.english.tables import (
    AFTER_DIGIT_KEYS,
    BEFORE_FULL_STOP,
    BETWEEN_DIGITS,
    BETWEEN_LETTERS,
    BOTH_SIDES,
    IN_FRONT,
    IS_ALPHA,
    IS_DIGIT,
    IS_LOWER,
    IS_QUOTE,
    IS_SYMBOL,
    IS_UPPER,
    LONGEST_AFTER_DIGIT,
    class_at,
    class_of,
    hash_bytes,
    slot_of,
    uncounted,
)

DOT, PLUS, DOLLAR, HYPHEN, COMMA, APOSTROPHE = 46, 43, 36, 45, 44, 39
DEGREE, TYPOGRAPHIC_APOSTROPHE, ELLIPSIS, EM_DASH = 0xB0, 0x2019, 0x2026, 0x2014
BIG_S, SMALL_S, BIG_U = 83, 115, 85


@uncounted
@compiled
def front_length(text: Utf8, start: int, end: int) -> int:
    """Bytes of the sign that is cut off the front of a run (spaCy's prefixes); 0 where none is."""
    code, width = decode(text, start)
    if code == DOT:
        return _dots(text, start, end)
    second = text[start + 1] if start + 1 < end else 0
    if code == PLUS:
        return 0 if 48 <= second <= 57 else 1
    if code in (65, 67) and second == DOLLAR:  # A$, C$
        return 2
    if code == BIG_U and second == BIG_S and start + 2 < end and text[start + 2] == DOLLAR:
        return 3
    return width if class_of(code) & IN_FRONT else 0


@inlined
def _dots(text: Utf8, start: int, end: int) -> int:
    at = start
    while at < end and text[at] == DOT:
        at += 1
    return at - start if at - start > 1 else 0


@uncounted
@compiled
def behind_length(text: Utf8, start: int, end: int) -> int:
    """Bytes of the sign that is cut off the end of a run (spaCy's suffixes); 0 where none is."""
    if start == end:
        return 0
    if text[end - 1] == DOT:
        at = end - 1
        while at > start and text[at - 1] == DOT:
            at -= 1
        return end - at if end - at > 1 else full_stop_goes(text, start, end - 1)
    at = start_before(text, end)
    code, width = decode(text, at)
    if at > start and code in (ELLIPSIS, SMALL_S, BIG_S):
        before = start_before(text, at)
        sign = decode(text, before)[0]
        if sign == ELLIPSIS if code == ELLIPSIS else sign in (APOSTROPHE, TYPOGRAPHIC_APOSTROPHE):
            return end - before
    if class_of(code) & BOTH_SIDES:
        return width
    return _after_digit(text, start, end)


@uncounted
@inlined
def _after_digit(text: Utf8, start: int, end: int) -> int:
    """Length of the unit, currency or plus sign at the end, where it follows a digit."""
    at = end
    for _ in range(LONGEST_AFTER_DIGIT):
        at = start_before(text, at)
        if at <= start:
            return 0
        if 48 <= text[at - 1] <= 57:
            return end - at if slot_of(AFTER_DIGIT_KEYS, hash_bytes(text, at, end)) >= 0 else 0
    return 0


@uncounted
@inlined
def full_stop_goes(text: Utf8, start: int, end: int) -> int:
    """1 where the full stop after `text[start:end]` is taken off, else 0."""
    if start == end:
        return 0
    at = start_before(text, end)
    code = decode(text, at)[0]
    here = class_of(code)
    if here & BEFORE_FULL_STOP or at == start:
        return 1 if here & BEFORE_FULL_STOP else 0
    before = decode(text, start_before(text, at))[0]
    if code in (67, 70, 75) and before == DEGREE:  # C, F, K
        return 1
    return 1 if here & class_of(before) & IS_UPPER else 0


@uncounted
@compiled
def inside_length(text: Utf8, at: int, end: int, before: int) -> int:
    """As `_inside` at a character of the class MAY_CUT; `before` are the classes of the character before."""
    code, width = decode(text, at)
    here = class_of(code)
    if code == ELLIPSIS or here & IS_SYMBOL:
        return width
    after = class_at(text, at + width) if at + width < end else 0
    length = 0
    if code == DOT:
        length = _dots(text, at, end)
        if before & (IS_LOWER | IS_QUOTE) and after & (IS_UPPER | IS_QUOTE):
            length = 1
    elif code == COMMA:
        length = 1 if before & after & IS_ALPHA else 0
    elif here & BETWEEN_DIGITS and before & IS_DIGIT and (after & IS_DIGIT or _is_hyphen(text, at + 1, end)):
        length = 1
    elif here & BETWEEN_LETTERS and before & (IS_ALPHA | IS_DIGIT):
        length = _between(text, at, end, code, width)
    return length


@uncounted
@inlined
def _is_hyphen(text: Utf8, at: int, end: int) -> bool:
    return at < end and text[at] == HYPHEN


@inlined
def _between(text: Utf8, at: int, end: int, code: int, width: int) -> int:
    """Length of the row of hyphens (or of one other sign) at `at` that a letter follows, 0 for none."""
    longest = 3 if code == HYPHEN else 2 if code == EM_DASH else 1
    last = at
    for _ in range(longest):
        if last >= end or decode(text, last)[0] != code:
            return 0
        last += width
        if last < end and class_at(text, last) & IS_ALPHA:
            return last - at
    return 0
