"""Rate: documents -> their ratings on 14 criteria, their domain, educational value and format, by an ONNX model on the
executors.

The model is a folder (`models/` holds the shipped one; `jobs/train_rater.py` makes such folders). Its digest is part of
the stage's key, so another model rates everything again, and the same model nothing.
"""

from pathlib import Path

from pydantic import Field
from pyspark.sql import DataFrame

import jobs
from jobs.catalog import BATON_NAMES, RATINGS
from jobs.runtime.errors import CorpusmillError
from udfs.columns.rating import rate_documents
from udfs.models.manifest import ModelError, load_manifest, model_digest, verify_files
from udfs.settings import Section

SHIPPED = Path(jobs.__file__).parent.parent / "models"


class RateSettings(Section):
    """The rater and how it runs."""

    model: str = Field(
        "rater-minilm-v1",
        min_length=1,
        description="a rater of models/ by its name, or the folder of one, at a path that the executors see too",
    )
    threads: int = Field(1, ge=1, description="threads of a worker; as many as spark.task.cpus")


def model_folder(settings: RateSettings) -> str:
    """Where the rater lies: a name without a slash is one of the shipped models."""
    return str(SHIPPED / settings.model if "/" not in settings.model else Path(settings.model).expanduser().absolute())


def check_model(settings: RateSettings) -> None:
    """Raises CorpusmillError where the folder holds no rater, or a file in it is not the one its manifest describes."""
    try:
        folder = model_folder(settings)
        verify_files(folder, load_manifest(folder))
    except ModelError as error:
        raise CorpusmillError(f"rate.model: {error}") from None


def model_of(settings: RateSettings) -> dict[str, str]:
    """The digest of the rater, which is part of what the ratings depend on."""
    return {"rater": model_digest(model_folder(settings))}


def rate(refined: DataFrame, settings: RateSettings) -> DataFrame:
    """Texts that `refined` keeps -> rows of `ratings`, one for one."""
    folder = model_folder(settings)
    rater = rate_documents(folder, model_digest(folder), settings.threads, BATON_NAMES, RATINGS.schema)
    return refined.where("keep").select(*BATON_NAMES, "text").mapInArrow(rater, RATINGS.schema)


if __name__ == "__main__":
    from jobs.runtime.cli import main_of_stage

    main_of_stage("rate")
