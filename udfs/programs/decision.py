"""Keep or drop, as the token in which the two answers first differ: what is read off a document refiner's logits."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from udfs.models.manifest import ModelError
from udfs.programs.operations import DropDocument, KeepDocument, format_program

_KEEP, _DROP = format_program([KeepDocument()]), format_program([DropDocument()])


class Decision:
    """`prefix` follows the prompt, and one of the tokens `allowed` follows that.

    A model may begin its answer with or without a blank in the first word, by how it was trained: where both are one
    token, both are counted. Raises ModelError for a tokenizer to which the two answers do not differ.
    """

    def __init__(self, tokenizer: Any) -> None:
        spelled = [_first_difference(tokenizer, before) for before in ("", "\n", " ")]
        if spelled[0] is None:
            raise ModelError(
                f"found a tokenizer to which {_KEEP} and {_DROP} are the same, expected that of a document refiner; "
                "name the folder of one."
            )
        self.prefix = spelled[0][0]
        alike = [one for one in spelled if one is not None and one[0] == self.prefix]
        self._programs = {keep: _KEEP for _, keep, _ in alike} | {drop: _DROP for _, _, drop in alike}
        self.allowed = tuple(sorted(self._programs))

    def of(self, logits: NDArray[np.float32]) -> tuple[str, float]:
        """The program of the likeliest token, of equal ones the first, as it would be written freely; and the
        probability of that program among both, in all spellings. `logits`: of `allowed`, in its order."""
        odds = np.exp(logits.astype(np.float64) - float(logits.max()))
        programs = [self._programs[token] for token in self.allowed]
        said = programs[int(logits.argmax())]
        same = math.fsum(share for share, program in zip(odds.tolist(), programs, strict=True) if program == said)
        return said, same / math.fsum(odds.tolist())


def _first_difference(tokenizer: Any, before: str) -> tuple[tuple[int, ...], int, int] | None:
    """What both answers begin with behind `before`, and the tokens of each that follow; None where none do."""
    keep, drop = (_behind(tokenizer, before, program) for program in (_KEEP, _DROP))
    for place, (one, other) in enumerate(zip(keep, drop, strict=False)):
        if one != other:
            return tuple(keep[:place]), one, other
    return None


def _behind(tokenizer: Any, before: str, program: str) -> Sequence[int]:
    """The tokens of a program; behind a newline, which is cut off, as in the middle of a text, and a blank stays."""
    ids: list[int] = tokenizer.encode(before + program, add_special_tokens=False).ids
    return ids[len(tokenizer.encode(before, add_special_tokens=False).ids) :] if before == "\n" else ids
