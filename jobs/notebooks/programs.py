"""For notebooks/02_program_audit.ipynb: what programs did, and some documents with their programs."""

from jobs.notebooks.opening import OpenLake
from jobs.notebooks.shown import Text
from jobs.review import sampling
from jobs.review.rendering import Style, rendered
from jobs.runtime.run import read_progress
from udfs.programs.refining import ExecuteSettings

WIDTH = 100


def sample(lake: OpenLake, count: int, seed: int, reason: str = "") -> Text:
    """Some documents line by line, `-` before lines that go, with their programs below, as `corpusmill programs` prints
    them; where a reason is given, only documents with it."""
    tables = lake.lake
    rows = sampling.reviewable(tables.read("refined"), None, reason)
    found = sampling.sampled(rows, tables.read("programs"), tables.read("deduplicated"), count, seed).collect()
    executed_with = sampling.executed_with(read_progress(tables))
    parts = [
        "\n".join(
            rendered(
                sampling.to_document(row, executed_with.get(row["batch"], ExecuteSettings())), Style(WIDTH, color=False)
            )
        )
        for row in found
    ]
    return Text(f"\n\n{'=' * WIDTH}\n".join(parts) or "no document with programs, or none with this reason")
