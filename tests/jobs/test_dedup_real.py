"""Dedup of real texts: what is found of known duplicates beside what theory expects, and what is joined wrongly.

Run with `-rP` (or `-s`) to see the figures.
"""

import itertools
from collections import defaultdict
from collections.abc import Sequence
from math import comb
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow.parquet as pq
import pytest
from pyspark.sql import Row, SparkSession

from jobs import dedup_minhash as stage
from jobs.catalog import BANDS, DUPLICATES, SIGNATURES
from jobs.dedup_exact import DedupExactSettings, dedup_exact
from jobs.documents import short_id
from jobs.minhash.buckets import Links, link
from jobs.minhash.settings import DedupMinhashSettings
from jobs.sign import SignSettings, sign
from tests.jobs.test_dedup_minhash import Text, exact_rows, screened
from tests.jobs.workspace import Folder
from udfs.dedup.minhash import Banding
from udfs.dedup.similarity import estimate, jaccard

pytestmark = [pytest.mark.spark, pytest.mark.usefixtures("spark")]

SETTINGS = DedupMinhashSettings()
BANDING = Banding.parse(SignSettings().banding)

Pair = tuple[int, int]  # documents by their places in the file, the smaller first


class Deduplicated(NamedTuple):
    """What the stages made of texts, which are known by their numbers."""

    exact: set[int]  # kept by dedup_exact
    kept: set[int]  # kept by dedup_minhash
    clusters: dict[int, str]
    edges: set[Pair]
    signatures: dict[int, Row]

    def jaccard(self, pair: Pair) -> float:
        """The similarity itself, from the hashes of all shingles."""
        one, other = (self.signatures[number].shingle_hashes or b"" for number in pair)
        return jaccard(one, other)

    def is_hit(self, pair: Pair) -> bool:
        """Whether the two agree in a band and would pass verification, if nobody else were there."""
        one, other = (self.signatures[number] for number in pair)
        return bool(set(one.band_keys) & set(other.band_keys)) and (
            estimate(one.signature, other.signature) >= SETTINGS.verify.similarity
        )

    def joint(self) -> set[Pair]:
        """All pairs of one cluster."""
        members = defaultdict(list)
        for number, cluster in sorted(self.clusters.items()):
            members[cluster].append(number)
        return {pair for some in members.values() for pair in itertools.combinations(some, 2)}


def deduplicated(
    spark: SparkSession, texts: Sequence[str], folder: Path, exact: DedupExactSettings | None = None
) -> Deduplicated:
    """All texts as one batch, through the stages with default settings."""
    work, links = Folder(folder), list[Links]()
    documents = work.write(
        "documents", screened(spark, [Text(number, 1, text, 0) for number, text in enumerate(texts)])
    )
    past, past_signatures, past_bands = (
        spark.createDataFrame([], table.ddl) for table in (DUPLICATES, SIGNATURES, BANDS)
    )
    found = work.write("exact", dedup_exact(documents, past, exact) if exact else exact_rows(documents))
    signatures = work.write("signatures", sign(documents, found, SignSettings(keep_shingles=True)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stage, "link", lambda *given: links.append(link(*given)) or links[-1])
        places = stage.dedup_minhash(signatures, found, past_signatures, past_bands, past, SETTINGS, work)["duplicates"]
    rows = places.select("offset", "keep", "cluster", short_id()).collect()
    number_of = {row.id: row.offset for row in rows}
    return Deduplicated(
        {row.offset for row in found.where("keep").select("offset").collect()},
        {row.offset for row in rows if row.keep},
        {row.offset: row.cluster for row in rows},
        {ordered(number_of[row.a], number_of[row.b]) for row in links[0].edges.select("a", "b").collect()},
        {number_of[row.id]: row for row in signatures.collect()},
    )


def ordered(a: int, b: int) -> Pair:
    return (a, b) if a < b else (b, a)


def chance(similarity: float) -> float:
    """How likely a pair of this similarity agrees in a band and has an estimate that passes: exact, as each of the
    values agrees with that probability, independently."""
    band = np.array(
        [
            comb(BANDING.rows, k) * similarity**k * (1 - similarity) ** (BANDING.rows - k)
            for k in range(BANDING.rows + 1)
        ]
    )
    without = band * (np.arange(BANDING.rows + 1) < BANDING.rows)
    everything, no_band = np.ones(1), np.ones(1)
    for _ in range(BANDING.bands):
        everything, no_band = np.convolve(everything, band), np.convolve(no_band, without)
    passes = np.arange(BANDING.permutations + 1) / BANDING.permutations >= SETTINGS.verify.similarity
    return float((everything - no_band)[passes].sum())


def read(path: Path) -> list[dict[str, object]]:
    return pq.read_table(path).to_pylist()


@pytest.fixture(scope="module")
def revisions(spark: SparkSession, data: Path, tmp_path_factory: pytest.TempPathFactory):
    rows = read(data / "dedup_revisions/documents.parquet")
    return rows, deduplicated(spark, [row["text"] for row in rows], tmp_path_factory.mktemp("revisions"))


@pytest.fixture(scope="module")
def usenet(spark: SparkSession, data: Path, tmp_path_factory: pytest.TempPathFactory):
    rows = read(data / "dedup_usenet/posts.parquet")
    exact = DedupExactSettings(by_url=False)
    return rows, deduplicated(spark, [row["text"] for row in rows], tmp_path_factory.mktemp("usenet"), exact)


@pytest.fixture(scope="module")
def planted(spark: SparkSession, data: Path, tmp_path_factory: pytest.TempPathFactory):
    rows = read(data / "dedup_planted/articles.parquet")
    return rows, deduplicated(spark, [row["text"] for row in rows], tmp_path_factory.mktemp("planted"))


def test_explore(revisions, usenet, planted, data):
    import pickle

    pickle.dump(
        {
            k: (r, d._replace(signatures={n: tuple(s) for n, s in d.signatures.items()}))
            for k, (r, d) in dict(revisions=revisions, usenet=usenet, planted=planted).items()
        },
        open("/tmp/realdata/x.pkl", "wb"),
    )
