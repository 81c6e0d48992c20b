"""The manifest of a decoder: what it holds together, and what it says when it does not."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from udfs.models.decoder_manifest import DecoderManifest, load_decoder_manifest, verify_decoder
from udfs.models.manifest import MANIFEST_FILE, ModelError, load_manifest

TINY = Path(__file__).parents[1] / "data/tiny-decoder"
RATER = Path(__file__).parents[1] / "data/tiny-rater"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the committed decoder that a test may spoil."""
    return Path(shutil.copytree(TINY, tmp_path / "decoder"))


def changed(folder: Path, **fields: Any) -> Path:
    """Write some fields of the manifest anew."""
    path = folder / MANIFEST_FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))
    return folder


def test_the_committed_decoder_is_whole() -> None:
    manifest = load_decoder_manifest(TINY)
    assert set(manifest.variants) == {"cpu-int8", "cpu-fp32"}
    for variant in manifest.variants:
        verify_decoder(TINY, manifest, variant)
    assert manifest.files_of("cpu-int8") == ("cpu-int8/model.onnx", "cpu-int8/model.onnx.data", "tokenizer.json")
    on_disk = {path.relative_to(TINY).as_posix() for path in TINY.rglob("*") if path.is_file()}
    assert on_disk == {*manifest.files, MANIFEST_FILE, "answers.json"}
    assert sum(fact.size_bytes for fact in manifest.files.values()) < 900_000


def test_parity_is_written_for_each_variant() -> None:
    found = {one.variant: one for one in load_decoder_manifest(TINY).parity}
    assert found["cpu-fp32"].answers_equal == 1
    assert 0.2 < found["cpu-int8"].tokens_equal <= 1


def test_another_variant_may_be_left_behind(folder: Path) -> None:
    shutil.rmtree(folder / "cpu-fp32")
    manifest = load_decoder_manifest(folder)
    verify_decoder(folder, manifest, "cpu-int8")
    with pytest.raises(ModelError, match=r"cpu-fp32/model\.onnx cannot be read .* restore the file"):
        verify_decoder(folder, manifest, "cpu-fp32")


def test_one_changed_byte_is_found(folder: Path) -> None:
    data = folder / "cpu-int8/model.onnx.data"
    spoiled = bytearray(data.read_bytes())
    spoiled[-1] ^= 1
    data.write_bytes(spoiled)
    with pytest.raises(ModelError, match=r"model\.onnx\.data has the SHA-256 .* expects"):
        verify_decoder(folder, load_decoder_manifest(folder), "cpu-int8")


def test_an_unknown_variant_names_those_there_are() -> None:
    with pytest.raises(ModelError, match="no variant 'cuda-fp16', it has cpu-fp32, cpu-int8; choose one"):
        load_decoder_manifest(TINY).chosen("cuda-fp16")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"stop": []}, "stop is empty"),
        ({"stop": [320]}, "token 320 is not in a vocabulary of 320"),
        ({"stop": ["2"]}, "stop.0: Input should be a valid integer"),
        ({"pad": -1}, "pad: Input should be greater than or equal to 0"),
        ({"context": 0}, "context: Input should be greater than 0"),
        ({"files": {}}, "files does not name tokenizer.json"),
        ({"variants": {}}, "variants is empty"),
        ({"format": "prox"}, "format: Input should be 'prox-document'"),
        ({"surprise": 1}, "surprise: Extra inputs are not permitted"),
        ({"kind": "rater"}, "kind: Input should be 'decoder'"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(folder: Path, fields: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ModelError) as refused:
        load_decoder_manifest(changed(folder, **fields))
    assert sentence in str(refused.value)
    assert "export it anew" in str(refused.value)


@pytest.mark.parametrize("path", ["../tokenizer.json", "/etc/passwd", "a/b/model.onnx", "cpu-int8/../x", ".hidden", ""])
def test_files_stay_in_the_folder(folder: Path, path: str) -> None:
    files = json.loads((folder / MANIFEST_FILE).read_text())["files"]
    with pytest.raises(ModelError, match="no plain path"):
        load_decoder_manifest(changed(folder, files=files | {path: files["tokenizer.json"]}))


@pytest.mark.parametrize(
    ("name", "changes", "sentence"),
    [
        ("cpu-int8", {"precision": "fp32"}, "'cpu-int8' is not one of"),
        ("cuda-int8", {"provider": "cuda"}, "'cuda-int8' is not one of"),
        ("cpu-fp32", {"precision": "fp32"}, "expected it in the folder cpu-fp32"),
    ],
)
def test_a_variant_is_what_it_is_called(folder: Path, name: str, changes: dict[str, str], sentence: str) -> None:
    variant = json.loads((folder / MANIFEST_FILE).read_text())["variants"]["cpu-int8"]
    with pytest.raises(ModelError) as refused:
        load_decoder_manifest(changed(folder, variants={name: variant | changes}))
    assert sentence in str(refused.value)


def test_a_rater_is_no_decoder_and_a_decoder_no_rater() -> None:
    with pytest.raises(ModelError, match="name the folder of a decoder"):
        load_decoder_manifest(RATER)
    with pytest.raises(ModelError, match=r"manifest\.json: .*restore"):
        load_manifest(TINY)


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"cannot be read .* name a model folder"):
        load_decoder_manifest(tmp_path / "nothing")


def test_a_manifest_survives_writing() -> None:
    manifest = load_decoder_manifest(TINY)
    assert DecoderManifest.model_validate_json(manifest.model_dump_json()) == manifest
