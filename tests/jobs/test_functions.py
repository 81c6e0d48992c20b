"""Models as SQL functions: what SQL says is what the stages would say."""

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

import corpusmill
from jobs.runtime.errors import CorpusmillError
from tests.conftest import ROOT
from udfs.models.criteria import CRITERIA, DOMAINS
from udfs.models.rater import Rating, load_rater
from udfs.programs.asking import Asker
from udfs.programs.line_rules import rules_proposer
from udfs.programs.refining import ExecuteSettings, Written, refine

pytestmark = pytest.mark.spark

RATER = ROOT / "tests/data/tiny-rater"
DECODER = ROOT / "tests/data/tiny-decoder"
TEXTS = [
    "Home | About | Contact\nThe river rose on Monday.\nNobody was hurt.\nCopyright 2026",
    "",
    "A text of one line.",
    None,
]


@pytest.fixture(scope="module")
def names(spark: SparkSession) -> tuple[str, ...]:
    found = corpusmill.register(spark, {"rate": str(RATER)})
    spark.createDataFrame(list(enumerate(TEXTS)), "n INT, text STRING").createOrReplaceTempView("texts")
    return found


def column(spark: SparkSession, expression: str) -> list[object]:
    return [row[0] for row in spark.sql(f"SELECT {expression} FROM texts ORDER BY n").collect()]


def test_ratings_are_those_of_the_rater(spark: SparkSession, names: tuple[str, ...]) -> None:
    expected = load_rater(RATER, 1)([text for text in TEXTS if text is not None])
    found = column(spark, "cm_rate(text)")
    for row, rating in zip(found, expected, strict=False):
        if isinstance(rating, Rating):
            assert row.domain == rating.domain
            assert tuple(row[name] for name in CRITERIA) == rating.scores
            assert (row.edu, row.format, row.tokens, row.error) == (rating.edu, rating.format, rating.tokens, None)
        else:
            assert (row.domain, row.overall_score, row.error) == (None, None, rating)
    assert found[-1].asDict() == dict.fromkeys(found[-1].asDict())
    domains = column(spark, "cm_domain(text)")
    assert domains == [row.domain for row in found]
    assert set(domains) - {None} <= set(DOMAINS)
    assert column(spark, "cm_quality(text)") == [row.overall_score for row in found]


def test_without_refiners_rules_write_the_programs(spark: SparkSession, names: tuple[str, ...]) -> None:
    ask = Asker(rules_proposer(), corpusmill_settings(), prompts=False)
    expected: list[str | None] = []
    for text in TEXTS[:-1]:
        written = [
            Written(one.level, one.first_line, one.last_line, one.program, one.score, one.start, one.end)
            for one in ask([text or ""])[0]
        ]
        left = refine(text or "", written, ExecuteSettings())
        expected.append(left.text if left.keep else None)
    assert column(spark, "cm_refine(text)") == [*expected, None]
    assert column(spark, "cm_programs(text)")[-1] is None
    assert any(column(spark, "size(cm_programs(text)) > 0"))


def corpusmill_settings() -> object:
    from jobs.proposers import ProposeSettings

    return ProposeSettings(proposer="rules")


def test_decoders_are_functions_too(spark: SparkSession) -> None:
    """In a session of its own: functions of the same name are replaced."""
    other = spark.newSession()
    found = corpusmill.register(other, {"rate": str(DECODER), "chunk": str(DECODER)})
    assert found == ("cm_rate", "cm_domain", "cm_quality", "cm_programs", "cm_refine")
    text = "Home\\nAbout us\\nThe mill stands by the river."
    row = other.sql(f"SELECT cm_rate(t) AS r, cm_programs(t) AS p FROM VALUES ('{text}') AS v(t)").collect()[0]
    assert row.r.edu is None
    assert (row.r.domain in DOMAINS) != bool(row.r.error)
    assert isinstance(row.p, list)


def test_wrong_names_and_folders_are_said_at_once(spark: SparkSession, tmp_path: Path) -> None:
    with pytest.raises(CorpusmillError, match=r"models: found 'rater', expected rate, document, chunk"):
        corpusmill.register(spark, {"rater": str(RATER)})
    with pytest.raises(CorpusmillError, match=r"rate.model: .* cannot be read"):
        corpusmill.register(spark, {"rate": str(tmp_path)})
    with pytest.raises(CorpusmillError, match=r"propose: .* cannot be read"):
        corpusmill.register(spark, {"document": str(tmp_path)})
