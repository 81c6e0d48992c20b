"""Moments are right where the driver is not in UTC: as Spark takes them from rows, and as they are shown again."""

import io
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pyspark.sql.types import TimestampType

from jobs.judging.journal import Journal, judgement_of, read
from jobs.pipeline import STAGES
from jobs.runtime import run
from jobs.runtime.commit import Counts, RunSettings
from jobs.runtime.console import Console, moment
from jobs.runtime.progress import Batch, Pending
from tests.jobs.judged_documents import DESIGN, drawn
from udfs.settings import Section

SPARK = TimestampType()  # how Spark's Python side makes microseconds of a moment, and a moment of microseconds


@pytest.fixture(params=["America/New_York", "Asia/Kolkata", "UTC"], autouse=True)
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The zone of this process."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


class NotedLake:
    """Keeps the rows that are put."""

    def __init__(self) -> None:
        self.spark, self.rows = self, []  # type: list[dict[str, Any]]
        self.conf = SimpleNamespace(get=lambda *_: None, set=lambda *_: None, unset=lambda *_: None)

    def version(self, _: str) -> int:
        return -1

    def put(self, _: str, row: dict[str, Any], **__: object) -> None:
        self.rows.append(row)


def is_now(when: datetime) -> bool:
    return abs(SPARK.toInternal(when) / 1e6 - time.time()) < 60


def test_a_commit_is_noted_at_the_moment_it_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "commit", lambda *_: Counts(0, 0, 0, 0))
    lake: Any = NotedLake()
    work = Pending(STAGES[1], Batch(1, "c", ()), {}, (), {}, is_first=True)
    run.do(lake, work, Section(), RunSettings(), 0, "run", Console(io.StringIO()))
    (row,) = lake.rows
    (finished,) = [value for value in row.values() if isinstance(value, datetime)]
    assert is_now(finished)
    assert finished.tzinfo is not None  # Arrow, by which local lakes take rows, reads a bare moment as UTC


def test_a_judgement_has_its_moment_when_it_comes_from_the_journal(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.note(judgement_of(drawn(1), "anna", "keep", 1.0, "5a3b1e", DESIGN))
    (found,) = read(journal.path)
    assert is_now(found.judged_at)


def test_what_spark_collects_is_shown_in_utc() -> None:
    for when in (datetime(2026, 7, 1, 12, 30, 5, tzinfo=UTC), datetime(2026, 11, 1, 6, 30, tzinfo=UTC)):  # twice 1:30
        assert moment(SPARK.fromInternal(SPARK.toInternal(when))) == moment(when) == f"{when:%Y-%m-%d %H:%M:%S}"
