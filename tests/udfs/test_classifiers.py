"""A class's probability by a fastText model, and DCLM's limit on it (shared/reference/dclm.md 4.2 and 10, row 10)."""

from math import log
from pathlib import Path

import pytest

from tests.udfs.small_fasttext import write_model
from udfs.text.dclm_recipes import steps_of
from udfs.text.measures import MEASURES
from udfs.text.page import Page
from udfs.text.rules import Rule
from udfs.text.screening import ScreenSettings, screen


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """`low` is of Common Crawl (cc) with probability 0.98, `high` of the good class with 0.98."""
    rows, outputs = [[1.0, 0.0], [-1.0, 0.0]], [[log(49.0), 0.0], [0.0, 0.0]]
    return write_model(tmp_path / "quality.bin", [b"low", b"high"], [b"cc", b"hq"], rows, outputs)


def test_a_page_that_is_common_crawl_with_98_percent_has_2_percent(model: Path) -> None:
    measure = MEASURES["fasttext_probability"]
    assert measure(Page("low"), str(model)) == pytest.approx(0.02, abs=5e-5)
    assert measure(Page("high\nhigh"), str(model)) == pytest.approx(0.98, abs=5e-5)
    assert measure(Page("words that the model does not know"), str(model)) is None


def test_dclms_quality_filter_keeps_from_its_limit_on(model: Path) -> None:
    recipe = [
        {
            "source": "cc",
            "steps": [
                {"func": "classify_fasttext_hq_prob_enricher", "model_filename": str(model), "key": "quality"},
                {"func": "quality_filter", "key": "quality", "threshold": 0.018112},
            ],
        }
    ]
    steps, _ = steps_of(recipe, "")
    settings = ScreenSettings.model_validate({"rules": steps})
    limit = next(step for step in settings.rules.values() if isinstance(step, Rule) and step.at_least > 0)
    assert limit.accepts(0.018112)
    assert not limit.accepts(0.0181119)
    assert screen("low", settings).keep  # 0.02
    assert screen("low high", settings).keep
