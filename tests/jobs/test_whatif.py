"""What-if answers are those of a run with the other thresholds, or say that they are not; survivors add up."""

from collections import Counter
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from jobs.views import SURVIVORS
from jobs.whatif import UNMEASURED, Judged, judged_steps, report, sizes_of, whatif
from udfs.text.screening import ScreenSettings, screen

pytestmark = pytest.mark.spark

RULES = {
    "word_count": {"at_least": 3, "at_most": 30},
    "newline_runs": {},
    "mean_word_length": {"at_least": 3, "at_most": 10},
    "symbol_ratio": {"at_most": 0.1},
}
TEXTS = [
    *(
        " ".join(["word", "words", "of", "a", "longer"][: n % 5 + 1] * (n // 3 + 1)) + "\n\n\n\n" * (n % 2)
        for n in range(60)
    ),
    *(f"# {'tag ' * n}... # #" for n in range(12)),
    "",
    "extraordinarily incomprehensibilities notwithstanding",
]
SCHEMA = "file STRING, offset BIGINT, keep BOOLEAN, reason STRING, language STRING, signals MAP<STRING, DOUBLE>"


def settings_with(after_rejection: str = "stop", **rules: Any) -> ScreenSettings:
    steps = {name: step for name, step in {**RULES, **rules}.items() if step is not None}
    return ScreenSettings.model_validate({"rules": steps, "after_rejection": after_rejection})


def screened(spark: SparkSession, settings: ScreenSettings) -> DataFrame:
    verdicts = [screen(text, settings) for text in TEXTS]
    rows = [("f", at, v.keep, v.reason, v.language, dict(v.signals)) for at, v in enumerate(verdicts)]
    return spark.createDataFrame(rows, SCHEMA)


def sizes(spark: SparkSession) -> DataFrame:
    return spark.createDataFrame(
        [("f", at, None, float(len(text))) for at, text in enumerate(TEXTS)],
        "file STRING, offset BIGINT, domain STRING, tokens DOUBLE",
    )


def reasons(rows: list[Any], side: str) -> Counter[str | None]:
    found: Counter[str | None] = Counter()
    for row in rows:
        found[getattr(row, side)] += row.documents
    return found


CHANGES: list[dict[str, Any]] = [
    {"word_count": {"at_least": 10, "at_most": 30}},
    {"word_count": {"at_most": 40}, "symbol_ratio": {"at_most": 0.5}},
    {"mean_word_length": {"above": 4, "below": 4.4}},
    {"symbol_ratio": {}},
]


@pytest.mark.parametrize("changes", CHANGES, ids="+".join)
def test_with_all_signals_stored_the_answer_is_that_of_a_run(spark: SparkSession, changes: dict[str, Any]) -> None:
    old, new = settings_with("measure"), settings_with("measure", **changes)
    rows = whatif(screened(spark, old), sizes(spark), old, new).collect()
    assert reasons(rows, "before") == Counter(screen(text, old).reason for text in TEXTS)
    assert reasons(rows, "after") == Counter(screen(text, new).reason for text in TEXTS)
    kept = [len(text) for text in TEXTS if screen(text, new).keep]
    assert sum(row.tokens for row in rows if row.after is None) == sum(kept)
    assert all(step.exact for step in judged_steps(old, new))


@pytest.mark.parametrize("changes", CHANGES, ids="+".join)
def test_where_pages_were_not_measured_the_truth_is_between_the_bounds(
    spark: SparkSession, changes: dict[str, Any]
) -> None:
    old, new = settings_with(), settings_with(**changes)
    after = reasons(whatif(screened(spark, old), sizes(spark), old, new).collect(), "after")
    truth = Counter(screen(text, new).reason for text in TEXTS)
    assert after[None] <= truth[None] <= after[None] + after[UNMEASURED]
    assert all(after[reason] <= truth[reason] for reason in after if reason not in (None, UNMEASURED))


def test_estimates_are_called_so() -> None:
    old = settings_with()
    gone = judged_steps(old, settings_with(newline_runs=None))
    assert Judged("word_count", True, "") in gone
    assert [step.name for step in gone if not step.exact] == ["newline_runs"]
    moved = judged_steps(old, settings_with(newline_runs={"arguments": {"most": 1}}))
    assert [step.name for step in moved if not step.exact] == ["newline_runs", "mean_word_length", "symbol_ratio"]
    other = judged_steps(
        old, settings_with(word_count={"arguments": {"words": "space"}}, stop_word_count={"at_least": 2})
    )
    assert [step.name for step in other if not step.exact] == ["word_count", "stop_word_count"]


def test_the_report_names_what_changes_and_what_is_not_known(spark: SparkSession) -> None:
    old, new = settings_with(), settings_with(word_count={"at_most": 40})
    rows = whatif(screened(spark, old), sizes(spark), old, new).collect()
    text = report(rows, judged_steps(old, new), new)
    assert f"{len(TEXTS)} pages" in text
    assert "unmeasured" in text
    assert "screen.after_rejection: measure" in text
    assert "Exact: word_count, newline_runs, mean_word_length, symbol_ratio." in text


def test_tokens_of_pages_without_a_rating_follow_from_their_characters(spark: SparkSession) -> None:
    documents = spark.createDataFrame([("f", 0, 400), ("f", 1, 100)], "file STRING, offset BIGINT, chars INT")
    rated = "file STRING, offset BIGINT, keep BOOLEAN, domain STRING, tokens BIGINT"
    ratings = spark.createDataFrame([("f", 0, True, "law", 80)], rated)
    assert {(row.offset, row.domain, row.tokens) for row in sizes_of(ratings, documents).collect()} == {
        (0, "law", 80.0),
        (1, None, 20.0),
    }
    assert {row.tokens for row in sizes_of(None, documents).collect()} == {100.0, 25.0}


def test_survivors_follow_the_recipe_and_add_up(spark: SparkSession) -> None:
    settings = settings_with()
    screened(spark, settings).selectExpr("1 AS batch", "*").createOrReplaceTempView("screened")
    parts = '{"rules": {"word_count": {}, "newline_runs": {}, "mean_word_length": {}, "symbol_ratio": {}}}'
    progress = spark.createDataFrame(
        [("screen", 1, {"settings": parts})], "stage STRING, batch INT, parts MAP<STRING, STRING>"
    )
    progress.createOrReplaceTempView("progress")
    rows = spark.sql(SURVIVORS.query).orderBy("position").collect()
    truth = Counter(screen(text, settings).reason for text in TEXTS)
    assert [row.step for row in rows] == list(RULES)
    assert [row.rejected for row in rows] == [truth[name] for name in RULES]
    assert rows[0].pages_in == len(TEXTS)
    assert all(row.pages_left == row.pages_in - row.rejected for row in rows)
    assert [row.pages_in for row in rows[1:]] == [row.pages_left for row in rows[:-1]]
    assert rows[-1].pages_left == truth[None]
