"""The main text of a decoded HTML page, its title and its language hint; the part that may run in a child process.

What a page may cost, and where it runs, is decided in `udfs/crawl/html.py`. A child imports this module and not much
more.
"""

import re
import struct
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from pydantic import Field
from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLParserException, HTMLTree

from udfs.crawl.charsets import decode
from udfs.crawl.losses import LossReason
from udfs.settings import Section

LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,3}(?![A-Za-z])")
FIELD = struct.Struct("<Q")
# A page that opens with <html lang=...>, as most do: the root has the attributes of this tag, whatever follows, and of
# equal names the first. A tag that is written in an unusual way, or an entity in it, is left to the parser.
# Nothing is tried twice (`++`), so the longest of them takes no more time than to read it.
_SPACE = r"[ \t\r\n\f]"
_ATTRIBUTE = rf"{_SPACE}++[a-z][a-z0-9:_.-]*+=(?:\"[^\"<>&\0]*+\"|'[^'<>&\0]*+')"
_FIRST_TAG = re.compile(
    rf"{_SPACE}*+(?:<!doctype(?: [^<>]*+)?>{_SPACE}*+)?"
    rf"<html(?:(?!{_SPACE}++lang=){_ATTRIBUTE})*+"
    rf"{_SPACE}++lang=(?:\"([^\"<>&\0]*+)\"|'([^'<>&\0]*+)')(?:{_ATTRIBUTE})*+{_SPACE}*+>",
    re.IGNORECASE | re.ASCII,
)


class Extracted(NamedTuple):
    """`title`: white space collapsed, None where empty. `language`: a hint, the primary tag the page declares
    (`de`)."""

    text: str
    title: str | None
    language: str | None
    charset: str


class Lost(NamedTuple):
    """The page gave no text; `detail` is for people."""

    reason: LossReason
    detail: str


class ExtractSettings(Section):
    """How the text of a page is found, and what one page may cost."""

    # resiliparse is what DCLM uses; trafilatura must be installed, is many times slower, and cuts more.
    extractor: Literal["resiliparse", "trafilatura"] = "resiliparse"
    # Leave out menus, footers, comments and the like; false keeps all visible text.
    main_content: bool = True
    # Larger pages are lost as too_large (Common Crawl itself cuts pages at 1 or 5 MiB).
    max_page_bytes: int = Field(default=10 * 1024 * 1024, ge=1024)
    # Pages with more tags (counted as `<`) are lost as too_large.
    max_tags: int = Field(default=200_000, ge=1000)
    # A page that takes longer is lost as too_slow.
    time_limit_seconds: float = Field(default=10.0, ge=1.0, le=3600.0)
    # Address space of the process that extracts; a page that needs more is lost as extraction_failed.
    memory_limit_bytes: int = Field(default=1024**3, ge=512 * 1024**2)


def answerer(settings_json: str) -> Callable[[bytes], bytes]:
    """What the child does: a function from a packed page to a packed result."""
    settings = ExtractSettings.model_validate_json(settings_json)

    def answer(request: bytes) -> bytes:
        content_type, body = unpacked(request)
        page = decode(body, content_type.decode())
        return result_packed(extract_text(page.text, page.charset, settings))

    return answer


def extract_text(html: str, charset: str, settings: ExtractSettings) -> Extracted | Lost:
    """What a page holds, however long that takes. Raises MemoryError where the page needs more than there is."""
    # Counting costs 20 microseconds for 60 KB, and a short page cannot have too many.
    if len(html) > settings.max_tags and (tags := html.count("<")) > settings.max_tags:
        return Lost(LossReason.TOO_LARGE, f"{tags:,} tags; the limit is {settings.max_tags:,}")
    try:
        tree = HTMLTree.parse(html)
        title, language = _title(tree), _language(html, tree)
        if settings.extractor == "trafilatura":
            text = clean(_trafilatura_text(html, settings.main_content))
        else:  # comes from a Rust string, so it has no lone surrogates, and looking for them costs 7 microseconds
            text = extract_plain_text(tree, main_content=settings.main_content).replace("\0", "\ufffd")
    except (
        MemoryError,
        HTMLParserException,
    ) as error:  # the parser accepts any text, so it fails only for want of memory
        raise MemoryError("the page needs more memory than there is") from error
    except Exception as error:  # the extractors' exceptions are many and undocumented; each is this page's loss
        return Lost(LossReason.EXTRACTION_FAILED, f"{type(error).__name__}: {error}"[:500])
    return Extracted(text, title, language, charset) if text.strip() else no_text(html)


def _title(tree: Any) -> str | None:
    return " ".join(clean(tree.title or "").split()) or None


def _language(html: str, tree: Any) -> str | None:
    first = _FIRST_TAG.match(html)
    declared = (first and (first[1] or first[2])) or _declared(tree)
    tag = LANGUAGE_TAG.match(declared.strip())
    return tag.group().lower() if tag else None


def _declared(tree: Any) -> str:
    """What the tree's root declares, else its head."""
    head = tree.head
    if head is None:
        return ""
    root = head.parent
    declared = (root.getattr("lang") or root.getattr("xml:lang") or "") if root is not None else ""
    if not declared:
        found = head.get_elements_by_attr("http-equiv", "content-language", True)
        declared = next((meta.getattr("content") or "" for meta in found if meta.tag == "meta"), "")
    return str(declared)


def _trafilatura_text(html: str, main_content: bool) -> str:
    import trafilatura

    found = trafilatura.extract(html, include_comments=False) if main_content else trafilatura.html2txt(html)
    return found or ""


def clean(text: str) -> str:
    """NUL and lone surrogates cannot be stored by every reader of the tables: U+FFFD stands for them."""
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def no_text(source: str) -> Lost:
    """The loss of a page without text."""
    return Lost(LossReason.NO_TEXT, f"{len(source):,} characters, none of them text")


def result_packed(result: Extracted | Lost) -> bytes:
    """A result as bytes, for the way back from a child."""
    fields = (result.reason, result.detail) if isinstance(result, Lost) else tuple(field or "" for field in result)
    return packed(*(field.encode("utf-8", "replace") for field in fields))


def result_unpacked(answer: bytes) -> Extracted | Lost:
    """A result from what `result_packed` made of it."""
    fields = [field.decode() for field in unpacked(answer)]
    if len(fields) == 2:
        return Lost(LossReason(fields[0]), fields[1])
    text, title, language, charset = fields
    return Extracted(text, title or None, language or None, charset)


def packed(*fields: bytes) -> bytes:
    """Fields in one piece, each behind its length."""
    return b"".join(part for field in fields for part in (FIELD.pack(len(field)), field))


def unpacked(packed: bytes) -> list[bytes]:
    """The fields that `packed` joined."""
    fields, start = [], 0
    while start < len(packed):
        (size,) = FIELD.unpack_from(packed, start)
        start += FIELD.size
        fields.append(packed[start : start + size])
        start += size
    return fields
