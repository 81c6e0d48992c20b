"""HTML of strangers' text: everything is escaped unless it was made here, and what would act is shown as a sign.

Controls, bidirectional and other invisible format characters, unusual line ends and lone surrogates are shown by a
sign with their name. Joiners stay, which scripts and emoji need.
"""

import html
import re
import unicodedata

from udfs.text.escapes import escaped

VOID = frozenset(("meta", "rect", "line", "br"))  # of HTML and SVG, as far as they are used here
_ACTING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\ud800-\udfff\ufdd0-\ufdef\U0001d173-\U0001d17a"
    "\U000e0000-\U000e00ff]"
)
_PICTURES = 0x2400  # control pictures stand in the order of the controls
_NAMES = {0x0D: "carriage return", 0x0: "null", 0x1B: "escape", 0x85: "next line", 0x7F: "delete"}


class Markup(str):
    """Text that is HTML already. Only this module makes it from parts."""

    __slots__ = ()


def element(tag: str, *children: str, **attributes: str | bool) -> Markup:
    """An element. Children and attributes are escaped, but for children that are Markup. `class_` is the attribute
    class, and other underscores are hyphens; True is an attribute without a value, False and "" none."""
    said = "".join(
        f" {_attribute(name)}" if value is True else f' {_attribute(name)}="{attribute_text(str(value))}"'
        for name, value in attributes.items()
        if value is not False and value != ""
    )
    if tag in VOID:
        return Markup(f"<{tag}{said}>" if tag in {"meta", "br"} else f"<{tag}{said}/>")
    return Markup(f"<{tag}{said}>{joined(*children)}</{tag}>")


def joined(*children: str) -> Markup:
    """Children one after the other, escaped where they are not Markup."""
    return Markup("".join(one if isinstance(one, Markup) else text(one) for one in children))


def text(given: str) -> Markup:
    """Text as HTML that shows it and does nothing."""
    if _ACTING.search(given) is None:
        return Markup(html.escape(given))
    parts: list[str] = []
    done = 0
    for match in _ACTING.finditer(given):
        parts += (html.escape(given[done : match.start()]), _sign(match.group()))
        done = match.end()
    return Markup("".join((*parts, html.escape(given[done:]))))


def attribute_text(given: str) -> str:
    """Text inside the quotes of an attribute, where a sign cannot stand: acting characters as escapes."""
    return html.escape(_ACTING.sub(lambda match: escaped(match.group()), given))


def sign_of(character: str) -> str:
    """What is shown in place of a character that would act."""
    point = ord(character)
    if point < 0x20:
        return chr(_PICTURES + point)
    return "\u2421" if point == 0x7F else escaped(character)


def _sign(character: str) -> str:
    point = ord(character)
    name = unicodedata.name(character, "") or _NAMES.get(point, "control" if point < 0xA0 else "no character")
    shown = html.escape(sign_of(character))
    return f'<span class="sign" title="U+{point:04X} {html.escape(name.lower())}">{shown}</span>'


def _attribute(name: str) -> str:
    return name.rstrip("_").replace("_", "-")
