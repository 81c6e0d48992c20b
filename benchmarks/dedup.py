"""Speed of dedup: kernels on one core beside their peers, and the MinHash stages on Spark at growing sizes.

    make peers && python benchmarks/dedup.py [--quick] [--only ROW] [--json FILE]

Texts are made up: English-like words by Zipf's law, 500 words a text. Both sides of a kernel's row see the same texts,
in turns, and the best run of each counts. Compiling is not counted, nor are the JVM's first runs: before their rows
the stages do two batches of 5,000 texts, the second on the history of the first. Rows:

signatures       raw text to signature and band keys, 112 permutations (14x8), against datatrove 0.10.1
bloom            DCLM's old-both, all texts new, a filter of 1 GiB, against the same in Python over rbloom (Rust)
minhash_scaling  the stages `sign` and `dedup_minhash` with their commits, from tables to tables, on 250,000, 500,000
                 and 1,000,000 texts with planted clusters; `ours` is the larger growth per doubling, divided by two
incremental      100,000 new texts against the 1,000,000 of history; `ours` is the share of the full run's time

Printed beside: seconds by size, bytes shuffled, peak memory of all processes, clusters found and planted.
"""

import argparse
import io
import json
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # run by path, from any folder, with or without the project installed

import numpy as np  # noqa: E402 - after the path
import pyarrow as pa  # noqa: E402
import pyarrow.compute as pc  # noqa: E402
from timing import best_of_turns, seconds_of  # noqa: E402 - this folder is on the path of its scripts

from udfs.dedup.bloom import BloomSettings  # noqa: E402
from udfs.dedup.deduper import Deduper  # noqa: E402
from udfs.dedup.shingles import ShingleSettings  # noqa: E402
from udfs.dedup.signer import Signer  # noqa: E402

PEER = ROOT / ".venv-peers/bin/python"
WORDS = 50_000
GROUP = 100  # texts of a plan: 64 alone, and clusters of 2, 2, 2, 3, 3, 4 and 20
CLUSTERS = (2, 2, 2, 3, 3, 4, 20)


def vocabulary() -> pa.Array:
    """Words of letters as English has them."""
    draw = random.Random(0)
    letters, weights = "etaoinshrdlucmfwypvbgk", [12, 9, 8, 8, 7, 7, 6, 6, 6, 4, 4, 3, 3, 2, 2, 2, 2, 2, 1, 1.5, 2, 1]
    lengths = [2, 3, 3, 4, 4, 5, 5, 6, 7, 8, 9]
    return pa.array(["".join(draw.choices(letters, weights, k=draw.choice(lengths))) for _ in range(WORDS)])


def word_numbers(draw: np.random.Generator, count: int, words: int) -> Any:
    """(count, words): numbers of words, the frequent ones first, as Zipf's law has it."""
    return np.minimum((np.exp(draw.random((count, words)) * np.log(WORDS + 20)) - 1).astype(np.int32), WORDS - 1)


def as_texts(numbers: Any, words: pa.Array) -> pa.Array:
    """Rows of numbers as texts with a line break after every forty words."""
    length = numbers.shape[1]
    ends = pa.array(np.where(np.arange(numbers.size) % 40 == 39, "\n", ""))
    flat = pc.binary_join_element_wise(words.take(pa.array(numbers.ravel())), ends, "")
    rows = pa.ListArray.from_arrays(np.arange(0, numbers.size + 1, length, dtype=np.int32), flat)
    return pc.binary_join(rows, " ").cast(pa.large_string())


def kernel_texts(count: int, words: int = 500) -> pa.Array:
    """Texts that have nothing in common."""
    return as_texts(word_numbers(np.random.default_rng(0), count, words), vocabulary())


def planted(first: int, count: int, words: pa.Array, batch: int, length: int = 500) -> pa.Array:
    """Texts number `first` on: of every GROUP, most are alone and some are copies of one another with one in a hundred
    of their words changed, about 0.9 similar. Texts of the same numbers in another batch are such copies too."""
    draw = np.random.default_rng(first)
    numbers = word_numbers(draw, count, length)
    for group in range(0, count, GROUP):
        start = group
        for size in CLUSTERS:
            numbers[start + 1 : start + size] = numbers[start]
            start += size
    draw = np.random.default_rng((first, batch))
    changed = draw.integers(0, length, (count, length // 100))
    numbers[np.arange(count)[:, None], changed] = word_numbers(draw, count, length // 100)
    return as_texts(numbers, words)


def kernel_rows(count: int, rounds: int, folder: Path) -> Iterator[dict[str, Any]]:
    """Rows `signatures` and `bloom`."""
    if not PEER.exists():
        raise SystemExit(f"found no {PEER}, expected the peers' environment: run make peers.")
    texts = kernel_texts(count)
    few = texts.slice(0, max(count // 40, 50)).to_pylist()
    (folder / "texts.json").write_text(json.dumps(few))
    command = [str(PEER), str(ROOT / "benchmarks/peers/dedup_peer.py"), str(folder / "texts.json")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as peer:
        stdin, stdout = peer.stdin, peer.stdout
        assert stdin
        assert stdout

        def of_peer(name: str) -> float:
            stdin.write(f"{name}\n")
            stdin.flush()
            return float(json.loads(stdout.readline())["seconds"])

        signer = Signer(ShingleSettings(), "14x8", 1, False)
        sides = lambda: seconds_of(lambda: signer.columns(texts)), lambda: of_peer("minhash")
        seconds = best_of_turns(sides, rounds)
        yield kernel_row("signatures", count / seconds[0], len(few) / seconds[1], "datatrove 0.10.1")
        seconds = best_of_turns((lambda: bloom_seconds(texts), lambda: of_peer("bloom")), rounds)
        yield kernel_row("bloom", count / seconds[0], len(few) / seconds[1], "old-both in Python over rbloom")
        stdin.close()


def bloom_seconds(texts: pa.Array) -> float:
    """A run of old-both with a filter that no cache holds, made and touched before the clock starts."""
    deduper = Deduper(BloomSettings(expected_ngrams=800_000_000, memory_bytes=2 << 30))
    deduper._filter.bits[::512] = 0  # a page of memory costs the kernel a microsecond when it is first touched
    return seconds_of(lambda: [deduper.columns(texts.slice(at, 512)) for at in range(0, len(texts), 512)])


def kernel_row(name: str, ours: float, peer: float, peer_name: str) -> dict[str, Any]:
    """A row of documents per second and core."""
    values = {"ours": ours, "peer": peer, "peer_name": peer_name, "ratio": ours / peer}
    return {"name": name, "unit": "documents/s/core", **values}


def stage_rows(sizes: tuple[int, ...], new: int, folder: Path, details: list[str]) -> Iterator[dict[str, Any]]:
    """Rows `minhash_scaling` and `incremental`."""
    from jobs.runtime.session import SparkSettings, open_session

    log = {
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": str(folder / "events"),
        "spark.local.dir": str(folder),
    }
    log |= {"spark.eventLog.compress": "false", "spark.eventLog.rolling.enabled": "false"}
    (folder / "events").mkdir()
    settings = SparkSettings(master="local[2]", log_file=str(folder / "spark.log"), driver_memory="6g", conf=log)
    spark = open_session(settings)
    seconds: dict[int, float] = {}
    warm_up = Lake(spark, folder / "warm")
    for batch, first in ((1, 0), (2, 2500)):
        warm_up.write(batch, first, 5000)
        warm_up.run(batch)
    for size in sizes:
        lake = Lake(spark, folder / f"lake{size}")
        lake.write(1, 0, size)
        seconds[size] = report(lake, 1, size, folder / "events", details)
    growth = max(seconds[two] / seconds[one] / 2 for one, two in pairwise(sizes))
    yield {
        "name": "minhash_scaling",
        "unit": "growth per doubling / 2",
        "ours": growth,
        "peer": 1.0,
        "peer_name": "linear",
        "ratio": 1 / growth,
    }
    lake.write(2, sizes[-1] - new // 2, new)  # half of them are near copies of texts that are there
    share = report(lake, 2, new, folder / "events", details) / seconds[sizes[-1]]
    yield {
        "name": "incremental",
        "unit": "share of the full run",
        "ours": share,
        "peer": 1.0,
        "peer_name": f"a full run over {sizes[-1]:,}",
        "ratio": 1 / share,
    }
    spark.stop()


class Lake:
    """A lake with screened texts, on which the MinHash stages run."""

    def __init__(self, spark: Any, folder: Path) -> None:
        from jobs.pipeline import STAGES, Settings
        from jobs.runtime.lake import Lake as Tables

        self.lake = Tables(spark, str(folder))
        self.settings = Settings()
        self.stages = [stage for stage in STAGES if stage.name in ("sign", "dedup_minhash")]

    def write(self, batch: int, first: int, count: int) -> None:
        """Texts number `first` on as rows of `screened`, and all of them kept in `duplicates`."""
        from pyspark.sql import functions as F

        from jobs.catalog import DUPLICATES, SCREENED

        words = vocabulary()

        def made(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            for part in batches:
                for start in part.column("start").to_pylist():
                    texts = planted(start, 5000, words, batch)
                    yield pa.RecordBatch.from_arrays([pa.array(np.arange(start, start + 5000)), texts], ["n", "text"])

        starts = self.lake.spark.range(first, first + count, 5000, 8).withColumnRenamed("id", "start")
        texts = starts.mapInArrow(made, "n BIGINT, text STRING")
        values = {"doc_id": f"md5(concat({batch}, ' ', n))", "batch": str(batch), "crawl": "'bench'", "offset": "n"}
        values |= {
            "host": "concat('h', pmod(xxhash64(n), 1000))",
            "url": "concat('http://h/', n)",
            "file": f"'bench{batch}'",
        }
        values |= {"keep": "true", "language": "'en'", "language_score": "1", "signals": "map()", "edits": "array()"}
        values |= {"text": "text", "stage": "'dedup_exact'", "similarity": "1"}
        rows = texts.selectExpr(
            *(f"CAST({values.get(c.name, 'NULL')} AS {c.type}) AS {c.name}" for c in SCREENED.columns)
        )
        self.lake.replace("screened", rows, batch=batch)
        values |= {"cluster": "doc_id", "keeper": "doc_id"}
        kept = self.lake.read("screened", batch=batch).drop("keep", "reason", "text")
        names = set(kept.columns)
        columns = [
            F.col(c.name)
            if c.name in names
            else F.expr(f"CAST({values.get(c.name, 'NULL')} AS {c.type})").alias(c.name)
            for c in DUPLICATES.columns
        ]
        self.lake.replace("duplicates", kept.select(*columns), batch=batch, stage="dedup_exact")

    def run(self, batch: int) -> float:
        """Seconds of both stages with their commits."""
        from jobs.runtime.commit import RunSettings
        from jobs.runtime.console import Console
        from jobs.runtime.progress import Batch, Pending
        from jobs.runtime.run import do

        count = self.lake.read("screened", batch=batch).count()
        sources = {"screened": ("screen",), "duplicates": ("dedup_exact",), "signatures": ("sign",)}
        start = time.perf_counter()
        for stage in self.stages:
            section = getattr(self.settings, stage.name)
            work = Pending(stage, Batch(batch, "bench", ()), {"a": "b"}, (), sources, is_first=True)
            do(self.lake, work, section, RunSettings(), count, "bench", Console(io.StringIO()))
        return time.perf_counter() - start

    def found(self, batch: int) -> tuple[int, int]:
        """Near-duplicates that were rejected, and clusters they are in."""
        rows = self.lake.read("duplicates", batch=batch, stage="dedup_minhash").where("NOT keep")
        return rows.count(), rows.select("cluster").distinct().count()


def report(lake: Lake, batch: int, count: int, events: Path, details: list[str]) -> float:
    """Seconds of a run, with a line of what else it took."""
    before = shuffled_bytes(events)
    with Peak() as peak:
        seconds = lake.run(batch)
    shuffled = shuffled_bytes(events) - before
    rejected, clusters = lake.found(batch)
    details.append(
        f"{count:>9,} texts{' more' if batch > 1 else ''}: {seconds:6.1f} s ({count / seconds:,.0f}/s), "
        f"{shuffled / 1e6:,.0f} MB shuffled ({shuffled / count:,.0f} bytes each), peak memory {peak.bytes / 1e9:.1f} "
        f"GB, {rejected:,} near-duplicates of {clusters:,} clusters (planted in a batch alone: "
        f"{count // GROUP * (sum(CLUSTERS) - len(CLUSTERS)):,} of {count // GROUP * len(CLUSTERS):,})"
    )
    return seconds


def shuffled_bytes(events: Path) -> int:
    """Bytes that Spark's tasks wrote for shuffles so far."""
    pattern = re.compile(rb'"Shuffle Bytes Written":(\d+)')
    return sum(int(found) for path in events.iterdir() for found in pattern.findall(path.read_bytes()))


class Peak:
    """The largest memory of this process and all its children while it is open."""

    def __enter__(self) -> "Peak":
        self.bytes, self._done = 0, threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(0.2):
            self.bytes = max(self.bytes, sum(_resident(path) for path in Path("/proc").glob("[0-9]*")))


def _resident(process: Path) -> int:
    """Memory of a Java or Python process, shared parts divided among those that share them."""
    try:
        if (process / "comm").read_text().strip() not in ("java", "python", "python3"):
            return 0
        return int(re.search(r"^Pss:\s+(\d+)", (process / "smaps_rollup").read_text(), re.MULTILINE)[1]) << 10
    except (OSError, TypeError):
        return 0


def main() -> None:
    """Run all rows and print them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer texts and turns, under a minute")
    parser.add_argument("--only", choices=["kernels", "stages"], help="the rows of kernels, or those of stages")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows here")
    options = parser.parse_args()
    found: list[dict[str, Any]] = []
    details: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        if options.only != "stages":
            found += kernel_rows(2000 if options.quick else 12_000, 2 if options.quick else 5, Path(name))
        if options.only != "kernels":
            sizes = (5000, 10_000) if options.quick else (250_000, 500_000, 1_000_000)
            found += stage_rows(sizes, sizes[-1] // 10, Path(name), details)
    print(f"{'row':<16}{'unit':<26}{'ours':>10}{'peer':>10}{'ratio':>8}  peer")
    for one in found:
        digits = 0 if one["ours"] > 100 else 3
        numbers = f"{one['ours']:>10,.{digits}f}{one['peer']:>10,.{digits}f}{one['ratio']:>8.1f}"
        print(f"{one['name']:<16}{one['unit']:<26}{numbers}  {one['peer_name']}")
    print("\n".join(details))
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
