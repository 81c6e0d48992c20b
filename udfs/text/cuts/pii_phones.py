"""Personal data, masked: telephone numbers. Better one missed than a price, date or product number masked.

A number is groups of ASCII digits, some in round brackets, with at most one space, no-break space, dot, hyphen or slash
between. Which forms of it are taken for telephone numbers is an argument; none is taken for a country's number unless
it has a `+` or the argument says so. `masks` as in `udfs.text.cuts.pii`.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Literal, NamedTuple

from udfs.text.cuts.pii import Edits, in_all_cases, masked, word_before
from udfs.text.page import Page

Form = Literal["international", "labelled", "north_american", "european"]

_RUN = re.compile("[0-9]+")
_GROUP = re.compile(r"\([0-9]{1,5}\)|[0-9]{1,16}")
_NEXT_GROUP = re.compile(r"[ \xa0./-]?(?:\([0-9]{1,5}\)|[0-9]{1,16})")
MOST_GROUPS = 8
_NORTH_AMERICAN = re.compile(
    r"(?:1[ .-])?(?:\([2-9][0-9]{2}\) ?[2-9][0-9]{2}[ .-][0-9]{4}|[2-9][0-9]{2}([ .-])[2-9][0-9]{2}\1[0-9]{4})"
)
_PHONE_WORDS = (
    "phone phones telephone tel tels fax mobile cell cellphone call whatsapp sms hotline helpline pager "
    "telefon telefone telefono telefoon telefax téléphone tél teléfono telefón móvil handy mobil mobiltelefon festnetz "
    "portable celular cellulare telemóvel mobiel komórka kom puhelin telefonnummer rufnummer "
    "тел телефон телефоны факс моб τηλ τηλέφωνο 전화 टेलीफोन هاتف"
)
_HAN_WORDS = "电话 電話 手机 手機 热线 熱線 专线 專線 传真 傳真"
HAN_WORDS = frozenset(_HAN_WORDS.split())  # at the end of a run of Han
PHONE_WORDS = in_all_cases(_PHONE_WORDS)
_LINK_WORDS = "at on us me our is to the now today number numbers no nr num line desk or free toll office home work"
LINK_WORDS = frozenset(_LINK_WORDS.split())  # may stand between a word of the first list and the number
MOST_LINKS = 3


class _Number(NamedTuple):
    """A number as it is written."""

    sizes: list[int]  # digits of each group
    end: int
    more: bool  # whether groups follow that were too many or made it too long

    @property
    def digits(self) -> int:
        return sum(self.sizes)


def phone_numbers(
    page: Page, masks: Sequence[str] = ("[PHONE]",), forms: Sequence[Form] = ("international", "labelled")
) -> Edits:
    """Telephone numbers of the given forms.

    `international`: `+`, then 9 to 15 digits (11 after +1). `labelled`: 7 to 15 digits behind a word such as `phone`,
    `Tel.:` or `call us at`, in many languages. `north_american`: 555-234-5678, (555) 234-5678, with `1-` before it
    or not. `european`: 9 to 11 digits that begin with 0, or 11 to 15 with 00, in two groups or more. Left alone: dates,
    decimal numbers, parts of longer numbers, of words and of paths.
    """
    yield from masked(_phones(page.text, frozenset(forms)), masks)


def _phones(text: str, forms: frozenset[str]) -> Iterator[tuple[int, int]]:
    done = 0
    for run in _RUN.finditer(text):
        if run.start() < done:
            continue
        for form, find in _FORMS.items():
            start, end = find(text, run.start()) if form in forms else (0, 0)
            if start < end and start >= done and not re.match(r"[A-Za-z0-9_]|,[0-9]", text[end : end + 2]):
                yield start, end
                done = end
                break


def _number(text: str, start: int, most_digits: int) -> _Number:
    """The number at `start`: as many groups as fit into `most_digits`."""
    sizes: list[int] = []
    end = start
    while found := (_NEXT_GROUP if sizes else _GROUP).match(text, end):
        size = sum(map(str.isdecimal, found.group()))
        if len(sizes) == MOST_GROUPS or sum(sizes) + size > most_digits:
            return _Number(sizes, end, more=True)
        sizes.append(size)
        end = found.end()
    return _Number(sizes, end, more=False)


def _bracketed(text: str, run: int) -> int:
    """Where a number begins whose first digits are at `run`: at a bracket around them, if there is one."""
    return run - 1 if run and text[run - 1] == "(" and _GROUP.match(text, run - 1) else run


def _behind(text: str, start: int, signs: str) -> bool:
    """Whether an ASCII letter, digit, `_` or one of `signs` stands right before `start`."""
    return start > 0 and (text[start - 1] in signs + "_" or (text[start - 1].isascii() and text[start - 1].isalnum()))


def _in_columns(text: str, start: int) -> bool:
    """Whether a digit and a space stand right before `start`."""
    return start > 1 and text[start - 1] == " " and _is_digit(text[start - 2])


def _international(text: str, run: int) -> tuple[int, int]:
    plus = run - 1
    if plus < 0 or text[plus] != "+" or text[run] == "0" or _behind(text, plus, "+)"):
        return 0, 0
    least, most = (11, 11) if text[run] == "1" else (9, 15)
    number = _number(text, run, most)
    return (plus, number.end) if number.digits >= least else (0, 0)


def _north_american(text: str, run: int) -> tuple[int, int]:
    start = _bracketed(text, run)
    found = _NORTH_AMERICAN.match(text, start)
    if not found or _behind(text, start, "+.,/-(") or re.match("[.,/-][0-9]", text[found.end() : found.end() + 2]):
        return 0, 0
    return (0, 0) if found.group(1) == " " and _in_columns(text, start) else found.span()


def _european(text: str, run: int) -> tuple[int, int]:
    start = _bracketed(text, run)
    if text[run] != "0" or _behind(text, start, "+.,/-(") or _in_columns(text, start):
        return 0, 0
    abroad = text[run : run + 2] == "00"
    least, most = (11, 15) if abroad else (9, 11)
    number = _number(text, start, most)
    fits = number.digits >= least and not number.more and len(number.sizes) >= 2 and min(number.sizes) >= 2
    if not fits or number.sizes[:3] in ([2, 2, 4], [3, 2, 4]) or text[number.end : number.end + 1] == ":":
        return 0, 0
    return start, number.end


def _labelled(text: str, run: int) -> tuple[int, int]:
    start = _bracketed(text, run)
    number = _number(text, start, 15)
    if number.digits < 7 or _is_date(text, start, number) or not _is_labelled(text, start):
        return 0, 0
    return start, number.end


def _is_date(text: str, start: int, number: _Number) -> bool:
    """Whether the number begins with a day and a year, or is two years."""
    digits = [c for c in text[start : number.end] if _is_digit(c)]
    if number.sizes[:3] == [2, 2, 4]:
        return _is_year(digits[4:8])
    if number.sizes[:3] == [4, 2, 2]:
        return _is_year(digits[:4])
    return number.sizes == [4, 4] and _is_year(digits[:4]) and _is_year(digits[4:8])


def _is_year(digits: list[str]) -> bool:
    return digits[:2] in (["1", "9"], ["2", "0"])


def _is_labelled(text: str, start: int) -> bool:
    """Whether a word for a telephone stands before, with at most three link words between."""
    for _ in range(MOST_LINKS + 1):
        word, start = word_before(text, start)
        if word in PHONE_WORDS or word[-2:] in HAN_WORDS:
            return True
        if word not in LINK_WORDS:
            return False
    return False


def _is_digit(character: str) -> bool:
    return "0" <= character <= "9"


_FORMS: Mapping[str, Callable[[str, int], tuple[int, int]]] = {
    "international": _international,
    "north_american": _north_american,
    "european": _european,
    "labelled": _labelled,
}
CUTS: Mapping[str, Callable[..., Edits]] = MappingProxyType({"phone_numbers": phone_numbers})
