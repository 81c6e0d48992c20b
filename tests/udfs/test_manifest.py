"""The manifest of a model folder: strict reading, digests, and one sentence for each thing that is wrong."""

import contextlib
import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from udfs.models.criteria import CRITERIA, DOMAINS
from udfs.models.manifest import ModelError, load_manifest, model_digest, verify_files

ROOT = Path(__file__).parents[2]
TINY = ROOT / "tests/data/tiny-rater"
SHIPPED = ROOT / "models/rater-e5-v2"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the tiny rater that a test may damage."""
    return Path(shutil.copytree(TINY, tmp_path / "model"))


def edit(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    path = folder / "manifest.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def test_names_follow_the_rubric() -> None:
    assert (len(CRITERIA), len(DOMAINS)) == (14, 15)
    assert CRITERIA[0] == "accuracy"
    assert CRITERIA[-1] == "overall_score"
    assert [DOMAINS["ABCDEFGHIJKLMNO".index(letter)] for letter in "AGLO"] == [
        "medicine",
        "mathematics",
        "retail_e_commerce",
        "other",
    ]
    assert all(name.isascii() and name.isidentifier() and name == name.lower() for name in CRITERIA + DOMAINS)


@pytest.mark.parametrize("model", [TINY, SHIPPED], ids=["tiny", "shipped"])
def test_committed_models_are_whole(model: Path) -> None:
    manifest = load_manifest(model)
    verify_files(model, manifest)
    assert manifest.name == model.name
    for name, fact in manifest.files.items():
        content = (model / name).read_bytes()
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (fact.sha256, fact.size_bytes)
    assert model_digest(model) == hashlib.sha256((model / "manifest.json").read_bytes()).hexdigest()


def test_shipped_model_is_small_and_open() -> None:
    manifest = load_manifest(SHIPPED)
    assert sum(fact.size_bytes for fact in manifest.files.values()) < 25_000_000
    assert sum(manifest.training.licences.values()) == manifest.training.rows
    assert not any(
        word in licence for licence in manifest.training.licences for word in ("NC", "SA", "GPL", "non-comm")
    )
    assert {"pages held out", "sources held out"} <= {one.split for one in manifest.quality}
    card = (SHIPPED / "card.md").read_text()
    assert all(f"| {one.measure} | {one.value:.3f} |" in card for one in manifest.quality)


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_one_changed_byte_names_file_and_both_digests(folder: Path, name: str) -> None:
    expected = load_manifest(folder).files[name].sha256
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(ModelError) as caught:
        verify_files(folder, load_manifest(folder))
    for part in (name, hashlib.sha256(content).hexdigest(), expected, "restore"):
        assert part in str(caught.value)


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "model.onnx").unlink()
    with pytest.raises(ModelError, match=r"model\.onnx cannot be read .*restore"):
        verify_files(folder, load_manifest(folder))


@pytest.mark.parametrize("read", [load_manifest, model_digest])
def test_a_folder_without_manifest(tmp_path: Path, read: Callable[[Path], Any]) -> None:
    with pytest.raises(ModelError, match=r"manifest\.json cannot be read"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda m: m.update(extra=1), "extra"),
        (lambda m: m.update(head_tokens="24"), "head_tokens"),
        (lambda m: m.update(kind="judge"), "kind"),
        (lambda m: m.pop("pad_token"), "pad_token"),
        (lambda m: m.update(head_tokens=55), "larger than max_tokens"),
        (lambda m: m["domains"].pop(), "domains is not a permutation"),
        (lambda m: m["scores"].append("accuracy"), "scores is not a permutation"),
        (lambda m: m["files"].pop("tokenizer.json"), "does not name tokenizer.json"),
        (lambda m: m["files"].update({"../x": m["files"]["model.onnx"]}), "no plain file name"),
        (lambda m: m["files"]["model.onnx"].update(sha256="XYZ"), "sha256"),
        (lambda m: m.update(rows_per_run=0), "rows_per_run"),
    ],
)
def test_a_wrong_manifest_is_one_sentence(folder: Path, change: Callable[[dict[str, Any]], Any], said: str) -> None:
    edit(folder, change)
    with pytest.raises(ModelError) as caught:
        load_manifest(folder)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_digest_follows_the_manifest(folder: Path) -> None:
    before = model_digest(folder)
    edit(folder, lambda m: m.update(overall_deviation=0.71))
    assert model_digest(folder) != before


@settings(deadline=None)
@given(st.binary(max_size=200), st.integers(0, 2000))
def test_any_bytes_are_a_manifest_or_a_model_error(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, at: int
) -> None:
    folder = tmp_path_factory.mktemp("noise")
    content = (TINY / "manifest.json").read_bytes()
    (folder / "manifest.json").write_bytes(content[:at] + noise + content[at + len(noise) :])
    with contextlib.suppress(ModelError):
        load_manifest(folder)
