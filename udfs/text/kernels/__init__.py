"""Compiled twins of the measures and cuts, over UTF-8 bytes. The definitions, in plain Python, are in
`udfs.text.measures` and `udfs.text.cuts`; tests hold the two equal.

A twin has the name and the arguments of its definition. A compiled measure returns the same number, a compiled cut the
same edits as `Spans`. Importing a kernel imports numba, so it is done when pages are screened, not when settings are
read."""

from collections.abc import Callable
from functools import cache

from udfs.text.kernels.spans import Spans


@cache
def measures() -> dict[str, Callable[..., float | None]]:
    """The compiled measures, by name."""
    from udfs.text.kernels import (
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

    return {
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


@cache
def cuts() -> dict[str, Callable[..., Spans]]:
    """The compiled cuts, by name."""
    from udfs.text.kernels import (
        c4_cuts,
        lines,
        newlines,
        phrases,
        pii,
        pii_addresses,
        pii_numbers,
        pii_phones,
        repeats,
        urls,
    )

    return {
        **newlines.CUTS,
        **lines.CUTS,
        **phrases.CUTS,
        **repeats.CUTS,
        **c4_cuts.CUTS,
        **urls.CUTS,
        **pii.CUTS,
        **pii_addresses.CUTS,
        **pii_numbers.CUTS,
        **pii_phones.CUTS,
    }
