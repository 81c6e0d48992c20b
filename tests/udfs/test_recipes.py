"""Recipes: shipped ones and a user's own, with their lists and mode, in the settings."""

import hashlib
import re
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.udfs import recordings
from udfs.text import recipes
from udfs.text.measures import MEASURES
from udfs.text.page import Page
from udfs.text.recipes import read
from udfs.text.rules import Cut, Rule
from udfs.text.screener import Screener
from udfs.text.screening import ScreenSettings, screen

PROSE = "The river was high that day, and nobody of the village dared to cross it with a horse or to swim.\n\n\n\n" * 4


def settings(**given: Any) -> ScreenSettings:
    return ScreenSettings.model_validate(given)


# --- shipped recipes


@pytest.mark.parametrize("name", recipes.names())
def test_shipped_recipes_load_and_run(name: str) -> None:
    steps = {one: step for one, step in read(name).steps.items() if "file" not in step.get("arguments", {})}
    assert screen(PROSE, settings(recipe=name, rules=steps)).signals is not None


@pytest.mark.parametrize("name", recipes.names())
def test_shipped_recipes_say_where_they_come_from_and_name_lists_without_folders(name: str) -> None:
    lines = (Path(__file__).parents[2] / f"conf/recipes/{name}.yaml").read_text().splitlines()
    assert lines[0].startswith("# ")
    for step in read(name).steps.values():
        assert "/" not in step.get("arguments", {}).get("file", "")


def test_there_are_the_recipes_that_people_ask_for() -> None:
    expected = {"dclm_baseline", "refinedweb", "c4", "c4_dclm", "gopher", "gopher_repetition", "fineweb", "prox_rules"}
    assert expected <= set(recipes.names())


# --- a recipe in the settings


def test_a_recipe_takes_the_place_of_the_default_rules() -> None:
    found = settings(recipe="gopher")
    assert list(found.rules)[:2] == ["gopher_short_doc", "gopher_long_doc"]
    assert found.rules["gopher_short_doc"] == Rule(measure="non_symbol_word_count", at_least=50)
    assert ScreenSettings().rules == ScreenSettings().rules


def test_defaults_follow_the_recipe_that_settings_name() -> None:
    rules = ScreenSettings.defaults_for({"recipe": "gopher", "rules": {"x": {}}})["rules"]
    assert list(rules) == list(read("gopher").steps)
    assert list(ScreenSettings.defaults_for({})["rules"]) == list(ScreenSettings().rules)


def test_a_file_of_the_users(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("steps:\n  few: {measure: word_count, at_least: 200}\n  newline_runs:\n")
    found = settings(recipe=str(path))
    assert list(found.rules) == ["few", "newline_runs"]
    assert found.rules["newline_runs"] == Cut(edit="newline_runs")
    assert screen(PROSE, found).reason == "few"


def test_settings_with_a_recipe_survive_being_written_down(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("steps:\n  few: {measure: word_count, at_least: 200}\n")
    found = settings(recipe=str(path), mode="faithful")
    path.unlink()  # what was read is in the settings: executors look at no recipe
    assert settings(**found.model_dump()) == found


@pytest.mark.parametrize(
    ("recipe", "written", "message"),
    [
        ("gohper", None, "'gohper' is no recipe; did you mean 'gopher'?"),
        ("none.yaml", None, "there is no recipe none.yaml"),
        ("mine.yaml", "steps: {a", "line 1: found text that is no YAML"),
        ("mine.yaml", "", "found no `steps:`"),
        ("mine.yaml", "steps: {}", "found no `steps:`"),
        ("mine.yaml", "- 1", "found no `steps:`"),
        ("mine.yaml", "steps: {word_count: }\nrules: {}", "unknown key rules"),
        ("mine.yaml", "steps: {wordcount: }", "did you mean 'word_count'"),
        ("mine.yaml", "steps: {word_count: {least: 3}}", "least"),
        ("mine.yaml", "steps: {word_count: 3}", "word_count"),
    ],
)
def test_wrong_recipes_are_refused_with_a_sentence(
    recipe: str, written: str | None, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if written is not None:
        Path(recipe).write_text(written)
    with pytest.raises(ValueError, match=re.escape(message)):
        settings(recipe=recipe)


def test_a_source_is_for_recipes_of_dclm() -> None:
    with pytest.raises(ValueError, match="only recipes of DCLM have sources"):
        settings(recipe="gopher", source="cc")


# --- mode


def test_the_mode_goes_to_the_steps_that_know_it() -> None:
    steps = {"urls": {"edit": "urls"}, "newline_runs": {}, "word_count": {"at_least": 1}}
    found = settings(mode="faithful", rules=steps).rules
    assert found["urls"].arguments == {"faithful": True}
    assert found["newline_runs"].arguments == found["word_count"].arguments == {}
    assert settings(rules=steps).rules["urls"].arguments == {}


def test_what_a_step_says_of_the_mode_is_stronger() -> None:
    steps = {"urls": Cut(edit="urls", arguments={"faithful": False})}
    assert settings(mode="faithful", rules=steps).rules["urls"].arguments == {"faithful": False}


def test_the_mode_decides_what_a_step_does() -> None:
    text = "Hello http://foo.com/x now"  # begins with no top-level domain, so the published code deletes nothing
    steps = {"urls": {"edit": "urls"}}
    assert screen(text, settings(mode="faithful", rules=steps)).text == text
    assert screen(text, settings(rules=steps)).text == "Hello now"


# --- lists


def listed(**given: Any) -> Any:
    return settings(**given).rules["bad"].arguments


@pytest.mark.parametrize("place", ["lists/words.txt", "lists/deep/words.txt", "conf/deep/words.txt", "deep/words.txt"])
def test_a_list_is_looked_for_in_lists_and_beside_the_recipe(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for path in (Path(place), Path("conf/mine.yaml")):
        path.parent.mkdir(parents=True, exist_ok=True)
    Path(place).write_text("foo\nbar\n\n")
    Path("conf/mine.yaml").write_text(
        "steps: {bad: {measure: listed_words, arguments: {file: deep/words.txt}, below: 1}}"
    )
    found = listed(recipe="conf/mine.yaml", lists="lists")
    assert Path(found["file"]).read_text() == "foo\nbar\n\n"
    assert settings(rules={"bad": {"measure": "listed_words", "arguments": found}}).rules["bad"].arguments == found


def test_a_missing_list_is_a_sentence_and_its_step_can_be_taken_out() -> None:
    steps = read("dclm_baseline").steps
    with pytest.raises(ValueError, match=r"step url_substring_filter: there is no file .* set screen\.lists"):
        settings(recipe="dclm_baseline")
    for number in ("", "_2", "_3", "_4"):
        del steps[f"url_substring_filter{number}"]
    assert settings(recipe="dclm_baseline", rules=steps)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "step bad: found neither file nor words"),
        ({"file": "empty.txt"}, "step bad: found no entry in the list"),
        ({"file": "empty.txt", "words": ["x"]}, "step bad: found both file and words"),
    ],
)
def test_wrong_lists_are_refused_when_settings_are_read(
    arguments: dict[str, Any], message: str, tmp_path: Path
) -> None:
    (tmp_path / "empty.txt").touch()
    with pytest.raises(ValueError, match=re.escape(message)):
        settings(lists=str(tmp_path), rules={"bad": {"measure": "listed_words", "arguments": arguments}})


def test_the_lines_of_a_file_may_be_an_argument(tmp_path: Path) -> None:
    (tmp_path / "phrases.txt").write_text("sign in\nadd to cart\n")
    step = {"measure": "phrase_count", "arguments": {"phrases": {"file": "phrases.txt"}}, "at_most": 0}
    found = settings(lists=str(tmp_path), rules={"bad": step})
    assert found.rules["bad"].arguments["phrases"] == ["sign in", "add to cart"]
    assert screen("Add to cart", found).reason == "bad"


# --- what a page knows


def test_later_steps_see_the_url_and_the_signals_of_earlier_ones() -> None:
    steps = {
        "domain": {"measure": "listed_domain", "arguments": {"words": ["bad.example"]}, "below": 1},
        "before": {"measure": "word_count"},
        "phrases": {"edit": "phrase_lines", "arguments": {"phrases": ["sign in"]}},
        "removed": {"measure": "removed_words_ratio", "arguments": {"since": "before"}, "at_most": 0.3},
    }
    text = "one two three four\nplease sign in"
    assert screen(text, settings(rules=steps), "https://bad.example/x").reason == "domain"
    found = screen(text, settings(rules=steps), "https://good.example/x")
    assert (found.reason, found.signals["removed"]) == ("removed", 3 / 7)


def test_a_page_keeps_its_place_in_the_sample() -> None:
    places = [MEASURES["sample_position"](Page(str(number), url="u")) or 0.0 for number in range(20_000)]
    assert 0 <= min(places) < 0.001
    assert 0.999 < max(places) < 1
    assert sum(place < 0.3 for place in places) / len(places) == pytest.approx(0.3, abs=0.015)
    position = MEASURES["sample_position"]
    known = int.from_bytes(blake2b(b"0\0u\0a", digest_size=8).digest()) / 2**64
    assert position(Page("a", url="u")) == pytest.approx(known, abs=1e-15)  # the same in every process, for ever
    assert len({position(Page("a", url="u")), position(Page("a", url="v")), position(Page("a", url="u"), seed=1)}) == 3


# --- shipped recipes decide as the published filters


DATATROVE = {"gopher": "gopher_quality", "gopher_repetition": "gopher_repetition", "c4": "c4", "fineweb": "fineweb"}


@pytest.mark.skipif(not recordings.DATATROVE.is_file(), reason="shared data not here")
@pytest.mark.parametrize("name", DATATROVE)
def test_shipped_recipes_decide_as_datatrove_on_a_sample(name: str) -> None:
    screener = Screener(settings(recipe=name))
    for row, text in recordings.datatrove(every=25):
        taken = screener.take(np.frombuffer(text.encode(), np.uint8), "")
        keep, reason, *kept = row[DATATROVE[name]]
        assert (taken.reason is None, taken.reason) == (keep, reason), row["id"]
        if kept:
            assert hashlib.sha256(taken.page.text.encode()).hexdigest() == kept[0], row["id"]
