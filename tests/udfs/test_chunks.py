"""Chunks: numbering, windows, over-long lines, and that no character is lost."""

import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.udfs.texts import any_text
from udfs.programs.chunks import (
    CHARACTERS_PER_UNIT,
    Chunk,
    ChunkSettings,
    chunks,
    measure_of,
    merged_program,
    numbered,
    stitched,
    token_costs,
    word_costs,
)

WORDS = ChunkSettings(window=50, unit="words")
SPLIT = ChunkSettings(window=50, unit="words", long_lines="split")


def published(text: str, costs: list[int], window: int) -> list[str]:
    """The published packing as its description says: lines go on the open chunk while they fit; one that does not
    opens the next, and one that is over the window alone is a chunk of its own."""
    packed: list[list[str]] = []
    room = -1
    for number, (line, cost) in enumerate(zip(text.split("\n"), costs, strict=True)):
        if cost <= room:
            packed[-1].append(f"[{number:03d}]{line}")
            room -= cost
        else:
            packed.append([f"[{number:03d}]{line}"])
            room = window - cost  # negative behind an over-long line, so that the next one opens a chunk
    return ["\n".join(chunk) for chunk in packed]


def shown(text: str, found: list[Chunk]) -> list[str]:
    return [numbered(text[one.start : one.end], one.first_line) for one in found if not one.skipped]


def prefixed(text: str) -> list[str]:
    return numbered(text, 0).split("\n")


def test_numbers_count_the_document_and_have_three_digits_or_four() -> None:
    text = "\n".join(f"line {number}" for number in range(1100))
    found = chunks(text, word_costs, ChunkSettings(window=90, unit="words"))
    assert [(one.number, one.first_line, one.last_line) for one in found[:2]] == [(0, 0, 44), (1, 45, 89)]
    assert shown(text, found)[1].startswith("[045]line 45\n[046]line 46\n")
    assert "\n[999]line 999\n[1000]line 1000\n" in "\n".join(shown(text, found))


@pytest.mark.parametrize("line", ["", " x", "a\rb\r", "a\u2028b", "a\vb\fc", "[004]a", "\t[/doc]"])
def test_only_a_newline_ends_a_line_and_nothing_stands_between_number_and_line(line: str) -> None:
    assert numbered(f"{line}\n{line}", 7) == f"[007]{line}\n[008]{line}"


def test_no_text_no_chunk_and_an_empty_line_is_one() -> None:
    assert chunks("", word_costs, WORDS) == []
    assert chunks("\n", word_costs, WORDS) == [Chunk(0, 0, 1, 0, 1)]


settings_of_any_kind = st.builds(
    ChunkSettings,
    window=st.integers(50, 60),
    unit=st.just("words"),
    long_lines=st.sampled_from(["skip", "split", "compat"]),
    chunks_max=st.integers(1, 6),
)
long_text = st.lists(st.one_of(any_text, st.integers(1, 120).map(lambda n: "w " * n)), max_size=8).map("\n".join)


@given(long_text, settings_of_any_kind)
def test_the_chunks_cover_the_text_from_end_to_end(text: str, settings: ChunkSettings) -> None:
    found = chunks(text, word_costs, settings)
    parts = [text[one.start : one.end] for one in found]
    assert stitched(found, parts) == text
    assert [one.number for one in found] == list(range(len(found)))
    assert not text or (found[0].start, found[-1].end) == (0, len(text))
    for before, after in pairwise(found):
        between = text[before.end : after.start]
        assert between == ("" if after.first_line == before.last_line else "\n")
    for one in found:
        assert one.first_line == text[: one.start].count("\n")
        assert one.last_line == text[: one.end].count("\n")


@given(long_text, settings_of_any_kind)
def test_what_is_shown_fits_the_window_but_in_compat(text: str, settings: ChunkSettings) -> None:
    found = chunks(text, word_costs, settings)
    assert sum(not one.skipped for one in found) <= settings.chunks_max
    for one, body in zip((one for one in found if not one.skipped), shown(text, found), strict=True):
        assert sum(word_costs(body.split("\n"))) <= settings.window or (
            settings.long_lines == "compat" and one.first_line == one.last_line
        )


@given(long_text)
def test_compat_packs_as_published(text: str) -> None:
    settings = ChunkSettings(window=50, unit="words", long_lines="compat")
    found = shown(text, chunks(text, word_costs, settings))
    assert found == (published(text, word_costs(prefixed(text)), 50) if text else [])


def test_with_the_models_tokenizer_the_boundaries_are_the_published_ones(llama2: Any, data: Path) -> None:
    texts = pq.read_table(data / "web_text/samples.parquet", columns=["text"])["text"].to_pylist()[:60]
    compared = 0
    for text in (one for one in texts if "<s>" not in one and "</s>" not in one):
        # The published cost: the line's ids as the tokenizer gives them by default, the token <s> among them.
        costs = [len(llama2.encode(line).ids) for line in prefixed(text)]
        for window in (60, 1500):
            settings = ChunkSettings(window=window, long_lines="compat")
            found = shown(text, chunks(text, measure_of(settings, llama2), settings))
            assert found == published(text, costs, window)
            compared += len(found)
    assert compared > 1000


def test_an_over_long_line_is_skipped_with_its_reason() -> None:
    text = "a b\n" + "w " * 60 + "\nc d"
    found = chunks(text, word_costs, WORDS)
    assert [(one.first_line, one.skipped) for one in found] == [(0, ""), (1, "long_line"), (2, "")]


def test_an_over_long_line_is_split_at_blanks_into_pieces_that_fit() -> None:
    line = "".join("letters"[: number % 7 + 1] + " " for number in range(175))
    text = f"a b\n{line}\nc d"
    found = chunks(text, word_costs, SPLIT)
    pieces = [text[one.start : one.end] for one in found if one.first_line == 1]
    assert "".join(pieces) == line
    assert all(piece.endswith(" ") for piece in pieces)
    assert 3 < len(pieces) < 8  # nearly full
    assert shown(text, found)[1].startswith("[001]l le let ")


def test_a_line_without_a_blank_is_split_too(llama2: Any) -> None:
    settings = ChunkSettings(window=50, long_lines="split")
    text = "x" * 3200 + "\n" + "😀" * 300 + "\n漢字" * 3
    found = chunks(text, token_costs(llama2), settings)
    assert stitched(found, [text[one.start : one.end] for one in found]) == text
    assert all(len(llama2.encode(body).ids) <= 52 for body in shown(text, found))


def test_a_word_of_millions_of_letters_is_over_long_whatever_it_costs() -> None:
    text = "x" * (50 * CHARACTERS_PER_UNIT + 1)
    assert chunks(text, word_costs, WORDS)[0].skipped == "long_line"
    pieces = chunks(text, word_costs, SPLIT)
    assert len(pieces) == 2


def test_after_the_last_chunk_that_may_be_shown_the_rest_is_one_that_is_not() -> None:
    text = "\n".join(["w " * 30] * 9)
    found = chunks(text, word_costs, ChunkSettings(window=50, unit="words", chunks_max=3))
    assert found[3:] == [Chunk(3, 3, 8, found[2].end + 1, len(text), "many_chunks")]


def test_a_line_that_is_not_shown_is_none_of_the_chunks_that_may_be() -> None:
    found = chunks("a\n" + "w " * 60 + "\nb", word_costs, ChunkSettings(window=50, unit="words", chunks_max=2))
    assert [one.skipped for one in found] == ["", "long_line", ""]


def test_scripts_without_spaces_count_characters() -> None:
    assert word_costs(["two words", "[000]", "", "漢字かな", "ภาษา ab", "한국어 낱말"]) == [2, 1, 0, 4, 5, 2]


def test_lone_surrogates_are_measured_and_kept(llama2: Any) -> None:
    text = "a\ud800b\nc"
    assert chunks(text, token_costs(llama2), ChunkSettings()) == [Chunk(0, 0, 1, 0, 5)]


def test_tokens_want_a_tokenizer_and_stitching_a_part_for_each_chunk() -> None:
    with pytest.raises(ValueError, match=r"found no tokenizer.*unit: words"):
        measure_of(ChunkSettings(), None)
    with pytest.raises(ValueError, match="found 0 parts for 1 chunks"):
        stitched(chunks("a", word_costs, WORDS), [])


def test_programs_are_merged_as_published() -> None:
    assert merged_program([" keep_chunk() ", "\tremove_lines(0, 1)\n", ""]) == "keep_chunk()\n\tremove_lines(0, 1)\n\n"


@pytest.mark.parametrize(
    "text",
    ["\n".join(["word " * 19 + "end"] * 100_000), "\n" * 1_000_000, "word " * 2_000_000, "x" * 10_000_000],
    ids=["lines", "empty lines", "one line", "one word"],
)
def test_ten_megabytes_take_seconds(text: str) -> None:
    began = time.monotonic()
    found = chunks(text, word_costs, ChunkSettings(unit="words", long_lines="split", chunks_max=10**6))
    assert (found[0].start, found[-1].end) == (0, len(text))
    assert time.monotonic() - began < 60
