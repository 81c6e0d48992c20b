"""What Spark does for models: hands their folders to the executors, and gives each task a GPU of its own."""

import tempfile
import zipfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from pyspark.resource import ResourceProfile, ResourceProfileBuilder, TaskResourceRequests
from pyspark.sql import SparkSession

from udfs.models.delivery import archive_name, files_of, is_url
from udfs.models.manifest import MANIFEST_FILE
from udfs.models.running import ModelRun


def is_local(spark: SparkSession) -> bool:
    """Whether the executors are the driver."""
    master = spark.conf.get("spark.master", "") or ""
    return master == "local" or master.startswith("local[")


@cache
def _archives() -> tempfile.TemporaryDirectory[str]:
    """Where archives stay as long as this process lives: Spark serves them from there to executors that come later."""
    return tempfile.TemporaryDirectory(prefix="corpusmill-models-")


def hand_over(spark: SparkSession, folders: Iterable[tuple[str, str]]) -> None:
    """Give the files of local models, (folder, variant), to Spark, which brings them to every executor that runs a
    task. Models in a store are copied from there. Raises ModelError."""
    if is_local(spark):
        return
    for folder, variant in dict.fromkeys(folders):
        if is_url(folder):
            continue
        files = files_of(folder, variant)
        name = archive_name(files[MANIFEST_FILE])
        archive = Path(_archives().name) / f"{name}.zip"
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as packed:
            for file in files:
                packed.write(Path(folder) / file, file)
        spark.addArtifacts(f"{archive}#{name}", archive=True)


def resource_profile(spark: SparkSession, run: ModelRun) -> ResourceProfile | None:
    """One GPU for each task of a stage that runs a model on it; none is asked for where tasks share the driver's, or
    where Spark's own settings say so."""
    if run.device == "cpu" or run.gpus == "conf" or is_local(spark):
        return None
    return ResourceProfileBuilder().require(TaskResourceRequests().cpus(run.threads).resource("gpu", 1)).build
