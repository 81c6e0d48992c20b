"""Speed of a decoder in int8 on two threads, beside transformers in float32 and static batches of onnxruntime-genai.

    python benchmarks/decoders.py --model FOLDER --checkpoint FOLDER [--python FILE] [--graph FOLDER] [--quick]
        [--only ROW] [--json FILE]

The model is a folder that `python -m jobs.export_onnx` made of the checkpoint, the checkpoint one of the shape of ProX
0.3B with random weights, which says no stop token. The peers run on the python of an environment with the extra
`train` (--python). genai runs the builder's own graph in int8, which is made in --graph unless it is there. Prompts
are random tokens; both sides of a row take turns, and the best run of each counts. Rows:

prefill   prompts of 512 tokens, read one by one, against transformers
decode    8 answers of 64 tokens to prompts of 16, all of it: milliseconds for a step of 8; against transformers
ragged    chunks of 100 to 550 tokens whose answers are as long as those of ProX: 60 % have 5 tokens, 30 % 15 to 45,
          10 % 100 to 200; against genai in static batches of 8, which are given the chunks sorted by length
stage     the stage `propose` from table to table on Spark, one task, 160 documents of a chunk each, answers of
          16 tokens, against the same refiner in a plain loop

Memory is the most that a process has taken up to the end of its row. On a machine with other work the threads of
torch wait actively and spoil each other's runs: OMP_WAIT_POLICY=PASSIVE then gives the peer its due.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # run by path, from any folder, with or without the project installed

from timing import best_of_turns, seconds_of  # noqa: E402 - this folder is on the path of its scripts
from timing.decoder_stage import sides  # noqa: E402

from udfs.models.decoding import Decoder, Generated, Wanted  # noqa: E402 - after the path
from udfs.models.loops import LoopSettings  # noqa: E402
from udfs.models.onnx_decoder import load_decoder  # noqa: E402

THREADS = 2
ROWS_OF_A_BATCH = 8
TRANSFORMERS, GENAI = "transformers, float32", "onnxruntime-genai, static batches of 8"
LOOP = "the refiner in a plain loop"


class Work(NamedTuple):
    """Prompts, and how many tokens each is answered with."""

    prompts: list[list[int]]
    lengths: list[int]

    @property
    def tokens(self) -> int:
        """Of the prompts."""
        return sum(map(len, self.prompts))


class Bench(NamedTuple):
    """What the rows share."""

    decoder: Decoder
    peer_command: list[str]  # takes the name of the peer at place 2
    vocabulary: int
    quick: bool
    model: Path

    @property
    def rounds(self) -> int:
        """Timed runs of each side."""
        return 2 if self.quick else 5


# --- work


def random_prompts(draw: random.Random, sizes: list[int], vocabulary: int) -> list[list[int]]:
    """Prompts of random tokens; the first three ids are special ones."""
    return [[draw.randrange(3, vocabulary) for _ in range(size)] for size in sizes]


def ragged(draw: random.Random, count: int, vocabulary: int) -> Work:
    """Chunks and answers as long as those of ProX, the shares of lengths exact."""
    prompts = random_prompts(draw, [draw.randint(100, 550) for _ in range(count)], vocabulary)
    longest, long = round(count * 0.1), round(count * 0.3)
    lengths = [draw.randint(100, 200) for _ in range(longest)] + [draw.randint(15, 45) for _ in range(long)]
    lengths += [5] * (count - len(lengths))
    draw.shuffle(lengths)
    return Work(prompts, lengths)


def by_length(work: Work) -> Work:
    """The same, prompts of like length beside each other."""
    order = sorted(range(len(work.prompts)), key=lambda row: len(work.prompts[row]))
    return Work([work.prompts[row] for row in order], [work.lengths[row] for row in order])


# --- sides


def generate(decoder: Decoder, work: Work) -> None:
    """Ours. Every answer must have the length that is wanted, or the peers would have more to do."""
    wanted = [Wanted(prompt, length) for prompt, length in zip(work.prompts, work.lengths, strict=True)]
    checked(decoder.generate(wanted), work)


def checked(answers: list[Generated], work: Work) -> None:
    """Stop where an answer is shorter than wanted."""
    for answer, length in zip(answers, work.lengths, strict=True):
        if len(answer.tokens) != length:
            raise SystemExit(
                f"found an answer of {len(answer.tokens)} tokens ({answer.finish}: {answer.error}), expected {length}; "
                "take a checkpoint with random weights, which says no stop token."
            )


class Peer:
    """A peer in its own process, until the end of a row."""

    def __init__(self, bench: Bench, name: str) -> None:
        command = [*bench.peer_command[:2], name, *bench.peer_command[2:]]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.memory_bytes = 0

    def seconds(self, work: Work, rows: int) -> float:
        """One run over all of it, in batches of `rows`."""
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin
        assert stdout
        stdin.write(json.dumps({"prompts": work.prompts, "lengths": work.lengths, "rows": rows}) + "\n")
        stdin.flush()
        answer = stdout.readline()
        if not answer:
            raise SystemExit("the peer did not answer; --python names an environment with the extra train?")
        found = json.loads(answer)
        self.memory_bytes = int(found["memory_bytes"])
        return float(found["seconds"])

    def close(self) -> None:
        """Let it end."""
        self.process.communicate()


# --- rows


def prefill_row(bench: Bench) -> dict[str, Any]:
    """Row `prefill`."""
    prompts = random_prompts(random.Random(1), [512] * (2 if bench.quick else 4), bench.vocabulary)
    work = Work(prompts, [1] * len(prompts))
    peer = Peer(bench, "transformers")
    ours = lambda: seconds_of(lambda: bench.decoder.choose(work.prompts, [3]))  # noqa: E731 - as in the other scripts
    seconds = best_of_turns((ours, lambda: peer.seconds(work, 1)), bench.rounds)
    return row("prefill", "tokens/s", [work.tokens / one for one in seconds], seconds, peer, TRANSFORMERS)


def decode_row(bench: Bench) -> dict[str, Any]:
    """Row `decode`."""
    steps = 32 if bench.quick else 64
    prompts = random_prompts(random.Random(2), [16] * ROWS_OF_A_BATCH, bench.vocabulary)
    work = Work(prompts, [steps] * len(prompts))
    peer = Peer(bench, "transformers")
    ours = lambda: seconds_of(lambda: generate(bench.decoder, work))  # noqa: E731 - as above
    seconds = best_of_turns((ours, lambda: peer.seconds(work, ROWS_OF_A_BATCH)), bench.rounds)
    return row("decode", "ms/step", [1000 * one / steps for one in seconds], seconds, peer, TRANSFORMERS)


def ragged_row(bench: Bench) -> dict[str, Any]:
    """Row `ragged`."""
    work = ragged(random.Random(3), 16 if bench.quick else 48, bench.vocabulary)
    peer = Peer(bench, "genai")
    ours = lambda: seconds_of(lambda: generate(bench.decoder, work))  # noqa: E731 - as above
    seconds = best_of_turns((ours, lambda: peer.seconds(by_length(work), ROWS_OF_A_BATCH)), bench.rounds)
    return row("ragged", "chunks/s", [len(work.prompts) / one for one in seconds], seconds, peer, GENAI)


def stage_row(bench: Bench) -> dict[str, Any]:
    """Row `stage`."""
    count = 24 if bench.quick else 160
    with tempfile.TemporaryDirectory() as folder:
        ours, loop, spark = sides(bench.model, THREADS, count, Path(folder))
        seconds = best_of_turns((ours, loop), 2)
        spark.stop()
    return row("stage", "chunks/s", [count / one for one in seconds], seconds, None, LOOP)


def row(
    name: str, unit: str, speeds: list[float], seconds: tuple[float, float], peer: Peer | None, peer_name: str
) -> dict[str, Any]:
    """One line of the table. The ratio says how many times as long the peer takes."""
    if peer:
        peer.close()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {
        "name": name,
        "unit": unit,
        "ours": round(speeds[0], 2),
        "peer": round(speeds[1], 2),
        "peer_name": peer_name,
        "ratio": round(seconds[1] / seconds[0], 3),
        "memory_mb": round(memory / 1e6),
        "peer_memory_mb": round(peer.memory_bytes / 1e6) if peer else 0,
    }


def printed(one: dict[str, Any]) -> dict[str, Any]:
    """A row, which is shown at once, since the next takes minutes."""
    numbers = f"{one['ours']:>9,.1f}{one['peer']:>9,.1f}{one['ratio']:>8.2f}{one['memory_mb']:>7,}"
    print(f"{one['name']:<10}{one['unit']:<10}{numbers}{one['peer_memory_mb']:>9,}  {one['peer_name']}", flush=True)
    return one


ROWS: dict[str, Callable[[Bench], dict[str, Any]]] = {
    "prefill": prefill_row,
    "decode": decode_row,
    "ragged": ragged_row,
    "stage": stage_row,
}


def main() -> None:
    """Print the table, and write it as JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, metavar="FOLDER", help="what jobs.export_onnx made")
    parser.add_argument("--checkpoint", type=Path, metavar="FOLDER", help="what it was made of")
    parser.add_argument("--python", type=Path, default=Path(sys.executable), metavar="FILE", help="for the peers")
    parser.add_argument("--graph", type=Path, metavar="FOLDER", help="genai's own graph, made if it is not there")
    parser.add_argument("--quick", action="store_true", help="less work and fewer rounds, some minutes")
    parser.add_argument("--only", choices=ROWS, action="append", metavar="ROW", help="of these rows only")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows here")
    options = parser.parse_args()
    if options.model is None or options.checkpoint is None:
        print("decoders.py: found no --model and --checkpoint, expected folders as above; nothing was measured.")
        return
    vocabulary = json.loads((options.checkpoint / "config.json").read_text())["vocab_size"]
    with tempfile.TemporaryDirectory() as scratch:
        given = [str(options.checkpoint), str(options.graph or Path(scratch, "genai")), str(THREADS)]
        command = [str(options.python), str(ROOT / "benchmarks/peers/decoders_peer.py"), *given]
        never = LoopSettings(tokens=1 << 20)  # random weights say the same over and over
        decoder = load_decoder(options.model, "cpu-int8", THREADS, loops=never, stop=frozenset())
        loaded = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        print(f"{THREADS} threads; memory of a worker with the model loaded: {loaded:,.0f} MB", flush=True)
        bench = Bench(decoder, command, vocabulary, options.quick, options.model)
        print(f"{'row':<10}{'unit':<10}{'ours':>9}{'peer':>9}{'ratio':>8}{'MB':>7}{'peer MB':>9}  peer", flush=True)
        rows = [printed(ROWS[name](bench)) for name in options.only or ROWS]
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
