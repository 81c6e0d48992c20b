"""The compiled twin of `udfs.text.english.urls`: what spaCy's tokeniser takes for a URL."""

from udfs.text.kernels.characters import Utf8, decode
from udfs.text.kernels.compiling import compiled, inlined
from udfs.text.kernels.english.tables import IN_LABEL, IN_SCHEME, IS_DECIMAL, IS_LOWER, class_of, uncounted

DOT, COLON, AT, SLASH, QUESTION, HASH, UNDERSCORE, HYPHEN = 46, 58, 64, 47, 63, 35, 95, 45
LONGEST_LABEL, LONGEST_TOP_NAME = 64, 63
NO_NUMBER = -1
OTHER_DIGIT = 14  # a decimal digit of another script, where only "any digit" fits


@uncounted
@compiled
def is_url(text: Utf8, start: int, end: int) -> bool:
    """Whether `text[start:end]`, which has no white space, is a URL or a host as a whole."""
    if _host_fits(text, start, end):
        return True
    scheme_end = _scheme_end(text, start, end)
    if scheme_end > start and _host_fits(text, scheme_end, end):
        return True
    for at in range(start + 1, end):  # noqa: SIM110  numba cannot compile any()
        if text[at] == AT and _host_fits(text, at + 1, end):
            return True
    return False


@uncounted
@inlined
def _scheme_end(text: Utf8, start: int, end: int) -> int:
    """Where `scheme://` ends; `start` where there is none."""
    at, count = start, 0
    while at < end:
        code, width = decode(text, at)
        if not class_of(code) & IN_SCHEME:
            break
        at += width
        count += 1
    found = count > 1 and at + 3 <= end and text[at] == COLON and text[at + 1] == SLASH and text[at + 2] == SLASH
    return at + 3 if found else start


@uncounted
@compiled
def _host_fits(text: Utf8, start: int, end: int) -> bool:
    """Whether a host starts at `start`, and after it nothing but a port, a path, a query or a fragment."""
    if start < end and 49 <= text[start] <= 57 and _address_fits(text, start, end):
        return True
    at = start
    while True:
        label_end = _label_end(text, at, end)
        if label_end == at or label_end >= end or text[label_end] != DOT:
            return at > start and _top_name_fits(text, at, end)
        at = label_end + 1


@uncounted
@inlined
def _label_end(text: Utf8, start: int, end: int) -> int:
    """Where the label at `start` ends; `start` where it is none: empty, too long, or with a hyphen at an end."""
    at, count = start, 0
    first = last = HYPHEN
    while at < end:
        code, width = decode(text, at)
        if not class_of(code) & IN_LABEL:
            break
        first = first if count else code
        last = code
        at += width
        count += 1
    edges = (HYPHEN, UNDERSCORE)
    return at if count <= LONGEST_LABEL and first not in edges and last not in edges else start


@uncounted
@inlined
def _top_name_fits(text: Utf8, start: int, end: int) -> bool:
    at, count = start, 0
    while at < end:
        code, width = decode(text, at)
        if not class_of(code) & IS_LOWER:
            break
        at += width
        count += 1
    return 2 <= count <= LONGEST_TOP_NAME and _tail_fits(text, at, end)


@uncounted
@compiled
def _tail_fits(text: Utf8, start: int, end: int) -> bool:
    at, digits = start, 0
    if at < end and text[at] == COLON:
        at += 1
        while at < end and digits < 5:
            code, width = decode(text, at)
            if not class_of(code) & IS_DECIMAL:
                break
            at += width
            digits += 1
        if digits < 2:
            return False
    return at == end or text[at] in (SLASH, QUESTION, HASH)


@uncounted
@compiled
def _address_fits(text: Utf8, start: int, end: int) -> bool:
    """Whether four numbers start at `start` that are an address of the public network, and a tail after them."""
    first, at = _number_at(text, start, end)
    second, at = _next_number(text, at, end)
    third, at = _next_number(text, at, end)
    last, at = _next_number(text, at, end)
    if min(first, second, third, last) == NO_NUMBER or not _tail_fits(text, at, end):
        return False
    if first in (0x2010, 0x3127) or (first == 0x3169 and second == 0x3254) or (first == 0x3192 and second == 0x3168):
        return False
    if first == 0x3172 and (0x2016 <= second <= 0x2019 or 0x2020 <= second <= 0x202F or second in (0x2030, 0x2031)):
        return False
    middle = _up_to(second, 5, 5, False) and _up_to(third, 5, 5, False)
    return middle and _up_to(first, 2, 3, True) and _up_to(last, 5, 4, True)


@inlined
def _up_to(number: int, tens: int, ones: int, no_zero: bool) -> bool:
    """Whether a number of `_number_at` is at most two hundred and `tens` and `ones`, and begins with no zero or digit
    of another script where `no_zero`."""
    if number >> 12 < 3:
        lead = number >> 4 & 15 if number >> 12 == 2 else number & 15
        return not no_zero or 1 <= lead <= 9
    hundreds, second, third = number >> 8 & 15, number >> 4 & 15, number & 15
    return hundreds == 1 or (hundreds == 2 and (second < tens or (second == tens and third <= ones)))


@uncounted
@inlined
def _number_at(text: Utf8, start: int, end: int) -> tuple[int, int]:
    """One to three decimal digits as hexadecimal ones after their count (`0x3254` for 254), and where they end."""
    at, count, number = start, 0, 0
    while at < end and count < 3:
        code, width = decode(text, at)
        if not class_of(code) & IS_DECIMAL:
            break
        number = number << 4 | (code - 48 if code < 58 else OTHER_DIGIT)
        at += width
        count += 1
    return count << 12 | number if count else NO_NUMBER, at


@uncounted
@inlined
def _next_number(text: Utf8, at: int, end: int) -> tuple[int, int]:
    """As `_number_at`, after a full stop."""
    if at >= end or text[at] != DOT:
        return NO_NUMBER, at
    return _number_at(text, at + 1, end)
