"""Functions of the user's as steps: what they may be, what they may give, and what a changed one means."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from udfs.text.edits import Edit, apply
from udfs.text.own_functions import _difference, own_code
from udfs.text.recipes import assets
from udfs.text.screener import Screener
from udfs.text.screening import Screened, ScreenSettings, screen

OWN = '''
"""Rules of the user's."""
from udfs.text.page import Page

LIMIT = 3


def shouting(text: str, mark: str = "!") -> float:
    return text.count(mark)


def host_length(page: Page):
    return len(page.url)


def nothing(text):
    return None


def without_rivers(text, word="river"):
    return text.replace(word, "")


def masked_digits(page: Page):
    for i, character in enumerate(page.text):
        if character.isdigit():
            yield i, i + 1, "0"


def unsorted(text):
    yield 3, 4, ""
    yield 1, 2, ""


def outside(text):
    yield 0, 500, ""


def no_text(text):
    return text + chr(0xD800)


def no_number(text):
    return "3"


def not_a_number(text):
    return float("nan")


def no_argument():
    return 1.0


def needs(text, limit):
    return limit


def mode(text, faithful=False):
    return float(faithful)
'''


def settings(**given: Any) -> ScreenSettings:
    return ScreenSettings.model_validate(given)


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The module `own_rules_of_a_test` on the Python path."""
    path = tmp_path / "own_rules_of_a_test.py"
    path.write_text(OWN)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield path
    sys.modules.pop("own_rules_of_a_test", None)


def own_screen(text: str, url: str = "", **step: Any) -> Screened:
    for kind in ("measure", "edit"):
        if kind in step:
            step[kind] = f"own_rules_of_a_test:{step[kind]}"
    return screen(text, settings(rules={"mine": step}), url)


def test_a_function_of_a_text_measures(own: Path) -> None:
    found = own_screen("Oh! No!", measure="shouting", at_most=1)
    assert (found.reason, found.signals) == ("mine", {"mine": 2.0})
    assert own_screen("Oh! No?", measure="shouting", at_most=1).keep
    assert own_screen("a?", measure="shouting", arguments={"mark": "?"}).signals == {"mine": 1.0}


def test_a_function_of_a_page_measures(own: Path) -> None:
    assert own_screen("x", "https://a.b/", measure="host_length").signals == {"mine": 12.0}


def test_a_measure_of_the_users_may_be_absent(own: Path) -> None:
    found = own_screen("x", measure="nothing", at_least=5)
    assert (found.keep, found.signals) == (True, {})


@pytest.mark.parametrize(
    ("text", "edits"),
    [
        ("the river is high", [(4, 9, "")]),
        ("river", [(0, 5, "")]),
        ("river and river", [(0, 15, " and ")]),
        ("aariverraa", [(3, 8, "")]),
        ("none", []),
        ("a river\nb\nriver c", [(2, 7, ""), (10, 15, "")]),  # line by line
    ],
)
def test_a_function_that_returns_a_text_is_one_edit(own: Path, text: str, edits: list[tuple[int, int, str]]) -> None:
    found = own_screen(text, edit="without_rivers")
    assert [edit[:3] for edit in found.edits] == edits
    assert (found.text or "") == text.replace("river", "")
    assert {edit.reason for edit in found.edits} <= {"mine"}


@pytest.mark.parametrize(
    ("text", "left", "edits"),
    [
        ("a\nb\nc", "a\nc", [(2, 4, "")]),
        ("a\nb\nc\nd\ne", "a\ne", [(2, 8, "")]),
        ("a\nb\nc\nd", "b\nc", [(0, 2, ""), (5, 7, "")]),
        ("a\nb", "a", [(1, 3, "")]),
        ("a\nb\nc", "a\nC", [(2, 5, "C")]),
    ],
)
def test_lines_that_a_function_leaves_out_are_edits(text: str, left: str, edits: list[tuple[int, int, str]]) -> None:
    assert list(_difference(text, left)) == edits


LINES = st.text(st.sampled_from("ab\n\n"), max_size=12)


@given(LINES, LINES)
@hypothesis_settings(max_examples=1500)
def test_the_edits_of_two_texts_make_the_one_of_the_other(before: str, after: str) -> None:
    assert apply(before, [Edit(*edit, "mine") for edit in _difference(before, after)]) == after


def test_a_function_that_yields_spans_is_as_many_edits(own: Path) -> None:
    found = own_screen("a1b2", edit="masked_digits")
    assert (found.text, [edit[:3] for edit in found.edits]) == ("a0b0", [(1, 2, "0"), (3, 4, "0")])


@pytest.mark.parametrize(
    ("kind", "name", "message"),
    [
        ("edit", "unsorted", "sort them"),
        ("edit", "outside", "outside a text of 5 code points"),
        ("edit", "no_text", "surrogates not allowed"),
        ("measure", "no_number", "returned '3', expected a number"),
        ("measure", "not_a_number", "returned nan, expected a number"),
    ],
)
def test_what_a_function_of_the_users_may_not_give_costs_the_page_and_harms_no_other(
    own: Path, kind: str, name: str, message: str
) -> None:
    found = settings(rules={"mine": {kind: f"own_rules_of_a_test:{name}"}})
    with pytest.raises(ValueError, match=message):
        screen("hello", found)
    columns = Screener(found).columns(pa.array(["hello"], pa.large_string()), [None])
    assert columns["reason"].to_pylist() == ["failed"]
    assert message in columns["detail"][0].as_py()


def test_the_mode_goes_to_functions_of_the_users_too(own: Path) -> None:
    found = settings(mode="faithful", rules={"mine": {"measure": "own_rules_of_a_test:mode"}})
    assert screen("x", found).signals == {"mine": 1.0}


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ({"measure": "no_such_module_at_all:f"}, "cannot be imported"),
        ({"measure": "own_rules_of_a_test:nobody"}, "found nothing of that name, expected a function"),
        ({"measure": "own_rules_of_a_test:LIMIT"}, "found int, expected a function"),
        ({"edit": "own_rules_of_a_test:no_argument"}, "takes no positional argument"),
        ({"measure": "own_rules_of_a_test:needs"}, "is without its argument limit"),
        ({"measure": "own_rules_of_a_test:shouting", "arguments": {"marks": "!"}}, "did you mean 'mark'?"),
        ({"measure": "own_rules_of_a_test:shouting", "arguments": {"mark": 3}}, "valid string"),
        ({"function": "own_rules_of_a_test:shouting"}, "write `measure: own_rules_of_a_test:shouting` or `edit:"),
        ({"measure": "shouting"}, "name a function of yours as package.module:shouting"),
    ],
)
def test_wrong_functions_are_refused_when_settings_are_read(own: Path, step: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        settings(rules={"mine": step})


def test_a_changed_function_is_another_asset(own: Path) -> None:
    before = own_code("own_rules_of_a_test:shouting")
    sys.modules.pop("own_rules_of_a_test")
    own.write_text(OWN.replace("text.count(mark)", "text.count(mark) * 2"))
    assert own_code("own_rules_of_a_test:shouting") != before


def test_assets_are_the_files_and_functions_that_steps_use(own: Path, tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("foo\n")
    steps = {
        "bad": {"measure": "listed_words", "arguments": {"file": "words.txt"}},
        "mine": {"measure": "own_rules_of_a_test:shouting"},
        "urls": {"edit": "urls"},
    }
    found = assets(settings(lists=str(tmp_path), rules=steps).rules, lambda file: Path(file).read_text())
    assert found == {
        str(tmp_path / "words.txt"): "foo\n",
        "own_rules_of_a_test:shouting": own_code("own_rules_of_a_test:shouting"),
    }
