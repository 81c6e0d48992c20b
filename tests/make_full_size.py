"""Make a checkpoint of ProX's 0.3B shape with random weights, and export it: for benchmarks, and for parity at full
size by hand. Needs the extra `train`, 5 GB of memory and some minutes.

    python -m tests.make_full_size OUT_FOLDER [--tokenizer FOLDER_WITH_TOKENIZER_MODEL]

Writes OUT_FOLDER/checkpoint and OUT_FOLDER/model (cpu-int8, cpu-fp32) and prints how far they agree with transformers.
"""

import argparse
import shutil
from pathlib import Path

from jobs.export_onnx import Wish, export
from tests.decoder_checkpoints import prox_full_size, write_checkpoint


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Make and export a random decoder of ProX's 0.3B shape.")
    parser.add_argument("out", type=Path)
    parser.add_argument("--tokenizer", type=Path, help="folder of Llama 2's tokenizer.model; without it a small one")
    parser.add_argument("--parity-prompts", type=int, default=100)
    options = parser.parse_args()
    checkpoint = write_checkpoint(options.out / "checkpoint", prox_full_size())
    if options.tokenizer:
        (checkpoint / "tokenizer.json").unlink()
        shutil.copyfile(options.tokenizer / "tokenizer.model", checkpoint / "tokenizer.model")
    wish = Wish("prox-chunk", "en", ("cpu-int8", "cpu-fp32"), "prox-0.3b-random", prompts=options.parity_prompts)
    for one in export(checkpoint, options.out / "model", wish).parity:
        print(f"{one.variant}: {one.tokens_equal:.4f} of {one.tokens} tokens, {one.answers_equal:.3f} of {one.prompts}")


if __name__ == "__main__":
    main()
