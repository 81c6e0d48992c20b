"""Runs of a decoder's graph over one cache: prompts are read, answers take steps.

What a token is computed to be must not depend on what shares its run. Matrix kernels take rows two by two and an odd
last row by another kernel, whose sums differ in the last bits, and int8 graphs round these up to differences that show.
So every run has an even number of rows, on its way and at its wanted positions, and the last token of a prompt is never
run alone: one row more costs little. (Seen with the kernels of x86; runs of one row alone after a failure and
graphics cards promise no such thing.)
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from udfs.models.kv_cache import KvCache, KvLayout
from udfs.models.session import Provider

Ids = NDArray[np.int64]
_NONE: Ids = np.zeros(0, np.int64)


class Graph(NamedTuple):
    """A graph that is loaded, and what is known of it. Its inputs and outputs are those of `jobs/export/graph.py`."""

    session: Any
    layout: KvLayout
    provider: Provider
    gpu: int  # number of the graphics card, 0 on the CPU
    vocabulary: int
    pad: int


class Output(NamedTuple):
    """What a run says at the wanted positions. Views, valid until the next run."""

    logits: NDArray[np.float32]  # [positions, vocabulary]
    best: Ids  # [positions], the token with the highest logit


def even(count: int) -> int:
    """`count` or one more."""
    return count + count % 2


class GraphRunner:
    """Runs a graph over `rows` answers of up to `room` tokens."""

    def __init__(self, graph: Graph, rows: int, room: int, run_tokens: int) -> None:
        self.cache = KvCache(graph.layout, even(rows), room, graph.provider, graph.gpu)
        self._graph = graph
        self._run_tokens = even(run_tokens)
        self._held: list[Ids] = [_NONE] * self.cache.rows  # tokens whose keys and values stand at a row's start
        self._bindings: dict[tuple[int, int], Any] = {}
        self._places = np.arange(room)
        self._reserve(self.cache.rows)

    def prompt(self, row: int, ids: Ids, wanted: int = 1) -> Output:
        """Read a prompt into a row; the output is that of its last `wanted` tokens.

        What the row holds of it already is not read again: the instructions before every text, or all but the tail of
        a template. Longer prompts are read piece by piece, so that memory follows the piece.
        """
        start = self._known(row, ids, wanted)
        self._held[row] = ids[:start]
        while len(ids) - start > self._run_tokens + wanted:
            end = start + self._run_tokens
            self._piece(row, ids[start:end], start, 0)
            start = end
            self._held[row] = ids[:start]
        output = self._piece(row, ids[start:], start, wanted)
        self._held[row] = ids
        return output

    def prompts(self, first: int, prompts: Sequence[Ids]) -> Output:
        """Read prompts into the rows from `first` on, all in one run, filled up on the right; the output is that of
        the last token of each."""
        if len(prompts) == 1:
            return self.prompt(first, prompts[0])
        width = even(max(map(len, prompts)))
        ids = np.full((len(prompts), width), self._graph.pad, np.int64)
        sizes = np.array([len(one) for one in prompts])
        for row, one in enumerate(prompts):
            self._held[first + row] = _NONE
            ids[row, : len(one)] = one
        twice = 1 + len(prompts) % 2
        output = self._run(first, ids, sizes, np.repeat(sizes[:, None] - 1, twice, axis=1))
        for row, one in enumerate(prompts):
            self._held[first + row] = one
        return Output(output.logits[::twice], output.best[::twice])

    def step(self, tokens: Sequence[int], sizes: Sequence[int]) -> Output:
        """The next token of the rows 0 to n - 1, each of which has a size after it; a size of 0 is a row to be left
        out, whose cache becomes invalid."""
        count = even(len(tokens))
        ids, after = np.full((count, 1), self._graph.pad, np.int64), np.ones(count, np.int64)
        ids[: len(tokens), 0] = tokens
        after[: len(tokens)] = np.maximum(sizes, 1)
        for row in range(count):
            if row >= len(sizes) or not sizes[row]:
                self._held[row] = _NONE
        output = self._run(0, ids, after, np.zeros((count, 1), np.int64))
        return Output(output.logits[: len(tokens)], output.best[: len(tokens)])

    def step_alone(self, row: int, token: int, size: int) -> Output:
        """The same for one row, whatever becomes of the others."""
        return self._run(row, np.array([[token]]), np.array([size]), np.zeros((1, 1), np.int64))

    def move(self, source: int, target: int, tokens: int) -> None:
        """Let a row of so many tokens go on in the place of another."""
        self.cache.copy(source, target, tokens)
        self._held[target], self._held[source] = self._held[source], _NONE

    def _known(self, row: int, ids: Ids, wanted: int) -> int:
        """Tokens that need not be read: the row holds them, and none of them is wanted."""
        held = self._held[row]
        most = min(len(held), len(ids) - max(wanted, 2))
        if most <= 0:
            return 0
        other = np.flatnonzero(held[:most] != ids[:most])
        return int(other[0]) if len(other) else most

    def _piece(self, row: int, ids: Ids, start: int, wanted: int) -> Output:
        """Read tokens that follow `start` others. An odd one is followed by a token that nothing looks back at."""
        padded = np.full((1, even(len(ids))), self._graph.pad, np.int64)
        padded[0, : len(ids)] = ids
        slots = np.full((1, even(max(wanted, 1))), len(ids) - 1, np.int64)
        slots[0, :wanted] = np.arange(len(ids) - wanted, len(ids))
        output = self._run(row, padded, np.array([start + padded.shape[1]]), slots)
        return Output(output.logits[:wanted], output.best[:wanted])

    def _run(self, first: int, ids: Ids, sizes: Ids, slots: Ids) -> Output:
        """One run over the rows from `first` on. ids: [rows, new]; sizes: [rows], valid tokens after it; slots: [rows,
        wanted]."""
        binding = self._binding(first, len(ids))
        width = max(int(sizes.max()), ids.shape[1])
        mask = (self._places[:width] < sizes[:, None]).astype(np.int64)
        for name, values in (("input_ids", ids), ("attention_mask", mask), ("slots", slots)):
            binding.bind_input(name, "cpu", 0, np.int64, values.shape, values.ctypes.data)
        wanted = slots.size
        if wanted > len(self._best):
            self._reserve(wanted)
        shape, vocabulary = slots.shape, self._graph.vocabulary
        binding.bind_output("logits", "cpu", 0, np.float32, (*shape, vocabulary), self._logits.ctypes.data)
        binding.bind_output("next", "cpu", 0, np.int64, shape, self._best.ctypes.data)
        self._graph.session.run_with_iobinding(binding)
        return Output(self._logits[:wanted], self._best[:wanted])

    def _binding(self, first: int, count: int) -> Any:
        """The binding for these rows; hundreds of buffers of the cache are bound to it only once."""
        key = (first, count)
        if key not in self._bindings:
            self._bindings[key] = self._graph.session.io_binding()
            self.cache.bind(self._bindings[key], first, count)
        return self._bindings[key]

    def _reserve(self, positions: int) -> None:
        self._logits = np.empty((positions, self._graph.vocabulary), np.float32)
        self._best = np.empty(positions, np.int64)
