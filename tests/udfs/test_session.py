"""Sessions: bad settings, damaged files, the device that was asked for, and telemetry."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from udfs.models.manifest import ModelError
from udfs.models.session import open_session
from udfs.models.tokens import load_tokenizer

ROOT = Path(__file__).parents[2]
TINY = ROOT / "tests/data/tiny-rater"


def test_bad_settings_and_devices_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="threads is 0, expected 1 or more"):
        open_session(TINY / "model.onnx", threads=0)
    with pytest.raises(ValueError, match="provider is 'tpu', expected cpu or cuda"):
        open_session(TINY / "model.onnx", threads=1, provider="tpu")  # type: ignore[arg-type] # a user's typing error
    with pytest.raises(ModelError, match="cuda was asked for"):
        open_session(TINY / "model.onnx", threads=1, provider="cuda")
    damaged = tmp_path / "damaged"
    damaged.write_bytes(b"no graph")
    with pytest.raises(ModelError, match="cannot be loaded as ONNX"):
        open_session(damaged, threads=1)
    with pytest.raises(ModelError, match="cannot be read as a tokenizer"):
        load_tokenizer(damaged)


def test_a_session_that_fell_back_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """onnxruntime's own behaviour without CUDA's libraries: it lists the device, and gives a session on the CPU."""

    class Fallen:
        SessionOptions = type("SessionOptions", (), {"add_session_config_entry": lambda *_: None})

        @staticmethod
        def get_available_providers() -> list[str]:
            return ["CUDAExecutionProvider", "CPUExecutionProvider"]

        @staticmethod
        def preload_dlls() -> None: ...

        class InferenceSession:
            def __init__(self, *_: Any, **__: Any) -> None: ...

            def get_providers(self) -> list[str]:
                return ["CPUExecutionProvider"]

    monkeypatch.setattr("udfs.models.session._onnxruntime", lambda: Fallen)
    with pytest.raises(ModelError, match="the session runs on CPUExecutionProvider"):
        open_session(TINY / "model.onnx", threads=1, provider="cuda")


def test_telemetry_is_off_before_the_import() -> None:
    code = f"""
import os, sys
os.environ.pop("ORT_DISABLE_TELEMETRY", None)
import udfs.models.rater as rater
assert "onnxruntime" not in sys.modules
class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "onnxruntime":
            assert os.environ.get("ORT_DISABLE_TELEMETRY") == "1"
            print("seen")
sys.meta_path.insert(0, Watch())
rater.load_rater({str(TINY)!r}, threads=1)
assert not {{"torch", "transformers", "pyspark", "pandas"}} & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "seen"), done.stderr
    importing = [
        path.name
        for path in (ROOT / "udfs").rglob("*.py")
        if re.search(r"^\s*(import|from) onnxruntime", path.read_text(), re.MULTILINE)
    ]
    assert importing == ["session.py"]
