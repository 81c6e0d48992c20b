"""Connected components of a graph of edges, in rounds that shrink it, each written down.

A round is a contraction (Bögeholz, Brand and Todor, "In-database connected component analysis", ICDE 2020): each node
takes for its representative, of itself and its neighbours, the one that comes first in an order that looks random and
is another one in each round; then each edge joins the representatives of its ends, and edges that became loops or
repeats are gone. On average at least a quarter of the nodes goes with a round, so there are O(log n) rounds, and all of
them together read and write a small multiple of the edges: a component that is done, which for near-duplicates nearly
all are soon, costs nothing any more. A node with a million edges is a million rows that stream past: no row holds
neighbours, and no task a group of rows. When few edges are left, one task finishes them (`udfs/dedup/union_find.py`);
on a laptop that is at once.

Each round is written down and read back, not only cached: what is evaluated again from its beginnings costs a power of
the rounds, and goes wrong where its input changes meanwhile (GraphFrames #159). The orders are hashes, not random
numbers, and a cluster is named by its smallest id, so the result is a function of the edges, whatever their order and
partitions.
"""

from collections.abc import Callable

from pydantic import Field
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.runtime.errors import StageFailed
from udfs.columns.components import SCHEMA, cluster_edges
from udfs.settings import Section

Write = Callable[[str, DataFrame], DataFrame]


class ComponentsSettings(Section):
    """How much of a graph one task may finish."""

    one_task_edges: int = Field(
        20_000_000, ge=0, description="at most so many edges are finished by one task, with 50 bytes of memory for each"
    )
    max_rounds: int = Field(
        100, ge=1, description="rounds after which something must be wrong; a path of a billion nodes takes 30"
    )


def components(edges: DataFrame, write: Write, settings: ComponentsSettings) -> DataFrame:
    """Edges (a BIGINT, b BIGINT), none null, loops and repeats allowed -> (id BIGINT, cluster BIGINT): each id of an
    edge once, with the smallest id of its component.

    `write(name, frame)` writes a frame down outside the tables and gives it back as read from there; what it wrote must
    last until the result has been read, and a name comes once. Alone among the transforms this one counts: once a
    round, the rows of the frame just written, because how many rounds there are depends on it. Raises StageFailed after
    `max_rounds` rounds.
    """
    left = write("components_edges_0", edges.transform(to_simple))
    found: list[DataFrame] = []
    while (edges_left := left.count()) > settings.one_task_edges:
        number = len(found) + 1
        if number > settings.max_rounds:
            raise StageFailed(
                f"found {edges_left:,} edges after {settings.max_rounds} rounds of components, expected at most "
                f"{settings.one_task_edges:,}; raise components.max_rounds or components.one_task_edges."
            )
        found.append(write(f"components_representatives_{number}", left.transform(to_representatives, number)))
        left = write(f"components_edges_{number}", left.transform(contracted, found[-1]))
    labels = left.coalesce(1).mapInArrow(cluster_edges, SCHEMA)
    for representatives in reversed(found):
        labels = representatives.transform(with_cluster, labels)
    return labels.transform(named_by_smallest) if found else labels


def to_simple(edges: DataFrame) -> DataFrame:
    """Each edge once, its smaller end first."""
    return edges.select(F.least("a", "b").alias("a"), F.greatest("a", "b").alias("b")).distinct()


def to_representatives(edges: DataFrame, number: int) -> DataFrame:
    """(id, representative): each node, and which of itself and its neighbours comes first in the order of the round."""
    backwards = edges.select(F.col("b").alias("a"), F.col("a").alias("b"))
    first = F.min_by("b", _order("b", number))
    own, other = F.col("a"), F.col("neighbour")
    return (
        edges.union(backwards)
        .groupBy("a")
        .agg(first.alias("neighbour"))
        .select(
            own.alias("id"),
            F.when(_order("a", number) < _order("neighbour", number), own).otherwise(other).alias("representative"),
        )
    )


def _order(node: str, number: int) -> Column:
    """Of two nodes, never the same number: each step of xxHash64 over one 64-bit value can be undone."""
    return F.xxhash64(node, F.lit(number))


def contracted(edges: DataFrame, representatives: DataFrame) -> DataFrame:
    """The edges between representatives, without loops and repeats."""
    of_a = representatives.select(F.col("id").alias("a"), F.col("representative").alias("of_a"))
    of_b = representatives.select(F.col("id").alias("b"), F.col("representative").alias("of_b"))
    return (
        edges.join(of_a, "a")
        .join(of_b, "b")
        .where("of_a != of_b")
        .select(F.col("of_a").alias("a"), F.col("of_b").alias("b"))
        .transform(to_simple)
    )


def with_cluster(representatives: DataFrame, labels: DataFrame) -> DataFrame:
    """(id, cluster): the cluster of the representative. One that no later edge has is a cluster of its own."""
    of_representative = labels.withColumnRenamed("id", "representative")
    return representatives.join(of_representative, "representative", "left").select(
        "id", F.coalesce("cluster", "representative").alias("cluster")
    )


def named_by_smallest(labels: DataFrame) -> DataFrame:
    """The smallest id of each cluster for its name."""
    return labels.select("id", F.min("id").over(Window.partitionBy("cluster")).alias("cluster"))
