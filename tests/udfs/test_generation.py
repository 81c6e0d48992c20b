"""Greedy answers: as their definition says, whatever shares their runs, bounded, each with its own faults."""

import json
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.udfs.plain_decoder import TINY, VARIANTS, PlainDecoder, Spelled, prompts
from udfs.models.batching import Batching
from udfs.models.decoding import Decoder, Wanted
from udfs.models.generation import log_totals
from udfs.models.graph_runner import GraphRunner, Ids, Output
from udfs.models.loops import LoopSettings, LoopWatch
from udfs.models.onnx_decoder import load_decoder

BATCHINGS = (
    Batching(slots=1),
    Batching(slots=2),
    Batching(slots=3),
    Batching(slots=8, run_tokens=16),
    Batching(slots=8, prompts_per_run=8, run_tokens=2048),
    Batching(slots=5, prompts_per_run=2, run_tokens=300),
)


def decoder(variant: str, batching: Batching | None = None, loops: LoopSettings | None = None) -> Decoder:
    """The tiny decoder."""
    return load_decoder(TINY, variant, 1, batching=batching or Batching(), loops=loops or LoopSettings(tokens=1000))


def wanted(given_prompts: Sequence[Sequence[int]], seed: int = 1) -> list[Wanted]:
    """Answers of different lengths."""
    most = np.random.default_rng(seed).integers(1, 30, len(given_prompts))
    return [Wanted(one, int(tokens)) for one, tokens in zip(given_prompts, most, strict=True)]


@pytest.mark.parametrize(("variant", "tolerance"), [("cpu-fp32", 1e-4), ("cpu-int8", 0.1)])
def test_answers_are_those_of_the_definition(variant: str, tolerance: float) -> None:
    """Each token is the best after those before it; where two are as good as equal, the last bits may decide."""
    plain, asked = PlainDecoder(variant), wanted(prompts(12))
    same = 0
    for one, answer in zip(asked, decoder(variant).generate(asked), strict=True):
        tokens, probability = plain.greedy(one.prompt, one.max_new_tokens)
        assert answer.finish == ("stop" if len(tokens) < one.max_new_tokens else "length")
        if list(answer.tokens) == tokens:
            same += 1
            assert answer.probability == pytest.approx(probability, rel=0.02)
        for place, token in enumerate(answer.tokens):
            logits = plain.logits([*one.prompt, *answer.tokens[:place]])
            assert logits[token] >= logits.max() - tolerance
    assert same >= (12 if variant == "cpu-fp32" else 9)


def test_answers_are_those_of_transformers() -> None:
    """Recorded when the model was exported (tests/make_tiny_decoder.py)."""
    recorded = json.loads((TINY / "answers.json").read_text())
    asked = [Wanted(row["prompt"], recorded["answer_tokens"]) for row in recorded["rows"]]
    found = decoder("cpu-fp32").generate(asked)
    assert [list(one.tokens) for one in found] == [row["answer"] for row in recorded["rows"]]


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("batching", BATCHINGS, ids=str)
def test_answers_do_not_depend_on_slots_and_runs(variant: str, batching: Batching) -> None:
    """To the last bit of the probability."""
    asked = wanted(prompts(14, seed=3))
    expected = decoder(variant).generate(asked)
    assert decoder(variant, batching).generate(asked) == expected


@pytest.mark.parametrize("variant", VARIANTS)
def test_answers_do_not_depend_on_order_and_neighbours(variant: str) -> None:
    asked = wanted(prompts(14, seed=4))
    expected = decoder(variant).generate(asked)
    order = np.random.default_rng(0).permutation(len(asked))
    shuffled = decoder(variant).generate([asked[row] for row in order])
    assert shuffled == [expected[row] for row in order]
    assert [decoder(variant).generate([one])[0] for one in asked] == expected


def test_a_constraint_binds_its_row_alone() -> None:
    asked = wanted(prompts(6, seed=5))
    free = decoder("cpu-int8").generate(asked)
    bound = Spelled((40, 50), (60,), (70, 71, 72))
    mixed = decoder("cpu-int8").generate([*asked[:3], Wanted(asked[3].prompt, 20, bound), *asked[3:]])
    assert [*mixed[:3], *mixed[4:]] == free
    answer, plain = mixed[3], PlainDecoder("cpu-int8")
    assert answer.finish == "constraint"
    assert answer.tokens == tuple(bound.taken)
    assert 0 < answer.probability < free[3].probability
    for place, allowed in enumerate(bound.places):
        logits = plain.logits([*asked[3].prompt, *answer.tokens[:place]])
        assert logits[answer.tokens[place]] >= logits[list(allowed)].max() - 0.1


def test_ends_of_constrained_answers() -> None:
    stop = PlainDecoder("cpu-int8").manifest.stop[0]
    complete, stopped, short, stuck = decoder("cpu-int8").generate(
        [
            Wanted([5, 6, 7], 9, Spelled()),
            Wanted([5, 6, 7], 9, Spelled((8,), (stop,), (9,))),
            Wanted([5, 6, 7], 2, Spelled((8,), (9,), (10,))),
            Wanted([5, 6, 7], 9, Spelled((8,), ())),
        ]
    )
    assert (complete.tokens, complete.finish, complete.probability) == ((), "constraint", 1.0)
    assert (stopped.tokens, stopped.finish) == ((8,), "stop")
    assert (short.tokens, short.finish) == ((8, 9), "length")
    assert (stuck.tokens, stuck.finish) == ((), "error")
    assert stuck.error == "the constraint failed on the answer (ValueError: it allows no token)"


def test_of_equal_logits_the_lowest_token_wins() -> None:
    """A constraint that allows all asks our own choice, its absence that of the graph."""
    everything = [range(320)] * 12
    asked = [Wanted(one, 12) for one in prompts(4, seed=6)]
    constrained = [Wanted(one.prompt, 12, Spelled(*everything)) for one in asked]
    free, bound = decoder("cpu-int8").generate(asked), decoder("cpu-int8").generate(constrained)
    assert [one.tokens for one in free] == [one.tokens for one in bound]
    assert [one.probability for one in free] == [one.probability for one in bound]


def test_a_loop_ends_the_answer_after_its_first_round() -> None:
    """A model that never stops is one of these, or of the answers that reach their limit."""
    spelled = Spelled((9,), *[(20,), (21,), (22,)] * 30)
    loops = LoopSettings(rounds=4, tokens=16)
    answer = decoder("cpu-int8", loops=loops).generate([Wanted([5], 90, spelled)])[0]
    assert (answer.tokens, answer.finish) == ((9, 20, 21, 22), "loop")
    assert len(spelled.taken) == 16  # the sixteenth token of the cycle ends it, and is not accepted any more
    endless = decoder("cpu-int8", loops=loops).generate([Wanted([5], 900)])[0]
    assert endless.finish in ("stop", "length", "loop")


@given(st.lists(st.integers(0, 2), max_size=60), st.integers(2, 4), st.integers(1, 12), st.integers(1, 6))
def test_loops_are_those_of_the_definition(said: list[int], rounds: int, tokens: int, longest: int) -> None:
    watch = LoopWatch(LoopSettings(rounds=rounds, tokens=tokens, longest_cycle_tokens=longest))
    for place, token in enumerate(said):
        so_far = said[: place + 1]
        repeated = []
        for cycle in range(1, longest + 1):
            back = 0
            while back + cycle < len(so_far) and so_far[-1 - back] == so_far[-1 - back - cycle]:
                back += 1
            if back >= cycle * (rounds - 1) and back + cycle >= tokens:
                repeated.append(back)
        assert watch.add(token) == (repeated[0] if repeated else 0)


def failing_runs(monkeypatch: pytest.MonkeyPatch, fails: str) -> None:
    """Runs that fail: with token 299 in a prompt that is read, or with several rows that take a step."""
    true_run = GraphRunner._run

    def run(self: GraphRunner, first: int, ids: Ids, sizes: Ids, slots: Ids) -> Output:
        poison = (ids == 299).any(axis=1) & (ids.shape[1] > 1)
        if fails == "token" and poison.any():
            raise RuntimeError("out of memory")
        if fails == "steps" and ids.shape[1] == 1 and len(ids) > 1:
            raise RuntimeError("out of memory")
        output = true_run(self, first, ids, sizes, slots)
        if fails == "numbers":
            output.logits.reshape(len(ids), -1)[poison] = np.nan
        return output

    monkeypatch.setattr(GraphRunner, "_run", run)


@pytest.mark.parametrize("batching", [Batching(), Batching(prompts_per_run=8, run_tokens=2048)], ids=str)
@pytest.mark.parametrize("fails", ["token", "numbers"])
def test_one_poisonous_prompt_costs_no_other(monkeypatch: pytest.MonkeyPatch, batching: Batching, fails: str) -> None:
    asked = [one for one in wanted(prompts(9, seed=7)) if 299 not in one.prompt]
    expected = [decoder("cpu-fp32").generate([one])[0] for one in asked]
    failing_runs(monkeypatch, fails)
    found = decoder("cpu-fp32", batching).generate([*asked[:4], Wanted([4, 299, 5], 9), *asked[4:]])
    assert [*found[:4], *found[5:]] == expected
    said = {
        "token": "the model failed on the prompt (RuntimeError)",
        "numbers": "the model gave no finite numbers for the prompt",
    }
    assert found[4] == ((), "error", 0.0, said[fails])


def test_a_step_that_fails_is_taken_row_by_row(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = wanted(prompts(5, seed=8))
    expected = decoder("cpu-fp32").generate(asked)
    failing_runs(monkeypatch, "steps")
    found = decoder("cpu-fp32").generate(asked)
    assert [one.tokens for one in found] == [one.tokens for one in expected]
    assert [one.finish for one in found] == [one.finish for one in expected]


def test_totals_of_logits() -> None:
    logits = np.array(
        [[0.0, 0.0], [1000.0, 0.0], [-1e30, 0.0], [np.nan, 0.0], [np.inf, 0.0], [-np.inf, 0.0]], np.float32
    )
    totals = log_totals(logits)
    assert totals[:3] == pytest.approx([np.log(2), 1000, 0])
    assert np.isnan(totals[3:]).all()
