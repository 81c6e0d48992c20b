"""Speed of ingest against the least work that gives the same texts: a bare loop over fastwarc and resiliparse.

    python benchmarks/ingest.py [--quick] [--json FILE]

The pages of `../shared/data/main_content` are written as gzip WARC files, a member for each response, and read by both
sides in turns; the best run of each counts, because another program's work can only make a run slower. Rows:

ingest_reader   `read_pages` (records, charsets, time and memory limits, ids, hosts) in one process, against the loop in
                one process
ingest          the whole stage as `corpusmill run` does it, through the runner, on Spark with local[2]: reading, Arrow,
                three Delta tables, the counts and the note in `progress`; against the loop in two processes

Documents are counted per second of wall time and core (1 and 2). The rows that end in `_cpu` are the same runs by CPU
seconds of the whole process tree (Linux): on a machine where other programs run these are the steadier ones. Not
counted: starting Python, the JVM and the workers, and a warm-up run of each side. The bar is a ratio of 0.8.

The stage has fixed costs, a few seconds a batch (its commits, counts and plans, Java code that is being compiled). A
batch of a real run is 16 GiB of WARC, half a million pages and more, and they vanish in it; so here a batch has 48,000
pages, the fewest at which they are no longer what is measured: 12,000 pages written, each file read COPIES times under
COPIES names. --quick has 1,500 pages, and so shows mostly fixed costs.
"""

import argparse
import gzip
import io
import json
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import cycle, islice
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # run by path, from any folder, with or without the project installed

import pyarrow.parquet as pq  # noqa: E402 - after the path
from fastwarc.warc import ArchiveIterator, WarcRecordType  # noqa: E402
from resiliparse.extract.html2text import extract_plain_text  # noqa: E402

from udfs.crawl.pages import PageSettings, read_pages  # noqa: E402

PAGES = ROOT.parent / "shared/data/main_content"
FILES = 4
ROUNDS = 5
COPIES = 4
CORES = 2
HEAD = (
    "WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:00000000-0000-0000-0000-{number:012}>\r\n"
    "WARC-Target-URI: http://{number}.bench.example/page\r\nWARC-Date: 2026-03-05T07:00:00Z\r\n"
    "Content-Type: application/http; msgtype=response\r\nContent-Length: {length}\r\n\r\n"
)
HTTP = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nServer: bench\r\n\r\n"


class Run(NamedTuple):
    """What one run did."""

    documents: int
    wall_seconds: float
    cpu_seconds: float


def bare_loop(path: str) -> int:
    """The peer: decode by the HTTP charset, extract the main content; the number of pages with text."""
    texts = 0
    with Path(path).open("rb") as stream:
        for record in ArchiveIterator(stream, record_types=WarcRecordType.response, parse_http=True):
            page = record.reader.read().decode(record.http_charset or "utf-8", "replace")
            texts += bool(extract_plain_text(page, main_content=True).strip())
    return texts


def our_reader(path: str) -> int:
    """`read_pages` on one file; the number of documents."""
    return sum(table == "documents" for table, _ in read_pages(path, 0, "bench", 1, PageSettings()))


def write_files(folder: Path, count: int, stride: int = 1) -> list[str]:
    """`count` pages in FILES files: every `stride`-th page of the folder, over and over with other URLs and ids."""
    pages = [
        html
        for source in sorted(PAGES.glob("*.parquet"))
        for html in pq.read_table(source, columns=["html"])["html"].to_pylist()
    ]
    paths = [folder / f"bench-{number}.warc.gz" for number in range(FILES)]
    streams = [path.open("wb") for path in paths]
    for number, html in enumerate(islice(cycle(pages[::stride]), count)):
        block = HTTP + html.encode("utf-8", "replace")
        record = HEAD.format(number=number, length=len(block)).encode() + block + b"\r\n\r\n"
        streams[number % FILES].write(gzip.compress(record, 6))
    for stream in streams:
        stream.close()
    return [str(path) for path in paths]


def with_copies(paths: list[str], count: int) -> list[str]:
    """Each file under `count` names: as much to read and as many tasks, without the time to compress it again."""
    names = [Path(path).with_name(f"{copy}-{Path(path).name}") for copy in range(count) for path in paths]
    for number, name in enumerate(names):
        name.symlink_to(paths[number % len(paths)])
    return [str(name) for name in names]


def measured(work: Callable[[], int]) -> Run:
    """Time `work`, which returns a number of documents."""
    cpu, wall = tree_cpu_seconds(), time.perf_counter()
    documents = work()
    return Run(documents, time.perf_counter() - wall, tree_cpu_seconds() - cpu)


def tree_cpu_seconds() -> float:
    """CPU seconds of this process and all below it, those that ended included; 0 where there is no /proc."""
    children: dict[int, list[int]] = {}
    ticks: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        pid = int(stat.parent.name)
        children.setdefault(int(fields[1]), []).append(pid)
        ticks[pid] = sum(map(int, fields[11:15]))
    todo, total = [os.getpid()], 0
    while todo:
        pid = todo.pop()
        total += ticks.get(pid, 0)
        todo += children.get(pid, [])
    return total / os.sysconf("SC_CLK_TCK")


def in_turns(ours: Callable[[], int], peer: Callable[[], int]) -> tuple[list[Run], list[Run]]:
    """Runs of both sides, one after the other, after one run of each that does not count."""
    ours(), peer()
    runs: tuple[list[Run], list[Run]] = ([], [])
    for number in range(ROUNDS):
        for side in (0, 1) if number % 2 else (1, 0):
            runs[side].append(measured((ours, peer)[side]))
    found = {run.documents for side in runs for run in side}
    if len(found) != 1:
        raise SystemExit(f"found {sorted(found)} documents in the runs, expected one number: the sides do other work.")
    return runs


def rows(name: str, peer_name: str, cores: int, runs: tuple[list[Run], list[Run]]) -> Iterator[dict[str, Any]]:
    """The best wall time and the best CPU time of each side as two rows."""
    wall = [max(run.documents / run.wall_seconds for run in side) / cores for side in runs]
    yield row(name, "documents/s/core", wall, peer_name)
    if all(run.cpu_seconds for side in runs for run in side):
        yield row(
            f"{name}_cpu", "documents/CPU s", [max(r.documents / r.cpu_seconds for r in s) for s in runs], peer_name
        )


def row(name: str, unit: str, speeds: list[float], peer_name: str) -> dict[str, Any]:
    """One line of the table: ours, the peer's, and how they compare."""
    ours, peer = speeds
    shown = {"ours": round(ours, 1), "peer": round(peer, 1), "peer_name": peer_name, "ratio": round(ours / peer, 3)}
    return {"name": name, "unit": unit, **shown}


def reader_rows(paths: list[str]) -> Iterator[dict[str, Any]]:
    """`read_pages` against the loop, each in this process."""
    runs = in_turns(lambda: sum(map(our_reader, paths)), lambda: sum(map(bare_loop, paths)))
    yield from rows("ingest_reader", "fastwarc + resiliparse loop, 1 process", 1, runs)


def stage_rows(paths: list[str], folder: Path) -> Iterator[dict[str, Any]]:
    """The stage on Spark with CORES cores against the loop in CORES processes."""
    from jobs.runtime.session import SparkSettings, open_session

    spark = open_session(SparkSettings(master=f"local[{CORES}]", log_file=str(folder / "spark.log")))
    with ProcessPoolExecutor(CORES, multiprocessing.get_context("spawn")) as pool:
        ours = stage_runner(spark, paths, folder / "lake")
        runs = in_turns(ours, lambda: sum(pool.map(bare_loop, paths)))
    spark.stop()
    yield from rows("ingest", f"fastwarc + resiliparse loop, {CORES} processes", CORES, runs)


def stage_runner(spark: Any, paths: list[str], lake_folder: Path) -> Callable[[], int]:
    """A function that ingests the files as one batch more of a lake, and gives the number of documents."""
    from jobs.ingest import IngestSettings
    from jobs.pipeline import STAGES
    from jobs.runtime.commit import RunSettings
    from jobs.runtime.console import Console
    from jobs.runtime.lake import Lake
    from jobs.runtime.progress import Batch, Pending
    from jobs.runtime.run import do, write_batch
    from udfs.crawl.files import described

    lake, settings = Lake(spark, str(lake_folder)), IngestSettings()
    stage = next(stage for stage in STAGES if stage.name == "ingest")
    numbers = iter(range(1, 1000))
    files = tuple(described(paths))

    def ingest_once() -> int:
        batch = Batch(next(numbers), "bench", files)
        write_batch(lake, batch)
        work = Pending(stage, batch, stage.parts(settings), (), {"batches": ()}, is_first=True)
        return int(do(lake, work, settings, RunSettings(), 0, "bench", Console(io.StringIO()))["rows_kept"])

    return ingest_once


def main() -> None:
    """Print the table, and write it as JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer pages: under a minute, less certain")
    parser.add_argument("--json", type=Path, help="file to write the rows to")
    options = parser.parse_args()
    if not PAGES.is_dir():
        raise SystemExit(f"found no {PAGES}, expected the folder of real pages; it is not part of the repository.")
    reader_pages, stage_pages, copies, stride = (600, 1500, 1, 5) if options.quick else (3000, 12_000, COPIES, 1)
    found: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        for pages, measure in ((reader_pages, reader_rows), (stage_pages, stage_rows)):
            folder = Path(name) / measure.__name__
            folder.mkdir()
            paths = write_files(folder, pages, stride)
            found += reader_rows(paths) if measure is reader_rows else stage_rows(with_copies(paths, copies), folder)
    print(f"{'row':<18}{'unit':<18}{'ours':>9}{'peer':>9}{'ratio':>7}  peer")
    for one in found:
        numbers = f"{one['ours']:>9,.0f}{one['peer']:>9,.0f}{one['ratio']:>7.2f}"
        print(f"{one['name']:<18}{one['unit']:<18}{numbers}  {one['peer_name']}")
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
