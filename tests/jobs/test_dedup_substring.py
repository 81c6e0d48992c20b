"""The stage cuts what the definition of exact substring dedup says, however its rows are partitioned."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from pyspark.sql import DataFrame, SparkSession

from jobs.catalog import DUPLICATES, REPEATS, SCREENED
from jobs.dedup_substring import dedup_substring
from tests.made_up_prose import prose
from udfs.dedup.substrings import SubstringSettings, cut_repeats
from udfs.text.edits import Edit

pytestmark = pytest.mark.spark

ON = SubstringSettings(enabled=True)

# A document as the stage orders it: day (None: unknown), doc_id, text.
Document = tuple[int | None, str, str]
Found = dict[int, tuple[Edit, ...]]


def screened(spark: SparkSession, documents: list[Document]) -> DataFrame:
    """Survivors of screening, the offset being the place in the list, and one that was rejected."""
    rows = []
    for at, (day, doc_id, text) in enumerate(documents):
        row: dict[str, Any] = dict.fromkeys(SCREENED.column_names)
        fetched = None if day is None else datetime(2026, 1, day, tzinfo=UTC)
        row |= {"doc_id": doc_id, "batch": 3, "crawl": "c", "fetched_at": fetched, "file": "f", "offset": at}
        row |= {"keep": True, "language": "en", "language_score": 1.0, "signals": {}, "edits": [], "text": text}
        rows.append(tuple(row.values()))
    rejected = (*rows[0][: SCREENED.column_names.index("offset")], 10**6, False, "rule", "en", 1.0, {}, [], None, None)
    return spark.createDataFrame([rejected, *rows], SCREENED.ddl)


def dropped(spark: SparkSession, offsets: list[int], count: int) -> DataFrame:
    """Rows of `duplicates` for `count` documents, of which those at `offsets` are not kept."""
    frame = spark.createDataFrame([], DUPLICATES.ddl)
    rows = []
    for at in range(count):
        row = dict.fromkeys(frame.columns)
        row |= {"stage": "dedup_exact", "doc_id": "", "batch": 3, "crawl": "c", "file": "f", "offset": at}
        row |= {"keep": at not in offsets, "cluster": "", "keeper": "", "similarity": 1.0, "text_key": b""}
        rows.append(tuple(row.values()))
    return spark.createDataFrame(rows, frame.schema)


def found(repeats: DataFrame) -> Found:
    rows = repeats.collect()
    assert {(row.batch, row.file) for row in rows} <= {(3, "f")}
    by_offset = {row.offset: tuple(Edit(*one) for one in row.edits) for row in rows}
    assert len(by_offset) == len(rows)
    return by_offset


def by_definition(documents: list[Document], without: tuple[int, ...] = (), settings: SubstringSettings = ON) -> Found:
    order = sorted(
        (at for at in range(len(documents)) if at not in without),
        key=lambda at: (documents[at][0] is None, documents[at][0] or 0, documents[at][1]),
    )
    cuts = cut_repeats([documents[at][2] for at in order], settings)
    return {at: edits for at, edits in zip(order, cuts, strict=True) if edits}


@contextmanager
def configured(spark: SparkSession, key: str, value: str) -> Iterator[None]:
    before = str(spark.conf.get(key))
    spark.conf.set(key, value)
    try:
        yield
    finally:
        spark.conf.set(key, before)


def made_up() -> list[Document]:
    draw = random.Random(7)
    shared = [prose(draw.choice([5, 6, 12]), seed) for seed in range(12)]
    numbered = [f"w{at}" for at in range(400)]
    paragraph = prose(7, 99)
    texts = [f"{prose(4, 1000 + at)}\n\n{draw.choice(shared)}\n{prose(2, 2000 + at)}" for at in range(90)]
    texts += [f"{draw.choice(shared)} {draw.choice(shared)} {draw.choice(shared)}" for _ in range(20)]
    texts += [f"number {at}\n\n{paragraph}\n\nend {at}" for at in range(1000)]
    texts += ["a " * 10_000, "b " + "a " * 3_000, "a " * 49, "", " \n", "a b c d " * 40]
    texts += [" ".join(numbered), f"x {' '.join(numbered[100:149])} y", f"x {' '.join(numbered[200:250])} y"]
    chinese = "".join(chr(0x4E00 + draw.randrange(3000)) for _ in range(200))
    texts += [chinese, f"前{chinese[50:110]}后", f"前。{chinese[20:69]}。后", f"\U0001f600 {chinese[100:160]}\n后"]
    draw.shuffle(texts)
    return [(draw.choice([1, 2, 3, None]), f"{draw.getrandbits(128):032x}", text) for text in texts]


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    return made_up()


@pytest.fixture(scope="module")
def expected(documents: list[Document]) -> Found:
    return by_definition(documents)


@pytest.mark.parametrize("partitions", [1, 2, 7])
def test_the_stage_equals_the_definition(
    spark: SparkSession, documents: list[Document], expected: Found, partitions: int
) -> None:
    assert len(expected) > 1100
    with configured(spark, "spark.sql.shuffle.partitions", str(partitions)):
        given = screened(spark, documents).repartition(partitions)
        assert found(dedup_substring(given, dropped(spark, [], 0), ON)) == expected


def test_what_an_earlier_stage_dropped_is_no_first_copy(spark: SparkSession, documents: list[Document]) -> None:
    some = documents[:200]
    without = tuple(range(0, 200, 3))
    duplicates = dropped(spark, list(without), 200)
    assert found(dedup_substring(screened(spark, some), duplicates, ON)) == by_definition(some, without)


def test_other_sizes_of_repeats_and_anchors(spark: SparkSession, documents: list[Document]) -> None:
    for size in ((8, 8), (20, 1)):
        settings = SubstringSettings(enabled=True, tokens=size[0], anchor_tokens=size[1])
        cuts = found(dedup_substring(screened(spark, documents[:200]), dropped(spark, [], 0), settings))
        assert cuts == by_definition(documents[:200], settings=settings)


def test_copies_of_one_record_lose_all_but_one(spark: SparkSession) -> None:
    documents: list[Document] = [(1, "ab" * 16, prose(9)) for _ in range(5)]
    assert len(found(dedup_substring(screened(spark, documents), dropped(spark, [], 0), ON))) == 4


def test_without_a_repeat_there_are_no_rows(spark: SparkSession, documents: list[Document]) -> None:
    found = dedup_substring(screened(spark, documents[:1]), dropped(spark, [], 0), ON)
    assert [(f.name, f.dataType.simpleString()) for f in found.schema] == [
        (f.name, f.dataType.simpleString()) for f in REPEATS.schema
    ]
    assert not found.collect()


def test_the_text_is_shuffled_once(
    spark: SparkSession, documents: list[Document], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both passes read one exchange of the texts, also where no side of a join is small."""
    screened(spark, documents[:9]).write.parquet(str(tmp_path / "screened"))
    given = spark.read.parquet(str(tmp_path / "screened"))
    with configured(spark, "spark.sql.autoBroadcastJoinThreshold", "-1"):
        dedup_substring(given, dropped(spark, [1], 9), ON).explain()
    lines = capsys.readouterr().out.splitlines()
    assert sum("FileScan" in line and ",text#" in line for line in lines) == 1
    # Of the texts, of those left out, of anchors, their places, windows, repeats, and the documents' names at the end.
    assert sum("- Exchange " in line for line in lines) == 7


def test_real_posts(spark: SparkSession, data: Path) -> None:
    texts = pq.read_table(data / "dedup_usenet/posts.parquet", columns=["text"])["text"].to_pylist()[:600]
    documents: list[Document] = [(1 + at % 28, f"{at:032x}", text) for at, text in enumerate(texts)]
    expected = by_definition(documents)
    assert len(expected) > 20
    assert found(dedup_substring(screened(spark, documents), dropped(spark, [], 0), ON)) == expected
