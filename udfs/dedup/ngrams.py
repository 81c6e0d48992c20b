"""Tokens, n-grams and their 64-bit hashes, in plain Python: the definition of `udfs.dedup.kernels.ngrams`.

A token is a segment between the default word boundaries of UAX-29 that is not white space only; punctuation and case
count. Saved Bloom filters hold these hashes, so no constant here may ever change without a new VERSION; vectors in the
tests hold them.
"""

from collections.abc import Sequence

from udfs.text.words import unicode_word_spans

VERSION = 1
MASK = 2**64 - 1
BASE = 0x9E6C63D0676A9A9B  # odd, and 3 modulo 8: what swapping two tokens changes loses the fewest bits
LENGTH = 0xA0761D6478BD642F


def tokens(text: str) -> list[tuple[int, str]]:
    """The tokens of a text, each with its start in code points."""
    return [(start, text[start:end]) for start, end in unicode_word_spans(text) if not text[start:end].isspace()]


def ngrams(words: Sequence[str], shortest: int, longest: int) -> list[tuple[str, ...]]:
    """All runs of `longest` words; of fewer words, but `shortest` or more, one n-gram of them all; of yet fewer, none.

    So does DCLM's BFF (mlfoundations/dclm, dedup/bff)."""
    if len(words) >= longest:
        return [tuple(words[at : at + longest]) for at in range(len(words) - longest + 1)]
    return [tuple(words)] if len(words) >= shortest else []


def ngram_hash(words: Sequence[str]) -> int:
    """Hash of an n-gram, 64 bits: a polynomial of its tokens' hashes, so that a window can roll on, then mixed."""
    value = 0
    for word in words:
        value = (value * BASE + token_hash(word.encode())) & MASK
    return mixed(value)


def token_hash(token: bytes) -> int:
    """Hash of a token's UTF-8, 64 bits: eight bytes, little-endian, in each turn; zeros fill up the last."""
    value = len(token) * LENGTH & MASK
    for at in range(0, len(token), 8):
        value = mixed(value ^ int.from_bytes(token[at : at + 8], "little"))
    return value


def mixed(value: int) -> int:
    """A 64-bit number with each bit depending on all (the last steps of MurmurHash3, by Austin Appleby)."""
    value = (value ^ value >> 33) * 0xFF51AFD7ED558CCD & MASK
    value = (value ^ value >> 33) * 0xC4CEB9FE1A85EC53 & MASK
    return value ^ value >> 33
