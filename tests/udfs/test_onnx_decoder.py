"""Loading a decoder, the logits of a choice, and prompts that nothing can answer."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.udfs.plain_decoder import ROOT, TINY, VARIANTS, PlainDecoder, prompts
from udfs.models.batching import ON_CPU, ON_CUDA, Batching
from udfs.models.decoding import Wanted
from udfs.models.graph_runner import GraphRunner, Ids, Output
from udfs.models.kv_cache import KvCache
from udfs.models.manifest import ModelError
from udfs.models.onnx_decoder import load_decoder


def copied(tmp_path: Path) -> Path:
    """A copy of the tiny decoder that a test may damage."""
    return Path(shutil.copytree(TINY, tmp_path / "model"))


def test_a_decoder_is_loaded_once() -> None:
    first = load_decoder(TINY, "cpu-int8", 1)
    assert load_decoder(str(TINY), "cpu-int8", 1) is first
    assert load_decoder(TINY, "cpu-int8", 2) is not first
    assert load_decoder(TINY, "cpu-int8", 1, batching=Batching(slots=2)) is not first
    assert first.context == 2304


def test_threads_change_no_answer() -> None:
    asked = [Wanted(one, 12) for one in prompts(6, seed=21, longest=400)]
    one, two = (load_decoder(TINY, "cpu-int8", threads).generate(asked) for threads in (1, 2))
    assert one == two


def test_damaged_and_foreign_folders_are_refused(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    weights = folder / "cpu-int8/model.onnx.data"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\0\0")
    with pytest.raises(ModelError, match="has the SHA-256"):
        load_decoder(folder, "cpu-int8", 4)  # a decoder of this digest with other threads may be loaded already
    with pytest.raises(ModelError, match="has no variant 'cuda-fp16'"):
        load_decoder(folder, "cuda-fp16", 1)
    with pytest.raises(ModelError, match="cuda was asked for"):
        load_decoder(folder, "cpu-fp32", 1, provider="cuda")
    with pytest.raises(ValueError, match="threads is 0"):
        load_decoder(folder, "cpu-fp32", 0)
    with pytest.raises(ModelError, match="name the folder of a decoder"):
        load_decoder(ROOT / "tests/data/tiny-rater", "cpu-int8", 1)


def test_a_corrupt_graph_and_a_wrong_manifest_are_refused(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "layers": manifest["layers"] + 1}))
    with pytest.raises(ModelError, match="has not the inputs of a decoder with 3 layers"):
        load_decoder(folder, "cpu-int8", 1)
    graph = folder / "cpu-int8/model.onnx"
    graph.write_bytes(b"no graph")
    digest = subprocess.run(["sha256sum", graph], capture_output=True, text=True, check=True).stdout.split()[0]
    manifest["files"]["cpu-int8/model.onnx"] = {"sha256": digest, "size_bytes": 8}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ModelError, match="cannot be loaded as ONNX"):
        load_decoder(folder, "cpu-int8", 1)


def test_prompts_that_nothing_can_answer_cost_no_other() -> None:
    decoder = load_decoder(TINY, "cpu-int8", 1)
    megabyte = list(range(3, 259)) * 4096
    repeated = [17] * 2000
    good = [5, 6, 7]
    bad: list[object] = [megabyte, [], [5, 320], [-1], "text", [[5], [6]], [0.5], None, [[1], [2, 3]]]
    alone = decoder.generate([Wanted(good, 5), Wanted(repeated, 5)])
    wanted = [Wanted(good, 5), *(Wanted(one, 5) for one in bad), Wanted(repeated, 5)]  # type: ignore[arg-type] # on purpose
    first, *wrong, last = decoder.generate(wanted)
    assert [first, last] == alone
    assert {(one.tokens, one.finish, one.probability) for one in wrong} == {((), "error", 0.0)}
    assert [one.error for one in wrong[:4]] == [
        "the prompt has 1,048,576 tokens and its answer may have 5, together more than the context of 2,304",
        "the prompt is empty",
        "the prompt has token ids from 5 to 320, the model knows 0 to 319",
        "the prompt has token ids from -1 to -1, the model knows 0 to 319",
    ]
    assert all("no sequence of token ids" in one.error for one in wrong[4:])
    assert decoder.generate([Wanted(good, 0)])[0].error == "max_new_tokens is 0, expected 1 or more"
    assert decoder.generate([]) == []


def test_the_context_may_be_used_up() -> None:
    decoder = load_decoder(TINY, "cpu-int8", 1)
    full, over = decoder.generate([Wanted([17] * 2299, 5), Wanted([17] * 2300, 5)])
    assert full.finish in ("length", "stop")
    assert over.finish == "error"
    assert not isinstance(decoder.choose([[17] * 2303], [5])[0], str)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("batching", [ON_CPU, Batching(prompts_per_run=4, run_tokens=400)], ids=str)
def test_the_logits_of_a_choice(variant: str, batching: Batching) -> None:
    plain, asked = PlainDecoder(variant), prompts(7, seed=22)
    found = load_decoder(TINY, variant, 1, batching=batching).choose(asked, [300, 3, 17])
    for prompt, logits in zip(asked, found, strict=True):
        assert not isinstance(logits, str)
        assert logits == pytest.approx(plain.logits(prompt)[[300, 3, 17]], abs=1e-4 if variant == "cpu-fp32" else 0.1)
        assert np.array_equal(logits, load_decoder(TINY, variant, 1).choose([prompt], [300, 3, 17])[0])


def test_a_choice_and_its_faults(monkeypatch: pytest.MonkeyPatch) -> None:
    decoder = load_decoder(TINY, "cpu-int8", 1, batching=Batching(prompts_per_run=4, run_tokens=400))
    with pytest.raises(ValueError, match="allowed is"):
        decoder.choose([[5]], [320])
    with pytest.raises(ValueError, match="allowed is"):
        decoder.choose([[5]], [])
    expected = decoder.choose([[5, 6]], [7])[0]
    true_run = GraphRunner._run

    def run(self: GraphRunner, first: int, ids: Ids, sizes: Ids, slots: Ids) -> Output:
        if 299 in ids:
            raise RuntimeError
        return true_run(self, first, ids, sizes, slots)

    monkeypatch.setattr(GraphRunner, "_run", run)
    assert decoder.choose([[5, 6], [299, 6], [], [5, 6]], [7]) == [
        expected,
        "the model failed on the prompt (RuntimeError)",
        "the prompt is empty",
        expected,
    ]


def test_the_defaults_of_a_graphics_card_give_the_same_answers() -> None:
    """The same path with other numbers: prompts filled up and read together, many slots, gaps among them."""
    asked = [Wanted(one, 20) for one in prompts(20, seed=24)]
    expected = load_decoder(TINY, "cpu-fp32", 1).generate(asked)
    decoder = load_decoder(TINY, "cpu-fp32", 1, batching=ON_CUDA)
    assert decoder.generate(asked) == expected


def test_gaps_among_slots_are_left_where_the_cache_cannot_be_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = [Wanted(one, 1 + row) for row, one in enumerate(prompts(13, seed=25))]
    expected = load_decoder(TINY, "cpu-int8", 1).generate(asked)
    monkeypatch.setattr(KvCache, "can_copy", property(lambda _: False))
    assert load_decoder(TINY, "cpu-int8", 1).generate(asked) == expected
