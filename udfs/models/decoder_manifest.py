"""The manifest of a decoder's folder: what `python -m jobs.export_onnx` made of a checkpoint, and what a run needs.

A folder holds `manifest.json`, `tokenizer.json` and one folder for each variant of the graph, with `model.onnx` and its
weights in `model.onnx.data`. The manifest names all of them with their SHA-256. What the graphs take and give is
written in `jobs/export/graph.py`.
"""

import re
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from udfs.models.manifest import TOKENIZER_FILE, FileFact, ModelError, read_manifest, verify_file
from udfs.models.session import Provider
from udfs.settings import Section

Format = Literal["prox-document", "prox-chunk", "dataman", "other"]
Language = Literal["en", "zh", "any"]
Precision = Literal["int8", "fp16", "fp32"]
Ratio = Annotated[float, Field(ge=0, le=1)]

VARIANTS: dict[str, tuple[Precision, Provider]] = {
    "cpu-int8": ("int8", "cpu"),
    "cpu-fp32": ("fp32", "cpu"),
    "cuda-fp16": ("fp16", "cuda"),
}

_SHA256 = r"^[0-9a-f]{64}$"
_PLAIN_PATH = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9_.-]*/)?[A-Za-z0-9_][A-Za-z0-9_.-]*")


class Variant(Section):
    """One graph. Its past keys and values are float16 with the precision fp16, float32 with the others."""

    graph: str  # its path in the folder
    precision: Precision
    provider: Provider  # the device that it was made for; fp16 runs on the CPU too, at the cost of fp32


class Parity(Section):
    """How often a graph said what it was compared with: greedy answers to the same prompts of different lengths."""

    variant: str
    reference: str  # what it was compared with
    prompts: PositiveInt
    tokens: PositiveInt  # tokens compared, over all answers
    tokens_equal: Ratio  # share of tokens before the first difference of their answer
    answers_equal: Ratio  # share of answers that are the same to the last token


class DecoderManifest(Section):
    """`manifest.json` of a decoder. Ids are those of `tokenizer.json`."""

    name: str
    kind: Literal["decoder"]
    format: Format  # what the checkpoint was trained to answer
    language: Language  # of the pages that it was trained on
    prompt_version: str  # of the prompts it expects; empty with the format other
    files: dict[str, FileFact]  # by path in the folder
    variants: dict[str, Variant]
    architecture: str  # `model_type` of the checkpoint's config.json
    layers: PositiveInt
    kv_heads: PositiveInt
    head_size: PositiveInt
    vocabulary: PositiveInt  # tokens that the graph gives logits for; may be more than the tokenizer knows
    context: PositiveInt  # tokens of prompt and answer together
    begin: tuple[NonNegativeInt, ...]  # ids that the tokenizer puts before a text; none where it puts none
    stop: tuple[NonNegativeInt, ...]  # ids that end an answer
    pad: NonNegativeInt  # fills rows up; never looked at
    parity: tuple[Parity, ...]
    source_sha256: dict[str, Annotated[str, Field(pattern=_SHA256)]]  # of the files of the checkpoint, by name
    command: str  # what made this folder
    versions: dict[str, str]  # packages it was made with

    @model_validator(mode="after")
    def _files_fit(self) -> "DecoderManifest":
        for file in self.files:
            if not _PLAIN_PATH.fullmatch(file):
                raise ValueError(f"files names {file!r}, which is no plain path in the folder")
        for file in (TOKENIZER_FILE, *(variant.graph for variant in self.variants.values())):
            if file not in self.files:
                raise ValueError(f"files does not name {file}")
        return self

    @model_validator(mode="after")
    def _variants_fit(self) -> "DecoderManifest":
        if not self.variants:
            raise ValueError("variants is empty, expected at least one graph")
        for name, variant in self.variants.items():
            if VARIANTS.get(name) != (variant.precision, variant.provider):
                raise ValueError(f"variant {name!r} is not one of {', '.join(VARIANTS)}, or not what it is called")
            if not variant.graph.startswith(f"{name}/"):
                raise ValueError(f"the graph of {name} is {variant.graph}, expected it in the folder {name}")
        return self

    @model_validator(mode="after")
    def _tokens_fit(self) -> "DecoderManifest":
        for token in (*self.begin, *self.stop, self.pad):
            if token >= self.vocabulary:
                raise ValueError(f"token {token} is not in a vocabulary of {self.vocabulary}")
        if not self.stop:
            raise ValueError("stop is empty, expected the id of at least one token that ends an answer")
        return self

    def files_of(self, variant: str) -> tuple[str, ...]:
        """Paths of the files that a run of one variant reads, in order. Raises ModelError where there is no such."""
        folder = f"{PurePosixPath(self.chosen(variant).graph).parent}/"
        return tuple(sorted(file for file in self.files if file == TOKENIZER_FILE or file.startswith(folder)))

    def chosen(self, variant: str) -> Variant:
        """The variant of this name. Raises ModelError where the folder has none."""
        if variant not in self.variants:
            has = ", ".join(sorted(self.variants))
            raise ModelError(
                f"{self.name} has no variant {variant!r}, it has {has}; choose one of these or export it "
                "with python -m jobs.export_onnx --variants."
            )
        return self.variants[variant]


def load_decoder_manifest(folder: str | Path) -> DecoderManifest:
    """Read `manifest.json` of a decoder's folder; the files it names are not opened. Raises ModelError."""
    advice = "name the folder of a decoder, or export it anew with python -m jobs.export_onnx"
    return read_manifest(folder, DecoderManifest, advice)


def verify_decoder(folder: str | Path, manifest: DecoderManifest, variant: str) -> None:
    """Compare the files that a run of one variant reads with their digests; those of the other variants need not be
    there. Raises ModelError at the first that differs."""
    for name in manifest.files_of(variant):
        verify_file(Path(folder) / name, manifest.files[name])
