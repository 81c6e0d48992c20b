"""The distribution: what `make dist` builds, and that a real cluster runs it.

The cluster is Spark's own standalone master with two workers on this machine. Its driver and workers run a Python that
has the installed packages of this one but not this project (`clean_python`), so what they import of it comes from the
.zip.
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
import venv
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import psutil
import pyspark
import pytest

import udfs
from jobs.runtime.java import JAR_STORE, delta_package
from tests.conftest import ROOT
from tests.tables import difference, tables

SPARK_HOME = Path(pyspark.__file__).parent
START_SECONDS = 120.0
RUN_SECONDS = 600.0
MODEL = ROOT / "models/rater-e5-v2"
SERVER = ("--host", "127.0.0.1", "--webui-port", "0")
INPUT = ROOT / "sample/*.warc.gz"
TAGGER = ROOT / "models/refiner-lines-v3"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]


class Submitted(NamedTuple):
    """How a spark-submit ended."""

    status: int
    output: str


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `make dist` fills, made outside the repository from links to everything in it."""
    source = tmp_path_factory.mktemp("source")
    for path in ROOT.iterdir():
        if not path.name.startswith(".") and path.name not in {"build", "dist"} and path.suffix != ".egg-info":
            (source / path.name).symlink_to(path)
    # `-o` takes the set-up for done: the tools are those of the Python that runs this test.
    command = ["make", "-o", ".venv/.installed", "dist", f"BIN={Path(sys.executable).parent}"]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return source / "dist"


@pytest.fixture(scope="module")
def archive(dist: Path) -> Path:
    """The .zip for spark-submit."""
    return dist / f"corpusmill-{udfs.__version__}.zip"


@pytest.fixture(scope="module")
def clean_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python with the packages of this one, but without this project.

    It is an empty virtual environment with one .pth file that names this environment's site-packages. A folder that
    comes onto the path that way has its own .pth files left alone, and it is such a file that makes an editable
    install importable.
    """
    folder = tmp_path_factory.mktemp("python")
    venv.create(folder, with_pip=False, symlinks=True)
    own = next((folder / "lib").glob("python*/site-packages"))
    (own / "packages.pth").write_text(str(Path(pyspark.__file__).parent.parent) + "\n")
    return folder / "bin/python"


@pytest.fixture(scope="module")
def environment(clean_python: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment of the cluster and of spark-submit: nothing of Python's or Spark's from this one."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "PYSPARK", "SPARK"))}
    return {
        **kept,
        "SPARK_HOME": str(SPARK_HOME),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_DIRS": str(tmp_path_factory.mktemp("spark_local")),
        "PYSPARK_PYTHON": str(clean_python),
    }


class Cluster(NamedTuple):
    """A running standalone cluster."""

    master: str
    work_folders: tuple[Path, ...]


@pytest.fixture(scope="module")
def cluster(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A master and two workers of one core and 1 GB each."""
    folder = tmp_path_factory.mktemp("cluster")
    spark_class = [str(SPARK_HOME / "bin/spark-class")]
    with contextlib.ExitStack() as running:

        def start(name: str, *arguments: str) -> Path:
            running.enter_context(_running([*spark_class, *arguments], environment, folder / f"{name}.log"))
            return folder / f"{name}.log"

        master = start("master", "org.apache.spark.deploy.master.Master", "--port", "0", *SERVER)
        url = _line(master, r"Starting Spark master at (spark://\S+)")
        work = (folder / "work1", folder / "work2")
        worker = ("org.apache.spark.deploy.worker.Worker", "--cores", "1", "--memory", "1G", *SERVER)
        logs = [start(path.name, *worker, "--work-dir", str(path), url) for path in work]
        for log in logs:
            _line(log, r"(Successfully registered) with master")
        yield Cluster(url, work)


@contextlib.contextmanager
def _running(command: Sequence[str], environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a group of its own, with its output in `log`; at the end it and all it started are gone."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=log.parent,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the process's group, and what left the group (Spark's Python daemons make one of their own)."""
    started = []
    with contextlib.suppress(psutil.NoSuchProcess):
        started = psutil.Process(process.pid).children(recursive=True)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    for child in started:
        with contextlib.suppress(psutil.NoSuchProcess):
            child.kill()
    process.wait()


def _line(log: Path, pattern: str) -> str:
    """What the first group of `pattern` finds in a log that is being written."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if found := re.search(pattern, log.read_text(errors="replace")):
            return found.group(1)
        time.sleep(0.2)
    raise AssertionError(f"no {pattern} in {log}:\n{log.read_text(errors='replace')[-3000:]}")


def _submit(folder: Path, archive: Path, environment: dict[str, str], options: Sequence[str], lake: Path) -> Submitted:
    """spark-submit of the archive's pipeline.py, which stands alone in `folder`."""
    folder.mkdir()
    with zipfile.ZipFile(archive) as opened:
        (folder / "pipeline.py").write_bytes(opened.read("jobs/pipeline.py"))
    command = [
        str(SPARK_HOME / "bin/spark-submit"),
        *("--driver-memory", "1g", "--conf", "spark.ui.enabled=false"),
        *("--conf", "spark.databricks.delta.snapshotPartitions=2"),
        *options,
        "pipeline.py",
        *_arguments(lake),
        # Neither the 2 of the local run nor Spark's 200: the tables must not depend on it.
        *("--set", "spark.shuffle_partitions=5"),
    ]
    log = folder / "submit.log"
    with _running(command, environment, log) as process:
        status = process.wait(RUN_SECONDS)
    return Submitted(status, log.read_text(errors="replace"))


def _arguments(lake: Path) -> list[str]:
    """The demo over the sample, by absolute paths."""
    conf = ROOT / "conf/demo.yaml"
    settings = (
        f'ingest.input=["{INPUT}"]',
        f"propose.lines.model={TAGGER}",
        f"rate.model={MODEL}",
        "report.enabled=false",
    )
    return ["run", "--conf", str(conf), "--lake", str(lake), *(part for each in settings for part in ("--set", each))]


def _delta() -> list[str]:
    """Options of spark-submit that bring Delta, from the jars that are already here where they are."""
    store = ["--conf", f"spark.jars.ivy={JAR_STORE}"] if JAR_STORE.is_dir() else []
    return ["--packages", delta_package(), *store]


def test_the_archives_hold_jobs_and_udfs_and_nothing_else(dist: Path, archive: Path) -> None:
    wheel = dist / f"corpusmill-{udfs.__version__}-py3-none-any.whl"
    assert sorted(path.name for path in dist.iterdir()) == sorted([wheel.name, archive.name])
    assert wheel.read_bytes() == archive.read_bytes()
    with zipfile.ZipFile(archive) as opened:
        names = opened.namelist()
    info = f"corpusmill-{udfs.__version__}.dist-info"
    assert {name.partition("/")[0] for name in names} == {"jobs", "udfs", "corpusmill.py", info}
    packed = {name for name in names if not name.startswith(info)}
    written = {str(path.relative_to(ROOT)) for top in ("jobs", "udfs") for path in (ROOT / top).rglob("*.py")}
    recipes = {f"udfs/recipes/{path.name}" for path in (ROOT / "conf/recipes").glob("*.yaml")}
    assert packed == written | recipes | {"corpusmill.py"}, "a folder without __init__.py is left out of the archive"


def test_the_zip_is_importable_and_knows_its_version(archive: Path, clean_python: Path, tmp_path: Path) -> None:
    """As a worker does it, with the zip on the path; without it the clean Python knows neither package."""
    code = "import jobs.runtime.cli, udfs; print(udfs.__version__, udfs.__file__, jobs.__file__)"
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}

    def python(path: dict[str, str]) -> subprocess.CompletedProcess[str]:
        command = [str(clean_python), "-c", code]
        return subprocess.run(command, cwd=tmp_path, env=kept | path, capture_output=True, text=True, check=False)

    alone, with_zip = python({}), python({"PYTHONPATH": str(archive)})
    assert alone.returncode != 0
    assert "No module named 'jobs'" in alone.stderr
    assert with_zip.stdout.split() == [
        udfs.__version__,
        str(archive / "udfs/__init__.py"),
        str(archive / "jobs/__init__.py"),
    ], with_zip.stderr


@pytest.mark.spark
def test_a_standalone_cluster_makes_the_same_tables(
    archive: Path, cluster: Cluster, environment: dict[str, str], tmp_path: Path
) -> None:
    if not MODEL.is_dir():
        pytest.skip("the shipped rater is not here")
    options = ["--master", cluster.master, *_delta(), "--py-files", str(archive)]
    submitted = _submit(tmp_path / "alone", archive, environment, options, tmp_path / "cluster_lake")
    assert submitted.status == 0, submitted.output[-6000:]
    for folder in cluster.work_folders:
        assert list(folder.glob(f"app-*/*/{archive.name}")), f"{folder.name} was given no task with the zip"

    # The same archive on a local session: the checkout may be edited while this test runs.
    local = [environment["PYSPARK_PYTHON"], "-m", "jobs.pipeline", *_arguments(tmp_path / "local_lake")]
    settings = [f"spark.log_file={tmp_path}/spark.log", "spark.driver_memory=1g"]
    settings += [f'spark.conf={{"spark.jars.ivy": "{JAR_STORE}"}}'] if JAR_STORE.is_dir() else []
    local += [part for each in settings for part in ("--set", each)]
    with _running(local, {**environment, "PYTHONPATH": str(archive)}, tmp_path / "local.log") as process:
        assert process.wait(RUN_SECONDS) == 0, (tmp_path / "local.log").read_text()
    ours, theirs = tables(tmp_path / "cluster_lake"), tables(tmp_path / "local_lake")
    assert len(theirs["corpus"]) > 50
    assert not difference(ours, theirs)


@pytest.mark.spark
def test_without_py_files_one_sentence_asks_for_them(
    archive: Path, cluster: Cluster, environment: dict[str, str], tmp_path: Path
) -> None:
    """The driver has the project, by PYTHONPATH, and the executors have not."""
    known_to_driver = {**environment, "PYTHONPATH": str(archive)}
    options = ["--master", cluster.master, *_delta()]
    submitted = _submit(tmp_path / "alone", archive, known_to_driver, options, tmp_path / "lake")
    assert submitted.status == 2, submitted.output[-6000:]
    said = [line for line in submitted.output.splitlines() if line.startswith("corpusmill: ")]
    assert len(said) == 1
    assert "ModuleNotFoundError: No module named" in said[0]
    assert f"--py-files dist/{archive.name}" in said[0]
    assert "Traceback" not in submitted.output.split("corpusmill: ")[-1]


@pytest.mark.spark
def test_without_delta_one_sentence_asks_for_it(archive: Path, environment: dict[str, str], tmp_path: Path) -> None:
    options = ["--master", "local[1]", "--py-files", str(archive)]
    submitted = _submit(tmp_path / "alone", archive, environment, options, tmp_path / "lake")
    assert submitted.status == 2, submitted.output[-6000:]
    said = [line for line in submitted.output.splitlines() if line.startswith("corpusmill: ")]
    assert len(said) == 1
    assert "without Delta Lake" in said[0]
    assert f"--packages {delta_package()}" in said[0]
