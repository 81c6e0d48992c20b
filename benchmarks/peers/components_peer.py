"""The peer of `benchmarks/components.py`: GraphFrames' connected components on a Spark of its own.

Runs in the peers' environment (`make peers`). Arguments: the jar as a file or as Maven's name, and a folder for what it
writes. Each line on standard input is an algorithm and a folder of edges (a, b) in Parquet; a line of JSON says how
long it took from there to components in Parquet, or what was wrong."""

import json
import sys
import time
from pathlib import Path

from graphframes import GraphFrame
from pyspark.sql import SparkSession
from pyspark.sql import functions as F


def session(jar: str, folder: Path) -> SparkSession:
    """A local session with two cores and 4 GB, as ours."""
    conf = {
        "spark.jars" if Path(jar).is_file() else "spark.jars.packages": jar,
        "spark.driver.memory": "4g",
        "spark.sql.shuffle.partitions": "2",
        "spark.default.parallelism": "2",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.local.dir": str(folder),
        "spark.checkpoint.dir": str(folder / "checkpoints"),
    }
    builder = SparkSession.builder.master("local[2]")
    for key, value in conf.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("OFF")
    spark.sparkContext.setCheckpointDir(str(folder / "checkpoints"))
    return spark


def clustered(spark: SparkSession, algorithm: str, given: str, folder: Path) -> dict[str, object]:
    """Seconds of one run, and where its clusters are, each named by its smallest id."""
    start = time.perf_counter()
    edges = spark.read.parquet(given).select(F.col("a").alias("src"), F.col("b").alias("dst"))
    nodes = edges.select(F.col("src").alias("id")).union(edges.select("dst")).distinct()
    # broadcastThreshold -1 is what its documentation recommends.
    found = GraphFrame(nodes, edges).connectedComponents(
        algorithm=algorithm, broadcastThreshold=-1, useLabelsAsComponents=True
    )
    out = str(folder / "clusters")
    found.select("id", F.col("component").alias("cluster")).write.mode("overwrite").parquet(out)
    return {"seconds": time.perf_counter() - start, "clusters": out}


def main() -> None:
    """Answer each line of standard input with one run."""
    spark = session(sys.argv[1], Path(sys.argv[2]))
    for line in sys.stdin:
        algorithm, given = line.rstrip("\n").split("\t")
        try:
            answer = clustered(spark, algorithm, given, Path(sys.argv[2]))
        except Exception as error:  # a row of the table says that it failed
            answer = {"error": " ".join(str(error).split())[:200]}
        spark.catalog.clearCache()
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
