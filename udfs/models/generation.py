"""Greedy answers to many prompts at once: a slot whose answer has ended takes the next prompt.

Prompts go longest first, those of a run are of like length. Where the cache can be copied (on the CPU), the answers
that are left when no prompt is waiting move together, so that no run carries empty slots.
"""

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from udfs.models.batching import Batching, longest_first, take_group
from udfs.models.decoding import Constraint, Finish, Generated, Wanted
from udfs.models.graph_runner import GraphRunner, Ids, Output
from udfs.models.loops import LoopSettings, LoopWatch

NOT_FINITE = "the model gave no finite numbers for the prompt"

Floats = NDArray[np.float32]


class Answer:
    """One answer as it grows."""

    def __init__(self, number: int, prompt: Ids, wanted: Wanted, loops: LoopSettings) -> None:
        self.number = number
        self.prompt = prompt
        self.tokens: list[int] = []
        self.result: Generated | None = None
        self._most = wanted.max_new_tokens
        self._constraint = wanted.constraint
        self._asked = False
        self._allowed: Ids = np.zeros(0, np.int64)  # next tokens, where the constraint was asked
        self._watch = LoopWatch(loops)
        self._log_probabilities: list[float] = []

    @property
    def size(self) -> int:
        """Valid tokens of its row once its last token was run."""
        return len(self.prompt) + len(self.tokens)

    def take(self, logits: Floats, best: int, log_total: float, stop: frozenset[int]) -> None:
        """Choose the next token. log_total: logarithm of the sum of the exponentials of all logits."""
        if not np.isfinite(log_total):
            return self.fail(NOT_FINITE)
        try:
            self._choose(logits, best, log_total, stop)
        except Exception as error:  # a constraint is not ours; what it raises must not cost its neighbours
            sentence = " ".join(str(error).split())[:200]
            self.fail(f"the constraint failed on the answer ({type(error).__name__}: {sentence})")
        return None

    def fail(self, error: str) -> None:
        """End without an answer."""
        self.result = Generated((), "error", 0.0, error)

    def _choose(self, logits: Floats, best: int, log_total: float, stop: frozenset[int]) -> None:
        token = best
        if self._constraint is not None:
            if not self._asked and not self._ask(self._constraint, len(logits)):
                return None
            token = int(self._allowed[logits[self._allowed].argmax()])
        self._log_probabilities.append(float(logits[token]) - log_total)
        if token in stop:
            return self._end("stop")
        self.tokens.append(token)
        repetition = self._watch.add(token)
        if repetition:
            del self.tokens[-repetition:], self._log_probabilities[-repetition:]
            return self._end("loop")
        if self._constraint is not None:
            self._constraint.accept(token)
            if not self._ask(self._constraint, len(logits)):
                return None
        return self._end("length") if len(self.tokens) >= self._most else None

    def _ask(self, constraint: Constraint, vocabulary: int) -> bool:
        """What may come next; ends the answer where that is nothing, which saves the run after its last token."""
        self._asked = True
        mask = np.zeros((vocabulary + 31) // 32, np.int32)
        if not constraint.fill(mask):
            self._end("constraint")
            return False
        self._allowed = np.flatnonzero(np.unpackbits(mask.view(np.uint8), bitorder="little")[:vocabulary])
        if not len(self._allowed):
            raise ValueError("it allows no token")
        return True

    def _end(self, finish: Finish) -> None:
        chosen = self._log_probabilities
        probability = float(np.exp(sum(chosen) / len(chosen))) if chosen else 1.0
        self.result = Generated(tuple(self.tokens), finish, min(probability, 1.0))


class Generation:
    """The answers of one call. The runner has as many rows as there are slots, or one more."""

    def __init__(self, runner: GraphRunner, batching: Batching, stop: frozenset[int]) -> None:
        self._runner = runner
        self._live: list[Answer | None] = [None] * min(batching.slots, runner.cache.rows)
        self._batching = batching
        self._stop = stop

    def run(self, answers: Sequence[Answer]) -> None:
        """Give each answer its result."""
        waiting = longest_first(answers)
        while waiting or any(self._live):
            while waiting and None in self._live:
                first = self._live.index(None)
                rows = min(self._free_from(first), self._batching.prompts_per_run)
                self._begin(first, take_group(waiting, rows, self._batching.run_tokens))
            self._gather()
            if any(self._live):
                self._step()

    def _free_from(self, first: int) -> int:
        """How many slots are free beside each other."""
        free = itertools.takewhile(lambda one: one is None, self._live[first:])
        return sum(1 for _ in free)

    def _begin(self, first: int, group: list[Answer]) -> None:
        """Read prompts into slots beside each other and choose the first token of each answer."""
        try:
            output = self._runner.prompts(first, [one.prompt for one in group])
        except Exception as error:  # onnxruntime raises many kinds, running out of memory among them
            if len(group) > 1:
                for place, one in enumerate(group):
                    self._begin(first + place, [one])
            else:
                group[0].fail(failed(error))
            return
        self._live[first : first + len(group)] = group
        self._take(first, output)

    def _step(self) -> None:
        """One more token for every live answer."""
        count = max(place for place, one in enumerate(self._live) if one) + 1
        rows = self._live[:count]
        tokens, sizes = [one.tokens[-1] if one else 0 for one in rows], [one.size if one else 0 for one in rows]
        try:
            output = self._runner.step(tokens, sizes)
        except Exception:  # as above; each row is tried alone
            for place, one in enumerate(rows):
                if one:
                    self._step_alone(place, one)
        else:
            self._take(0, output)

    def _step_alone(self, place: int, one: Answer) -> None:
        try:
            output = self._runner.step_alone(place, one.tokens[-1], one.size)
        except Exception as error:  # as above
            one.fail(failed(error))
            self._live[place] = None
        else:
            self._take(place, output)

    def _take(self, first: int, output: Output) -> None:
        """Choose tokens for the slots from `first` on, and free those whose answers have ended."""
        totals = log_totals(output.logits)
        for offset, (logits, best, total) in enumerate(zip(output.logits, output.best, totals, strict=True)):
            one = self._live[first + offset]
            if one is not None:
                one.take(logits, int(best), float(total), self._stop)
                if one.result is not None:
                    self._live[first + offset] = None

    def _gather(self) -> None:
        """Close the gaps between live answers."""
        if not self._runner.cache.can_copy:
            return
        free = 0
        for place in reversed(range(len(self._live))):
            while free < place and self._live[free] is not None:
                free += 1
            one = self._live[place]
            if one is not None and free < place:
                self._runner.move(place, free, one.size)
                self._live[free], self._live[place] = one, None


def log_totals(logits: Floats) -> Floats:
    """Logarithm of the sum of exponentials of each row; no finite number where a logit is none."""
    with np.errstate(invalid="ignore", over="ignore"):
        top = logits.max(axis=1)
        scaled = np.exp(logits - top[:, None])
        totals: Floats = np.log(scaled.sum(axis=1)) + top
        totals[~np.isfinite(logits.min(axis=1))] = np.nan
    return totals


def failed(error: Exception) -> str:
    """What an exception of a run is to its prompt."""
    return f"the model failed on the prompt ({type(error).__name__})"
