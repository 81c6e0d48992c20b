"""What a teacher is asked about a text: three requests, as messages of a chat.

`rating` has the structure of DataMan's (arXiv 2502.19363, section 3: a system text, an instruction, the text, the
domains and 14 criteria with `_/5`), `edu` and `format` that of ProX's (arXiv 2409.17115, appendix A: additive points,
a short reason, a last line). The words are our own. They are English whatever the language of the text.
"""

import hashlib
from typing import Literal, NamedTuple, get_args

from udfs.teaching.wording import (
    CRITERION_LABELS,
    CRITERION_WORDS,
    DOMAIN_LIST,
    EDU_LINE,
    EDU_TASK,
    FORMAT_LINE,
    FORMAT_TASK,
    POINTS_END,
    RATER,
    RATING_TASK,
)

Task = Literal["rating", "edu", "format"]
TASKS: tuple[Task, ...] = get_args(Task)

_DIGEST_CHARS = 8


class Message(NamedTuple):
    """One turn of a chat."""

    role: str
    content: str


def messages_of(task: Task, text: str) -> tuple[Message, Message]:
    """The request about a text, cleaned and cut already."""
    match task:
        case "rating":
            body = _rating(text)
        case "edu":
            body = _points(EDU_TASK, EDU_LINE, text)
        case "format":
            body = _points(FORMAT_TASK, FORMAT_LINE, text)
    return Message("system", RATER), Message("user", body)


def _rating(text: str) -> str:
    named = zip(CRITERION_LABELS, CRITERION_WORDS.values(), strict=True)
    form = [f"[{number}]{label} ({words}):_/5" for number, (label, words) in enumerate(named, start=1)]
    return "\n".join([RATING_TASK, f"Text:\n{text}", f"Domains: {DOMAIN_LIST}", "Form:", "Domain:_", *form])


def _points(task: str, line: str, text: str) -> str:
    return f"{task}\n{POINTS_END}\n{line} <points>\n\nText:\n{text}"


def _version(task: Task) -> str:
    said = "\0".join(message.content for message in messages_of(task, "\0"))
    return f"{task}-{hashlib.sha256(said.encode()).hexdigest()[:_DIGEST_CHARS]}"


PROMPT_VERSIONS: dict[Task, str] = {task: _version(task) for task in TASKS}
"""Of each request, made of its words: another wording is another version."""
