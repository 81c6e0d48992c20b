"""Bytes of a page to text: byte order mark, HTTP header, <meta>, then detection, named as in the WHATWG Encoding
Standard.

A declaration is believed unless the bytes contradict it: valid UTF-8 declared as Latin-1, or a declared charset that
cannot decode the page. Nothing raises; a byte that cannot be decoded becomes U+FFFD. Not done: a guess between
single-byte charsets where one is declared (any of them decodes anything, so a wrong one cannot be proved).
"""

import re
from functools import lru_cache
from typing import NamedTuple

from resiliparse.parse.encoding import detect_encoding, map_encoding_to_html5

META_BYTES = 4096  # HTML asks for 1,024; scripts before <meta> are common enough to look further
DETECT_BYTES = 65536  # what the detector sees at most: half from each end
BAD_SHARE_LIMIT = 0.05  # above this share of U+FFFD among the non-ASCII characters a charset counts as wrong
# Legacy text read as UTF-8 has 0.78 and more (measured): up to half is stray bytes, or a page cut inside a character.
BAD_SHARE_LIMIT_UTF8 = 0.5
CHANCE_BYTES = 8  # so many continuation bytes of valid UTF-8 do not happen by chance in text of a double-byte charset
RUN_SHARE = 0.6  # bytes >= 0x80 stand together in double-byte text, while accents in Latin text mostly stand alone

BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
# Python's codec is narrower than the standard's decoder of that name; the value is the codec that comes closest.
WIDER_CODEC = {"gbk": "gb18030", "big5": "big5hkscs", "shift_jis": "cp932", "euc_kr": "cp949"}
MULTI_BYTE = {"gb18030", "big5hkscs", "cp932", "cp949", "euc_jp", "iso2022_jp", "utf-8"}
STANDARD_NAME = {
    "big5hkscs": "big5",
    "cp866": "ibm866",
    "cp932": "shift_jis",
    "cp949": "euc-kr",
    "euc_jp": "euc-jp",
    "iso2022_jp": "iso-2022-jp",
    "iso8859-11": "windows-874",
    "mac-roman": "macintosh",
}
META_CHARSET = re.compile(rb"<meta\b[^>]*?\bcharset\s*=\s*[\"']?\s*([A-Za-z0-9_:.+-]{2,40})", re.IGNORECASE)
XML_ENCODING = re.compile(rb"^\s*<\?xml\b[^>]*?\bencoding\s*=\s*[\"']([A-Za-z0-9_:.+-]{2,40})", re.IGNORECASE)
HEADER_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.+-]{2,40})", re.IGNORECASE)
BOM_MARKS = tuple(mark for mark, _ in BOMS)
ASCII_BYTES = bytes(range(128))
HIGH_RUN = re.compile(rb"[\x80-\xff]{2,}")


class Decoded(NamedTuple):
    """Charsets bear the standard's names in lower case. `charset` was used, `declared` was asked for by header or
    <meta>.

    `declared` is None for nothing, or nothing known. GBK and GB2312 pages are decoded as their superset `gb18030`.
    """

    text: str
    charset: str
    declared: str | None


def decode(body: bytes, content_type: str | None) -> Decoded:
    """Decode a page; `content_type` is the whole HTTP header value, e.g. `text/html; charset=GB2312`. Never raises."""
    in_header = _in_header(content_type)
    if in_header == "utf-8" and not body.startswith(BOM_MARKS):  # the common case, in which <meta> decides nothing
        utf8_text = _strict(body, in_header)
        if utf8_text is not None:
            return Decoded(utf8_text, in_header, in_header)
    codecs = _declared(body, in_header)
    text, codec = _text_and_codec(body, codecs)
    return Decoded(text, standard_name(codec), standard_name(codecs[0]) if codecs else None)


def standard_name(codec: str) -> str:
    """The WHATWG name of a Python codec: cp1252 -> windows-1252."""
    return STANDARD_NAME.get(codec) or codec.replace("cp12", "windows-12").replace("iso8859", "iso-8859")


def _text_and_codec(body: bytes, declared: list[str]) -> tuple[str, str]:
    for mark, codec in BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(codec, "replace"), codec
    utf8_text = _strict(body, "utf-8")
    if utf8_text is not None and _utf8_wins(body, utf8_text, declared):
        return utf8_text, "utf-8"
    return _best(body, declared)


def _in_header(content_type: str | None) -> str | None:
    found = HEADER_CHARSET.search(content_type) if content_type else None
    return _codec_of(found.group(1)) if found else None


def _declared(body: bytes, in_header: str | None) -> list[str]:
    """Codecs the page is declared in, the one to believe first at the front: header, XML declaration, <meta>."""
    head = body[:META_BYTES]
    in_page = (XML_ENCODING.search(head), META_CHARSET.search(head))
    codecs = (in_header, *(_codec_of(match.group(1).decode("ascii")) for match in in_page if match))
    return list(dict.fromkeys(filter(None, codecs)))


@lru_cache(maxsize=256)
def _codec_of(label: str) -> str | None:
    """Python's codec for a charset label of the web, or None where the standard does not know the label."""
    name: str | None = map_encoding_to_html5(label, fallback_utf8=False)
    if name is None:
        return None
    # A <meta> that could be read as ASCII cannot stand in a UTF-16 page (the standard reads it as UTF-8, too).
    return "utf-8" if name.startswith("utf-16") else WIDER_CODEC.get(name, name)


def _utf8_wins(body: bytes, utf8_text: str, declared: list[str]) -> bool:
    """Whether a page that is valid UTF-8 is UTF-8. ISO-2022-JP is all ASCII bytes, so it is told by its escapes."""
    codec = declared[0] if declared else "utf-8"
    if declared and codec == "utf-8":
        return True
    if b"\x1b$" in body and (codec == "iso2022_jp" or not declared):
        return False
    if codec == "utf-8" or codec not in MULTI_BYTE:
        return True
    continuation_bytes = len(body) - len(utf8_text)
    return continuation_bytes >= CHANCE_BYTES or _strict(body, codec) is None


def _best(body: bytes, declared: list[str]) -> tuple[str, str]:
    """Text and codec of a page that is not valid UTF-8: the first believable one, else that with the fewest U+FFFD."""
    detected = _detected(body)
    if declared and declared[0] not in MULTI_BYTE and _is_double_byte(body, detected):
        declared = [detected, *declared]
    tried: list[tuple[float, str, str]] = []
    for codec in dict.fromkeys((*declared, "utf-8", detected, "cp1252")):
        text = _replacing(body, codec)
        share = _bad_share(text)
        if share <= (BAD_SHARE_LIMIT_UTF8 if codec == "utf-8" else BAD_SHARE_LIMIT):
            return text, codec
        tried.append((share, codec, text))
    _, best_codec, best_text = min(tried, key=lambda one: one[0])
    return best_text, best_codec


def _is_double_byte(body: bytes, detected: str) -> bool:
    """Whether a page declared single-byte is double-byte: its high bytes stand together and all can be decoded."""
    if detected not in MULTI_BYTE:
        return False
    high_bytes = len(body.translate(None, ASCII_BYTES))
    in_runs = sum(len(run) for run in HIGH_RUN.findall(body))
    return high_bytes >= CHANCE_BYTES and in_runs >= RUN_SHARE * high_bytes and _strict(body, detected) is not None


def _detected(body: bytes) -> str:
    name = detect_encoding(body, max_len=DETECT_BYTES)
    return _codec_of(name or "") or "cp1252"


def _strict(body: bytes, codec: str) -> str | None:
    try:
        return body.decode(codec)
    except (UnicodeDecodeError, LookupError):
        return None


def _replacing(body: bytes, codec: str) -> str:
    try:
        return body.decode(codec, "replace")
    except LookupError:  # a name the mapping knows and this Python does not
        return body.decode("cp1252", "replace")


def _bad_share(text: str) -> float:
    """U+FFFD among all non-ASCII characters; 0.0 where there are none."""
    bad = text.count("\ufffd")
    if not bad:
        return 0.0
    return bad / max(1, len(text) - len(text.encode("ascii", "ignore")))
