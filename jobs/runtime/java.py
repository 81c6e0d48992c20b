"""The JVM of a laptop run: which Java, with which of Delta's jars, and with which options."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pyspark

from jobs.runtime.errors import CorpusmillError

DELTA_PACKAGES = {
    "4.2": "io.delta:delta-spark_4.2_2.13:4.4.0",
    "4.1": "io.delta:delta-spark_4.1_2.13:4.2.0",
    "4.0": "io.delta:delta-spark_2.13:4.0.1",
}

JAR_STORE = Path(sys.prefix) / "share/corpusmill/ivy"
CLASS_ARCHIVE = Path(sys.prefix) / "share/corpusmill/classes.jsa"  # jobs/runtime/class_archive.py makes it

# A command that only reads is over before the JVM's second compiler pays for itself. Work has the collector that takes
# the fewest CPU seconds, for nobody waits for its pauses, and the cores are the workers'.
READING_JVM = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
WORKING_JVM = "-XX:+UseParallelGC"


def check_java() -> None:
    """Raises CorpusmillError unless `java` (of JAVA_HOME, else of the path) is version 17 or newer."""
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin/java") if home else shutil.which("java")
    if java is None or not Path(java).exists():
        raise CorpusmillError(
            f"found no Java{f' at {java}' if java else ''}, expected Java 17 or newer; install it or set JAVA_HOME."
        )
    shown = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr  # noqa: S603 - the user's own Java
    found = re.search(r'version "((\d+)[^"]*)"', shown)  # "17.0.15"; Java 8 says "1.8.0_392"
    if found is None or int(found.group(2)) < 17:
        raise CorpusmillError(
            f"found Java {found.group(1) if found else 'of an unknown version'} at {java}, expected Java 17 or newer; "
            "set JAVA_HOME to one."
        )


def java_options(wanted: str | None, *, for_work: bool) -> str:
    """The JVM's options: the archive of classes where there is one, then the user's, which win, else ours."""
    options = (WORKING_JVM if for_work else READING_JVM) if wanted is None else wanted
    return f"-XX:SharedArchiveFile={CLASS_ARCHIVE} {options}" if CLASS_ARCHIVE.is_file() else options


def delta_jars() -> dict[str, str]:
    """Delta's jars. Spark fetches them by name at the first start, into the environment; later starts need no network
    and save seconds."""
    store = JAR_STORE if os.access(sys.prefix, os.W_OK) else None
    if store and (store / "complete").is_file() and (store / "complete").read_text() == delta_package():
        return {"spark.jars": ",".join(sorted(str(jar) for jar in (store / "jars").glob("*.jar")))}
    return {"spark.jars.packages": delta_package(), **({"spark.jars.ivy": str(store)} if store else {})}


def jars_are_complete() -> None:
    """Delta answered, so all its jars are there."""
    if (JAR_STORE / "jars").is_dir():
        (JAR_STORE / "complete").write_text(delta_package())


def delta_package() -> str:
    """The name of the Delta package for the installed Spark, as spark-submit's `--packages` takes it."""
    return DELTA_PACKAGES.get(".".join(pyspark.__version__.split(".")[:2]), DELTA_PACKAGES["4.2"])
