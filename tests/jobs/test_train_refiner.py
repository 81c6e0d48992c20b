"""Training the refiner: what pages become, the split, the measures, the card; and, with torch, a small model."""

import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.evaluation.judges import load_refiner
from jobs.evaluation.pages import Page, counted, read_pages, visible_text
from jobs.evaluation.tasks import line_metrics
from jobs.evaluation.truth import Text
from jobs.train_refiner import judge, main
from jobs.training.line_pages import LinePage, hold_out, is_held_out, main_content, read_line_pages
from jobs.training.line_scores import Judged, chosen_thresholds, measured, quality_of
from udfs.models.line_manifest import load_line_manifest
from udfs.programs.labels import chunk_program
from udfs.programs.refining import ExecuteSettings, Written, refine
from udfs.programs.tagging.features import shown_lines

ROOT = Path(__file__).parents[2]
GOLD = "The mill stands by the river and turns.\nIts three wheels are older than the village church."
HTML = (
    "<html><body><nav><ul><li>Home</li><li>About the mill</li></ul></nav>"
    "<article><h1>Mill news</h1><p>The mill stands by the river and turns.</p>"
    "<p>Its three wheels are older than the village church.</p></article><footer><p>Imprint</p></footer></body></html>"
)
ROW: dict[str, Any] = {
    "id": "p",
    "source": "s",
    "url": "http://h/1",
    "host": "h",
    "page_type": "article",
    "html": HTML,
    "gold_text": GOLD,
    "gold_with": None,
    "gold_without": None,
    "gold_coverage": 1.0,
    "licence": "MIT",
}


def pages_file(path: Path, *changes: dict[str, Any]) -> Path:
    schema = pa.schema(
        [
            (
                name,
                pa.list_(pa.string()) if "_with" in name else pa.float64() if name == "gold_coverage" else pa.string(),
            )
            for name in ROW
        ]
    )
    pq.write_table(pa.Table.from_pylist([ROW | change for change in changes], schema), path)
    return path


def test_a_page_becomes_lines_with_labels_in_two_shapes(tmp_path: Path) -> None:
    visible, main_shape = read_line_pages([pages_file(tmp_path / "p.parquet", {})])
    every = visible_text(HTML).split("\n")
    lines = [every[number] for number in visible.shown.numbers]
    assert [line.strip() for line in lines] == ["Home", "About the mill", "Mill news", *GOLD.split("\n"), "Imprint"]
    assert visible.keep.tolist() == [0, 0, 0, 1, 1, 0]
    assert visible.chars.tolist() == [len(line) for line in lines]
    assert (visible.tier, visible.site, visible.page_type, visible.shape) == ("open", "h", "article", "visible")
    assert visible.weight[0] < visible.weight[1] < visible.weight[4]  # under three words; short; long
    assert main_shape.shape == "main"
    assert len(main_shape.keep) == len([one for one in main_content(HTML).split("\n") if one.strip()])


def test_pages_with_snippets_only_are_known_in_part(tmp_path: Path) -> None:
    change = {"gold_text": None, "gold_with": ["river and turns"], "gold_without": ["Imprint", "About"]}
    page = next(iter(read_line_pages([pages_file(tmp_path / "p.parquet", change)], ("visible",))))
    assert (page.weight > 0).tolist() == [False, True, False, True, False, True]
    assert page.keep[page.weight > 0].tolist() == [0, 1, 0]
    taught = page.taught(np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4], np.float32))
    assert taught.keep.tolist() == pytest.approx([0.9, 0, 0.7, 1, 0.5, 0])
    known = page.weight > 0
    assert taught.weight[known].tolist() == page.weight[known].tolist()
    assert taught.weight[~known].tolist() == pytest.approx((page.worth[~known] / 2).tolist())
    assert (page.weight[known] == page.worth[known]).all()


@pytest.mark.parametrize("change", [{"gold_coverage": 0.5}, {"gold_text": None}, {"html": "<p>one</p><p>two</p>"}])
def test_pages_that_are_no_use_are_left_out(tmp_path: Path, change: dict[str, Any]) -> None:
    assert list(read_line_pages([pages_file(tmp_path / "p.parquet", change)])) == []


def test_sites_are_kept_together_and_other_tiers_are_held_out(tmp_path: Path) -> None:
    changes = [{"id": f"{site}/{n}", "host": f"h{site}"} for site in range(60) for n in range(3)]
    closed = [{"id": "closed", "host": "x", "licence": "GPL-3.0"}, {"id": "none", "host": "y", "licence": "unstated"}]
    path = pages_file(tmp_path / "p.parquet", *changes, *closed)
    pages = list(read_line_pages([path], ("visible",)))
    held = {page.id: is_held_out(page, 0.3, 0) for page in pages}
    assert held["closed"]
    assert held["none"]
    for site in range(60):
        assert len({held[f"{site}/{n}"] for n in range(3)}) == 1
    assert 0.15 < np.mean([held[f"{site}/0"] for site in range(60)]) < 0.45
    assert held != {page.id: is_held_out(page, 0.3, 1) for page in pages}
    hold_out([path], tmp_path / "held", 0.3, 0)
    written = pq.read_table(tmp_path / "held/p.parquet")["id"].to_pylist()
    assert sorted(written) == sorted(name for name, is_held in held.items() if is_held)


def judged_pages(count: int, random_state: random.Random, source: str = "a") -> list[Judged]:
    found = []
    for number in range(count):
        sizes = [random_state.randint(3, 30) for _ in range(20)]
        lines = [" ".join(random_state.choices(["mill", "river", "weir", "stone"], k=size)) for size in sizes]
        keep = [random_state.random() < 0.5 for _ in lines]
        page = LinePage(
            f"{source}{number}",
            source,
            f"h{number}",
            "open",
            "MIT",
            "article",
            "visible",
            shown_lines("\n".join(lines)),
            np.array([len(line) for line in lines], np.float32),
            np.array(keep, np.float32),
            np.ones(len(lines), np.float32),
            np.ones(len(lines), np.float32),
        )
        sure = [(0.4 if stays else -0.4) * random_state.random() for stays in keep]
        chance = [0.5 + one + 0.1 * random_state.gauss(0, 1) for one in sure]
        found.append(Judged(page, np.clip(chance, 0, 1).astype(np.float32)))
    return found


def test_measures_are_those_of_the_evaluation() -> None:
    """Oracle: `evaluate_models` on programs made of the same decisions, executed."""
    random_state = random.Random(3)
    for judged in judged_pages(5, random_state):
        numbers = np.flatnonzero(judged.keep < 0.4)
        texts = [" ".join(["mill"] * int(n)) for n in np.expm1(judged.page.shown.features[:, 1]).round()]
        page = judged.page._replace(chars=np.array([len(one) for one in texts], np.float32))
        text = "\n".join(texts)
        keep = tuple(bool(one) for one in page.keep)
        program = chunk_program([n not in numbers for n in range(len(texts))], 0, len(texts) - 1)
        written = [Written("chunk", 0, len(texts) - 1, program)]
        done = refine(text, written, ExecuteSettings())
        counts = counted([Page(Text("i", "s", "", text), "", keep)], lambda _, done=done: [done])
        expected = line_metrics(counts)(np.ones((1, 1)))
        found = measured([Judged(page, judged.keep)], 0.4)
        assert found.line_keep_f1 == pytest.approx(float(expected["line_keep_f1"][0]), abs=1e-4)
        assert found.char_f1 == pytest.approx(float(expected["char_f1"][0]), abs=1e-4)
        assert found.char_recall == pytest.approx(float(expected["char_recall"][0]), abs=1e-4)
        assert found.removed_recall == pytest.approx(float(expected["line_removed_recall"][0]), abs=1e-4)


def test_thresholds_are_the_best_and_the_safe_one() -> None:
    judged = judged_pages(30, random.Random(5))
    thresholds = chosen_thresholds(judged)
    assert measured(judged, thresholds.safe).char_recall >= 0.992
    assert measured(judged, thresholds.safe + 0.005).char_recall < 0.992
    each = [measured(judged, float(one)) for one in np.linspace(0.01, 0.95, 100)]
    found = measured(judged, thresholds.balanced)
    assert found.line_keep_f1 + found.char_f1 >= max(one.line_keep_f1 + one.char_f1 for one in each) - 5e-3
    rows = quality_of([*judged, *judged_pages(10, random.Random(6), "b")], thresholds)
    assert {row.source for row in rows} == {"all", "mean of sources", "articles", "a", "b"}
    mean = {row.source: row.char_f1 for row in rows if row.threshold == "safe"}
    assert mean["mean of sources"] == pytest.approx((mean["a"] + mean["b"]) / 2, abs=1e-4)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--pages", "{d}/none.parquet", "--out", "{d}/m"], "cannot be read as Parquet"),
        (["--pages", "{d}/p.parquet", "--out", "{d}/m"], "pages of the open tier to train on, expected 20; give more"),
        (["--pages", "{d}/p.parquet", "--out", "{d}/p.parquet"], "is a file, expected a folder"),
        (["--pages", "{d}/p.parquet", "--out", "{d}/m", "--passes", "0"], "--passes is 0, expected 1 or more"),
        (["--pages", "{d}/p.parquet", "--out", "{d}/m", "--held-out-share", "1"], "expected more than 0"),
        (["--pages", "{d}/p.parquet", "--out", "{d}/m", "--taught-by", "{d}/x"], "x/manifest.json cannot be read"),
    ],
)
def test_bad_input_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    pages_file(tmp_path / "p.parquet", {})
    assert main([one.format(d=tmp_path) for one in arguments]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert said in lines[0]


def test_importing_needs_no_torch() -> None:
    code = "import sys, jobs.train_refiner; assert not {'torch', 'transformers', 'onnx', 'sklearn'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


# --- names of refiners


def test_the_shipped_tagger_is_evaluated_at_any_threshold(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    if not (ROOT / "models/refiner-lines-v3/model.onnx").is_file():
        pytest.skip("the shipped model is not here")
    pages = read_pages([pages_file(tmp_path / "p.parquet", {})])
    left = {}
    for name in ("@0", "@safe", "", "@balanced", "@1"):
        refiner = load_refiner([f"refiner-lines-v3{name}"], 1)
        assert refiner.levels == ("document", "chunk")
        left[name] = len(refiner.refine("chunk")([pages[0].text.text])[0].text)
    assert left["@0"] >= left["@safe"] >= left["@balanced"] == left[""] >= left["@1"]
    assert left["@0"] == len(pages[0].text.text)
    for name in ("refiner-lines-v3@bold", "refiner-lines-v3@2"):
        with pytest.raises(ValueError, match="expected safe, balanced or a probability"):
            load_refiner([name], 1)


# --- with torch


def made_up_pages(path: Path, sites: int) -> Path:
    chance = random.Random(1)
    words = "mill river stone weir wheel miller grain flour spring winter bank trust village".split()  # noqa: SIM905
    rows = []
    for site in range(sites):
        said = [" ".join(chance.choices(words, k=chance.randint(9, 25))).capitalize() + "." for _ in range(6)]
        menu = [chance.choice(["Home", "About us", "Log in", "Contact us today", "Share this page"]) for _ in range(7)]
        body = [*menu[:4], *said, *menu[4:]]
        html = "<html><body>" + "".join(f"<div>{line}</div>" for line in body) + "</body></html>"
        rows.append({"id": f"p{site}", "host": f"h{site}", "html": html, "gold_text": "\n".join(said)})
    return pages_file(path, *rows)


def test_a_small_model_is_trained_resumed_and_exported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The graph is that of the networks, the same seed gives the same weights, and a run that was killed goes on."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("onnx")
    from jobs.training import line_words
    from jobs.training.line_network import NOISES
    from jobs.training.line_training import logits_of, new_network, ready, train_network

    monkeypatch.setattr(line_words, "_encoder_words", lambda: ["mill", "river", "home"])
    monkeypatch.setattr(line_words, "_encoded", lambda names: np.eye(len(names), 64, dtype=np.float32) + 0.1)
    monkeypatch.setattr(line_words, "_reduced", lambda vectors: vectors)
    torch.set_num_threads(1)
    path = made_up_pages(tmp_path / "p.parquet", 160)
    out = tmp_path / "tiny"
    options = ["--pages", str(path), "--out", str(out), "--passes", "4", "4", "--held-out", str(tmp_path / "held")]
    assert main([*options, "--work", str(tmp_path / "work")]) == 0
    manifest = load_line_manifest(out)
    pooled = {row.threshold: row for row in manifest.quality if row.source == "all"}
    assert pooled["balanced"].line_keep_f1 > 0.95
    assert pooled["safe"].char_recall > 0.98
    assert manifest.members == 2
    assert "| all |" in (out / "card.md").read_text()
    shown = load_refiner([f"{out}@balanced"], 1).refine("chunk")
    counts = counted(read_pages([tmp_path / "held/p.parquet"]), shown)
    assert float(line_metrics(counts)(np.ones((1, len(counts))))["line_keep_f1"][0]) > 0.95

    pages = [page for page in read_line_pages([path]) if not is_held_out(page, 0.15, 0)]
    words = line_words.known_words(pages)
    inputs = [ready(page, words) for page in pages]

    def trained(file: Path, say: Any = lambda _: None, seed: int = 1) -> Any:
        network = new_network(inputs, words, seed, NOISES[(seed - 1) % len(NOISES)])
        train_network(network, inputs, 4, seed, file, say)
        return np.concatenate(logits_of(network, inputs[:5]))

    def killed(text: str) -> None:
        if text.startswith("pass 2"):
            raise KeyboardInterrupt

    whole = trained(tmp_path / "work/network-0.pt")  # nothing is left to do
    other = trained(tmp_path / "work/network-1.pt", seed=2)
    of_graph = np.concatenate([one.keep for one in judge(out, pages[:5], 1)])
    assert 1 / (1 + np.exp(-(whole + other) / 2)) == pytest.approx(of_graph, abs=0.02)  # words are in int8 there
    assert np.abs(whole - other).max() > 0.05
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "again.pt", killed)
    said: list[str] = []
    assert np.array_equal(trained(tmp_path / "again.pt", said.append), whole)
    assert [text.split(":")[0] for text in said] == ["pass 3 of 4", "pass 4 of 4"]
