"""How prompts and answers share runs of a decoder, and in which order they come."""

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple, Protocol, TypeVar

from pydantic import Field, PositiveInt

from udfs.models.graph_runner import Ids
from udfs.settings import Section


class Batching(Section):
    """How prompts and answers share runs. Answers of int8 and fp32 graphs on the CPU do not depend on it."""

    slots: PositiveInt = Field(8, description="answers that grow together; more gain little on a CPU")
    prompts_per_run: PositiveInt = Field(1, description="prompts read together; on a CPU padding only costs")
    run_tokens: int = Field(
        512, ge=16, description="tokens of prompts read in one run, padding included; bounds the memory of a run"
    )


ON_CPU = Batching()
ON_CUDA = Batching(slots=64, prompts_per_run=64, run_tokens=16_384)


class Waits(Protocol):
    """What has a prompt to be read."""

    @property
    def number(self) -> int:
        """Its place in the call."""

    @property
    def prompt(self) -> Ids:
        """Token ids."""


class Prompt(NamedTuple):
    """A prompt and nothing else."""

    number: int
    prompt: Ids


W = TypeVar("W", bound=Waits)


def longest_first(given: Iterable[W]) -> deque[W]:
    """In the order of reading: like lengths beside each other, and what takes most memory first."""
    return deque(sorted(given, key=lambda one: (-len(one.prompt), one.number)))


def take_group(waiting: deque[W], rows: int, run_tokens: int) -> list[W]:
    """Take what is read in one run: up to `rows` prompts of no more than `run_tokens` together, filled up to the
    longest; a longer prompt alone."""
    group = [waiting.popleft()]
    longest = len(group[0].prompt)
    while waiting and len(group) < rows and (len(group) + 1) * longest <= run_tokens:
        group.append(waiting.popleft())
    return group
