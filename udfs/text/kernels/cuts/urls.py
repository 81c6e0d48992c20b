"""Compiled twin of `udfs.text.cuts.urls`, in linear time on every text."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType

from udfs.text.cuts.urls import begins_with_tld
from udfs.text.iana_tlds import as_published, with_punycode
from udfs.text.kernels.edits import apply, compose
from udfs.text.kernels.spans import NOTHING, Spans, edits_of
from udfs.text.kernels.url_spans import ipv4_spans, url_spans
from udfs.text.kernels.word_trees import Tree, grown
from udfs.text.page import Page

_HEAD_BYTES = 80  # hold more characters than any name of a top-level domain has


def urls(page: Page, faithful: bool = False) -> Spans:
    """As the definition."""
    first = Spans(NOTHING, NOTHING)
    if not faithful or begins_with_tld(page.utf8[:_HEAD_BYTES].tobytes().decode("utf-8", "ignore")):
        names = _names(faithful)
        first = Spans(*url_spans(page.utf8, names.keys, names.nodes, names.ends, faithful))
    if not len(first.starts):
        return Spans(*ipv4_spans(page.utf8))
    edits = edits_of(first, 0)
    second = Spans(*ipv4_spans(apply(page.utf8, edits)))
    if not len(second.starts):
        return first
    both = compose(edits, edits_of(second, 0))
    return Spans(both.starts, both.ends)


@lru_cache(maxsize=2)
def _names(faithful: bool) -> Tree:
    return grown(as_published() if faithful else with_punycode())


CUTS: Mapping[str, Callable[..., Spans]] = MappingProxyType({"urls": urls})
