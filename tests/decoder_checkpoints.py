"""Checkpoints of decoders with random weights, as folders: config.json, safetensors, a small tokenizer. Needs torch.

The weights are larger than a model is begun with, so that greedy answers wander over the vocabulary instead of saying
one token again and again, and the token `</s>` is likelier than others, so that some answers stop.
"""

from pathlib import Path
from typing import Any

SPECIAL = ("<unk>", "<s>", "</s>", "<|endoftext|>", "<|im_start|>", "<|im_end|>")
VOCABULARY = 320
STOP = SPECIAL.index("</s>")
_PROSE = (
    "remove_lines(start=0, end=3) keep_doc() drop_doc() the page has lines and the lines have words of the page, "
    "some of them about us, home and contact; normalize the rest and keep what a reader wants to read\n"
)
_GAIN = 1.6
_STOP_GAIN = 1.6


def llama_prox_small() -> Any:
    """The shape of ProX's refiners of 0.3B, made small: heads of 80, one of keys and values."""
    from transformers import LlamaConfig

    return LlamaConfig(**_common(width=240, layers=2, heads=3, kv_heads=1, mlp=384), rms_norm_eps=1e-5)


def llama_prox_medium() -> Any:
    """The shape of those of 0.7B, made small: two heads of keys and values, MLP 3.2 times the width."""
    from transformers import LlamaConfig

    return LlamaConfig(**_common(width=192, layers=3, heads=12, kv_heads=2, mlp=608), rms_norm_eps=1e-5)


def prox_full_size() -> Any:
    """ProX's refiners of 0.3B at full size, 354,284,800 parameters."""
    from transformers import LlamaConfig

    shape = _common(width=1280, layers=24, heads=16, kv_heads=1, mlp=2048) | {"vocab_size": 32000}
    return LlamaConfig(**shape | {"max_position_embeddings": 2048}, rms_norm_eps=1e-5)


def qwen2_tied() -> Any:
    """The shape of Qwen2-1.5B, on which DataMan stands, made small: biases, tied embeddings, another rope base."""
    from transformers import Qwen2Config

    shape = _common(width=192, layers=2, heads=6, kv_heads=2, mlp=512)
    return Qwen2Config(**shape | {"tie_word_embeddings": True, "bos_token_id": None}, **_rope(theta=1e6))


def qwen2_mixture() -> Any:
    """The shape of Qwen1.5-MoE-A2.7B, on which the larger DataMan raters stand, made small."""
    from transformers import Qwen2MoeConfig

    shape = _common(width=128, layers=2, heads=4, kv_heads=4, mlp=512) | {"bos_token_id": None}
    experts = {"num_experts": 12, "num_experts_per_tok": 4, "norm_topk_prob": False, "decoder_sparse_step": 1}
    sizes = {"moe_intermediate_size": 64, "shared_expert_intermediate_size": 256}
    return Qwen2MoeConfig(**shape, **experts, **sizes, **_rope(theta=1e6))


def qwen3() -> Any:
    """Norms of queries and keys, and heads that are wider than the model divided by their number."""
    from transformers import Qwen3Config

    shape = _common(width=128, layers=2, heads=4, kv_heads=2, mlp=256) | {"head_dim": 64}
    return Qwen3Config(**shape | {"tie_word_embeddings": True}, **_rope(theta=1e6))


def mistral() -> Any:
    """Mistral without its sliding window."""
    from transformers import MistralConfig

    return MistralConfig(**_common(width=128, layers=2, heads=8, kv_heads=2, mlp=384), sliding_window=None)


def as_wide_as_its_vocabulary() -> Any:
    """A shape that onnxruntime-genai 0.18 exports wrongly: it takes every layer of that many outputs for the head."""
    from transformers import LlamaConfig

    return LlamaConfig(**_common(width=VOCABULARY, layers=1, heads=4, kv_heads=1, mlp=256))


def llama3_rope() -> Any:
    """Llama 3's scaling of the frequencies, over so short an original context that it shows."""
    from transformers import LlamaConfig

    scaling = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}
    scaling |= {"original_max_position_embeddings": 64, "rope_theta": 10000.0}
    return LlamaConfig(**_common(width=128, layers=2, heads=4, kv_heads=2, mlp=256), rope_parameters=scaling)


def _common(*, width: int, layers: int, heads: int, kv_heads: int, mlp: int) -> dict[str, Any]:
    return {
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "intermediate_size": mlp,
        "vocab_size": VOCABULARY,
        "max_position_embeddings": 2304,
        "bos_token_id": SPECIAL.index("<s>"),
        "eos_token_id": STOP,
        "tie_word_embeddings": False,
    }


def _rope(theta: float) -> dict[str, Any]:
    return {"rope_parameters": {"rope_type": "default", "rope_theta": theta}}


def write_checkpoint(folder: Path, config: Any, seed: int = 0, dtype: str = "float32") -> Path:
    """Write a checkpoint of random weights, the same for the same arguments, with the tokenizer of this module."""
    import torch
    from transformers import AutoModelForCausalLM

    torch.manual_seed(seed)
    with torch.no_grad():
        model = AutoModelForCausalLM.from_config(config)
        for name, weights in model.named_parameters():
            if weights.dim() >= 2:
                is_table = "embed" in name
                weights.normal_(0, 1.0 if is_table else _GAIN / weights.shape[-1] ** 0.5)
            elif "bias" in name:
                weights.normal_(0, 0.1)
        model.get_output_embeddings().weight[STOP] *= _STOP_GAIN
    model.to(getattr(torch, dtype)).save_pretrained(folder)
    make_tokenizer(folder / "tokenizer.json")
    return folder


def make_tokenizer(path: Path) -> None:
    """Write a byte-level BPE tokenizer of VOCABULARY tokens at most, that puts `<s>` before a text."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.BPE())
    # Runs of one kind only, so that newlines and digits stay tokens of their own.
    kinds = pre_tokenizers.Split(pattern="\n", behavior="isolated")
    digits = pre_tokenizers.Digits(individual_digits=True)
    bytes_ = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([kinds, digits, bytes_])
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=list(SPECIAL), initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator([_PROSE] * 3, trainer)
    begin = SPECIAL.index("<s>")
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", begin)])
    tokenizer.save(str(path), pretty=False)
