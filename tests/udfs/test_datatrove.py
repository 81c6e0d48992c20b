"""datatrove's verdicts, as recorded from its published code, by the recipes that follow it: the same verdict, the same
first reason and, for C4, the same text, of definitions and of compiled steps."""

import hashlib
from typing import Any

import numpy as np
import pytest

from tests.udfs.recordings import DATATROVE, datatrove
from udfs.text.screener import Screener
from udfs.text.screening import ScreenSettings, screen

ON_PUNCTUATION = ("lorem_ipsum", "curly_bracket", "too_few_sentences")


def without_punctuation_rule() -> dict[str, Any]:
    """Settings for C4 with datatrove's `filter_no_terminal_punct` off, as FineWeb runs it."""
    rules = ScreenSettings.model_validate({"recipe": "c4"}).model_dump()["rules"]
    del rules["no_terminal_punc"]
    for name in ON_PUNCTUATION:
        rules[name]["arguments"] = {"terminal_punctuation": False}
    return {"rules": rules}


FAMILIES: dict[str, dict[str, Any]] = {
    "gopher_quality": {"recipe": "gopher"},
    "gopher_repetition": {"recipe": "gopher_repetition"},
    "c4": {"recipe": "c4"},
    "c4_no_punct": without_punctuation_rule(),
    "fineweb": {"recipe": "fineweb"},
}
# The recorded texts on which a family decides otherwise than datatrove, with the explanation. There are none: of the
# 2,831 texts each family gives datatrove's verdict, reason and text.
EXPLAINED: dict[str, dict[str, str]] = {family: {} for family in FAMILIES}


@pytest.mark.skipif(not DATATROVE.is_file(), reason="shared data not here")
@pytest.mark.parametrize("family", FAMILIES)
def test_compiled_steps_decide_as_datatrove(family: str) -> None:
    screener = Screener(ScreenSettings.model_validate(FAMILIES[family]))
    texts = 0
    for row, text in datatrove():
        taken = screener.take(np.frombuffer(text.encode(), np.uint8), "")
        kept = taken.page.text if taken.reason is None else None
        assert decision(taken.reason, text, kept, family) == row[family] or row["id"] in EXPLAINED[family], row["id"]
        texts += 1
    assert texts == 2831
    assert len(EXPLAINED[family]) <= texts / 1000


@pytest.mark.skipif(not DATATROVE.is_file(), reason="shared data not here")
@pytest.mark.parametrize("family", FAMILIES)
def test_definitions_decide_as_datatrove(family: str) -> None:
    settings = ScreenSettings.model_validate(FAMILIES[family])
    for row, text in datatrove(every=13):
        found = screen(text, settings)
        assert decision(found.reason, text, found.text, family) == row[family] or row["id"] in EXPLAINED[family], row[
            "id"
        ]


def test_a_page_that_is_left_as_white_space_is_rejected() -> None:
    """The one difference known by design: datatrove keeps such a page, with an empty text."""
    found = screen("[1] [2] [3]\n" * 5, ScreenSettings.model_validate(FAMILIES["c4_no_punct"]))
    assert (found.reason, found.text) == ("citations", None)


def decision(reason: str | None, text: str, kept: str | None, family: str) -> list[Any]:
    """As it is recorded: `[keep, reason]`, and of a text that C4 keeps and changes the SHA-256."""
    changed = family.startswith("c4") and kept is not None and kept != text
    return [kept is not None, reason, *([hashlib.sha256(kept.encode()).hexdigest()] if changed and kept else [])]
