"""Measures: numbers measured on a page. Each function is the definition of one; a recipe's rule compares it to limits.

To add one: write a function of a page (further arguments have defaults and plain types) that returns a number, or None
where the signal does not exist for such a page, and name it in its module's `MEASURES`. Its compiled twin, where it has
one, bears the same name in `udfs.text.kernels`."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from udfs.text.measures import (
    c4,
    classifiers,
    fineweb,
    gopher,
    lengths,
    phrases,
    quality,
    recurrence,
    redpajama,
    redpajama_lines,
    redpajama_repetition,
    repetition,
    sampling,
    sentences,
    urls,
    word_lists,
)

Measure = Callable[..., float | None]
MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        **quality.MEASURES,
        **repetition.MEASURES,
        **lengths.MEASURES,
        **phrases.MEASURES,
        **gopher.MEASURES,
        **recurrence.MEASURES,
        **c4.MEASURES,
        **fineweb.MEASURES,
        **classifiers.MEASURES,
        **sampling.MEASURES,
        **sentences.MEASURES,
        **urls.MEASURES,
        **word_lists.MEASURES,
        **redpajama.MEASURES,
        **redpajama_lines.MEASURES,
        **redpajama_repetition.MEASURES,
    }
)
