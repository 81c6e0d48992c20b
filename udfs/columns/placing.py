"""What a task is given by Spark: the GPU that it may use, and the models that the driver handed over."""

from functools import cache
from pathlib import Path

from pyspark import SparkFiles, TaskContext

from udfs.models.delivery import ModelSource, archive_name, is_url, local_folder
from udfs.models.session import Provider


def model_of_task(source: ModelSource, variant: str = "") -> Path:
    """The folder of a model on this executor. Raises ModelError."""
    if is_url(source.location):
        return _copy(source, variant)
    handed_over = Path(SparkFiles.getRootDirectory()) / archive_name(source.digest)
    return local_folder(source, variant, handed_over)


@cache
def _copy(source: ModelSource, variant: str) -> Path:
    """What lies in a store is copied and checked once by a worker, not by each of its tasks."""
    return local_folder(source, variant)


def gpu_of_task(device: Provider) -> int:
    """The CUDA device that Spark assigned to this task; the first one where it assigns none, and for the CPU."""
    if device == "cpu":
        return 0
    context = TaskContext.get()
    assigned = context.resources().get("gpu") if context else None
    return int(assigned.addresses[0]) if assigned else 0
