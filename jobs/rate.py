"""Rate: documents -> their ratings on 14 criteria, their domain, educational value and format, by an ONNX model on the
executors.

The model is a folder: an encoder (`models/` holds the shipped one; `jobs/train_rater.py` makes such folders) or a
DataMan decoder (`jobs/export_onnx.py`). Its digest is part of the stage's key, so another model rates everything again,
and the same model nothing.
"""

from pathlib import Path

from pydantic import Field
from pyspark.sql import DataFrame

import jobs
from jobs.catalog import BATON_NAMES, RATINGS
from jobs.runtime.errors import CorpusmillError
from jobs.runtime.models import resource_profile
from udfs.columns.rating import Raters, RaterSource, rate_documents
from udfs.models.delivery import is_url, source_of
from udfs.models.manifest import ModelError
from udfs.models.raters import check_rater, variant_in
from udfs.models.running import ModelRun

SHIPPED = Path(jobs.__file__).parent.parent / "models"


class RateSettings(ModelRun):
    """The rater and how it runs."""

    model: str = Field(
        "rater-e5-v2",
        min_length=1,
        description="a rater of models/ by its name, the folder of one, or its URL (s3://, ...)",
    )
    by_language: dict[str, str] = Field(
        {}, description="raters of texts in some languages, by ISO code, such as {zh: /models/dataman-zh}"
    )

    def folders(self) -> dict[str, str]:
        """Where the raters lie, by language; the one of all others under the empty name."""
        return {"": located(self.model)} | {language: located(model) for language, model in self.by_language.items()}


def located(model: str) -> str:
    """Where a rater lies: a name without a slash is one of the shipped models."""
    if is_url(model):
        return model
    return str(SHIPPED / model if "/" not in model else Path(model).expanduser().absolute())


def check_model(settings: RateSettings) -> None:
    """Raises CorpusmillError where a folder holds no rater that can run as is wanted, or a file in it is not the one
    its manifest describes."""
    for language, folder in settings.folders().items():
        try:
            check_rater(folder, settings)
        except ModelError as error:
            raise CorpusmillError(f"rate.{f'by_language.{language}' if language else 'model'}: {error}") from None


def models_of(settings: RateSettings) -> list[tuple[str, str]]:
    """(folder, variant) of each rater."""
    return [(folder, variant_in(folder, settings)) for folder in settings.folders().values()]


def digests_of(settings: RateSettings) -> dict[str, str]:
    """The digests of the raters, which are part of what the ratings depend on."""
    found = {language: source_of(folder, "").digest for language, folder in settings.folders().items()}
    return {f"rater {language}".strip(): digest for language, digest in found.items()}


def raters_of(settings: RateSettings) -> Raters:
    """The raters as they are now, to be opened on executors."""
    found = {
        language: RaterSource(source_of(folder, settings.cache_folder), variant_in(folder, settings))
        for language, folder in settings.folders().items()
    }
    return Raters(found.pop(""), found, settings)


def rate(refined: DataFrame, settings: RateSettings) -> DataFrame:
    """Texts that `refined` keeps -> rows of `ratings`, one for one."""
    texts = refined.where("keep").select(*BATON_NAMES, "language", "text")
    profile = resource_profile(refined.sparkSession, settings)
    return texts.mapInArrow(
        rate_documents(raters_of(settings), BATON_NAMES, RATINGS.schema), RATINGS.schema, profile=profile
    )


if __name__ == "__main__":
    from jobs.runtime.cli import main_of_stage

    main_of_stage("rate")
