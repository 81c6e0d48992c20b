"""The rules of the code that no linter knows, read from the sources; no JVM.

Each rule is a function from the parsed sources to the list of places that break it, and `test_every_rule_sees_a_fault`
gives each one a fault to find.
"""

import ast
import importlib.metadata
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
MAX_FILE_LINES = 250
MAX_FUNCTION_LINES = 40
READERS = {"environ", "environb", "getenv", "getenvb"}

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef


class Source(NamedTuple):
    """A module: its path from the root of the repository, its text and its syntax tree."""

    path: str
    text: str
    tree: ast.Module

    @property
    def package(self) -> str:
        """`jobs` or `udfs`."""
        return self.path.partition("/")[0]


Rule = Callable[[Source], Iterator[str]]


def source(path: str, text: str) -> Source:
    """A parsed module."""
    return Source(path, text, ast.parse(text))


SOURCES = tuple(
    source(str(path.relative_to(ROOT)), path.read_text("utf-8"))
    for package in ("jobs", "udfs")
    for path in sorted((ROOT / package).rglob("*.py"))
)


def imported(module: Source) -> Iterator[str]:
    """The dotted names that a module imports anywhere, also inside functions."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module or ""


def called(module: Source) -> Iterator[str]:
    """The bare names that a module calls, so `eval(x)` but not `model.eval()`."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id


def definitions(tree: ast.AST, prefix: str = "", *, inside_functions: bool = False) -> Iterator[tuple[str, Definition]]:
    """Classes and functions with their dotted names: those of a module and of its classes, or all of them."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield f"{prefix}{node.name}", node
            if inside_functions or isinstance(node, ast.ClassDef):
                yield from definitions(node, f"{prefix}{node.name}.", inside_functions=inside_functions)
        elif not isinstance(node, ast.expr):  # a definition may stand under `if` or `try`
            yield from definitions(node, prefix, inside_functions=inside_functions)


def udfs_knows_nothing_of_jobs(module: Source) -> Iterator[str]:
    """The arrow is jobs -> udfs, never back."""
    if module.package == "udfs":
        yield from (name for name in imported(module) if name.partition(".")[0] == "jobs")


def only_columns_knows_spark(module: Source) -> Iterator[str]:
    """In udfs, Spark and pandas are the business of one package."""
    if module.package == "udfs" and not module.path.startswith("udfs/columns/"):
        yield from (name for name in imported(module) if name.partition(".")[0] in {"pyspark", "pandas", "py4j"})


def imports_are_absolute(module: Source) -> Iterator[str]:
    """`from . import x` hides where x is."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            yield f"line {node.lineno}"


def nothing_is_evaluated(module: Source) -> Iterator[str]:
    """What a page or a model says is never run, nor unpickled. Compiled kernels are pickles by numba's design; the one
    module that keeps them reads only what this user wrote into a folder that is closed to others."""
    if module.path == "udfs/text/kernels/compiling.py":
        return
    yield from (f"{name}(" for name in called(module) if name in {"eval", "exec", "compile", "__import__"})
    pickles = {"pickle", "_pickle", "cPickle", "cloudpickle", "dill", "marshal", "shelve", "joblib"}
    yield from (name for name in imported(module) if name.partition(".")[0] in pickles)


def udfs_reads_no_environment(module: Source) -> Iterator[str]:
    """What decides rows is a setting. The one assignment to the environment turns a library's telemetry off."""
    if module.package != "udfs":
        return
    allowed = {
        target.value
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if ast.unparse(target) == "os.environ['ORT_DISABLE_TELEMETRY']" and isinstance(target, ast.Subscript)
    }
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and node.attr in READERS and node not in allowed:
            yield f"line {node.lineno}"
        if isinstance(node, ast.ImportFrom) and node.module == "os" and any(a.name in READERS for a in node.names):
            yield f"line {node.lineno}"


def no_rdd(module: Source) -> Iterator[str]:
    """DataFrames only, so that Spark Connect and serverless clusters work; the session's own module asks the context
    for its progress and its master, and a laptop's commits go to Delta itself."""
    context = {"sparkContext", "_sc", "_jvm", "_jsc"}
    context -= {"jobs/runtime/session.py": context, "jobs/runtime/adopting.py": {"_jvm"}}.get(module.path, set())
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and node.attr in {"rdd", "toRDD", "parallelize", *context}:
            yield f"line {node.lineno}: {node.attr}"
    yield from (name for name in imported(module) if name.startswith(("pyspark.rdd", "pyspark.context")))


def files_are_short(module: Source) -> Iterator[str]:
    """At most MAX_FILE_LINES lines."""
    lines = module.text.count("\n")
    if lines > MAX_FILE_LINES:
        yield f"{lines} lines"


def functions_are_short(module: Source) -> Iterator[str]:
    """At most MAX_FUNCTION_LINES lines from `def` to the end, decorators and docstring not counted."""
    for name, node in definitions(module.tree, inside_functions=True):
        if not isinstance(node, ast.ClassDef) and (lines := function_lines(node)) > MAX_FUNCTION_LINES:
            yield f"{name}: {lines} lines"


def function_lines(node: Function) -> int:
    """Lines of a function without its docstring."""
    told = node.body[0] if ast.get_docstring(node, clean=False) is not None else None
    return (node.end_lineno or 0) - node.lineno + 1 - ((told.end_lineno or 0) - told.lineno + 1 if told else 0)


def what_is_public_is_explained(module: Source) -> Iterator[str]:
    """Modules, public classes and public functions have a docstring. The functions of udfs/text/dclm translate the
    mapper of DCLM whose name they bear, as their modules say once."""
    if not ast.get_docstring(module.tree):
        yield "the module"
    if module.path.startswith("udfs/text/dclm/"):
        return
    for name, node in definitions(module.tree):
        public = not any(part.startswith("_") for part in name.split("."))
        if public and not ast.get_docstring(node):
            yield name


def names_say_something(module: Source) -> Iterator[str]:
    """No module for what has no name."""
    parts = set(Path(module.path).with_suffix("").parts)
    yield from parts & {"utils", "util", "helpers", "helper", "common", "misc", "base", "manager", "core"}


RULES: tuple[Rule, ...] = (
    udfs_knows_nothing_of_jobs,
    only_columns_knows_spark,
    imports_are_absolute,
    nothing_is_evaluated,
    udfs_reads_no_environment,
    no_rdd,
    files_are_short,
    functions_are_short,
    what_is_public_is_explained,
    names_say_something,
)

FAULTS: dict[Rule, tuple[str, str]] = {
    udfs_knows_nothing_of_jobs: ("udfs/text/x.py", "def f():\n    from jobs.catalog import TABLES\n"),
    only_columns_knows_spark: ("udfs/text/x.py", "import pandas as pd\n"),
    imports_are_absolute: ("jobs/x.py", "from .runtime import lake\n"),
    nothing_is_evaluated: ("jobs/x.py", "answer = eval(input())\n"),
    udfs_reads_no_environment: ("udfs/x.py", "import os\nhome = os.environ['ORT_DISABLE_TELEMETRY']\n"),
    no_rdd: ("jobs/x.py", "def f(spark):\n    return spark.sparkContext\n"),
    files_are_short: ("jobs/x.py", "x = 1\n" * (MAX_FILE_LINES + 1)),
    functions_are_short: ("jobs/x.py", "class A:\n    def f(self):\n" + "        x = 1\n" * MAX_FUNCTION_LINES),
    what_is_public_is_explained: ("jobs/x.py", '"""A module."""\nclass A:\n    """One."""\n    def f(self): ...\n'),
    names_say_something: ("udfs/text/utils.py", ""),
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_sources_keep(rule: Rule) -> None:
    found = [f"{module.path}: {place}" for module in SOURCES for place in rule(module)]
    assert not found, f"{rule.__doc__}\n" + "\n".join(found)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_rule_sees_a_fault(rule: Rule) -> None:
    path, text = FAULTS[rule]
    assert list(rule(source(path, text)))


def test_a_pickle_and_the_environment_are_seen_by_any_road() -> None:
    assert list(nothing_is_evaluated(source("udfs/x.py", "from cloudpickle import loads\n")))
    assert not list(nothing_is_evaluated(source("jobs/x.py", "encoder.eval()\n")))
    assert list(udfs_reads_no_environment(source("udfs/x.py", "from os import getenv\n")))
    assert not list(udfs_reads_no_environment(source("udfs/x.py", "os.environ['ORT_DISABLE_TELEMETRY'] = '1'\n")))
    assert list(udfs_reads_no_environment(source("udfs/x.py", "os.environ['HOME'] = '1'\n")))


def taken_names() -> set[str]:
    """Top-level names of the standard library and of what is installed, without our own."""
    owners = importlib.metadata.packages_distributions()
    installed = {package for package, names in owners.items() if set(names) != {"corpusmill"}}
    return set(sys.stdlib_module_names) | installed


def test_no_job_hides_another_module() -> None:
    """A script run by path puts `jobs/` first on sys.path: `jobs/tokenize.py` would hide the standard library's."""
    taken = taken_names()
    assert {"tokenize", "select", "delta", "yaml"} <= taken, "the names to keep clear of were not found"
    ours = {path.stem if path.suffix else path.name for path in (ROOT / "jobs").iterdir()} - {"__init__", "__pycache__"}
    hidden = sorted(ours & taken)
    assert not hidden


CLEAN_IMPORT = """
    import importlib, pkgutil, sys
    import udfs
    names = [m.name for m in pkgutil.walk_packages(udfs.__path__, "udfs.")]
    assert len(names) > 20, names
    for name in names:
        if not name.startswith("udfs.columns"):
            importlib.import_module(name)
    seen = {name.partition(".")[0] for name in sys.modules} & {"pyspark", "pandas", "py4j", "jobs"}
    sys.exit(f"importing udfs without its columns imported {sorted(seen)}" if seen else 0)
"""


def test_udfs_imports_without_spark_pandas_and_jobs() -> None:
    """In a clean interpreter, so that what other modules import on the way counts too."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(CLEAN_IMPORT)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
