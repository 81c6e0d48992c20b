"""Measuring the trained tiny decoder on what was held out, and the card that says what it is."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.trained_decoder.examples import WINDOW_TOKENS, Page, Rated, read_pages, read_ratings
from tests.trained_decoder.measures import Figure, decision_figures, line_figures, rating_figures, requests_of
from udfs.models.batching import Batching
from udfs.models.dataman.rating import load_dataman_rater
from udfs.models.decoder_manifest import load_decoder_manifest
from udfs.models.manifest import TOKENIZER_FILE
from udfs.models.tokens import load_tokenizer
from udfs.programs.prompts import Prompter, PromptSettings
from udfs.programs.proposer import document_request
from udfs.programs.refiners import Refiners, RefinerSettings, load_refiners

CARD_FILE = "card.md"
PAGES_MEASURED = 60  # for time


def write_card(folder: Path, variant: str, data: Path, training: str) -> None:
    """Measure the exported model and write `card.md` beside it; `training` is a sentence about its training."""
    pages, ratings = list(read_pages(data)), read_ratings(data)
    figures = [
        *_of_chunks(folder, variant, [page for page in pages if page.held_out][:PAGES_MEASURED]),
        *_of_texts(folder, variant, [rated for rated in ratings if rated.held_out]),
    ]
    used_pages = [page for page in pages if not page.held_out]
    used_ratings = [rated for rated in ratings if not rated.held_out]
    parity = {one.variant: one for one in load_decoder_manifest(folder).parity}[variant]
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and path.name != CARD_FILE)
    card = _CARD.format(
        megabytes=size / 1e6,
        training=training,
        tokens_equal=parity.tokens_equal,
        window=WINDOW_TOKENS,
        pages=len(used_pages),
        texts=len(used_ratings),
        licences=_table("licence as stated", "rows", _licences([*used_pages, *used_ratings])),
        figures="\n".join(f"| {one.name} | {one.rows:,} | {one.value:.3f} | {one.constant:.3f} |" for one in figures),
    )
    (folder / CARD_FILE).write_text(card, encoding="utf-8")


def _of_chunks(folder: Path, variant: str, pages: Sequence[Page]) -> list[Figure]:
    requests = requests_of(pages, load_tokenizer(folder / TOKENIZER_FILE))
    return list(line_figures(pages, requests, refiners_of(folder, variant)(requests)))


def _of_texts(folder: Path, variant: str, ratings: Sequence[Rated]) -> list[Figure]:
    tokenizer = load_tokenizer(folder / TOKENIZER_FILE)
    prompter = Prompter(tokenizer, PromptSettings(document_tokens=WINDOW_TOKENS))
    decisions = refiners_of(folder, variant)([document_request("", one.text, prompter) for one in ratings])
    rater = load_dataman_rater(folder, variant, threads=1)
    return [
        *rating_figures(ratings, rater([one.text for one in ratings])),
        *decision_figures(ratings, decisions),
    ]


def refiners_of(folder: Path, variant: str, batching: Batching | None = None) -> Refiners:
    """The model as the refiner of documents and of chunks."""
    settings = RefinerSettings(document_model=str(folder), chunk_model=str(folder))
    return load_refiners(settings, variant, threads=1, batching=batching)


def _licences(rows: Iterable[Page | Rated]) -> list[tuple[str, int]]:
    return Counter(row.licence for row in rows).most_common()


def _table(left: str, right: str, rows: Iterable[tuple[str, int]]) -> str:
    return "\n".join([f"| {left} | {right} |", "|---|---|", *(f"| {name} | {count:,} |" for name, count in rows)])


_CARD = """# trained-decoder

A decoder of 3.1 million parameters (Llama, 6 layers, one key head, own tokenizer of 4,096 tokens) that answers in two
formats: ProX's programs for chunks and documents, and DataMan's 15 lines of ratings. It is a proof for the tests that
the way from a page to a program or a rating works, and no product: use a published checkpoint, or the rater that is
shipped.

- Graph: ONNX, int8, {megabytes:.1f} MB with its tokenizer. {tokens_equal:.3f} of its greedy tokens are those of the
  checkpoint in float32.
- Training: {training}
- Seen at once: up to {window} tokens of a page, English above all.
- Made by `tests/make_trained_decoder.py`, which says how.

## Training data

{pages:,} web pages with the main text that people cut out of them, as numbered lines and the programs that remove the
others; {texts:,} texts that a large language model rated, as ratings and as document decisions by ProX's rule (edu 3 or
more, or edu 2 with format 4 or more). All of the open tier (CC0, CC-BY, MIT, Apache, BSD, public domain); the licence
is that of the collection, page texts belong to their sites. No text is part of this folder but as weights and tokens.

{licences}

## Quality

On sites and collections that are in no part of the training. `constant` is one and the same answer to all: to remove
nothing, or what is right most often.

| measure | rows | decoder | constant |
|---|---|---|---|
{figures}
"""
