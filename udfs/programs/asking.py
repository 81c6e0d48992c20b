"""Asking a proposer about documents: what requests are made of a text, and what is answered to them.

A document is asked about as a whole, then in chunks, unless the first answer drops it. Each document has at least one
answer, and each chunk one: those that nobody is asked about say why.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import Field

from udfs.models.tokens import load_tokenizer
from udfs.programs.chunks import Chunk, ChunkSettings, chunks, measure_of
from udfs.programs.effects import Level
from udfs.programs.operations import DropDocument
from udfs.programs.parsing import parse
from udfs.programs.prompts import Prompter, PromptSettings
from udfs.programs.proposer import (
    Proposal,
    Proposer,
    Request,
    chunk_requests,
    document_request,
    whole_request,
)
from udfs.settings import Section

Levels = Literal["both", "document", "chunk"]

# Characters of texts that are asked about together, which bounds the token ids that are held: some 60 MB.
GROUP_CHARS = 4 << 20


class AskSettings(Section):
    """What is asked about a document."""

    levels: Levels = Field("both", description="ask about whole documents, about chunks of their lines, or both")
    chunks_of_dropped: bool = Field(
        False, description="ask about the chunks of documents, too, whose own program drops them"
    )
    tokenizer: str = Field("", description="tokenizer.json of the model, at a path that the executors see too")
    chunks: ChunkSettings = ChunkSettings()
    document_prompt: PromptSettings = PromptSettings()
    chunk_prompt: PromptSettings = PromptSettings()


class Answer(NamedTuple):
    """What a row of `programs` says of a document, or of a chunk of it; with an `error` there is no program."""

    level: Level
    chunk: int
    first_line: int
    last_line: int
    start: int  # the chunk is text[start:end], in code points
    end: int
    program: str
    prompt: str  # its version
    finish: str
    score: float | None = None
    error: str = ""


NOTHING = Answer("document", 0, 0, 0, 0, 0, "", "", "none")  # of a document that nobody was asked about


class Asker:
    """Asks one proposer. With `prompts`, raises ValueError or ModelError where the settings name no tokenizer that
    can be used; without, the proposer reads the texts itself, each of them whole."""

    def __init__(self, proposer: Proposer, settings: AskSettings, *, prompts: bool) -> None:
        self._proposer, self._settings = proposer, settings
        self._prompters: tuple[Prompter, Prompter] | None = None
        if prompts:
            tokenizer = load_tokenizer(Path(settings.tokenizer))
            self._measure = measure_of(settings.chunks, tokenizer)
            self._prompters = Prompter(tokenizer, settings.document_prompt), Prompter(tokenizer, settings.chunk_prompt)

    def __call__(self, texts: Sequence[str]) -> list[list[Answer]]:
        """The answers about each text, in order: about the document, then about its chunks."""
        found: list[list[Answer]] = []
        for group in groups(texts):
            found += self._group(group)
        return found

    def _group(self, texts: Sequence[str]) -> list[list[Answer]]:
        found: list[list[Answer]] = [[] for _ in texts]
        undropped = list(range(len(texts)))
        if self._settings.levels != "chunk":
            prompter = self._prompters[0] if self._prompters else None
            requests = [document_request(str(number), text, prompter) for number, text in enumerate(texts)]
            self._ask(requests, found)
            if not self._settings.chunks_of_dropped:
                undropped = [number for number in undropped if not _drops(found[number][0])]
        if self._settings.levels != "document":
            self._ask([one for number in undropped for one in self._of_chunks(number, texts[number], found)], found)
        for answers in found:
            answers.sort(key=lambda answer: (answer.level == "chunk", answer.chunk))
        return [answers or [NOTHING] for answers in found]

    def _of_chunks(self, number: int, text: str, found: list[list[Answer]]) -> list[Request]:
        """The requests about a text's chunks; those that are skipped are answered here."""
        if self._prompters is None:
            return [whole_request(str(number), text)] if text else []
        cut = chunks(text, self._measure, self._settings.chunks)
        found[number] += [_skipped(chunk) for chunk in cut if chunk.skipped]
        return chunk_requests(str(number), text, cut, self._prompters[1])

    def _ask(self, requests: Sequence[Request], found: list[list[Answer]]) -> None:
        for request, proposal in zip(requests, self._proposer(requests), strict=True):
            found[int(request.doc_id)].append(_answer(request, proposal))


def groups(texts: Sequence[str]) -> Iterator[list[str]]:
    """Texts in order, about GROUP_CHARS characters together or one."""
    group: list[str] = []
    chars = 0
    for text in texts:
        if group and chars + len(text) > GROUP_CHARS:
            yield group
            group, chars = [], 0
        group.append(text)
        chars += len(text)
    if group:
        yield group


def _answer(request: Request, proposal: Proposal) -> Answer:
    place = request.level, request.chunk, request.first_line, request.last_line, request.start, request.end
    version = request.prompt.version if request.prompt else ""
    return Answer(*place, proposal.program, version, proposal.finish, proposal.score, proposal.error)


def _skipped(chunk: Chunk) -> Answer:
    place = chunk.number, chunk.first_line, chunk.last_line, chunk.start, chunk.end
    return Answer("chunk", *place, "", "", chunk.skipped)


def _drops(answer: Answer) -> bool:
    return any(isinstance(call, DropDocument) for call in parse(answer.program))
