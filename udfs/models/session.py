"""The one module that imports onnxruntime: a session with bounded threads on the device that was asked for.

Sessions are made after Spark's worker has forked, inside the function that uses them: a session's thread pool and a
CUDA context do not survive a fork.
"""

import os
from pathlib import Path
from typing import Any, Literal

import numpy as np

from udfs.models.manifest import ModelError

Provider = Literal["cpu", "cuda"]

_PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}


def open_session(graph: Path, threads: int, provider: Provider = "cpu", gpu: int = 0) -> Any:
    """An `onnxruntime.InferenceSession` of the file `graph` that computes with `threads` threads, or on the graphics
    card with the number `gpu`.

    Raises ValueError for a bad setting and ModelError where the graph cannot be loaded or the device is not there.
    """
    if threads < 1:
        raise ValueError(f"threads is {threads}, expected 1 or more; give the number of cores of one Spark task.")
    if provider not in _PROVIDERS:
        raise ValueError(f"provider is {provider!r}, expected cpu or cuda; correct the setting.")
    runtime = _onnxruntime()
    name = _PROVIDERS[provider]
    if name not in runtime.get_available_providers():
        raise ModelError(
            f"{provider} was asked for, but this onnxruntime has no {name}; "
            "install the extra gpu or set provider to cpu."
        )
    if provider == "cuda":
        runtime.preload_dlls()  # CUDA's libraries, where pip installed them
    device = name if provider == "cpu" else (name, {"device_id": gpu})
    try:
        session = runtime.InferenceSession(str(graph), _options(runtime, threads), providers=[device])
    except (
        Exception
    ) as error:  # onnxruntime raises many kinds, all of them for the same reason: the graph cannot run here
        sentence = " ".join(str(error).split())[:300]
        raise ModelError(
            f"{graph} cannot be loaded as ONNX ({sentence}); restore the file or make the model anew."
        ) from None
    # onnxruntime falls back to the CPU with no more than a warning where CUDA's libraries or the driver are missing.
    if session.get_providers()[0] != name:
        raise ModelError(
            f"{provider} was asked for, but the session runs on {session.get_providers()[0]}; "
            "install CUDA's libraries or set provider to cpu."
        )
    return session


def device_memory(shape: tuple[int, ...], dtype: Any, provider: Provider, gpu: int) -> tuple[Any, int]:
    """Memory of zeros on a device other than the CPU: what keeps it alive, and its address there.

    Zeros, since what is left of another tensor may be no number, and that times the weight zero is no number either.
    """
    owner = _onnxruntime().OrtValue.ortvalue_from_numpy(np.zeros(shape, dtype), provider, gpu)
    return owner, owner.data_ptr()


def _options(runtime: Any, threads: int) -> Any:
    options = runtime.SessionOptions()
    # Unset, every worker takes all cores of its host, and waiting threads burn the cores of the other workers.
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # The memory arena stays on: it never shrinks, but inputs are bounded, and without it long runs take a third longer.
    options.log_severity_level = 3
    return options


def _onnxruntime() -> Any:
    """Import onnxruntime with its telemetry off.

    The wheels for Linux from 1.29 on start an uploader at import unless this variable is set by then; it is looked at
    only once.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    return onnxruntime
