"""Programs from gold text: the recipe on cases worked out by hand, and on real pages."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from resiliparse.extract.html2text import extract_plain_text

from udfs.programs.labels import chunk_program, document_program, keep_labels, whole_program
from udfs.programs.operations import RemoveLines
from udfs.programs.parsing import parse

GOLD = "The quick brown fox jumps over the lazy dog.\nTwo words\nAnd a last line of the text"


@pytest.mark.parametrize(
    ("line", "keep"),
    [
        ("The quick brown fox jumps over the lazy dog.", True),
        ("THE QUICK, BROWN FOX!", True),
        ("quick brown fox jumps away", True),  # 3 of 4 bigrams
        ("quick brown fox away", False),  # 2 of 3
        ("dog. Two words", True),  # bigrams of the gold text go over its line ends
        ("Home News Sport Contact", False),
        ("two words", True),  # a whole line of it
        ("words", False),  # in it, but no whole line
        ("lazy dog", False),
    ],
)
def test_a_line_stays_with_three_quarters_of_its_bigrams_or_as_a_whole_line(line: str, keep: bool) -> None:
    assert keep_labels([line], GOLD) == [keep]


def test_scripts_without_spaces_have_bigrams_of_characters() -> None:
    assert keep_labels(["我们今天去公园", "首页 新闻 体育"], "昨天,我们今天去公园散步。") == [True, False]


def test_indic_words_are_whole() -> None:
    assert keep_labels(["हिन्दी भाषा", "हिन्दी"], "हिन्दी भाषा") == [True, False]


def test_lines_without_words_go_with_their_neighbours() -> None:
    kept, gone = "Two words", "Home News Sport"
    lines = ["", gone, "---", gone, "", kept, "", kept, "* * *"]
    assert keep_labels(lines, GOLD) == [False, False, False, False, True, True, True, True, True]
    assert keep_labels(["", "--"], GOLD) == [False, False]
    assert keep_labels([], GOLD) == []


def test_programs() -> None:
    keep = [False, False, True, False, True, True]
    assert whole_program(keep) == "remove_lines(start=0, end=1)\nremove_lines(start=3, end=3)"
    assert chunk_program(keep, 1, 3) == "remove_lines(start=1, end=1)\nremove_lines(start=3, end=3)"
    assert chunk_program(keep, 4, 5) == "keep_chunk()"
    assert (document_program(keep), document_program([False] * 3)) == ("keep_doc()", "drop_doc()")
    assert whole_program([False] * 3) == "drop_doc()"
    assert whole_program([]) == "drop_doc()"


@given(st.lists(st.booleans(), max_size=30), st.integers(0, 29), st.integers(0, 29))
def test_a_chunks_program_names_what_goes_in_it_and_nothing_else(keep: list[bool], one: int, other: int) -> None:
    first, last = min(one, other), min(max(one, other), len(keep) - 1)
    removed = removed_lines(chunk_program(keep, first, last)) if keep else []
    assert removed == [number for number in range(first, last + 1) if not keep[number]]


def removed_lines(program: str) -> list[int]:
    calls = [call for call in parse(program) if isinstance(call, RemoveLines)]
    return [number for call in calls for number in range(call.first, call.last + 1)]


def test_on_real_pages_the_share_of_kept_lines_is_the_measured_one(data: Path) -> None:
    # The README of the data says 30 % over all sources, kept-back pages among them.
    kept = total = 0
    for source in ("scrapinghub", "cleaneval", "magic_html", "daniel"):
        for page in rows(data / f"main_content/{source}.parquet", 30):
            lines = str(extract_plain_text(page["html"], main_content=False, list_bullets=False)).split("\n")
            labels = keep_labels(lines, page["gold_text"])
            kept, total = kept + sum(labels), total + len(labels)
    assert total > 3000
    assert 0.2 < kept / total < 0.45


def rows(path: Path, count: int) -> Sequence[dict[str, str]]:
    found = pq.read_table(path, columns=["html", "gold_text", "gold_coverage"]).to_pylist()
    return [row for row in found if row["gold_text"] and row["gold_coverage"] >= 0.8][:count]
