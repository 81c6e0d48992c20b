"""The main text of an HTML page, its title and its language hint, in bounded time and memory.

A page whose worst case (`udfs/crawl/page_cost.py`) stays within the time limit is extracted in this process; all
others go to a child that can be killed (`udfs/crawl/guard.py`), which costs 30 microseconds a page on a quiet machine
and a scheduler's turn on a busy one. Both run the same function, so the result is the same.
Not done here: media types, HTTP status, content encodings (`udfs/crawl/records.py`).
"""

import contextlib
import importlib
import re
import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from pydantic import Field
from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLParserException, HTMLTree

from udfs.crawl import guard
from udfs.crawl.charsets import decode
from udfs.crawl.losses import LossReason
from udfs.crawl.page_cost import worst_seconds
from udfs.settings import Section

IN_PROCESS_BYTES = 256 * 1024  # not worth counting above
LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,3}(?![A-Za-z])")
FIELD = struct.Struct("<Q")


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


def extract(body: bytes, content_type: str | None, settings: ExtractSettings) -> Extracted | Lost:
    """Text of an HTML page as fetched; `content_type` is the whole HTTP header value. Whatever the page, it does not
    raise.

    Raises ValueError where the settings ask for an extractor that is not installed.
    """
    _check_installed(settings.extractor)
    if len(body) > settings.max_page_bytes:
        return Lost(LossReason.TOO_LARGE, f"{len(body):,} bytes; the limit is {settings.max_page_bytes:,}")
    if settings.extractor == "resiliparse" and len(body) <= IN_PROCESS_BYTES:
        page = decode(body, content_type)
        as_utf8 = body if page.charset == "utf-8" else page.text.encode("utf-8", "replace")
        if worst_seconds(as_utf8, settings.time_limit_seconds) <= settings.time_limit_seconds:
            with contextlib.suppress(MemoryError):  # this process is short of memory; the child has its own
                return _extract_text(page.text, page.charset, settings)
    work = guard.Work(f"{__name__}:answerer", *_child_terms(settings))
    answer = guard.ask(work, _packed((content_type or "").encode("utf-8", "replace"), body))
    return _from_answer(answer, settings)


def extract_plain(body: bytes, content_type: str | None) -> Extracted | Lost:
    """A `text/plain` body: the decoded text itself, stripped at both ends."""
    page = decode(body, content_type)
    text = _clean(page.text).strip()
    return Extracted(text, None, None, page.charset) if text else _no_text(page.text)


def answerer(settings_json: str) -> Callable[[bytes], bytes]:
    """What the child does: a function from a packed page to a packed result."""
    settings = ExtractSettings.model_validate_json(settings_json)

    def answer(request: bytes) -> bytes:
        content_type, body = _unpacked(request)
        page = decode(body, content_type.decode())
        return _result_packed(_extract_text(page.text, page.charset, settings))

    return answer


def _extract_text(html: str, charset: str, settings: ExtractSettings) -> Extracted | Lost:
    # Counting costs 20 microseconds for 60 KB, and a short page cannot have too many.
    if len(html) > settings.max_tags and (tags := html.count("<")) > settings.max_tags:
        return Lost(LossReason.TOO_LARGE, f"{tags:,} tags; the limit is {settings.max_tags:,}")
    try:
        tree = HTMLTree.parse(html)
        title, language = _title(tree), _language(tree)
        if settings.extractor == "trafilatura":
            text = _clean(_trafilatura_text(html, settings.main_content))
        else:  # comes from a Rust string, so it has no lone surrogates, and looking for them costs 7 microseconds
            text = extract_plain_text(tree, main_content=settings.main_content).replace("\0", "\ufffd")
    except (
        MemoryError,
        HTMLParserException,
    ) as error:  # the parser accepts any text, so it fails only for want of memory
        raise MemoryError("the page needs more memory than there is") from error
    except Exception as error:  # the extractors' exceptions are many and undocumented; each is this page's loss
        return Lost(LossReason.EXTRACTION_FAILED, f"{type(error).__name__}: {error}"[:500])
    return Extracted(text, title, language, charset) if text.strip() else _no_text(html)


def _title(tree: Any) -> str | None:
    return " ".join(_clean(tree.title or "").split()) or None


def _language(tree: Any) -> str | None:
    head = tree.head
    if head is None:
        return None
    root = head.parent
    declared = (root.getattr("lang") or root.getattr("xml:lang") or "") if root is not None else ""
    if not declared:
        found = head.get_elements_by_attr("http-equiv", "content-language", True)
        declared = next((meta.getattr("content") or "" for meta in found if meta.tag == "meta"), "")
    tag = LANGUAGE_TAG.match(declared.strip())
    return tag.group().lower() if tag else None


def _trafilatura_text(html: str, main_content: bool) -> str:
    import trafilatura

    found = trafilatura.extract(html, include_comments=False) if main_content else trafilatura.html2txt(html)
    return found or ""


def _clean(text: str) -> str:
    """NUL and lone surrogates cannot be stored by every reader of the tables: U+FFFD stands for them."""
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _no_text(source: str) -> Lost:
    return Lost(LossReason.NO_TEXT, f"{len(source):,} characters, none of them text")


@lru_cache(maxsize=8)
def _child_terms(settings: ExtractSettings) -> tuple[str, float, int]:
    return settings.model_dump_json(), settings.time_limit_seconds, settings.memory_limit_bytes


@lru_cache(maxsize=4)
def _check_installed(extractor: str) -> None:
    try:
        importlib.import_module(extractor)
    except ImportError as error:
        raise ValueError(
            f"extractor is {extractor!r}, and that package cannot be imported ({error}); install it on every machine, "
            "or set extractor to 'resiliparse'."
        ) from error


def _from_answer(answer: bytes | guard.Failure, settings: ExtractSettings) -> Extracted | Lost:
    match answer:
        case guard.Failure.TIME:
            return Lost(LossReason.TOO_SLOW, f"the limit is {settings.time_limit_seconds:g} s")
        case guard.Failure.MEMORY:
            detail = f"out of memory; the limit is {settings.memory_limit_bytes:,} bytes"
            return Lost(LossReason.EXTRACTION_FAILED, detail)
        case guard.Failure.DIED:
            return Lost(LossReason.EXTRACTION_FAILED, "the process that extracted the page died")
        case _:
            return _result_unpacked(answer)


def _result_packed(result: Extracted | Lost) -> bytes:
    fields = (result.reason, result.detail) if isinstance(result, Lost) else tuple(field or "" for field in result)
    return _packed(*(field.encode("utf-8", "replace") for field in fields))


def _result_unpacked(answer: bytes) -> Extracted | Lost:
    fields = [field.decode() for field in _unpacked(answer)]
    if len(fields) == 2:
        return Lost(LossReason(fields[0]), fields[1])
    text, title, language, charset = fields
    return Extracted(text, title or None, language or None, charset)


def _packed(*fields: bytes) -> bytes:
    return b"".join(part for field in fields for part in (FIELD.pack(len(field)), field))


def _unpacked(packed: bytes) -> list[bytes]:
    fields, start = [], 0
    while start < len(packed):
        (size,) = FIELD.unpack_from(packed, start)
        start += FIELD.size
        fields.append(packed[start : start + size])
        start += size
    return fields
