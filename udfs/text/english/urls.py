"""What spaCy's tokeniser takes for a URL, and so does not cut.

The pattern is Diego Perini's (https://gist.github.com/dperini/729294, MIT licence) as spaCy changed it: scheme and user
may be absent, the last name of a host is of small letters and may be of any script, so `end.of` is a URL too. Read here
in one pass over the characters, for run after run of letters, instead of by a regular expression. It does not say
whether a URL is valid: `udfs.crawl.urls` does.
"""

import re

from udfs.text.english.exceptions import LOWER

_SCHEME = re.compile(r"[\w+.-]{2,}://")
_LABEL = re.compile("[A-Za-z0-9_\u00a1-\uffff-]*")
_LONGEST_LABEL = 64
_SHORTEST_TOP_NAME, _LONGEST_TOP_NAME = 2, 63
_NUMBERS = re.compile(r"([1-9]\d{0,2})\.(\d{1,3})\.(\d{1,3})\.([1-9]\d{0,2})")
_FIRST = re.compile(r"[1-9]\d?|1\d\d|2[01]\d|22[0-3]")
_MIDDLE = re.compile(r"1?\d{1,2}|2[0-4]\d|25[0-5]")
_LAST = re.compile(r"[1-9]\d?|1\d\d|2[0-4]\d|25[0-4]")
_PORT = re.compile(r":\d{2,5}")


def is_url(run: str) -> bool:
    """Whether `run`, which has no white space, is a URL or a host as a whole."""
    if "." not in run:
        return False
    scheme = _SCHEME.match(run)
    starts = {0, scheme.end() if scheme else 0, *(i + 1 for i in range(1, len(run)) if run[i] == "@")}
    return any(_host_fits(run, start) for start in starts)


def _host_fits(run: str, start: int) -> bool:
    """Whether a host starts at `start`, and after it nothing but a port, a path, a query or a fragment."""
    numbers = _NUMBERS.match(run, start)
    if numbers and _is_public(*numbers.groups()) and _tail_fits(run, numbers.end()):
        return True
    at = start
    while True:
        label_end = _label_end(run, at)
        if run[label_end : label_end + 1] != "." or not _is_label(run[at:label_end]):
            return at > start and _top_name_fits(run, at)
        at = label_end + 1


def _label_end(run: str, at: int) -> int:
    label = _LABEL.match(run, at)
    return label.end() if label else at


def _is_label(label: str) -> bool:
    return 0 < len(label) <= _LONGEST_LABEL and label[0] not in "-_" and label[-1] not in "-_"


def _top_name_fits(run: str, at: int) -> bool:
    end = at
    while end < len(run) and run[end] in LOWER:
        end += 1
    return _SHORTEST_TOP_NAME <= end - at <= _LONGEST_TOP_NAME and _tail_fits(run, end)


def _is_public(first: str, second: str, third: str, last: str) -> bool:
    """Whether four numbers are an address of the public network, after the pattern's own ranges."""
    if first in ("10", "127") or (first, second) in (("169", "254"), ("192", "168")):
        return False
    if first == "172" and re.fullmatch(r"1[6-9]|2\d|3[0-1]", second):
        return False
    ranges = ((_FIRST, first), (_MIDDLE, second), (_MIDDLE, third), (_LAST, last))
    return all(pattern.fullmatch(number) for pattern, number in ranges)


def _tail_fits(run: str, at: int) -> bool:
    port = _PORT.match(run, at)
    end = port.end() if port else at
    return end == len(run) or run[end] in "/?#"
