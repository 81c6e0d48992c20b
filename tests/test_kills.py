"""Killed at any moment and run again, the tables are those of an undisturbed run, row for row.

A run is killed (SIGKILL, the whole process group) the moment the n-th Delta commit since its start appears on the disk:
so also between a table's commit and its note in `progress`, and between the tables of one stage. Other runs are killed
after a time, in the middle of a task. The next run starts on what the killed one left, so faults that only a second
kill would show are met too.
"""

import io
import itertools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fastwarc.warc import ArchiveIterator

from tests.conftest import ROOT
from tests.tables import difference, tables

pytestmark = [pytest.mark.spark, pytest.mark.slow]

# Which commit of a run is its last, in turn. After 1 a stage's data is there and its note is not, so the work does not
# get on; a stage needs 2 (ingest 4, some of dedup 3), so 3 and more do. These make some 24 kills, each of which costs
# the start of a run.
COMMITS = (2, 3, 4, 5, 1, 6)
SECONDS = (3.0, 6.0, 9.0)  # after the start: while Spark starts, and in the first tasks
RUNS = 60


def small_crawl(folder: Path) -> Path:
    """The first pages of two of the sample's files, as files of two crawls: two batches of a dozen pages."""
    folder.mkdir()
    for name in ("crawl-2026-10-a", "crawl-2026-14-a"):
        content = (ROOT / f"sample/{name}.warc.gz").read_bytes()
        starts = [record.stream_pos for record in ArchiveIterator(io.BytesIO(content), parse_http=False)]
        (folder / f"{name}.warc.gz").write_bytes(content[: starts[31]])
    return folder


def start(crawl: Path, lake: Path) -> subprocess.Popen[bytes]:
    """A run in a process group of its own."""
    command = [sys.executable, "-m", "jobs.runtime", "run", "--conf", "conf/demo.yaml", "--lake", str(lake)]
    named = [
        "--input",
        str(crawl),
        "--set",
        f"spark.log_file={lake.parent}/spark.log",
        "--set",
        "spark.master=local[2]",
        "--set",
        "report.enabled=false",
    ]
    return subprocess.Popen(
        [*command, *named], cwd=ROOT, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def commits(lake: Path) -> int:
    return sum(1 for _ in lake.glob("*/_delta_log/*.json"))


def kill_when(crawl: Path, lake: Path, *, commit: int = 10**6, seconds: float = 10**6) -> bool:
    """Start a run and kill it at a commit or a time; whether it was killed before it ended."""
    before, began = commits(lake), time.monotonic()
    run = start(crawl, lake)
    while run.poll() is None:
        if commits(lake) - before >= commit or time.monotonic() - began >= seconds:
            os.killpg(run.pid, signal.SIGKILL)
            run.wait()
            return True
        time.sleep(0.002)
    assert run.returncode == 0, run.stdout and run.stdout.read().decode()
    return False


@pytest.mark.timeout(2400)
def test_killed_runs_leave_what_one_more_run_completes(tmp_path: Path) -> None:
    crawl = small_crawl(tmp_path / "crawl")
    undisturbed, disturbed = tmp_path / "undisturbed", tmp_path / "disturbed"
    assert not kill_when(crawl, undisturbed)
    killed = sum(kill_when(crawl, disturbed, seconds=seconds) for seconds in SECONDS)
    for commit in itertools.islice(itertools.cycle(COMMITS), RUNS):
        if not kill_when(crawl, disturbed, commit=commit):
            break
        killed += 1
    assert not kill_when(crawl, disturbed)
    assert killed >= 20
    assert difference(tables(disturbed), tables(undisturbed)) == ""
