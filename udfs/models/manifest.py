"""The manifest of a model folder: what the model is, which files belong to it, and what it was measured to do.

A folder holds `manifest.json`, the files that it names with their SHA-256, and `card.md` for people (no digest: nothing
reads it). Reading a manifest is cheap; checking the digests reads every file once.
"""

import hashlib
import re
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, ValidationError, model_validator

from udfs.models.criteria import CRITERIA, DOMAINS, EXTRA_SCORES
from udfs.settings import Section

MANIFEST_FILE = "manifest.json"
GRAPH_FILE = "model.onnx"
TOKENIZER_FILE = "tokenizer.json"
CLASSES_OUTPUT = "classes"  # of a graph: logits of the integers of each score, see `score_classes`
SCORES = CRITERIA + EXTRA_SCORES

M = TypeVar("M", bound=Section)

_SHA256 = r"^[0-9a-f]{64}$"
_READ_BYTES = 1 << 20
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


class ModelError(ValueError):
    """A model folder cannot be used; the message is one sentence: what was found, what was expected, what to do."""


class FileFact(Section):
    """One file of the model."""

    sha256: Annotated[str, Field(pattern=_SHA256)]  # of the file's bytes, lower-case hex
    size_bytes: PositiveInt


class TrainingData(Section):
    """What the weights were fitted on."""

    description: str
    sha256: Annotated[str, Field(pattern=_SHA256)]  # of the file of the ratings
    rows: PositiveInt  # texts whose ratings the heads were fitted on
    licences: dict[str, PositiveInt]  # rows by licence, as the data set states it
    rows_left_out: dict[str, NonNegativeInt]  # rows not fitted on, by licence tier; used for measuring only
    encoder: str  # where the encoder's weights come from
    encoder_licence: str
    seed: int


class Measurement(Section):
    """One measured number, beside what a constant guess reaches on the same rows."""

    split: str  # how the rows were kept apart from the training rows
    measure: str
    value: float
    constant: float
    rows: PositiveInt  # texts measured


class Manifest(Section):
    """`manifest.json`. Positions in `scores` and `domains` are positions in the graph's outputs of the same names."""

    name: str
    kind: Literal["rater"]
    files: dict[str, FileFact]
    scores: tuple[str, ...]  # label order of the output `scores`
    domains: tuple[str, ...]  # label order of the output `domains`
    head_tokens: PositiveInt  # tokens from the start of a text that the model sees
    tail_tokens: PositiveInt  # tokens from the end of a longer text
    max_tokens: PositiveInt  # the longest input of the graph, with the first and the last token
    first_token: NonNegativeInt  # id put before a text
    last_token: NonNegativeInt  # id put after it
    pad_token: NonNegativeInt
    rows_per_run: (
        PositiveInt  # texts that may share one run; 1 where the graph quantises activations over the whole run
    )
    overall_deviation: PositiveFloat  # standard deviation of the error of overall_score on unseen sources
    classes: bool = False  # whether the graph has CLASSES_OUTPUT, which integers and confidence then come from
    training: TrainingData
    quality: tuple[Measurement, ...]
    command: str  # what made this folder
    versions: dict[str, str]  # packages it was made with

    @model_validator(mode="after")
    def _fits_together(self) -> "Manifest":
        for file in (GRAPH_FILE, TOKENIZER_FILE):
            if file not in self.files:
                raise ValueError(f"files does not name {file}")
        for file in self.files:
            if not _PLAIN_NAME.fullmatch(file):
                raise ValueError(f"files names {file!r}, which is no plain file name")
        for field, found, expected in (("scores", self.scores, SCORES), ("domains", self.domains, DOMAINS)):
            if sorted(found) != sorted(expected):
                raise ValueError(f"{field} is not a permutation of {', '.join(expected)}")
        if self.head_tokens + self.tail_tokens + 2 > self.max_tokens:
            raise ValueError("head_tokens + tail_tokens + 2 is larger than max_tokens")
        return self


def load_manifest(folder: str | Path) -> Manifest:
    """Read `manifest.json` of a model folder; the files it names are not opened. Raises ModelError."""
    return read_manifest(folder, Manifest, "restore the manifest or make the model anew")


def read_manifest(folder: str | Path, kind: type[M], advice: str) -> M:
    """`manifest.json` of a folder with any kind of model. Raises ModelError, which ends with the advice where the file
    is no such manifest."""
    try:
        return kind.model_validate_json(manifest_bytes(folder))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole file"
        raise ModelError(f"{Path(folder) / MANIFEST_FILE}: {place}: {first['msg']}; {advice}.") from None


def verify_files(folder: str | Path, manifest: Manifest) -> None:
    """Compare every file of the model with its digest in the manifest. Raises ModelError at the first that differs."""
    for name, fact in sorted(manifest.files.items()):
        verify_file(Path(folder) / name, fact)


def verify_file(path: Path, fact: FileFact) -> None:
    """Compare one file with its digest. Raises ModelError."""
    try:
        found = file_sha256(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ModelError(f"{path} cannot be read ({reason}), but the manifest names it; restore the file.") from None
    if found != fact.sha256:
        raise ModelError(
            f"{path} has the SHA-256 {found}, but the manifest expects {fact.sha256}; "
            "restore the file or make the model anew."
        )


def model_digest(folder: str | Path) -> str:
    """SHA-256 of `manifest.json` in hex: it changes when any file of the model does, and costs a few kilobytes to
    read.
    """
    return hashlib.sha256(manifest_bytes(folder)).hexdigest()


def manifest_bytes(folder: str | Path) -> bytes:
    """The bytes of `manifest.json` of a model folder. Raises ModelError."""
    path = Path(folder) / MANIFEST_FILE
    try:
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise ModelError(
            f"{path} cannot be read ({reason}); name a model folder with a {MANIFEST_FILE} in it."
        ) from None


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes in lower-case hex, read in pieces. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_READ_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
