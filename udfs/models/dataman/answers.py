"""Answers of DataMan's raters: read from text without trust, and as templates that a decoder fills.

`all_rating` is answered by 15 lines, a domain's letter and 14 digits; the other modes by one of them. A model may say
0, and the published one does: that is no score.
"""

import math
from enum import StrEnum
from typing import Any, NamedTuple

from udfs.models.criteria import CRITERIA, DOMAINS
from udfs.models.dataman.registry import DOMAIN_BY_LETTER, LETTERS, SCORE_HIGH, SCORE_LOW
from udfs.models.dataman.request import Mode
from udfs.models.decoding import Filled, Slot
from udfs.models.manifest import ModelError

_DIGITS = "012345"  # of which 0 is no score
# What a template is filled with at first; any guess gives the same answer, this one mostly after few passes.
_GUESS = "E" + "44543524544454"


class Status(StrEnum):
    """What an answer is."""

    OK = "ok"
    EMPTY = "empty"  # nothing but white space
    WRONG_LINES = "wrong_lines"  # more or fewer lines than the mode's answer has
    BAD_DOMAIN = "bad_domain"  # where the letter of a domain belongs is something else
    NOT_A_DIGIT = "not_a_digit"  # where a score belongs is no whole number
    ZERO_SCORE = "zero_score"
    OUT_OF_RANGE = "out_of_range"  # a whole number over 5


class Answer(NamedTuple):
    """An answer that was read. Where it is not OK, `fault` names the criterion or domain of the first fault, "" for the
    answer as a whole, and there are no values."""

    status: Status
    fault: str = ""
    domain: str | None = None  # one of DOMAINS; None where the mode asks for none
    scores: tuple[int, ...] = ()  # 1 to 5, for each of `asked(mode)` that is a criterion


class Weighed(NamedTuple):
    """An answer with what the model thought of the others."""

    answer: Answer
    expected: tuple[float, ...] = ()  # of each score, over the probabilities of 1 to 5
    domain_probabilities: tuple[float, ...] = ()  # in the order of DOMAINS
    confidence: float = 0.0  # probability of the overall score among 1 to 5; of the domain where it is all there is


def asked(mode: Mode) -> tuple[str, ...]:
    """What each line of the answer is about: `domain`, or a name of CRITERIA."""
    if mode == "all_rating":
        return ("domain", *CRITERIA)
    return CRITERIA[-1:] if mode.endswith("score_only") else ("domain",)


def read_answer(text: str, mode: Mode) -> Answer:
    """What `text` says. Total: whatever it is, it gives an answer or the first thing that is wrong with it."""
    stripped = text.strip()
    if not stripped:
        return Answer(Status.EMPTY)
    lines, names = stripped.split("\n"), asked(mode)
    if len(lines) != len(names):
        return Answer(Status.WRONG_LINES)
    domain: str | None = None
    scores: list[int] = []
    for name, line in zip(names, lines, strict=True):
        if name == "domain":
            domain = DOMAIN_BY_LETTER.get(line)
            status = Status.OK if domain else Status.BAD_DOMAIN
        else:
            status = _status_of_score(line)
        if status is not Status.OK:
            return Answer(status, name)
        scores += [] if name == "domain" else [int(line)]
    return Answer(Status.OK, "", domain, tuple(scores))


def _status_of_score(line: str) -> Status:
    if not (line.isascii() and line.isdigit()):
        return Status.NOT_A_DIGIT
    if not line.strip("0"):
        return Status.ZERO_SCORE
    return Status.OK if len(line) == 1 and SCORE_LOW <= int(line) <= SCORE_HIGH else Status.OUT_OF_RANGE


class AnswerTemplate:
    """The answer of one mode as slots of tokens: letters A to O, newlines, digits 0 to 5 (29 slots for `all_rating`).

    Raises ModelError for a tokenizer to which one of these is not one token.
    """

    def __init__(self, tokenizer: Any, mode: Mode) -> None:
        self.mode = mode
        newline = _alone(tokenizer, "\n", "")
        self._letters = {_alone(tokenizer, letter, "\n"): letter for letter in LETTERS}
        self._digits = {_alone(tokenizer, digit, "\n"): digit for digit in _DIGITS}
        slots: list[Slot] = []
        for name, guess in zip(("domain", *CRITERIA), _GUESS, strict=True):
            if name in asked(mode):
                slots += [Slot((newline,), newline)] if slots else []
                choices = self._letters if name == "domain" else self._digits
                slots.append(Slot(tuple(sorted(choices)), next(one for one, said in choices.items() if said == guess)))
        self.slots = tuple(slots)

    def read(self, filled: Filled) -> Weighed | str:
        """What a decoder filled in, with expected scores and probabilities; or what went wrong there."""
        if filled.error:
            return filled.error
        named = self._letters | self._digits
        answer = read_answer("\n".join(named[token] for token in filled.tokens[::2]), self.mode)
        if answer.status is not Status.OK:
            return Weighed(answer)
        shares = [
            {named[token]: share for token, share in zip(slot.allowed, found, strict=True)}
            for slot, found in zip(self.slots[::2], filled.probabilities, strict=True)
        ]
        domains = tuple(shares[0][letter] for letter in LETTERS) if answer.domain else ()
        scored = [_over_scores(one) for one in shares[-len(answer.scores) :]] if answer.scores else []
        expected = tuple(sum(score * share for score, share in one.items()) for one in scored)
        confidence = scored[-1][answer.scores[-1]] if scored else domains[DOMAINS.index(answer.domain or "")]
        return Weighed(answer, expected, domains, confidence)


def _over_scores(shares: dict[str, float]) -> dict[int, float]:
    """Probabilities of the digits as those of the scores 1 to 5 alone, sum 1; not a number where they have none."""
    total = sum(share for digit, share in shares.items() if digit != "0") or math.nan
    return {int(digit): share / total for digit, share in shares.items() if digit != "0"}


def _alone(tokenizer: Any, said: str, around: str) -> int:
    """The one token of `said` between newlines. Raises ModelError where it is not one."""
    ids: list[int] = tokenizer.encode(f"{around}{said}{around}", add_special_tokens=False).ids
    sides = tokenizer.encode(around, add_special_tokens=False).ids if around else []
    if len(ids) != 1 + 2 * len(sides) or (sides and (ids[:1] != sides or ids[-1:] != sides)):
        raise ModelError(
            f"found {said!r} to be no token of its own to the tokenizer, expected one that has the letters A to O, the "
            "digits 0 to 5 and the newline as single tokens; name the folder of a DataMan rater."
        )
    return ids[len(sides)]
