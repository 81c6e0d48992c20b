"""Compiled twin of `udfs.text.measures.urls`.

They compare hashes (see `udfs.text.kernels.lists` on false matches), or walk over a tree of words;
a URL that is not ASCII takes the definition's way to its words."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

import numpy as np

from udfs.text.kernels.list_hashes import has_address, has_domain
from udfs.text.kernels.lists import address_hashes, bytes_of, domain_hashes
from udfs.text.kernels.measures.word_lists import MOST
from udfs.text.kernels.spans import Utf8
from udfs.text.kernels.word_trees import WORD, Tree, grown, letters, occurrences
from udfs.text.lists import Source, entries, source
from udfs.text.measures import urls as definitions
from udfs.text.measures.urls import address, published_domain, site, without
from udfs.text.page import Page


def listed_domain(
    page: Page,
    file: str = "",
    words: Sequence[str] = (),
    categories: Sequence[str] = (),
    parents: bool = True,
    faithful: bool = False,
    ignore: Sequence[str] = ("www",),
) -> float | None:
    """As the definition."""
    hashes = domain_hashes(source(file, words, categories), faithful)
    if faithful:
        return float(has_domain(hashes, bytes_of(published_domain(page.url, tuple(ignore))), False))
    return float(has_domain(hashes, page.once(_site), parents))


def listed_url(page: Page, file: str = "", words: Sequence[str] = (), categories: Sequence[str] = ()) -> float | None:
    """As the definition."""
    return float(has_address(address_hashes(source(file, words, categories)), page.once(_address)))


def listed_url_words(
    page: Page,
    file: str = "",
    words: Sequence[str] = (),
    ignore: Sequence[str] = (),
    whole_words: bool = False,
    case_sensitive: bool = False,
) -> float | None:
    """As the definition."""
    tree = _words_tree(source(file, words), whole_words, case_sensitive)
    if tree is None or not page.url.isascii():
        return definitions.listed_url_words(page, file, words, ignore, whole_words, case_sensitive)
    url = without(page.url if case_sensitive else page.url.lower(), ignore)
    codes = np.frombuffer(url.encode(), np.uint8).astype(np.int32)
    return float(occurrences(codes, *tree, *letters(), WORD * whole_words, whole_words, MOST)[1])


def _site(page: Page) -> Utf8:
    return bytes_of(site(page.url))


def _address(page: Page) -> Utf8:
    return bytes_of(address(page.url))


@lru_cache(maxsize=64)
def _words_tree(named: Source, whole_words: bool, case_sensitive: bool) -> Tree | None:
    """The list as a tree; None where a letter of it, like the long s, equals an ASCII letter for a regex that ignores
    case."""
    known = {entry if case_sensitive else entry.lower() for entry in entries(named)}
    odd = not case_sensitive and any(letter in entry for entry in known for letter in "ſıİ\u212a")
    return None if odd else grown(known, WORD * whole_words)


MEASURES: Mapping[str, Callable[..., float | None]] = MappingProxyType(
    {"listed_domain": listed_domain, "listed_url": listed_url, "listed_url_words": listed_url_words}
)
