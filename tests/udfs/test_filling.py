"""Templates: guessing changes how many runs it takes, and nothing else."""

from collections.abc import Sequence

import numpy as np
import pytest

from tests.udfs.plain_decoder import TINY, VARIANTS, PlainDecoder, prompts
from udfs.models.batching import Batching
from udfs.models.decoding import Filled, Slot, Wanted
from udfs.models.graph_runner import GraphRunner, Ids, Output
from udfs.models.onnx_decoder import load_decoder

LINE = 40
TEMPLATE = (
    Slot(tuple(range(100, 114)), 100),
    Slot((LINE,), LINE),
    *(Slot(allowed, guess) for allowed in (tuple(range(50, 55)), (60, 61, 200)) for guess in allowed),
    Slot((LINE,), LINE),
    Slot((7, 8), 8),
)
TOLERANCE = {"cpu-fp32": 1e-4, "cpu-int8": 0.1}


def plain_fill(plain: PlainDecoder, prompt: Sequence[int], template: Sequence[Slot]) -> Filled:
    """The definition: each slot takes the best of its tokens, the lowest of equals, after all that stands before."""
    tokens: list[int] = []
    probabilities: list[tuple[float, ...]] = []
    free = True
    for slot in template:
        logits = plain.logits([*prompt, *tokens]).astype(np.float64)
        tokens.append(max(slot.allowed, key=lambda token: (logits[token], -token)))
        free = free and tokens[-1] == int(logits.argmax())
        if len(slot.allowed) > 1:
            odds = np.exp(logits[list(slot.allowed)])
            probabilities.append(tuple(odds / odds.sum()))
    return Filled(tuple(tokens), tuple(probabilities), free, len(template))


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_is_filled_is_the_definition(variant: str) -> None:
    plain, asked = PlainDecoder(variant), prompts(10, seed=11)
    same = 0
    for prompt, found in zip(asked, load_decoder(TINY, variant, 1).fill(asked, TEMPLATE), strict=True):
        expected = plain_fill(plain, prompt, TEMPLATE)
        same += found.tokens == expected.tokens
        for place, (token, slot) in enumerate(zip(found.tokens, TEMPLATE, strict=True)):
            logits = plain.logits([*prompt, *found.tokens[:place]])[list(slot.allowed)]
            assert logits[slot.allowed.index(token)] >= logits.max() - TOLERANCE[variant]
        if found.tokens == expected.tokens:
            for odds, exact in zip(found.probabilities, expected.probabilities, strict=True):
                assert odds == pytest.approx(exact, abs=1e-4 if variant == "cpu-fp32" else 0.05)
                assert sum(odds) == pytest.approx(1)
        assert 1 <= found.passes < len(TEMPLATE)
    assert same >= (10 if variant == "cpu-fp32" else 8)


@pytest.mark.parametrize("variant", VARIANTS)
def test_answers_do_not_depend_on_guesses_order_and_neighbours(variant: str) -> None:
    """To the last bit of the probabilities."""
    asked = prompts(8, seed=12)
    expected = [one._replace(passes=0) for one in load_decoder(TINY, variant, 1).fill(asked, TEMPLATE)]
    poor = tuple(Slot(slot.allowed, slot.allowed[-1]) for slot in TEMPLATE)
    alone = [load_decoder(TINY, variant, 1).fill([one], poor)[0] for one in asked]
    assert [one._replace(passes=0) for one in alone] == expected
    pieces = load_decoder(TINY, variant, 1, batching=Batching(run_tokens=16)).fill(asked[::-1], TEMPLATE)
    assert [one._replace(passes=0) for one in pieces[::-1]] == expected


def test_free_is_what_free_generation_says() -> None:
    """A template of what the model says by itself is filled freely, and with right guesses in one run."""
    decoder, asked = load_decoder(TINY, "cpu-fp32", 1), prompts(9, seed=13)
    said = list(zip(asked, decoder.generate([Wanted(one, 9) for one in asked]), strict=True))
    for prompt, answer in [pair for pair in said if len(pair[1].tokens) > 3]:
        others = [tuple(sorted({token, 9, 99})) for token in answer.tokens]
        right = [Slot(allowed, token) for allowed, token in zip(others, answer.tokens, strict=True)]
        found = decoder.fill([prompt], right)[0]
        assert (found.tokens, found.free, found.passes) == (answer.tokens, True, 1)
        forced = [Slot((LINE,), LINE), *right[1:]]
        assert not decoder.fill([prompt], forced)[0].free
    assert any(len(answer.tokens) == 9 for _, answer in said)


def test_guesses_follow_the_answers_so_far() -> None:
    asked = [prompts(1, seed=14)[0]] * 3
    poor = tuple(Slot(slot.allowed, slot.allowed[-1]) for slot in TEMPLATE)
    first, *others = load_decoder(TINY, "cpu-int8", 1).fill(asked, poor)
    assert first.passes > 1
    assert [one.passes for one in others] == [first.passes, 1]  # a guess gives way to what was seen more often
    assert {one._replace(passes=0) for one in others} == {first._replace(passes=0)}


def test_bad_prompts_and_templates(monkeypatch: pytest.MonkeyPatch) -> None:
    decoder = load_decoder(TINY, "cpu-int8", 1)
    good = [5, 6, 7]
    expected = decoder.fill([good], TEMPLATE)[0].tokens
    found = decoder.fill([[], good, [1] * 2300, good, [5, 999]], TEMPLATE)
    assert [one.tokens for one in found] == [(), expected, (), expected, ()]
    assert found[0].error == "the prompt is empty"
    assert "2,300 tokens" in found[2].error
    assert "999" in found[4].error
    for template in ((), (Slot((5, 6), 7),), (Slot((), 7),), (Slot((5, 999), 5),)):
        with pytest.raises(ValueError, match="expected"):
            decoder.fill([good], template)
    true_run = GraphRunner._run

    def run(self: GraphRunner, first: int, ids: Ids, sizes: Ids, slots: Ids) -> Output:
        if 299 in ids:
            raise RuntimeError
        output = true_run(self, first, ids, sizes, slots)
        output.logits[:] = np.nan if 298 in ids else output.logits
        return output

    monkeypatch.setattr(GraphRunner, "_run", run)
    found = decoder.fill([good, [299, 5], [298, 5], good], TEMPLATE)
    assert [one.tokens for one in found] == [expected, (), (), expected]
    assert found[1].error == "the model failed on the prompt (RuntimeError)"
    assert found[2].error == "the model gave no finite numbers for the prompt"
