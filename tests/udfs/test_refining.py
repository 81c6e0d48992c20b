"""What becomes of a document by its programs: strict, as published, dry, and by score."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.programs import compat
from udfs.programs.effects import ExecutionSettings, Part
from udfs.programs.execution import DropReason, execute
from udfs.programs.lengths import words
from udfs.programs.operations import CallReason
from udfs.programs.parsing import parse
from udfs.programs.refining import ExecuteSettings, Refined, Written, refine
from udfs.text.edits import apply

TEXT = "Home | About | Contact\n" + "\n".join(f"Line {number} has seven words in it." for number in range(4))
CUT = Written("chunk", 0, 4, "remove_lines(start=0, end=0)")
KEEP, DROP = Written("document", 0, 4, "keep_doc()", 0.9), Written("document", 0, 4, "drop_doc()", 0.6)


def refined(*written: Written, **changes: Any) -> Refined:
    return refine(TEXT, written, ExecuteSettings(**changes))


def test_programs_of_document_and_chunks_count_together() -> None:
    found = refined(KEEP, CUT)
    assert (found.keep, found.reason) == (True, None)
    assert found.text == TEXT.split("\n", 1)[1] == apply(TEXT, found.edits)
    assert found.operations == {"keep_doc": 1, "remove_lines": 1}
    assert (found.programs, found.words, found.words_removed) == (2, words(TEXT), 5)


def test_a_dropped_document_is_rejected_with_its_text_as_it_was() -> None:
    found = refined(DROP, CUT)
    assert (found.keep, found.reason, found.text) == (False, DropReason.DROP_DOCUMENT, TEXT)


@pytest.mark.parametrize(("score", "keep"), [(0.6, False), (0.61, True)])
def test_a_drop_below_the_threshold_does_not_count(score: float, keep: bool) -> None:
    found = refined(DROP, min_drop_score=score)
    assert found.keep is keep
    assert found.rejected_calls == ({CallReason.UNSURE: 1} if keep else {})
    assert found.errors == 0


def test_a_drop_without_a_score_counts_whatever_the_threshold() -> None:
    assert not refined(DROP._replace(score=None), min_drop_score=1.0).keep


@pytest.mark.parametrize(("levels", "keep", "changed"), [("document", False, False), ("chunk", True, True)])
def test_one_level_alone(levels: Any, keep: bool, changed: bool) -> None:
    found = refined(DROP, CUT, levels=levels)
    assert (found.keep, found.text != TEXT, found.programs) == (keep, changed, 1)


def test_a_dry_run_keeps_everything_and_says_what_it_would_do() -> None:
    wet, dry = refined(KEEP, CUT), refined(KEEP, CUT, dry_run=True)
    assert dry == wet._replace(text=TEXT)
    dropped = refined(DROP, dry_run=True)
    assert (dropped.keep, dropped.reason, dropped.operations) == (True, None, {"drop_doc": 1})


def test_without_programs_a_text_goes_on_as_it_is() -> None:
    assert refined() == Refined(True, None, TEXT, (), 0, {}, {}, 0, 0, 0, words(TEXT), 0)
    assert refined(Written("document", 0, 0, "")) == refined()


def test_compat_reads_as_published() -> None:
    # The string holds a comma, so the published code sees three arguments and does nothing; strict reads it.
    tricky = Written("chunk", 0, 4, 'normalize(source_str="Home | About", target_str="a, b")')
    assert refined(tricky).text != TEXT
    assert refined(tricky, mode="compat").text == TEXT
    found = refined(KEEP, CUT, mode="compat")
    assert (found.text, found.operations) == (TEXT.split("\n", 1)[1], {"remove_lines": 1})
    assert apply(TEXT, found.edits) == found.text
    assert refined(DROP, CUT, mode="compat").reason == DropReason.DROP_DOCUMENT
    assert refined(Written("chunk", 0, 4, "remove_lines(0=0, 9=3)"), mode="compat").reason == "too_short"


PROGRAMS = st.sampled_from(
    ["remove_lines(0, 1)", "remove_lines(3, 9)", 'normalize("Line", "line")', "drop_doc()", "keep_doc()", "oh no(", ""]
)
LEVELS, SCORES = st.sampled_from(["document", "chunk"]), st.none() | st.floats(0, 1)
WRITTEN = st.lists(st.tuples(LEVELS, PROGRAMS, SCORES).map(lambda one: Written(one[0], 0, 4, *one[1:])))


@given(WRITTEN)
def test_strict_is_execution_of_the_parsed_programs(written: list[Written]) -> None:
    found = refine(TEXT, written, ExecuteSettings())
    parts = [Part(parse(one.program), one.level, one.first_line, one.last_line) for one in written if one.program]
    expected = execute(TEXT, parts, ExecutionSettings())
    assert (found.keep, found.reason, found.text, found.edits) == expected[:4]
    assert (found.operations, found.rejected_calls) == (expected.report.operations, expected.report.rejected)


@given(WRITTEN)
def test_compat_is_the_published_executor_on_the_merged_program(written: list[Written]) -> None:
    found = refine(TEXT, written, ExecuteSettings(mode="compat"))
    if any(one.level == "document" and compat.drops(one.program) for one in written):
        assert found.reason == DropReason.DROP_DOCUMENT
        return
    program = compat.merged(one.program for one in written if one.level == "chunk" and one.program)
    expected = compat.execute(TEXT, program, compat.CompatSettings())
    assert found.keep == expected.keep
    if expected.keep:
        assert found.text == expected.text == apply(TEXT, found.edits)


LONG = "first line\n" + "".join(f"word{number} " for number in range(40)) + "end.\nlast line of the text"


def pieces(*removed: int) -> Refined:
    """The long line as five pieces, each a chunk of its own; those in `removed` say that the line goes."""
    start, end = LONG.index("\n") + 1, LONG.rindex("\n")
    ends = [start + (end - start) * number // 5 for number in range(6)]
    written = [
        Written("chunk", 1, 1, "remove_lines(1, 1)" if number in removed else "keep_chunk()", None, *ends[number:][:2])
        for number in range(5)
    ]
    return refine(LONG, written, ExecuteSettings())


def test_a_program_about_a_piece_of_a_line_reaches_that_piece_alone() -> None:
    start, end = LONG.index("\n") + 1, LONG.rindex("\n")
    piece = (end - start) / 5
    assert pieces().text == LONG
    assert pieces(0).text == LONG[:start] + LONG[int(start + piece) :]
    assert len(pieces(1, 2).edits) == 1
    assert len(pieces(1, 3).edits) == 2
    assert (
        pieces(1, 3).text
        == LONG[: int(start + piece)]
        + LONG[int(start + 2 * piece) : int(start + 3 * piece)]
        + (LONG[int(start + 4 * piece) :])
    )


def test_of_a_line_whose_pieces_all_go_an_empty_one_is_left() -> None:
    found = refine(LONG, [], ExecuteSettings())
    assert found.text == LONG
    assert execute_all().text == "first line\n\nlast line of the text"


def execute_all() -> Refined:
    guard_free = ExecuteSettings(strict=ExecutionSettings(min_words=0, min_kept_ratio=0.0))
    start, end = LONG.index("\n") + 1, LONG.rindex("\n")
    middle = (start + end) // 2
    said = "remove_lines(1, 1)"
    written = [Written("chunk", 1, 1, said, None, start, middle), Written("chunk", 1, 1, said, None, middle, end)]
    return refine(LONG, written, guard_free)


def test_a_string_is_replaced_in_its_piece_alone() -> None:
    start = LONG.index("word3 ")
    said = Written("chunk", 1, 1, 'normalize("word3", "")', None, start, start + 20)
    assert refine(LONG, [said], ExecuteSettings()).text == LONG.replace("word3 ", " ", 1)
    elsewhere = said._replace(start=start + 6)
    assert "word3 " in refine(LONG, [elsewhere], ExecuteSettings()).text
