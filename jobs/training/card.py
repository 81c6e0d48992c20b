"""The two files that say what a trained rater is: `manifest.json` for the run time, `card.md` for people."""

from collections import Counter
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from jobs.training.encoder import (
    FIRST_TOKEN,
    LAST_TOKEN,
    MAX_TOKENS,
    PAD_TOKEN,
    Encoder,
)
from jobs.training.other_texts import Labels
from jobs.training.rated_texts import TIERS, RatedTexts
from udfs.models.criteria import DOMAINS
from udfs.models.manifest import (
    GRAPH_FILE,
    MANIFEST_FILE,
    SCORES,
    TOKENIZER_FILE,
    FileFact,
    Manifest,
    Measurement,
    TrainingData,
    file_sha256,
)

PACKAGES = ("torch", "transformers", "onnx", "onnxruntime", "scikit-learn")
DESCRIPTION = (
    "Web pages, posts, book chapters and documentation, each rated by a large language model on 14 criteria, a domain, "
    "educational value and format; nobody corrected the ratings."
)

QUALITY_NOTES = """## Quality

Measured through the int8 graph, by the same training stopped before it saw what was held out: `pages held out` are a
sixth of the pages by hash, all shapes of a page together; `sources held out` whole collections; `other licence tiers`
texts that are never trained on, nearly all of other sources. Then the training went on for a short epoch over what was
held out and as many of the other rows; what is shipped has seen them all. Scores are on the scale of the first round of
ratings; texts of later rounds are measured against their own ratings, which differ a little in scale. `constant` is the
most frequent value, always; for confidence, the one that follows from the deviation. The truth is a language model's
opinion: where two of its ratings exist they agree exactly on 0.63 to 0.75 of the criteria, so nothing above that can be
reached.
"""
LIMITS = """## Not for

Decisions about people, and safety: a high `sensitivity` score is no guarantee. Scores are comparable within one
version of the rater only.
"""


class Quality(NamedTuple):
    """What was measured; `overall_deviation` as the manifest defines it."""

    measurements: list[Measurement]
    overall_deviation: float


def training_data(
    encoder: Encoder, teachers: Sequence[Encoder], texts: RatedTexts, labels: Labels, seed: int
) -> TrainingData:
    """What the shipped weights are fitted on: the open rows, and what the teachers say of texts that nobody rated."""
    licences = Counter(licence for licence, tier in zip(texts.licences, texts.tiers, strict=True) if tier == "open")
    judged = sum(text in labels.judged for text, is_open in zip(texts.texts, texts.open, strict=True) if is_open)
    taught_by = " and ".join(f"{one.layers} layers of {one.folder.name}" for one in teachers)
    counted = (
        (judged, "what people said of {:,} of them"),
        (len(labels.domains.texts), "{:,} texts of the open tier with the domain of their source"),
        (len(labels.unrated), f"{{:,}} texts of the open tier that deeper networks rated ({taught_by})"),
    )
    more = ", ".join(text.format(count) for count, text in counted if count)
    return TrainingData(
        description=DESCRIPTION + (f" Besides: {more}." if more else ""),
        sha256=labels.digests[0],
        rows=int(texts.open.sum()),
        licences=dict(licences.most_common()),
        rows_left_out={tier: int((texts.tiers == tier).sum()) for tier in TIERS if tier != "open"},
        encoder=f"{encoder.name}, its {encoder.layers} lowest layers, fine-tuned",
        encoder_licence=encoder.licence,
        seed=seed,
    )


def write_manifest(
    folder: Path, training: TrainingData, tokens: tuple[int, int], quality: Quality, command: str
) -> Manifest:
    """Write `manifest.json` beside the graph and the tokenizer, which must be there."""
    manifest = Manifest(
        name=folder.name,
        kind="rater",
        files={
            name: FileFact(sha256=file_sha256(folder / name), size_bytes=(folder / name).stat().st_size)
            for name in (GRAPH_FILE, TOKENIZER_FILE)
        },
        scores=SCORES,
        domains=DOMAINS,
        head_tokens=tokens[0],
        tail_tokens=tokens[1],
        max_tokens=MAX_TOKENS,
        first_token=FIRST_TOKEN,
        last_token=LAST_TOKEN,
        pad_token=PAD_TOKEN,
        rows_per_run=1,
        overall_deviation=round(quality.overall_deviation, 4),
        classes=True,
        training=training,
        quality=tuple(quality.measurements),
        command=command,
        versions={package: version(package) for package in PACKAGES},
    )
    (folder / MANIFEST_FILE).write_text(manifest.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return manifest


def write_card(folder: Path, manifest: Manifest) -> None:
    """Write `card.md` from the manifest: nothing is said here that was not measured or counted."""
    text = "\n".join((_about(manifest), _data(manifest.training), _quality(manifest), LIMITS))
    (folder / "card.md").write_text(text, encoding="utf-8")


def _about(manifest: Manifest) -> str:
    training = manifest.training
    size = sum(fact.size_bytes for fact in manifest.files.values()) / 1e6
    return f"""# {manifest.name}

Rates a text on 14 criteria (1 to 5), a domain (one of 15), educational value and format (0 to 5), in one pass of a
small encoder. English above all: it saw next to nothing of other languages.

- Encoder: {training.encoder}; licence
  {training.encoder_licence}. Its embeddings and two lowest layers are as published.
- Heads: linear, on the mean and the maximum over the tokens of every layer, begun as ridge and logistic regression on
  the published encoder. Trained together: squared error of 16 scores, cross-entropy of their classes, of the domain and
  of people's judgements; the weights are an average over the last steps.
- Input: the first {manifest.head_tokens} and the last {manifest.tail_tokens} tokens of a text; the middle of a
  longer text is not seen.
- Graph: ONNX, int8 (weights by output channel, embeddings by row, activations at run time), {size:.1f} MB with its
  tokenizer. Activations are quantised over a whole run, so texts must go through it one at a time
  (`rows_per_run`); results then do not depend on neighbours.
- The integer of a score is the median of the graph's classes; the number is the mean of its regression and of its
  classes. `confidence` is the graph's own probability of the integer of `overall_score`, its temperature fitted on the
  pages held out. The tables below say how many texts are left, and how many of them are right, if those under a
  confidence are passed on to a larger rater.
- Made with `{manifest.command}`.
"""


def _data(training: TrainingData) -> str:
    licences = "\n".join(f"| {licence} | {rows:,} |" for licence, rows in training.licences.items())
    left_out = ", ".join(f"{tier} {rows:,}" for tier, rows in training.rows_left_out.items())
    return f"""## Training data

{training.description}
{training.rows:,} rows, all of the open tier (CC0, CC-BY, MIT, Apache, BSD, public domain). The licence is that of the
collection; page texts belong to their sites. Left out of the training and used for measuring only: {left_out}.

| licence as stated | rows |
|---|---|
{licences}
"""


def _quality(manifest: Manifest) -> str:
    text = QUALITY_NOTES
    for split in dict.fromkeys(one.split for one in manifest.quality):
        rows = [one for one in manifest.quality if one.split == split]
        text += f"\n### {split} ({rows[0].rows:,} rows)\n\n| measure | rater | constant |\n|---|---|---|\n"
        text += "".join(f"| {one.measure} | {one.value:.3f} | {one.constant:.3f} |\n" for one in rows)
    return text
