"""A teacher behind a chat endpoint of OpenAI's form: requests in, replies out as they come, several at once.

Nothing is sent but what the settings name a server for. A request that fails for good is a row with the failure `api`
and the server's words (without the key); after many of them in a row the asking ends, since a server that is down
answers nobody.
"""

import json
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from http import HTTPStatus
from itertools import islice
from typing import Any, Literal, NamedTuple

from pydantic import Field

from udfs.model_server import ModelServer, RefusedError, ServerSettings
from udfs.programs.completions import BadReplyError
from udfs.teaching.answers import Failure
from udfs.teaching.exchanges import REPLY_CHARS, Exchange
from udfs.teaching.ledger import judged
from udfs.teaching.rows import stored

REFUSED = "refused"
"""`finish` of a request that the server refuses for what it says, such as too long a text; not for its key or model."""

_FINISH_CHARS = 50
_REFUSALS = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY})


class ChatSettings(ServerSettings):
    """A server that chats."""

    model: str = Field(default="", description="the model's name as the server knows it")
    requests_at_once: int = Field(default=8, ge=1, le=256, description="requests that wait for their replies together")
    temperature: float = Field(default=0.0, ge=0, le=2, description="of the first round")
    later_temperature: float = Field(
        default=0.0, ge=0, le=2, description="of later rounds; over 0 for a server that repeats itself word for word"
    )
    answer_tokens: int = Field(default=4096, ge=1, description="longest reply")
    tokens_field: Literal["max_tokens", "max_completion_tokens"] = Field(
        default="max_tokens", description="what the server calls the longest reply"
    )
    give_up_after: int = Field(default=20, ge=1, description="requests without a reply, in a row, that end the asking")


class ServerDownError(Exception):
    """So many requests came to nothing that the asking ended; the sentence is the last one's."""


class Reply(NamedTuple):
    """What a server says."""

    text: str
    finish: str


class Teacher:
    """Asks one model. `has_replied`: whether it is known to answer, so that what it refuses is the text's fault.

    Raises ValueError for an address, a key file or a model's name that cannot be used.
    """

    def __init__(self, settings: ChatSettings, *, has_replied: bool = False) -> None:
        if not settings.model:
            raise ValueError("found no model for the server, expected the name that it knows it by; set model")
        self._settings = settings
        self._server = ModelServer(settings, "/chat/completions")
        self._failures = 0  # requests without a reply, in a row
        self._has_replied = has_replied

    def answers(self, requests: Iterator[Exchange]) -> Iterator[Exchange]:
        """The requests with their replies or failures, in the order in which they come; requests are taken as there is
        room. Raises ServerDownError after the last reply that is still under way."""
        threads = ThreadPoolExecutor(self._settings.requests_at_once)
        waiting: set[Future[Exchange]] = set()
        detail = ""
        try:
            while True:
                if self._failures < self._settings.give_up_after:
                    room = 2 * self._settings.requests_at_once - len(waiting)
                    waiting |= {threads.submit(self.answer, request) for request in islice(requests, room)}
                if not waiting:
                    break
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    row = future.result()
                    self._count(row)
                    detail = row.detail or detail
                    yield row
        finally:  # what did not begin never will, where nobody wants more rows
            threads.shutdown(cancel_futures=True)
        if self._failures >= self._settings.give_up_after:
            self._failures = 0
            raise ServerDownError(detail)

    def answer(self, request: Exchange) -> Exchange:
        """The request with the reply to it, or with the failure `api`; never raises for what a server does."""
        try:
            reply = self._server.ask(self._payload(request), read_reply)
        except RefusedError as error:
            finish = REFUSED if error.status in _REFUSALS else ""
            return request._replace(finish=finish, failure=Failure.API, detail=str(error))
        if len(reply.text) > REPLY_CHARS:
            detail = f"the reply has {len(reply.text)} characters, more than {REPLY_CHARS}"
            return request._replace(failure=Failure.API, detail=detail)
        text = self._server.without_key(reply.text)
        value = judged(request.task, text)
        failure = value.value if isinstance(value, Failure) else ""
        detail = "" if text else "the reply is empty"
        return request._replace(reply=text, finish=reply.finish, failure=failure, detail=detail)

    def _count(self, row: Exchange) -> None:
        """Of a server that has replied before, a refusal says something about the text alone."""
        if row.failure != Failure.API:
            self._failures, self._has_replied = 0, True
        elif not (self._has_replied and row.finish == REFUSED):
            self._failures += 1

    def _payload(self, request: Exchange) -> dict[str, Any]:
        given = self._settings
        return {
            "model": given.model,
            "messages": [message._asdict() for message in request.messages],
            "temperature": given.temperature if request.round == 1 else given.later_temperature,
            given.tokens_field: given.answer_tokens,
            "stream": False,
        }


def read_reply(reply: bytes) -> Reply:
    """What a server's reply says. Raises BadReplyError where it is no reply of the API. A refusal is a text too."""
    try:
        record = json.loads(reply)
    except (ValueError, RecursionError):
        raise BadReplyError("the reply is no JSON") from None
    choices = record.get("choices") if isinstance(record, dict) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(message, dict):
        raise BadReplyError("the reply has no message")
    text = message.get("content") or message.get("refusal") or ""
    if not isinstance(text, str):
        raise BadReplyError("the reply has a message without a text")
    finish = choice.get("finish_reason")
    return Reply(stored(text), stored(finish)[:_FINISH_CHARS] if isinstance(finish, str) else "")
