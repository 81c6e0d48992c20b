"""The notebooks: as they should be in the repository, and run by papermill on a small lake: all of them where there is
a session, as on a cluster, and one in a kernel, where there is none."""

import ast
import json
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import papermill
import pytest
from papermill.engines import Engine, papermill_engines
from pyspark.sql import SparkSession

from tests.conftest import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
NAMES = ["01_corpus_tour", "02_program_audit", "03_dedup_tuning", "04_thresholds"]

EVERY = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
SAID = {
    "01_corpus_tour": ("duplicate_text", "near_duplicate", "medicine", "CC-MAIN-2026-14", "(law, quality "),
    "02_program_audit": ("remove_lines", "line_out_of_range", "- [000] Home | About", "drop_doc()"),
    "03_dedup_tuning": (
        "14x8",
        "similarity 0.75: https://new.example/court",
        "{-version13",
        "corpus: 4 texts",
    ),
    "04_thresholds": ("word_count below 20", "15 pages, by their stored signals", "Exact: word_count", "at_least 50"),
}


def code(path: Path) -> list[Any]:
    """The code cells of a notebook."""
    return [cell for cell in json.loads(path.read_text("utf-8"))["cells"] if cell["cell_type"] == "code"]


def source(cell: Any) -> str:
    return "".join(cell["source"])


def test_the_notebooks_are_there() -> None:
    assert [path.stem for path in NOTEBOOKS] == NAMES == list(SAID)


@EVERY
def test_outputs_are_stripped(path: Path) -> None:
    assert unstripped(code(path)) == []
    assert nbformat.validate(nbformat.read(path, as_version=4)) is None


def unstripped(cells: list[Any]) -> list[str]:
    return [source(cell) for cell in cells if cell["outputs"] or cell["execution_count"] is not None]


@EVERY
def test_the_first_code_cell_is_the_parameters(path: Path) -> None:
    first, *others = code(path)
    assert first["metadata"]["tags"] == ["parameters"]
    assert not [cell for cell in others if cell["metadata"].get("tags")]
    lines = ast.parse(source(first)).body
    assert all(isinstance(line, ast.Assign) for line in lines)
    assert ast.unparse(lines[0]) == "lake_path = '../lake'"
    assert all("  # " in line for line in source(first).splitlines())


@EVERY
def test_cells_hold_no_logic(path: Path) -> None:
    found = [line for cell in code(path) for line in logic(source(cell))]
    assert found == []


def logic(text: str) -> list[str]:
    """The lines of a cell that do more than import from here, call, and name what came of it."""
    ours = [
        line
        for line in ast.parse(text).body
        if isinstance(line, (ast.Import, ast.ImportFrom))
        and ast.unparse(line).split()[1].split(".")[0] in {"corpusmill", "jobs"}
    ]
    plain = [
        line
        for line in ast.parse(text).body
        if isinstance(line, (ast.Expr, ast.Assign))
        and not any(isinstance(part, (ast.Lambda, ast.ListComp, ast.IfExp, ast.NamedExpr)) for part in ast.walk(line))
    ]
    allowed = {ast.unparse(line) for line in (*ours, *plain)}
    return [ast.unparse(line) for line in ast.parse(text).body if ast.unparse(line) not in allowed]


def test_a_fault_is_seen() -> None:
    assert logic("import corpusmill\nx = corpusmill.open_lake(1)\nx.frame('a').head(3)") == []
    for fault in ("def f(): pass", "import os", "for x in y: pass", "if x: y = 1", "z = [a for a in b]"):
        assert logic(fault) == [ast.unparse(ast.parse(fault))]
    assert unstripped([{"source": ["1"], "outputs": [], "execution_count": 3}])


class Here(Engine):
    """An engine of papermill that runs cells in this process, where `spark` is there already, as it is on a cluster:
    a kernel with a session of its own would take most of a minute."""

    spark: SparkSession

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **_: Any) -> None:
        names: dict[str, Any] = {"spark": cls.spark}
        for index, cell in enumerate(nb_man.nb.cells):
            nb_man.cell_start(cell, index)
            if cell.cell_type == "code":
                cell.outputs = outputs(cell.source, names)
            nb_man.cell_complete(cell, index)


def outputs(text: str, names: dict[str, Any]) -> list[Any]:
    """What a cell shows: the value of its last line, where that is an expression."""
    lines = ast.parse(text)
    last = lines.body.pop() if isinstance(lines.body[-1], ast.Expr) else None
    exec(compile(lines, "cell", "exec"), names)
    if last is None:
        return []
    value = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
    return [nbformat.v4.new_output("execute_result", {"text/plain": repr(value)}, execution_count=1)]


def shown(path: Path, lake: Path, made: Path, **options: Any) -> str:
    """All that a notebook shows of a lake, as text."""
    book = papermill.execute_notebook(
        path, made / "made.ipynb", parameters={"lake_path": str(lake)}, progress_bar=False, **options
    )
    found = [output for cell in book.cells if cell.cell_type == "code" for output in cell.outputs]
    assert not [output for output in found if output.output_type == "error"]
    return "\n".join(output.get("data", {}).get("text/plain", output.get("text", "")) for output in found)


@pytest.mark.spark
@EVERY
def test_a_notebook_runs_where_there_is_a_session(
    path: Path, spark: SparkSession, small_lake: Path, tmp_path: Path
) -> None:
    Here.spark = spark
    papermill_engines.register("here", Here)
    with pd.option_context("display.width", 1000, "display.max_columns", None, "display.max_colwidth", None):
        text = shown(path, small_lake, tmp_path, engine_name="here", kernel_name="python3")
    for said in SAID[path.stem]:
        assert said in text, f"{said}\n{text}"


@pytest.mark.slow
@pytest.mark.spark
def test_a_notebook_runs_in_a_kernel_of_its_own(
    small_lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Papermill's own engine, in another folder: the notebook makes itself a session."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    text = shown(NOTEBOOKS[1], small_lake, tmp_path, kernel_name="python3", cwd=str(tmp_path))
    for said in SAID[NOTEBOOKS[1].stem]:
        assert said in text, f"{said}\n{text}"
