"""What fastText models say about a page: probability of accepted languages, probability of a class.

Not here: the language that every screened page is given (`udfs.text.language`), and how a model is trained."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from string import punctuation
from types import MappingProxyType
from typing import Any

import fasttext

from udfs.text import language
from udfs.text.page import Page

_NO_LETTERS = frozenset(punctuation + " ")


def language_probability(page: Page, languages: tuple[str, ...] = (), faithful: bool = False) -> float | None:
    """Probability of the page's language, 0 where that is none of `languages` (ISO 639-1; none listed: any).

    DCLM `detect_lang_whole_page_enricher` (fasttext) and `language_filter`: p(en) > 0.65, strictly. As published, line
    breaks are deleted, so that words of two lines become one, the whole text is looked at, and a text of ASCII
    punctuation and spaces has no language; corrected, a line break is read as a space."""
    found, probability = page.once(_as_published) if faithful else page.detected
    return probability if not languages or found in languages else 0.0


def fasttext_probability(page: Page, model: str, against: str = "__label__cc") -> float | None:
    """Probability that the text is not of the class `against`, by the fastText model in the file `model`: that of the
    most probable label, or 1 minus it where that is `against`.

    DCLM `classify_fasttext_hq_prob_enricher`; its `quality_filter` keeps at_least 0.018112, which is the best tenth
    of its corpus (arXiv 2406.11794, section 4.4). Lines are joined with a space. Raises ValueError where the file is no
    model."""
    labels, probabilities = _model(model).predict(" ".join(page.text.strip().splitlines()))
    if not labels:
        return None
    probability = float(probabilities[0])
    return 1 - probability if labels[0] == against else probability


def _as_published(page: Page) -> tuple[str, float]:
    if _NO_LETTERS.issuperset(page.text):
        return "", 0.0
    model = language.load(page.language_settings.model)
    found = model.f.predict(page.text.replace("\n", ""), 1, 0.0, "strict")
    return (found[0][1].removeprefix("__label__"), float(found[0][0])) if found else ("", 0.0)


@lru_cache(maxsize=4)
def _model(path: str) -> Any:
    """The model of this process; its file may be gigabytes (DCLM's is 2.4 GB), so each worker holds one."""
    if not Path(path).is_file():
        raise ValueError(f"there is no fastText model {path}; name a file that every executor sees under this path")
    try:
        return fasttext.load_model(path)
    except (ValueError, RuntimeError, MemoryError) as error:
        raise ValueError(f"{path} is no fastText model ({error}); name another file") from error


MEASURES: Mapping[str, Callable[..., float | None]] = MappingProxyType(
    {"language_probability": language_probability, "fasttext_probability": fasttext_probability}
)
