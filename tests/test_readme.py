"""The README says what the code says: the data-flow table, the tables, the tree, the commands."""

import re

from jobs.catalog import TABLES
from jobs.pipeline import STAGES
from jobs.runtime.cli import COMMANDS
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text("utf-8")


def table_under(heading: str) -> list[list[str]]:
    """The cells of the first table under a heading, without its head."""
    section = README.split(f"## {heading}\n", 1)[1]
    lines = re.search(r"((?:^\|.*\|\n)+)", section, re.MULTILINE).group(1).splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def names(cell: str) -> list[str]:
    return re.findall(r"\w+", cell.partition("(")[0])


def test_the_data_flow_table_is_the_pipeline() -> None:
    shown = [
        (names(stage)[0], names(reads), names(writes))
        for stage, reads, writes, _ in table_under("What happens to a page")
    ]
    assert shown == [(stage.name, list(stage.reads), list(stage.writes)) for stage in STAGES]


def test_stages_with_history_say_so() -> None:
    for cells, stage in zip(table_under("What happens to a page"), STAGES, strict=True):
        assert ("earlier batches" in cells[1]) == bool(stage.history)


def test_every_table_is_named_in_the_order_of_the_flow() -> None:
    assert {names(cells[0])[0] for cells in table_under("The tables")} == set(TABLES)


def test_the_tree_shows_every_module_of_jobs_and_what_it_shows_exists() -> None:
    tree = README.split("## The code", 1)[1].split("```")[1]
    shown, folders = set(), {0: ""}
    for line in tree.strip().splitlines():
        indent, name = len(line) - len(line.lstrip()), line.split()[0]
        path = folders[indent] + name
        folders[indent + 2] = path
        shown.add(path)
        assert (ROOT / path).exists(), path
    modules = {str(path.relative_to(ROOT)) for path in (*ROOT.glob("jobs/*.py"), *ROOT.glob("jobs/runtime/*.py"))}
    assert {path for path in modules if "__" not in path} <= shown


def test_every_command_is_shown() -> None:
    for command in COMMANDS:
        assert f"corpusmill {command}" in README


def test_make_targets_that_are_named_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:^    |`)make ([a-z-]+)\b", README, re.MULTILINE))
    assert {"demo", "test", "bench"} <= named <= targets
