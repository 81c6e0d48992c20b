"""The seam between the stage `propose` and whatever writes programs: recorded ones, a server, a model, rules.

A proposer is a callable over a sequence of requests that returns one proposal for each, in their order. What goes wrong
with one request is an error in its proposal; only what would go wrong with all of them raises.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from udfs.programs.chunks import Chunk, numbered
from udfs.programs.effects import Level
from udfs.programs.prompts import Prompt, Prompter


class Request(NamedTuple):
    """A document, or a chunk of one, for which a program is wanted.

    `text` is the lines as they are in the document, without numbers; line numbers count the document's lines from 0.
    """

    doc_id: str
    level: Level
    chunk: int  # 0 for a document
    first_line: int
    last_line: int  # the last one itself
    start: int  # text is document[start:end], in code points
    end: int
    text: str
    prompt: Prompt | None  # None for a proposer that reads the text itself


class Proposal(NamedTuple):
    """What a proposer says to a request. With an `error` there is no program."""

    program: str
    finish: str  # why the program ended there: stop, length, recorded, rules, error, or what a server says
    score: float | None  # 0 to 1, how sure the proposer is; None where it does not say
    error: str = ""


Proposer = Callable[[Sequence[Request]], Sequence[Proposal]]


def failed(error: str) -> Proposal:
    """The proposal of a request that came to nothing, with the reason."""
    return Proposal("", "error", None, error)


def document_request(doc_id: str, text: str, prompter: Prompter | None) -> Request:
    """Ask about a whole document."""
    prompt = prompter.document(text) if prompter else None
    return Request(doc_id, "document", 0, 0, text.count("\n"), 0, len(text), text, prompt)


def whole_request(doc_id: str, text: str) -> Request:
    """Ask about all lines of a document at once, without a prompt."""
    return document_request(doc_id, text, None)._replace(level="chunk")


def chunk_requests(doc_id: str, text: str, chunks: Sequence[Chunk], prompter: Prompter) -> list[Request]:
    """Ask about each chunk that is not skipped."""
    shown = [chunk for chunk in chunks if not chunk.skipped]
    lines = [text[chunk.start : chunk.end] for chunk in shown]
    prompts = prompter.chunks([numbered(one, chunk.first_line) for one, chunk in zip(lines, shown, strict=True)])
    return [
        Request(doc_id, "chunk", chunk.number, chunk.first_line, chunk.last_line, chunk.start, chunk.end, one, prompt)
        for chunk, one, prompt in zip(shown, lines, prompts, strict=True)
    ]
