"""What a server of OpenAI's completions API replies, read without trust."""

import json
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from udfs.programs.effects import Level
from udfs.programs.proposer import Proposal

_FINISH_CHARS = 50
_LOGPROB_MIN = -1e6


class BadReplyError(Exception):
    """A reply that is no completion of anything that was asked."""


class Choice(NamedTuple):
    """One completion; `logprobs` are natural logarithms, a token each, none where the server gives none or nonsense."""

    text: str
    finish: str
    logprobs: tuple[float, ...]


def read_choices(reply: bytes, count: int) -> dict[int, Choice]:
    """The completions of `count` prompts by their `index`, which says what prompt each is for, in whatever order.

    Some may be missing. Raises BadReplyError where all are, or where one has no place or another's.
    """
    try:
        record = json.loads(reply)
    except (ValueError, RecursionError):
        raise BadReplyError("the reply is no JSON") from None
    choices = record.get("choices") if isinstance(record, dict) else None
    if not isinstance(choices, list) or not choices:
        raise BadReplyError("the reply has no list of choices")
    found: dict[int, Choice] = {}
    for one in choices:
        index, text = (one.get("index"), one.get("text")) if isinstance(one, dict) else (None, None)
        if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < count or index in found:
            raise BadReplyError(f"the reply has a choice without an index of its own under {count}")
        if not isinstance(text, str):
            raise BadReplyError("the reply has a choice without a text")
        finish = one.get("finish_reason")
        found[index] = Choice(
            _stored(text), _stored(finish)[:_FINISH_CHARS] if isinstance(finish, str) else "", _logprobs(one)
        )
    return found


def to_proposal(choice: Choice, level: Level) -> Proposal:
    """The score of a document is the probability of what was said; of a chunk, whose programs differ in length, the
    geometric mean over its tokens."""
    score = None
    if choice.logprobs:
        total = min(sum(choice.logprobs), 0.0)
        score = math.exp(total if level == "document" else total / len(choice.logprobs))
    return Proposal(choice.text, choice.finish or "stop", score)


def refusal_text(reply: bytes) -> str:
    """What the server says about its refusal, "" where that is not in the API's form."""
    try:
        record = json.loads(reply)
    except (ValueError, RecursionError):
        return ""
    for key in ("error", "message"):
        record = record.get(key, record) if isinstance(record, dict) else record
    return _stored(record) if isinstance(record, str) else ""


def _logprobs(choice: Mapping[str, Any]) -> tuple[float, ...]:
    about = choice.get("logprobs")
    values = about.get("token_logprobs") if isinstance(about, dict) else None
    if not isinstance(values, list) or not all(isinstance(one, int | float) for one in values):
        return ()
    return tuple(map(float, values)) if all(_LOGPROB_MIN <= one <= 1 for one in values) else ()


def _stored(value: str) -> str:
    """No table can hold a lone surrogate."""
    return value.encode(errors="surrogatepass").decode(errors="replace")
