"""Proposers that are decoders: ProX's refiners (arXiv 2409.17115), one for documents, one for chunks, or either alone.

Of a document only one decision is wanted, so it is read off one pass over the prompt: which of `keep_doc()` and
`drop_doc()` the model would go on with, and how sure it is. Of a chunk a program is generated, by default one of the
grammar of that chunk. Both can be left to the model (`constrained: false`), as the published code does it.

What goes wrong with one request is its own error. The prompts are those of `udfs.programs.prompts`, as token ids.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from udfs.models.batching import ON_CPU, ON_CUDA, Batching
from udfs.models.decoder_manifest import Format, load_decoder_manifest, verify_decoder
from udfs.models.decoding import Decoder, Generated, Wanted
from udfs.models.delivery import is_url
from udfs.models.manifest import TOKENIZER_FILE, ModelError, file_sha256
from udfs.models.onnx_decoder import load_decoder
from udfs.models.running import ModelRun
from udfs.models.tokens import load_tokenizer
from udfs.programs.chunk_grammar import GrammarSettings
from udfs.programs.decision import Decision
from udfs.programs.effects import Level
from udfs.programs.grammar import Grammars, load_grammars
from udfs.programs.proposer import Proposal, Request, failed
from udfs.settings import Section

_FORMATS: dict[Level, Format] = {"document": "prox-document", "chunk": "prox-chunk"}


class RefinerSettings(Section):
    """Models that write programs, and what they may write."""

    document_model: str = Field(
        "", description="folder or URL of the decoder that is asked about documents; empty: none"
    )
    chunk_model: str = Field("", description="folder or URL of the decoder that is asked about chunks; empty: none")
    constrained: bool = Field(
        True, description="let models say nothing but what can be executed; false: anything, as in the published code"
    )
    document_tokens: int = Field(32, ge=1, description="longest answer about a document that is not constrained")
    chunk_tokens: int = Field(256, ge=1, description="longest program of a chunk; one that is longer ends there")
    grammar: GrammarSettings = GrammarSettings()

    @property
    def folders(self) -> dict[Level, str]:
        """The folders that are named, by what their models are asked about."""
        named: dict[Level, str] = {"document": self.document_model, "chunk": self.chunk_model}
        return {level: folder for level, folder in named.items() if folder}

    def at(self, folders: Mapping[Level, str]) -> "RefinerSettings":
        """The same, with models that lie elsewhere."""
        named: tuple[Level, ...] = ("document", "chunk")
        return self.model_copy(update={f"{level}_model": folders.get(level, "") for level in named})


class ModelSettings(RefinerSettings, ModelRun):
    """Refiners that run on the executors."""


class DocumentRefiner:
    """Decides on documents."""

    def __init__(self, decoder: Decoder, tokenizer: Any, settings: RefinerSettings) -> None:
        self._decoder, self._tokenizer, self._settings = decoder, tokenizer, settings
        self._decision = Decision(tokenizer)

    def __call__(self, requests: Sequence[Request]) -> list[Proposal]:
        """A proposal for each request. The score is the probability of the decision, of all that is said where that is
        free."""
        prompts = [_ids(one) for one in requests]
        if self._settings.constrained:
            found = self._decoder.choose([[*one, *self._decision.prefix] for one in prompts], self._decision.allowed)
            return [failed(one) if isinstance(one, str) else self._decided(one) for one in found]
        wanted = [Wanted(one, _room(self._decoder, one, self._settings.document_tokens)) for one in prompts]
        return [
            failed(one.error) if one.error else Proposal(_text(self._tokenizer, one), one.finish, _whole(one))
            for one in self._decoder.generate(wanted)
        ]

    def _decided(self, logits: Any) -> Proposal:
        program, score = self._decision.of(logits)
        return Proposal(program, "stop", score)


class ChunkRefiner:
    """Writes programs of chunks, by their grammar where `grammars` are given."""

    def __init__(
        self, decoder: Decoder, tokenizer: Any, settings: RefinerSettings, grammars: Grammars | None = None
    ) -> None:
        self._decoder, self._tokenizer, self._settings, self._grammars = decoder, tokenizer, settings, grammars

    def __call__(self, requests: Sequence[Request]) -> list[Proposal]:
        """A proposal for each request. The score is the geometric mean of its tokens' probabilities."""
        try:
            found = self._decoder.generate([self._wanted(one) for one in requests])
        finally:
            if self._grammars is not None:
                self._grammars.forget()
        return [failed(one.error) if one.error else self._proposal(one) for one in found]

    def _wanted(self, request: Request) -> Wanted:
        ids = _ids(request)
        constraint = None if self._grammars is None else self._grammars.constraint(request.text, request.first_line)
        return Wanted(ids, _room(self._decoder, ids, self._settings.chunk_tokens), constraint)

    def _proposal(self, answer: Generated) -> Proposal:
        # A program that the grammar ends is complete, as one that the model ends.
        finish = "stop" if answer.finish == "constraint" else answer.finish
        return Proposal(_text(self._tokenizer, answer), finish, answer.probability)


class Refiners:
    """`udfs.programs.proposer.Proposer` over a model for documents and one for chunks, of which one may be missing."""

    def __init__(self, document: DocumentRefiner | None, chunk: ChunkRefiner | None) -> None:
        self._models: dict[Level, DocumentRefiner | ChunkRefiner | None] = {"document": document, "chunk": chunk}

    def __call__(self, requests: Sequence[Request]) -> list[Proposal]:
        """One proposal for each request, in their order."""
        found: dict[int, Proposal] = {}
        for level, model in self._models.items():
            places = [place for place, request in enumerate(requests) if request.level == level]
            asked = [place for place in places if model is not None and requests[place].prompt is not None]
            if model is not None:
                found.update(zip(asked, model([requests[place] for place in asked]), strict=True))
            missing = "no model" if model is None else "no prompt"
            found |= {place: failed(f"there is {missing} for a {level}") for place in places if place not in found}
        return [found[place] for place in range(len(requests))]


def check_refiners(settings: RefinerSettings, variant: str) -> None:
    """Raises ModelError or ValueError where a local folder holds no refiner with that variant, or a file of it is not
    the one its manifest describes. What lies in a store is checked when it is copied."""
    local = settings.at({level: folder for level, folder in settings.folders.items() if not is_url(folder)})
    for level, folder in local.folders.items():
        _check_format(level, folder)
    for folder in dict.fromkeys(local.folders.values()):  # one model may do both
        verify_decoder(folder, load_decoder_manifest(folder), variant)
    if len(local.folders) == len(settings.folders):
        tokenizer_file(local)


def load_refiners(
    settings: RefinerSettings, variant: str, threads: int, batching: Batching | None = None, *, gpu: int = 0
) -> Refiners:
    """The refiners of the folders that the settings name. Decoders and grammars are loaded once in a process.

    Raises ModelError (a folder cannot be used here) or ValueError (a bad setting)."""
    tokenizer_file(settings)
    document = chunk = None
    for level, folder in settings.folders.items():
        _check_format(level, folder)
        decoder = load_decoder(folder, variant, threads, batching=batching, gpu=gpu)
        tokenizer = load_tokenizer(Path(folder) / TOKENIZER_FILE)
        if level == "document":
            document = DocumentRefiner(decoder, tokenizer, settings)
        else:
            chunk = ChunkRefiner(decoder, tokenizer, settings, _grammars(settings, variant, batching))
    return Refiners(document, chunk)


def tokenizer_file(settings: RefinerSettings) -> Path:
    """The tokenizer that prompts are built with. Raises ValueError where no folder is named, and ModelError where two
    are that have different tokenizers."""
    files = [Path(folder) / TOKENIZER_FILE for folder in settings.folders.values()]
    if not files:
        raise ValueError("found no refiner, expected a folder of one at least; set document_model, chunk_model or both")
    try:
        if len({file_sha256(file) for file in files}) > 1:
            raise ModelError(
                f"{files[0]} and {files[1]} differ, expected one tokenizer for both refiners; ask one of them after "
                "the other, in two runs."
            )
    except OSError as error:
        raise ModelError(f"a tokenizer cannot be read ({error}); name the folders of two decoders.") from None
    return files[0]


def _grammars(settings: RefinerSettings, variant: str, batching: Batching | None) -> Grammars | None:
    if not settings.constrained:
        return None
    manifest = load_decoder_manifest(settings.chunk_model)
    used = batching or (ON_CPU if manifest.chosen(variant).provider == "cpu" else ON_CUDA)
    path = Path(settings.chunk_model) / TOKENIZER_FILE
    return load_grammars(path, manifest.stop, settings.grammar, live=2 * used.slots)


def _check_format(level: Level, folder: str) -> None:
    found = load_decoder_manifest(folder).format
    if found not in {_FORMATS[level], "other"}:
        raise ModelError(
            f"{folder} holds a model for {found}, expected one for {_FORMATS[level]}; name the folder of a refiner of "
            f"{level}s."
        )


def _ids(request: Request) -> tuple[int, ...]:
    assert request.prompt is not None
    return request.prompt.ids


def _room(decoder: Decoder, prompt: Sequence[int], most: int) -> int:
    """Tokens that an answer may have; at least one, which the decoder refuses where the prompt fills the context."""
    return max(min(most, decoder.context - len(prompt)), 1)


def _text(tokenizer: Any, answer: Generated) -> str:
    """What was said, as it was said: blanks in front of it are the parser's business."""
    return str(tokenizer.decode(list(answer.tokens), skip_special_tokens=False))


def _whole(answer: Generated) -> float:
    """The probability of all tokens, the stop token's with them, from their mean."""
    return float(answer.probability ** (len(answer.tokens) + (answer.finish == "stop")))
