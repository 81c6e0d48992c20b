"""The stage `execute`: each text with the programs about it, whatever their order and partitions."""

import pytest
from pyspark.sql import DataFrame, SparkSession

from jobs.catalog import DEDUPLICATED, PROGRAMS, REFINED
from jobs.execute import execute
from tests.jobs.frames import rows_of
from udfs.programs.refining import ExecuteSettings, Written, refine
from udfs.text.edits import Edit, apply

pytestmark = pytest.mark.spark

TEXT = "Menu\n" + "\n".join(f"Line {n} of a text with more than ten words altogether." for n in range(6))
# (document, level, chunk, first line, last line, program, score)
WRITTEN = [
    (0, "document", 0, 0, 6, "keep_doc()", 0.9),
    (0, "chunk", 1, 3, 6, "remove_lines(start=4, end=5)", None),
    (0, "chunk", 0, 0, 2, "remove_lines(0, 0)\nremove_lines(5, 5)", None),
    (1, "document", 0, 0, 6, "drop_doc()", 0.4),
    (2, "document", 0, 0, 6, "", None),
    (3, "chunk", 0, 0, 6, 'normalize(source_str="Menu", target_str="")', None),
]


def frames(spark: SparkSession, partitions: int = 2) -> tuple[DataFrame, DataFrame]:
    documents = rows_of(DEDUPLICATED, spark.range(6), doc_id="id", offset="id", text=f"'{TEXT}'", keep="id < 5")
    columns = "offset INT, level STRING, chunk INT, first_line INT, last_line INT, program STRING, score DOUBLE"
    whole = {"start": "0", "end": str(2**31 - 1)}
    programs = rows_of(PROGRAMS, spark.createDataFrame(WRITTEN, columns), doc_id="offset", **whole)
    return programs.repartition(partitions), documents.repartition(partitions)


@pytest.mark.parametrize("partitions", [1, 2, 7])
@pytest.mark.parametrize("settings", [ExecuteSettings(), ExecuteSettings(mode="compat"), ExecuteSettings(dry_run=True)])
def test_each_document_becomes_what_the_definition_makes_of_it(
    spark: SparkSession, partitions: int, settings: ExecuteSettings
) -> None:
    found = execute(*frames(spark, partitions), settings).orderBy("offset").collect()
    assert [row.offset for row in found] == [0, 1, 2, 3, 4]
    for row in found:
        own = sorted((one for one in WRITTEN if one[0] == row.offset), key=lambda one: (one[1], one[2]))
        expected = refine(TEXT, [Written(one[1], *one[3:]) for one in own], settings)
        assert (row.keep, row.reason) == (expected.keep, expected.reason)
        assert row.text == (expected.text if expected.keep else None)
        edits = [Edit(*edit) for edit in row.edits]
        assert tuple(edits) == expected.edits
        if row.keep and not settings.dry_run:
            assert row.text == apply(TEXT, edits)
        assert row.operations == expected.operations
        assert row.rejected_calls == expected.rejected_calls
        assert (row.words, row.words_removed, row.programs) == (
            expected.words,
            expected.words_removed,
            expected.programs,
        )


def test_what_the_programs_say_is_done(spark: SparkSession) -> None:
    rows = execute(*frames(spark), ExecuteSettings()).orderBy("offset").collect()
    lines = TEXT.split("\n")
    assert rows[0].text == "\n".join([*lines[1:4], lines[6]])
    assert (rows[0].operations, rows[0].rejected_calls) == (
        {"keep_doc": 1, "remove_lines": 2},
        {"line_out_of_range": 1},
    )
    assert [(row.keep, row.reason) for row in rows] == [
        (True, None),
        (False, "drop_document"),
        (True, None),
        (True, None),
        (True, None),
    ]
    assert (rows[2].text, rows[4].text) == (TEXT, TEXT)
    assert rows[3].text == TEXT.removeprefix("Menu")


def test_without_programs_all_texts_go_on(spark: SparkSession) -> None:
    programs, documents = frames(spark)
    rows = execute(programs.limit(0), documents, ExecuteSettings()).collect()
    assert [row.text for row in rows] == [TEXT] * 5
    assert rows[0].asDict().keys() == set(REFINED.column_names)
