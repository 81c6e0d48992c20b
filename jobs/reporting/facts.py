"""What the report says, as plain values: the rows that its queries gave, and what follows from them."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from jobs.runtime.stage import read_back
from jobs.views import STAGE_ORDER

Row = Mapping[str, Any]
Position = tuple[str, int]  # (file, offset)


class Facts(NamedTuple):
    """Everything about one lake. `rows` are those of each query by its name; `texts` the beginnings of the documents
    that are shown, by position; `versions` the Delta version of each table, those that were never written left out."""

    name: str
    version: str  # of corpusmill, now
    rows: Mapping[str, Sequence[Row]]
    texts: Mapping[Position, str]
    versions: Mapping[str, int]

    @property
    def fates(self) -> list[Row]:
        """What became of documents, in the order of the stages, the most frequent reason first."""
        found = [row for row in self.rows["fates"] if row["part"] == "fate"]
        place = {stage: at for at, stage in enumerate(STAGE_ORDER)}
        return sorted(found, key=lambda row: (place[row["stage"]], -row["documents"], row["reason"] or ""))

    @property
    def stages(self) -> list[Row]:
        """The rows of the stages in their order, those that are switched off too."""
        found = {row["stage"]: row for row in self.rows["stages"]}
        return [found[stage] for stage in STAGE_ORDER if stage in found]

    def stage(self, name: str) -> Row | None:
        """The row of one stage; None where it has done nothing."""
        return next((row for row in self.rows["stages"] if row["stage"] == name), None)

    def is_off(self, name: str) -> bool:
        """Whether a stage is switched off, by its latest commit."""
        row = self.stage(name)
        return row is not None and "switch" in (row["latest"]["parts"] or {})

    def settings(self, name: str) -> Any:
        """The settings of a stage's latest commit; None where there are none."""
        row = self.stage(name)
        parts = (row["latest"]["parts"] or {}) if row is not None else {}
        return read_back(parts["settings"]) if "settings" in parts else None

    @property
    def totals(self) -> "Totals":
        """The figures that stand first."""
        fates = self.fates
        ended = [row for row in fates if is_published(row)]
        files = next((row for row in self.rows["files"] if row["crawl"] is None), None)
        return Totals(
            files=files["files"] if files else 0,
            crawls=sum(row["crawl"] is not None for row in self.rows["files"]),
            stored_bytes=files["bytes"] if files else 0,
            pages=total(fates, "documents"),
            extracted_bytes=total(fates, "bytes"),
            published=total(ended, "documents"),
            published_bytes=total(ended, "bytes_left"),
            tokens=total(ended, "tokens"),
            lost=total(self.rows["losses"], "losses"),
            languages=sum(row["published"] > 0 for row in self.rows["languages"]),
            seconds=round(total(self.rows["stages"], "seconds"), 3),
        )


class Totals(NamedTuple):
    """The figures of a lake that stand first."""

    files: int
    crawls: int
    stored_bytes: int
    pages: int
    extracted_bytes: int
    published: int
    published_bytes: int
    tokens: int
    lost: int
    languages: int
    seconds: float


def total(rows: Sequence[Row], column: str) -> Any:
    """The sum of a column, nulls left out."""
    return sum(row[column] for row in rows if row[column] is not None)


def is_published(row: Row) -> bool:
    """Whether a row of fates is of published documents."""
    return bool(row["stage"] == "publish")


def reason_of(row: Row) -> str:
    """Why documents of a row of fates are not published: the reason, or that they wait for the next stage."""
    return "waiting" if row["keep"] else row["reason"] or "no reason"
