"""The proposer `lines`: programs by a line tagger (`udfs.programs.tagging.tagger`).

Of a chunk, which is the whole document, those lines go that the model thinks are no part of its main text; lines
without anything to see go where those on both sides do. Of a document, it goes where hardly a word would be left, or,
where that is asked for, where the model finds the text not worth keeping.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from udfs.models.running import ModelRun
from udfs.programs.line_rules import leaves_nothing, removals, with_blanks
from udfs.programs.operations import DropDocument, KeepChunk, KeepDocument, Operation, format_program
from udfs.programs.proposer import Proposal, Proposer, Request, failed
from udfs.programs.tagging.rubbish import rubbish_in
from udfs.programs.tagging.tagger import LineTagger, Tags, load_tagger
from udfs.settings import Section

LINES_VERSION = "lines-1"  # another one for every change that changes a program, the model's digest aside


class LineSettings(Section):
    """A line tagger, and how sure it must be."""

    model: str = Field(
        "refiner-lines-v3",
        min_length=1,
        description="a line tagger of models/ by its name, the folder of one, or its URL (s3://, ...)",
    )
    keep: Literal["safe", "balanced"] | Annotated[float, Field(ge=0, le=1)] = Field(
        "safe",
        description="lines stay from this probability on: the model's own for hardly a loss (safe), its own for the "
        "best F1 (balanced), or a number",
    )
    drop_below: float = Field(
        0.0, ge=0, le=1, description="documents go that are worth keeping with a smaller probability; 0: none for that"
    )
    normalize: bool = Field(True, description="replace rests of mark-up and tracking links in lines that stay")
    threads: int = Field(1, ge=1, description="threads of a worker; as many as spark.task.cpus")
    cache: str = Field(
        "", description="local folder for copies of models that lie in a store; empty: the machine's temporary folder"
    )

    @property
    def run(self) -> ModelRun:
        """How the model runs."""
        return ModelRun(threads=self.threads, cache=self.cache)


class LineProposer:
    """`udfs.programs.proposer.Proposer` over a tagger. The tags of the texts it was last asked about are kept: it is
    asked about documents first, and then about their chunks."""

    def __init__(self, tagger: LineTagger, settings: LineSettings) -> None:
        self._tagger, self._settings = tagger, settings
        self._threshold = threshold_of(tagger, settings)
        self._last: Mapping[str, Tags | str] = {}

    def __call__(self, requests: Sequence[Request]) -> list[Proposal]:
        """A proposal for each request. The score is the probability that the document is worth keeping or, where it
        goes, that it is not; of a chunk there is none."""
        texts = dict.fromkeys(request.text for request in requests)
        self._last = {text: self._last[text] if text in self._last else self._tags(text) for text in texts}
        return [self._proposal(request, self._last[request.text]) for request in requests]

    def _tags(self, text: str) -> Tags | str:
        try:
            return self._tagger(text)
        except Exception as error:  # onnxruntime raises many kinds, running out of memory among them
            return f"the model failed on the text ({type(error).__name__})"

    def _proposal(self, request: Request, tags: Tags | str) -> Proposal:
        if isinstance(tags, str):
            return failed(tags)
        lines = request.text.split("\n")
        going = self._going(len(lines), tags)
        if request.level == "chunk":
            return Proposal(format_program(self._cleaning(lines, going, request.first_line)), "stop", None)
        drops = tags.document < self._settings.drop_below or leaves_nothing(lines, going)
        score = 1 - tags.document if tags.document < self._settings.drop_below else None if drops else tags.document
        return Proposal(format_program([DropDocument() if drops else KeepDocument()]), "stop", score)

    def _going(self, count: int, tags: Tags) -> list[bool]:
        going = np.zeros(count, bool)
        going[tags.numbers] = tags.keep < self._threshold
        is_blank = np.ones(count, bool)
        is_blank[tags.numbers] = False
        return with_blanks(is_blank.tolist(), going.tolist())

    def _cleaning(self, lines: Sequence[str], going: Sequence[bool], first_line: int) -> list[Operation]:
        found: list[Operation] = [*removals(going, first_line)]
        if self._settings.normalize:
            found += rubbish_in(line for line, goes in zip(lines, going, strict=True) if not goes)
        return found or [KeepChunk()]


def threshold_of(tagger: LineTagger, settings: LineSettings) -> float:
    """The probability from which a line stays."""
    if isinstance(settings.keep, str):
        return float(getattr(tagger.thresholds, settings.keep))
    return settings.keep


def load_lines(folder: str | Path, settings: LineSettings) -> Proposer:
    """The proposer of a folder. Raises ModelError."""
    return LineProposer(load_tagger(folder, settings.threads), settings)
