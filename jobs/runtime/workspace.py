"""Where a stage that works in rounds puts what it has so far: outside the tables, gone when the stage ends.

Written down, not cached: serverless clusters refuse a cache, and rows that are computed again may come out in another
order, which is how components over recomputed inputs go wrong (GraphFrames issue 159).
"""

from itertools import count

from pyspark.sql import DataFrame

from jobs.runtime.lake import Lake


class LakeWorkspace:
    """A `Workspace` (`jobs/runtime/stage.py`) in a lake's folder or schema."""

    def __init__(self, lake: Lake, stage: str) -> None:
        self.lake = lake
        self.stage = stage
        self._names: list[str] = []
        self._numbers = count()

    def write(self, name: str, rows: DataFrame) -> DataFrame:
        """`rows` written down and read back. A name may be used again: each call has a place of its own, also where
        calls run at the same time."""
        place = f"{self.stage}_{next(self._numbers):03d}_{name}"
        self._names.append(place)
        return self.lake.stash(place, rows)

    def clear(self) -> None:
        """Give back the space."""
        for name in self._names:
            self.lake.empty_stash(name)
        self._names.clear()
