"""Graphs by the model builder of onnxruntime-genai, in a process of its own, without a network.

It is a command line, not a library: it imports its modules under top-level names and prints what it does.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from jobs.export.checkpoint import MIXTURE, Checkpoint
from jobs.export.graph import patch
from jobs.export.refusal import Refused
from udfs.models.decoder_manifest import VARIANTS
from udfs.models.manifest import GRAPH_FILE

BLOCK_WEIGHTS = 128  # that share one scale in int8: a fifth faster than 32 at the same agreement
OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "ORT_DISABLE_TELEMETRY": "1"}

_GRAPH_FILES = (GRAPH_FILE, f"{GRAPH_FILE}.data")
_LAST_LINES = 3
_ROOT = Path(__file__).parents[2]  # where the package `jobs` is


def build(checkpoint: Checkpoint, tokenizer: Path, variant: str, folder: Path, scratch: Path) -> None:
    """Write `model.onnx` and its weights of one variant into `folder`. Raises Refused where the builder fails."""
    precision, provider = VARIANTS[variant]
    source, raw = staged(checkpoint, tokenizer, scratch / "checkpoint"), scratch / variant
    module = "jobs.export.mixture" if checkpoint.architecture == MIXTURE else "onnxruntime_genai.models.builder"
    command = [sys.executable, "-m", module, "-i", str(source), "-o", str(raw)]
    command += ["-p", precision, "-e", provider, "-c", str(scratch / "cache")]
    command += ["--extra_options", f"block_size={BLOCK_WEIGHTS}"]
    path = os.pathsep.join([str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(  # noqa: S603 - our own interpreter, the arguments are paths and names of ours
        command,
        env=os.environ | OFFLINE | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode or not all((raw / name).exists() for name in _GRAPH_FILES):
        said = " ".join(done.stderr.strip().splitlines()[-_LAST_LINES:])[-400:]
        raise Refused(
            f"the model builder of onnxruntime-genai could not make {variant} of {checkpoint.folder} "
            f"(it said: {said or 'nothing'}); leave this variant out, or install the versions of the extra train."
        )
    folder.mkdir()
    for name in _GRAPH_FILES:
        shutil.move(raw / name, folder / name)
    shutil.rmtree(raw)
    patch(folder / GRAPH_FILE)


def staged(checkpoint: Checkpoint, tokenizer: Path, folder: Path) -> Path:
    """A folder with no more of the checkpoint than was judged: settings, weights (as links) and our tokenizer."""
    if folder.exists():
        return folder
    folder.mkdir()
    for path in (*checkpoint.weights, *checkpoint.described_by):
        (folder / path.name).symlink_to(path.resolve())
    shutil.copyfile(tokenizer, folder / tokenizer.name)
    # The builder asks for a tokenizer class; this one takes any tokenizer.json as it is.
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "PreTrainedTokenizerFast"}\n')
    return folder
