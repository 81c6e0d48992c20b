"""Search for any of several phrases, whatever the case: `phrase in line.lower()` for phrases of ASCII in lower case.

Each phrase is looked for by its rarest character, so most bytes of a text are looked at once."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from udfs.text.kernels.characters import Offsets, Utf8
from udfs.text.kernels.compiling import compiled

_BY_FREQUENCY = " etaoinsrhldcumfpgwyb.,v'kxjqz"  # in English text; what is not here is rarest
_LOWER = np.array([ord(chr(byte).lower()) if byte < 128 else byte for byte in range(256)], np.uint8)
# The two characters above ASCII whose lower case has ASCII in it: the Kelvin sign becomes k, and the capital I with a
# dot becomes i with a combining dot.
_KELVIN, _DOTTED_I = "\u212a".encode(), "\u0130".encode()
_K0, _K1, _K2, _I0, _I1 = *_KELVIN, *_DOTTED_I
_NEVER, _SPECIAL = -1, -2


class Phrases(NamedTuple):
    """Phrases made ready; shapes (phrases,) but for the first three."""

    written: Utf8  # one after the other
    bounds: Offsets  # shape (phrases + 1,): where they begin and end in `written`
    by_byte: Offsets  # shape (256,): the first phrase that is looked for by this byte, _NEVER or _SPECIAL
    places: Offsets  # of the byte by which it is looked for, in the phrase
    following: Offsets  # the next phrase with the same byte, or _NEVER
    bits: Offsets  # what finding it means


@lru_cache(64)
def phrases_of(*groups: tuple[str, ...]) -> Phrases:
    """Phrases of ASCII in lower case, none of them empty; finding one of group i means bit i."""
    written = [phrase.encode("ascii") for group in groups for phrase in group]
    by_byte = np.full(256, _NEVER, np.int64)
    by_byte[[_K0, _I0]] = _SPECIAL
    places, following = [], []
    for number, phrase in enumerate(written):
        place = max(range(len(phrase)), key=lambda at: _rarity(phrase[at]))
        places.append(place)
        following.append(by_byte[phrase[place]])
        by_byte[phrase[place]] = by_byte[ord(chr(phrase[place]).upper())] = number
    bits = [1 << number for number, group in enumerate(groups) for _ in group]
    return Phrases(
        np.frombuffer(b"".join(written), np.uint8),
        np.cumsum([0, *map(len, written)], dtype=np.int64),
        by_byte,
        np.array(places, np.int64),
        np.array(following, np.int64),
        np.array(bits, np.int64),
    )


def are_plain(phrases: Sequence[str]) -> bool:
    """Whether `phrases_of` can have them."""
    return all(phrase.isascii() for phrase in phrases)


def _rarity(byte: int) -> int:
    place = _BY_FREQUENCY.find(chr(byte))
    return place if place >= 0 else len(_BY_FREQUENCY)


@compiled
def mentioned(
    text: Utf8,
    start: int,
    end: int,
    written: Utf8,
    bounds: Offsets,
    by_byte: Offsets,
    places: Offsets,
    following: Offsets,
    bits: Offsets,
) -> int:
    """Bits of the phrases in `text[start:end]`; the arguments from the fourth on are the fields of `Phrases`."""
    found = _search(text, start, end, written, bounds, by_byte, places, following, bits)
    if found >= 0:
        return found
    lower = _lowered(text, start, end)
    return _search(lower, 0, lower.size, written, bounds, by_byte, places, following, bits)


@compiled
def _search(
    text: Utf8,
    start: int,
    end: int,
    written: Utf8,
    bounds: Offsets,
    by_byte: Offsets,
    places: Offsets,
    following: Offsets,
    bits: Offsets,
) -> int:
    """Bits of the phrases, or -1 where one of the two characters comes in between."""
    found = 0
    for at in range(start, end):
        phrase = by_byte[text[at]]
        if phrase == _NEVER:
            continue
        if phrase == _SPECIAL and _is_special(text, at, end):
            return -1
        while phrase >= 0:
            first = at - places[phrase]
            size = bounds[phrase + 1] - bounds[phrase]
            if first >= start and first + size <= end and not found & bits[phrase]:
                same, same_until = bounds[phrase], bounds[phrase + 1]
                while same < same_until and _LOWER[text[first]] == written[same]:
                    first, same = first + 1, same + 1
                if same == same_until:
                    found |= bits[phrase]
            phrase = following[phrase]
    return found


@compiled
def _is_special(text: Utf8, at: int, end: int) -> Any:
    if text[at] == _I0:
        return at + 1 < end and text[at + 1] == _I1
    return at + 2 < end and text[at] == _K0 and text[at + 1] == _K1 and text[at + 2] == _K2


@compiled
def _lowered(text: Utf8, start: int, end: int) -> Utf8:
    """`text[start:end]` in lower case as far as ASCII goes: the two characters above become theirs."""
    lower = np.empty((end - start) // 2 * 3 + 2, np.uint8)
    to, at = 0, start
    while at < end:
        if not _is_special(text, at, end):
            lower[to] = _LOWER[text[at]]
            at, to = at + 1, to + 1
        elif text[at] == _I0:
            lower[to], lower[to + 1], lower[to + 2] = 0x69, 0xCC, 0x87
            at, to = at + 2, to + 3
        else:
            lower[to] = 0x6B
            at, to = at + 3, to + 1
    return lower[:to]
