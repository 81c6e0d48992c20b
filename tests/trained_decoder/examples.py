"""Examples for the trained tiny decoder: prompts as the product builds them, answers from people's main texts and from
ratings. Only rows of the open licence tier and in English; whole sites and collections are kept apart for measuring.
"""

import hashlib
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pyarrow.parquet as pq
from resiliparse.extract.html2text import extract_plain_text

from jobs.training.rated_texts import licence_tier, origin_of
from tests.trained_decoder.pieces import NOTHING_TO_DO
from tests.trained_decoder.tokenizer import EOS, NEWLINE, TURN_END
from udfs.models.criteria import CRITERIA
from udfs.models.dataman.request import Requester
from udfs.models.dataman.truncation import LIMITS, cleaned, shown
from udfs.programs.chunks import ChunkSettings, chunks, numbered, token_costs
from udfs.programs.labels import chunk_program, keep_labels
from udfs.programs.prompts import Prompter, PromptSettings

Task = Literal["chunk", "document", "rating"]

PAGE_SOURCES = ("wcxb", "scrapinghub", "magic_html")  # of the open tier, with the full main text
WINDOW_TOKENS = 320
"""Most tokens of a chunk, of a document's prompt and of a rated text that the model is trained for."""

_CHUNKS_OF_A_PAGE = 10
_COVERAGE_MIN = 0.8
_HELD_OUT_SHARE = 8  # one site in eight


@dataclass(frozen=True)
class Page:
    """Visible lines of a page and which of them belong to its main text."""

    page: str
    text: str
    keep: tuple[bool, ...]
    licence: str
    held_out: bool


@dataclass(frozen=True)
class Rated:
    """A rated text: `answer` is DataMan's 15 lines, `keep` the document decision by ProX's rule."""

    text: str
    answer: str
    keep: bool
    licence: str
    held_out: bool


@dataclass(frozen=True)
class Example:
    """Token ids of a prompt and of its answer, the stop token included. `lines`: for a chunk, the positions in the
    prompt at which its lines end, and whether each line stays."""

    task: Task
    prompt: tuple[int, ...]
    answer: tuple[int, ...]
    lines: tuple[tuple[int, bool], ...] = ()


def read_pages(data: Path, sources: Sequence[str] = PAGE_SOURCES) -> Iterator[Page]:
    """English pages of the open tier with a full main text that their visible text covers."""
    for source in sources:
        for row in pq.read_table(data / f"main_content/{source}.parquet").to_pylist():
            is_fit = row["lang"] == "en" and row["gold_text"] and row["gold_coverage"] >= _COVERAGE_MIN
            if is_fit and licence_tier(row["licence"]) == "open":
                lines = visible_lines(row["html"])
                keep = tuple(keep_labels(lines, row["gold_text"]))
                held_out = is_held_out(row["host"] or row["id"])
                yield Page(row["id"], "\n".join(lines), keep, row["licence"], held_out)


def visible_lines(html: str) -> list[str]:
    """Lines of a page that are not blank."""
    text = str(extract_plain_text(html, main_content=False, list_bullets=False))
    return [line.strip() for line in text.split("\n") if line.strip()]


def read_ratings(data: Path) -> list[Rated]:
    """English rated texts of the open tier. A text of a page is kept apart with the page's site."""
    hosts = {
        row["id"]: row["host"]
        for source in (*PAGE_SOURCES, "trafilatura_eval")
        for row in pq.read_table(data / f"main_content/{source}.parquet", columns=["id", "host"]).to_pylist()
    }
    rows = pq.read_table(data / "ratings/ratings.parquet").to_pylist()
    return [_rated(row, hosts) for row in rows if row["lang"] == "en" and licence_tier(row["licence"]) == "open"]


def is_held_out(origin: str) -> bool:
    """Whether all that comes from a site or collection is kept for measuring."""
    return hashlib.sha256(f"c/{origin}".encode()).digest()[0] % _HELD_OUT_SHARE == 0


def chunk_examples(pages: Sequence[Page], tokenizer: Any, rng: random.Random) -> Iterator[Example]:
    """Some chunks of each page, in windows of different sizes."""
    prompter, measure = Prompter(tokenizer, PromptSettings()), token_costs(tokenizer)
    newline, end = tokenizer.token_to_id(NEWLINE), tokenizer.token_to_id(EOS)
    for page in pages:
        window = rng.randint(WINDOW_TOKENS // 3, WINDOW_TOKENS)
        found = [one for one in chunks(page.text, measure, ChunkSettings(window=window)) if not one.skipped]
        for one in rng.sample(found, min(len(found), _CHUNKS_OF_A_PAGE)):
            prompt = prompter.chunk(numbered(page.text[one.start : one.end], one.first_line)).ids
            program = chunk_program(page.keep, one.first_line, one.last_line).replace("keep_chunk()", NOTHING_TO_DO)
            answer = (*tokenizer.encode(program, add_special_tokens=False).ids, end)
            ends = [place for place, token in enumerate(prompt) if token == newline]
            keep = page.keep[one.first_line : one.last_line + 1]
            yield Example("chunk", prompt, answer, tuple(zip(ends[-len(keep) :], keep, strict=True)))


def document_examples(ratings: Sequence[Rated], tokenizer: Any, rng: random.Random) -> Iterator[Example]:
    """`keep_doc()` or `drop_doc()` for each text."""
    end = tokenizer.token_to_id(EOS)
    for rated in ratings:
        settings = PromptSettings(document_tokens=rng.randint(WINDOW_TOKENS // 2, WINDOW_TOKENS))
        prompt = Prompter(tokenizer, settings).document(rated.text).ids
        answer = tokenizer.encode("keep_doc()" if rated.keep else "drop_doc()", add_special_tokens=False).ids
        yield Example("document", prompt, (*answer, end))


def rating_examples(ratings: Sequence[Rated], tokenizer: Any, rng: random.Random) -> Iterator[Example]:
    """DataMan's answer for each text, cut in its middle to different lengths."""
    requester = Requester(tokenizer, "all_rating", "en")
    end = tokenizer.token_to_id(TURN_END)
    for rated in ratings:
        limits = LIMITS["en"]._replace(tokens=rng.randint(WINDOW_TOKENS // 2, WINDOW_TOKENS))
        prompt = requester.ids(shown(tokenizer, cleaned(rated.text), limits))
        answer = tokenizer.encode(rated.answer, add_special_tokens=False).ids
        yield Example("rating", tuple(prompt), (*answer, end))


def _rated(row: dict[str, Any], hosts: dict[str, str | None]) -> Rated:
    page = row["id"].removeprefix("wcxb-shop/")
    origin = hosts[page] or page if page in hosts else origin_of(row["source"], page)
    scores = [row[name] for name in CRITERIA]
    return Rated(
        row["text"],
        "\n".join([row["domain"], *map(str, scores)]),
        row["edu"] >= 3 or (row["edu"] == 2 and row["format"] >= 4),
        row["licence"],
        is_held_out(page if origin == "dclm" else origin),
    )
