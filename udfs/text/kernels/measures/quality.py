"""Compiled quality measures: one pass over the characters and one over the lines. The definitions are in
`udfs.text.measures.quality`."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from udfs.text.kernels.characters import (
    ASCII,
    Offsets,
    Utf8,
    classes_of,
    decode,
    two_stages,
    unspaced,
)
from udfs.text.kernels.compiling import compiled, inlined
from udfs.text.kernels.segments import visible_lines
from udfs.text.kernels.stop_words import stop_word_count
from udfs.text.kernels.words import ALNUM_FIRST, BEGINS_ALNUM, NOT_BLANK, space_words, unicode_words, word_facts
from udfs.text.measures.quality import BULLETS, Scripts
from udfs.text.page import Page, Words

_SEPARATOR = 512  # a byte that ends a word of fastText's
_FLAGS = ASCII | np.array([_SEPARATOR * (byte in b" \n\r\t\v\f\0") for byte in range(256)], np.uint16)
_BULLETS = tuple(map(ord, BULLETS))
_HASH, _DOT, _BLANK, _NEWLINE, _ELLIPSIS = 0x23, 0x2E, 0x20, 0x0A, 0x2026


_UNSPACED_BLOCKS, _UNSPACED_ENTRIES = two_stages(unspaced().astype(np.uint8))


class Counts(NamedTuple):
    """What one pass over a text counts."""

    characters: int
    alphanumeric: int
    unspaced_letters: int
    symbols: int
    line_breaks: int
    words: int  # without white space
    word_characters: int
    words_with_letter: int
    fasttext_words: int  # that begin with a letter or digit
    fasttext_visible_words: int  # that are not white space

    @property
    def is_unspaced(self) -> bool:
        """As `Page.is_unspaced`."""
        return self.unspaced_letters > 0 and self.unspaced_letters > 0.5 * self.word_characters


def counts(page: Page) -> Counts:
    """What one pass over the page's text counts."""
    return Counts(*_counts(page.utf8))


@compiled
def _counts(text: Utf8) -> tuple[int, int, int, int, int, int, int, int, int, int]:
    characters = alphanumeric = unspaced = symbols = breaks = words = visible = lettered = counted = shown = 0
    in_word = has_letter = in_fasttext = is_shown = 0
    next_dots = next_spaced_dots = at = 0
    while at < text.size:
        byte = text[at]
        if byte < 0x80:
            flags: Any = np.int64(_FLAGS[byte])
            width = 1
            breaks += byte == _NEWLINE
            symbols += byte == _HASH
            if byte == _DOT:
                if at >= next_dots and _is_dots(text, at, 1):
                    symbols, next_dots = symbols + 1, at + 3
                if at >= next_spaced_dots and _is_dots(text, at, 2):
                    symbols, next_spaced_dots = symbols + 1, at + 5
        else:
            code, width = decode(text, at)
            flags = np.int64(classes_of(code))
            symbols += code == _ELLIPSIS
            unspaced += _UNSPACED_ENTRIES[(np.int64(_UNSPACED_BLOCKS[code >> 7]) << 7) + (code & 127)]
        letter, counts_as_word = flags & 1, flags >> 1 & 1  # ALPHA, ALNUM
        inside, inside_fasttext = ~flags >> 2 & 1, ~flags >> 9 & 1  # not SPACE, not _SEPARATOR
        characters += 1
        alphanumeric += counts_as_word
        words += inside & ~in_word
        visible += inside
        lettered += letter & ~has_letter
        has_letter = inside & (has_letter | letter)
        in_word = inside
        counted += inside_fasttext & ~in_fasttext & counts_as_word
        shown += inside_fasttext & inside & ~is_shown
        is_shown = inside_fasttext & (is_shown | inside)
        in_fasttext = inside_fasttext
        at += width
    return characters, alphanumeric, unspaced, symbols, breaks, words, visible, lettered, counted, shown


@inlined
def _is_dots(text: Utf8, at: int, step: int) -> bool:
    """Whether three dots stand at `at`, side by side (step 1) or with single spaces between (step 2)."""
    if at + 2 * step >= text.size or text[at + step] != _DOT or text[at + 2 * step] != _DOT:
        return False
    return step == 1 or (text[at + 1] == _BLANK and text[at + 3] == _BLANK)


def word_count(
    page: Page, words: Words = "fasttext", punctuation: bool = False, scripts: Scripts = "aware"
) -> float | None:
    """See the definition."""
    if words == "fasttext" or scripts == "aware":
        found = page.once(counts)
        if scripts == "aware" and found.is_unspaced:
            return None
        if words == "fasttext":
            return found.fasttext_visible_words + found.line_breaks if punctuation else found.fasttext_words
    if words == "space":
        return page.once(counts).words if punctuation else page.once(_counted_space_words)
    return page.once(_unicode_words, NOT_BLANK if punctuation else ALNUM_FIRST)


def _counted_space_words(page: Page) -> int:
    """White-space words that begin with a letter or digit."""
    flags, _, _ = word_facts(page.utf8, *space_words(page.utf8))
    return int(np.count_nonzero(flags & BEGINS_ALNUM))


def _unicode_words(page: Page, which: int) -> int:
    starts, _ = unicode_words(page.utf8, which)
    return len(starts)


def unspaced_letters(page: Page) -> float | None:
    """See the definition."""
    found = page.once(counts)
    return found.unspaced_letters if found.is_unspaced else None


def mean_word_length(page: Page, scripts: Scripts = "aware") -> float | None:
    """See the definition."""
    found = page.once(counts)
    if scripts == "aware" and found.is_unspaced:
        return None
    return found.word_characters / found.words if found.words else 0.0


def symbol_ratio(page: Page, scripts: Scripts = "aware") -> float | None:
    """See the definition."""
    found = page.once(counts)
    words = found.unspaced_letters if scripts == "aware" and found.is_unspaced else found.words
    return found.symbols / words if words else 1.0


def non_alphabetic_words_ratio(page: Page) -> float | None:
    """See the definition."""
    found = page.once(counts)
    return (found.words - found.words_with_letter) / found.words if found.words else 1.0


def bullet_lines_ratio(page: Page) -> float | None:
    """See the definition."""
    lines, bullets, _ = page.once(_line_marks)
    return bullets / lines if lines else 0.0


def ellipsis_lines_ratio(page: Page) -> float | None:
    """See the definition."""
    lines, _, ellipses = page.once(_line_marks)
    return ellipses / lines if lines else 0.0


def _line_marks(page: Page) -> tuple[int, int, int]:
    """Lines, those that begin with a bullet, and those that end in an ellipsis."""
    lines = page.once(visible_lines)
    bullets, ellipses = _marks(page.utf8, lines.starts, lines.ends)
    return len(lines.starts), bullets, ellipses


@compiled
def _marks(text: Utf8, starts: Offsets, ends: Offsets) -> tuple[int, int]:
    bullets = ellipses = 0
    for line in range(starts.size):
        start, end = starts[line], ends[line]
        code, _width = decode(text, start)
        bullets += code in _BULLETS
        if text[end - 1] == _DOT:
            side_by_side = end - start >= 3 and text[end - 3] == _DOT and _is_dots(text, end - 3, 1)
            ellipses += side_by_side or (end - start >= 5 and text[end - 5] == _DOT and _is_dots(text, end - 5, 2))
        elif end - start >= 3:
            ellipses += text[end - 3] == 0xE2 and text[end - 2] == 0x80 and text[end - 1] == 0xA6
    return bullets, ellipses


MEASURES: Mapping[str, Callable[..., float | None]] = MappingProxyType(
    {
        "word_count": word_count,
        "unspaced_letters": unspaced_letters,
        "mean_word_length": mean_word_length,
        "symbol_ratio": symbol_ratio,
        "bullet_lines_ratio": bullet_lines_ratio,
        "ellipsis_lines_ratio": ellipsis_lines_ratio,
        "non_alphabetic_words_ratio": non_alphabetic_words_ratio,
        "stop_word_count": stop_word_count,
    }
)
