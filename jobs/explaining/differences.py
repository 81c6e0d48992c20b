"""What two texts have in common, word by word."""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import takewhile
from typing import NamedTuple

MOST_WORDS = 1500  # compared of each text, from the first that differs on; at worst the time is cubic
MOST_CHARS = 200_000  # looked at of each text
_WORDS = re.compile(r"(?:\w+|[^\w\s])\s*|\s+")  # with the white space behind them


class Side(StrEnum):
    """Where words are."""

    BOTH = "both"
    HERE = "here"
    THERE = "there"


class Words(NamedTuple):
    """Words that follow each other, with the white space behind each."""

    side: Side
    text: str


class Difference(NamedTuple):
    """How this text differs from another: `words` in order; `is_whole` False where their ends were not compared."""

    words: tuple[Words, ...]
    is_whole: bool

    @property
    def is_none(self) -> bool:
        """Whether the texts are equal, as far as they were compared."""
        return all(one.side is Side.BOTH for one in self.words)


def difference(here: str, there: str) -> Difference:
    """The difference of two texts. Of each side, the words with `BOTH` give back the text, or its beginning."""
    ours, theirs = (_WORDS.findall(text[:MOST_CHARS]) for text in (here, there))
    ahead = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(ours, theirs, strict=False)))
    rest = min(len(ours), len(theirs)) - ahead
    pairs = zip(ours[: -rest - 1 : -1], theirs[: -rest - 1 : -1], strict=True) if rest else ()
    behind = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    middle_here, middle_there = ours[ahead : len(ours) - behind], theirs[ahead : len(theirs) - behind]
    is_short = max(len(middle_here), len(middle_there)) <= MOST_WORDS
    found = [Words(Side.BOTH, "".join(ours[:ahead]))]
    found += _middle(middle_here[:MOST_WORDS], middle_there[:MOST_WORDS])
    if is_short:
        found.append(Words(Side.BOTH, "".join(ours[len(ours) - behind :])))
    is_whole = is_short and max(len(here), len(there)) <= MOST_CHARS
    return Difference(tuple(one for one in found if one.text), is_whole)


def _middle(ours: Sequence[str], theirs: Sequence[str]) -> list[Words]:
    found = []
    # Of many words, the commonest say nothing of what belongs together, and take most of the time: `autojunk`.
    for kind, a, b, c, d in SequenceMatcher(None, ours, theirs).get_opcodes():
        if kind == "equal":
            found.append(Words(Side.BOTH, "".join(ours[a:b])))
        else:
            found += [Words(Side.HERE, "".join(ours[a:b])), Words(Side.THERE, "".join(theirs[c:d]))]
    return found


def shortened(found: Difference, around: int) -> tuple[Words | None, ...]:
    """The words with at most about `around` characters of what is the same on each side of a difference; None stands
    for what is left out."""
    shown: list[Words | None] = []
    last = len(found.words) - 1
    for place, one in enumerate(found.words):
        if one.side is not Side.BOTH or len(one.text) <= 2 * around:
            shown.append(one)
            continue
        shown += [one._replace(text=one.text[:around])] if place else []
        shown.append(None)
        shown += [one._replace(text=one.text[-around:])] if place < last else []
    return tuple(shown)
