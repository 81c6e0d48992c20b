"""Which language a page is asked about in: Chinese for Chinese, English for all others. DataMan has raters for both."""

import re
from collections.abc import Callable, Mapping, Sequence

from pydantic import Field

from udfs.models.dataman.registry import Language
from udfs.models.rater import Rating
from udfs.settings import Section

LanguageRater = Callable[[list[str], Sequence[str | None] | None], list[Rating | str]]

_REST = re.compile(r"[-_.@ ].*", re.DOTALL)


class RoutingSettings(Section):
    """How languages of pages become languages of requests."""

    chinese: tuple[str, ...] = Field(
        ("zh", "zho", "chi", "cmn", "yue", "wuu", "hak", "nan", "gan", "hsn", "cjy", "lzh"),
        description="language codes of pages that are asked about in Chinese; what follows a hyphen does not matter",
    )


def request_language(code: str | None, settings: RoutingSettings) -> Language:
    """The language to ask in about a page whose language has this ISO 639 code, with or without script and country
    (`zh-Hans`, `cmn_Hani`); English where there is none."""
    return "zh" if _REST.sub("", (code or "").strip()).lower() in settings.chinese else "en"


class RoutedRater:
    """Rates each text with the model for its language: that of the language it is asked about in, else the other one.

    Raises ValueError where there is no model.
    """

    def __init__(self, raters: Mapping[Language, LanguageRater], settings: RoutingSettings) -> None:
        if not raters:
            raise ValueError("found no DataMan rater, expected one for en, for zh or for both; name a model's folder.")
        self._raters, self._settings = dict(raters), settings

    def __call__(self, texts: list[str], languages: Sequence[str | None] | None = None) -> list[Rating | str]:
        """A rating of each text, or why there is none; `languages`: ISO codes, one a text."""
        codes = list(languages) if languages is not None else [None] * len(texts)
        wanted = [self._of(code) for code in codes]
        found: dict[int, Rating | str] = {}
        for language in self._raters:
            rows = [row for row, one in enumerate(wanted) if one == language]
            if rows:
                ratings = self._raters[language]([texts[row] for row in rows], [codes[row] for row in rows])
                found |= zip(rows, ratings, strict=True)
        return [found[row] for row in range(len(texts))]

    def _of(self, code: str | None) -> Language:
        language = request_language(code, self._settings)
        return language if language in self._raters else next(iter(self._raters))
