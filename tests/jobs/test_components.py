"""Components on Spark are those of networkx, in few rounds, whatever the partitions and the order."""

from collections.abc import Callable, Iterable
from pathlib import Path

import networkx as nx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import DataFrame, SparkSession

from jobs.components import ComponentsSettings, components
from jobs.runtime.errors import StageFailed

pytestmark = pytest.mark.spark

Edges = list[tuple[int, int]]
Write = Callable[[str, DataFrame], DataFrame]

LEAST, MOST = -(2**63), 2**63 - 1


class Written:
    """Writes frames to Parquet, and keeps their names."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names: list[str] = []

    def __call__(self, name: str, frame: DataFrame) -> DataFrame:
        path = str(self.folder / name)
        frame.write.parquet(path)  # fails for a name that comes twice
        self.names.append(name)
        return frame.sparkSession.read.parquet(path)

    @property
    def rounds(self) -> int:
        return sum("representatives" in name for name in self.names)


def by_networkx(edges: Iterable[tuple[int, int]]) -> dict[int, int]:
    pieces = nx.connected_components(nx.Graph(list(edges)))
    return {one: least for piece in pieces for least in [min(piece)] for one in piece}


def on_disk(spark: SparkSession, folder: Path, edges: Edges) -> DataFrame:
    table = np.array(edges, np.int64).reshape(-1, 2)
    pq.write_table(pa.table({"a": table[:, 0], "b": table[:, 1]}), folder / "edges.parquet")
    return spark.read.schema("a BIGINT, b BIGINT").parquet(str(folder / "edges.parquet"))


def clusters(edges: DataFrame, write: Write, one_task_edges: int) -> dict[int, int]:
    found = components(edges, write, ComponentsSettings(one_task_edges=one_task_edges))
    assert found.schema.simpleString() == "struct<id:bigint,cluster:bigint>"
    rows = found.toArrow().to_pydict()
    assert len(set(rows["id"])) == len(rows["id"]), "each id once"
    return dict(zip(rows["id"], rows["cluster"], strict=True))


def mixed_graph() -> Edges:
    """Pieces of all kinds, with ids of all 64 bits: a star, a clique, paths, random pieces around the point where a
    giant appears, pairs, loops, and repeats both ways round."""
    random = np.random.default_rng(11)
    pieces: list[Edges] = [
        [(0, one) for one in range(1, 400)],
        [(a, b) for a in range(20) for b in range(a)],
        *([(one, one + 1) for one in range(length)] for length in (2, 3, 10, 100)),
        *(random.integers(0, 200, (edges, 2)).tolist() for edges in (60, 100, 300)),
        *([(0, 1)] for _ in range(50)),
        *([(0, 0)] for _ in range(5)),
    ]
    edges: Edges = []
    for piece in pieces:
        names = random.integers(LEAST, MOST, 1 + max(max(pair) for pair in piece)).tolist()
        edges += [(names[a], names[b]) for a, b in piece]
    edges += [(b, a) for a, b in edges[::7]] + edges[::11] + [(LEAST, MOST), (5, 5), (5, 6)]
    return [edges[i] for i in random.permutation(len(edges))]


@pytest.mark.parametrize("one_task_edges", [20, 1_000_000])
def test_pieces_of_all_kinds(spark: SparkSession, tmp_path: Path, one_task_edges: int) -> None:
    edges, write = mixed_graph(), Written(tmp_path)
    assert clusters(on_disk(spark, tmp_path, edges), write, one_task_edges) == by_networkx(edges)
    assert (write.rounds == 0) == (one_task_edges == 1_000_000)


def test_a_path_of_100_000_nodes_takes_few_rounds(spark: SparkSession, tmp_path: Path) -> None:
    """A round halves a path on average, so from 100,000 edges to 2,000 are six rounds; the one end names all."""
    edges, write = [(one, one + 1) for one in range(99_999)], Written(tmp_path)
    assert clusters(on_disk(spark, tmp_path, edges), write, 2_000) == dict.fromkeys(range(100_000), 0)
    assert 5 <= write.rounds <= 8


def test_a_large_star_takes_few_rounds(spark: SparkSession, tmp_path: Path) -> None:
    edges, write = [(70_000, one) for one in range(100_000)], Written(tmp_path)
    assert clusters(on_disk(spark, tmp_path, edges), write, 1_000) == dict.fromkeys(range(100_000), 0)
    assert write.rounds <= 10


def test_partitions_and_order_change_nothing(spark: SparkSession, tmp_path: Path) -> None:
    edges = mixed_graph()[:500]
    expected = by_networkx(edges)
    partitions = spark.conf.get("spark.sql.shuffle.partitions")
    try:
        for count in (1, 2, 7):
            folder = tmp_path / str(count)
            folder.mkdir()
            edges = edges[::-1]
            spark.conf.set("spark.sql.shuffle.partitions", str(count))
            frame = on_disk(spark, folder, edges).repartition(count)
            assert clusters(frame, Written(folder), 300) == expected
    finally:
        spark.conf.set("spark.sql.shuffle.partitions", str(partitions))


def test_no_edges(spark: SparkSession, tmp_path: Path) -> None:
    assert clusters(on_disk(spark, tmp_path, []), Written(tmp_path), 0) == {}


def test_more_rounds_than_allowed_fail(spark: SparkSession, tmp_path: Path) -> None:
    edges = on_disk(spark, tmp_path, [(one, one + 1) for one in range(100)])
    settings = ComponentsSettings(one_task_edges=0, max_rounds=1)
    with pytest.raises(StageFailed, match=r"found \d+ edges after 1 rounds of components, expected at most 0; raise"):
        components(edges, Written(tmp_path), settings)
