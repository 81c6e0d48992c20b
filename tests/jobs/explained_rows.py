"""Made-up rows about one page, as the stages would leave them: each stage's text is the one before with its edits.

Not a test module."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from jobs.explaining.rows import Found
from jobs.minhash.settings import DedupMinhashSettings
from jobs.runtime.stage import OFF, written
from udfs.dedup.bloom import BloomSettings
from udfs.models.criteria import CRITERIA
from udfs.programs.effects import TO_THE_END
from udfs.programs.refining import ExecuteSettings, Written, refine
from udfs.text.edits import Edit, apply
from udfs.text.rules import Cut, Rule

TEXT = """Home | About | Contact
The river was high that day, and nobody dared to cross it.


So they waited for three days, and mended the boats.
Write to me@river.test for the tale.
On the fourth day the water fell.
Share this page
Copyright 2026"""

DOC_ID, KEEPER = "d" * 32, "e" * 32
BATON = {
    "doc_id": DOC_ID,
    "batch": 3,
    "crawl": "CC-MAIN-2026-10",
    "url": "http://river.test/tale",
    "host": "river.test",
    "fetched_at": datetime(2026, 3, 1, 12, tzinfo=UTC),
    "title": "The river",
    "file": "/crawl/a.warc.gz",
    "offset": 4711,
}
RULES = {
    "word_count": Rule(measure="word_count", at_least=5, at_most=100_000).model_dump(),
    "newline_runs": Cut(edit="newline_runs").model_dump(),
    "symbol_ratio": Rule(measure="symbol_ratio", at_most=0.1).model_dump(),
}
SETTINGS: Mapping[str, Any] = {
    "ingest": {},
    "screen": {"rules": RULES},
    "dedup_exact": {"by_url": True, "by_text": True},
    "sign": {"enabled": True},
    "dedup_minhash": DedupMinhashSettings().model_dump(),
    "dedup_substring": {"enabled": True},
    "dedup_bloom": BloomSettings().model_dump(),
    "propose": {"proposer": "rules"},
    "execute": ExecuteSettings().model_dump(),
    "rate": {},
    "publish": {},
}


def progress(**changed: Mapping[str, Any] | None) -> dict[str, dict[str, Any]]:
    """The commits of all stages; `changed` settings by stage, None for one that is switched off."""
    found = {}
    for stage, settings in {**SETTINGS, **changed}.items():
        models = {"model rater": "feedfacecafe"} if stage == "rate" else {}
        parts = OFF if settings is None else {"settings": written(settings), "code": f"c0de{stage}", **models}
        found[stage] = {
            "stage": stage,
            "batch": 3,
            "finished_at": datetime(2026, 4, 1, 9, tzinfo=UTC),
            "code_version": "0.4.0",
            "parts": parts,
        }
    return found


def cut(text: str, what: str, reason: str, replacement: str = "") -> dict[str, Any]:
    """An edit of the first occurrence of `what`."""
    start = text.index(what)
    return {"start": start, "end": start + len(what), "replacement": replacement, "reason": reason}


def made(text: str, edits: Sequence[Mapping[str, Any]]) -> str:
    """The text after edits as rows have them."""
    return apply(text, [Edit(**edit) for edit in edits])


def document(text: str = TEXT, **more: Any) -> dict[str, Any]:
    return BATON | {"charset": "utf-8", "chars": len(text), "text": text} | more


def screened(
    text: str, edits: Sequence[Mapping[str, Any]] = (), reason: str | None = None, **more: Any
) -> dict[str, Any]:
    signals = {"word_count": 51.0, "symbol_ratio": 0.01}
    left = None if reason else made(text, edits)
    row = {"keep": not reason, "reason": reason, "signals": signals, "edits": list(edits), "detail": None, "text": left}
    return BATON | row | more


def place(stage: str, reason: str | None = None, **more: Any) -> dict[str, Any]:
    """A row of `duplicates`."""
    row = {"stage": stage, "keep": reason is None, "reason": reason, "keeper": KEEPER if reason else DOC_ID}
    return BATON | row | {"cluster": row["keeper"], "similarity": 1.0, "method": None} | more


def deduplicated(
    text: str, edits: Sequence[Mapping[str, Any]] = (), reason: str | None = None, **more: Any
) -> dict[str, Any]:
    row = {"keep": not reason, "reason": reason, "ngrams": 200, "contained": 10, "edits": list(edits)}
    return BATON | row | {"text": None if reason else made(text, edits)} | more


def program(said: str, chunk: int = 0, **more: Any) -> dict[str, Any]:
    """A row of `programs`."""
    row = {"level": "chunk", "chunk": chunk, "first_line": 0, "last_line": TO_THE_END, "start": 0, "end": TO_THE_END}
    asked = {"program": said, "model": "rules 1", "prompt": "", "finish": "rules", "score": None, "proposer": "p"}
    return BATON | row | asked | {"text_key": None, "reason": None, "detail": None} | more


def refined(text: str, programs: Sequence[Mapping[str, Any]], settings: ExecuteSettings) -> dict[str, Any]:
    """The row that the executor makes of these programs."""
    done = refine(text, [Written(*(one[name] for name in Written._fields)) for one in programs], settings)
    row = done._asdict() | {"edits": [edit._asdict() for edit in done.edits]}
    return BATON | row | {"text": done.text if done.keep else None}


def ratings(**more: Any) -> dict[str, Any]:
    scores = {name: 1 + at % 5 for at, name in enumerate(CRITERIA)}
    expected = [value - 0.25 for value in scores.values()]
    told = {"domain": "culture", "domain_probability": 0.8, "edu": 3, "format": None, "confidence": 0.9, "tokens": 70}
    row = {"keep": True, "reason": None, "model": "rater-e5-v2 feedface", "expected": expected, "detail": None}
    return BATON | scores | told | row | more


def corpus(text: str) -> dict[str, Any]:
    rated = {name: value for name, value in ratings().items() if name not in {"keep", "reason", "model", "expected"}}
    return rated | {"quality": rated["overall_score"], "text": text}


def published(
    text: str = TEXT,
    screen: Sequence[Mapping[str, Any]] = (),
    seen: Sequence[Mapping[str, Any]] = (),
    programs: Sequence[Mapping[str, Any]] = (),
    execute: ExecuteSettings = ExecuteSettings(),  # noqa: B008  # frozen
    **more: Any,
) -> Found:
    """A document that went all the way, with edits of the stages; `more` replaces or adds fields of Found."""
    first = screened(text, screen)
    second = deduplicated(first["text"], seen)
    third = refined(second["text"], programs, execute)
    rows = {
        "document": document(text),
        "screened": first,
        "duplicates": {stage: place(stage) for stage in ("dedup_exact", "dedup_minhash")},
        "deduplicated": second,
        "programs": programs,
        "refined": third,
        "ratings": ratings(),
        "corpus": corpus(third["text"]),
        "progress": progress(execute=execute.model_dump()),
    }
    return Found(**rows | more)


def stopped(found: Found, behind: str) -> Found:
    """The same without rows of the stages behind one."""
    order = ("screened", "duplicates", "deduplicated", "refined", "ratings", "corpus")
    nothing: dict[str, Any] = {name: {} if name == "duplicates" else None for name in order[order.index(behind) + 1 :]}
    return found._replace(**nothing)
