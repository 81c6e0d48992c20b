"""Whether and where a run writes its report."""

from pathlib import Path

from pydantic import Field

from udfs.settings import Section


class ReportSettings(Section):
    """What a run does about its report; `corpusmill report` writes one wherever it is told to."""

    enabled: bool = Field(True, description="a run that did something writes the report at its end")
    file: str = Field(
        "",
        description="where; empty: report.html in the lake's folder, or in the current one where the lake is no local "
        "folder",
    )


def report_file(settings: ReportSettings, lake: str, metastore_schema: str) -> Path:
    """The file that a run's report goes to."""
    if settings.file:
        return Path(settings.file)
    is_folder = "://" not in lake and not metastore_schema
    return Path(lake if is_folder else ".") / "report.html"
