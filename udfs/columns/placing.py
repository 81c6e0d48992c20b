"""What a task is given by Spark: the GPU that it may use, and the models that the driver handed over."""

from pathlib import Path

from pyspark import SparkFiles, TaskContext

from udfs.models.delivery import ModelSource, archive_name, local_folder


def model_of_task(source: ModelSource, variant: str = "") -> Path:
    """The folder of a model on this executor. Raises ModelError."""
    handed_over = Path(SparkFiles.getRootDirectory()) / archive_name(source.digest)
    return local_folder(source, variant, handed_over)


def gpu_of_task() -> int:
    """The CUDA device that Spark assigned to this task; the first one where it assigns none."""
    context = TaskContext.get()
    assigned = context.resources().get("gpu") if context else None
    return int(assigned.addresses[0]) if assigned else 0
