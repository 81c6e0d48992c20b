"""Settings: what is merged over what, and the sentence for each mistake."""

from pathlib import Path

import pytest
from pydantic import Field

from jobs.runtime.errors import CorpusmillError
from jobs.runtime.settings import load, merge
from udfs.settings import Section


class Inner(Section):
    limit: int = Field(5, ge=1)
    ratio: float = 0.5
    names: tuple[str, ...] = ("a",)
    rules: dict[str, dict[str, float]] = Field({"first": {"at_least": 1.0}, "second": {"at_most": 2.0}})


class Outer(Section):
    lake: str = "lake"
    inner: Inner = Inner()


def said(tmp_path: Path, *assignments: str, text: str | None = None) -> str:
    """The sentence for settings that are wrong."""
    files = []
    if text is not None:
        files = [tmp_path / "mine.yaml"]
        files[0].write_text(text)
    with pytest.raises(CorpusmillError) as error:
        load(Outer, files, assignments)
    sentence = str(error.value)
    assert "\n" not in sentence
    return sentence


def test_defaults_then_files_in_order_then_assignments(tmp_path: Path) -> None:
    first, second = tmp_path / "1.yaml", tmp_path / "2.yaml"
    first.write_text("lake: one\ninner: {limit: 7, ratio: 0.1}")
    second.write_text("lake: two")
    found = load(Outer, [first, second], ["inner.ratio=0.9"])
    assert (found.lake, found.inner.limit, found.inner.ratio, found.inner.names) == ("two", 7, 0.9, ("a",))


def test_a_whole_number_is_a_float_and_a_list_a_tuple(tmp_path: Path) -> None:
    found = load(Outer, (), ["inner.ratio=1", "inner.names=[x, y]"])
    assert (found.inner.ratio, found.inner.names) == (1.0, ("x", "y"))


def test_one_key_of_a_mapping_is_laid_over_the_default_mapping_in_its_order() -> None:
    found = load(Outer, (), ["inner.rules.second.at_most=9", "inner.rules.third.at_most=1"])
    assert found.inner.rules == {"first": {"at_least": 1.0}, "second": {"at_most": 9.0}, "third": {"at_most": 1.0}}
    assert list(found.inner.rules) == ["first", "second", "third"]


def test_merge_replaces_lists_whole_and_leaves_its_arguments_alone() -> None:
    under, over = {"a": {"b": [1, 2], "c": 1}}, {"a": {"b": [3]}}
    assert merge(under, over) == {"a": {"b": [3], "c": 1}}
    assert under == {"a": {"b": [1, 2], "c": 1}}


def test_an_unknown_key_names_file_key_and_the_nearest_valid_one(tmp_path: Path) -> None:
    sentence = said(tmp_path, text="inner: {limti: 3}")
    assert "mine.yaml" in sentence
    assert "unknown key inner.limti" in sentence
    assert "did you mean inner.limit?" in sentence


def test_an_unknown_key_on_the_command_line_names_the_option(tmp_path: Path) -> None:
    assert said(tmp_path, "laek=x").startswith("--set laek=x: found the unknown key laek")


def test_a_wrong_type_names_what_was_found_and_expected(tmp_path: Path) -> None:
    sentence = said(tmp_path, text="inner: {limit: '50'}")
    assert "mine.yaml: inner.limit: found '50', expected integer" in sentence


def test_a_value_out_of_range_names_the_range(tmp_path: Path) -> None:
    assert "inner.limit: found 0, expected greater than or equal to 1" in said(tmp_path, "inner.limit=0")


def test_a_section_given_as_a_value(tmp_path: Path) -> None:
    assert "inner: found 3" in said(tmp_path, "inner=3")


@pytest.mark.parametrize("text", ["a: [1", "\tx: 1", "x: 'y"])
def test_text_that_is_no_yaml_names_file_and_line(tmp_path: Path, text: str) -> None:
    sentence = said(tmp_path, text=text)
    assert "mine.yaml, line" in sentence
    assert "no YAML" in sentence


def test_yaml_that_is_no_mapping(tmp_path: Path) -> None:
    assert "found a YAML list, expected a mapping" in said(tmp_path, text="- a\n- b")


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(CorpusmillError, match="found no such file, expected a YAML file"):
        load(Outer, [tmp_path / "absent.yaml"])


def test_an_assignment_without_a_value_sign(tmp_path: Path) -> None:
    assert "found no `key=value`" in said(tmp_path, "inner.limit")


def test_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").write_text("")
    assert load(Outer, [tmp_path / "empty.yaml"]) == Outer()


def test_null_takes_a_rule_out_and_a_setting_back_to_its_default() -> None:
    found = load(Outer, (), ["inner.limit=9", "inner.limit=null", "inner.rules.first=null"])
    assert found.inner.limit == 5
    assert list(found.inner.rules) == ["second"]
