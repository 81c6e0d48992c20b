"""One run at a time on one lake.

On a local disk the lock is a kernel lock on a file in the lake: it ends with the process that holds it, however that
dies. Elsewhere (object stores, metastores) it is the table `lease`: a run renews its row while it works, and a row that
is not renewed is nobody's.
"""

import contextlib
import fcntl
import getpass
import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from pyspark.sql import SparkSession

from jobs.runtime.errors import CorpusmillError

RENEW_SECONDS = 20.0


def describe_run(run: str) -> dict[str, str]:
    """Who runs: id, user, host, process and start, as the lock shows them to whoever finds it held."""
    since = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return {
        "run": run,
        "user": getpass.getuser(),
        "host": socket.gethostname(),
        "pid": str(os.getpid()),
        "since": since,
    }


def new_run_id() -> str:
    """A short id for one run of the program."""
    return uuid.uuid4().hex[:12]


@contextlib.contextmanager
def hold_folder(folder: Path, run: str) -> Iterator[None]:
    """Hold the lake in a local `folder`. Raises CorpusmillError at once where another run holds it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise CorpusmillError(_held(str(folder), file.read())) from None
        file.truncate(0)
        file.write(json.dumps(describe_run(run)))
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


def _held(lake: str, holder: str) -> str:
    try:
        who = json.loads(holder)
    except ValueError:
        return f"{lake}: found the lake held by another run, expected it free; wait for that run."
    return (
        f"{lake}: found the lake held by run {who['run']} of {who['user']} on {who['host']} (process {who['pid']}) "
        f"since {who['since']}, "
        "expected it free; wait for that run or end it."
    )


@contextlib.contextmanager
def hold_table(spark: SparkSession, table: str, lake: str, run: str) -> Iterator[None]:
    """Hold a lake through the Delta table `table` (its SQL name), which is renewed every RENEW_SECONDS.

    Two runs that take it at the same moment write the same file of the table, and Delta lets one of them commit.
    """
    spark.sql(f"CREATE TABLE IF NOT EXISTS {table} (id INT, run STRING, holder STRING, beat BIGINT) USING DELTA")
    if not spark.table(table).head(1):
        spark.sql(f"INSERT INTO {table} VALUES (1, '', '', 0)")
    found = spark.table(table).orderBy("beat").collect()[0]
    if found["run"]:
        _wait_for_a_sign(spark, table, lake, found["holder"], found["beat"])
    holder = json.dumps(describe_run(run)).replace("'", "''")
    try:
        spark.sql(
            f"UPDATE {table} SET run = '{run}', holder = '{holder}', beat = beat + 1 WHERE beat = {found['beat']}"
        )
    except Exception as error:  # Delta's conflict classes differ by version and by platform
        raise CorpusmillError(
            f"{lake}: found another run taking the lake at this moment ({type(error).__name__}), expected it free; "
            "try again later."
        ) from None
    if spark.table(table).collect()[0]["run"] != run:
        raise CorpusmillError(_held(lake, str(spark.table(table).collect()[0]["holder"])))
    stop = threading.Event()
    beat = threading.Thread(target=_renew, args=(spark, table, run, stop), daemon=True)
    beat.start()
    try:
        yield
    finally:
        stop.set()
        beat.join()
        spark.sql(f"UPDATE {table} SET run = '', holder = '' WHERE run = '{run}'")


def _wait_for_a_sign(spark: SparkSession, table: str, lake: str, holder: str, beat: int) -> None:
    """A holder that lives renews within the interval; one that died does not, and its lease is free. No clocks are
    compared."""
    until = time.monotonic() + 1.5 * RENEW_SECONDS
    while time.monotonic() < until:
        time.sleep(RENEW_SECONDS / 10)
        if spark.table(table).collect()[0]["beat"] != beat:
            raise CorpusmillError(_held(lake, holder))


def _renew(spark: SparkSession, table: str, run: str, stop: threading.Event) -> None:
    while not stop.wait(RENEW_SECONDS):
        with contextlib.suppress(Exception):  # a missed beat is made good by the next
            spark.sql(f"UPDATE {table} SET beat = beat + 1 WHERE run = '{run}'")
