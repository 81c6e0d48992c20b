"""Speed of the shipped models on one core, in int8, beside what a user would otherwise take.

    python benchmarks/students.py [--python FILE] [--rater FOLDER] [--only ROW] [--quick] [--json FILE]

The texts are those of screen.py: of the pages of `../shared/data/main_content`, 3.9 KB of UTF-8 on average. Both sides
of a row have one thread and take turns, and the best run of each counts, since another program's work can only make a
run slower; loading and the first run are not counted. The peers run on the python of an environment with the extra
`train` and sentence-transformers (--python). Rows:

rater     text to rating by the shipped rater, one text after another as the stage `rate` does it, against
          sentence-transformers with MiniLM-L6 as published, in float32 and batches of 32 by length, which gives vectors
          that a user would still put heads on. `256 tokens` is the peer as it comes, which cuts a text there; the
          other peer sees the first 510 tokens, the rater 506 of the beginning and the end
"""

import argparse
import json
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # run by path, from any folder, with or without the project installed

from screen import texts_of_pages  # noqa: E402 - this folder is on the path of its scripts
from timing import best_of_turns, seconds_of  # noqa: E402

from jobs.evaluate_models import RATER  # noqa: E402 - after the path

TEXTS = 200
PEER_TOKENS = (256, 512)


class Bench(NamedTuple):
    """What the rows share."""

    texts: list[str]
    rater: Path
    python: Path
    rounds: int

    def peer_command(self, name: str, *given: str) -> list[str]:
        """Of the peer `name` of `peers/students_peer.py`."""
        return [str(self.python), str(ROOT / "benchmarks/peers/students_peer.py"), name, *given]


class Peer:
    """A peer in its own process. It is given the texts once and runs over them as often as it is asked."""

    def __init__(self, command: list[str], texts: list[str]) -> None:
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.memory_bytes = 0
        self._send(texts)

    def seconds(self) -> float:
        """One run over all texts. Raises SystemExit where the peer cannot run."""
        self._send("run")
        stdout = self._process.stdout
        assert stdout
        answer = stdout.readline()
        if not answer:
            raise SystemExit("the peer did not answer; --python names an environment with what it needs?")
        found = json.loads(answer)
        self.memory_bytes = int(found["memory_bytes"])
        return float(found["seconds"])

    def close(self) -> None:
        """Let it end."""
        self._process.communicate()

    def _send(self, what: Any) -> None:
        stdin = self._process.stdin
        assert stdin
        stdin.write(json.dumps(what) + "\n")
        stdin.flush()


# --- rows


def rater_rows(bench: Bench) -> Iterator[dict[str, Any]]:
    """Row `rater`, once for each number of tokens of the peer."""
    from udfs.models.rater import load_rater

    rate = load_rater(bench.rater, threads=1)

    def ours() -> float:
        return seconds_of(lambda: [rate([text]) for text in bench.texts])

    for tokens in PEER_TOKENS:
        name = f"sentence-transformers, MiniLM-L6 frozen, {tokens} tokens"
        yield row(
            "rater", bench, ours, Peer(bench.peer_command("sentence-transformers", str(tokens)), bench.texts), name
        )


ROWS: dict[str, Callable[[Bench], Iterator[dict[str, Any]]]] = {"rater": rater_rows}


def row(name: str, bench: Bench, ours: Callable[[], float], peer: Peer, peer_name: str) -> dict[str, Any]:
    """One line of the table, in documents a second. The ratio says how many times as long the peer takes."""
    seconds = best_of_turns((ours, peer.seconds), bench.rounds)
    peer.close()
    return {
        "name": name,
        "unit": "documents/s",
        "ours": round(len(bench.texts) / seconds[0], 1),
        "peer": round(len(bench.texts) / seconds[1], 1),
        "peer_name": peer_name,
        "ratio": round(seconds[1] / seconds[0], 2),
        "memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6),
        "peer_memory_mb": round(peer.memory_bytes / 1e6),
    }


def printed(one: dict[str, Any]) -> dict[str, Any]:
    """A row, which is shown at once."""
    numbers = f"{one['ours']:>9,.1f}{one['peer']:>9,.1f}{one['ratio']:>8.2f}{one['memory_mb']:>7,}"
    print(f"{one['name']:<10}{one['unit']:<13}{numbers}{one['peer_memory_mb']:>9,}  {one['peer_name']}", flush=True)
    return one


def main() -> None:
    """Print the table, and write it as JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", type=Path, default=Path(sys.executable), metavar="FILE", help="for the peers")
    parser.add_argument("--rater", type=Path, default=ROOT / "models" / RATER, metavar="FOLDER", help="of our rater")
    parser.add_argument("--only", choices=ROWS, action="append", metavar="ROW", help="of these rows only")
    parser.add_argument("--quick", action="store_true", help="fewer texts and rounds")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows here")
    options = parser.parse_args()
    texts = [one.text for one in texts_of_pages(TEXTS // 5 if options.quick else TEXTS)]
    if not texts:
        print("students.py: ../shared/data/main_content is not there; nothing was measured.")
        return
    mean = sum(len(text.encode()) for text in texts) / len(texts)
    print(f"{len(texts)} texts of {mean:,.0f} bytes on average, one thread", flush=True)
    bench = Bench(texts, options.rater, options.python, 2 if options.quick else 5)
    print(f"{'row':<10}{'unit':<13}{'ours':>9}{'peer':>9}{'ratio':>8}{'MB':>7}{'peer MB':>9}  peer", flush=True)
    rows = [printed(one) for name in options.only or ROWS for one in ROWS[name](bench)]
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
