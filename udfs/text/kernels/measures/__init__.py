"""The compiled twins of `udfs.text.measures`, by name in `MEASURES`."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from udfs.text.kernels.measures import (
    c4,
    fineweb,
    gopher,
    lengths,
    quality,
    recurrence,
    redpajama,
    redpajama_lines,
    redpajama_repetition,
    repetition,
    urls,
    word_lists,
)

MEASURES: Mapping[str, Callable[..., float | None]] = MappingProxyType(
    {
        **quality.MEASURES,
        **repetition.MEASURES,
        **lengths.MEASURES,
        **gopher.MEASURES,
        **recurrence.MEASURES,
        **c4.MEASURES,
        **fineweb.MEASURES,
        **urls.MEASURES,
        **word_lists.MEASURES,
        **redpajama.MEASURES,
        **redpajama_lines.MEASURES,
        **redpajama_repetition.MEASURES,
    }
)
