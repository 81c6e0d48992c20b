"""Training the rater: what needs no torch. Licence tiers, folds, measures and refusals."""

import json
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
from jobs.training.exporting import temperatures_of
from jobs.training.label_tables import labels_sha256, read_labels
from jobs.training.measuring import Said, agreement, calibration_error, measure, measure_confidence
from jobs.training.other_texts import DomainTexts, read_domain_texts, read_unrated
from jobs.training.rated_texts import (
    RatedTexts,
    licence_tier,
    origin_folds,
    origin_of,
    page_folds,
    read_rated_texts,
)
from udfs.models.criteria import CRITERIA, DOMAINS
from udfs.models.manifest import SCORES
from udfs.models.score_classes import LEVELS, class_shares

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


def rated(scores: np.ndarray, domains: list[int], names: list[str], rounds: list[int] | None = None) -> RatedTexts:
    count = len(names)
    return RatedTexts(
        texts=[f"text of {name}" for name in names],
        scores=scores,
        domains=np.array(domains),
        licences=["MIT"] * count,
        tiers=np.array(["open"] * count),
        origins=np.array([name.split("/")[0] for name in names]),
        pages=names,
        rounds=np.array(rounds or [0] * count),
        second_scores=np.full(scores.shape, np.nan),
        second_domains=np.zeros(count, dtype=int),
    )


def test_measures_by_hand() -> None:
    truth = np.full((4, len(SCORES)), 3.0)
    truth[:, CRITERIA.index("overall_score")] = [1, 3, 3, 5]
    truth[:, 14:] = [[0, 0], [0, 0], [0, 0], [5, 5]]
    texts = rated(truth, [0, 1, 1, 2], ["a", "b", "c", "d"])
    guess = truth.copy()
    guess[:, 0] = [3.4, 2.6, 4.4, 5.9]  # right, right, off by one, off by two
    table = {one.measure: one for one in measure("s", texts, texts.open, said_of(guess, [0, 1, 2, 2]))}
    assert table["overall_score Pearson r"].value == 1
    assert table["criteria exact"].value == pytest.approx((4 * 14 - 2) / (4 * 14), abs=1e-4)
    assert table["criteria within one"].value == pytest.approx((4 * 14 - 1) / (4 * 14), abs=1e-4)
    assert (table["overall_score exact"].constant, table["overall_score within one"].constant) == (0.5, 0.5)
    assert (table["domain accuracy"].value, table["domain accuracy"].constant) == (0.75, 0.5)
    assert DOMAINS[1] == "finance"


def said_of(scores: np.ndarray, domains: list[int]) -> Said:
    """A rater whose integers are its scores, rounded."""
    integers = np.clip(np.floor(scores + 0.5), 0, 5).astype(np.int64)
    return Said(scores, integers, np.array(domains), np.full(len(scores), 0.9))


def test_calibration_by_hand() -> None:
    """Twenty texts, two a bin: sure by 0.9 and right eight times of ten, sure by 0.2 and right five times of ten."""
    sure = np.array([0.9] * 10 + [0.2] * 10)
    right = np.array([True] * 8 + [False] * 2 + [True, False] * 5)
    # Bins in the order given: four of 0.9 with both right, one with both wrong; five of 0.2 with one right each.
    assert calibration_error(sure, right) == pytest.approx((4 * 0.1 + 0.9 + 5 * 0.3) / 10)


def test_a_perfect_rater_is_measured_in_finite_numbers() -> None:
    """A number that is none would make a manifest that cannot be read."""
    texts = rated(np.full((4, len(SCORES)), 3.0), [0] * 4, ["a", "b", "c", "d"])
    said = said_of(texts.scores, [0] * 4)
    table = measure_confidence("s", texts, texts.open, said, np.full(4, 0.4))
    table += measure("s", texts, texts.open, said) + agreement(said, said)
    assert np.isfinite([(one.value, one.constant) for one in table]).all()
    named = {one.measure: one for one in table}
    assert named["calibration error of confidence"].value == pytest.approx(0.1)
    assert named["calibration error of confidence"].constant == pytest.approx(0.6)
    assert named["texts with confidence 0.8 or more"].constant == 0


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_the_temperature_that_made_the_answers_is_found(temperature: float) -> None:
    draw = np.random.default_rng(0)
    logits = draw.normal(0, 2, (4000, len(SCORES) * LEVELS))
    truth = np.zeros((4000, len(SCORES)), np.int64)
    for column in (0, 14):
        shares = class_shares(logits / (temperature if column else 1.0))[:, column]
        truth[:, column] = [draw.choice(LEVELS, p=row) for row in shares]
    found = temperatures_of(logits, truth)
    assert (found[0], found[14]) == pytest.approx((1.0, temperature), rel=0.1)


def test_tables_of_labels_are_files_folders_and_delta_tables(tmp_path: Path) -> None:
    deltalake = pytest.importorskip("deltalake")
    rows = [ROW | {"id": f"a/{number}", "round": 3} for number in range(4)]
    whole, gone = pa.Table.from_pylist(rows), pa.Table.from_pylist([ROW | {"id": "gone", "round": 3}])
    pq.write_table(whole, tmp_path / "file.parquet")
    (tmp_path / "folder").mkdir()
    pq.write_table(whole.slice(0, 2), tmp_path / "folder/1.parquet")
    pq.write_table(whole.slice(2), tmp_path / "folder/2.parquet")
    deltalake.write_deltalake(tmp_path / "delta", gone)
    deltalake.write_deltalake(tmp_path / "delta", whole.slice(0, 3), mode="overwrite")
    deltalake.write_deltalake(tmp_path / "delta", whole.slice(3), mode="append")
    found = [read_labels(tmp_path / name, ["id"], ["round", "second"]) for name in ("file.parquet", "folder", "delta")]
    assert [sorted(row["id"] for row in one) for one in found] == [[row["id"] for row in rows]] * 3
    assert all(row["round"] == 3 and "second" not in row for one in found for row in one)
    assert len({labels_sha256(tmp_path / name) for name in ("file.parquet", "folder", "delta")}) == 3
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="holds no Parquet files and is no Delta table"):
        read_labels(tmp_path / "empty", ["id"], [])


def test_rounds_and_second_ratings_are_read(tmp_path: Path) -> None:
    second = {"domain": "B", "scores": [4] * 14, "edu": 0, "format": 5}
    rows = [ROW | {"round": 3, "second": second}, ROW | {"id": "a/2", "round": 1, "second": None}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "r.parquet")
    texts = read_rated_texts(tmp_path / "r.parquet")
    assert texts.rounds.tolist() == [1, 0]
    assert texts.second_scores[0].tolist() == [4] * 14 + [0, 5]
    assert np.isnan(texts.second_scores[1]).all()
    assert texts.second_domains[0] == 1
    some = texts.chosen(np.array([False, True]))
    assert (some.pages, some.rounds.tolist(), some.open.tolist()) == (["a/2"], [0], [True])


def test_domain_texts_are_open_unrated_and_weighted_by_agreement(tmp_path: Path) -> None:
    """A source whose texts are rated as it says six times of eight has that weight; only rows given are compared."""
    names = [f"book/{number}" for number in range(10)]
    texts = rated(np.full((10, len(SCORES)), 3.0), [0] * 6 + [1] * 4, names)
    shared = {"source": "book", "domain": "medicine", "licence": "MIT"}
    given = [shared | {"id": name, "text": f"as the source has it {name}"} for name in names]
    given += [
        shared | {"id": "book/new", "text": "a new one"},
        shared | {"id": "book/other-id", "text": "text of book/0"},  # rated under another id
        shared | {"id": "book/closed", "text": "closed", "licence": "CC-BY-NC-4.0"},
        shared | {"id": "tome/1", "source": "tome", "domain": "B", "text": "never compared"},
    ]
    pq.write_table(pa.Table.from_pylist(given), tmp_path / "d.parquet")
    found = read_domain_texts(tmp_path / "d.parquet", texts, list(range(8)))
    assert found == DomainTexts(
        ["a new one", "never compared"], [0, 1], [0.75, 0.75], ["book/0", "tome/1"], ["book", "tome"]
    )
    found = read_domain_texts(tmp_path / "d.parquet", texts, list(range(2, 10)))
    assert found.weights == [0.5, 0.75]


def test_domain_texts_are_drawn_evenly_from_sources_and_domains() -> None:
    cells = ["a"] * 50 + ["b"] * 5 + ["c"] * 20
    texts = DomainTexts(["x"] * 75, [0] * 75, [1.0] * 75, cells, cells)
    drawn = texts.drawn(12, 0, set())
    assert sorted(cells[place] for place in drawn) == ["a"] * 4 + ["b"] * 4 + ["c"] * 4
    assert drawn == texts.drawn(12, 0, set()) != texts.drawn(12, 1, set())
    assert {cells[place] for place in texts.drawn(30, 0, {"a"})} == {"b", "c"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, "has 1 rows of the open tier, expected at least 200"),
        ({"overall_score": 6}, "overall_score 6, expected 1 to 5"),
        ({"edu": -1}, "edu -1, expected 0 to 5"),
        ({"domain": "P"}, "domain 'P', expected A to O"),
        ({"text": ""}, "'' as text"),
        ({"licence": None}, "None as licence"),
        ({"second": {"domain": "A", "scores": [3] * 13, "edu": 1, "format": 1}}, "a second rating that is none"),
        ({"second": {"domain": "A", "scores": [0] * 14, "edu": 1, "format": 1}}, "a second rating that is none"),
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
        (absent, ["--epochs", "0"], "--epochs is 0, expected 1 or more"),
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


def test_unrated_texts_are_open_new_and_of_no_page_held_out(tmp_path: Path) -> None:
    prose = "Water drives the wheel of the old mill, and the stones grind the corn of the whole valley to flour. "
    names = ["held/1", "part/held", "part/2", "kept/1"]
    texts = rated(np.full((4, len(SCORES)), 3.0), [0] * 4, names)
    texts.texts[3] = prose + "rated"
    held = np.array([True, True, False, False])
    row = {"licence": "MIT", "source": "s", "html": None}
    page = f"<body><nav><a href='/'>Home</a></nav><main><p>{prose * 3} on a page</p></main></body>"
    given = [
        row | {"id": "new/1", "text": prose + "new"},
        row | {"id": "new/2", "text": prose + "new"},  # the same text
        row | {"id": "new/3", "text": prose + "rated"},
        row | {"id": "part/held", "text": prose + "of a page held out"},
        row | {"id": "held/2", "text": prose + "of an origin held out"},
        row | {"id": "part/3", "text": prose + "of an origin that is only held out in part"},
        row | {"id": "new/4", "text": prose + "closed", "licence": "CC-BY-NC-4.0"},
        row | {"id": "new/5", "text": "short"},
        row | {"id": "new/6", "text": "Вода крутит колесо старой мельницы, и жернова мелют зерно всей долины. " * 2},
        row | {"id": "new/7", "text": None, "html": page},
    ]
    pq.write_table(pa.Table.from_pylist(given), tmp_path / "u.parquet")
    found = read_unrated([tmp_path / "u.parquet"], texts, held, most=100, seed=0)
    of_page = [text for text in found if text.endswith("on a page")]
    assert len(of_page) == 2
    assert "Home" in of_page[0]
    assert "Home" not in of_page[1]
    assert sorted(text.removeprefix(prose) for text in found if text not in of_page) == [
        "new",
        "of an origin that is only held out in part",
    ]
    assert len(read_unrated([tmp_path / "u.parquet"], texts, held, most=1, seed=0)) <= 2
    pq.write_table(pa.table({"id": ["a"], "text": ["b"]}), tmp_path / "narrow.parquet")
    with pytest.raises(ValueError, match="lacks the columns licence"):
        read_unrated([tmp_path / "narrow.parquet"], texts, held, most=1, seed=0)


def test_an_encoder_that_does_not_fit_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ratings = tmp_path / "r.parquet"
    pq.write_table(pa.Table.from_pylist([ROW | {"id": f"a/{number}"} for number in range(200)]), ratings)
    config = {"model_type": "bert", "hidden_size": 384, "num_hidden_layers": 8}
    named = ["--encoder-name", "x", "--encoder-licence", "MIT"]
    for found, more, said in (
        (None, named, "config.json cannot be read"),
        ({}, named, "config.json cannot be read ('model_type')"),
        (config | {"hidden_size": 768}, named, "holds a bert of width 768, expected a bert of width 384"),
        (config, [], "the card needs both; give them"),
        (config, [*named, "--layers", "9"], "--layers is 9, expected 6 to 8"),
        (config, [*named, "--unrated", "u.parquet"], "--unrated and --teacher-layers go together"),
        (config, [*named, "--unrated", "u.parquet", "--teacher-layers", "12"], "--teacher-layers is 12, expected 6 to"),
        (config, [*named, "--teachers", "one"], "came without --teacher-layers"),
        (config, [*named, "--teacher-epochs", "0"], "--teacher-epochs is 0, expected 1 or more"),
        (
            config,
            [*named, "--unrated", "u.parquet", "--teacher-layers", "8", "--teachers", str(tmp_path / "none")],
            "none/config.json cannot be read",
        ),
    ):
        folder = tmp_path / "encoder"
        folder.mkdir(exist_ok=True)
        (folder / "config.json").write_text(json.dumps(found)) if found is not None else None
        given = ["--ratings", str(ratings), "--out", str(tmp_path / "model"), "--encoder", str(folder), *more]
        assert main(given) == 2
        lines = capsys.readouterr().err.splitlines()
        assert len(lines) == 1
        assert said in lines[0]
