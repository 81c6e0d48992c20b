"""The Spark session: found on Databricks and under spark-submit, made on a laptop, and checked before any work.

The one module that knows where Spark comes from. On a laptop the JVM's output goes to a log file, because a user should
see the pipeline's own lines. The preflight asks what would otherwise fail an hour later: Java's version, Delta's
classes, and that the executors import the same `udfs` as the driver.
"""

import contextlib
import importlib.metadata
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import Field
from pyspark.sql import SparkSession

import udfs
from jobs.runtime.errors import CorpusmillError
from jobs.runtime.java import check_java, delta_jars, delta_package, jars_are_complete, java_options
from udfs.settings import Section

# What every session needs, wherever it runs. spark-submit takes them too, for they are set before the session is made.
DELTA_CONF = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
}
SESSION_CONF = {
    "spark.sql.session.timeZone": "UTC",
    # Text can be large: batches are bounded in bytes where Spark can (4.1), and by spark.arrow_rows everywhere.
    "spark.sql.execution.arrow.maxBytesPerBatch": str(64 << 20),
    "spark.sql.execution.arrow.useLargeVarTypes": "true",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    # Rows of one batch are not sorted, texts and all, to find out that they belong to one partition.
    "spark.sql.maxConcurrentOutputFileWriters": "2",
}


class SparkSettings(Section):
    """How Spark is started on a laptop. On a cluster spark-submit or the platform decides, and only `conf` and the
    partitions count."""

    master: str = Field("local[*]", description="Spark master of a laptop run; local[2] uses two cores")
    driver_memory: str = Field("4g", description="memory of the JVM on a laptop")
    shuffle_partitions: int = Field(
        0, ge=0, description="partitions after a shuffle; 0 leaves it to the cluster, and takes the cores on a laptop"
    )
    log_file: str = Field("logs/spark.log", description="where Spark's own output goes on a laptop")
    arrow_rows: int = Field(512, ge=1, description="rows that cross between Spark and Python at a time")
    hand_over_models: bool = Field(
        True,
        description="on a cluster Spark brings models on the driver's disk to the executors; false: they see its path",
    )
    conf: dict[str, str] = Field({}, description="further Spark settings, such as spark.local.dir")


def open_session(settings: SparkSettings, *, for_work: bool = True) -> SparkSession:
    """The session this program runs in, checked; `for_work` checks the executors too, which reading tables does not
    need.

    Raises CorpusmillError where Java, Delta or the executors do not fit.
    """
    on_cluster = "PYSPARK_GATEWAY_PORT" in os.environ or "DATABRICKS_RUNTIME_VERSION" in os.environ
    spark = _join_session(settings) if on_cluster else _start_locally(settings, for_work=for_work)
    for key, value in SESSION_CONF.items():
        spark.conf.set(key, value)
    spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", str(settings.arrow_rows))
    if settings.shuffle_partitions:
        spark.conf.set("spark.sql.shuffle.partitions", str(settings.shuffle_partitions))
    _check_delta(spark)
    if not on_cluster:
        jars_are_complete()
    if for_work:
        _check_executors(spark)
    return spark


def _join_session(settings: SparkSettings) -> SparkSession:
    builder = SparkSession.builder.appName("corpusmill")
    for key, value in {**DELTA_CONF, "spark.executorEnv.ORT_DISABLE_TELEMETRY": "1", **settings.conf}.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


def _start_locally(settings: SparkSettings, *, for_work: bool) -> SparkSession:
    check_java()
    log = Path(settings.log_file).absolute()
    log.parent.mkdir(parents=True, exist_ok=True)
    cores = _cores(settings.master)
    conf = {
        **DELTA_CONF,
        **delta_jars(),
        "spark.driver.memory": settings.driver_memory,
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": str(cores),
        "spark.default.parallelism": str(cores),
        # Delta keeps its own log in 50 partitions by default, which is most of a small commit's time.
        "spark.databricks.delta.snapshotPartitions": "2",
        "spark.executorEnv.ORT_DISABLE_TELEMETRY": "1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.warehouse.dir": tempfile.gettempdir() + "/corpusmill-warehouse",
        **settings.conf,
    }
    conf["spark.driver.extraJavaOptions"] = java_options(conf.get("spark.driver.extraJavaOptions"), for_work=for_work)
    os.environ["PYSPARK_PYTHON"] = sys.executable  # the workers of a laptop run are this very Python
    builder = SparkSession.builder.master(settings.master).appName("corpusmill")
    for key, value in conf.items():
        builder = builder.config(key, value)
    with _output_to(log):
        try:
            return builder.getOrCreate()
        except Exception as error:  # py4j, the JVM and pyspark each raise their own
            raise CorpusmillError(f"Spark did not start: {str(error).splitlines()[0]}; {log} has the reason.") from None


def _cores(master: str) -> int:
    wanted = re.fullmatch(r"local\[(\d+)\]", master)
    return int(wanted.group(1)) if wanted else os.cpu_count() or 1


@contextlib.contextmanager
def _output_to(log: Path) -> Iterator[None]:
    """The JVM inherits our output when it starts; for that moment it is the log file."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [os.dup(1), os.dup(2)]
    with log.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    try:
        yield
    finally:
        for saved, fd in zip(kept, (1, 2), strict=True):
            os.dup2(saved, fd)
            os.close(saved)


def _check_delta(spark: SparkSession) -> None:
    try:
        spark.sql("DESCRIBE DETAIL delta.`/nowhere`").collect()
    except Exception as error:  # which class depends on what is missing
        if "DELTA" in str(error) and "Failed to find" not in str(error):
            return  # Delta itself answered that there is no such table
        raise CorpusmillError(
            f"found a Spark {spark.version} without Delta Lake, expected its jars and extension; start with "
            f"`spark-submit --packages {delta_package()}` or install them on the cluster."
        ) from None


def _check_executors(spark: SparkSession) -> None:
    """One task on the executors says which `udfs` it imports; another version there means a stale .zip or wheel."""
    try:
        found = spark.range(0, 1, 1, 1).mapInArrow(_report_udfs, "version string, root string").collect()[0]
    except Exception as error:  # a ModuleNotFoundError on a worker arrives wrapped by Spark
        last = [line for line in str(error).splitlines() if "Error" in line][-1:] or [str(error)[:200]]
        raise CorpusmillError(
            f"the executors cannot run corpusmill ({last[0].strip()}); submit with --py-files "
            f"dist/corpusmill-{udfs.__version__}.zip "
            "and install the Python packages of setup.py on the executors."
        ) from None
    if found["version"] != udfs.__version__:
        raise CorpusmillError(
            f"udfs on the executors is {found['version']} from {found['root']}, the driver has {udfs.__version__}: "
            f"ship dist/corpusmill-{udfs.__version__}.zip with --py-files."
        )


def _report_udfs(batches):  # type: ignore[no-untyped-def]  # runs on an executor: imports inside
    import pyarrow as pa

    import udfs as theirs

    for _ in batches:
        yield pa.RecordBatch.from_pydict({"version": [theirs.__version__], "root": [str(theirs.__file__)]})


def check_one_distribution() -> None:
    """Raises CorpusmillError where another installed distribution also ships `jobs` or `udfs`: whichever came last
    would win."""
    owners = importlib.metadata.packages_distributions()
    for package in ("jobs", "udfs"):
        others = sorted(set(owners.get(package, [])) - {"corpusmill"})
        if others:
            raise CorpusmillError(
                f"found the package {package} in {', '.join(others)} too, expected it only in corpusmill; use an "
                "environment of its own."
            )


def end(spark: SparkSession, seconds: float) -> None:
    """Stop a session of a laptop, and wait until its JVM has ended too; after so many seconds it is killed."""
    java = spark.sparkContext._gateway.proc  # type: ignore[union-attr]  # a session that we started has one
    spark.stop()
    java.stdin.close()  # its sign to end
    try:
        java.wait(seconds)
    except subprocess.TimeoutExpired:
        java.kill()


@contextlib.contextmanager
def session_conf(spark: SparkSession, conf: Mapping[str, str]) -> Iterator[None]:
    """Spark settings for a while; afterwards they are as they were."""
    before = {key: spark.conf.get(key, None) for key in conf}
    for key, value in conf.items():
        spark.conf.set(key, value)
    try:
        yield
    finally:
        for key, old in before.items():
            if old is None:
                spark.conf.unset(key)
            else:
                spark.conf.set(key, old)


def running_tasks(spark: SparkSession) -> tuple[int, int]:
    """(done, all) tasks of the Spark stages that run now; (0, 0) where the platform does not tell (Spark Connect)."""
    try:
        tracker = spark.sparkContext.statusTracker()
        running = [tracker.getStageInfo(stage) for stage in tracker.getActiveStageIds()]
    except Exception:  # a progress line must never break the work
        return 0, 0
    return sum(info.numCompletedTasks for info in running if info), sum(info.numTasks for info in running if info)


def tasks_at_once(spark: SparkSession) -> int:
    """How many tasks may run at the same time, where they run in the driver's process."""
    return int(spark.sparkContext.defaultParallelism)


def runs_here(spark: SparkSession) -> bool:
    """Whether the tasks run in the driver's process and so on its machine."""
    try:
        return str(spark.sparkContext.master).startswith("local")
    except Exception:  # Spark Connect has no context, and says so in a class of its own
        return False
