"""Who has been asked what, with what result: the state from which a run of questions goes on.

Made of the rows of earlier runs and recorded answers; what they say is judged here, whatever was made of it then. A
row counts for a text if it is of the same request: the same words (`prompt`, `messages`) and the same model, where the
row says so. The first good answer to a request counts.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from udfs.models.dataman.truncation import cleaned
from udfs.teaching.answers import Failure, Rated, read_edu, read_format, read_rating
from udfs.teaching.clipping import HALF_TOKENS, Spans, clipped, shown, words
from udfs.teaching.exchanges import Exchange
from udfs.teaching.requests import PROMPT_VERSIONS, Message, Task, messages_of
from udfs.teaching.texts import Text

Key = tuple[str, Task]

_READERS = {"rating": read_rating, "edu": read_edu, "format": read_format}
_CACHED_TEXTS = 256


class Answered(NamedTuple):
    """A good answer: a rating, or points."""

    value: Rated | int
    round: int
    model: str


class Asking(NamedTuple):
    """What is asked, and by whom."""

    tasks: tuple[Task, ...]
    model: str = ""  # whose answers count; "": everybody's
    rounds: int = 3  # replies to a request until it is given up
    spans: Spans = words  # tokens of a text
    half: int = HALF_TOKENS  # of which so many are shown from the beginning and from the end


def judged(task: Task, reply: str) -> Rated | int | Failure:
    """What a reply says."""
    return _READERS[task](reply)


class Ledger:
    """Answers and failures by text and request. `strays` counts rows of other texts, other words or other models."""

    def __init__(self, texts: Iterable[Text], asking: Asking) -> None:
        self._texts = {text.id: text.text for text in texts}
        self._asking = asking
        self._shown = lru_cache(_CACHED_TEXTS)(lambda name: shown(self._texts[name], asking.spans, asking.half))
        self.answers: dict[Key, Answered] = {}
        self.failures: dict[Key, list[Failure]] = {}
        self.strays = 0

    def note(self, row: Exchange) -> Failure | None:
        """Take a row into account; returns what is wrong with its answer."""
        if not self._counts(row):
            self.strays += 1
            return None
        value = judged(row.task, row.reply)
        if row.reply and self._is_unclean(row):
            value = Failure.UNCLEAN_TEXT
        if isinstance(value, Failure):
            self.failures.setdefault(row.key, []).append(value)
            return value
        self.answers.setdefault(row.key, Answered(value, row.round, row.model))
        return None

    def open(self, texts: Sequence[Text]) -> Iterator[Exchange]:
        """Requests without an answer that have rounds left, without their reply. A round without a reply costs
        nothing."""
        for text in texts:
            for task in self._asking.tasks:
                failures = self.failures.get((text.id, task), [])
                replies = sum(failure is not Failure.API for failure in failures)
                if (text.id, task) not in self.answers and replies < self._asking.rounds:
                    messages = self._messages(text.id, task)
                    yield Exchange(
                        text.id, task, len(failures) + 1, self._asking.model, PROMPT_VERSIONS[task], messages
                    )

    def unanswered(self) -> Counter[Failure]:
        """The last failure of each request that has no answer."""
        return Counter(said[-1] for key, said in self.failures.items() if key not in self.answers)

    def _messages(self, name: str, task: Task) -> tuple[Message, ...]:
        return messages_of(task, self._shown(name))

    def _counts(self, row: Exchange) -> bool:
        if row.id not in self._texts or row.task not in self._asking.tasks:
            return False
        if row.prompt not in {"", PROMPT_VERSIONS[row.task]}:
            return False
        if row.model and self._asking.model and row.model != self._asking.model:
            return False
        return not row.messages or row.messages == self._messages(row.id, row.task) or self._is_unclean(row)

    def _is_unclean(self, row: Exchange) -> bool:
        """Whether the request is ours, but for the text in it, which nobody cleaned."""
        text = self._texts[row.id]
        if not row.messages or cleaned(text) == text or row.messages == self._messages(row.id, row.task):
            return False
        return row.messages == messages_of(row.task, clipped(text, self._asking.spans, self._asking.half))
