"""The journal: what was acknowledged survives a kill, what was taken back does not come again."""

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from jobs.judging import journal as journals
from jobs.judging.journal import Journal, Judgement, judgement_of, left_behind, read
from jobs.runtime.errors import CorpusmillError
from tests.conftest import ROOT
from tests.jobs.judged_documents import DESIGN, drawn


def judgement(offset: int, verdict: str = "keep") -> Judgement:
    return judgement_of(drawn(offset), "anna \ud800", verdict, 1.25, "5a3b1e", DESIGN)


def test_what_is_noted_is_read_and_what_is_taken_back_is_not(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "folder")
    first, second, third = judgement(1), judgement(2, "drop"), judgement(3, "skip")
    for one in (first, second, third):
        journal.note(one)
    journal.take_back(second)
    assert read(journal.path) == [first, third]
    assert len({first.judgement, second.judgement, third.judgement}) == 3


def test_a_journal_of_a_living_process_is_left_alone(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.note(judgement(1))
    with left_behind(tmp_path) as found:
        assert found == []
    journal.close()
    with left_behind(tmp_path) as found:
        assert [path for path, _ in found] == [journal.path]
        with left_behind(tmp_path) as others:
            assert others == [], "two would make rows of it"
    with left_behind(tmp_path / "absent") as found:
        assert found == []


def test_a_line_that_was_cut_short_was_never_acknowledged(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.note(judgement(1))
    whole = journal.path.read_bytes()
    for length in range(len(whole)):
        journal.path.write_bytes(whole + whole[:length])
        assert len(read(journal.path)) == 1


@pytest.mark.parametrize("line", ["no json", "[]", '{"judgement": "a"}', '{"judgement": "a", "judged_at": 1}'])
def test_another_line_is_a_sentence(tmp_path: Path, line: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(f"{line}\n")
    with pytest.raises(CorpusmillError, match=r"a\.jsonl, line 1: found no judgement"):
        read(path)


def test_what_cannot_be_written_leaves_no_part_of_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path)
    journal.note(judgement(1))
    real = os.write

    def half(file: int, data: bytes) -> int:
        return real(file, data[: len(data) // 2])

    with monkeypatch.context() as patched:
        patched.setattr(journals.os, "write", half)
        with pytest.raises(OSError, match="bytes were written"):
            journal.note(judgement(2))
    journal.note(judgement(3))
    assert [one.offset for one in read(journal.path)] == [1, 3]


WRITER = """
    import sys
    from pathlib import Path
    from jobs.judging.journal import Journal
    from tests.jobs.test_judging_journal import judgement

    journal = Journal(Path(sys.argv[1]))
    for offset in range(1_000_000):
        one = judgement(offset)
        journal.note(one)
        if offset % 5 == 4:
            journal.take_back(one)
        print(offset, flush=True)
"""


def test_a_killed_process_loses_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    """A real process, killed (SIGKILL) in the middle of its work."""
    command = [sys.executable, "-c", textwrap.dedent(WRITER), str(tmp_path)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    told = [int(process.stdout.readline()) for _ in range(23)]
    process.send_signal(signal.SIGKILL)
    told += [int(line) for line in process.stdout if line.endswith("\n")]
    process.wait()
    process.stdout.close()
    with left_behind(tmp_path) as found:
        assert len(found) == 1
        stored = [one.offset for one in found[0][1]]
    acknowledged = [offset for offset in told if offset % 5 != 4]
    assert stored[: len(acknowledged)] == acknowledged
    assert len(stored) <= len(acknowledged) + 1, "one may be stored and not yet acknowledged"


def test_each_line_is_flushed_before_it_is_acknowledged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path)
    flushed: list[int] = []
    monkeypatch.setattr(journals.os, "fsync", lambda file: flushed.append(len(journal.path.read_bytes())))
    journal.note(judgement(1))
    assert flushed == [journal.path.stat().st_size]
    assert json.loads(journal.path.read_text())["judge"] == "anna \ud800"


def test_journals_lie_in_a_local_lake_or_under_the_home_folder() -> None:
    assert journals.folder_of("/data/lake", is_registered=False) == Path("/data/lake/_judging")
    for lake, registered in (("s3://bucket/lake", False), ("main.corpus", True)):
        folder = journals.folder_of(lake, is_registered=registered)
        assert folder.parent == Path.home() / ".corpusmill/judging"
        assert folder.name
