"""Speed of the shipped models on one core, in int8, beside what a user would otherwise take.

    python benchmarks/students.py [--python FILE] [--rater FOLDER] [--refiner FOLDER] [--only ROW] [--quick]
        [--json FILE]

The texts are those of screen.py: of the pages of `../shared/data/main_content`, 3.9 KB of UTF-8 on average. Both sides
of a row have one thread and take turns, and the best run of each counts, since another program's work can only make a
run slower; loading and the first run are not counted. The peers run on the python of an environment with the extra
`train` and sentence-transformers (--python). Rows:

rater     text to rating by the shipped rater, one text after another as the stage `rate` does it, against
          sentence-transformers with MiniLM-L6 as published, in float32 and batches of 32 by length, which gives vectors
          that a user would still put heads on. `256 tokens` is the peer as it comes, which cuts a text there; the
          other peer sees the first 510 tokens, the rater 506 of the beginning and the end
refiner   text to programs by the shipped line tagger, of each document and of its lines, one text after another,
          against the same MiniLM-L6: a vector for each text, cut after 256 tokens, and a vector for each line, which
          is what a tagger of lines would be put on; the latter over every fifth text, for it takes long
stage     the stages `rate` and `propose` with the same models from table to table on Spark, one task at a time,
          against the same model in a plain loop in this process, with one thread too. The texts several times over,
          each with a number of its own: a production batch has half a million, and the commit, some two seconds, is
          the same for any number. (--quick has few, so the commit is much of it.)

Memory is the most that this process and the peer's have taken up to the end of the row; Spark's processes are not in
it. Below the table stands how far the graph of each model agrees with float32, where its manifest says so.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # run by path, from any folder, with or without the project installed

from screen import texts_of_pages  # noqa: E402 - this folder is on the path of its scripts
from timing import best_of_turns, seconds_of  # noqa: E402
from timing.line_tagger import SHIPPED as REFINER  # noqa: E402
from timing.line_tagger import asking  # noqa: E402
from timing.stage_on_spark import on_spark  # noqa: E402

from jobs.evaluate_models import RATER  # noqa: E402 - after the path

TEXTS = 200
PEER_TOKENS = (256, 512)
STAGE_TIMES = {"rate": 5, "propose": 20}  # the texts over, for some half a minute of work
AGREEMENT = "int8 graph against float32 graph"  # so called in manifests


class Bench(NamedTuple):
    """What the rows share."""

    texts: list[str]
    rater: Path
    refiner: Path
    python: Path
    quick: bool

    @property
    def rounds(self) -> int:
        """Timed runs of each side."""
        return 2 if self.quick else 5

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
    rate = rating(bench.rater)
    for tokens in PEER_TOKENS:
        yield peer_row("rater", bench, rate, str(tokens), "text")


def refiner_rows(bench: Bench) -> Iterator[dict[str, Any]]:
    """Row `refiner`, beside a vector for each text and for each line."""
    ask = asking(bench.refiner)
    yield peer_row("refiner", bench, ask, "256", "text")
    yield peer_row("refiner", bench._replace(texts=bench.texts[::5]), ask, "256", "line")


def stage_rows(bench: Bench) -> Iterator[dict[str, Any]]:
    """Row `stage`, once for each stage."""
    from jobs.proposers import ProposeSettings
    from jobs.rate import RateSettings
    from jobs.runtime.session import SparkSettings, open_session

    refiner = {"model": str(bench.refiner.absolute()), "threads": 1}
    settings = {
        "rate": RateSettings(model=str(bench.rater.absolute()), threads=1),
        "propose": ProposeSettings.model_validate({"proposer": "lines", "lines": refiner}),
    }
    loops = {"rate": rating(bench.rater), "propose": asking(bench.refiner)}
    with tempfile.TemporaryDirectory() as folder:
        spark = open_session(SparkSettings(master="local[1]", log_file=f"{folder}/spark.log"))
        for name, loop in loops.items():
            times = 1 if bench.quick else STAGE_TIMES[name]
            texts = [f"{text}\n{number}" for number, text in enumerate(bench.texts * times)]
            stage = on_spark(spark, name, settings[name], texts, Path(folder, name))
            sides = (
                lambda stage=stage: seconds_of(stage),
                lambda loop=loop, texts=texts: seconds_of(lambda: loop(texts)),
            )
            yield row("stage", len(texts), best_of_turns(sides, 2), f"{name}: the same model in a plain loop")
        spark.stop()


ROWS: dict[str, Callable[[Bench], Iterator[dict[str, Any]]]] = {
    "rater": rater_rows,
    "refiner": refiner_rows,
    "stage": stage_rows,
}


def rating(folder: Path) -> Callable[[list[str]], object]:
    """Rates texts, one after another."""
    from udfs.models.rater import load_rater

    rate = load_rater(folder, threads=1)
    return lambda texts: [rate([text]) for text in texts]


def peer_row(name: str, bench: Bench, work: Callable[[list[str]], object], tokens: str, of_each: str) -> dict[str, Any]:
    """A row beside sentence-transformers."""
    peer = Peer(bench.peer_command("sentence-transformers", tokens, of_each), bench.texts)
    seconds = best_of_turns((lambda: seconds_of(lambda: work(bench.texts)), peer.seconds), bench.rounds)
    peer.close()
    peer_name = f"sentence-transformers, MiniLM-L6 frozen, {tokens} tokens of each {of_each}"
    return row(name, len(bench.texts), seconds, peer_name, peer.memory_bytes)


def row(
    name: str, texts: int, seconds: tuple[float, float], peer_name: str, peer_memory_bytes: int = 0
) -> dict[str, Any]:
    """One line of the table, in documents a second. The ratio says how many times as long the peer takes."""
    return {
        "name": name,
        "unit": "documents/s",
        "ours": round(texts / seconds[0], 1),
        "peer": round(texts / seconds[1], 1),
        "peer_name": peer_name,
        "ratio": round(seconds[1] / seconds[0], 2),
        "memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6),
        "peer_memory_mb": round(peer_memory_bytes / 1e6),
    }


def agreement(folder: Path) -> str:
    """How far a model's graph agrees with float32, as its manifest has it."""
    manifest = json.loads((folder / "manifest.json").read_text())
    found = [one for one in manifest["quality"] if one.get("split") == AGREEMENT]
    figures = ", ".join(f"{one['measure']} {one['value']:.3f}" for one in found)
    texts = f" on {found[0]['rows']:,} texts" if found else ""
    return f"{manifest['name']}, {AGREEMENT}{texts}: {figures or 'not in its manifest'}"


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
    parser.add_argument("--refiner", type=Path, default=REFINER, metavar="FOLDER", help="of our line tagger")
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
    bench = Bench(texts, options.rater, options.refiner, options.python, options.quick)
    print(f"{'row':<10}{'unit':<13}{'ours':>9}{'peer':>9}{'ratio':>8}{'MB':>7}{'peer MB':>9}  peer", flush=True)
    rows = [printed(one) for name in options.only or ROWS for one in ROWS[name](bench)]
    for folder in (options.rater, options.refiner):
        print(agreement(folder))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
