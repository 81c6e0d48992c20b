"""The main text of an HTML page as fetched (`udfs/crawl/extraction.py`), in bounded time and memory.

A page whose worst case (`udfs/crawl/page_cost.py`) stays within the time limit is extracted in this process; all
others go to a child that can be killed (`udfs/crawl/guard.py`), which costs 30 microseconds a page on a quiet machine
and a scheduler's turn on a busy one. Both run the same function, so the result is the same.
Not done here: media types, HTTP status, content encodings (`udfs/crawl/records.py`).
"""

import contextlib
import importlib
from functools import lru_cache

from udfs.crawl import guard
from udfs.crawl.charsets import decode
from udfs.crawl.extraction import (
    Extracted,
    ExtractSettings,
    Lost,
    clean,
    extract_text,
    no_text,
    packed,
    result_unpacked,
)
from udfs.crawl.losses import LossReason
from udfs.crawl.page_cost import worst_seconds

__all__ = ["ExtractSettings", "Extracted", "Lost", "extract", "extract_plain"]

IN_PROCESS_BYTES = 256 * 1024  # not worth counting above
CHILD_WORK = "udfs.crawl.extraction:answerer"


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
                return extract_text(page.text, page.charset, settings)
    work = guard.Work(CHILD_WORK, *_child_terms(settings))
    answer = guard.ask(work, packed((content_type or "").encode("utf-8", "replace"), body))
    return _from_answer(answer, settings)


def extract_plain(body: bytes, content_type: str | None) -> Extracted | Lost:
    """A `text/plain` body: the decoded text itself, stripped at both ends."""
    page = decode(body, content_type)
    text = clean(page.text).strip()
    return Extracted(text, None, None, page.charset) if text else no_text(page.text)


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
            return result_unpacked(answer)
