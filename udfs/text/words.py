"""Three ways to cut a text into words, in plain Python: the definitions that `udfs.text.kernels.words` must equal.

Which one a published rule means is part of the rule. None of them knows a dictionary, so none finds words in Chinese,
Japanese or Thai: there a space word is a sentence, and a Unicode word is one character (Han, hiragana, Thai) or a run
of katakana.
"""

import re
from functools import cache
from itertools import pairwise

from udfs.text.word_break import EXTENDED_PICTOGRAPHIC, WORD_BREAKS, ranges

# fastText ends a word at these seven bytes only, so U+00A0 or U+3000 inside a word do not end it (fastText,
# dictionary.cc).
_FASTTEXT_WORD = re.compile("[^ \n\r\t\v\f\0]+")

_LINE_ENDS = frozenset({"CR", "LF", "Newline"})
_IGNORED = frozenset({"Extend", "Format", "ZWJ"})
_LETTERS = frozenset({"ALetter", "Hebrew_Letter"})
_IN_WORDS = frozenset({"MidLetter", "MidNumLet", "Single_Quote"})
_IN_NUMBERS = frozenset({"MidNum", "MidNumLet", "Single_Quote"})
_BEFORE_CONNECTOR = _LETTERS | {"Numeric", "Katakana", "ExtendNumLet"}
_AFTER_CONNECTOR = _LETTERS | {"Numeric", "Katakana"}


def space_words(text: str) -> list[str]:
    """Maximal runs without Unicode white space (`str.isspace`), as most published rules cut words."""
    return text.split()


def fasttext_words(text: str) -> list[str]:
    """Words as fastText cuts them, without its end-of-line marks."""
    return _FASTTEXT_WORD.findall(text)


def unicode_words(text: str) -> list[str]:
    """All segments between the default word boundaries of UAX-29, so also those of white space and punctuation.

    Joined they are the text. Published rules keep some of them: DCLM those whose first character is alphanumeric.
    """
    return [text[start:end] for start, end in unicode_word_spans(text)]


def unicode_word_spans(text: str) -> list[tuple[int, int]]:
    """Where `unicode_words` are: start and end in code points."""
    kinds = [word_break(character) for character in text]
    # WB4: the rules after it pass over what extends a character and over format characters.
    seen = [kind for kind in kinds if kind not in _IGNORED]
    seen += ("", "", "")  # nothing: behind the text, and as seen[-1] and seen[-2] before it
    place = 0  # in `seen`, of this kind or the next
    flags = 0  # regional indicators in a row before `place`
    bounds = []
    for here, kind in enumerate(kinds):
        together = _adjacent(kinds[here - 1], kind, text[here]) if here else False
        if together is None:
            together = _joined(seen[place - 2], seen[place - 1], seen[place], seen[place + 1])
            together = together or (flags % 2 == 1 and kind == "Regional_Indicator")  # WB15, WB16
        if not together:
            bounds.append(here)
        if kind not in _IGNORED:
            flags = flags + 1 if kind == "Regional_Indicator" else 0
            place += 1
    return list(pairwise([*bounds, len(text)]))


def _adjacent(before: str, kind: str, character: str) -> bool | None:
    """WB3 to WB4, on neighbours in the text: whether they stay together, None where a later rule says."""
    if before == "CR" and kind == "LF":  # WB3
        return True
    if before in _LINE_ENDS or kind in _LINE_ENDS:  # WB3a, WB3b
        return False
    if before == "ZWJ" and is_pictographic(character):  # WB3c
        return True
    if before == kind == "WSegSpace":  # WB3d
        return True
    return True if kind in _IGNORED else None  # WB4


def _joined(before2: str, before: str, kind: str, after: str) -> bool:
    """WB5 to WB13b: whether `before` and `kind` stay together, given what stands on both sides of them ("": nothing).

    Without WB15 and WB16, the pairs of regional indicators, which look back further.
    """
    return (
        (before in _LETTERS and kind in _LETTERS)  # WB5
        or (before in _LETTERS and kind in _IN_WORDS and after in _LETTERS)  # WB6
        or (before2 in _LETTERS and before in _IN_WORDS and kind in _LETTERS)  # WB7
        or (before == "Hebrew_Letter" and kind == "Single_Quote")  # WB7a
        or (before == after == "Hebrew_Letter" and kind == "Double_Quote")  # WB7b
        or (before2 == kind == "Hebrew_Letter" and before == "Double_Quote")  # WB7c
        or (before == kind == "Numeric")  # WB8
        or (before in _LETTERS and kind == "Numeric")  # WB9
        or (before == "Numeric" and kind in _LETTERS)  # WB10
        or (before2 == kind == "Numeric" and before in _IN_NUMBERS)  # WB11
        or (before == after == "Numeric" and kind in _IN_NUMBERS)  # WB12
        or (before == kind == "Katakana")  # WB13
        or (before in _BEFORE_CONNECTOR and kind == "ExtendNumLet")  # WB13a
        or (before == "ExtendNumLet" and kind in _AFTER_CONNECTOR)  # WB13b
    )


def word_break(character: str) -> str:
    """The Word_Break value of a character, `Other` where it has no other."""
    return _word_breaks().get(character, "Other")


def is_pictographic(character: str) -> bool:
    """Whether a character is Extended_Pictographic (emoji, and what may become one)."""
    return character in _pictographs()


@cache
def _word_breaks() -> dict[str, str]:
    return {
        chr(point): name for name in WORD_BREAKS for first, last in ranges(name) for point in range(first, last + 1)
    }


@cache
def _pictographs() -> frozenset[str]:
    return frozenset(chr(point) for first, last in ranges(EXTENDED_PICTOGRAPHIC) for point in range(first, last + 1))
