"""The command that measures models: its rows, its page, refusals, and that no order of rows or columns matters."""

import hashlib
import json
import math
import random
import re
import subprocess
import sys
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.evaluate_models import main
from jobs.evaluation.about import About, method
from jobs.evaluation.charts import Bar, dot_plot
from jobs.evaluation.evaluating import Models, Truth, evaluated
from jobs.evaluation.intervals import Bootstrap
from jobs.evaluation.judges import load_refiner, trained_on
from jobs.evaluation.tasks import keeps_document
from jobs.evaluation.truth import drawn, read_ratings
from udfs.models.criteria import CRITERIA, DOMAINS
from udfs.models.line_manifest import load_line_manifest
from udfs.models.manifest import SCORES
from udfs.models.rater import Rating, load_rater

ROOT = Path(__file__).parents[2]
TINY = ROOT / "tests/data/tiny-rater"
WORDS = ["the", "of", "page", "text", "crawl", "corpus", "quality", "score", "wheat", "engine", "42", "law", "Market"]

Rows = list[dict[str, Any]]


def sentences(dice: random.Random, count: int) -> str:
    return ". ".join(" ".join(dice.choices(WORDS, k=12)) for _ in range(count))


def made_up(count: int) -> dict[str, Rows]:
    """Files of the four shapes, with columns that nobody needs."""
    dice = random.Random(7)
    ratings: Rows = []
    human: Rows = []
    domains: Rows = []
    pages: Rows = []
    for number in range(count):
        text = sentences(dice, dice.randint(1, 9))
        source = dice.choice(["news", "<b>posts</b>", "wiki"])
        scores = {name: dice.randint(1 if name in CRITERIA else 0, 5) for name in SCORES}
        ratings.append(
            {"id": f"r{number}", "source": source, "lang": dice.choice(["en", "zh", None]), "text": text}
            | {"domain": dice.choice("ABCO"), "round": 1, "licence": "MIT"}
            | scores
        )
        human.append({"id": f"h{number}", "text": text, "label": number % 2, "unanimous": number % 3 > 0})
        name = dice.choice(["law", "retail e-commerce", "finance"])
        domains.append({"id": f"d{number}", "domain": name, "source": source, "text": text, "lang": "en"})
        gold = sentences(dice, 3)
        html = f"<p>Home</p><p>Log in</p><p>{gold}</p><p>{sentences(dice, 1)}</p><p>Privacy policy</p>"
        pages.append({"id": f"p{number}", "source": source, "html": html, "gold_text": gold, "gold_coverage": 1.0})
    return {"ratings": ratings, "human": human, "domains": domains, "pages": pages}


def written(folder: Path, files: dict[str, Rows], dice: random.Random | None = None) -> list[str]:
    """The arguments that name the files; with dice, rows and columns are in an order of their own."""
    folder.mkdir(exist_ok=True)
    arguments = []
    for name, rows in files.items():
        table = pa.Table.from_pylist(rows)
        if dice:
            table = table.take(dice.sample(range(len(rows)), len(rows)))
            table = table.select(dice.sample(table.column_names, len(table.column_names)))
        pq.write_table(table, folder / f"{name}.parquet")
        arguments += [f"--{name}", str(folder / f"{name}.parquet")]
    return arguments


def run(arguments: Sequence[str], out: Path) -> Rows:
    assert main([*arguments, "--rater", str(TINY), "--refiner", "rules", "--resamples", "40", "--json", str(out)]) == 0
    rows = json.loads(out.read_text())
    assert isinstance(rows, list)
    return rows


@pytest.fixture(scope="module")
def files() -> dict[str, Rows]:
    return made_up(40)


@pytest.fixture(scope="module")
def rows(files: dict[str, Rows], tmp_path_factory: pytest.TempPathFactory) -> Rows:
    folder = tmp_path_factory.mktemp("evaluation")
    return run(written(folder, files), folder / "rows.json")


def value(rows: Rows, task: str, source: str, metric: str) -> float:
    (found,) = [row for row in rows if (row["task"], row["source"], row["metric"]) == (task, source, metric)]
    return found["value"]


def test_rows_are_as_promised(rows: Rows) -> None:
    keys = [(row["task"], row["source"], row["metric"]) for row in rows]
    assert len(keys) == len(set(keys))
    assert {tuple(row) for row in rows} == {("task", "source", "metric", "value", "low", "high", "n")}
    wanted = {
        "ratings": ["overall_r", "exact_mean", "within_one_mean", "edu_r", "domain_accuracy"]
        + [f"{name}_r" for name in CRITERIA],
        "human": ["auc", "auc_unanimous"],
        "domains": ["domain_accuracy", "domain_macro_f1"],
        "documents": ["document_f1", "rater_document_f1", "refiner_document_f1"],
        "lines": ["line_keep_f1", "line_removed_f1", "char_f1"],
    }
    for task, metrics in wanted.items():
        sources = ["all"] if task == "human" else ["all", "mean", "news", "wiki", "<b>posts</b>"]
        assert {(task, source, metric) for source in sources for metric in metrics} <= set(keys)
    assert {row["source"] for row in rows if row["task"] == "ratings_by_language"} == {"en", "zh"}
    for row in rows:
        if row["low"] is not None:
            assert row["low"] <= row["high"]
    assert all(row["n"] == 40 for row in rows if row["source"] == "all")


def test_figures_are_those_of_the_plain_loop(rows: Rows, files: dict[str, Rows]) -> None:
    """Each criterion read by its name from file and rating, one text at a time."""
    ratings = load_rater(TINY, threads=1)([row["text"] for row in files["ratings"]])
    pairs = [(row, one) for row, one in zip(files["ratings"], ratings, strict=True) if isinstance(one, Rating)]
    assert len(pairs) == 40
    exact = []
    for place, name in enumerate(CRITERIA):
        truth, said = [row[name] for row, _ in pairs], [one.expected[place] for _, one in pairs]
        assert value(rows, "ratings", "all", f"{name}_r") == pytest.approx(plain_r(truth, said), abs=1e-5)
        exact.append(sum(row[name] == one.scores[place] for row, one in pairs) / 40)
    assert value(rows, "ratings", "all", "exact_mean") == pytest.approx(sum(exact) / 14, abs=1e-5)
    edu = plain_r([row["edu"] for row, _ in pairs], [one.edu_expected or 0.0 for _, one in pairs])
    assert value(rows, "ratings", "all", "edu_r") == pytest.approx(edu, abs=1e-5)
    right = sum(DOMAINS[ord(row["domain"]) - ord("A")] == one.domain for row, one in pairs)
    assert value(rows, "ratings", "all", "domain_accuracy") == right / 40
    both = [
        (keeps_document(row["edu"], row["format"]), keeps_document(one.edu or 0, one.format or 0)) for row, one in pairs
    ]
    wrong = sum(keep != kept for keep, kept in both)
    assert value(rows, "documents", "all", "document_accuracy") == pytest.approx(1 - wrong / 40)


def plain_r(left: Sequence[float], right: Sequence[float]) -> float:
    one, other = ([value - sum(side) / len(side) for value in side] for side in (left, right))
    product = sum(a * b for a, b in zip(one, other, strict=True))
    return product / math.sqrt(sum(a * a for a in one) * sum(b * b for b in other))


def test_no_order_of_rows_or_columns_changes_a_row(rows: Rows, files: dict[str, Rows], tmp_path: Path) -> None:
    for seed in (1, 2):
        shuffled = written(tmp_path / str(seed), files, random.Random(seed))
        assert run(shuffled, tmp_path / "rows.json") == rows


def test_a_seed_changes_intervals_and_no_figure(rows: Rows, files: dict[str, Rows], tmp_path: Path) -> None:
    other = run([*written(tmp_path, files), "--seed", "1"], tmp_path / "rows.json")
    assert [row["value"] for row in other] == [row["value"] for row in rows]
    assert [row["low"] for row in other] != [row["low"] for row in rows]


def test_a_second_rating_is_measured_against_the_first(files: dict[str, Rows], tmp_path: Path) -> None:
    some = [
        row
        | {
            "second": {
                "domain": row["domain"] if place % 4 else "N",
                "scores": [min(row[name] + (name == "accuracy"), 5) for name in CRITERIA],
                "edu": row["edu"],
                "format": row["format"],
            }
        }
        for place, row in enumerate(files["ratings"][:20])
    ] + files["ratings"][20:]
    found = run(written(tmp_path, {"ratings": some}), tmp_path / "rows.json")
    raised = sum(row["accuracy"] < 5 for row in some[:20]) / 20
    assert value(found, "second_rating", "all", "accuracy_exact") == pytest.approx(1 - raised)
    assert value(found, "second_rating", "all", "exact_mean") == pytest.approx(1 - raised / 14, abs=1e-6)
    assert value(found, "second_rating", "all", "overall_r") == value(found, "second_rating", "all", "edu_r") == 1
    assert value(found, "second_rating", "all", "domain_accuracy") == 0.75
    assert {row["n"] for row in found if (row["task"], row["source"]) == ("second_rating", "all")} == {20}


def test_any_rater_behind_the_seam_is_measured(files: dict[str, Rows], tmp_path: Path) -> None:
    """One that says the truth, but neither edu nor format, as DataMan's. It is asked about a text once."""
    truth = {(row["text"], row["lang"]): row for row in files["ratings"]}
    asked: list[tuple[str, str | None]] = []

    def rate(texts: list[str], languages: Sequence[str | None]) -> list[Rating | str]:
        pairs = list(zip(texts, languages, strict=True))
        asked.extend(pairs)
        return [said(truth[pair]) for pair in pairs]

    def said(row: dict[str, Any]) -> Rating:
        scores = tuple(row[name] for name in CRITERIA)
        domain = DOMAINS[ord(row["domain"]) - ord("A")]
        return Rating(domain, 1.0, scores, tuple(map(float, scores)), None, None, None, None, 1.0, 9)

    written(tmp_path, files)
    models = Models(rate, load_refiner(["rules"], 1))
    known = Truth(ratings=read_ratings(tmp_path / "ratings.parquet"))
    found = {one[:3]: one for one in evaluated(known, models, Bootstrap(20), lambda _: None)}
    for metric in ("overall_r", "exact_mean", "macro_f1_mean", "rho_mean", "domain_accuracy", "domain_macro_f1"):
        perfect = found["ratings", "all", metric]
        assert (perfect.value, perfect.low, perfect.high) == (1, 1, 1)
    assert {metric for _, _, metric in found if metric.startswith(("edu", "format", "document", "rater"))} == set()
    assert ("documents", "all", "refiner_document_f1") in found
    assert sorted(asked, key=str) == sorted(truth, key=str)
    by_refiner = evaluated(known, models._replace(documents="refiner"), Bootstrap(20), lambda _: None)
    assert "document_f1" in {one.metric for one in by_refiner}


def test_a_probability_decides_on_documents_where_there_is_one(files: dict[str, Rows], tmp_path: Path) -> None:
    """It is high enough for every second of ten texts; their integers would drop them all."""
    rows = [row | {"edu": 3 * (number % 2)} for number, row in enumerate(files["ratings"][:10])]
    place = {row["text"]: number for number, row in enumerate(rows)}

    def rate(texts: list[str], _: Sequence[str | None]) -> list[Rating | str]:
        unsure = Rating("law", 1.0, (3,) * 14, (3.0,) * 14, 0, 0, 0.0, 0.0, 1.0, 9)
        return [unsure._replace(keep_probability=0.4 if place[text] % 2 else 0.39) for text in texts]

    written(tmp_path, {"ratings": rows})
    known = Truth(ratings=read_ratings(tmp_path / "ratings.parquet"))
    rows_found = evaluated(known, Models(rate, load_refiner(["rules"], 1)), Bootstrap(20), lambda _: None)
    found = {one[:3]: one.value for one in rows_found}
    assert found["documents", "all", "document_f1"] == 1
    assert found["documents", "all", "document_kept_ratio"] == 0.5


def test_only_what_is_given_is_measured(files: dict[str, Rows], tmp_path: Path) -> None:
    for name, tasks in (
        ("ratings", {"ratings", "ratings_by_language", "documents", "documents_by_language"}),
        ("human", {"human"}),
        ("domains", {"domains", "domains_by_language"}),
        ("pages", {"lines"}),
    ):
        found = run(written(tmp_path, {name: files[name]}), tmp_path / "rows.json")
        assert {row["task"] for row in found} == tasks


def test_a_sample_is_drawn_by_id(files: dict[str, Rows], tmp_path: Path) -> None:
    some = {"domains": files["domains"]}
    first = run([*written(tmp_path, some), "--sample", "10"], tmp_path / "rows.json")
    again = run([*written(tmp_path, some, random.Random(3)), "--sample", "10"], tmp_path / "rows.json")
    assert first == again
    assert {row["n"] for row in first if row["source"] == "all"} == {10}
    ids = [row["id"] for row in drawn(files["domains"], 10)]
    assert ids == [row["id"] for row in drawn([row | {"text": "another"} for row in files["domains"]], 10)]
    assert set(ids) < {row["id"] for row in drawn(files["domains"], 11)}
    assert ids not in ([row["id"] for row in part] for part in (files["domains"][:10], files["domains"][-10:]))


def test_texts_that_cannot_be_rated_are_counted(files: dict[str, Rows], tmp_path: Path) -> None:
    """The tiny rater finds no token in blanks. Of the others every second one has the domain that it says."""
    some = [row | ({"text": "  "} if place < 10 else {}) for place, row in enumerate(files["domains"])]
    ratings = load_rater(TINY, threads=1)([row["text"] for row in some])
    for row, rating in list(zip(some, ratings, strict=True))[::2]:
        row["domain"] = rating.domain if isinstance(rating, Rating) else "law"
    found = run(written(tmp_path, {"domains": some}), tmp_path / "rows.json")
    assert value(found, "domains", "all", "rated_ratio") == 0.75
    (accuracy,) = [row for row in found if (row["source"], row["metric"]) == ("all", "domain_accuracy")]
    assert (accuracy["n"], accuracy["value"]) == (30, 0.5)


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("ratings", {"coherence": None}, "lacks the columns coherence"),
        ("ratings", {"coherence": 0}, "row 0 has 0 as coherence, expected 1 to 5"),
        ("ratings", {"edu": 6}, "has 6 as edu, expected 0 to 5"),
        ("ratings", {"overall_score": 3.5}, "has 3.5 as overall_score"),
        ("ratings", {"domain": "P"}, "has 'P' as domain, expected A to O"),
        (
            "ratings",
            {"second": {"domain": "A", "scores": [3] * 13, "edu": 1, "format": 1}},
            "second rating that is none",
        ),
        ("human", {"label": 2}, "has 2 as label, expected 0 or 1"),
        ("human", {"unanimous": "yes"}, "has 'yes' as unanimous"),
        ("domains", {"domain": "sports"}, "has 'sports' as domain"),
        ("domains", {"source": "all"}, "has the source all"),
        ("pages", {"gold_text": None}, "lacks the columns gold_text"),
    ],
)
def test_wrong_columns_are_refused(
    files: dict[str, Rows],
    name: str,
    change: dict[str, Any],
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    changed = [
        {column: cell for column, cell in (row | change).items() if column not in change or cell is not None}
        for row in files[name]
    ]
    out = tmp_path / "rows.json"
    assert main([*written(tmp_path, {name: changed}), "--rater", str(TINY), "--json", str(out)]) == 2
    message = capsys.readouterr().err
    assert said in message
    assert message.count("\n") == 1
    assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "found nothing to compare with"),
        (["--human", "nowhere.parquet"], "nowhere.parquet cannot be read as Parquet"),
        (["--human", __file__], "cannot be read as Parquet"),
        (["--human", "x", "--threads", "0"], "--threads is 0, expected 1 or more"),
        (["--human", "x", "--json", "no/such/folder/rows.json"], "cannot be written"),
    ],
)
def test_bad_arguments_are_refused(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    message = capsys.readouterr().err
    assert said in message
    assert message.count("\n") == 1


def test_a_folder_without_a_model_is_refused(
    files: dict[str, Rows], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*written(tmp_path, {"human": files["human"]}), "--rater", str(tmp_path)]) == 2
    assert "name a model folder" in capsys.readouterr().err


def test_without_names_the_shipped_models_are_measured_and_said(
    files: dict[str, Rows], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("onnxruntime")
    if not (ROOT / "models/refiner-lines-v3/model.onnx").is_file():
        pytest.skip("the shipped models are not here")
    arguments = [*written(tmp_path, files), "--sample", "4", "--resamples", "0", "--json"]
    named = ["--rater", "rater-e5-v2", "--refiner", "refiner-lines-v3@balanced"]
    assert main([*arguments, str(tmp_path / "default.json")]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert main([*arguments, str(tmp_path / "named.json"), *named]) == 0
    assert (tmp_path / "default.json").read_bytes() == (tmp_path / "named.json").read_bytes()
    from_ = load_line_manifest(ROOT / "models/refiner-lines-v3").thresholds.balanced
    refiner = f"refiner-lines-v3 (lines stay from a probability of {from_:g} on, balanced)"
    assert f"Rater rater-e5-v2, refiner {refiner}, on ratings.parquet" in said


def test_files_that_a_models_training_had_are_named(tmp_path: Path) -> None:
    learnt, new = tmp_path / "learnt.parquet", tmp_path / "new.parquet"
    learnt.write_bytes(b"labels")
    new.write_bytes(b"other labels")
    for name in ("rater", "lines"):
        (tmp_path / name).mkdir()
    (tmp_path / "rater/manifest.json").write_text("{}")
    manifest = json.dumps({"training": {"files": {"l": hashlib.sha256(b"labels").hexdigest()}}})
    (tmp_path / "lines/manifest.json").write_text(manifest)
    rater, lines = f"{tmp_path}/rater", f"{tmp_path}/lines"
    for refiner in ([lines], [f"{lines}@safe"], ["rules", f"chunk={lines}"]):
        assert trained_on([learnt, new], [rater, *refiner]) == [learnt]
    assert trained_on([learnt, new], [rater, "rules"]) == []
    about = About("r", "l", "", ["learnt.parquet"], 0, 0, 0, 1.0)
    assert "training" not in method(about)
    assert "training of these models had learnt.parquet" in method(about._replace(trained_on=["learnt.parquet"]))


class _Tags(HTMLParser):
    """Which tags there are, that they are closed, and what their attributes refer to."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.references: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.references += [str(said) for name, said in attrs if name in {"src", "href", "srcset", "action"}]
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_stands_alone(files: dict[str, Rows], tmp_path: Path) -> None:
    run([*written(tmp_path, files), "--html", str(tmp_path / "page.html")], tmp_path / "rows.json")
    text = (tmp_path / "page.html").read_text()
    tags = _Tags()
    tags.feed(text)
    assert tags.open == []
    assert tags.references == []
    assert not {"script", "img", "link", "iframe"} & set(tags.seen)
    assert "url(" not in text
    assert "<b>" not in text  # the name of a source is not markup
    assert "&lt;b&gt;posts&lt;/b&gt;" in text
    assert "prefers-color-scheme: dark" in text
    assert '<html lang="en">' in text
    plots = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    assert len(plots) >= 8
    for plot in plots:
        assert ElementTree.fromstring(plot).attrib["aria-label"]
    assert text.count("<caption>") == tags.seen.count("table") >= 8


def test_a_plot_puts_figures_where_they_are() -> None:
    plot = ElementTree.fromstring(dot_plot("r", [Bar("a", 0.5, 0.25, 1.0), Bar("b & c", -0.1, None, None)]))
    dots = [float(dot.attrib["cx"]) for dot in plot.iter("circle")]
    (interval,) = [line for line in plot.iter("line") if line.attrib["class"] == "interval"]
    ticks = {
        float(tick.text or ""): float(tick.attrib["x"]) for tick in plot.iter("text") if "tick" in str(tick.attrib)
    }
    assert (min(ticks), max(ticks)) == (-0.2, 1.0)
    assert float(interval.attrib["x2"]) == ticks[1.0]
    unit = ticks[1.0] - ticks[0.0]
    assert dots == pytest.approx([ticks[0.0] + 0.5 * unit, ticks[0.0] - 0.1 * unit], abs=0.2)


def test_it_needs_neither_spark_nor_torch(files: dict[str, Rows], tmp_path: Path) -> None:
    arguments = [*written(tmp_path, files), "--rater", str(TINY), "--refiner", "rules", "--resamples", "5"]
    script = (
        "import sys\n"
        "sys.modules.update(dict.fromkeys(('pyspark', 'torch', 'transformers', 'sklearn')))\n"
        "from jobs.evaluate_models import main\n"
        f"assert main({arguments!r}) == 0\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    assert "Lines and characters of pages" in done.stdout
