"""What a perfect refiner would have written: programs from a page's lines and its main text as people cut it out.

A line stays if at least 75 % of its word bigrams occur in the gold text, and a
line under three words if it is a whole line of it. Serves training and tests. Labels of short lines are noisy: menu
words occur in texts too.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from udfs.text.scripts import UNSPACED

KEEP_SHARE = 0.75

_MIN_WORDS = 3
# Letters and digits with the marks that stand on them (combining, Hebrew, Arabic, and the signs of Indic scripts).
_WORD = re.compile("(?:[^\\W_]|[\u0300-\u036f\u0591-\u05c7\u0610-\u065f\u0900-\u0dff])+")


def keep_labels(lines: Sequence[str], gold: str, keep_share: float = KEEP_SHARE) -> list[bool]:
    """Whether each line belongs to the main text.

    A line without a word (blank, a rule of dashes) goes only if the lines with words on both sides of it go; at an end
    of the page, if the one beside it does.
    """
    bigrams = set(pairwise(_words(gold)))
    whole = {tuple(_words(line)) for line in gold.split("\n")}
    labels = [_label(tuple(_words(line)), bigrams, whole, keep_share) for line in lines]
    before = _carried(labels)
    after = list(reversed(_carried(labels[::-1])))
    return [
        label if label is not None else bool(left) or bool(right)
        for label, left, right in zip(labels, before, after, strict=True)
    ]


def document_program(keep: Sequence[bool]) -> str:
    """`drop_doc()` where nothing stays, else `keep_doc()`."""
    return "keep_doc()" if any(keep) else "drop_doc()"


def chunk_program(keep: Sequence[bool], first_line: int, last_line: int) -> str:
    """A call for each run of lines that go, among the lines from `first_line` to `last_line` of a document."""
    runs = _removed(keep, first_line, last_line)
    return "\n".join(f"remove_lines(start={first}, end={last})" for first, last in runs) or "keep_chunk()"


def whole_program(keep: Sequence[bool]) -> str:
    """One program for all of a document: `drop_doc()`, or the calls that remove what goes."""
    return chunk_program(keep, 0, len(keep) - 1) if any(keep) else "drop_doc()"


def _words(text: str) -> list[str]:
    """Runs of letters and digits, in lower case; in scripts that put no spaces between words, characters."""
    return _WORD.findall(UNSPACED.sub(r" \g<0> ", text.lower()))


def _label(
    words: tuple[str, ...], bigrams: set[tuple[str, str]], whole: set[tuple[str, ...]], keep_share: float
) -> bool | None:
    if not words:
        return None
    if len(words) < _MIN_WORDS:
        return words in whole
    found = sum(pair in bigrams for pair in pairwise(words))
    return found >= keep_share * (len(words) - 1)


def _carried(labels: Sequence[bool | None]) -> list[bool | None]:
    """Each label, and where there is none the one before it."""
    carried: list[bool | None] = []
    last: bool | None = None
    for label in labels:
        last = last if label is None else label
        carried.append(last)
    return carried


def _removed(keep: Sequence[bool], first_line: int, last_line: int) -> Iterator[tuple[int, int]]:
    start = -1
    for number in range(first_line, last_line + 1):
        if keep[number] and start >= 0:
            yield start, number - 1
            start = -1
        elif not keep[number] and start < 0:
            start = number
    if start >= 0:
        yield start, last_line
