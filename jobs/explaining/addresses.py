"""How one URL is written in different ways by people who copy it."""

import re

_SCHEME = re.compile(r"https?://", re.IGNORECASE)


def spellings(url: str) -> tuple[str, ...]:
    """The URL as it is, and with each scheme, with and without `www.` and a slash at its end; the host in lower case,
    without the fragment. Nothing is fetched, and none of them is looked up as another page than this one."""
    given = url.partition("#")[0]
    rest = given[match.end() :] if (match := _SCHEME.match(given)) else given
    host, slash, path = rest.partition("/")
    bare = host.lower().removeprefix("www.") + slash + path
    ends = [bare] if "?" in bare else [bare.rstrip("/") + "/", bare.rstrip("/")]
    found = [f"{scheme}://{www}{end}" for end in ends for www in ("", "www.") for scheme in ("https", "http")]
    return tuple(dict.fromkeys((url, given, *found)))
