"""The peers of `benchmarks/decoders.py`: transformers in float32, or static batches of onnxruntime-genai.

Runs in an environment with the extra `train`. Arguments: the peer, the checkpoint, a folder for the graph that genai
runs (made there with the builder's own settings for int8, if it is not there), and threads. Each line on standard input
is {"prompts": [token ids], "lengths": [tokens to generate], "rows": prompts of one batch}; a line of JSON says how long
it took and how much memory the process has taken at most."""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # looked at when onnxruntime is imported
os.environ["HF_HUB_OFFLINE"] = "1"

Batch = Callable[[list[list[int]], int], None]


def of_transformers(checkpoint: str, threads: int) -> Batch:
    """A batch of equally long prompts on torch: the cache is kept, and only the last position gets logits."""
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()
    torch.set_num_threads(threads)
    model = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32).eval()

    @torch.inference_mode()
    def run(prompts: list[list[int]], length: int) -> None:
        ids, past = torch.tensor(prompts), None
        for _ in range(length):
            output = model(ids, past_key_values=past, use_cache=True, logits_to_keep=1)
            past, ids = output.past_key_values, output.logits[:, -1:].argmax(-1)

    return run


def of_genai(folder: Path, threads: int) -> Batch:
    """A static batch on onnxruntime-genai: prompts filled up on the right, as many steps as the longest answer."""
    import numpy as np
    import onnxruntime_genai as og

    config = json.loads((folder / "genai_config.json").read_text())
    options = config["model"]["decoder"]["session_options"]
    options.update(intra_op_num_threads=threads, inter_op_num_threads=1)
    options["session.intra_op.allow_spinning"] = "0"  # as ours: the machine is shared with other workers
    (folder / "genai_config.json").write_text(json.dumps(config))
    model = og.Model(str(folder))

    def run(prompts: list[list[int]], length: int) -> None:
        width = max(map(len, prompts))
        parameters = og.GeneratorParams(model)
        parameters.set_search_options(
            batch_size=len(prompts), max_length=width + length, min_length=width + length, do_sample=False
        )
        generator = og.Generator(model, parameters)
        pad = config["model"]["pad_token_id"]
        generator.append_tokens(np.array([one + [pad] * (width - len(one)) for one in prompts], np.int32))
        for _ in range(length):
            generator.generate_next_token()
            generator.get_next_tokens()

    return run


def build(checkpoint: str, folder: Path) -> None:
    """The builder's int8 graph for the CPU, as it comes; in a process of its own, whose memory is not the peer's."""
    command = [sys.executable, "-m", "onnxruntime_genai.models.builder", "-i", checkpoint, "-o", str(folder)]
    command += ["-p", "int8", "-e", "cpu", "-c", str(folder / "cache"), "--extra_options", "block_size=128"]
    subprocess.run(command, check=True, capture_output=True)


def answer(run: Batch, asked: dict[str, Any]) -> dict[str, float]:
    """Seconds of one run over all prompts, batch by batch."""
    start = time.perf_counter()
    rows = asked["rows"]
    for first in range(0, len(asked["prompts"]), rows):
        run(asked["prompts"][first : first + rows], max(asked["lengths"][first : first + rows]))
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}


def main() -> None:
    """Answer each line of standard input with one run."""
    peer, checkpoint, graph, threads = sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4])
    if peer == "genai" and not (graph / "genai_config.json").is_file():
        build(checkpoint, graph)
    run = of_transformers(checkpoint, threads) if peer == "transformers" else of_genai(graph, threads)
    for line in sys.stdin:
        print(json.dumps(answer(run, json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
