"""Models come from where they lie, by their digest: a wrong file is never run, and a store is asked once."""

import hashlib
import json
import multiprocessing
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.udfs.s3_server import Bucket, serving_bucket
from udfs.models.delivery import ModelSource, files_of, local_folder, source_of
from udfs.models.manifest import ModelError

CONTENT = {
    "tokenizer.json": b"a tokenizer",
    "cpu-int8/model.onnx": b"a graph",
    "cpu-int8/model.onnx.data": b"w" * 3_000_000,
    "cuda-fp16/model.onnx": b"another graph",
}
NEEDED = ["cpu-int8/model.onnx", "cpu-int8/model.onnx.data", "manifest.json", "tokenizer.json"]


def manifest(content: dict[str, bytes]) -> bytes:
    return json.dumps(
        {"files": {name: {"sha256": hashlib.sha256(of).hexdigest()} for name, of in content.items()}}
    ).encode()


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "anything")
    files = {**CONTENT, "manifest.json": manifest(CONTENT)}
    with serving_bucket({f"models/refiner/{name}": content for name, content in files.items()}) as running:
        yield running


def url(bucket: Bucket) -> str:
    return "s3://bucket/models/refiner" + bucket.query


def folder(path: Path) -> Path:
    for name, content in {**CONTENT, "manifest.json": manifest(CONTENT)}.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


def files(path: Path) -> list[str]:
    return sorted(str(file.relative_to(path)) for file in path.rglob("*") if file.is_file())


def test_a_folder_on_the_disk_is_used_where_it_lies(tmp_path: Path) -> None:
    model = folder(tmp_path / "model")
    assert local_folder(source_of(str(model), str(tmp_path / "cache"))) == model
    assert not (tmp_path / "cache").exists()


def test_another_model_at_the_same_place_is_refused(tmp_path: Path) -> None:
    source = source_of(str(folder(tmp_path / "model")), "")
    (tmp_path / "model/manifest.json").write_bytes(manifest({"tokenizer.json": b"newer"}))
    with pytest.raises(ModelError, match="is another model than the driver's; copy the same folder"):
        local_folder(source)


def test_what_spark_unpacked_is_used_where_the_place_is_empty(tmp_path: Path) -> None:
    source = source_of(str(folder(tmp_path / "model")), "")._replace(location=str(tmp_path / "nowhere"))
    with pytest.raises(ModelError, match=r"is no model; copy .* or set spark.hand_over_models: true"):
        local_folder(source)
    assert local_folder(source, "", tmp_path / "model") == tmp_path / "model"


def test_a_store_is_copied_once_and_only_the_variant(tmp_path: Path, bucket: Bucket) -> None:
    source = source_of(url(bucket), str(tmp_path))
    found = local_folder(source, "cpu-int8")
    assert files(found) == NEEDED
    assert {name: (found / name).read_bytes() for name in NEEDED if name in CONTENT} == {
        name: CONTENT[name] for name in NEEDED if name in CONTENT
    }
    asked = len(bucket.ranges)
    assert local_folder(source, "cpu-int8") == found
    assert len(bucket.ranges) == asked + 1  # the manifest


def test_a_copy_that_was_damaged_is_made_again(tmp_path: Path, bucket: Bucket) -> None:
    source = source_of(url(bucket), str(tmp_path))
    found = local_folder(source, "cpu-int8")
    (found / "cpu-int8/model.onnx").write_bytes(b"half of a gra")
    local_folder(source, "cpu-int8")
    assert (found / "cpu-int8/model.onnx").read_bytes() == CONTENT["cpu-int8/model.onnx"]


def test_a_file_that_is_not_what_the_manifest_says_is_never_left(tmp_path: Path, bucket: Bucket) -> None:
    bucket.objects["models/refiner/cpu-int8/model.onnx"] = b"planted"
    source = source_of(url(bucket), str(tmp_path))
    with pytest.raises(ModelError, match=r"model.onnx has the SHA-256 \w{64}, but the manifest expects"):
        local_folder(source, "cpu-int8")
    assert "cpu-int8/model.onnx" not in files(tmp_path / source.digest)


def test_a_model_that_is_replaced_while_a_run_goes_on_is_refused(tmp_path: Path, bucket: Bucket) -> None:
    source = source_of(url(bucket), str(tmp_path))
    bucket.objects["models/refiner/manifest.json"] = manifest({"tokenizer.json": b"newer"})
    with pytest.raises(ModelError, match="another model than when the run began"):
        local_folder(source, "cpu-int8")


@pytest.mark.parametrize("content", [b"no json", b"[]", b'{"files": 3}', b'{"files": {"a": "b"}}'])
def test_a_manifest_that_names_no_files_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "manifest.json").write_bytes(content)
    with pytest.raises(ModelError, match="names no files"):
        files_of(str(tmp_path), "")


@pytest.mark.parametrize("name", ["../outside", "/etc/outside", "cpu-int8/../../outside"])
def test_no_file_outside_of_the_folder_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "manifest.json").write_bytes(manifest({name: b"x"}))
    with pytest.raises(ModelError, match="outside"):
        files_of(str(tmp_path), "cpu-int8")


def test_a_store_that_has_no_model_is_said_without_its_secrets(tmp_path: Path, bucket: Bucket) -> None:
    with pytest.raises(ModelError) as refused:
        source_of(f"s3://key:secret@bucket/nothing{bucket.query}", str(tmp_path))
    assert "name a model folder" in str(refused.value)
    assert "secret" not in str(refused.value)


def test_a_cache_that_cannot_be_written_is_said(tmp_path: Path, bucket: Bucket) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ModelError, match=r"cannot be copied to .*another folder in the setting cache"):
        local_folder(source_of(url(bucket), str(tmp_path / "file")), "cpu-int8")


def test_workers_that_begin_together_copy_once(tmp_path: Path, bucket: Bucket) -> None:
    source = source_of(url(bucket), str(tmp_path))
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        found = pool.starmap(local_folder, [(source, "cpu-int8")] * 3)
    assert set(found) == {tmp_path / source.digest}
    assert bucket.ranges.count("bytes=0-2999999") == 1


def test_the_digest_is_that_of_the_manifest(tmp_path: Path) -> None:
    model = folder(tmp_path)
    expected = hashlib.sha256((model / "manifest.json").read_bytes()).hexdigest()
    assert source_of(str(model), "x") == ModelSource(str(model), expected, "x")
