"""The published executor: golden vectors of ../shared/reference/prox.md §1.7, its recorded results on 4,000 random
programs (../shared/data/expected) and on 400 of our own (tests/data, by tests/make_prox_vectors.py)."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.programs.compat import Compat, CompatSettings, Outcome, drops, edits, execute, merged
from udfs.text.edits import apply

T = "\n".join(f"L{i} a b c d" for i in range(6))
OWN = Path(__file__).parents[1] / "data/prox_programs.jsonl"


def lines(*numbers: int) -> str:
    return "\n".join(f"L{i} a b c d" for i in numbers)


def run(program: str, text: str = T, **limits: float) -> Compat:
    """The result; its edits make its text."""
    result = execute(text, program, CompatSettings.model_validate(limits))
    assert apply(text, edits(text, result)) == (result.text if result.keep else text)
    return result


@pytest.mark.parametrize(
    ("program", "errors", "left"),
    [
        ("remove_lines(start=0, end=1)", 0, lines(2, 3, 4, 5)),
        ("remove_lines(line_start=1, line_end=1)", 0, lines(0, 2, 3, 4, 5)),
        ("remove_lines(0, 1)", 1, T),
        ("remove_lines(3)", 1, T),
        ("remove_lines(start=3)", 1, T),
        ("remove_lines(start=4, end=9)", 1, lines(0, 1, 2, 3)),
        ("remove_lines(start=9, end=9)", 1, T),
        ("remove_lines(start=5, end=2)", 0, T),
        ("remove_lines(start=9, end=12)\nremove_lines(start=9, end=5)", 1, T),
        ("remove_lines(start=9, end=5)\nremove_lines(start=9, end=12)", 2, T),
        ("remove_lines(end=1, start=0)", 0, T),
        ("remove_lines(start=0, end=12", 1, lines(2, 3, 4, 5)),
        ("remove_lines(start=2, end", 2, T),
        ("remove_lines(start=0, end=0)\nremove_lines(start=2, end", 2, T),
        ("remove_lines(all=True)", 0, ""),
        ("remove_lines(start=0, end=0)\nremove_lines(1)\nremove_lines(2)", 2, T),
        ("remove_lines(start=0, end=3)", 0, ""),
        ("\tremove_lines(start=0, end=1)", 0, T),
        ("untouch_doc()\n  remove_lines(start=0, end=1)", 0, T),
        ('normalize(source_str="a b", target_str="Z")', 0, T.replace("a b", "Z")),
        ('normalize(source_str="a b")', 0, T.replace("a b", "")),
        ('normalize(source_str="a, b", target_str="")', 0, T),
        ('normalize(source_str="L0 a", target_str="x=y")', 0, T.replace("L0 a", "x")),
        ('normalize(source_str=" ", target_str="")', 0, T),
        ('normalize(source_str=" ")', 0, ""),
        ('normalize(source_str="nowhere")', 0, T),
        ("untouch_doc()", 0, T),
        ("keep_chunk()", 0, T),
        ("drop_doc()", 0, T),
        ("", 0, T),
        ('normalize("a", "b")', 1, T),
    ],
)
def test_golden_vectors(program: str, errors: int, left: str) -> None:
    result = run(program)
    assert (result.errors, result.text) == (errors, left)


def test_golden_vectors_of_a_long_page() -> None:
    page = "\n".join("one two three four five six seven eight nine ten" for _ in range(100))
    assert len(run("remove_lines(start=0, end=93)", page).text.split()) == 60
    assert run("remove_lines(start=0, end=94)", page)[:2] == ("", Outcome.LITTLE_LEFT)
    voided = run("remove_lines(start=0, end=94)\nremove_lines(1)\nremove_lines(2)", page)
    assert voided[:3] == (page, Outcome.VOIDED, 2)


@pytest.mark.parametrize("text", ["", " \n\t"])
def test_a_text_without_words_has_an_outcome_where_the_published_code_divides_by_zero(text: str) -> None:
    assert run("remove_lines(start=0, end=0)", text)[:2] == (text, Outcome.NO_WORDS)


def test_thresholds_are_settings() -> None:
    program = "remove_lines(start=0, end=2)"
    assert run(program).outcome is Outcome.PROCESSED
    assert run(program, threshold_1=0.6)[:2] == (T, Outcome.VOIDED)
    assert run(program, threshold_2=0.5)[:2] == ("", Outcome.LITTLE_LEFT)
    assert run("remove_lines(1)\nremove_lines(2)\n" + program, error_op=3).text == lines(3, 4, 5)


def test_a_huge_range_costs_nothing() -> None:
    begin = time.perf_counter()
    assert run("remove_lines(start=2, end=1000000000000)").outcome is Outcome.TOO_SHORT
    assert run("remove_lines(start=-1000000000000, end=0)").text == lines(1, 2, 3, 4, 5)
    assert time.perf_counter() - begin < 0.1


def test_replacements_that_grow_without_end_are_given_up() -> None:
    result = run("\n".join(['normalize(source_str="a", target_str="aa")'] * 100))
    assert result[:2] == (T, Outcome.TOO_LONG)
    assert run('normalize(source_str="a", target_str="aa")').text == T.replace("a", "aa")


def test_the_programs_of_chunks_are_one() -> None:
    assert (
        merged([" keep_chunk() ", "remove_lines(start=1, end=1)\n"]) == "keep_chunk()\nremove_lines(start=1, end=1)\n"
    )


@pytest.mark.parametrize(
    ("output", "dropped"),
    [
        ("drop_doc()", True),
        ("keep_doc() # do not drop", True),
        ("DROP_DOC()", False),
        ("keep_doc()", False),
        ("", False),
    ],
)
def test_the_word_drop_drops_a_document(output: str, dropped: bool) -> None:
    assert drops(output) is dropped


def own_vectors() -> Iterator[tuple[str, str, str, int]]:
    first, *rows = map(json.loads, OWN.read_text("utf-8").split("\n")[:-1])
    for row in rows:
        text = first["texts"][row["text"]]
        yield text, row["program"], text if row["result"] is None else row["result"], row["errors"]


def test_programs_of_our_own_have_the_recorded_results() -> None:
    vectors = list(own_vectors())
    assert len(vectors) == 400
    for text, program, left, errors in vectors:
        result = run(program, text)
        assert (result.text, result.errors) == (left, errors), program


def test_random_programs_on_real_texts_have_the_recorded_results(data: Path) -> None:
    with pa.input_stream(str(data / "expected/prox_compat.jsonl.zst"), compression="zstd") as stream:
        rows = [json.loads(row) for row in stream.read().decode().split("\n") if row]
    assert len(rows) == 4000
    for row in rows:
        assert run(row["program"], row["text"]).text == row["result"], row["program"]


@given(st.text(max_size=40), st.text('remov_lins(talTu=,)0-9"\n ', max_size=60))
def test_no_text_and_no_program_raises(text: str, program: str) -> None:
    run(program, text)
    run(f'normalize({program}\nremove_lines("=0{program}', text)
