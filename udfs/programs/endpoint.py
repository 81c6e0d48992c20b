"""Programs from a server that speaks OpenAI's completions API, as vLLM does.

Prompts go in batches. What the server refuses because of its content (a prompt that is too long) is cut in two until
the prompt at fault is alone. What is left is an error in the proposals concerned: nothing raises while requests are
made. Retries and the key are the business of `udfs.model_server`.
"""

from collections.abc import Sequence
from functools import partial
from http import HTTPStatus
from typing import Any, Literal

from pydantic import Field

from udfs.model_server import ModelServer, RefusedError, ServerSettings
from udfs.programs.completions import Choice, read_choices, to_proposal
from udfs.programs.effects import Level
from udfs.programs.proposer import Proposal, Proposer, Request, failed

_SPLIT = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY})


class EndpointSettings(ServerSettings):
    """A server that completes prompts."""

    url: str = Field(default="http://localhost:8000/v1", description="the API's address, without /completions")
    model: str = Field(default="", description="the model's name as the server knows it")
    chunk_model: str = Field(default="", description="the model for chunks; empty: the same")
    send: Literal["ids", "text"] = Field(
        default="ids", description="prompts as token ids, or as text for a server that takes no ids"
    )
    prompts_per_request: int = Field(default=64, ge=1, le=256, description="prompts in one request")
    document_tokens: int = Field(default=32, ge=1, description="longest answer about a document")
    chunk_tokens: int = Field(default=256, ge=1, description="longest program of a chunk")
    logprobs: bool = Field(default=True, description="ask for log probabilities, of which scores are made")

    def model_for(self, level: Level) -> str:
        """The name of the model that is asked about a document or a chunk; ProX has one for each."""
        return self.chunk_model if level == "chunk" and self.chunk_model else self.model


def endpoint_proposer(settings: EndpointSettings) -> Proposer:
    """A proposer that asks the server. Raises ValueError for an address or a key file that cannot be used."""
    server = ModelServer(settings, "/completions")
    if not settings.model:
        raise ValueError("found no model for the endpoint, expected the name that the server knows it by; set model")
    return _Endpoint(settings, server)


class _Endpoint:
    """The proposer."""

    def __init__(self, settings: EndpointSettings, server: ModelServer) -> None:
        self._settings, self._server = settings, server

    def __call__(self, requests: Sequence[Request]) -> list[Proposal]:
        found: dict[int, Proposal] = {}
        size = self._settings.prompts_per_request
        for level in ("document", "chunk"):
            places = [place for place, request in enumerate(requests) if request.level == level]
            for start in range(0, len(places), size):
                batch = places[start : start + size]
                found.update(zip(batch, self._batch([requests[place] for place in batch], level), strict=True))
        return [found[place] for place in range(len(requests))]

    def _batch(self, requests: Sequence[Request], level: Level) -> list[Proposal]:
        """The proposals of requests of one level, by halves where the server refuses them together; what it passes
        over is asked once more, without the others."""
        read = partial(read_choices, count=len(requests))
        try:
            choices: dict[int, Choice] = self._server.ask(self._payload(requests, level), read)
        except RefusedError as error:
            if error.status in _SPLIT and len(requests) > 1:
                half = len(requests) // 2
                return self._batch(requests[:half], level) + self._batch(requests[half:], level)
            return [failed(str(error))] * len(requests)
        left = [request for place, request in enumerate(requests) if place not in choices]
        again = iter(self._batch(left, level) if left else [])
        places = range(len(requests))
        return [to_proposal(choices[place], level) if place in choices else next(again) for place in places]

    def _payload(self, requests: Sequence[Request], level: Level) -> dict[str, Any]:
        given = self._settings
        written = [one.prompt for one in requests if one.prompt]
        prompts = [list(one.ids) if given.send == "ids" else one.server_text for one in written]
        model = given.model_for(level)
        payload: dict[str, Any] = {"model": model, "prompt": prompts, "temperature": 0.0, "stream": False}
        payload["max_tokens"] = given.document_tokens if level == "document" else given.chunk_tokens
        return payload | ({"logprobs": 1} if given.logprobs else {})
