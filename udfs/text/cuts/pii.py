"""Personal data, masked: e-mail and IP addresses. Each kind is a cut of its own, so that a recipe names those it wants
and every edit says why it was made.

`masks` are written in the place of what is found, in turn within a page (published recipes write made-up addresses:
FineWeb, arXiv 2406.17557, two e-mail and six IPv4 addresses; datatrove `PIIFormatter`). No masks: what is found is
deleted.

Only ASCII letters, digits and `_` are part of a word here, so that Chinese right beside an address does not hide it.
Not here: numbers (`pii_numbers`, `pii_phones`), names and postal addresses, which need a model.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import cycle
from types import MappingProxyType
from typing import Literal

from udfs.text.page import Page

Edits = Iterator[tuple[int, int, str]]
Which = Literal["public", "all"]

# Characters of an address before the @: of what RFC 5322 allows those in use, and Latin letters with accents.
_LOCAL = "".join(map(chr, range(128))).translate({i: None for i in range(128) if not re.match(r"[\w.%+&'-]", chr(i))})
_LOCAL += "".join(map(chr, range(0xC0, 0x240)))
_DOMAIN = re.compile("[A-Za-z0-9.-]*")
_TOP_DOMAIN = re.compile("[A-Za-z]{2,24}")
IMAGE_SUFFIXES = frozenset({"png", "jpg", "jpeg", "gif", "svg", "webp"})  # icon@2x.png

_BYTE = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
# Not a part of a longer number, of a file name or of `Chrome/90.0.4.1`.
_IPV4 = re.compile(
    rf"(?<![A-Za-z0-9_.])(?<![A-Za-z_.][-/]){_BYTE}(?:\.{_BYTE}){{3}}(?![A-Za-z0-9_]|\.[A-Za-z0-9_]|-[A-Za-z_])"
)
_IPV6 = re.compile("[0-9A-Fa-f:]{6,}")
# Words before a number with three dots that is no address.
_VERSION_WORDS = (
    "v ver vers version versions release rel build firmware fw rev revision update patch section sec chapter clause "
    "paragraph para article annex appendix figure fig table step item rule § §§ abschnitt kapitel chapitre capitolo "
    "sección versión versione versão wersja versie версия версии глава пункт 版本"
)
OUTLINE = 20  # of versions and section numbers three are mostly lower, of addresses in one of 550
SEPARATORS = " \xa0\t\n:：.#=(*|-"


def masked(spans: Iterable[tuple[int, int]], masks: Sequence[str]) -> Edits:
    """The edits that write `masks` in turn over `spans`."""
    for (start, end), mask in zip(spans, cycle(masks or ("",)), strict=False):
        yield start, end, mask


def ascii_lower(word: str) -> str:
    """`word` with its ASCII letters in lower case."""
    return "".join(c.lower() if c.isascii() else c for c in word)


def in_all_cases(words: str) -> frozenset[str]:
    """The words of a list as `word_before` finds them: small, with a capital, or in capitals."""
    forms = (form for word in words.split() for form in (word, word.capitalize(), word.upper()))
    return frozenset(map(ascii_lower, forms))


VERSION_WORDS = in_all_cases(_VERSION_WORDS)


def word_before(text: str, start: int) -> tuple[str, int]:
    """The word before `text[start]` in lower case (ASCII only), and where it begins.

    Up to six separators may stand between; letters are the ASCII ones and all characters beyond ASCII but separators.
    """
    end = start
    while end > max(start - 6, 0) and text[end - 1] in SEPARATORS:
        end -= 1
    begin = end
    while begin > max(end - 40, 0) and _is_letter(text[begin - 1]):
        begin -= 1
    return ascii_lower(text[begin:end]), begin


def _is_letter(character: str) -> bool:
    return character.isalpha() if character.isascii() else character not in SEPARATORS


def email_addresses(page: Page, masks: Sequence[str] = ("[EMAIL]",)) -> Edits:
    """E-mail addresses: up to 64 characters of a mailbox, `@`, and a domain whose last label is of letters.

    Left alone: mailboxes in quotes, domains of one label or with letters beyond ASCII, and names of image files.
    """
    yield from masked(_emails(page.text), masks)


def _emails(text: str) -> Iterator[tuple[int, int]]:
    done, at = 0, text.find("@")
    while at >= 0:
        start, end = _mailbox_start(text, at, done), _domain_end(text, at + 1)
        if start < at and end > at + 1:
            yield start, end
            done = end
        at = text.find("@", at + 1)


def _mailbox_start(text: str, at: int, done: int) -> int:
    """Where the mailbox before `text[at]` begins; `at` where there is none."""
    before = text[max(done, at - 65) : at]
    mailbox = before[len(before.rstrip(_LOCAL)) :].rpartition("..")[2]
    if len(mailbox) > 64 or mailbox.endswith("."):
        return at
    return at - len(mailbox.lstrip(".%+&'-"))


def _domain_end(text: str, start: int) -> int:
    """Where the longest domain at `start` ends; `start` where there is none."""
    end = place = start
    run = _DOMAIN.match(text, start, start + 253)
    for number, label in enumerate(run.group().split(".") if run else ()):
        whole = label.rstrip("-")
        if not whole or whole[0] == "-" or len(whole) > 63:
            break
        place += len(whole)
        if number and _TOP_DOMAIN.fullmatch(whole) and whole.lower() not in IMAGE_SUFFIXES:
            end = place
        if whole != label:
            break
        place += 1
    return end


def ipv4_addresses(page: Page, masks: Sequence[str] = ("[IP_ADDRESS]",), which: Which = "public") -> Edits:
    """IPv4 addresses in dotted form; `public` leaves alone what no host on the internet has (IANA's special-purpose
    registry and multicast).

    Left alone: numbers behind a word such as `version` or `section`, in file names or product/version, and public ones
    with three numbers below 20, which are mostly versions and section numbers.
    """
    yield from masked(_ipv4(page.text, which), masks)


def _ipv4(text: str, which: Which) -> Iterator[tuple[int, int]]:
    for found in _IPV4.finditer(text):
        a, b, c, d = map(int, found.group().split("."))
        public = is_public_v4(a, b, c)
        if (which == "public" and not public) or (public and sorted((a, b, c, d))[2] < OUTLINE):
            continue
        if word_before(text, found.start())[0] not in VERSION_WORDS:
            yield found.span()


def is_public_v4(a: int, b: int, c: int) -> bool:
    """Whether an address that begins with these three numbers can be a host's on the internet."""
    return not (
        a in {0, 10, 127}
        or a >= 224
        or (a == 100 and 64 <= b < 128)
        or (a, b) in {(169, 254), (192, 168), (198, 18), (198, 19)}
        or (a == 172 and 16 <= b < 32)
        or (a, b, c) in {(192, 0, 0), (192, 0, 2), (192, 88, 99), (198, 51, 100), (203, 0, 113)}
    )


def ipv6_addresses(page: Page, masks: Sequence[str] = ("[IP_ADDRESS]",), which: Which = "public") -> Edits:
    """IPv6 addresses, with or without `::`; `public` leaves alone special ones (IANA's registry: link-local, private,
    documentation, multicast, ...).

    Left alone: times and hardware addresses, `a::b` of program code (shortened addresses must have a digit and three
    groups, or two of which the first is full). An IPv4 address at the end is `ipv4_addresses`' matter.
    """
    yield from masked(_ipv6(page.text, which), masks)


def _ipv6(text: str, which: Which) -> Iterator[tuple[int, int]]:
    for found in _IPV6.finditer(text):
        start, end = found.span()
        run = found.group()
        if run[0] == ":" != run[1]:  # a colon of the sentence
            start += 1
        elif start and (text[start - 1] in "_." or (text[start - 1].isascii() and text[start - 1].isalpha())):
            continue
        if run[-1] == ":" != run[-2]:
            end -= 1
        elif re.match(r"[A-Za-z0-9_]|\.[0-9]", text[end : end + 2]):
            continue
        groups = text[start:end].split(":") if end - start <= 39 else []
        if _is_v6(groups) and (which == "all" or is_public_v6(*_first_two(groups))):
            yield start, end


def _is_v6(groups: list[str]) -> bool:
    """Whether text between colons makes an address that is no time, hardware address or program code."""
    filled = [group for group in groups if group]
    if not filled or max(map(len, filled)) > 4:
        return False
    if len(filled) == len(groups):
        return len(groups) == 8 and max(map(len, groups)) >= 3
    return (
        ":".join(groups).count("::") == 1
        and ":::" not in ":".join(groups)
        and len(filled) <= 7
        and any(c.isdecimal() for group in filled for c in group)
        and (len(filled) >= 3 or (len(filled) == 2 and len(groups[0]) == 4))
    )


def _first_two(groups: list[str]) -> tuple[int, int]:
    first = int(groups[0] or "0", 16)
    return first, int(groups[1] or "0", 16) if groups[0] else 0


def is_public_v6(first: int, second: int) -> bool:
    """Whether an address that begins with these two groups can be a host's on the internet."""
    return not (
        first in {0, 0x64, 0x100, 0x5F00}
        or (first == 0x2001 and (second < 0x200 or second == 0xDB8))
        or (first == 0x3FFF and second < 0x1000)
        or 0xFC00 <= first < 0xFE00
        or first >= 0xFE80
    )


CUTS: Mapping[str, Callable[..., Edits]] = MappingProxyType(
    {"email_addresses": email_addresses, "ipv4_addresses": ipv4_addresses, "ipv6_addresses": ipv6_addresses}
)
