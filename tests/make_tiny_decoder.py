"""Make `tests/data/tiny-decoder`: real ONNX graphs of a decoder of two random layers, for tests of the run-time that
have no torch.

    python -m tests.make_tiny_decoder        (with the extra `train`)

The graphs are made as those of a published checkpoint are, so they have the same operators, inputs and outputs. Its
answers mean nothing, but they vary, and some of them stop. `answers.json` beside the folder's files holds what
transformers says to some prompts, so that a run-time can be held against it without transformers.
"""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from jobs.export.reference import greedy, load_reference, parity_prompts
from jobs.export_onnx import Wish, export
from tests.decoder_checkpoints import STOP, VOCABULARY, write_checkpoint
from udfs.models.tokens import load_tokenizer

FOLDER = Path(__file__).parent / "data/tiny-decoder"
ANSWERS = FOLDER / "answers.json"
SEED = 0
PROMPTS = 60
LONGEST = 120
ANSWER_TOKENS = 48


def tiny() -> Any:
    """Two layers of three heads over one head of keys and values; 100,000 weights."""
    from transformers import LlamaConfig

    return LlamaConfig(
        hidden_size=48,
        num_hidden_layers=2,
        num_attention_heads=3,
        num_key_value_heads=1,
        intermediate_size=96,
        vocab_size=VOCABULARY,
        max_position_embeddings=2304,
        bos_token_id=1,
        eos_token_id=STOP,
        tie_word_embeddings=False,
    )


def main() -> None:
    """Make the folder anew."""
    with tempfile.TemporaryDirectory() as place:
        checkpoint = write_checkpoint(Path(place) / "checkpoint", tiny(), SEED)
        shutil.rmtree(FOLDER, ignore_errors=True)
        manifest = export(checkpoint, FOLDER, Wish("other", "any", ("cpu-int8", "cpu-fp32"), "tiny-decoder"))
        tokenizer = load_tokenizer(FOLDER / "tokenizer.json")
        prompts = parity_prompts(tokenizer, manifest.begin, VOCABULARY, PROMPTS, LONGEST)
        model = load_reference(checkpoint)
        answers = [greedy(model, prompt, manifest.stop, ANSWER_TOKENS) for prompt in prompts]
    rows = [{"prompt": prompt, "answer": answer} for prompt, answer in zip(prompts, answers, strict=True)]
    lines = ",\n ".join(json.dumps(row) for row in rows)
    told = f'{{"answer_tokens": {ANSWER_TOKENS}, "reference": "transformers, float32, greedy", "rows": [\n {lines}\n]}}'
    ANSWERS.write_text(told + "\n")
    stopped = sum(len(answer) < ANSWER_TOKENS for answer in answers)
    print(manifest.parity)
    print(f"{stopped} of {PROMPTS} stopped; {len({tuple(one) for one in answers})} different answers")
    print(f"{len({token for one in answers for token in one})} different tokens")


if __name__ == "__main__":
    main()
