"""Kernel = definition: every compiled measure and cut gives what its definition gives, with the arguments it has in the
shipped recipes, on all real texts and on any text at all."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.udfs.texts import any_text, real_texts
from udfs.text import kernels
from udfs.text.cuts import CUTS
from udfs.text.edits import Edit, apply
from udfs.text.kernels.characters import code_point_offsets
from udfs.text.measures import MEASURES
from udfs.text.page import Page
from udfs.text.recipes import names
from udfs.text.rules import Cut
from udfs.text.screening import ScreenSettings

# The same function runs on both sides.
WITHOUT_TWIN = {
    "language_score": "asks the model, which is compiled",
    "language_probability": "asks the model, which is compiled",
    "sentence_language_probability": "asks the model, which is compiled",
    "fasttext_probability": "asks fastText's own library",
    "phrase_count": "a search by a regular expression, which is compiled",
    "sample_position": "a hash of the whole text",
    "sentence_count": "in no shipped recipe but c4_dclm, where most pages do not come so far",
}
LISTS = (
    "refinedweb_banned_domains_curated.txt",
    "refinedweb_banned_words_strict_reverse_engineered.txt",
    "refinedweb_banned_words_hard_reverse_engineered.txt",
    "refinedweb_banned_words_soft_reverse_engineered.txt",
    "ldnoobw.txt",
)
URL = "http://www.Bad-Words.example.com/a_casino/poker?x=1"

# Arguments of those that no shipped recipe names.
ENTRIES = ["river", "the", "bad words", "casino", "example.com/a_casino", "川"]
ARGUMENTS = {
    **{name: {"words": ENTRIES} for name in ("listed_domain", "listed_url", "listed_url_words", "listed_words")},
    "listed_strings": {"words": ENTRIES, "whole_words": True},
    "removed_words_ratio": {"since": "no_such_step"},
    "phrase_lines": {"phrases": ENTRIES},
    "mentioning_lines": {"phrases": ENTRIES},
}

Case = tuple[str, dict[str, Any]]  # name and arguments


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Case], list[Case]]:
    """The measures and the cuts of all shipped recipes, as published and corrected."""
    folder = tmp_path_factory.mktemp("lists")
    for name in LISTS:
        (folder / name).write_text("example.com\npoker\ncasino\nbad words\nthe river\n")
    found: dict[str, tuple[str, bool, dict[str, Any]]] = {}
    for recipe in ({}, *({"recipe": name} for name in names())):
        for mode in ("corrected", "faithful"):
            rules = ScreenSettings.model_validate({"lists": str(folder), "mode": mode, **recipe}).rules
            for step in rules.values():
                name = step.edit if isinstance(step, Cut) else step.measure
                found[name + json.dumps(step.arguments)] = (name, isinstance(step, Cut), step.arguments)
    known = {name for name, _, _ in found.values()}
    for name in ({*MEASURES, *CUTS} - known) | set(ARGUMENTS):
        found[f"{name} here"] = (name, name in CUTS, ARGUMENTS.get(name, {}))
    cases = [case for case in found.values() if case[0] not in WITHOUT_TWIN]
    measures, cuts = ([(name, args) for name, is_cut, args in cases if is_cut is side] for side in (False, True))
    return measures, cuts


def page_of(text: str) -> Page:
    """A page as the stage makes it, with its bytes read-only as in an Arrow buffer."""
    page = Page(np.frombuffer(text.encode(), np.uint8), (), url=URL)
    page.text = text
    return page


def differences(text: str, cases: tuple[list[Case], list[Case]]) -> Iterator[str]:
    """What the twins and the definitions say differently of a text."""
    page, twin_page = page_of(text), page_of(text)
    measures, cuts = kernels.compiled_measures(), kernels.compiled_cuts()
    for name, arguments in cases[0]:
        expected, found = MEASURES[name](page, **arguments), measures[name](twin_page, **arguments)
        if expected != found:
            yield f"{name} {arguments}: {found}, expected {expected}"
    for name, arguments in cases[1]:
        expected_edits = list(CUTS[name](page, **arguments))
        spans = cuts[name](twin_page, **arguments)
        starts, ends = (code_point_offsets(twin_page.utf8, np.asarray(side, np.int64)) for side in spans[:2])
        written = [one.decode() for one in spans.replacements] or [""] * len(starts)
        found_edits = list(zip(starts.tolist(), ends.tolist(), written, strict=True))
        if expected_edits != found_edits:
            yield f"{name} {arguments}: {found_edits[:3]}, expected {expected_edits[:3]}"
        else:
            apply(text, [Edit(*edit, name) for edit in expected_edits])  # sorted and apart, or it raises


def test_every_measure_and_cut_has_a_twin_or_a_reason_to_have_none() -> None:
    assert set(MEASURES) - set(kernels.compiled_measures()) == set(WITHOUT_TWIN)
    assert set(CUTS) == set(kernels.compiled_cuts())
    assert set(kernels.compiled_measures()) <= set(MEASURES)


def test_all_twins_are_looked_at(cases: tuple[list[Case], list[Case]]) -> None:
    assert {name for name, _ in cases[0]} == set(kernels.compiled_measures())
    assert {name for name, _ in cases[1]} == set(kernels.compiled_cuts())
    assert len(cases[0]) > len(kernels.compiled_measures())


def test_twins_equal_definitions_on_real_texts(cases: tuple[list[Case], list[Case]]) -> None:
    for name, text in real_texts(300):
        assert not list(differences(text, cases)), name


@given(texts=st.lists(any_text, min_size=5, max_size=5))
@settings(max_examples=100)
def test_twins_equal_definitions_on_any_text(texts: list[str], cases: tuple[list[Case], list[Case]]) -> None:
    for text in texts:
        assert not list(differences(text, cases))


@pytest.mark.exhaustive
@pytest.mark.timeout(3600)
def test_twins_equal_definitions_on_all_real_texts(cases: tuple[list[Case], list[Case]]) -> None:
    for name, text in real_texts():
        assert not list(differences(text, cases)), name


@pytest.mark.exhaustive
@pytest.mark.timeout(3600)
@given(texts=st.lists(any_text, min_size=50, max_size=50))
@settings(max_examples=2000)
def test_twins_equal_definitions_on_a_hundred_thousand_texts(
    texts: list[str], cases: tuple[list[Case], list[Case]]
) -> None:
    for text in texts:
        assert not list(differences(text, cases))


LARGE = ["a" * 1_000_000, "the " * 250_000, "川" * 1_000_000, "\n" * 1_000_000]
WORDS_OF_1001 = ["\x01ab\x1f" * 251, "a" * 1001, "a" * 1000 + " b", "b " + "a" * 1001 + "\0", "é" * 1001]


@pytest.mark.parametrize("text", ["", "\0", *WORDS_OF_1001, *LARGE], ids=range(11))
def test_twins_equal_definitions_on_large_strange_texts(text: str, cases: tuple[list[Case], list[Case]]) -> None:
    assert not list(differences(text, cases))
