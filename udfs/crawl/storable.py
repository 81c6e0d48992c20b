"""Bounds of what a row holds beside its text, for what a page or a file says of itself has none."""

import itertools

KEPT_HEADERS = 64  # a record with more headers keeps the first ones
NAME_CHARS = 100  # names of headers and kinds, languages
VALUE_CHARS = 1000  # values of headers, titles, record ids, details of losses
URL_CHARS = 8192  # a longer URL is null, for cut it would be the address of another page


def kept(headers: dict[str, str]) -> list[tuple[str, str]]:
    """The first headers as Arrow takes a map, bounded; of names that have become equal the last."""
    if headers and _are_plain(headers):
        return list(headers.items())
    first = itertools.islice(headers.items(), KEPT_HEADERS)
    return list({storable(name, NAME_CHARS): storable(value, VALUE_CHARS) for name, value in first}.items())


def _are_plain(headers: dict[str, str]) -> bool:
    """Whether headers can be kept as they are, as nearly all can."""
    everything = "".join((*headers, *headers.values()))
    return (
        everything.isascii()
        and "\0" not in everything
        and len(headers) <= KEPT_HEADERS
        and max(map(len, headers)) <= NAME_CHARS
        and max(map(len, headers.values())) <= VALUE_CHARS
    )


def storable(value: str, chars: int) -> str:
    """At most `chars` characters, without those that Arrow or a reader of the tables refuses."""
    cut = value[:chars].replace("\0", "\ufffd")
    return cut if cut.isascii() else cut.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def optional(value: str | None, chars: int) -> str | None:
    """The same, null where there is nothing."""
    return storable(value, chars) if value else None
