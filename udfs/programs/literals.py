r"""Literals of Python, read without evaluating anything: whole numbers, True and False, strings with their escapes.

Not read: numbers with a point, an exponent or underscores, byte strings, f-strings, None, lists. Two things differ from
Python: a number may begin with zeros, because lines are shown to models as `[007]`; and escapes of two surrogates, as
JSON has them, are joined to their character, while one that is alone makes the string unreadable (no text could store
it). Every pattern is possessive, so reading is linear in the text.
"""

import re
import unicodedata

from udfs.programs.operations import NUMBER_DIGITS

Value = int | str | bool

_BODIES = r'"([^"\\\n]*+(?:\\[^\n][^"\\\n]*+)*+)"', r"'([^'\\\n]*+(?:\\[^\n][^'\\\n]*+)*+)'"
_STRING = re.compile(rf"([rRuU]?)(?:{_BODIES[0]}|{_BODIES[1]})[ \t]*+")
_STRING_STARTS = frozenset("\"'rRuU")
_NUMBER = re.compile(rf"([+-]?)0*+([0-9]{{1,{NUMBER_DIGITS}}}|(?<=0))(?![\w.])", re.ASCII)
_TRUTH = re.compile(r"(?:True|False)(?!\w)")
_CUT = re.compile(
    r"(?:[rRuU]?(?:\"[^\"\\\n]*+(?:\\[^\n][^\"\\\n]*+)*+\\?|'[^'\\\n]*+(?:\\[^\n][^'\\\n]*+)*+\\?)|[+-]|\w*+\s*+)\Z"
)

_ESCAPE = re.compile(
    r"\\(?:([0-7]{1,3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|N\{([^{}\\]{1,100}+)\}|(.))", re.DOTALL
)
_SIMPLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", **{c: c for c in "\\'\""}}
_SURROGATE = re.compile("[\ud800-\udfff]")


def literal(text: str, at: int) -> tuple[Value, int] | None:
    """The literal that begins at `at` and the place behind it; None where none can be read. Strings side by side are
    one, as in Python."""
    if text[at : at + 1] in _STRING_STARTS:
        return _strings(text, at)
    if number := _NUMBER.match(text, at):
        value = int(number[2] or 0)
        return -value if number[1] == "-" else value, number.end()
    if truth := _TRUTH.match(text, at):
        return truth[0] == "True", truth.end()
    return None


def is_cut(text: str, at: int) -> bool:
    """Whether nothing stands at `at` but a literal or a name that the end of the text may have cut."""
    return _CUT.match(text, at) is not None


def _strings(text: str, at: int) -> tuple[str, int] | None:
    parts: list[str] = []
    while found := _STRING.match(text, at):
        body = found[2] if found[2] is not None else found[3]
        part = body if found[1] in {"r", "R"} else unescaped(body)
        if part is None:
            return None
        parts.append(part)
        at = found.end()
    whole = _without_surrogates("".join(parts))
    return None if whole is None or not parts else (whole, at)


def unescaped(body: str) -> str | None:
    """The string that `body` means between the quotes of a literal; None where an escape is malformed. An escape that
    Python does not know stays as it is, with its backslash."""
    if "\\" not in body:
        return body
    try:
        return _ESCAPE.sub(_meaning, body)
    except (ValueError, KeyError):
        return None


def _meaning(escape: re.Match[str]) -> str:
    octal, *hexadecimal, name, other = escape.groups()
    if octal:
        return chr(int(octal, 8))
    for digits in hexadecimal:
        if digits:
            return chr(int(digits, 16))
    if name:
        return _named(name)
    if other in "xuUN":
        raise ValueError(f"malformed escape \\{other}")
    return _SIMPLE.get(other, f"\\{other}")


def _named(name: str) -> str:
    found = unicodedata.lookup(name)
    if len(found) != 1:
        raise ValueError(f"{name} names more than one character")
    return found


def _without_surrogates(string: str) -> str | None:
    if string.isascii() or not _SURROGATE.search(string):
        return string
    try:
        return string.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError:
        return None
