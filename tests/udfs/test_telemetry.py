"""Models run without a word to anybody: no internet socket is asked for, and nothing is noted in the user's folders.

onnxruntime's wheels for Linux from 1.29 on note the machine and start an uploader when they are imported, unless they
are told not to before.
"""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.udfs.no_network import SUPPORTED

pytestmark = pytest.mark.skipif(not SUPPORTED, reason="the filter knows the system calls of two kinds of machine")

MODELS = {
    "rater": "from udfs.models.rater import load_rater; print(load_rater('tests/data/tiny-rater', 1)(['A text.'])[0])",
    "decoder": "from udfs.models.onnx_decoder import load_decoder; "
    "print(load_decoder('tests/data/tiny-decoder', 'cpu-int8', 1).choose([[1, 5, 6]], [7, 8]))",
}
CARELESS = "import onnxruntime; onnxruntime.InferenceSession('tests/data/tiny-rater/model.onnx')"
TALKATIVE = "import socket; socket.create_connection(('127.0.0.1', 9))"


def run(code: str, home: Path) -> subprocess.CompletedProcess[str]:
    """`code` in a Python without network, whose user lives in `home`; two seconds for what works in the background."""
    home.mkdir()
    script = f"from tests.udfs.no_network import cut_network; cut_network(); {code}; import time; time.sleep(2)"
    environment = {"HOME": str(home), "XDG_CACHE_HOME": str(home), "XDG_DATA_HOME": str(home), "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-B", "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def noted(home: Path) -> list[str]:
    return [str(path.relative_to(home)) for path in home.rglob("*") if path.is_file()]


@pytest.mark.parametrize("model", MODELS)
def test_a_model_runs_without_a_word_to_anybody(model: str, tmp_path: Path) -> None:
    done = run(MODELS[model], tmp_path / "home")
    assert done.returncode == 0, done.stderr
    assert done.stdout
    assert noted(tmp_path / "home") == []


def test_an_attempt_would_have_been_seen(tmp_path: Path) -> None:
    assert run(TALKATIVE, tmp_path / "home").returncode == -signal.SIGSYS


def test_a_note_would_have_been_seen(tmp_path: Path) -> None:
    """Imported without care, the pinned onnxruntime writes a name for the machine."""
    done = run(CARELESS, tmp_path / "home")
    assert done.returncode == 0, done.stderr
    assert any("onnxruntime" in name for name in noted(tmp_path / "home"))
