"""The notebooks: as they should be in the repository, and each run by papermill on a small lake, in a kernel of its own
environment. The kernel stays for all of them, so that the first makes a session and the others find one, as a cluster's
notebooks do."""

import ast
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
from jupyter_client import AsyncKernelManager
from nbclient.util import run_sync
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines

from tests.conftest import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
NAMES = ["01_corpus_tour", "02_program_audit", "03_dedup_tuning", "04_thresholds"]
CELL_SECONDS = 600

EVERY = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
SAID = {
    "01_corpus_tour": ("duplicate_text", "near_duplicate", "medicine", "CC-MAIN-2026-14", "quality 5, 50 tokens"),
    "02_program_audit": ("remove_lines", "line_out_of_range", "- [000] Home | About", "drop_doc()"),
    "03_dedup_tuning": (
        "14x8",
        "similarity 0.75: https://new.example/court",
        "{-version13",
        "corpus: 4 texts",
    ),
    "04_thresholds": ("word_count below 20", "16 pages, by their stored signals", "Exact: word_count", "at_least 50"),
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


class OneKernel(NBClientEngine):
    """Papermill's own engine, but in a kernel that is there already."""

    manager: AsyncKernelManager

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **_: Any) -> None:
        PapermillNotebookClient(nb_man, km=cls.manager, kernel_name=kernel_name, timeout=CELL_SECONDS).execute()


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of papermill's engine that has a kernel of this Python in another folder."""
    manager = AsyncKernelManager(kernel_name="python3")
    folder = tmp_path_factory.mktemp("notebooks")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "IPYTHONDIR": str(folder)}
    manager.kernel_spec.argv[0] = sys.executable
    run_sync(manager.start_kernel)(cwd=str(folder), env=environment)
    OneKernel.manager = manager
    papermill_engines.register("one_kernel", OneKernel)
    yield "one_kernel"
    run_sync(manager.shutdown_kernel)(now=True)


def shown(book: Any) -> str:
    """All that a notebook shows, as text."""
    outputs = [output for cell in book.cells if cell.cell_type == "code" for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "error"]
    return "\n".join(
        str(output.get("text", output.get("data", {}).get("text/plain", ""))) + str(output.get("data", {}))
        for output in outputs
    )


@pytest.mark.spark
@EVERY
def test_a_notebook_runs(path: Path, kernel: str, small_lake: Path, tmp_path: Path) -> None:
    made = papermill.execute_notebook(
        path,
        tmp_path / "made.ipynb",
        parameters={"lake_path": str(small_lake)},
        engine_name=kernel,
        kernel_name="python3",
        progress_bar=False,
    )
    text = shown(made)
    for said in SAID[path.stem]:
        assert said in text, f"{said}\n{text}"
