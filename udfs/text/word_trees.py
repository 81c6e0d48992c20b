"""Many words as one regular expression that shares their beginnings, so that a place is left at the first letter that
no word has. At a place it finds the longest word that what follows allows."""

import re
from collections.abc import Iterable
from itertools import groupby


def tree_regex(words: Iterable[str]) -> str:
    """A regular expression, as text and without capturing groups, for any of `words`, which are literal; without words
    one that is found nowhere."""
    known = sorted({word for word in words if word})
    return _branches(known) if known else "(?!)"


def _branches(words: list[str]) -> str:
    """`words` are sorted and without repeats; an empty one, which comes first, says that a word may end here."""
    ends = not words[0]
    branches = [
        re.escape(letter) + _branches([word[1:] for word in group])
        for letter, group in groupby(words[ends:], key=lambda word: word[0])
    ]
    if not branches:
        return ""
    only = branches[0] if len(branches) == 1 and not ends else f"(?:{'|'.join(branches)})"
    return only + "?" * ends
