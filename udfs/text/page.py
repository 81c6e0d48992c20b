"""A page's text with what several rules need of it (words, lines, language), each part computed at most once and only
when asked for.

A page has its text in two forms, as `str` for the definitions and as UTF-8 bytes for the kernels; either is made from
the other when it is first asked for. Offsets and parts are those of this text. A step that changes the text makes a
new page.
"""

import re
from collections.abc import Callable
from functools import cached_property
from typing import Any, Literal, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from udfs.text.language import DEFAULTS, LanguageSettings, detect
from udfs.text.scripts import UNSPACED
from udfs.text.words import unicode_words

# fastText ends a word at these seven bytes only, so U+00A0 or U+3000 inside a word do not end it (fastText,
# dictionary.cc).
_FASTTEXT_WORD = re.compile("[^ \n\r\t\v\f\0]+")

Words = Literal["fasttext", "unicode", "space"]
Utf8 = NDArray[np.uint8]
T = TypeVar("T")


class Page:
    """One text at one place of a recipe."""

    def __init__(
        self,
        text: str | Utf8,
        languages: tuple[str, ...] = (),
        language_settings: LanguageSettings = DEFAULTS,
        url: str = "",
    ) -> None:
        """`text` without lone surrogates, or its UTF-8; `languages` are the accepted ones, none stands for all."""
        if isinstance(text, str):
            self.text = text
        else:
            self.utf8 = text
        self.languages = languages
        self.language_settings = language_settings
        self.url = url
        self.past: dict[str, float] = {}  # signals of the steps before, by name of step
        self._parts: dict[tuple[Any, ...], Any] = {}

    def edited(self, text: str | Utf8) -> Self:
        """The page with another text. A language that is known already is kept: detecting it is the dearest measure of
        all."""
        page = type(self)(text, self.languages, self.language_settings, self.url)
        page.past = self.past
        if self.language_is_known:
            page.detected = self.detected
        return page

    def once(self, part: Callable[..., T], *arguments: Any) -> T:
        """`part(page, *arguments)`, computed at the first call and kept: what several rules share of this text."""
        key = (part, *arguments)
        if key not in self._parts:
            self._parts[key] = part(self, *arguments)
        found: T = self._parts[key]
        return found

    @cached_property
    def text(self) -> str:
        """The text."""
        return self.utf8.tobytes().decode()

    @cached_property
    def utf8(self) -> Utf8:
        """The text's bytes, shape (bytes,)."""
        return np.frombuffer(self.text.encode(), np.uint8)

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing but white space."""
        start = self.utf8[:64].tobytes().lstrip()
        return not (start and 32 < start[0] < 127) and not self.text.strip()

    @cached_property
    def detected(self) -> tuple[str, float]:
        """Language and probability."""
        return detect(self.utf8, self.language_settings)

    @property
    def language_is_known(self) -> bool:
        """Whether a step has asked for the language yet."""
        return "detected" in self.__dict__

    @cached_property
    def words(self) -> list[str]:
        """Maximal runs without Unicode white space, as most published rules cut words."""
        return self.text.split()

    @cached_property
    def fasttext_words(self) -> list[str]:
        """Words as fastText cuts them, without its end-of-line marks."""
        return _FASTTEXT_WORD.findall(self.text)

    @cached_property
    def unicode_words(self) -> list[str]:
        """Words by Unicode's word boundaries (UAX-29), white space and punctuation among them."""
        return unicode_words(self.text)

    def words_by(self, kind: Words) -> list[str]:
        """The words as fastText cuts them, by Unicode's word boundaries, or at white space."""
        if kind == "space":
            return self.words
        return self.fasttext_words if kind == "fasttext" else self.unicode_words

    @cached_property
    def lines(self) -> list[str]:
        """Lines cut at U+000A, stripped, empty ones left out."""
        return [stripped for line in self.text.split("\n") if (stripped := line.strip())]

    @cached_property
    def unspaced_letters(self) -> int:
        """How many characters belong to scripts that put no space between words."""
        return 0 if self.text.isascii() else len(UNSPACED.findall(self.text))

    @cached_property
    def is_unspaced(self) -> bool:
        """Whether most of the characters (white space left out) are of scripts without spaces, so that words cannot be
        counted."""
        letters = self.unspaced_letters
        return letters > 0 and letters > 0.5 * sum(map(len, self.words))
