"""Made-up facts of a lake, as `jobs.reporting.reading` gives them, for tests of the report that need no JVM.

Not a test module."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from jobs.reporting.facts import Facts
from jobs.reporting.reading import PAIR_CHARS, TEXT_CHARS
from jobs.runtime.stage import OFF, written
from jobs.views import STAGE_ORDER
from tests.jobs.explained_rows import RULES
from udfs.models.criteria import CRITERIA

WHEN = datetime(2026, 4, 1, 9, 30, tzinfo=UTC)
FILE = "/crawl/a.warc.gz"
LONG = "a line of a megabyte " * 50_000


def _fate(
    stage: str, reason: str | None, documents: int, size: int, left: int | None = None, tokens: int | None = None
) -> dict[str, Any]:
    row = {"part": "fate", "stage": stage, "keep": reason is None, "reason": reason, "size": None}
    return row | {"documents": documents, "bytes": size, "bytes_left": left, "tokens": tokens}


def _size(part: str, size: int | None, documents: int) -> dict[str, Any]:
    row = {"part": part, "stage": None, "keep": None, "reason": None, "size": size, "documents": documents}
    return row | {"bytes": None, "bytes_left": None, "tokens": None}


def _example(stage: str, reason: str, place: int, text: str, measured: float | None = None) -> dict[str, Any]:
    text = text[:2000]
    row = {"stage": stage, "reason": reason, "place": place, "doc_id": None if stage == "ingest" else f"{place:032x}"}
    position = {"file": FILE, "offset": place, "url": f"http://river.test/{text}"}
    return row | position | {"measured": measured, "said": text}


def _stage(name: str, seconds: float, *counts: int) -> dict[str, Any]:
    models = {"model rater": "feedfacecafe"} if name == "rate" else {}
    settings = {"rules": RULES} if name == "screen" else {"text": "none"}
    parts = OFF if name == "dedup_substring" else {"settings": written(settings), "code": f"c0de{name}", **models}
    latest = {"parts": parts, "code_version": "0.4.0", "finished_at": WHEN}
    told = dict(zip(("documents_in", "kept", "rejected", "lost"), counts, strict=True))
    return {"stage": name, "batches": 2, "seconds": seconds, "settings": 1, "latest": latest} | told


def _host(name: str) -> dict[str, Any]:
    return {
        "host": name,
        "pages": 40,
        "screened_out": 10,
        "duplicates": 5,
        "otherwise": 1,
        "published": 24,
        "tokens": 9,
    }


def made_facts(name: str = "/lake", text: str = "A tale of a river.", rejected: int = 20) -> Facts:
    """The facts of a small lake. `text` stands wherever a page or somebody else has a say, cut as the queries cut it;
    `rejected` is how many documents one rule rejected."""
    pages, whole, text = 80 + rejected, text, text[:2000]
    crawls = [("CC-MAIN-2026-10", 1), (text, 1), (None, 2)]
    cells = {"files": 1, "bytes": 100_000, "html_responses": 50, "documents": 50, "losses": 1}
    cluster = {"stage": "dedup_minhash", "up_to": 3, "clusters": 1, "documents": 3, "kept": 1}
    pair = {"stage": "dedup_minhash", "reason": "near_duplicate", "similarity": 0.75, "doc_id": "a" * 32, "url": text}
    places = {"file": FILE, "offset": 7, "kept_id": "b" * 32, "kept_file": FILE, "kept_offset": 8, "kept_url": text}
    rows: dict[str, Sequence[dict[str, Any]]] = {
        "fates": [
            _fate("screen", "word_count", rejected, rejected * 100),
            _fate("screen", "failed", 2, 200),
            _fate("dedup_minhash", "near_duplicate", 10, 30_000),
            _fate("execute", "drop_document", 3, 9000),
            _fate("rate", None, 1, 1000),
            _fate("publish", None, 64, 300_000, 250_000, 60_000),
            *(_size("extracted", size, count) for size, count in ((6, rejected), (11, 16), (12, 64))),
            *(_size("published", size, count) for size, count in ((None, pages - 64), (11, 30), (12, 34))),
        ],
        "examples": [
            *(_example("screen", "word_count", place, text, 12.5 * place) for place in (1, 2, 3)),
            _example("dedup_minhash", "near_duplicate", 4, text, 0.75),
            _example("ingest", "bad_http", 5, text),
        ],
        "files": [{"crawl": crawl} | {key: value * count for key, value in cells.items()} for crawl, count in crawls],
        "languages": [
            {"language": language, "pages": count, "published": count // 2, "tokens": count * 10}
            for language, count in (("en", pages - 10), ("", 6), (text[:40], 4))
        ],
        "domains": [
            {"domain": domain, "quality": quality, "documents": quality * count, "tokens": 100 * quality}
            for domain, count in (("culture", 4), ("law", 1))
            for quality in (2, 3, 5)
        ],
        "scores": [
            {"criterion": criterion, "score": score, "documents": score * 4 + at}
            for at, criterion in enumerate(CRITERIA)
            for score in (2, 3, 4, 5)
        ],
        "losses": [
            {"stage": "ingest", "reason": "bad_http", "losses": 2, "files": 1},
            {"stage": "screen", "reason": "failed", "losses": 2, "files": 1},
        ],
        "stages": [
            _stage(stage, 1.5 + at, *((0,) * 4 if stage == "dedup_substring" else (pages, 64, rejected, 2)))
            for at, stage in enumerate(STAGE_ORDER)
        ],
        "hosts_giving": [_host(text[:200]), _host("river.test")],
        "hosts_losing": [_host("river.test")],
        "clusters": [
            cluster | {"cluster": "c" * 32, "url": text},
            cluster | {"cluster": None, "url": None, "clusters": 4, "documents": 12, "kept": 4},
        ],
        "pair": [pair | places],
        "programs": [
            {"kind": kind, "name": name, "number": number, "documents": 3}
            for kind, name, number in (
                ("all", "documents", 67),
                ("all", "programs", 70),
                ("operation", "remove_lines", 30),
                ("rejected", "missing_target", 4),
            )
        ],
    }
    texts = {(FILE, place): f"{whole} And some more, {place}."[:TEXT_CHARS] for place in range(1, 7)}
    texts[FILE, 8] = f"And some more. {whole}"[:PAIR_CHARS]
    texts[FILE, 7] = texts[FILE, 8].replace("some", "much")
    return Facts(name, "0.4.0", rows, texts, {"documents": 3, "corpus": 2})


def empty_facts() -> Facts:
    """The facts of a lake whose tables were never written."""
    return Facts("/nothing", "0.4.0", dict.fromkeys(made_facts().rows, ()), {}, {})
