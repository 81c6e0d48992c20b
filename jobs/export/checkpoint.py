"""A decoder's checkpoint as a folder of files, judged without loading it: what is in it, and whether the export can be
faithful to it.

Only `config.json` and safetensors are read. A pickle runs what its writer pleases when it is opened, and so does a
model class that a checkpoint brings along; neither is ever touched.
"""

import json
from pathlib import Path
from typing import Any, NamedTuple

from jobs.export.refusal import Refused
from udfs.models.decoder_manifest import Format

CONFIG_FILE = "config.json"
GENERATION_FILE = "generation_config.json"
WEIGHTS_FILE = "model.safetensors"
INDEX_FILE = "model.safetensors.index.json"

MIXTURE = "Qwen2MoeForCausalLM"
# Those that tests/jobs/test_export_parity.py holds equal to transformers.
ARCHITECTURES = ("LlamaForCausalLM", "MistralForCausalLM", "Qwen2ForCausalLM", "Qwen3ForCausalLM", MIXTURE)

# Tokens of a prompt and its answer at the length that the published code goes up to.
CONTEXT_OF_FORMAT: dict[Format, int] = {"prox-document": 2048, "prox-chunk": 2048, "dataman": 2112, "other": 1}

# Of each architecture; the builder overlooks linear scaling in Llama, and does not know the others.
_ROPE_TYPES = {"LlamaForCausalLM": ("default", "llama3")}
_HEAD_STEP = 16
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")


class Checkpoint(NamedTuple):
    """A folder that may be exported."""

    folder: Path
    config: dict[str, Any]
    generation: dict[str, Any]  # of generation_config.json; empty where there is none
    weights: tuple[Path, ...]
    described_by: tuple[Path, ...]  # config.json, and those beside it that say something about the weights
    architecture: str  # as the model builder names it

    @property
    def layers(self) -> int:
        """Layers, each with a cache of its own."""
        return int(self.config["num_hidden_layers"])

    @property
    def vocabulary(self) -> int:
        """Tokens that it gives logits for."""
        return int(self.config["vocab_size"])

    @property
    def context(self) -> int:
        """Tokens of prompt and answer together."""
        return int(self.config["max_position_embeddings"])

    @property
    def heads(self) -> int:
        """Attention heads of a layer."""
        return int(self.config["num_attention_heads"])

    @property
    def kv_heads(self) -> int:
        """Heads of keys and values of a layer."""
        return int(self.config.get("num_key_value_heads") or self.heads)

    @property
    def head_size(self) -> int:
        """Numbers in the key of one head."""
        return int(self.config.get("head_dim") or int(self.config["hidden_size"]) // self.heads)


def read_checkpoint(folder: Path, format_: Format) -> Checkpoint:
    """Judge `folder`, to be exported for prompts of a format. Raises Refused at the first reason against it."""
    config = _object(folder / CONFIG_FILE, "name the folder of a checkpoint with its config.json")
    architecture = _architecture(folder, config)
    _refuse_what_is_ignored(folder, config, architecture)
    _refuse_short_context(folder, config, format_)
    weights = _weights(folder)
    generation = folder / GENERATION_FILE
    told = _object(generation, "restore it or remove it") if generation.exists() else {}
    described_by = [path for path in (folder / CONFIG_FILE, generation, folder / INDEX_FILE) if path.exists()]
    return Checkpoint(folder, config, told, weights, tuple(described_by), architecture)


def _object(path: Path, advice: str) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except OSError as error:
        raise Refused(f"{path} cannot be read ({error.strerror or error}); {advice}.") from None
    except ValueError:
        raise Refused(f"{path} is no JSON; {advice}.") from None
    if not isinstance(found, dict):
        raise Refused(f"{path} holds no JSON object; {advice}.")
    return found


def _architecture(folder: Path, config: dict[str, Any]) -> str:
    found = config.get("architectures")
    if "auto_map" in config:
        raise Refused(
            f"{folder} brings its own model code (auto_map in config.json), which is never run; expected one of "
            f"{', '.join(ARCHITECTURES)}, so convert the checkpoint to one of these."
        )
    if not isinstance(found, list) or len(found) != 1 or found[0] not in ARCHITECTURES:
        raise Refused(
            f"{folder}: architectures is {json.dumps(found)}, expected one of {', '.join(ARCHITECTURES)}; "
            "convert the checkpoint to one of these."
        )
    needed = ("hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size", "max_position_embeddings")
    for key in needed:
        if not isinstance(config.get(key), int) or config[key] < 1:
            raise Refused(f"{folder}: {key} in config.json is {config.get(key)!r}, expected 1 or more; correct it.")
    return str(found[0])


def _refuse_what_is_ignored(folder: Path, config: dict[str, Any], architecture: str) -> None:
    """Settings that the graph would not follow, so that it would say something else than the checkpoint."""
    size = int(config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"])
    rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
    kind = rope.get("rope_type") or rope.get("type") or "default"
    reason = ""
    if kind not in (known := _ROPE_TYPES.get(architecture, ("default",))):
        reason = f"rope scaling {kind!r}, expected {' or '.join(known)}"
    elif float(config.get("partial_rotary_factor") or rope.get("partial_rotary_factor") or 1) != 1:
        reason = "a partial rotary embedding, expected a whole one"
    elif _has_window(config):
        reason = "attention over a sliding window shorter than its context, expected attention over all of it"
    elif config.get("quantization_config"):
        reason = "quantised weights, expected float32, float16 or bfloat16"
    elif size % _HEAD_STEP:
        reason = f"attention heads of {size} numbers, expected a multiple of {_HEAD_STEP} for onnxruntime's attention"
    elif architecture == MIXTURE and (config.get("mlp_only_layers") or config.get("decoder_sparse_step", 1) != 1):
        reason = "layers without experts (mlp_only_layers or decoder_sparse_step), expected experts in every layer"
    elif config.get("hidden_act", "silu") != "silu":
        reason = f"the activation {config['hidden_act']!r}, expected silu"
    elif (folder / "adapter_config.json").exists():
        reason = "an adapter (adapter_config.json), expected it merged into the weights"
    if reason:
        raise Refused(f"{folder} has {reason}; the graph would not say what the checkpoint says, so convert it first.")


def _has_window(config: dict[str, Any]) -> bool:
    if "sliding_attention" in (config.get("layer_types") or ()):
        return True
    window = config.get("sliding_window")
    is_used = config.get("use_sliding_window", not config["architectures"][0].startswith("Qwen"))
    return bool(is_used) and isinstance(window, int) and window < config["max_position_embeddings"]


def _refuse_short_context(folder: Path, config: dict[str, Any], format_: Format) -> None:
    context, needed = config["max_position_embeddings"], CONTEXT_OF_FORMAT[format_]
    if context < needed:
        raise Refused(
            f"{folder} has a context of {context:,} tokens, expected at least {needed:,} for the format {format_}; "
            "export a checkpoint with a longer one, or with --format other."
        )


def _weights(folder: Path) -> tuple[Path, ...]:
    """The files of the weights, each complete."""
    if (folder / INDEX_FILE).exists():
        index = _object(folder / INDEX_FILE, "restore it")
        shards = index.get("weight_map")
        names = sorted({str(name) for name in shards.values()}) if isinstance(shards, dict) else []
        if not names or any(Path(name).name != name for name in names):
            raise Refused(f"{folder / INDEX_FILE} names no files of weights in its folder; restore it.")
    elif (folder / WEIGHTS_FILE).exists():
        names = [WEIGHTS_FILE]
    elif pickles := sorted(path.name for kind in _PICKLES for path in folder.glob(kind)):
        raise Refused(
            f"{folder} has its weights as pickle ({pickles[0]}), which may run anything when it is opened; expected "
            "safetensors, so convert it where you trust it, with save_pretrained of transformers."
        )
    else:
        raise Refused(f"{folder} has no weights; expected {WEIGHTS_FILE} or {INDEX_FILE}, so copy them there.")
    return tuple(_complete(folder / name) for name in names)


def _complete(path: Path) -> Path:
    """The file, where it is as long as its header says."""
    advice = "copy it anew from where the checkpoint comes from"
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            header_bytes = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(header_bytes)) if header_bytes < size else None
        expected = 8 + header_bytes + max((one["data_offsets"][1] for one in _tensors(header)), default=0)
    except OSError as error:
        raise Refused(f"{path} cannot be read ({error.strerror or error}); {advice}.") from None
    except (ValueError, TypeError, KeyError, IndexError, AttributeError):
        raise Refused(f"{path} is no file of safetensors; {advice}.") from None
    if size != expected:
        raise Refused(f"{path} has {size:,} bytes, but its header expects {expected:,}; {advice}.")
    return path


def _tensors(header: Any) -> list[dict[str, Any]]:
    return [facts for name, facts in header.items() if name != "__metadata__"]
