"""A decoder on a graphics card, beside the same checkpoint in int8 on the CPU.

    python benchmarks/gpu.py --model FOLDER [--device cpu] [--documents 256] [--json FILE]

The model is a folder that `python -m jobs.export_onnx` made with both variants, cpu-int8 and cuda-fp16; the environment
has the extra `gpu`. `--device cpu` runs the fp16 graph on the CPU, which shows that the script works and nothing else.
Rows:

prefill    tokens/s of prompts of 512 tokens
documents  texts/s through the whole way of a refiner: prompts, grammar, programs of a chunk each of up to 64 tokens; of
           a DataMan rater: its request, and all 15 answers
parity     share of 100 prompts of different lengths to which the fp16 graph gives the same first token as int8 does

The slower side is given fewer texts. The best of three runs counts.
"""

import argparse
import json
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # run by path, from any folder, with or without the project installed

from timing import seconds_of  # noqa: E402 - this folder is on the path of its scripts
from timing.decoder_stage import made_up  # noqa: E402

from udfs.models.batching import ON_CPU, ON_CUDA  # noqa: E402 - after the path
from udfs.models.dataman.rating import load_dataman_rater  # noqa: E402
from udfs.models.decoder_manifest import load_decoder_manifest  # noqa: E402
from udfs.models.decoding import Decoder  # noqa: E402
from udfs.models.onnx_decoder import load_decoder  # noqa: E402
from udfs.programs.asking import Asker, AskSettings  # noqa: E402
from udfs.programs.refiners import RefinerSettings, load_refiners, tokenizer_file  # noqa: E402

THREADS = 2
RUNS = 3
INT8, FP16 = "cpu-int8", "cuda-fp16"


def fastest(work: Callable[[], Any]) -> float:
    """Best seconds of RUNS, after one that does not count."""
    work()
    return min(seconds_of(work) for _ in range(RUNS))


def prompts(sizes: list[int], vocabulary: int) -> list[list[int]]:
    """Prompts of random tokens; the first three ids are special ones."""
    draw = random.Random(1)
    return [[draw.randrange(3, vocabulary) for _ in range(size)] for size in sizes]


def prefill(decoder: Decoder, vocabulary: int, count: int) -> float:
    """Tokens a second."""
    work = prompts([512] * count, vocabulary)
    return 512 * count / fastest(lambda: decoder.choose(work, [3]))


def documents(folder: Path, variant: str, count: int) -> float:
    """Texts a second."""
    texts = made_up(count)
    if load_decoder_manifest(folder).format == "dataman":
        rate = load_dataman_rater(folder, variant, THREADS)
        return count / fastest(lambda: rate(texts))
    settings = RefinerSettings(chunk_model=str(folder), chunk_tokens=64)
    asked = AskSettings(levels="chunk", tokenizer=str(tokenizer_file(settings)))
    ask = Asker(load_refiners(settings, variant, THREADS), asked, prompts=True)
    return count / fastest(lambda: ask(texts))


def first_tokens(decoder: Decoder, vocabulary: int) -> list[int]:
    """The likeliest token after each of 100 prompts."""
    draw = random.Random(2)
    work = prompts([draw.randint(1, 600) for _ in range(100)], vocabulary)
    everything = range(vocabulary)
    return [int(found.argmax()) for found in decoder.choose(work, everything) if not isinstance(found, str)]


def main() -> None:
    """Print the table, and write it as JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, metavar="FOLDER", help="a folder with cpu-int8 and cuda-fp16")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda", help="where the fp16 graph runs")
    parser.add_argument("--documents", type=int, default=256, help="texts that the graphics card is given")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows here")
    options = parser.parse_args()
    if options.model is None:
        print("gpu.py: found no --model, expected a folder with cpu-int8 and cuda-fp16; nothing was measured.")
        return
    vocabulary = load_decoder_manifest(options.model).vocabulary
    batching = ON_CUDA if options.device == "cuda" else ON_CPU
    card = load_decoder(options.model, FP16, THREADS, provider=options.device, batching=batching)
    cpu = load_decoder(options.model, INT8, THREADS)
    few = max(options.documents // 16, 2)
    same = sum(
        one == other for one, other in zip(*(first_tokens(each, vocabulary) for each in (card, cpu)), strict=True)
    )
    table = [
        ("parity", "share", same / 100, 1.0),
        ("prefill", "tokens/s", prefill(card, vocabulary, options.documents), prefill(cpu, vocabulary, few)),
    ]
    if options.device == "cuda":
        speeds = documents(options.model, FP16, options.documents), documents(options.model, INT8, few)
        table.append(("documents", "texts/s", *speeds))
    rows = []
    print(f"{'row':<11}{'unit':<10}{'ours':>11}{'peer':>11}{'ratio':>8}  peer")
    for name, unit, ours, peer in table:
        peer_name = f"int8, {THREADS} threads"
        rows.append(
            {"name": name, "unit": unit, "ours": ours, "peer": peer, "peer_name": peer_name, "ratio": ours / peer}
        )
        print(f"{name:<11}{unit:<10}{ours:>11,.2f}{peer:>11,.2f}{ours / peer:>8.2f}  {peer_name}")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
