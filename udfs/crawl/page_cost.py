"""An upper bound of the time that resiliparse may need for a page, from a cheap count of its tags.

Measured with resiliparse 2.0: its time grows with blocks x depth x reopened formatting elements, so 8 KB of mark-up can
take 15 seconds. The bound trusts no closing tag, so a page cannot look harmless and be slow; ordinary pages are far
quicker than their bound. The factors were fitted to the worst pages that we could build (tests/udfs/test_html.py).
"""

import numpy as np
import numpy.typing as npt

SECONDS_PER_TAGS_SQUARED = 5e-8  # blocks x depth
SECONDS_PER_REOPENING = 4e-8  # formatting elements x other opening tags squared (blocks x depth)
SECONDS_PER_BYTES_SQUARED = 1.6e-10  # attributes of one element, each compared with all others
# Elements that a later block reopens. Not <a>: a second one closes the first, so at most one of them is open.
FORMATTING = ("big", "code", "em", "font", "nobr", "small", "strike", "strong", "tt")
FORMATTING_LETTERS = "bisu"


def worst_seconds(html: bytes, enough_seconds: float = 0.0) -> float:
    """Seconds that resiliparse needs at most for a page in UTF-8; costs about 40 microseconds for 60 KB.

    A coarser bound that is found in a quarter of the time is returned where it is not above `enough_seconds`.
    """
    codes = np.frombuffer(html or b" ", dtype=np.uint8)
    starts = codes == ord("<")
    tags = int(np.count_nonzero(starts))
    opening = tags - int(np.count_nonzero(starts[:-1] & (codes[1:] == ord("/"))))
    # Whatever the elements are: formatting ones cost most where they are a third.
    coarse = _seconds(tags, opening, max(0, opening - 1) // 3, len(html))
    if coarse <= enough_seconds:
        return coarse
    at = np.flatnonzero(starts)
    # A tag that the page's end cuts off is none, so what "clip" reads there does not matter.
    first, second = (codes.take(at + step, mode="clip") | 0x20 for step in (1, 2))
    opening = int(np.count_nonzero((first >= ord("a")) & (first <= ord("z"))))
    formatting = int(np.count_nonzero(_FORMATTING_STARTS[first.astype(np.uint16) << 8 | second]))
    return _seconds(tags, opening, formatting, len(html))


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
