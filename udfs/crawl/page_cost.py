"""An upper bound of the time that resiliparse may need for a page, from a cheap count of its tags.

Measured with resiliparse 2.0: its time grows with blocks x depth x reopened formatting elements, so 8 KB of mark-up can
take 15 seconds. The bound trusts no closing tag, so a page cannot look harmless and be slow; ordinary pages are far
quicker than their bound. The factors were fitted to the worst pages that we could build (tests/udfs/test_html.py).
"""

import re
from collections import Counter

import numpy as np
import numpy.typing as npt

from udfs.text.kernels.characters import Utf8
from udfs.text.kernels.compiling import compiled

SECONDS_PER_TAGS_SQUARED = 5e-8  # blocks x depth
SECONDS_PER_REOPENING = 4e-8  # formatting elements that are reopened x other opening tags squared (blocks x depth)
SECONDS_PER_BYTES_SQUARED = 1.6e-10  # attributes of one element, each compared with all others
# Elements that a later block reopens. Not <a>: a second one closes the first, so at most one of them is open.
FORMATTING = ("big", "code", "em", "font", "nobr", "small", "strike", "strong", "tt")
FORMATTING_LETTERS = "bisu"
# Of elements that are equal in name and attributes the last three are reopened (HTML Standard, "Noah's Ark clause").
REOPENED_EQUALS = 3
# A formatting tag whose end is certain, for no quote may be open at its `>`. Equal tags make equal elements.
_CERTAIN_TAG = re.compile(
    rb"<(?:big|code|em|font|nobr|small|strike|strong|tt|[bisu])"
    rb"(?:[ \t\n\f\r]++[\w:.-]++(?:=(?:\"[^\"<>]*+\"|'[^'<>]*+'|[^ \t\n\f\r\"'=<>`]++))?+)*+[ \t\n\f\r]*+/?>",
    re.IGNORECASE,
)


def worst_seconds(html: bytes, enough_seconds: float = 0.0) -> float:
    """Seconds that resiliparse needs at most for a page in UTF-8; costs 7 microseconds for 60 KB, and a few times that
    for one of many tags.

    A coarser bound is returned where it is not above `enough_seconds`.
    """
    codes = np.frombuffer(html, dtype=np.uint8)
    tags, ends = tags_and_ends(codes)
    # Whatever the elements are: formatting ones cost most where they are a third.
    coarse = _seconds(tags, tags - ends, max(0, tags - ends - 1) // 3, len(html))
    if coarse <= enough_seconds:
        return coarse
    opening, formatting = openings(codes, _FORMATTING_STARTS)
    fine = _seconds(tags, opening, formatting, len(html))
    if fine <= enough_seconds:
        return fine
    reopened = formatting - _spared(html, formatting_tags(codes, _FORMATTING_STARTS, formatting).tolist())
    return min(fine, _seconds(tags, opening, reopened, len(html)))


@compiled
def tags_and_ends(html: Utf8) -> tuple[int, int]:
    """How often `<` occurs, and how often `</`, in at most 2 GiB. (A vector holds twice as many counts of 32 bits.)"""
    tags, ends = np.int32(html.size > 0 and html[html.size - 1] == ord("<")), np.int32(0)
    for i in range(html.size - 1):
        is_tag = np.int32(html[i] == ord("<"))
        tags = np.int32(tags + is_tag)
        ends = np.int32(ends + (is_tag & np.int32(html[i + 1] == ord("/"))))
    return int(tags), int(ends)


@compiled
def openings(html: Utf8, formatting_starts: npt.NDArray[np.bool_]) -> tuple[int, int]:
    """How many tags open an element, and how many of them may open a formatting one. A tag that the page's end cuts off
    is none, so what counts as following it does not matter."""
    opening = formatting = 0
    last = html.size - 1
    for i in range(last):
        if html[i] == ord("<"):
            first, second = html[i + 1] | 0x20, html[min(i + 2, last)] | 0x20
            opening += (ord("a") <= first) & (first <= ord("z"))
            formatting += formatting_starts[np.int64(first) << 8 | second]
    return opening, formatting


@compiled
def formatting_tags(html: Utf8, formatting_starts: npt.NDArray[np.bool_], count: int) -> npt.NDArray[np.int64]:
    """Where the `count` tags are that `openings` counts as formatting ones."""
    starts = np.empty(count, np.int64)
    found = 0
    last = html.size - 1
    for i in range(last):
        if html[i] == ord("<"):
            first, second = html[i + 1] | 0x20, html[min(i + 2, last)] | 0x20
            if formatting_starts[np.int64(first) << 8 | second]:
                starts[found] = i
                found += 1
    return starts


def _spared(html: bytes, starts: list[int]) -> int:
    """How many of the formatting tags at `starts` certainly open elements that are not reopened."""
    equals = Counter(html[start : html.find(b">", start) + 1] for start in starts)
    return sum(
        count - REOPENED_EQUALS
        for tag, count in equals.items()
        if count > REOPENED_EQUALS and _CERTAIN_TAG.fullmatch(tag)
    )


def _seconds(tags: int, opening: int, formatting: int, size_bytes: int) -> float:
    return (
        SECONDS_PER_TAGS_SQUARED * tags**2
        + SECONDS_PER_REOPENING * (formatting + 1) * (opening - formatting) ** 2
        + SECONDS_PER_BYTES_SQUARED * size_bytes**2
    )


def _formatting_starts() -> npt.NDArray[np.bool_]:
    """By the first two bytes of a tag (| 0x20, upper and lower case being one): may it open a formatting element."""
    starts = np.zeros(65536, dtype=np.bool_)
    for name in FORMATTING:
        starts[ord(name[0]) << 8 | ord(name[1])] = True
    for letter in FORMATTING_LETTERS:
        for end in b" \t\n\f\r/>":
            starts[ord(letter) << 8 | end | 0x20] = True
    return starts


_FORMATTING_STARTS = _formatting_starts()
