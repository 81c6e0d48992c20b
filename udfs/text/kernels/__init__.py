"""Compiled twins of the measures and cuts, over UTF-8 bytes. The definitions, in plain Python, are in
`udfs.text.measures` and `udfs.text.cuts`; tests hold the two equal.

A twin has the name and the arguments of its definition, and stands at the same place (`kernels.measures.gopher` for
`measures.gopher`). A compiled measure returns the same number, a compiled cut the same edits as `Spans`. Directly here
is what several of them need: words, lines, hashes, lists. Importing a kernel imports numba, so it is done when pages
are screened, not when settings are read."""

from collections.abc import Callable, Mapping

from udfs.text.kernels.spans import Spans


def compiled_measures() -> Mapping[str, Callable[..., float | None]]:
    """The compiled measures, by name."""
    from udfs.text.kernels.measures import MEASURES

    return MEASURES


def compiled_cuts() -> Mapping[str, Callable[..., Spans]]:
    """The compiled cuts, by name."""
    from udfs.text.kernels.cuts import CUTS

    return CUTS
