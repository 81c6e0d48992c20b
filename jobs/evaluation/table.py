"""Results as tables for a terminal: for each task what matters most, by source, then the criteria one by one."""

from collections.abc import Iterator, Sequence

from jobs.evaluation.intervals import ALL, MEAN, Result
from jobs.runtime.console import as_table
from udfs.models.criteria import CRITERIA

_OF_RATINGS = ("overall_r", "exact_mean", "within_one_mean", "edu_r", "domain_accuracy")
HEADLINES = {
    "ratings": _OF_RATINGS,
    "second_rating": _OF_RATINGS,
    "documents": ("document_f1", "rater_document_f1", "refiner_document_f1"),
    "human": ("auc", "auc_unanimous"),
    "domains": ("domain_accuracy", "domain_macro_f1"),
    "lines": ("line_keep_f1", "line_removed_f1", "char_f1", "char_recall"),
}
TITLES = {
    "ratings": "Ratings",
    "second_rating": "A second rating of the texts that have one, against the first",
    "documents": "Documents kept or dropped",
    "human": "Good and bad by people",
    "domains": "Domains",
    "lines": "Lines and characters of pages",
}
CRITERION_COLUMNS = ("r", "rho", "exact", "within_one", "binary", "macro_f1")

Cells = dict[tuple[str, str, str], Result]


def cells_of(results: Sequence[Result]) -> Cells:
    """Results by task, source and metric."""
    return {(one.task, one.source, one.metric): one for one in results}


def sources_of(results: Sequence[Result], task: str) -> list[str]:
    """The sources of a task: all of them, then each, then their mean."""
    names = list(dict.fromkeys(one.source for one in results if one.task == task))
    first = [name for name in (ALL,) if name in names]
    last = [name for name in (MEAN,) if name in names]
    return [*first, *(name for name in names if name not in {ALL, MEAN}), *last]


def parts_of(results: Sequence[Result], task: str) -> list[str]:
    """A task, and those that are the same by language or kind of page."""
    return [name for name in dict.fromkeys(one.task for one in results) if name.partition("_by_")[0] == task]


def shown(result: Result | None) -> str:
    """`0.812 (0.79 to 0.83)`; a dash where there is no figure."""
    if result is None or result.value is None:
        return "-"
    if result.low is None or result.high is None:
        return f"{result.value:.3f}"
    return f"{result.value:.3f} ({result.low:.2f} to {result.high:.2f})"


def table(results: Sequence[Result]) -> str:
    """All that a person wants to see first; the rest is in the rows."""
    return "\n\n".join(_parts(results, cells_of(results))) or "nothing was measured"


def _parts(results: Sequence[Result], cells: Cells) -> Iterator[str]:
    for task, headlines in HEADLINES.items():
        for part in parts_of(results, task):
            sources = sources_of(results, part)
            metrics = [name for name in headlines if any((part, source, name) in cells for source in sources)]
            rows = [
                [source, *(shown(cells.get((part, source, name))) for name in metrics), _count(cells, part, source)]
                for source in sources
            ]
            by = part.partition("_by_")[2].replace("_", " ")
            title = f"{TITLES[task]}, by {by}" if by else TITLES[task]
            yield f"{title}\n{as_table([by or 'source', *metrics, 'n'], rows)}"
        if task == "ratings" and ("ratings", ALL, "overall_r") in cells:
            rows = [
                [name, *(shown(cells.get(("ratings", ALL, f"{name}_{metric}"))) for metric in CRITERION_COLUMNS)]
                for name in CRITERIA
            ]
            yield f"Criteria, all sources\n{as_table(['criterion', *CRITERION_COLUMNS], rows)}"


def _count(cells: Cells, task: str, source: str) -> int:
    """The most rows behind a figure of a line."""
    return max(one.n for (name, place, _), one in cells.items() if (name, place) == (task, source))
