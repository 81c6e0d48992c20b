"""Exporting decoders: what is refused before anything heavy is loaded, and the contract of the committed graphs.

None of this needs torch; the parity of whole exports is in test_export_parity.py.
"""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jobs.export.checkpoint import ARCHITECTURES, read_checkpoint
from jobs.export.parity import GraphUnderTest, parity
from jobs.export.refusal import Refused
from jobs.export.tokenizer import hard_texts, tokens_of, write_tokenizer
from jobs.export_onnx import NEEDED, PROMPT_VERSIONS, main
from udfs.models.decoder_manifest import load_decoder_manifest
from udfs.models.session import open_session

TINY = Path(__file__).parents[1] / "data/tiny-decoder"
CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "vocab_size": 320,
    "max_position_embeddings": 2304,
    "eos_token_id": 2,
}


def safetensors(path: Path, payload_bytes: int = 8, told_bytes: int = 8) -> None:
    """A file of one tensor, by hand; its header may say another length than it has."""
    header = json.dumps({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, told_bytes]}}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(payload_bytes))


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """A folder that passes every check which needs no torch."""
    folder = tmp_path / "checkpoint"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(CONFIG))
    safetensors(folder / "model.safetensors")
    (folder / "tokenizer.json").write_bytes((TINY / "tokenizer.json").read_bytes())
    return folder


def configured(folder: Path, **fields: Any) -> Path:
    """Write some fields of config.json anew."""
    (folder / "config.json").write_text(json.dumps(CONFIG | fields))
    return folder


def test_facts_of_a_checkpoint(checkpoint: Path) -> None:
    found = read_checkpoint(configured(checkpoint, num_key_value_heads=1, head_dim=80), "prox-chunk")
    assert (found.layers, found.kv_heads, found.head_size, found.context) == (2, 1, 80, 2304)
    plain = read_checkpoint(configured(checkpoint), "other")
    assert (plain.kv_heads, plain.head_size) == (4, 16)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"architectures": ["MixtralForCausalLM"]}, 'architectures is ["MixtralForCausalLM"], expected one of Llama'),
        ({"architectures": ["Qwen2MoeForCausalLM"], "mlp_only_layers": [0]}, "layers without experts"),
        ({"architectures": ["Qwen2MoeForCausalLM"], "decoder_sparse_step": 2}, "layers without experts"),
        ({"head_dim": 40}, "attention heads of 40 numbers, expected a multiple of 16"),
        ({"architectures": None}, "architectures is null"),
        ({"architectures": [*ARCHITECTURES]}, "expected one of"),
        ({"auto_map": {"AutoModel": "x.Y"}}, "its own model code (auto_map in config.json), which is never run"),
        ({"hidden_size": "64"}, "hidden_size in config.json is '64', expected 1 or more"),
        ({"vocab_size": 0}, "vocab_size in config.json is 0"),
        ({"rope_scaling": {"type": "dynamic", "factor": 2.0}}, "rope scaling 'dynamic'"),
        ({"rope_parameters": {"rope_type": "yarn", "rope_theta": 1e4}}, "rope scaling 'yarn'"),
        ({"rope_scaling": {"type": "linear", "factor": 2.0}}, "rope scaling 'linear', expected default or llama3"),
        ({"architectures": ["Qwen2ForCausalLM"], "rope_scaling": {"rope_type": "llama3"}}, "rope scaling 'llama3'"),
        ({"partial_rotary_factor": 0.5}, "a partial rotary embedding"),
        ({"architectures": ["MistralForCausalLM"], "sliding_window": 1024}, "a sliding window"),
        (
            {"architectures": ["Qwen2ForCausalLM"], "use_sliding_window": True, "sliding_window": 1024},
            "a sliding window",
        ),
        ({"layer_types": ["full_attention", "sliding_attention"]}, "a sliding window"),
        ({"quantization_config": {"quant_method": "gptq"}}, "quantised weights"),
        ({"hidden_act": "gelu"}, "the activation 'gelu'"),
        (
            {"max_position_embeddings": 2048},
            "a context of 2,048 tokens, expected at least 2,112 for the format dataman",
        ),
    ],
)
def test_a_checkpoint_that_a_graph_would_not_follow_is_refused(
    checkpoint: Path, fields: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(Refused) as refused:
        read_checkpoint(configured(checkpoint, **fields), "dataman")
    assert sentence in str(refused.value)
    assert str(refused.value).endswith(".")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "fields",
    [
        {"architectures": ["Qwen2ForCausalLM"], "use_sliding_window": False, "sliding_window": 1024},
        {"architectures": ["MistralForCausalLM"], "sliding_window": 4096},
        {"architectures": ["MistralForCausalLM"], "sliding_window": None},
        {"rope_scaling": {"rope_type": "llama3", "factor": 8.0}},
        {"rope_scaling": None, "rope_theta": 1e6},
    ],
)
def test_settings_without_effect_or_that_the_graph_follows_pass(checkpoint: Path, fields: dict[str, Any]) -> None:
    assert read_checkpoint(configured(checkpoint, **fields), "dataman").layers == 2


def test_an_adapter_is_refused(checkpoint: Path) -> None:
    (checkpoint / "adapter_config.json").write_text("{}")
    with pytest.raises(Refused, match=r"an adapter .* merged"):
        read_checkpoint(checkpoint, "other")


@pytest.mark.parametrize("pickle", ["pytorch_model.bin", "model.pt"])
def test_pickles_are_never_opened(checkpoint: Path, pickle: str) -> None:
    (checkpoint / "model.safetensors").rename(checkpoint / pickle)
    with pytest.raises(Refused, match=rf"as pickle \({pickle}\), which may run anything"):
        read_checkpoint(checkpoint, "other")


def test_incomplete_weights_are_refused(checkpoint: Path) -> None:
    weights = checkpoint / "model.safetensors"
    safetensors(weights, payload_bytes=5)
    with pytest.raises(Refused, match="bytes, but its header expects"):
        read_checkpoint(checkpoint, "other")
    weights.write_bytes(b"no header")
    with pytest.raises(Refused, match=r"is no file of safetensors|bytes, but its header"):
        read_checkpoint(checkpoint, "other")
    weights.unlink()
    with pytest.raises(Refused, match=r"has no weights; expected model\.safetensors"):
        read_checkpoint(checkpoint, "other")


@pytest.mark.parametrize(
    ("index", "sentence"),
    [
        ({"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}}, "two.safetensors cannot be read"),
        ({"weight_map": {"a": "../one.safetensors"}}, "names no files of weights in its folder"),
        ({"weight_map": {}}, "names no files of weights"),
        ([], "holds no JSON object"),
    ],
)
def test_shards_are_all_there(checkpoint: Path, index: Any, sentence: str) -> None:
    (checkpoint / "model.safetensors").rename(checkpoint / "one.safetensors")
    (checkpoint / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(Refused) as refused:
        read_checkpoint(checkpoint, "other")
    assert sentence in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff"])
def test_a_config_that_is_none(checkpoint: Path, content: bytes) -> None:
    (checkpoint / "config.json").write_bytes(content)
    with pytest.raises(Refused, match=r"config\.json (is no JSON|holds no JSON object)"):
        read_checkpoint(checkpoint, "other")


def test_a_tokenizer_is_needed(checkpoint: Path, tmp_path: Path) -> None:
    (checkpoint / "tokenizer.json").unlink()
    with pytest.raises(Refused, match=r"has no tokenizer; expected tokenizer\.json or tokenizer\.model"):
        write_tokenizer(read_checkpoint(checkpoint, "other"), tmp_path / "t.json")


def test_a_tokenizer_of_another_model_is_refused(checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="tokens up to 319, but the model knows 300"):
        write_tokenizer(read_checkpoint(configured(checkpoint, vocab_size=300), "other"), tmp_path / "t.json")


def test_what_begins_and_what_stops(checkpoint: Path) -> None:
    (checkpoint / "generation_config.json").write_text('{"eos_token_id": [2, 5], "pad_token_id": 3}')
    found = read_checkpoint(checkpoint, "other")
    assert tokens_of(found, checkpoint / "tokenizer.json", "other") == ((1,), (2, 5), 3)
    # DataMan stops at both of Qwen's ends, whatever config.json names.
    assert tokens_of(found, checkpoint / "tokenizer.json", "dataman").stop == (2, 3, 5)


@pytest.mark.parametrize("eos", [None, 320, -1])
def test_something_has_to_stop(checkpoint: Path, eos: int | None) -> None:
    found = read_checkpoint(configured(checkpoint, eos_token_id=eos), "other")
    with pytest.raises(Refused, match="as the end of an answer"):
        tokens_of(found, checkpoint / "tokenizer.json", "other")


def test_hard_texts_are_many_and_always_the_same() -> None:
    assert hard_texts() == hard_texts()
    assert len(set(hard_texts())) > 300


@pytest.mark.parametrize("variants", ["cpu-int4", "", "cpu-int8,cpu-int8"])
def test_variants_are_known(
    checkpoint: Path, tmp_path: Path, variants: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [str(checkpoint), str(tmp_path / "out"), "--format", "other", "--variants", variants]
    assert main(command) == 2
    assert "expected each of cpu-int8" in capsys.readouterr().err


def test_a_folder_that_exists_is_left_alone(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").mkdir()
    assert main([str(checkpoint), str(tmp_path / "out"), "--format", "other"]) == 2
    assert "exists, expected a folder that does not" in capsys.readouterr().err


@pytest.mark.parametrize("module", NEEDED)
def test_without_the_extra_it_is_one_sentence(
    checkpoint: Path, tmp_path: Path, module: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("jobs.export_onnx.find_spec", lambda name: None if name == module else name)
    assert main([str(checkpoint), str(tmp_path / "out"), "--format", "other"]) == 2
    said = capsys.readouterr().err
    assert said == f"{module} is not installed, the export needs it; install the extra train.\n"
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint"]


def test_every_format_has_the_version_of_its_prompts() -> None:
    assert all(bool(version) == (name != "other") for name, version in PROMPT_VERSIONS.items())


# The committed graphs.


@pytest.mark.parametrize("variant", ["cpu-fp32", "cpu-int8"])
def test_the_graph_has_the_inputs_and_outputs_of_the_contract(variant: str) -> None:
    manifest = load_decoder_manifest(TINY)
    session = open_session(TINY / manifest.chosen(variant).graph, 1)
    cache = [f"{layer}.{kind}" for layer in range(manifest.layers) for kind in ("key", "value")]
    inputs = {one.name: one.type for one in session.get_inputs()}
    outputs = {one.name: one.type for one in session.get_outputs()}
    whole = dict.fromkeys(("input_ids", "attention_mask", "slots"), "tensor(int64)")
    assert inputs == whole | {f"past_key_values.{name}": "tensor(float)" for name in cache}
    told = {"logits": "tensor(float)", "next": "tensor(int64)"}
    assert outputs == told | {f"present.{name}": "tensor(float)" for name in cache}


@pytest.mark.parametrize("variant", ["cpu-fp32", "cpu-int8"])
def test_slots_choose_positions_in_any_order_and_next_is_the_best(variant: str) -> None:
    manifest = load_decoder_manifest(TINY)
    session = open_session(TINY / manifest.chosen(variant).graph, 1)
    empty = np.zeros((2, manifest.kv_heads, 0, manifest.head_size), np.float32)
    past = {one.name: empty for one in session.get_inputs() if one.name.startswith("past")}
    ids = np.array([[1, 50, 60, 70, 80], [1, 90, 95, 0, 0]])
    mask = (np.arange(5)[None] < np.array([[5], [3]])).astype(np.int64)

    def run(slots: list[list[int]]) -> list[np.ndarray]:
        feed = {"input_ids": ids, "attention_mask": mask, "slots": np.array(slots)} | past
        return list(session.run(["logits", "next"], feed))

    every, best = run([[0, 1, 2, 3, 4]] * 2)
    some, chosen = run([[4, 0, 2], [2, 2, 0]])
    assert np.array_equal(some, np.stack([every[0, [4, 0, 2]], every[1, [2, 2, 0]]]))
    assert np.array_equal(chosen, np.stack([best[0, [4, 0, 2]], best[1, [2, 2, 0]]]))
    assert np.array_equal(best, every.argmax(-1))
    assert len(np.unique(best[mask.astype(bool)])) > 2


def test_the_committed_graph_says_what_transformers_said() -> None:
    told = json.loads((TINY / "answers.json").read_text())
    manifest = load_decoder_manifest(TINY)
    cache = (manifest.layers, manifest.kv_heads, manifest.head_size)
    graph = GraphUnderTest(TINY / "cpu-fp32/model.onnx", "cpu-fp32", cache, 1)
    found = [graph.greedy(row["prompt"], manifest.stop, told["answer_tokens"]) for row in told["rows"]]
    assert found == [row["answer"] for row in told["rows"]]
    stopped = sum(len(answer) < told["answer_tokens"] for answer in found)
    assert 10 < stopped < 55


def test_parity_counts_up_to_the_first_difference() -> None:
    found = parity("cpu-int8", "x", [[1, 2, 3], [4], [], [5, 6]], [[1, 2, 9, 3], [4], [], [5]])
    assert (found.prompts, found.tokens, found.answers_equal) == (4, 7, 0.5)
    assert found.tokens_equal == pytest.approx(4 / 7)
