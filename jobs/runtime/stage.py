"""What a stage is, and what its rows depend on.

A stage is a function from DataFrames and settings to a DataFrame. It reads and writes no table, counts nothing and
collects nothing; `jobs/runtime/run.py` does. Everything the rows of a batch depend on goes into one key, so that "is
this batch done?" is one comparison.
"""

import ast
import hashlib
import importlib.util
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, reduce
from itertools import takewhile
from math import inf
from typing import Any, Protocol

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from jobs.runtime.table import Rows
from udfs.columns.batches import MapInArrow
from udfs.columns.stored_rows import StoredFile
from udfs.settings import Section

OFF = {"switch": "off"}  # the parts of the key of a stage that is switched off

# For rows that are whole documents, and for a handful of rows: Spark's own part of the work on them is next to nothing,
# while to write Java for each query's projections, and to compile it, takes as long as a small commit.
NOT_COMPILED = {"spark.sql.codegen.factoryMode": "NO_CODEGEN"}


def nothing(_: Section) -> dict[str, str]:
    """For a stage without models, or one of many narrow rows, which wants Spark as it is."""
    return {}


def of_documents(_: Section) -> dict[str, str]:
    """Spark settings of a stage whose rows are whole documents."""
    return NOT_COMPILED


def no_models(_: Section) -> tuple[tuple[str, str], ...]:
    """For a stage without models."""
    return ()


def always(_: Section) -> bool:
    """For a stage that cannot be switched off."""
    return True


def is_enabled(settings: Any) -> bool:
    """For a stage whose settings have the key `enabled`."""
    return bool(settings.enabled)


class Workspace(Protocol):
    """Where a stage that works in rounds puts what it has so far."""

    def write(self, name: str, rows: DataFrame) -> DataFrame:
        """`rows` written down outside the tables and read back: computed once, whoever asks and whatever is lost."""

    def fill(self, name: str, rows: DataFrame, function: MapInArrow, schema: StructType) -> dict[str, Rows]:
        """`rows` through `function`, computed once, for each table of which `schema` has a struct column."""

    def files(self, table: str, *, past: bool = False) -> list[StoredFile] | None:
        """The files of the rows of `table`, partitioned by batch, that the stage was given, or with `past` of its
        history there; None where tasks cannot read them."""


@dataclass(frozen=True)
class Stage:
    """A step of the pipeline.

    name          also the name of its section in the settings, and in `progress`
    reads         tables whose rows of the batch it is given, in order; documents come in through the last
    writes        tables it fills
    transform     `(*frames, settings) -> rows`, or with more than one table a mapping from table to rows
    rules         modules whose code decides its rows; changing them makes its batches pending again
    history       tables of which it is also given the rows of all earlier batches, after `reads`; its own rows, where
                  several stages write the table
    remembers     tables of which it is then given all rows, its own of the batch too, as they stand: answers that it
                  may use again. Its rows must not depend on which of them are there
    assets        digests of the models and files it uses, from its settings
    models        (folder, variant) of the models that its tasks load, from its settings
    unkeyed       settings that do not change the rows, such as retries; dotted where they are deeper
    session_conf  Spark settings while it computes and writes, from its settings
    is_on         whether it is to be done, from its settings; the rows of a stage that is switched off are taken away
    needs_workspace     it is also given a Workspace, after the settings, and may look at what it wrote there
    """

    name: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    transform: Callable[..., Rows | Mapping[str, Rows]]
    rules: tuple[str, ...]
    history: tuple[str, ...] = ()
    remembers: tuple[str, ...] = ()
    assets: Callable[[Any], Mapping[str, str]] = nothing
    models: Callable[[Any], Sequence[tuple[str, str]]] = no_models
    unkeyed: tuple[str, ...] = ()
    session_conf: Callable[[Any], Mapping[str, str]] = of_documents
    is_on: Callable[[Any], bool] = always
    needs_workspace: bool = False

    def parts(self, settings: Section) -> dict[str, str]:
        """All that its rows depend on but what it reads, by name: the same for every batch."""
        if not self.is_on(settings):
            return OFF
        shown = settings.model_dump()
        for path in self.unkeyed:
            *sections, name = path.split(".")
            del reduce(dict.__getitem__, sections, shown)[name]
        models = {f"model {name}": digest for name, digest in self.assets(settings).items()}
        return {"settings": written(shown), "code": code_digest(self.rules), **models}


def by_table(rows: DataFrame, tables: Sequence[str]) -> dict[str, DataFrame]:
    """A frame for each table, of `rows` with a struct column for each, of which a row fills one. They are to be written
    down before, so that one computation fills all."""
    return {table: rows.where(F.col(table).isNotNull()).select(f"{table}.*") for table in tables}


def names_of_writers(stage: Stage, table: str, stages: Sequence[Stage]) -> list[str]:
    """The stages whose rows of `table` a stage reads: those before it that write the table, in order."""
    before = takewhile(lambda other: other.name != stage.name, stages)
    return [other.name for other in before if table in other.writes]


def written(settings: Any) -> str:
    """Settings as JSON that every reader takes, SQL's functions too: what is infinite becomes a string."""
    return json.dumps(_replaced(settings, {inf: "Infinity", -inf: "-Infinity"}), default=str)


def read_back(text: str) -> Any:
    """Plain settings from what `written` made of them."""
    return _replaced(json.loads(text), {"Infinity": inf, "-Infinity": -inf})


def _replaced(value: Any, by: Mapping[Any, Any]) -> Any:
    if isinstance(value, Mapping):
        return {key: _replaced(below, by) for key, below in value.items()}
    if isinstance(value, list | tuple):
        return [_replaced(below, by) for below in value]
    return by.get(value, value) if isinstance(value, float | str) else value


def key_of(parts: Mapping[str, Any]) -> str:
    """One digest over the parts of a key."""
    return hashlib.blake2b(json.dumps(parts, sort_keys=True).encode(), digest_size=16).hexdigest()


@cache
def code_digest(modules: tuple[str, ...]) -> str:
    """Digest of the code of `modules` and of the modules of `udfs` they import, directly or not.

    Comments, docstrings and layout do not count, so that explaining a rule better reprocesses nothing. A module
    of `udfs.columns` counts only where it is named, for together they import everything.
    """
    seen: dict[str, str] = {}
    todo = list(modules)
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        tree = ast.parse(_source(name))
        seen[name] = ast.unparse(_without_docstrings(tree))
        imported = [other for other in _imports(tree) if other.startswith("udfs.")]
        todo += [other for other in imported if not other.startswith("udfs.columns")]
    text = "".join(f"{name}\n{seen[name]}\n" for name in sorted(seen))
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _source(name: str) -> str:
    """The source of a module, also where it is imported from a .zip."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"found no module {name}, expected the code of a stage's rules")
    return str(spec.loader.get_source(name))  # type: ignore[attr-defined]  # every source loader has it


def _imports(tree: ast.AST) -> list[str]:
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found += [name if _is_module(name) else node.module for name in names]
    return found


@cache
def _is_module(name: str) -> bool:
    if not name.startswith("udfs."):
        return False
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # the parent is a module, not a package: the name is one of its values
        return False


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if (
            isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
            and ast.get_docstring(node, clean=False) is not None
        ):
            node.body = node.body[1:] or [ast.Pass()]
    return tree
