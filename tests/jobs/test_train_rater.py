"""Training the rater: what needs no torch. Licence tiers, folds, measures and refusals."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.train_rater import main
from jobs.training.heads import measure
from jobs.training.rated_texts import RatedTexts, licence_tier, origin_folds, origin_of, page_folds
from udfs.models.criteria import CRITERIA, DOMAINS
from udfs.models.manifest import SCORES

ROOT = Path(__file__).parents[2]
ROW = {"id": "a/1", "source": "s", "text": "x", "domain": "A", "licence": "MIT"} | dict.fromkeys(SCORES, 3)


@pytest.mark.parametrize(
    ("licence", "tier"),
    [
        ("CC0-1.0 / US public domain", "open"),
        ("CC-BY-4.0 (annotations and collection; page text belongs to the sites)", "open"),
        ("CC by 4.0 (LegalBench task)", "open"),
        ("MIT / Apache-2.0", "open"),
        ("BSD-3-Clause", "open"),
        ("CC-BY-SA-3.0", "copyleft"),
        ("CC-BY-SA (Stack Exchange)", "copyleft"),
        ("GPL-3.0", "copyleft"),
        ("LGPL-2.1", "copyleft"),
        ("CC-BY-NC-4.0", "nc"),
        ("CC BY-NC-SA 4.0 (LegalBench task)", "nc"),
        ("BBC content, non-commercial research only", "nc"),
        ("research use (Reuters-21578); CC-BY-4.0 as listed by the UCI repository", "nc"),
        ("FAO documents; test collection without a stated licence", "unstated"),
        ("none stated (shared task of 2007, distributed for research)", "unstated"),
        ("something new", "unstated"),
    ],
)
def test_licence_tiers(licence: str, tier: str) -> None:
    assert licence_tier(licence) == tier


def test_origins_are_coarser_than_ids() -> None:
    assert origin_of("domains15", "openstax-economics-book/m48818") == "openstax"
    assert origin_of("domains15", "wcxb-shop/wcxb/dev-2982") == origin_of("wcxb_main", "wcxb/dev-4913") == "wcxb"
    assert origin_of("usenet", "sci.med/59401") == origin_of("domains15", "usenet/sci.med/59449") == "usenet"


@given(st.lists(st.sampled_from("abcdefghij"), min_size=1, max_size=60), st.integers(1, 8))
def test_no_origin_and_no_page_is_in_two_folds(names: list[str], folds: int) -> None:
    origins = np.array(names)
    by_origin = origin_folds(origins, np.ones(len(names), dtype=bool), folds)
    by_page = page_folds(names, folds, seed=0)
    for name in set(names):
        assert len(set(by_origin[origins == name])) == 1
        assert len(set(by_page[origins == name])) == 1
    assert set(by_origin) | set(by_page) <= set(range(folds))


def test_measures_by_hand() -> None:
    truth = np.full((4, len(SCORES)), 3.0)
    truth[:, CRITERIA.index("overall_score")] = [1, 3, 3, 5]
    truth[:, 14:] = [[0, 0], [0, 0], [0, 0], [5, 5]]
    domains = np.array([0, 1, 1, 2])
    texts = RatedTexts(["x"] * 4, truth, domains, ["MIT"] * 4, np.array(["open"] * 4), np.array(["o"] * 4), ["p"] * 4)
    guess = truth.copy()
    guess[:, 0] = [3.4, 2.6, 4.4, 5.9]  # right, right, off by one, off by two
    table = {one.measure: one for one in measure("s", texts, texts.open, guess, np.array([0, 1, 2, 2]))}
    assert table["overall_score Pearson r"].value == 1
    assert table["criteria exact"].value == pytest.approx((4 * 14 - 2) / (4 * 14), abs=1e-4)
    assert table["criteria within one"].value == pytest.approx((4 * 14 - 1) / (4 * 14), abs=1e-4)
    assert (table["overall_score exact"].constant, table["overall_score within one"].constant) == (0.5, 0.5)
    assert (table["domain accuracy"].value, table["domain accuracy"].constant) == (0.75, 0.5)
    assert DOMAINS[1] == "finance"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, "has 1 rows of the open tier, expected at least 200"),
        ({"overall_score": 6}, "overall_score 6, expected 1 to 5"),
        ({"edu": -1}, "edu -1, expected 0 to 5"),
        ({"domain": "P"}, "domain 'P', expected A to O"),
        ({"text": ""}, "'' as text"),
        ({"licence": None}, "None as licence"),
    ],
)
def test_bad_ratings_are_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: dict[str, object], said: str
) -> None:
    pq.write_table(pa.Table.from_pylist([ROW | change]), tmp_path / "r.parquet")
    assert main(["--ratings", str(tmp_path / "r.parquet"), "--out", str(tmp_path / "model")]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert said in lines[0]
    assert not (tmp_path / "model").exists()


def test_bad_arguments_are_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    absent, out = str(tmp_path / "none.parquet"), str(tmp_path / "model")
    (tmp_path / "text.parquet").write_text("no parquet")
    pq.write_table(pa.table({"id": ["a"]}), tmp_path / "narrow.parquet")
    for ratings, more, said in (
        (absent, [], "cannot be read as Parquet"),
        (str(tmp_path / "text.parquet"), [], "cannot be read as Parquet"),
        (str(tmp_path / "narrow.parquet"), [], "lacks the columns source"),
        (absent, ["--head-tokens", "500"], "expected each 1 or more and 510 together"),
    ):
        assert main(["--ratings", ratings, "--out", out, *more]) == 2
        lines = capsys.readouterr().err.splitlines()
        assert len(lines) == 1
        assert said in lines[0]
    assert main(["--ratings", absent, "--out", str(tmp_path / "text.parquet")]) == 2
    assert "is a file, expected a folder" in capsys.readouterr().err


def test_importing_needs_no_torch() -> None:
    code = "import sys, jobs.train_rater; assert not {'torch', 'transformers', 'onnx', 'sklearn'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
