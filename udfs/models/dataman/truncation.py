"""What a DataMan rater is shown of a text: cleaned a little, and of a long one its beginning and end.

As in the published code, in this order: an ellipsis in quotation marks at the start goes, image links without a name
go, a long text is cut to its first and last characters, what is left to its first and last tokens with `...` between
them, and white space at the ends goes. All of it takes time linear in the text.
"""

import re
from typing import Any, NamedTuple

from udfs.models.dataman.registry import Language

ELLIPSIS = "..."

_QUOTED_ELLIPSIS = re.compile('\\A["“”](?:…++|\\.\\.\\.++)["“”]')
_LINK = "![]("


class Limits(NamedTuple):
    """How much of a text is shown, each half from its start and half from its end."""

    chars: int
    tokens: int  # and one more for the ellipsis, where something is left out


LIMITS: dict[Language, Limits] = {"en": Limits(20_000, 1_894), "zh": Limits(60_000, 1_896)}
"""The published ones."""


def cleaned(text: str) -> str:
    r"""`text` without a leading `"..."` and without links of the form `![](address)\n`.

    Equal to deleting the matches of `^["“”]…+["“”]|^["“”]\.\.\.+["“”]` and then of `!\[\]\([\/]?[^\)]+\)\n`; the
    second is written out, because a page of opening links takes the pattern quadratic time.
    """
    return _without_links(_QUOTED_ELLIPSIS.sub("", text, count=1))


def _without_links(text: str) -> str:
    kept: list[str] = []
    done = 0
    link = text.find(_LINK)
    while link >= 0:
        address = link + len(_LINK)
        close = text.find(")", address)
        if close < 0:
            break
        # All links that open before this parenthesis end at it, so of those the first decides.
        if close > address and text.startswith("\n", close + 1):
            kept.append(text[done:link])
            done = close + 2
        link = text.find(_LINK, close + 1)
    return "".join([*kept, text[done:]])


def shown(tokenizer: Any, text: str, limits: Limits) -> str:
    """What is shown of a text that is cleaned. Raises what the tokenizer raises for what is no Unicode.

    A character that is cut in two at a token becomes U+FFFD, as in the published code.
    """
    if len(text) > limits.chars:
        half = limits.chars // 2
        ids = _encoded(tokenizer, text[:half]) + _encoded(tokenizer, text[-half:])
    else:
        ids = _encoded(tokenizer, text)
    if len(ids) > limits.tokens:
        half = limits.tokens // 2
        ids = ids[:half] + _encoded(tokenizer, ELLIPSIS) + ids[len(ids) - half :]
    decoded: str = tokenizer.decode(ids, skip_special_tokens=False)
    return decoded.strip()


def _encoded(tokenizer: Any, text: str) -> list[int]:
    ids: list[int] = tokenizer.encode(text, add_special_tokens=False).ids
    return ids
