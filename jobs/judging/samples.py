"""A sample around a threshold: as many documents of one side as of the other, drawn from those nearest to the limit.

The design is stratified: of each side `near` documents (or those within a band) are the population, and of these some
are drawn by a hash of the id and the seed. What is estimated from it is about those populations, not about the lake.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from jobs.judging.thresholds import PLACE, Around, Threshold
from jobs.runtime.errors import CorpusmillError
from jobs.runtime.lake import Lake

KEEP, DROP, SKIP = "keep", "drop", "skip"
SIDES = (KEEP, DROP)
TEXT_CHARS = 100_000  # of a document that are shown; whoever judges has seen enough


class Design(NamedTuple):
    """How many are drawn from how many. `band` 0: the `near` documents of each side that are nearest to the limit; else
    those whose signal is at most so far from it."""

    documents: int = 40
    near: int = 500
    band: float = 0.0
    seed: int = 0


class Drawn(NamedTuple):
    """A document that a person is asked about. Only address, title and text are shown."""

    doc_id: str
    batch: int
    file: str
    offset: int
    side: str
    signal: float
    side_documents: int
    url: str
    title: str
    text: str  # the first TEXT_CHARS characters
    chars: int  # of the whole text


class Sample(NamedTuple):
    """Documents in the order in which they are shown, and what they are drawn from."""

    id: str
    design: str  # as JSON
    documents: Sequence[Drawn]


def draw(lake: Lake, around: Around, design: Design) -> Sample:
    """A sample.

    The same tables, design and seed give the same documents in the same order; whoever asks for more is shown those of
    the smaller sample too. The order says nothing of the sides, so the judgements of a person who stops early are a
    random part of each.
    """
    pools = {side: _pool(around, design, side) for side in SIDES}
    sizes = {side: _size(pool) for side, pool in pools.items()}
    _refuse_one_side(around.threshold, sizes, design)
    described = describe(around.threshold, design, sizes)
    half = -(-design.documents // 2)
    drawn = {side: pool.orderBy("draw", *PLACE).limit(half).collect() for side, pool in pools.items()}
    rows = [(side, row) for side in SIDES for row in drawn[side]]
    rows.sort(key=lambda one: order_of(design.seed, one[1]["file"], one[1]["offset"]))
    texts = _texts(lake, around.texts, [row for _, row in rows])
    documents = [
        Drawn(row["doc_id"], *_key(row), side, row["signal"], sizes[side]["documents"], **texts[_key(row)])
        for side, row in rows
        if _key(row) in texts
    ]
    return Sample(sample_id(described), described, documents)


def order_of(seed: int, file: str, offset: int) -> bytes:
    """When a document is shown. Not the hash it was drawn by, of which a smaller population has larger values."""
    return hashlib.sha256(f"{seed} {offset} {file}".encode(errors="surrogatepass")).digest()


def _size(pool: DataFrame) -> dict[str, Any]:
    found = pool.agg(F.count("*").alias("documents"), F.max("distance").alias("farthest")).collect()[0]
    return found.asDict()


def _pool(around: Around, design: Design, side: str) -> DataFrame:
    """The population of a side. Documents that are equally near are taken by id, which has nothing to do with the
    draw."""
    rows = around.documents.where(F.col("keeps") == (side == KEEP))
    rows = rows.withColumn("distance", F.abs(F.col("signal") - around.threshold.limit))
    rows = rows.withColumn("draw", F.xxhash64("doc_id", F.lit(design.seed)))
    if design.band:
        return rows.where(F.col("distance") <= design.band)
    return rows.orderBy("distance", "doc_id", *PLACE).limit(design.near)


def _refuse_one_side(threshold: Threshold, sizes: Mapping[str, Mapping[str, Any]], design: Design) -> None:
    missing = [side for side in SIDES if not sizes[side]["documents"]]
    if missing:
        where = f"within {design.band:g} of it" if design.band else "at all"
        advice = "a wider --band or another --limit" if design.band else "another --limit"
        raise CorpusmillError(
            f"judge: found no documents on the {' and the '.join(missing)} side of {threshold} {where}, expected some "
            f"on both sides; give {advice}."
        )


def describe(threshold: Threshold, design: Design, sizes: Mapping[str, Mapping[str, Any]]) -> str:
    """The design as JSON, with the populations: all that the weights depend on. How many are drawn is not in it, so
    whoever asks for more goes on with the same sample."""
    told = {
        **threshold._asdict(),
        **{name: value for name, value in design._asdict().items() if name != "documents"},
        "sides": sizes,
    }
    return json.dumps(told, sort_keys=True)


def sample_id(described: str) -> str:
    """A short digest of a design."""
    return hashlib.blake2b(described.encode(), digest_size=6).hexdigest()


def _key(row: Row) -> tuple[int, str, int]:
    return row["batch"], row["file"], row["offset"]


def _texts(lake: Lake, table: str, chosen: Sequence[Row]) -> dict[tuple[int, str, int], dict[str, Any]]:
    """Address, title, beginning of the text and its length of each document, by its place."""
    if not chosen:
        return {}
    places = lake.spark.createDataFrame([_key(row) for row in chosen], "batch INT, file STRING, offset BIGINT")
    shown = (F.substring("text", 1, TEXT_CHARS).alias("text"), F.length("text").alias("chars"))
    found = (
        lake.read(table)
        .where(F.col("batch").isin(sorted({row["batch"] for row in chosen})))
        .join(F.broadcast(places), list(PLACE), "left_semi")
        .select(*PLACE, "url", "title", *shown)
    )
    return {
        _key(row): {name: row[name] or "" for name in ("url", "title", "text")} | {"chars": row["chars"] or 0}
        for row in found.collect()
    }
