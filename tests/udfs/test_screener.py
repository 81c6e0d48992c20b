"""The run over Arrow columns equals `screen`, its definition: verdicts, reasons, signals, edits and texts."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.udfs.texts import any_text, real_texts
from udfs.text.screener import Screener
from udfs.text.screening import ScreenSettings, screen

URL = "http://www.example.com/a_casino/x"
RECIPES: dict[str, dict[str, Any]] = {
    "default": {},
    "prox_rules": {"recipe": "prox_rules"},
    "c4": {"recipe": "c4", "after_rejection": "measure"},
    "pii": {"recipe": "pii"},
    "dclm_baseline": {"recipe": "dclm_baseline", "mode": "faithful", "after_rejection": "measure"},
}


@pytest.fixture(scope="module", params=RECIPES)
def recipe(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ScreenSettings:
    """The settings of one recipe, with lists of a few entries."""
    lists = tmp_path_factory.mktemp("lists")
    (lists / "refinedweb_banned_domains_curated.txt").write_text("bad.example\n")
    for kind in ("strict", "hard", "soft"):
        (lists / f"refinedweb_banned_words_{kind}_reverse_engineered.txt").write_text("badword\nworse\n")
    return ScreenSettings.model_validate({**RECIPES[request.param], "lists": str(lists)})


def compare(texts: list[str], recipe: ScreenSettings) -> None:
    array = pa.array(["before", *texts, "behind"], pa.large_string()).slice(1, len(texts))  # as Arrow may cut a batch
    columns = Screener(recipe).columns(array, [URL] * len(texts))
    for text, row in zip(texts, pa.table(columns).to_pylist(), strict=True):
        expected = screen(text, recipe, URL)
        assert row["detail"] is None
        found = (row["keep"], row["reason"], row["language"], row["language_score"], dict(row["signals"]))
        assert found == (*expected[:4], expected.signals)
        assert [tuple(edit.values()) for edit in row["edits"]] == [tuple(edit) for edit in expected.edits]
        assert row["text"] == expected.text


def test_real_texts(recipe: ScreenSettings) -> None:
    compare([text for _, text in real_texts(120)], recipe)


@given(texts=st.lists(any_text, max_size=8))
@settings(max_examples=60)
def test_any_text(texts: list[str], recipe: ScreenSettings) -> None:
    compare(texts, recipe)


def test_a_page_on_which_a_step_raises_is_a_failure_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "fragile_rules.py").write_text("def tenth(text: str) -> float:\n    return 10 / len(text)\n")
    monkeypatch.syspath_prepend(tmp_path)
    rules = {"tenth": {"measure": "fragile_rules:tenth", "at_least": 0.1}}
    texts = pa.array(["\n\n\nab", "cd", "e" * 200, ""], pa.large_string())
    columns = Screener(ScreenSettings.model_validate({"rules": rules})).columns(texts, [None] * 4)
    assert columns["reason"].to_pylist() == [None, None, "tenth", "failed"]
    assert columns["detail"].to_pylist() == [None, None, None, "ZeroDivisionError: division by zero"]
    assert columns["text"].to_pylist() == ["\n\n\nab", "cd", None, None]


def test_a_batch_without_rows_gives_none() -> None:
    columns = Screener(ScreenSettings()).columns(pa.array([], pa.large_string()), [])
    assert {len(column) for column in columns.values()} == {0}
