"""Connected components of ours and of GraphFrames on the same graphs, both on Spark with two cores and 4 GB.

    make peers && python benchmarks/components.py [--quick] [--json FILE] [--graphframes JAR]

JAR is a file, or Maven's name of the package (the default). Both sides read the same edges from Parquet and write
clusters to Parquet, in turns; the best run of each counts, and the results must be equal, row by row. Rows:

path     a path of 100,000 nodes, the most rounds for its size
star     one node with a million neighbours
forest   what near-duplicates make: 300,000 clusters of 2 to 20 documents and one of 50,000, each a star with half the
         members hanging on another member instead, so that a chain leads to the first

Each graph comes twice: as users have it (`one_task_edges` at its default, so one task does all of it), and `_rounds`,
where only a fiftieth of the edges may be left to one task, as it is for a billion edges.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # run by path, from any folder, with or without the project installed

import numpy as np  # noqa: E402 - after the path
import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402

PEER = ROOT / ".venv-peers/bin/python"
PACKAGE = "io.graphframes:graphframes-spark4_2.13:0.12.3"
FILES = 4  # of a graph


def path_of(nodes: int) -> tuple[Any, Any]:
    """0 - 1 - 2 - ..."""
    return np.arange(nodes - 1), np.arange(1, nodes)


def star_of(leaves: int) -> tuple[Any, Any]:
    """All hang on one."""
    return np.zeros(leaves, np.int64), np.arange(1, leaves + 1)


def forest_of(clusters: int, largest: int) -> tuple[Any, Any]:
    """Clusters of 2 to 20 nodes and one large one; a node hangs on its cluster's first or on any node between."""
    random = np.random.default_rng(4)
    sizes = np.append(random.integers(2, 21, clusters), largest)
    first = np.repeat(np.cumsum(sizes) - sizes, sizes)
    nodes = np.arange(sizes.sum())
    between = first + ((nodes - first) * random.random(len(nodes))).astype(np.int64)
    parent = np.where(random.random(len(nodes)) < 0.5, first, between)
    return parent[nodes != first], nodes[nodes != first]


def write_graph(ends: tuple[Any, Any], folder: Path) -> int:
    """The graph under names of 64 bits, its edges in any order; how many they are."""
    random = np.random.default_rng(6)
    names = random.integers(-(2**63), 2**63 - 1, max(int(part.max()) for part in ends) + 1)
    order = random.permutation(len(ends[0]))
    folder.mkdir(parents=True)
    for number, part in enumerate(np.array_split(order, FILES)):
        table = pa.table({"a": names[ends[0][part]], "b": names[ends[1][part]]})
        pq.write_table(table, folder / f"{number}.parquet")
    return len(order)


class Ours:
    """Our components on a Spark of our own."""

    def __init__(self, folder: Path) -> None:
        from jobs.runtime.session import SparkSettings, open_session

        self.folder = folder
        settings = SparkSettings(
            master="local[2]", log_file=str(folder / "spark.log"), conf={"spark.local.dir": str(folder)}
        )
        self.spark = open_session(settings)

    def run(self, graph: str, one_task_edges: int) -> float:
        """Seconds from edges to clusters."""
        from jobs.components import ComponentsSettings, components

        def write(name: str, frame: Any) -> Any:
            frame.write.mode("overwrite").parquet(str(self.folder / name))
            return self.spark.read.parquet(str(self.folder / name))

        start = time.perf_counter()
        edges = self.spark.read.parquet(graph)
        settings = ComponentsSettings(one_task_edges=one_task_edges)
        write("clusters", components(edges, write, settings))
        return time.perf_counter() - start


class GraphFrames:
    """The peer in its own process."""

    def __init__(self, jar: str, folder: Path) -> None:
        if not PEER.exists():
            raise SystemExit(f"found no {PEER}, expected the peers' environment: run make peers.")
        folder.mkdir()
        command = [str(PEER), str(ROOT / "benchmarks/peers/components_peer.py"), jar, str(folder)]
        with (folder / "log").open("w") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
            )

    def run(self, graph: str, algorithm: str) -> dict[str, Any]:
        """Seconds and where the clusters are, or what was wrong."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{algorithm}\t{graph}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        return dict(json.loads(answer)) if answer.startswith("{") else {"error": "the process ended; see its log"}


def same(ours: Path, peer: str) -> bool:
    """Whether both wrote the same clusters."""
    tables = [pq.read_table(path).select(["id", "cluster"]).sort_by("id") for path in (ours, peer)]
    return bool(tables[0].cast(tables[1].schema).equals(tables[1]))


def rows_of(name: str, graph: Path, edges: int, ours: Ours, peer: GraphFrames, rounds: int) -> Iterator[dict[str, Any]]:
    """A row for the default, where one task does it, and one for the rounds."""
    best: dict[str, float] = {}
    errors: dict[str, str] = {}
    limits = {"": 20_000_000, "_rounds": edges // 50}
    algorithms = ("two_phase", "randomized_contraction")
    for _ in range(rounds):
        for algorithm in algorithms:
            answer = {"error": errors[algorithm]} if algorithm in errors else peer.run(str(graph), algorithm)
            if "error" in answer:
                errors[algorithm] = answer["error"]
                continue
            best[algorithm] = min(answer["seconds"], best.get(algorithm, answer["seconds"]))
        for suffix, one_task_edges in limits.items():
            seconds = ours.run(str(graph), one_task_edges)
            best[suffix] = min(seconds, best.get(suffix, seconds))
            if len(errors) < len(algorithms) and not same(ours.folder / "clusters", str(peer_clusters(peer))):
                raise SystemExit(f"{name}: our clusters are not GraphFrames'.")
    for algorithm, error in errors.items():
        print(f"{name}: GraphFrames' {algorithm} failed: {error}")
    ran = [one for one in algorithms if one in best]
    fastest = min(ran, key=best.__getitem__, default=None)
    for suffix in limits:
        yield {
            "name": name + suffix,
            "unit": "edges/s",
            "ours": round(edges / best[suffix]),
            "peer": round(edges / best[fastest]) if fastest else None,
            "peer_name": f"GraphFrames, {fastest}" if fastest else "GraphFrames, which failed",
            "ratio": round(best[fastest] / best[suffix], 2) if fastest else None,
        }


def peer_clusters(peer: GraphFrames) -> Path:
    """Where the peer writes."""
    return Path(str(peer.process.args[3])) / "clusters"  # type: ignore[index,union-attr]  # it is a list


def main() -> None:
    """Print the table, and write it as JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small graphs, one run each: under a minute, less certain")
    parser.add_argument("--json", type=Path, help="file to write the rows to")
    parser.add_argument("--graphframes", default=PACKAGE, help="jar or Maven's name of GraphFrames")
    options = parser.parse_args()
    graphs = {
        "path": path_of(2_000 if options.quick else 100_000),
        "star": star_of(20_000 if options.quick else 1_000_000),
        "forest": forest_of(*((3_000, 500) if options.quick else (300_000, 50_000))),
    }
    found: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        peer, ours = GraphFrames(options.graphframes, folder / "peer"), Ours(folder)
        for graph, ends in graphs.items():
            edges = write_graph(ends, folder / "graphs" / graph)
            found += rows_of(graph, folder / "graphs" / graph, edges, ours, peer, 1 if options.quick else 2)
        peer.process.communicate()
        ours.spark.stop()
    print(f"{'row':<16}{'unit':<10}{'ours':>12}{'peer':>12}{'ratio':>8}  peer")
    for one in found:
        numbers = "".join(f"{one[key] or 0:>12,}" for key in ("ours", "peer"))
        print(f"{one['name']:<16}{one['unit']:<10}{numbers}{one['ratio'] or '-':>8}  {one['peer_name']}")
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
