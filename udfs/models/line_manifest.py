"""The manifest of a line tagger's folder: what `python -m jobs.train_refiner` made, and what a run needs of it.

A folder holds `manifest.json`, `model.onnx`, `words.bin` (hashes of known words, ascending, little-endian uint64) and
`card.md`. The graph takes `tokens` (int32, lines x SHOWN) and `features` (float32, lines x `features`) of one text, and
gives `keep` (float32, lines) and `document` (float32, 1), both logits.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from udfs.models.manifest import GRAPH_FILE, FileFact, read_manifest, verify_file
from udfs.settings import Section

WORDS_FILE = "words.bin"
Ratio = Annotated[float, Field(ge=0, le=1)]


class Thresholds(Section):
    """Probabilities from which a line stays."""

    safe: Ratio  # loses at most a hundredth of the main text's characters
    balanced: Ratio  # the best F1 of lines and characters


class LineTraining(Section):
    """What the weights were fitted on."""

    description: str
    files: dict[str, str]  # SHA-256 by name
    pages: PositiveInt
    lines: PositiveInt  # in all shapes of the pages
    licences: dict[str, PositiveInt]  # pages by licence, as the data set states it
    pages_left_out: dict[str, NonNegativeInt]  # by licence tier, and `held out`; used for measuring only
    documents: NonNegativeInt  # rated texts that the head for documents was fitted on
    words: str  # where the vectors of words come from
    words_licence: str
    seed: int


class LineMeasurement(Section):
    """Measured on pages that were not trained on, all lines pooled."""

    source: str  # or `all`, `mean of sources`, `articles`
    threshold: str  # a field of Thresholds
    pages: PositiveInt
    line_keep_f1: Ratio
    char_f1: Ratio
    char_recall: Ratio  # characters of the main text that stay
    removed_recall: Ratio  # lines that are no main text and go


class LineManifest(Section):
    """`manifest.json` of a line tagger."""

    name: str
    kind: Literal["refiner"]
    format: Literal["lines"]
    files: dict[str, FileFact]
    features: tuple[str, ...]  # the columns of the graph's input, in order
    endings: PositiveInt  # rows for words that are not known
    head_tokens: PositiveInt  # tokens of a line that are shown from its start
    tail_tokens: PositiveInt  # and from its end
    members: PositiveInt  # networks in the graph, whose logits are averaged
    thresholds: Thresholds
    training: LineTraining
    quality: tuple[LineMeasurement, ...]
    command: str  # what made this folder
    versions: dict[str, str]  # packages it was made with

    @model_validator(mode="after")
    def _names_its_files(self) -> "LineManifest":
        if sorted(self.files) != [GRAPH_FILE, WORDS_FILE]:
            raise ValueError(f"files names {', '.join(self.files) or 'nothing'}, not {GRAPH_FILE} and {WORDS_FILE}")
        return self


def load_line_manifest(folder: str | Path) -> LineManifest:
    """Read `manifest.json` of a line tagger; the files it names are not opened. Raises ModelError."""
    return read_manifest(folder, LineManifest, "name the folder of a line tagger")


def verify_line_files(folder: str | Path, manifest: LineManifest) -> None:
    """Compare every file with its digest in the manifest. Raises ModelError at the first that differs."""
    for name, fact in sorted(manifest.files.items()):
        verify_file(Path(folder) / name, fact)
