"""URLs, e-mail addresses, bare domains and IPv4 addresses in a text.

The regular expressions are those of DCLM `url_removal_modifier` (step 6 of `dclm_baseline_refinedweb.yaml`). The
compiled twin does without regular expressions and is linear; this definition takes quadratic time on a long run of
address characters."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType

from udfs.text.edits import Edit, apply, compose
from udfs.text.iana_tlds import as_published, with_punycode
from udfs.text.page import Page
from udfs.text.word_trees import tree_regex

_SCHEME = "(?:(?:https?|ftp)://)?"
_REST = r"[-a-zA-Z0-9()@:%_+.~#?&/=]*"
_NUMBER = "[0-2]?[0-9]{1,2}"
_IPV4 = re.compile(rf"\s{{0,10}}\b{_SCHEME}(?:{_NUMBER}\.){{3}}{_NUMBER}{_REST}")


def urls(page: Page, faithful: bool = False) -> Iterator[tuple[int, int, str]]:
    """Delete what looks like a URL, e-mail address or domain that ends in the name of a top-level domain, and then what
    looks like an IPv4 address (also a version such as 1.2.3.4), each with up to 10 characters of white space before it.

    Top-level domains are lower-case: after a full stop that lacks its space, as in `the end.It is`, stands no domain.
    Before the last full stop stand ASCII characters only, so `пример.рф` is not found.
    `faithful`: as DCLM runs it. The first part is skipped unless the text begins, in any case, with the letters of some
    top-level domain ("This", "See" do, "Hello", "A" do not), and names of other scripts are found as its list has them.
    """
    edits: tuple[Edit, ...] = ()
    if not faithful or begins_with_tld(page.text):
        edits = _deleted(url_regex(faithful), page.text)
    edits = compose(edits, _deleted(_IPV4, apply(page.text, edits)))
    return ((edit.start, edit.end, edit.replacement) for edit in edits)


def begins_with_tld(text: str) -> bool:
    """DCLM's pre-check: whether the first letters of the text, in any case, are those of a top-level domain."""
    return _first_letters().match(text) is not None


def _deleted(pattern: re.Pattern[str], text: str) -> tuple[Edit, ...]:
    return tuple(Edit(*match.span(), "", "urls") for match in pattern.finditer(text))


@lru_cache(maxsize=2)
def url_regex(faithful: bool) -> re.Pattern[str]:
    """`faithful`: with the names as published, and `\\b` behind them, which also wants a letter behind a name that ends
    in a combining mark."""
    names: Iterable[str] = as_published() if faithful else with_punycode()
    end = r"\b" if faithful else r"(?!\w)"
    return re.compile(rf"\s{{0,10}}{_SCHEME}[-a-zA-Z0-9@:%._+~#=]{{1,256}}\.{tree_regex(names)}{end}{_REST}")


@lru_cache(maxsize=1)
def _first_letters() -> re.Pattern[str]:
    return re.compile(tree_regex(as_published()), re.IGNORECASE)


CUTS: Mapping[str, Callable[..., Iterator[tuple[int, int, str]]]] = MappingProxyType({"urls": urls})
