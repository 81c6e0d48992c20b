"""Audit: any table of texts -> the near-duplicates that are left in it, by a parameter set that no stage used.

What dedup_minhash missed it cannot see itself, so the audit has other permutations and another banding (14x9, as DCLM's
audit of published corpora). It writes no table; `corpusmill audit` prints what it finds, with pairs to look at.
"""

from typing import NamedTuple

from pydantic import Field
from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from jobs.catalog import SIGNATURES
from jobs.components import ComponentsSettings, components
from jobs.documents import short_id
from jobs.minhash.buckets import link, no_history
from jobs.minhash.settings import VerifySettings
from jobs.runtime.console import printable
from jobs.runtime.stage import Workspace
from jobs.sign import BandingText, SignSettings
from udfs.columns.signatures import sign_texts
from udfs.dedup.minhash import MAX_SEED, Banding, s_curve
from udfs.settings import Section

SHOWN_CHARS = 300


class AuditSettings(Section):
    """What counts as a near-duplicate that was left."""

    banding: BandingText = Field("14x9", description="bands x rows, another than sign.banding")
    seed: int = Field(2, ge=0, le=MAX_SEED, description="another than sign.seed")
    similarity: float = Field(0.8, ge=0, le=1, description="at least this similar, by the estimate from signatures")


class Found(NamedTuple):
    """What an audit found. `pairs` has rows (similarity, left, right), each side with where, chars and a short text."""

    documents: int
    compared: int
    clusters: int
    surplus: int
    largest: int
    pairs: list[Row]


def audit(table: DataFrame, signing: SignSettings, settings: AuditSettings, pairs: int, work: Workspace) -> Found:
    """Looks for near-duplicates among the rows of `table` that have a text; `signing` says what a shingle is."""
    texts = to_texts(table, work)
    signer = sign_texts(signing.shingles, settings.banding, settings.seed, False, SIGNATURES.schema)
    signatures = texts.select("id", F.lit(1).alias("batch"), "text").mapInArrow(signer, SIGNATURES.schema)
    everyone = work.write("signatures", signatures)
    signed = everyone.where("signature IS NOT NULL")
    verify = VerifySettings(similarity=settings.similarity)
    edges = work.write("edges", link(signed, no_history(table.sparkSession), verify, work).edges)
    clusters = work.write("clusters", components(edges.select("a", "b"), work.write, ComponentsSettings()))
    sizes = clusters.groupBy("cluster").agg(F.count("*").alias("documents"))
    totals = sizes.agg(F.count("*"), F.sum("documents"), F.max("documents")).collect()[0]
    examples = edges.join(clusters.withColumnRenamed("id", "a"), "a").transform(one_of_each_cluster, pairs)
    return Found(
        everyone.count(),
        signed.count(),
        totals[0],
        (totals[1] or 0) - totals[0],
        totals[2] or 0,
        with_texts(work.write("examples", examples), texts).collect(),
    )


def to_texts(table: DataFrame, work: Workspace) -> DataFrame:
    """(id, where, text) of each row with a text. Rows that come from no file get a number, which is written down: made
    again it might be another."""
    where = F.coalesce(
        *(F.col(name).cast("string") for name in ("url", "doc_id", "id") if name in table.columns), F.lit("")
    )
    rows = table.where("text IS NOT NULL")
    if {"file", "offset"} <= set(table.columns):
        return rows.select(short_id(), where.alias("where"), "text")
    return work.write("texts", rows.select(F.monotonically_increasing_id().alias("id"), where.alias("where"), "text"))


def one_of_each_cluster(edges: DataFrame, pairs: int) -> DataFrame:
    """(a, b, similarity): the least similar pair of some clusters, drawn by hash, so the same at every run."""
    least = F.min(F.struct("similarity", "a", "b")).alias("pair")
    drawn = edges.groupBy("cluster").agg(least).orderBy(F.xxhash64("cluster"), "cluster").limit(pairs)
    return drawn.select("pair.a", "pair.b", "pair.similarity")


def with_texts(pairs: DataFrame, texts: DataFrame) -> DataFrame:
    """(similarity, left, right) of each pair, the least similar first."""
    side = F.struct("where", F.length("text").alias("chars"), F.substring("text", 1, SHOWN_CHARS).alias("text"))
    sides = texts.select("id", side.alias("side"))
    left = sides.withColumnsRenamed({"id": "a", "side": "left"})
    right = sides.withColumnsRenamed({"id": "b", "side": "right"})
    return pairs.join(left, "a").join(right, "b").orderBy("similarity", "a").select("similarity", "left", "right")


def report(name: str, found: Found, settings: AuditSettings) -> str:
    """What `corpusmill audit` prints."""
    share = found.surplus / max(found.compared, 1)
    lines = [
        f"{name}: {found.documents:,} texts, {found.compared:,} of them long enough to compare.",
        f"{found.surplus:,} ({share:.2%}) are surplus: near-duplicates, at similarity {settings.similarity:g} or more, "
        f"of others in {found.clusters:,} clusters, the largest of {found.largest:,}.",
        f"{s_curve(Banding.parse(settings.banding))}; seed {settings.seed}.",
    ]
    for pair in found.pairs:
        lines.append(f"\nsimilarity {pair.similarity:.2f}")
        for one in pair[1:]:
            text = printable(" ".join(one.text.split()))
            lines.append(f"  {printable(one.where)} ({one.chars:,} characters)\n    {text}")
    return "\n".join(lines)
