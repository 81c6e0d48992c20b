"""What C4's rules ask of one line, for kernels. The definitions are in `udfs.text.measures.c4` and `.cuts.c4`."""

import numpy as np

from udfs.text.cuts.c4 import ENDS
from udfs.text.kernels.characters import ASCII, DECIMAL, SPACE, Utf8, classes_of, count_code_points, decode
from udfs.text.kernels.compiling import compiled, inlined
from udfs.text.kernels.joining import is_space_at
from udfs.text.kernels.segment_hashes import skip_space

ANY_LENGTH = 1 << 62
_DOT, _OPEN, _CLOSE = 0x2E, 0x5B, 0x5D
_END_BYTES = np.isin(np.arange(256), list(map(ord, ENDS)))
_EDIT, _NEEDED = (np.frombuffer(mark, np.uint8) for mark in (b"edit]", b"citation needed]"))


@inlined
def has_words(text: Utf8, at: int, end: int, fewest: int, longest: int) -> bool:
    """Whether there are words enough, none of them too long."""
    words = 0
    may_be_long = end - at > longest
    while at < end and (words < fewest or may_be_long):
        start = at
        while at < end:
            if text[at] < 0x80:
                if ASCII[text[at]] & SPACE:
                    break
                at += 1
            elif is_space_at(text, at):
                break
            else:
                at += decode(text, at)[1]
        if at - start > longest and count_code_points(text, start, at) > longest:
            return False
        words += 1
        at = skip_space(text, at, end)
    return words >= fewest


@inlined
def copy_line(text: Utf8, at: int, end: int, kept: Utf8, to: int, citations: bool) -> int:
    """Copy `text[at:end]` to `kept[to:]`, with `citations` without them; the end of the copy."""
    while at < end:
        if citations and text[at] == _OPEN:
            after = _citation_end(text, at, end)
            if after > at:
                at = after
                continue
        kept[to] = text[at]
        at, to = at + 1, to + 1
    return to


@compiled
def _citation_end(text: Utf8, start: int, end: int) -> int:
    """The end of the citation that begins at `start`, or `start` where none does."""
    at = start + 1
    for mark in (_EDIT, _NEEDED):
        if at + mark.size <= end and np.array_equal(text[at : at + mark.size], mark):
            return at + mark.size
    while at < end:
        code, width = decode(text, at)
        if not classes_of(code) & DECIMAL:
            return at + 1 if code == _CLOSE else start
        at += width
    return start


@inlined
def ends_sentence(text: Utf8, start: int, end: int) -> bool:
    """As `udfs.text.cuts.c4.ends_sentence`."""
    if end == start or not _END_BYTES[text[end - 1]]:
        return False
    is_ellipsis = end - start > 2 and text[end - 1] == _DOT and text[end - 2] == _DOT and text[end - 3] == _DOT
    return not is_ellipsis
