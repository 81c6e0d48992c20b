"""A model that says the same over and over: noticed while it speaks, and cut.

A loop is a cycle of tokens at the end of an answer that has come round several times. What is kept ends with the
cycle's first round, so nothing is kept twice.
"""

import numpy as np
from pydantic import Field, PositiveInt

from udfs.settings import Section


class LoopSettings(Section):
    """When an answer counts as a loop: both numbers must be reached."""

    rounds: int = Field(
        4, ge=2, description="rounds of a cycle; tables and lists of real answers come round two or three times"
    )
    tokens: PositiveInt = Field(
        64, description="tokens of these rounds together; a rule of 60 dashes or dots is no loop yet"
    )
    longest_cycle_tokens: PositiveInt = Field(
        128, description="cycles up to this length are looked for; a call of a program has up to 60 tokens"
    )


class LoopWatch:
    """Watches one answer grow."""

    def __init__(self, settings: LoopSettings) -> None:
        longest = settings.longest_cycle_tokens
        cycles = np.arange(1, longest + 1)
        self._enough = np.maximum(cycles * (settings.rounds - 1), settings.tokens - cycles)
        self._last = np.full(longest, -1, np.int64)  # the tokens before this one, latest first
        self._repeated = np.zeros(longest, np.int64)  # by cycle: tokens at the end that equal the one a cycle before

    def add(self, token: int) -> int:
        """Take the next token. Returns how many tokens at the end are repetition: 0 while there is no loop."""
        self._repeated += 1
        self._repeated *= self._last == token
        self._last[1:] = self._last[:-1]
        self._last[0] = token
        looping = np.flatnonzero(self._repeated >= self._enough)
        return int(self._repeated[looping[0]]) if len(looping) else 0
