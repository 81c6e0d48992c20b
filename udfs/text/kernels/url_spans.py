"""Kernels of `cuts.urls`: where the regular expressions of `udfs.text.cuts.urls` match, without them.

Why the same spans come out in one pass. The characters that stand before a top-level domain (ADDRESS) are among those
that may follow it (REST), so a match ends where the run of REST characters around it ends, and none begins inside. It
begins at most 256 characters before the first full stop of its run of ADDRESS characters that a domain's name follows;
at the run's beginning also the scheme and white space belong to it. Which full stop the regex prefers, the last one
within 256 characters, only matters where that one's name is not ASCII and so goes on behind the run.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from udfs.text.kernels.characters import ALNUM, SPACE, Utf8, classes_of, decode, start_before
from udfs.text.kernels.compiling import compiled, inlined
from udfs.text.kernels.word_trees import child

Offsets = NDArray[np.int64]
Table = NDArray[np.int64]

ADDRESS, REST, DIGIT = 1, 2, 4
_ALNUM = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_SETS = ((ADDRESS, _ALNUM + "-@:%._+~#="), (REST, _ALNUM + "-()@:%_+.~#?&/="), (DIGIT, "0123456789"))
CLASSES = np.array([sum(flag for flag, chars in _SETS if chr(byte) in chars) for byte in range(256)], np.uint8)

MOST_BEFORE_DOT, MOST_SPACES = 256, 10
_DOT, _SLASH, _COLON, _TWO = 46, 47, 58, 50


@inlined
def _is_word(code: Any) -> Any:
    return (classes_of(code) & ALNUM != 0) or code == 95


@inlined
def _word_at(utf8: Utf8, at: int) -> Any:
    return at < utf8.size and _is_word(decode(utf8, at)[0])


@inlined
def _word_before(utf8: Utf8, at: int) -> Any:
    return at > 0 and _is_word(decode(utf8, start_before(utf8, at))[0])


@compiled
def _spaces_before(utf8: Utf8, at: int, lowest: int) -> int:
    """Where the white space before `at` begins, at most ten characters of it."""
    for _ in range(MOST_SPACES):
        if at <= lowest:
            break
        before = start_before(utf8, at)
        if classes_of(decode(utf8, before)[0]) & SPACE == 0:
            break
        at = before
    return at


@compiled
def _scheme_before(utf8: Utf8, at: int, lowest: int) -> int:
    """Where `http://`, `https://` or `ftp://` before `at` begins; `at` where there is none."""
    end = at - 3
    if end < lowest + 3 or utf8[end] != _COLON or utf8[end + 1] != _SLASH or utf8[end + 2] != _SLASH:
        return at
    letter = utf8[end - 1]
    if letter == 112 and utf8[end - 2] == 116:  # tp
        if utf8[end - 3] == 102:  # f
            return end - 3
        if end - 4 >= lowest and utf8[end - 3] == 116 and utf8[end - 4] == 104:  # ht
            return end - 4
    https = letter == 115 and end - 5 >= lowest and utf8[end - 2] == 112 and utf8[end - 3] == 116
    return end - 5 if https and utf8[end - 4] == 116 and utf8[end - 5] == 104 else at


@compiled
def _name_end(utf8: Utf8, at: int, keys: Table, nodes: Table, ends: Table, faithful: bool) -> int:
    """Where the longest name of a top-level domain that begins at `at` ends, -1 where there is none; behind it stands
    no word character (`faithful`: a word boundary)."""
    node, found = np.int64(0), -1
    while at < utf8.size:
        code, width = decode(utf8, at)
        node = child(keys, nodes, node, code)
        if node < 0:
            break
        at += width
        if ends[node] >= 0 and (_is_word(code) != _word_at(utf8, at) if faithful else not _word_at(utf8, at)):
            found = at
    return found


@compiled
def _rest_end(utf8: Utf8, at: int) -> int:
    while at < utf8.size and CLASSES[utf8[at]] & REST:
        at += 1
    return at


@compiled
def url_spans(utf8: Utf8, keys: Table, nodes: Table, ends: Table, faithful: bool) -> tuple[Offsets, Offsets]:
    """Starts and ends of what `url_regex` finds; shapes (matches,)."""
    dots = 0
    for byte in utf8:
        dots += byte == _DOT
    starts, stops = np.empty(dots, np.int64), np.empty(dots, np.int64)
    made = at = dot = 0
    while dot < utf8.size:
        if utf8[dot] != _DOT or _name_end(utf8, dot + 1, keys, nodes, ends, faithful) < 0:
            dot += 1
            continue
        first, lowest = dot, max(at, dot - MOST_BEFORE_DOT)
        while first > lowest and CLASSES[utf8[first - 1]] & ADDRESS:
            first -= 1
        if first == dot:
            dot += 1
            continue
        starts[made] = _spaces_before(utf8, _scheme_before(utf8, first, at), at)
        at = dot = stops[made] = _match_end(utf8, first, dot, keys, nodes, ends, faithful)
        made += 1
    return starts[:made], stops[:made]


@compiled
def _match_end(utf8: Utf8, first: int, dot: int, keys: Table, nodes: Table, ends: Table, faithful: bool) -> int:
    """Where a match ends whose address begins at `first`; a name follows `dot`."""
    last, at = dot, dot + 1
    while at < utf8.size and CLASSES[utf8[at]] & ADDRESS:
        if utf8[at] == _DOT:
            last = at
        at += 1
    if last - first <= MOST_BEFORE_DOT:
        at = max(at, _name_end(utf8, last + 1, keys, nodes, ends, faithful))
    return _rest_end(utf8, at)


@compiled
def ipv4_spans(utf8: Utf8) -> tuple[Offsets, Offsets]:
    """Starts and ends of what looks like an IPv4 address; shapes (matches,)."""
    dots = 0
    for byte in utf8:
        dots += byte == _DOT
    starts, stops = np.empty(dots, np.int64), np.empty(dots, np.int64)
    made = at = dot = 0
    while dot < utf8.size:
        first = _number_before(utf8, dot, at) if utf8[dot] == _DOT else dot
        end = _three_numbers_end(utf8, dot + 1) if first < dot else -1
        if end < 0 or _word_before(utf8, first):
            dot += 1
            continue
        scheme = _scheme_before(utf8, first, at)
        starts[made] = _spaces_before(utf8, first if _word_before(utf8, scheme) else scheme, at)
        at = dot = stops[made] = _rest_end(utf8, end)
        made += 1
    return starts[:made], stops[:made]


@compiled
def _number_before(utf8: Utf8, end: int, lowest: int) -> int:
    """Where the number of an address begins that ends at `end`; `end` where there is none."""
    start = end
    while start > lowest and end - start < 4 and CLASSES[utf8[start - 1]] & DIGIT:
        start -= 1
    return start if _is_number(utf8, start, end) else end


@inlined
def _is_number(utf8: Utf8, start: int, end: int) -> Any:
    """Whether so many digits are a number as addresses have them: three only where the first is 0, 1 or 2."""
    return 1 <= end - start <= 2 or (end - start == 3 and utf8[start] <= _TWO)


@compiled
def _three_numbers_end(utf8: Utf8, at: int) -> int:
    """Where the first digit of the third number behind `at` ends, the numbers being divided by full stops, or -1."""
    for _ in range(2):
        start = at
        while at < utf8.size and at - start < 4 and CLASSES[utf8[at]] & DIGIT:
            at += 1
        if not _is_number(utf8, start, at) or at == utf8.size or utf8[at] != _DOT:
            return -1
        at += 1
    return at + 1 if at < utf8.size and CLASSES[utf8[at]] & DIGIT else -1
