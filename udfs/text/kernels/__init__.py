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
    return {}


@cache
def cuts() -> dict[str, Callable[..., Spans]]:
    """The compiled cuts, by name."""
    return {}
