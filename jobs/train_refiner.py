"""Train the embedded refiner: a tagger of lines, from pages with their main text, as one ONNX graph.

    python -m jobs.train_refiner --pages ../shared/data/main_content/*.parquet --out models/refiner-lines-v3

Takes Parquet files of the shape of `main_content` (id, source, url, host, html, gold_text, gold_coverage, licence;
gold_with and gold_without, page_type where there are any), and with --ratings one of rated texts, for the head that
says whether a document is worth keeping. With --taught-by, lines of which no label is known (pages with snippets only)
get what an earlier tagger says of them; it must be of the same split, or the measured figures are too good. Writes the
graph, the words it knows, `manifest.json` and `card.md`. Needs the extra `train`; neither Spark nor a network nor a
GPU. Ten minutes for each network on one core.

Only rows of the open licence tier are trained on; those of the other tiers, and a share of the sites, are for
measuring: --held-out writes them down, for `python -m jobs.evaluate_models`. A run that was killed goes on where it was
(--work). The same seed, versions and processor give the same weights.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from jobs.runtime.errors import exit_status
from jobs.training.line_card import write_line_card, write_line_manifest
from jobs.training.line_pages import LinePage, hold_out, is_held_out, read_line_pages
from jobs.training.line_scores import Judged, chosen_thresholds, quality_of
from udfs.models.line_manifest import WORDS_FILE, load_line_manifest, verify_line_files
from udfs.models.manifest import GRAPH_FILE
from udfs.models.session import open_session
from udfs.programs.tagging.tagger import tags_of_lines

FEWEST_PAGES = 20


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns 2 with one sentence on stderr for bad input."""
    options = _parser().parse_args(arguments)
    return exit_status(lambda: train(options), "training", "train")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Train and export the refiner for lines.")
    add = parser.add_argument
    add("--pages", type=Path, nargs="+", required=True, help="Parquet files of pages with their main text")
    add("--ratings", type=Path, help="Parquet file of rated texts, for the head for documents")
    add("--taught-by", type=Path, help="folder of a line tagger, to say of lines without a label whether they stay")
    add("--out", type=Path, required=True, help="folder of the model")
    add("--work", type=Path, help="folder for what is done so far; by default beside the model")
    add("--held-out", type=Path, help="folder for the pages that are not trained on")
    add("--held-out-share", type=float, default=0.15, help="share of the open sites that are not trained on")
    add(
        "--passes",
        type=int,
        nargs="+",
        default=[5],
        help="over all pages, of each network whose logits are averaged",
    )
    add("--threads", type=int, default=1, help="threads")
    add("--seed", type=int, default=0, help="of the split, the weights and the order of the pages")
    return parser


def _check(options: argparse.Namespace) -> None:
    for name, least in (("passes", min(options.passes)), ("threads", options.threads)):
        if least < 1:
            raise ValueError(f"--{name} is {least}, expected 1 or more; correct it.")
    if not 0 < options.held_out_share < 1:
        raise ValueError(f"--held-out-share is {options.held_out_share}, expected more than 0 and less than 1.")
    for folder in (options.out, options.work, options.held_out):
        if folder and folder.exists() and not folder.is_dir():
            raise ValueError(f"{folder} is a file, expected a folder to write into; name another.")
    if options.taught_by:
        verify_line_files(options.taught_by, load_line_manifest(options.taught_by))


def train(options: argparse.Namespace) -> None:
    """Train, measure and write the model's folder. Raises ValueError in one sentence for bad input."""
    _check(options)
    pages = list(read_line_pages(options.pages))
    held = [page for page in pages if is_held_out(page, options.held_out_share, options.seed)]
    kept = [page for page in pages if not is_held_out(page, options.held_out_share, options.seed)]
    for name, some in (("to train on", kept), ("to measure with", [page for page in held if page.tier == "open"])):
        if len(some) < FEWEST_PAGES:
            raise ValueError(f"found {len(some)} pages of the open tier {name}, expected {FEWEST_PAGES}; give more.")
    work = options.work or options.out.with_name(f"{options.out.name}.work")
    for folder in (options.out, work):
        folder.mkdir(parents=True, exist_ok=True)
    if options.held_out:
        hold_out(options.pages, options.held_out, options.held_out_share, options.seed)
    if options.taught_by:
        kept = [page.taught(said) for page, said in judge(options.taught_by, kept, options.threads)]
    documents = _fit(options, kept, work)
    judged = judge(options.out, held, options.threads)
    thresholds = chosen_thresholds([one for one in judged if one.page.tier == "open"])
    quality = quality_of([one for one in judged if one.page.weight.all()], thresholds)
    manifest = write_line_manifest(options, (kept, held), documents, thresholds, quality)
    write_line_card(options.out, manifest)
    for one in quality:
        print(f"{one.source} ({one.threshold}): lines {one.line_keep_f1:.3f}, characters {one.char_f1:.3f}")


def _fit(options: argparse.Namespace, pages: Sequence[LinePage], work: Path) -> int:
    """Train the networks and write the graph and the words; the number of texts the head for documents was fitted
    on."""
    import torch

    from jobs.training.line_documents import document_head
    from jobs.training.line_graph import write_graph
    from jobs.training.line_network import NOISES
    from jobs.training.line_training import new_network, ready, train_network, weights_of
    from jobs.training.line_words import known_words

    torch.set_num_threads(options.threads)
    words = known_words(pages)
    inputs = [ready(page, words) for page in pages]
    networks = []
    for number, passes in enumerate(options.passes):
        seed = options.seed + 1 + number
        network = new_network(inputs, words, seed, NOISES[number % len(NOISES)])
        train_network(network, inputs, passes, seed, work / f"network-{number}.pt", _say)
        networks.append(network)
    head, documents = document_head(networks, words, options.ratings)
    write_graph([weights_of(network) for network in networks], head, options.out / GRAPH_FILE)
    words.hashes.astype("<u8").tofile(options.out / WORDS_FILE)
    return documents


def judge(folder: Path, pages: Sequence[LinePage], threads: int) -> list[Judged]:
    """What the graph of a folder says of pages."""
    session = open_session(folder / GRAPH_FILE, threads)
    words = np.fromfile(folder / WORDS_FILE, np.dtype("<u8")).astype(np.uint64)
    return [Judged(page, tags_of_lines(session, words, page.shown).keep) for page in pages]


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
