"""How a model runs on the executors: on which device, with how many threads, from where."""

import tempfile
from pathlib import Path
from typing import Literal

from pydantic import Field

from udfs.models.session import Provider
from udfs.settings import Section


class ModelRun(Section):
    """How a model runs on the executors."""

    device: Provider = Field("cpu", description="cpu, or cuda: one task a GPU; the GPU that Spark assigns is used")
    threads: int = Field(1, ge=1, description="threads of a worker on the CPU; as many as spark.task.cpus")
    gpus: Literal["profile", "conf"] = Field(
        "profile",
        description="with cuda: ask for one GPU a task by a stage-level resource profile, or rely on "
        "spark.task.resource.gpu.amount (Databricks)",
    )
    cache: str = Field(
        "", description="local folder for copies of models that lie in a store; empty: the machine's temporary folder"
    )

    @property
    def cache_folder(self) -> str:
        """Where copies go."""
        return self.cache or str(Path(tempfile.gettempdir()) / "corpusmill-models")


def variant_of(device: Provider) -> str:
    """The graph of a decoder's folder that a device runs."""
    return "cuda-fp16" if device == "cuda" else "cpu-int8"
