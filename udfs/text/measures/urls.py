"""Rules on a page's URL: lists of domains and URLs, and lists of words in the URL.

They are the steps 2 to 5 of DCLM's recipe (`url_substring_filter`, arXiv 2406.11794), which follow RefinedWeb (arXiv
2306.01116, appendix G.1); its domain list derives from UT1's blocklists. A page without a URL is on no list. What a
list may be says `udfs.text.lists`; every rule takes `file` or `words`."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from urllib.parse import urlsplit

from udfs.crawl.urls import HTTP_URL, host
from udfs.text.lists import Source, entries, source
from udfs.text.page import Page
from udfs.text.word_trees import tree_regex

LONGEST_URL = 2048  # characters of a URL that are compared with a list of URLs
_PREFIX_END = re.compile("[/?&=#;]|$")
_SCHEME = re.compile("^[a-z]+://")
_AUTHORITY = re.compile("[^/?#]*")


def listed_domain(
    page: Page,
    file: str = "",
    words: Sequence[str] = (),
    categories: Sequence[str] = (),
    parents: bool = True,
    faithful: bool = False,
    ignore: Sequence[str] = ("www",),
) -> float | None:
    """1 where the URL's host is in a list of domains, else 0. DCLM `url_substring_filter`
    (exact_domain_match): below 1.

    Case, port, user name, one leading `www.` and a final dot make no difference, on either side; with `parents` a
    listed `example.com` stands for all hosts under it, as UT1 means it.
    `faithful`: as DCLM compares. The URL's authority as it stands, lower-cased and with every string of `ignore`
    deleted from it, is an entry, lower-cased. So `www.example.com` becomes `.example.com` and is not found, a port or a
    subdomain is not either, but `wwwexample.com` is. (DCLM loses a page whose URL cannot be parsed; here it is 0.)
    """
    named = source(file, words, categories)
    if faithful:
        return float(published_domain(page.url, tuple(ignore)) in published_domains(named))
    names = parents_of(site(page.url)) if parents else iter([site(page.url)])
    return float(any(name in domains(named) for name in names))


def listed_url(page: Page, file: str = "", words: Sequence[str] = (), categories: Sequence[str] = ()) -> float | None:
    """1 where the URL begins with an entry of a list of URLs (host and path), else 0. UT1's lists `urls`: below 1.

    Without scheme, port, `www.`, a final slash and case on either side; an entry ends where the URL ends or before one
    of `/?&=#;`, so `example.com/a` stands for `example.com/a/b` but not for `example.com/ab`. Looks at 2,048
    characters.
    """
    known = urls(source(file, words, categories))
    return float(any(start in known for start in prefixes_of(address(page.url))))


def listed_url_words(
    page: Page,
    file: str = "",
    words: Sequence[str] = (),
    ignore: Sequence[str] = (),
    whole_words: bool = False,
    case_sensitive: bool = False,
) -> float | None:
    """How many different entries of a word list the URL contains, after the strings of `ignore` are deleted from it.

    DCLM `url_substring_filter`: below 1; for the list of "soft" words below 2. An entry repeated counts once, and where
    entries overlap the first and longest counts. `whole_words` asks for word boundaries (regex `\\b`; `_` is a letter).
    """
    url = without(page.url if case_sensitive else page.url.lower(), ignore)
    return float(len(set(words_regex(source(file, words), whole_words, case_sensitive).findall(url))))


def without(url: str, ignore: Sequence[str]) -> str:
    """`url` with every occurrence of the strings deleted, one string after the other."""
    for part in ignore:
        url = url.replace(part, "")
    return url


def published_domain(url: str, ignore: tuple[str, ...]) -> str:
    """What DCLM looks up; "" where the URL cannot be parsed."""
    try:
        return without(urlsplit(url).netloc.lower(), ignore)
    except ValueError:
        return ""


def site(url: str) -> str:
    """Host of a URL as lists are compared: lower case, punycode, without port, final dot and one leading `www.`."""
    return _without_www(host(url))


def _without_www(name: str) -> str:
    rest = name.removeprefix("www.")
    return rest if "." in rest else name  # www.com is a domain


def parents_of(name: str) -> Iterator[str]:
    """A host's name and those of the domains above it: `a.b.c`, `b.c`, `c`."""
    while name:
        yield name
        name = name.partition(".")[2]


def listed_name(entry: str) -> str:
    """An entry of a list of domains as `site` writes hosts; a leading dot or `*.` makes no difference."""
    name = entry.strip().lower().lstrip("*.").rstrip(".")
    return _without_www(name if name.isascii() else host(f"http://{name}"))


def address(url: str) -> str:
    """A URL as lists of URLs are compared: host and what follows, lower-cased, without scheme, port, `www.` and final
    slash; "" where it has no host."""
    url = url.strip()
    match, name = HTTP_URL.match(url), site(url)
    return (name + url[match.end(1) :].lower()).rstrip("/")[:LONGEST_URL] if match and name else ""


def listed_address(entry: str) -> str:
    """An entry of a list of URLs as `address` writes URLs."""
    entry = _SCHEME.sub("", entry.strip().lower())
    authority = _AUTHORITY.match(entry)
    end = authority.end() if authority else 0
    return (listed_name(entry[:end].partition(":")[0]) + entry[end:]).rstrip("/")


def prefixes_of(text: str) -> Iterator[str]:
    """The beginnings of an address that an entry may be."""
    return (text[: end.start()] for end in _PREFIX_END.finditer(text) if end.start())


@lru_cache(maxsize=8)
def published_domains(named: Source) -> frozenset[str]:
    """The entries as DCLM compares them."""
    return frozenset(entry.lower() for entry in entries(named, "domain"))


@lru_cache(maxsize=8)
def domains(named: Source) -> frozenset[str]:
    """The entries as `site` writes hosts."""
    return frozenset(map(listed_name, entries(named, "domain"))) - {""}


@lru_cache(maxsize=8)
def urls(named: Source) -> frozenset[str]:
    """The entries as `address` writes URLs."""
    return frozenset(map(listed_address, entries(named, "url"))) - {""}


@lru_cache(maxsize=64)
def words_regex(named: Source, whole_words: bool, case_sensitive: bool) -> re.Pattern[str]:
    """A pattern that finds the entries, the longest one at each place."""
    known = {entry if case_sensitive else entry.lower() for entry in entries(named)}
    edge = r"\b" if whole_words else ""
    return re.compile(edge + tree_regex(known) + edge, 0 if case_sensitive else re.IGNORECASE)


MEASURES: Mapping[str, Callable[..., float | None]] = MappingProxyType(
    {"listed_domain": listed_domain, "listed_url": listed_url, "listed_url_words": listed_url_words}
)
