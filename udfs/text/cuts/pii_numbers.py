"""Personal data, masked: bank account numbers (IBAN) and payment card numbers, both told by their check digits.

`masks` as in `udfs.text.cuts.pii`. Digits are the ASCII ones.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType

from udfs.text.cuts.pii import Edits, masked
from udfs.text.page import Page

# Countries by length: IBAN registry of SWIFT (ISO 13616).
_BY_LENGTH = {
    15: "NO",
    16: "BE",
    18: "DK FI FK FO GL NL SD",
    19: "MK SI",
    20: "AT BA EE KZ LT LU MN XK",
    21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS VA",
    23: "AE GI IL IQ OM SO TL",
    24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "LY PT ST",
    26: "IS TR",
    27: "BI DJ FR GR IT MC MR SM",
    28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
    29: "BR EG PS QA UA",
    30: "JO KW MU YE",
    31: "MT SC",
    32: "LC",
    33: "RU",
}
IBAN_LENGTHS = MappingProxyType({one: length for length, found in _BY_LENGTH.items() for one in found.split()})
_IBAN_START = re.compile("(?<![A-Za-z0-9_])(?:[A-Z]{2}|[a-z]{2})[0-9]{2}")
_ONE_PIECE = re.compile("[A-Z0-9]+|[a-z0-9]+")
_IN_FOURS = re.compile("(?:[A-Z0-9]{4} )+[A-Z0-9]{1,4}")
_WORD = re.compile("[A-Za-z0-9_]")

# Lengths by issuer: first and last beginning (as many digits as both are written with), least and most digits.
ISSUERS = (
    (4, 4, 13, 13),  # Visa
    (4, 4, 16, 16),
    (4, 4, 19, 19),
    (51, 55, 16, 16),  # Mastercard
    (2221, 2720, 16, 16),
    (34, 34, 15, 15),  # American Express
    (37, 37, 15, 15),
    (6011, 6011, 16, 19),  # Discover
    (644, 659, 16, 19),
    (300, 305, 14, 14),  # Diners Club
    (309, 309, 14, 14),
    (36, 36, 14, 14),
    (38, 39, 14, 14),
    (3528, 3589, 16, 19),  # JCB
    (1800, 1800, 15, 15),
    (2131, 2131, 15, 15),
    (62, 62, 16, 19),  # UnionPay
    (2200, 2204, 16, 19),  # Mir
    (5018, 5018, 13, 19),  # Maestro
    (5020, 5020, 13, 19),
    (5038, 5038, 13, 19),
    (5893, 5893, 13, 19),
    (6304, 6304, 13, 19),
    (6759, 6763, 13, 19),
)
# In one piece, or in groups as cards show them; not part of a longer number, a path, a query or a decimal number, nor a
# JSON number, which is an identifier of something.
_CARD = re.compile(
    r"(?<![A-Za-z0-9_=&%+./[-])(?<!\":)"
    r"(?:[0-9]{13,19}(?![A-Za-z0-9_]|[.-][0-9])"
    r"|(?<![0-9] )[0-9]{4}([ -])(?:[0-9]{6}\1[0-9]{4,5}|[0-9]{4}\1[0-9]{4}\1[0-9]{4}(?:\1[0-9]{3}(?![0-9]))?)"
    r"(?![A-Za-z0-9_]|[.-][0-9]| [0-9]{3}))"
)


def ibans(page: Page, masks: Sequence[str] = ("[IBAN]",)) -> Edits:
    """IBANs of the countries in the registry, of the right length and with right check digits (ISO 7064, mod 97-10).

    In one piece, in capitals or small letters; or in groups of four with single spaces, in capitals.
    """
    yield from masked(_ibans(page.text), masks)


def _ibans(text: str) -> Iterator[tuple[int, int]]:
    done = 0
    for found in _IBAN_START.finditer(text):
        start, length = found.start(), IBAN_LENGTHS.get(found.group()[:2].upper(), 0)
        pieces = ((length, _ONE_PIECE), (length + (length - 1) // 4, _IN_FOURS))
        for width, form in pieces if length and start >= done else ():
            written = text[start : start + width]
            whole = len(written) == width and form.fullmatch(written) and not _WORD.match(text, start + width)
            if whole and iban_is_valid(written.replace(" ", "")):
                yield start, start + width
                done = start + width
                break


def iban_is_valid(iban: str) -> bool:
    """Whether the check digits fit."""
    return int("".join(str(int(c, 36)) for c in iban[4:] + iban[:4])) % 97 == 1


def card_numbers(page: Page, masks: Sequence[str] = ("[CARD]",)) -> Edits:
    """Payment card numbers: 13 to 19 digits of a known issuer with a right check digit (ISO/IEC 7812, Luhn).

    In one piece, or in groups of 4-4-4-4(-3), 4-6-5 or 4-6-4 with spaces or with hyphens. Left alone: 13 digits that
    are a right article number (EAN-13) too, Maestro's old numbers of 12 digits.
    """
    yield from masked(_cards(page.text), masks)


def _cards(text: str) -> Iterator[tuple[int, int]]:
    for found in _CARD.finditer(text):
        if card_is_valid([int(c) for c in found.group() if c.isdecimal()]):
            yield found.span()


def card_is_valid(digits: list[int]) -> bool:
    """Whether a card can have this number."""
    by_issuer = any(
        first <= int("".join(map(str, digits[: len(str(first))]))) <= last and least <= len(digits) <= most
        for first, last, least, most in ISSUERS
    )
    return by_issuer and _luhn(digits) and not (len(digits) == 13 and _ean(digits))


def _luhn(digits: list[int]) -> bool:
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _ean(digits: list[int]) -> bool:
    return (sum(digits[-1::-2]) + 3 * sum(digits[-2::-2])) % 10 == 0


CUTS: Mapping[str, Callable[..., Edits]] = MappingProxyType({"ibans": ibans, "card_numbers": card_numbers})
