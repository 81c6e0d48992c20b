"""`corpusmill programs`: a sample of a small lake as it is printed, the same at every run, and sentences where there is
nothing to show."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from jobs.catalog import DEDUPLICATED, PROGRAMS, PROGRESS, REFINED
from jobs.runtime.cli import run_command
from jobs.runtime.lake import Lake
from jobs.runtime.stage import written as as_stored
from jobs.runtime.table import Table
from tests.jobs.test_program_views import frame
from udfs.programs.effects import TO_THE_END
from udfs.programs.refining import ExecuteSettings, Written, refine

pytestmark = [pytest.mark.spark, pytest.mark.usefixtures("spark")]

PAGE = "Home \x1b[2J\nThe river was high that day, and nobody dared to cross it on a horse.\nSo they waited.\nShare"
# A batch, what its programs were executed with, and the programs of each of its documents.
BATCHES: Sequence[tuple[int, ExecuteSettings, Sequence[str]]] = [
    (1, ExecuteSettings(), ["remove_lines(0, 0)\nremove_lines(3, 3)\nnormalize('nowhere')", "keep_chunk()", ""]),
    (2, ExecuteSettings(mode="compat"), ["remove_lines(start=0, end=0)\nremove_lines(1)"]),
]


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake of two batches, filled as the stages fill it."""
    path = tmp_path_factory.mktemp("review") / "lake"
    made = Lake(spark, str(path))
    for batch, settings, programs in BATCHES:

        def fill(table: Table, rows: Sequence[Mapping[str, Any]], batch: int = batch) -> None:
            made.replace(table.name, frame(spark, table, batch, rows), batch=batch)

        documents = [
            {"doc_id": f"d{batch}{place}", "url": f"http://a.test/{place}", "offset": place, "keep": True}
            for place in range(len(programs))
        ]
        fill(DEDUPLICATED, [one | {"text": PAGE} for one in documents])
        lines = {"level": "chunk", "last_line": TO_THE_END, "end": TO_THE_END, "model": "m", "finish": "stop"}
        both = list(zip(documents, programs, strict=True))
        fill(PROGRAMS, [one | lines | {"program": said} for one, said in both])
        done = [one | refine(PAGE, [Written("chunk", 0, TO_THE_END, said)], settings)._asdict() for one, said in both]
        fill(REFINED, done)
        parts = {"settings": as_stored(settings.model_dump())}
        commit = {"stage": "execute", "finished_at": datetime(2026, 1, 1, tzinfo=UTC), "parts": parts}
        fill(PROGRESS, [commit])
    return path


def shown(lake: Path, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert run_command(["programs", "--lake", str(lake), *options]) == 0
    return capsys.readouterr().out


def test_a_sample_is_printed_with_marks_and_verdicts(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(lake, capsys, "--batch", "1", "--reason", "missing_target")
    assert out.splitlines() == [
        "=" * 40,
        "d10  http://a.test/0",
        "kept; batch 1, 21 words before, 18 after",
        "",
        "- [000] Home \\x1b[2J",
        "  [001] The river was high that day, and nobody dared to cross it on a horse.",
        "  [002] So they waited.",
        "- [003] Share",
        "",
        "program of chunk 0, lines 0 to the end (m, stop)",
        "  counts    remove_lines(start=0, end=0)",
        "  counts    remove_lines(start=3, end=3)",
        '  rejected  missing_target: normalize(source_str="nowhere", target_str="")',
    ]


def test_samples_are_drawn_by_seed_from_documents_with_programs(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    everything = shown(lake, capsys)
    assert len([line for line in everything.splitlines() if line.startswith("d")]) == 3
    assert "d12 " not in everything  # it has no program
    first, other = (shown(lake, capsys, "--sample", "1", "--seed", seed) for seed in ("0", "3"))
    assert everything.startswith(first)
    assert other != first
    assert other.rstrip() in everything


def test_calls_of_compat_are_not_judged(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(lake, capsys, "--batch", "2", "--color", "always")
    assert "\x1b[31;9mHome \\x1b[2J\x1b[0m" in out
    assert "execute.mode: compat judges no single calls" in out
    assert "  remove_lines(1)\n" in out
    assert "  counts  " not in out


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--batch", "7"], "programs: found no document in batch 7, expected one with programs; try others"),
        (["--reason", "unsure"], "programs: found no document with unsure, expected one with programs"),
        (["--reason", "tired"], "--reason tired: found no such reason, expected one of drop_document, "),
    ],
)
def test_nothing_to_show_is_a_sentence(
    lake: Path, options: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["programs", "--lake", str(lake), *options]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"corpusmill: {sentence}")
    assert said.count("\n") == 1


def test_an_empty_lake_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["programs", "--lake", str(tmp_path / "lake")]) == 2
    assert "expected some to show; set propose.proposer to rules, recorded or endpoint" in capsys.readouterr().err


@pytest.mark.parametrize("number", ["0", "-3", "many"])
def test_a_sample_of_none_is_refused(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["programs", f"--sample={number}"]) == 2
    said = capsys.readouterr().err
    assert f"argument --sample: found '{number}', expected a number from 1 on" in said
    assert said.count("\n") == 1
