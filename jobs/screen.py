"""Screen: documents -> documents measured by rules, and judged by thresholds over what was measured.

The rules are pure functions (`udfs/text/`); which of them are used, in which order and with which thresholds is a
setting.
"""

from pyspark.sql import DataFrame

from jobs.catalog import BATON_NAMES, SCREENED
from udfs.columns import screen_documents
from udfs.text import recipes
from udfs.text.lists import list_digest
from udfs.text.screening import ScreenSettings


def screen(documents: DataFrame, settings: ScreenSettings) -> DataFrame:
    """Rows of `documents` -> rows of `screened`, one for one."""
    measure = screen_documents(settings, BATON_NAMES, SCREENED.schema)
    return documents.select(*BATON_NAMES, "text").mapInArrow(measure, SCREENED.schema)


def assets_of(settings: ScreenSettings) -> dict[str, str]:
    """Digests of the lists and models that the recipe names, and of the user's own functions."""
    return recipes.assets(settings.rules, list_digest)


if __name__ == "__main__":
    from jobs.runtime.cli import main_of_stage

    main_of_stage("screen")
