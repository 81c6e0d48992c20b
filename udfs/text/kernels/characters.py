"""What kernels need to know of characters: their classes, and how UTF-8 writes them.

Tables are built from the running interpreter's `str` methods, so a kernel agrees with the definition on every version
of Unicode. A table has two stages: `entries[(blocks[code >> 7] << 7) + (code & 127)]`; equal blocks of 128 code points
are stored once. All kernels take valid UTF-8 without surrogates as `uint8[::1]`, offsets in bytes unless they say so.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from udfs.text.kernels.compiling import compiled, inlined
from udfs.text.scripts import UNSPACED

Utf8 = NDArray[np.uint8]
Offsets = NDArray[np.int64]

CODE_POINTS = 0x110000
BLOCK = 128  # code points a block
_PAGE = 256  # code points that are looked at together when a table is built

ALPHA, ALNUM, SPACE, UPPER, LOWER, LINE_END = 1, 2, 4, 8, 16, 32
DECIMAL, DIGIT, NUMERIC = 64, 128, 256


def two_stages(values: NDArray[Any]) -> tuple[NDArray[np.uint16], NDArray[Any]]:
    """Blocks and entries of a table with a value for each code point, shape (0x110000,)."""
    numbers: dict[bytes, int] = {}
    rows = values.reshape(-1, BLOCK)
    blocks = np.array([numbers.setdefault(row.tobytes(), len(numbers)) for row in rows], np.uint16)
    return blocks, np.frombuffer(b"".join(numbers), values.dtype)


def table_of(predicates: Mapping[int, Callable[[str], bool]]) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    """Blocks and entries of a table of bit flags: flag -> what is true of the characters (one each) that have it.

    Costs about 5 ms a predicate that is a method of `str`. Of 256 code points none of which is printable (unassigned,
    private, surrogates) only the first is asked, for all of them.
    """
    asked, places = _asked()
    values = np.zeros(len(asked), np.uint16)
    for flag, predicate in predicates.items():
        values |= np.frombuffer(bytes(map(predicate, asked)), np.uint8) * np.uint16(flag)
    return two_stages(values[places])


@cache
def _asked() -> tuple[list[str], NDArray[Any]]:
    """The characters to ask, and for each code point the place of the one that answers for it."""
    text = everything()
    pages = [text[start : start + _PAGE] for start in range(0, CODE_POINTS, _PAGE)]
    whole = 2 + _PAGE * np.where(np.arange(len(pages)) * _PAGE < 0x10000, 6, 10)  # all as \uXXXX or \UXXXXXXXX
    sizes = np.where(np.array([len(repr(page)) for page in pages]) == whole, 1, _PAGE)
    asked = "".join([page[:size] for page, size in zip(pages, sizes.tolist(), strict=True)])
    within = np.arange(_PAGE, dtype=np.int32)[None, :] % sizes[:, None]
    places = within + (np.cumsum(sizes) - sizes)[:, None]
    return list(asked), places.ravel()


@cache
def everything() -> str:
    """All code points in order; the surrogates are made one by one, since decoding them takes 200 ms."""
    codes = np.arange(CODE_POINTS, dtype="<u4")
    below, above = codes[:0xD800].tobytes(), codes[0xE000:].tobytes()
    return below.decode("utf-32-le") + "".join(map(chr, range(0xD800, 0xE000))) + above.decode("utf-32-le")


@cache
def unspaced() -> NDArray[np.bool_]:
    """For each code point whether it is of a script that puts no space between words."""
    flags = np.zeros(CODE_POINTS, np.bool_)
    for run in re.finditer(f"(?:{UNSPACED.pattern})+", everything()):  # one by one they would take ten times as long
        flags[run.start() : run.end()] = True
    return flags


_LINE_ENDS = frozenset(line[-1] for line in everything().splitlines(keepends=True)[:-1])

BLOCKS, ENTRIES = table_of(
    {
        ALPHA: str.isalpha,
        ALNUM: str.isalnum,
        SPACE: str.isspace,
        UPPER: str.isupper,
        LOWER: str.islower,
        LINE_END: _LINE_ENDS.__contains__,
        DECIMAL: str.isdecimal,
        DIGIT: str.isdigit,
        NUMERIC: str.isnumeric,
    }
)
ASCII = np.concatenate(
    [ENTRIES[:128], np.zeros(128, np.uint16)]
)  # block 0 comes first; 0 for bytes of other characters


def characters_with(flag: int) -> list[str]:
    """All characters that have a flag, ascending; to make tables from."""
    return [chr(block * BLOCK + place) for block, place in np.argwhere((ENTRIES & flag).reshape(-1, BLOCK)[BLOCKS])]


@inlined
def classes_of(code: int) -> Any:
    """The flags of a code point: ALPHA, ALNUM, SPACE, UPPER, LOWER, LINE_END, DECIMAL, DIGIT, NUMERIC."""
    return ENTRIES[(np.int64(BLOCKS[code >> 7]) << 7) + (code & 127)]


# `str.lower` makes two characters of the first, and what it makes of the second depends on what stands around it.
# A text that has one of them (`UNEVEN`) is left to the definition.
UNEVEN = "\u0130\u03a3"
LOWER_BYTES = np.array([*bytes(range(128)).lower(), *range(128, 256)], np.uint8)  # ASCII in lower case


def _distances() -> NDArray[np.int32]:
    text = everything()
    for letter in UNEVEN:
        text = text.replace(letter, "\0")
    lowered = text.lower()
    codes = np.zeros(CODE_POINTS, np.int32)
    codes[:0xD800] = np.frombuffer(lowered[:0xD800].encode("utf-32-le"), np.int32)
    codes[0xE000:] = np.frombuffer(lowered[0xE000:].encode("utf-32-le"), np.int32)
    return np.where(codes == 0, 0, codes - np.arange(CODE_POINTS, dtype=np.int32))


_LOWER_BLOCKS, _LOWER_DISTANCES = two_stages(_distances())


@inlined
def lower_case(code: int) -> Any:
    """The lower case of a code point, as `str.lower` of the character alone; itself for those in UNEVEN."""
    return code + _LOWER_DISTANCES[(np.int64(_LOWER_BLOCKS[code >> 7]) << 7) + (code & 127)]


@inlined
def has_uneven(text: Utf8) -> Any:
    """Whether a character of UNEVEN is in the text: C4 B0 or CE A3."""
    for at in range(text.size - 1):
        if (text[at] == 0xC4 and text[at + 1] == 0xB0) or (text[at] == 0xCE and text[at + 1] == 0xA3):
            return True
    return False


@inlined
def is_at(text: Utf8, at: int, end: int, ascii_pattern: Utf8) -> Any:
    """Whether `ascii_pattern`, in lower case, is at `at` and ends by `end`, whatever the case of the text's ASCII."""
    if ascii_pattern.size > end - at:
        return False
    same = 0
    while same < ascii_pattern.size and LOWER_BYTES[text[at + same]] == ascii_pattern[same]:
        same += 1
    return same == ascii_pattern.size


@inlined
def width_at(text: Utf8, at: int) -> int:
    """Bytes of the character that begins at `at`."""
    byte = text[at]
    return 1 if byte < 0x80 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4


@inlined
def decode(text: Utf8, at: int) -> tuple[Any, int]:
    """Code point and bytes of the character that begins at `at`."""
    byte = np.int64(text[at])
    if byte < 0x80:
        return byte, 1
    second = np.int64(text[at + 1]) & 63
    if byte < 0xE0:
        return (byte & 31) << 6 | second, 2
    third = np.int64(text[at + 2]) & 63
    if byte < 0xF0:
        return (byte & 15) << 12 | second << 6 | third, 3
    return (byte & 7) << 18 | second << 12 | third << 6 | (np.int64(text[at + 3]) & 63), 4


@inlined
def start_before(text: Utf8, at: int) -> int:
    """Where the character that ends at `at` begins; `at` is above 0."""
    at -= 1
    while text[at] & 0xC0 == 0x80:
        at -= 1
    return at


@inlined
def count_code_points(text: Utf8, start: int, end: int) -> int:
    """Code points of `text[start:end]`."""
    count = 0
    for byte in text[start:end]:
        count += (byte & 0xC0) != 0x80
    return count


@compiled
def code_points(text: Utf8) -> int:
    """Code points of the text."""
    return count_code_points(text, 0, text.size)


@compiled
def code_point_offsets(text: Utf8, byte_offsets: Offsets) -> Offsets:
    """Byte offsets at character boundaries, ascending, as offsets in code points; shape (offsets,)."""
    offsets = np.empty(byte_offsets.size, np.int64)
    at = count = 0
    for i in range(byte_offsets.size):
        count += count_code_points(text, at, byte_offsets[i])
        at = byte_offsets[i]
        offsets[i] = count
    return offsets


@compiled
def byte_offsets(text: Utf8, code_points: Offsets) -> Offsets:
    """Offsets in code points, ascending and at most the text's length, as byte offsets; shape (offsets,)."""
    offsets = np.empty(code_points.size, np.int64)
    at = count = 0
    for i in range(code_points.size):
        while count < code_points[i]:
            at += width_at(text, at)
            count += 1
        offsets[i] = at
    return offsets
