"""Lengths, what cuts took, and phrases on a page: vectors of DCLM's own tests and of shared/reference/dclm.md 10.

That the compiled twins equal the definitions is in test_quality.py, with those of the other numbers of one pass."""

from math import inf
from typing import Any

import pytest

from udfs.text.kernels.measures import lengths as compiled
from udfs.text.measures import MEASURES, lengths, phrases
from udfs.text.page import Page


def measured(measure: str, text: str, **arguments: Any) -> float | None:
    return MEASURES[measure](Page(text), **arguments)


def test_lengths() -> None:
    text = "é one\n\n \ntwo\n\n\n\nthree\x0cfour\n"
    assert measured("character_count", text) == 27
    assert measured("line_count", text) == 3
    assert measured("paragraph_count", text) == 3
    assert measured("longest_line_length", text) == 5
    assert measured("mean_line_length", text) == 18 / 9
    assert measured("mean_line_length", "a" * 200 + "\n") == 200
    assert measured("alphanumeric_ratio", "ab c\n3!") == 4 / 7


def test_lengths_of_an_empty_page_reject_it_as_published() -> None:
    assert [measured(name, "") for name in ("longest_line_length", "mean_line_length")] == [inf, inf]
    assert [measured(name, "") for name in ("alphanumeric_ratio", "line_count", "paragraph_count")] == [0, 0, 0]


@pytest.mark.parametrize(
    ("before", "text", "ratio"),
    [
        (100, "word\n" * 95, 0.05),
        (100, "word\n" * 94, 0.06),
        (6, "word 1\nword 2\nword 3", 0.0),
        (6, "word 1\nword 2", 2 / 6),
        (12, " Line 1\nLine 2!!!\t    \n\n\nLine  ????    3\t", 0.5),
        (0, "", 1.0),
        (100, "", 1.0),
        (1, "a b", -1.0),
        (None, "a", None),
    ],
)
def test_removed_words(before: float | None, text: str, ratio: float | None) -> None:
    """DCLM's own vectors; of 100 words 5 may go and 6 may not."""
    page = Page(text)
    page.past = {"first": before} if before is not None else {}
    for measure in (lengths.removed_words_ratio, compiled.removed_words_ratio):
        found = measure(page, since="first")
        assert found == ratio
        assert found is None or (found > 0.05) == (ratio is not None and ratio > 0.05)


@pytest.mark.parametrize(
    ("arguments", "count"),
    [
        ({"phrases": ["javascript"]}, 1),
        ({"phrases": ["{", "python"]}, 0),
        ({"phrases": ["warning", "be "]}, 2),
        ({"phrases": ["javascript"], "location": "prefix"}, 0),
        ({"phrases": ["javascript"], "location": "suffix"}, 0),
        ({"phrases": ["WARNING"], "location": "prefix"}, 1),
        ({"phrases": ["enabled"], "location": "suffix"}, 1),
        ({"phrases": ["javascript"], "case_sensitive": True}, 0),
        ({"phrases": ["Javascript"], "case_sensitive": True}, 1),
        ({"phrases": ["java"], "whole_words": True}, 0),
        ({"phrases": ["javascript"], "whole_words": True}, 1),
        ({"phrases": ["warn"], "location": "prefix", "whole_words": True}, 0),
        ({"phrases": ["abled"], "location": "suffix", "whole_words": True}, 0),
        ({"phrases": ["j.v.script"]}, 0),
        ({"phrases": ["j.v.script"], "faithful": True}, 1),
    ],
)
def test_phrases(arguments: dict[str, Any], count: int) -> None:
    """DCLM's own vectors, and a phrase that is not a regular expression."""
    assert measured("phrase_count", "warning: Javascript should be enabled", **arguments) == count


@pytest.mark.parametrize("bad", [[], [""], ["a", ""], ["("]])
def test_phrases_that_cannot_be(bad: list[str]) -> None:
    with pytest.raises(ValueError, match="phrases"):
        phrases.phrase_count(Page("text"), bad, faithful=True)
