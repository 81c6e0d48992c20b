"""Near-duplicates: the Spark stage gives what the definition gives, batch by batch, for any partitioning."""

from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from jobs.catalog import BANDS, DUPLICATES, SCREENED, SIGNATURES
from jobs.dedup_minhash import dedup_minhash
from jobs.documents import short_id
from jobs.minhash.settings import AlarmSettings, DedupMinhashSettings, VerifySettings
from jobs.runtime.errors import StageFailed
from jobs.runtime.table import as_frame
from jobs.sign import SignSettings, sign
from tests.jobs.workspace import Folder
from udfs.dedup.near_duplicates import Signed, link, place
from udfs.dedup.similarity import estimate, jaccard

pytestmark = pytest.mark.spark

BANDING = SignSettings(banding="6x3")  # links at low similarity, so that verification has work


class Text(NamedTuple):
    """A made-up document."""

    offset: int
    batch: int
    text: str
    day: int
    crawl: str = "c"


def made_up(number: int, random: Random, batches: int) -> list[Text]:
    """Texts in families: each is another of its family with some words changed, so similarities are spread out."""
    words = [f"w{i}" for i in range(400)]
    texts: list[Text] = []
    for offset in range(number):
        if texts and random.random() < 0.7:
            parent = random.choice(texts).text.split()
            changes = random.choice([0, 1, 2, 4, 8, 12])
            for _ in range(changes):
                parent[random.randrange(len(parent))] = random.choice(words)
            text = " ".join(parent)
        else:
            text = " ".join(random.choices(words, k=random.choice([3, 40, 60])))
        texts.append(Text(offset, 0, text, random.randrange(5), random.choice("cd")))
    return [text._replace(batch=1 + random.randrange(batches)) for text in texts]


def screened(spark: SparkSession, texts: list[Text]) -> DataFrame:
    """Rows of `screened`."""
    rows = spark.createDataFrame(texts).selectExpr("*", "printf('%04x', offset) AS doc_id")
    values = {"batch": "batch", "crawl": "crawl", "doc_id": "doc_id", "offset": "offset", "text": "text", "file": "'f'"}
    values |= {"url": "concat('http://h/', offset)", "host": "'h'", "keep": "true", "language": "'en'"}
    values |= {"fetched_at": "CASE WHEN day > 0 THEN timestamp_seconds(day) END", "language_score": "1"}
    values |= {"signals": "map()", "edits": "array()"}
    columns = [f"CAST({values.get(c.name, 'NULL')} AS {c.type}) AS {c.name}" for c in SCREENED.columns]
    return rows.selectExpr(*columns)


def exact_rows(documents: DataFrame) -> DataFrame:
    """Rows of `duplicates` as dedup_exact leaves them: all kept."""
    values = {"stage": "'dedup_exact'", "keep": "true", "cluster": "doc_id", "keeper": "doc_id", "similarity": "1"}
    columns = [
        c.name
        if c.name in documents.columns and c.name not in values and c.name != "reason"
        else f"CAST({values.get(c.name, 'NULL')} AS {c.type}) AS {c.name}"
        for c in DUPLICATES.columns
    ]
    return documents.selectExpr(*columns)


def run(
    spark: SparkSession,
    texts: list[Text],
    settings: DedupMinhashSettings,
    folder: Path,
    partitions: int = 2,
    signing: SignSettings = BANDING,
    *,
    shared: bool = False,
) -> tuple[DataFrame, DataFrame, DataFrame]:
    """All batches one after the other: `signatures`, and what the stage writes to `duplicates` and `bands`."""
    work = Folder(folder, shared=shared)
    places = spark.createDataFrame([], DUPLICATES.ddl)
    bands = spark.createDataFrame([], BANDS.ddl)
    signatures = spark.createDataFrame([], SIGNATURES.ddl)
    spark.conf.set("spark.sql.shuffle.partitions", partitions)
    try:
        for batch in sorted({text.batch for text in texts}):
            documents = screened(spark, [text for text in texts if text.batch == batch]).repartition(partitions)
            exact = exact_rows(documents)
            new = work.write("signatures", sign(documents, exact, signing).frame())
            found = dedup_minhash(new, exact, signatures, bands, places, settings, work)
            now = {name: work.write(name, as_frame(rows)) for name, rows in found.items()}
            signatures, places = signatures.unionByName(new), places.unionByName(now["duplicates"])
            bands = bands.unionByName(now["bands"])
    finally:
        spark.conf.set("spark.sql.shuffle.partitions", 2)
    return signatures, places, bands


def defined(
    texts: list[Text], signatures: DataFrame, places: DataFrame, settings: DedupMinhashSettings
) -> tuple[dict[int, tuple[int, bool]], set[tuple[int, int, int]]]:
    """What the definition says: (offset of the cluster's name, keep) by offset, and the rows of `bands`."""
    ids = {row.id: row.offset for row in places.select(short_id(), "offset").collect()}
    rows = {row.id: row for row in signatures.collect()}
    by_offset = {text.offset: text for text in texts}

    def similar(a: int, b: int) -> bool:
        return settings.verify.by == "nothing" or measured(rows[a], rows[b], settings) >= settings.verify.similarity

    def rank(offset: int) -> tuple[object, ...]:
        text = by_offset[offset]
        preferred = settings.prefer.index(text.crawl) if text.crawl in settings.prefer else len(settings.prefer)
        oldest = (text.day == 0, text.day, offset)
        first = {"newest": (text.day == 0, -text.day), "longest": (-len(text.text),), "first": (offset,)}
        return (preferred, *first.get(settings.keep, ()), *oldest)

    documents = [
        Signed(id_, rows[id_].batch, tuple(rows[id_].band_keys or ()), rank(offset)) for id_, offset in ids.items()
    ]
    edges, buckets = link(documents, similar, settings.verify.representatives)
    found = place(documents, edges, drop_all=settings.keep == "none")
    bands = {(key, id_, number) for key, known in buckets.items() for number, id_ in enumerate(known, 1)}
    return {ids[id_]: (ids[one.cluster], one.keep) for id_, one in found.items()}, bands


def measured(one: Row, other: Row, settings: DedupMinhashSettings) -> float:
    """The similarity of two rows of `signatures`, as the settings have it measured."""
    if settings.verify.by == "shingles":
        return jaccard(one.shingle_hashes or b"", other.shingle_hashes or b"")
    return estimate(one.signature, other.signature)


def as_defined(places: DataFrame) -> dict[int, tuple[int, bool]]:
    return {row.offset: (int(row.cluster, 16), row.keep) for row in places.collect()}


POLICIES = [
    DedupMinhashSettings(
        keep=keep, prefer=prefer, verify=VerifySettings(similarity=0.6, representatives=most, one_task_keys=keys)
    )
    for keep, prefer, most, keys in (
        ("oldest", (), 4, 0),  # batches are linked by joins
        ("newest", ("d",), 2, 430),  # the first batch by joins, the second by one task
        ("longest", (), 1, 3_000_000),
        ("none", (), 4, 3_000_000),
        ("oldest", (), 3, 3_000_000),
    )
]


@pytest.mark.parametrize(
    ("settings", "partitions", "shared"),
    [
        *((settings, partitions, False) for settings, partitions in zip(POLICIES, (2, 1, 7, 2, 2), strict=True)),
        *((settings, 2, True) for settings in POLICIES[1:]),  # one task reads the tables' files
    ],
)
def test_batch_by_batch_the_stage_equals_the_definition(
    spark: SparkSession, tmp_path: Path, settings: DedupMinhashSettings, partitions: int, shared: bool
) -> None:
    """So partitions change nothing, nor does the order of the input."""
    texts = made_up(150, Random(7), batches=3 if settings.keep == "oldest" else 2)
    texts = texts[:: -1 if partitions == 7 else 1]
    signatures, places, bands = run(spark, texts, settings, tmp_path, partitions, shared=shared)
    filtered = list(tmp_path.glob("*_known"))  # of a history that Spark filters
    assert bool(filtered) != (shared and settings.verify.one_task_keys > 0)
    expected, representatives = defined(texts, signatures, places, settings)
    assert as_defined(places) == expected
    assert {(row.key, row.id, row.representative) for row in bands.collect()} == representatives
    fates = {keep for _, keep in expected.values()}
    assert fates == {True, False}


@pytest.mark.parametrize("by", ["signatures", "shingles", "nothing"])
def test_the_rows_say_who_is_kept_instead_and_how_similar_it_is(spark: SparkSession, tmp_path: Path, by: Any) -> None:
    texts = made_up(120, Random(3), batches=2)
    settings = DedupMinhashSettings(verify=VerifySettings(by=by, similarity=0.6), keep="first")
    signing = BANDING.model_copy(update={"keep_shingles": True})
    signatures, places, _ = run(spark, texts, settings, tmp_path, signing=signing)
    assert as_defined(places) == defined(texts, signatures, places, settings)[0]
    content = {row.id: row for row in signatures.collect()}
    rows = {row.doc_id: row for row in places.select("*", short_id()).collect()}
    rejected = [row for row in rows.values() if not row.keep]
    assert len(rejected) > 10
    for row in rejected:
        assert (row.reason, row.method) == ("near_duplicate", "minhash")
        keeper = rows[row.keeper]
        assert (keeper.keep, keeper.cluster) == (True, row.cluster)
        assert keeper.batch <= row.batch
        assert row.similarity == pytest.approx(measured(content[row.id], content[keeper.id], settings))
    assert all((row.reason, row.keeper, row.similarity) == (None, row.doc_id, 1.0) for row in rows.values() if row.keep)


def test_a_cluster_that_is_too_large_stops_the_stage_with_the_evidence(spark: SparkSession, tmp_path: Path) -> None:
    texts = [Text(number, 1, " ".join(f"w{i}" for i in range(60)) + f" x{number}", 1) for number in range(12)]
    settings = DedupMinhashSettings(alarms=AlarmSettings(cluster_documents=11))
    with pytest.raises(StageFailed, match=r"found 12 documents in the cluster of 0000 \(http://h/0 ... http://h/9\)"):
        run(spark, texts, settings, tmp_path)


def test_a_source_that_loses_nearly_all_stops_the_stage(spark: SparkSession, tmp_path: Path) -> None:
    texts = [Text(number, 1, " ".join(f"w{i}" for i in range(60)) + f" x{number}", 1) for number in range(12)]
    alarms = AlarmSettings(source_documents=12, source_loss_ratio=0.9)
    with pytest.raises(StageFailed, match=r"found 11 of the 12 documents of host h to be near-duplicates"):
        run(spark, texts, DedupMinhashSettings(alarms=alarms), tmp_path)


def test_of_the_history_only_rows_that_are_needed_are_moved(spark: SparkSession, tmp_path: Path) -> None:
    """What Spark plans for a large batch on a large history: the history's scans are filtered by a Bloom filter of the
    new keys, or of the pairs that are to be compared."""
    from jobs.dedup_minhash import session_conf
    from jobs.minhash.buckets import only_of_keys
    from jobs.minhash.pairs import similarities

    work = Folder(tmp_path)
    rows = spark.range(1000).select(F.col("id").alias("key"), "id", F.lit(1).alias("batch"))
    bands, keys = work.write("bands", rows.withColumn("representative", F.lit(1))), work.write("keys", rows)
    past, new = (work.write("signatures", rows.withColumn("signature", F.lit(b"12"))) for _ in range(2))
    pairs = rows.select(F.col("id").alias("a"), F.col("id").alias("b"))
    conf = session_conf(DedupMinhashSettings()) | {"spark.sql.autoBroadcastJoinThreshold": "-1"}
    conf["spark.sql.optimizer.runtime.bloomFilter.applicationSideScanSizeThreshold"] = "0"  # no gigabyte here
    before = {key: spark.conf.get(key, None) for key in conf}
    for key, value in conf.items():
        spark.conf.set(key, value)
    try:
        known = only_of_keys(bands, keys)
        similar = similarities("pairs", pairs, new, new.unionByName(past), work, exact=False)
        plans = [frame._jdf.queryExecution().optimizedPlan().toString() for frame in (known, similar)]
    finally:
        for key, old in before.items():
            spark.conf.set(key, old) if old is not None else spark.conf.unset(key)
    assert ["might_contain" in plan for plan in plans] == [True, True]
