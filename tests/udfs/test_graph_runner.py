"""Runs over one cache: what a row holds is not read again, and what was overwritten is."""

import subprocess
import sys

import numpy as np
import pytest

from tests.udfs.plain_decoder import ROOT, TINY, prompts
from udfs.models.batching import Prompt, longest_first, take_group
from udfs.models.graph_runner import GraphRunner, Ids, Output
from udfs.models.kv_cache import KvCache, KvLayout
from udfs.models.onnx_decoder import OnnxDecoder, load_decoder

LONG, OTHER = (np.array((one * 150)[:150], np.int64) for one in prompts(2, seed=23))


class CountingRunner(GraphRunner):
    """Counts the tokens that are read, and fails after a run of its own choice: what it wrote stays written."""

    def __init__(self, rows: int, run_tokens: int = 512) -> None:
        decoder = load_decoder(TINY, "cpu-int8", 1)
        assert isinstance(decoder, OnnxDecoder)
        super().__init__(decoder._graph, rows, 256, run_tokens)
        self.read: list[int] = []
        self.fails_at = -1

    def _run(self, first: int, ids: Ids, sizes: Ids, slots: Ids) -> Output:
        output = super()._run(first, ids, sizes, slots)
        self.read.append(ids.size)
        if len(self.read) == self.fails_at:
            raise RuntimeError
        return output

    def bits(self, row: int, ids: Ids) -> bytes:
        """The logits after a prompt, to the last bit."""
        return self.prompt(row, ids).logits.tobytes()


FRESH = CountingRunner(1).bits(0, LONG)


def test_what_a_row_holds_is_not_read_again() -> None:
    runner = CountingRunner(2)
    assert runner.bits(0, LONG) == FRESH
    assert runner.bits(0, LONG) == FRESH
    runner.prompt(0, np.concatenate([LONG[:40], OTHER[:5]]))
    assert runner.bits(0, LONG) == FRESH
    assert runner.bits(1, LONG) == FRESH
    assert runner.read == [150, 2, 6, 110, 150]


@pytest.mark.parametrize("common", [1, 2, 39, 40, 147, 148, 149])
def test_where_reading_goes_on_changes_no_bit(common: int) -> None:
    runner = CountingRunner(1)
    runner.prompt(0, np.concatenate([LONG[:common], OTHER[:60]]))
    assert runner.bits(0, LONG) == FRESH


def test_a_prompt_is_read_in_pieces() -> None:
    runner = CountingRunner(1, run_tokens=64)
    assert runner.bits(0, LONG) == FRESH
    assert runner.read == [64, 64, 22]


def test_rows_that_steps_leave_out_hold_nothing_any_more() -> None:
    runner = CountingRunner(4)
    for row in range(4):
        runner.prompt(row, LONG)
    runner.step([5, 5, 5], [151, 0, 151])  # row 1 is left out, row 3 makes their number even
    assert [runner.bits(row, LONG) for row in range(4)] == [FRESH] * 4
    assert runner.read[5:] == [2, 150, 2, 150]


def test_rows_that_move_take_along_what_they_hold() -> None:
    runner = CountingRunner(2)
    runner.prompt(0, OTHER)
    runner.prompt(1, LONG)
    runner.move(1, 0, len(LONG))
    assert runner.bits(0, LONG) == FRESH
    assert runner.bits(1, OTHER) != FRESH
    assert runner.read[2:] == [2, 150]


@pytest.mark.parametrize("sizes", [(149, 60), (31, 149, 150)])
def test_prompts_in_one_run_are_as_alone(sizes: tuple[int, ...]) -> None:
    runner, alone = CountingRunner(4), CountingRunner(1)
    output = runner.prompts(0, [LONG[:size] for size in sizes])
    assert runner.read == [len(sizes) * 150]
    for logits, size in zip(output.logits.copy(), sizes, strict=True):
        assert logits.tobytes() == alone.bits(0, LONG[:size])
    assert [runner.bits(row, LONG) for row in range(len(sizes))] == [FRESH] * len(sizes)


@pytest.mark.parametrize("piece", [4, 5, 6])
def test_after_a_failure_everything_is_read_again(piece: int) -> None:
    runner = CountingRunner(2, run_tokens=64)
    runner.prompt(0, LONG)
    runner.fails_at = piece
    with pytest.raises(RuntimeError):
        runner.prompt(0, OTHER)
    assert runner.bits(0, LONG) == FRESH
    runner.fails_at = len(runner.read) + 1
    with pytest.raises(RuntimeError):
        runner.prompts(0, [OTHER[:30], OTHER[:20]])
    assert runner.bits(0, LONG) == FRESH


def test_prompts_that_share_a_run() -> None:
    """Longest first, the first among equals; rows and tokens are bounded, padding counts."""
    waiting = longest_first(Prompt(row, np.zeros(size, np.int64)) for row, size in enumerate([3, 9, 4, 9, 20, 4]))
    groups = []
    while waiting:
        groups.append([one.number for one in take_group(waiting, 3, 18)])
    assert groups == [[4], [1, 3], [2, 5, 0]]


def test_memory_of_a_cache_is_taken_as_it_is_written() -> None:
    """Room for 1.6 GB of tokens, of which a few are written."""
    code = """
import resource, numpy as np
from udfs.models.kv_cache import KvCache, KvLayout
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
before = peak()
cache = KvCache(KvLayout(24, 2, 128, np.dtype(np.float32)), 16, 2048, "cpu")
for row in range(16): cache._array[:, row, :, :8] = 1
cache.copy(3, 4, 8)
print(peak() - before)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 50  # MB


def test_rows_are_copied() -> None:
    cache = KvCache(KvLayout(2, 2, 4, np.dtype(np.float32)), 3, 8, "cpu")
    cache._array[:] = np.random.default_rng(0).random(cache._array.shape)
    before = cache._array.copy()
    cache.copy(2, 0, 5)
    assert np.array_equal(cache._array[:, 0, :, :5], before[:, 2, :, :5])
    assert np.array_equal(cache._array[:, 0, :, 5:], before[:, 0, :, 5:])
    assert np.array_equal(cache._array[:, 1:], before[:, 1:])
