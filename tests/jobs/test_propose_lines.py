"""The stage `propose` with a line tagger: the shipped one inside Spark, and what its settings mean."""

from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from jobs.catalog import PROGRAMS
from jobs.proposers import UNKEYED, ProposeSettings, assets_of, check, digest_of, models_of, proposing
from jobs.runtime.errors import CorpusmillError
from tests.conftest import ROOT
from tests.jobs.test_propose import documents, proposed
from udfs.models.manifest import model_digest

SHIPPED = ROOT / "models/refiner-lines-v3"
STORY = (
    "The water mill of the upper valley was built in 1802 by two brothers who had come from the coast, and it has been "
    "turning ever since, but for three winters when the weir was under repair."
)
TEXTS = [
    f"Home\nSign in\nPrivacy policy\n{STORY}\nShare on Facebook",
    STORY,
    "Log in\nShare",
    STORY + "\n\n" + STORY[:90],
]


def lines(**settings: Any) -> ProposeSettings:
    return ProposeSettings.model_validate({"proposer": "lines", "lines": settings})


@pytest.mark.spark
@pytest.mark.parametrize("partitions", [1, 5])
def test_the_shipped_tagger_writes_programs_that_are_its_own(
    spark: SparkSession, tmp_path: Path, partitions: int
) -> None:
    """Oracle: the same proposer without Spark. What it said before is used again."""
    pytest.importorskip("onnxruntime")
    settings = lines(keep="balanced")
    given = documents(spark, TEXTS).repartition(partitions)
    programs, losses = proposed(given, settings, tmp_path / "1")
    assert losses == []
    expected = [answers for text in TEXTS for answers in reversed(proposing(settings).open()([text])[0])]
    asked = [row for row in programs if row.program]
    assert [(row.level, row.program) for row in asked] == [(one.level, one.program) for one in expected]
    assert {row.model for row in asked} == {model_digest(SHIPPED)}
    assert {row.finish for row in asked} == {"stop"}
    by_level = {(row.doc_id, row.level): row.program for row in asked}
    assert by_level["d0", "chunk"].startswith("remove_lines(start=0")
    assert by_level["d2", "document"] == "drop_doc()"
    again, _ = proposed(
        documents(spark, TEXTS[:2], batch=2), settings, tmp_path / "2", spark.createDataFrame(programs, PROGRAMS.ddl)
    )
    assert [row.program for row in again] == [row.program for row in programs if row.doc_id in {"d0", "d1"}]


def test_the_key_has_the_model_and_what_it_says_and_not_how_it_runs() -> None:
    base = lines()
    assert assets_of(base) == {"lines": model_digest(SHIPPED)}
    assert models_of(base) == [(str(SHIPPED), "")]
    assert {"lines.model", "lines.threads", "lines.cache"} == {name for name in UNKEYED if name.startswith("lines.")}
    assert digest_of(base) == digest_of(lines(threads=4, cache="/tmp/c", model=str(SHIPPED)))
    others = [lines(keep="balanced"), lines(keep=0.3), lines(drop_below=0.1), lines(normalize=False)]
    assert len({digest_of(one) for one in (base, *others)}) == len(others) + 1
    check(base)


def test_a_folder_that_is_no_tagger_is_said_before_spark_starts(tmp_path: Path) -> None:
    with pytest.raises(CorpusmillError, match=r"propose: .*cannot be read .*; name a model folder"):
        check(lines(model=str(tmp_path)))
    with pytest.raises(CorpusmillError, match=r"propose: .*kind: .*; name the folder of a line tagger"):
        check(lines(model=str(ROOT / "models/rater-e5-v2")))
