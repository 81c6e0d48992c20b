"""What near-duplicates are compared by: a text's shingles, the runs of `size` tokens that stand next to each other.

This is the definition, in plain Python; `udfs.dedup.kernels.shingles` is the same over UTF-8. A text is normalised
character by character, so that pages of all languages that differ in layout only have the same shingles:

- White space and control characters separate words; how much of it there is does not count.
- Format characters (soft hyphens, zero-width spaces and joiners, marks of direction) and variation selectors are left
  out: they are not seen, and one copy of a page has them and the other has not.
- Punctuation and symbols of any script (Unicode's categories P and S) become white space under `strip`. They are not
  merely left out, because extractors put white space around them or take it away: "one,two" and "one , two" should be
  the same. So "e-mail" is "e mail". Apostrophes are the exception and are left out, so "don't", with the ASCII or the
  typographic sign, is "dont".
- A `>` that begins a line stays, as a word of its own: it marks what mail and newsgroups quote, and an answer that
  quotes a whole post is no near-duplicate of the post. (Not in shingles of characters.)
- Letters become lower-case, each by itself: a word's last sigma is as any other, the Turkish dotted I is an i.

Normalisation forms are not unified: a precomposed letter and a letter with a combining mark are different.
"""

import re
from typing import Literal
from unicodedata import category

import mmh3
from pydantic import Field

from udfs.settings import Section
from udfs.text.scripts import UNSPACED

QUOTE = ">"
_QUOTED = re.compile(f"^[ \t]*{QUOTE}", re.MULTILINE)
APOSTROPHES = frozenset("'\u2018\u2019\uff07")
# What `str.lower` makes two characters of, or does by what stands around it.
_LOWER = {"\u0130": "i", "\u03c2": "\u03c3"}


class ShingleSettings(Section):
    """What a text is cut into before it is compared."""

    unit: Literal["word", "character"] = Field(
        "word",
        description="token of a shingle: word (of scripts that put no space between words, each character), or "
        "character (with one space for all white space between words)",
    )
    size: int = Field(5, ge=1, le=100, description="tokens of a shingle")
    lowercase: bool = Field(True, description="whether case is ignored")
    punctuation: Literal["strip", "keep"] = Field(
        "strip",
        description="strip: punctuation and symbols count as white space, apostrophes as nothing; keep: as letters",
    )
    short: Literal["exact", "whole"] = Field(
        "exact",
        description="texts with fewer tokens than a shingle: exact (no signature: only exact deduplication sees them) "
        "or whole (all their tokens are one shingle)",
    )


def tokens(text: str, settings: ShingleSettings) -> list[str]:
    """The tokens of a text without lone surrogates, in order."""
    quotes = quote_marks(text) if marks_quotes(settings) else set()
    normal = "".join(f" {QUOTE} " if at in quotes else normalised(one, settings) for at, one in enumerate(text))
    if settings.unit == "character":
        return list(" ".join(normal.split()))
    return UNSPACED.sub(r" \g<0> ", normal).split()


def marks_quotes(settings: ShingleSettings) -> bool:
    """Whether marks of quotation are words; where punctuation is kept they are anyway."""
    return settings.unit == "word" and settings.punctuation == "strip"


def quote_marks(text: str) -> set[int]:
    """Where a line begins, spaces and tabs aside, with QUOTE."""
    return {found.end() - 1 for found in _QUOTED.finditer(text)}


def normalised(character: str, settings: ShingleSettings) -> str:
    """What is read for one character: another, a space where it separates words, nothing where it is left out."""
    kind = category(character)
    if character.isspace() or kind == "Cc":
        return " "
    if kind == "Cf" or "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef":
        return ""
    if settings.punctuation == "strip":
        if character in APOSTROPHES:
            return ""
        if kind[0] in "PS":
            return " "
    return (_LOWER.get(character) or character.lower()) if settings.lowercase else character


def shingles(text: str, settings: ShingleSettings) -> list[str]:
    """All shingles in order, repeats among them: words joined by one space, characters by nothing."""
    parts = tokens(text, settings)
    size = settings.size
    if settings.short == "whole" and 0 < len(parts) < size:
        size = len(parts)
    joint = " " if settings.unit == "word" else ""
    return [joint.join(parts[at : at + size]) for at in range(len(parts) - size + 1)]


def shingle_hashes(text: str, settings: ShingleSettings) -> list[int]:
    """The distinct hashes of the shingles, ascending: MurmurHash3 (x86, 32 bits, seed 0) of their UTF-8."""
    return sorted({mmh3.hash(shingle, 0, signed=False) for shingle in shingles(text, settings)})
