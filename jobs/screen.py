"""Screen: documents -> documents measured by rules, and judged by thresholds over what was measured.

The rules are pure functions (`udfs/text/`); which of them are used, in which order and with which thresholds is a
setting.
"""

from pyspark.sql import DataFrame

from jobs.catalog import BATON_NAMES, SCREENED
from jobs.runtime.errors import CorpusmillError
from udfs.columns.screening import screen_documents
from udfs.text import recipes
from udfs.text.language import PACKAGED_MODEL
from udfs.text.lists import list_digest
from udfs.text.screening import ScreenSettings


def screen(documents: DataFrame, settings: ScreenSettings) -> DataFrame:
    """Rows of `documents` -> rows of `screened`, one for one."""
    measure = screen_documents(settings, BATON_NAMES, SCREENED.schema)
    return documents.select(*BATON_NAMES, "text").mapInArrow(measure, SCREENED.schema)


def assets_of(settings: ScreenSettings) -> dict[str, str]:
    """Digests of the lists and models that the recipe names, of a language model of the user's, and of their own
    functions."""
    model = settings.language.model
    own_models = () if model == PACKAGED_MODEL else (model,)
    try:
        return recipes.assets(settings.rules, list_digest) | {name: list_digest(name) for name in own_models}
    except ValueError as error:
        raise CorpusmillError(f"screen: {error}.") from None


if __name__ == "__main__":
    from jobs.runtime.cli import main_of_stage

    main_of_stage("screen")
