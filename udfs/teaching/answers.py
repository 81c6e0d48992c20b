"""What a teacher's free answer says: a domain and 14 scores, or points; else why it is none, in a closed list.

Reading is total, and takes time linear in the answer. As DataMan does (arXiv 2502.19363, section 3), scores are what is
written `x/5`, taken in their order, or by their numbers where each has one (`[3]Language Consistency: 4/5`); 28 of them
count as 14 where both halves say the same. Nothing that an answer says is evaluated.
"""

import math
import re
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from udfs.models.criteria import CRITERIA
from udfs.models.dataman.registry import DOMAIN_LABELS, LETTERS
from udfs.teaching.wording import DOMAIN_LIST, EDU_LINE, FORMAT_LINE


class Failure(StrEnum):
    """Why a request has no answer yet and is made again: DataMan's eight classes. The first that applies counts."""

    API = "api"  # no reply came, or an empty one
    UNCLEAN_TEXT = "unclean_text"  # it was asked about a text that was not cleaned
    NOT_APPLICABLE = "not_applicable"  # the answer says N/A somewhere
    NO_SCORE = "no_score"
    FEW_SCORES = "few_scores"  # fewer than 14, or not one for each criterion
    MANY_SCORES = "many_scores"  # more than 14, and not the same 14 twice
    NO_DOMAIN = "no_domain"
    MANY_DOMAINS = "many_domains"  # more than one letter


class Rated(NamedTuple):
    """An answer to `rating`."""

    domain: str  # one of LETTERS
    scores: tuple[int, ...]  # 1 to 5, in the order of CRITERIA


class _Score(NamedTuple):
    value: float
    number: int  # that stands before it in its line, 0 for none


LOW, HIGH = 1, 5
POINTS_HIGH = 5

_COUNT = len(CRITERIA)
_UPWARDS = 3  # scores from here on are rounded up, those below it down
_THOUGHT_END = "</think>"
_MARKS = r"[*_`\] ]{0,4}"
_NUMBER = r"(?<![0-9./,-])([0-9]{1,3}(?:\.[0-9]{1,6})?)"
_OF_FIVE = re.compile(rf"{_NUMBER}{_MARKS}/{_MARKS}5(?:\.0)?(?![0-9/]|\.[0-9])")
_NUMBERED = re.compile(r"\[([0-9]{1,2})\]")
_AFTER_DOMAIN = re.compile(r"\bdomain\b[^\w\n]{0,16}", re.IGNORECASE)
_LETTER = re.compile(rf"([{LETTERS[0]}-{LETTERS[-1]}])(?!\w|'\w)")
_BRACKETED = re.compile(rf"\[([{LETTERS[0]}-{LETTERS[-1]}])\]")
_LETTER_END = re.compile(r"[^\S\n]*(?:[^\w\s]|\n|\Z)")
_NAMES = {letter: name.lower() for letter, name in zip(LETTERS, DOMAIN_LABELS["en"].values(), strict=True)}
_BEHIND_NAME = re.compile(rf"(?i:{'|'.join(map(re.escape, _NAMES.values()))}) ?\(([{LETTERS[0]}-{LETTERS[-1]}])\)")
# The last line may be bold, a heading, or have the points in brackets, and may say of how many.
_POINTS_BEHIND = r"[\s*_`:<(\[]{0,12}([0-9]{1,3}(?:\.[0-9]{1,6})?)(?![0-9.]*[0-9])"
_POINTS = {
    line: re.compile(re.escape(line.rstrip(":")) + _POINTS_BEHIND, re.IGNORECASE) for line in (EDU_LINE, FORMAT_LINE)
}


def read_rating(reply: str) -> Rated | Failure:
    """The rating that a reply gives, or why it gives none."""
    said = _spoken(reply)
    if not said:
        return Failure.API
    if "N/A" in said:
        return Failure.NOT_APPLICABLE
    scores = _scores(said)
    if isinstance(scores, Failure):
        return scores
    letters = set(_letters(said))
    if len(letters) != 1:
        return Failure.MANY_DOMAINS if letters else Failure.NO_DOMAIN
    return Rated(letters.pop(), scores)


def read_edu(reply: str) -> int | Failure:
    """The points, 0 to 5, of the last line `Educational score:`, or why there are none."""
    return _points(reply, EDU_LINE)


def read_format(reply: str) -> int | Failure:
    """The points, 0 to 5, of the last line `Extraction Quality Score:`, or why there are none."""
    return _points(reply, FORMAT_LINE)


def rounded(score: float) -> int:
    """Away from the middle: a score below 3 down, one from 3 on up. `score` is finite."""
    return math.floor(score) if score < _UPWARDS else math.ceil(score)


def _spoken(reply: str) -> str:
    """The reply without what a reasoning model thought before it."""
    return reply[reply.rfind(_THOUGHT_END) + len(_THOUGHT_END) :].strip() if _THOUGHT_END in reply else reply.strip()


def _scores(said: str) -> tuple[int, ...] | Failure:
    found = list(_found_scores(said))
    if not found:
        return Failure.NO_SCORE
    if len(found) == 2 * _COUNT and _placed(found[:_COUNT]) == _placed(found[_COUNT:]):
        found = found[:_COUNT]
    if len(found) != _COUNT:
        return Failure.FEW_SCORES if len(found) < _COUNT else Failure.MANY_SCORES
    values = _placed(found)
    return tuple(map(rounded, values)) if values else Failure.FEW_SCORES


def _found_scores(said: str) -> Iterator[_Score]:
    """Every `x/5` with x from 1 to 5."""
    for line in said.split("\n"):
        numbers = [(match.end(), int(match[1])) for match in _NUMBERED.finditer(line)]
        last = 0
        for match in _OF_FIVE.finditer(line):
            value = float(match[1])
            while last < len(numbers) and numbers[last][0] <= match.start():
                last += 1
            if LOW <= value <= HIGH:
                yield _Score(value, numbers[last - 1][1] if last else 0)


def _placed(scores: list[_Score]) -> tuple[float, ...]:
    """The values in the order of CRITERIA: by their numbers where they have some; () where those are not 1 to 14."""
    numbers = [score.number for score in scores]
    if not any(numbers):
        return tuple(score.value for score in scores)
    if sorted(numbers) != list(range(1, _COUNT + 1)):
        return ()
    return tuple(score.value for score in sorted(scores, key=lambda score: score.number))


def _letters(said: str) -> Iterator[str]:
    """The letters of domains that are named: `[E]`, `Technology (E)`, or one behind the word domain that begins no
    sentence. Our own list of them, said again, names none."""
    said = said.replace(DOMAIN_LIST, "").replace("_", " ")
    yield from (match[1] for pattern in (_BRACKETED, _BEHIND_NAME) for match in pattern.finditer(said))
    for match in _AFTER_DOMAIN.finditer(said):
        letter = _LETTER.match(said, match.end())
        if letter and (_LETTER_END.match(said, letter.end()) or _names(said, letter)):
            yield letter[1]


def _names(said: str, letter: re.Match[str]) -> bool:
    """Whether the domain's name stands behind its letter: `A Medicine`."""
    name = _NAMES[letter[1]]
    return said[letter.end() : letter.end() + len(name) + 2].lower().strip().startswith(name)


def _points(reply: str, label: str) -> int | Failure:
    said = _spoken(reply)
    if not said:
        return Failure.API
    last = None
    for last in _POINTS[label].finditer(said):  # noqa: B007  the last one counts
        pass
    # A point is for something that is there: half a point is none.
    points = math.floor(float(last[1])) if last else -1
    if 0 <= points <= POINTS_HIGH and float(last[1] if last else 0) <= POINTS_HIGH:
        return points
    return Failure.NOT_APPLICABLE if "N/A" in said else Failure.NO_SCORE
