"""The command line with wrong arguments, settings, files and environments: one sentence, exit status 2, and no "
"Spark."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from jobs.runtime import java, session
from jobs.runtime.cli import run_command
from tests.conftest import ROOT

SAMPLE = str(ROOT / "sample/*.warc.gz")
Said = Callable[..., str]


@pytest.fixture
def said(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Said:
    """What a command that must fail says: one sentence, before Spark is started."""

    def no_spark(*_: object, **__: object) -> None:
        raise AssertionError("Spark was started")

    monkeypatch.setattr(session, "_start_locally", no_spark)

    def say(*arguments: str) -> str:
        assert run_command([*arguments, "--lake", str(tmp_path / "lake")]) == 2
        error = capsys.readouterr().err
        assert error.startswith("corpusmill: ")
        assert error.count("\n") == 1
        return error

    return say


def test_an_unknown_setting(said: Said) -> None:
    text = said("run", "--set", "screen.rulse={}")
    assert "found the unknown key screen.rulse" in text
    assert "did you mean screen.rules?" in text


def test_an_unknown_rule(said: Said) -> None:
    text = said("run", "--input", SAMPLE, "--set", "screen.rules.word_cuont.at_least=5")
    assert "word_cuont" in text
    assert "word_count" in text


def test_a_wrong_type(said: Said) -> None:
    text = said("run", "--set", "rate.threads=many")
    assert "rate.threads: found 'many', expected integer" in text


def test_a_missing_settings_file(said: Said) -> None:
    assert "--conf absent.yaml: found no such file" in said("run", "--conf", "absent.yaml")


def test_input_that_is_not_there(said: Said) -> None:
    text = said("run", "--input", "/nowhere/*.warc.gz")
    assert "found no file that matches /nowhere/*.warc.gz, expected" in text


def test_input_with_credentials_is_refused_without_showing_them(said: Said) -> None:
    text = said("run", "--set", "ingest.manifest=[" + str(manifest_with_a_secret()) + "]")
    assert "found credentials in" in text
    assert "hunter2" not in text


def manifest_with_a_secret() -> Path:
    import tempfile

    folder = Path(tempfile.mkdtemp())
    (folder / "paths.txt").write_text("https://me:hunter2@files.example/a.warc.gz\n")
    return folder / "paths.txt"


def test_a_model_that_is_not_there(said: Said) -> None:
    text = said("run", "--input", SAMPLE, "--set", "rate.model=/nowhere/rater")
    assert "rate.model: /nowhere/rater/manifest.json cannot be read" in text


def test_a_model_whose_file_was_changed(said: Said, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(ROOT / "tests/data/tiny-rater", tmp_path / "rater"))
    with (folder / "model.onnx").open("ab") as file:
        file.write(b"\0")
    text = said("run", "--input", SAMPLE, "--set", f"rate.model={folder}")
    assert "model.onnx has the SHA-256" in text
    assert "the manifest expects" in text


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("sign.enabled=false", "found dedup_minhash.enabled without sign.enabled, expected signatures to compare"),
        ("dedup_minhash.verify.by=shingles", "without sign.keep_shingles, expected shingles to compare"),
        ("sign.banding=14-8", "sign.banding: '14-8' is no banding; give bands x rows, such as 14x8"),
        ("audit.banding=14-8", "audit.banding: '14-8' is no banding; give bands x rows, such as 14x8"),
        ("dedup_bloom.mode=naive-both", "dedup_bloom.mode: found mode naive-both, expected another"),
        ("dedup_bloom.expected_ngrams=100000000000", "raise shards to 116 or raise memory_bytes"),
        ("dedup_substring.anchor_tokens=60", "found anchor_tokens 60 with tokens 50"),
    ],
)
def test_settings_of_dedup_that_do_not_fit(said: Said, setting: str, expected: str) -> None:
    assert expected in said("run", "--set", setting)


def test_an_unknown_stage(said: Said) -> None:
    assert "--only screne: found no such stage, expected one of ingest, screen" in said("run", "--only", "screne")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["rum"], "invalid choice: 'rum'"),
        (["run", "--lakes", "x"], "unrecognized arguments: --lakes x"),
        (["sql"], "the following arguments are required: query"),
    ],
)
def test_wrong_arguments(arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(arguments) == 2
    assert expected in capsys.readouterr().err


def java_of_version(folder: Path, version: str) -> Path:
    """A JAVA_HOME whose java says it is of a version."""
    java = folder / "bin/java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2018-10-16' >&2\n")
    java.chmod(0o755)
    return folder


@pytest.mark.parametrize("version", ["11.0.2", "1.8.0_392"])
def test_a_java_too_old(version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(java_of_version(tmp_path, version)))
    with pytest.raises(java.CorpusmillError, match=rf"found Java {version} at .*, expected Java 17 or newer"):
        java.check_java()


def test_no_java_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(java.CorpusmillError, match=r"found no Java at .*, expected Java 17 or newer"):
        java.check_java()


def test_java_17_is_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(java_of_version(tmp_path, "17.0.1")))
    java.check_java()


def test_help_shows_the_commands_and_starts_at_once() -> None:
    shown = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "jobs.runtime", "--help"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    assert "corpusmill sql --lake ./lake" in shown.stdout
    assert "pyspark" not in shown.stderr


def test_a_lake_that_is_held_stops_the_second_run_at_once(said: Said, tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from jobs.runtime.lock import hold_folder\n"
        "with hold_folder(Path(sys.argv[1]), 'the-first'):\n"
        "    print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "lake")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        text = said("run", "--input", SAMPLE)
        assert "found the lake held by run the-first of" in text
        assert f"(process {holder.pid}) since 20" in text
    finally:
        holder.kill()  # a run that died does not block the next
        holder.wait()
    with pytest.raises(AssertionError, match="Spark was started"):
        run_command(["run", "--input", SAMPLE, "--lake", str(tmp_path / "lake")])


def test_every_way_in_is_the_same_code_path() -> None:
    shown = [
        subprocess.run(
            [sys.executable, *way, "--version"],
            capture_output=True,
            text=True,
            cwd=ROOT,
            check=True,
            env={**os.environ},
        ).stdout
        for way in (["-m", "jobs.pipeline"], ["jobs/pipeline.py"], ["-m", "jobs.runtime"])
    ]
    assert len(set(shown)) == 1
    assert json.dumps(shown[0]).startswith('"corpusmill ')
