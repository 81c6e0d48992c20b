"""Compiled code on disk: when an entry counts, who may have written it, and where it can be read from.

Each case is a package of two modules, a kernel and what it calls, and fresh processes that import it.
"""

import json
import os
import subprocess
import sys
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from udfs.text.kernels import compiling, sources
from udfs.text.kernels.compiling import compiled, is_private
from udfs.text.kernels.sources import source_digest

ROOT = Path(__file__).parents[2]
CALLEE = """
from udfs.text.kernels.compiling import inlined
STEP = 1

@inlined
def step(x):
    return x + STEP
"""
KERNEL = """
from made.callee import step
from udfs.text.kernels.compiling import compiled

@compiled
def total(values):
    total = 0
    for value in values:
        total += step(value)
    return total
"""
RUN = """
import json, numpy as np, sys
from made.kernel import total
from udfs.text.kernels.compiling import cache_folder
result = int(total(np.arange(5)))
print(json.dumps([result, sum(total.stats.cache_hits.values()), str(cache_folder())]))
"""


class Ran(NamedTuple):
    """What a process found: the kernel's result, whether from disk, and the folder."""

    result: int
    hits: int
    folder: str


def package(folder: Path) -> Path:
    (folder / "made").mkdir(parents=True)
    (folder / "made/__init__.py").touch()
    (folder / "made/callee.py").write_text(CALLEE)
    (folder / "made/kernel.py").write_text(KERNEL)
    return folder


def run(path: Path, cache: Path, temporary: Path | None = None, program: str = RUN) -> Ran:
    """Import the package from `path`, a folder or .zip, and call its kernel, in a process of its own."""
    places = {"PYTHONPATH": f"{path}{os.pathsep}{ROOT}", "XDG_CACHE_HOME": str(cache), "PYTHONDONTWRITEBYTECODE": "1"}
    places |= {"TMPDIR": str(temporary)} if temporary else {}
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], env={**os.environ, **places}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return Ran(*json.loads(done.stdout))


def entries(cache: Path) -> list[Path]:
    return sorted((cache / "corpusmill/kernels").glob("made.kernel.total-*"))


def test_entry_depends_on_callees_in_other_modules(tmp_path: Path) -> None:
    made, cache = package(tmp_path / "made"), tmp_path / "cache"
    assert run(made, cache)[:2] == (15, 0)
    assert run(made, cache)[:2] == (15, 1)
    assert len(entries(cache)) == 1
    (made / "made/callee.py").write_text(CALLEE.replace("STEP = 1", "STEP = 2"))
    assert run(made, cache)[:2] == (20, 0)
    assert len(entries(cache)) == 2
    (made / "made/callee.py").write_text(CALLEE)
    assert run(made, cache)[:2] == (15, 1)  # what was there is still there


def test_zip_and_folder_have_the_same_entries(tmp_path: Path) -> None:
    made, cache, archive = package(tmp_path / "made"), tmp_path / "cache", tmp_path / "made.zip"
    with zipfile.ZipFile(archive, "w") as stream:
        for path in sorted(made.rglob("*.py")):
            stream.write(path, path.relative_to(made))
    assert run(archive, cache)[:2] == (15, 0)
    assert run(archive, cache)[:2] == (15, 1)
    assert run(made, cache)[:2] == (15, 1)


def test_damaged_entry_is_compiled_anew(tmp_path: Path) -> None:
    made, cache = package(tmp_path / "made"), tmp_path / "cache"
    run(made, cache)
    (entry,) = entries(cache)
    whole = entry.read_bytes()
    entry.write_bytes(whole[:-100])
    assert run(made, cache)[:2] == (15, 0)
    assert run(made, cache)[:2] == (15, 1)
    entry.write_bytes(whole[:40] + bytes([whole[40] ^ 1]) + whole[41:])
    assert run(made, cache)[:2] == (15, 0)


def test_processes_that_compile_at_once(tmp_path: Path) -> None:
    made, cache = package(tmp_path / "made"), tmp_path / "cache"
    with ThreadPoolExecutor(3) as pool:
        assert {ran.result for ran in pool.map(lambda _: run(made, cache), range(3))} == {15}
    assert len(entries(cache)) == 1
    assert run(made, cache).hits == 1


def test_folder_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    made, cache, temporary = package(tmp_path / "made"), tmp_path / "cache", tmp_path / "temporary"
    (cache / "corpusmill/kernels").mkdir(parents=True, mode=0o755)
    temporary.mkdir()
    ran = run(made, cache, temporary)
    assert ran.folder == str(temporary / f"corpusmill-kernels-{os.geteuid()}")
    assert not entries(cache)
    assert Path(ran.folder).stat().st_mode & 0o777 == 0o700
    Path(ran.folder).chmod(0o770)
    assert run(made, cache, temporary) == Ran(15, 0, "None")  # neither is private: nothing is kept


def test_private_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_private(tmp_path / "new/folder")
    assert (tmp_path / "new/folder").stat().st_mode & 0o777 == 0o700
    assert is_private(tmp_path / "new/folder")
    (tmp_path / "link").symlink_to(tmp_path / "new/folder")
    assert not is_private(tmp_path / "link")
    (tmp_path / "file").touch(0o600)
    assert not is_private(tmp_path / "file")
    assert not is_private(tmp_path / "file/below")
    for mode in (0o701, 0o710, 0o704, 0o777):
        (tmp_path / "new/folder").chmod(mode)
        assert not is_private(tmp_path / "new/folder")
    (tmp_path / "new/folder").chmod(0o700)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert not is_private(tmp_path / "new/folder")  # another user's


def double(value: int) -> int:
    return value * 2


def test_without_a_folder_kernels_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "cache_folder", lambda: None)
    assert compiled(double)(21) == 42


def test_entries_that_were_read_last_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "KEPT_ENTRIES", 2)
    monkeypatch.setattr(compiling, "cache_folder", lambda: tmp_path)
    for source, compilations in ((b"1", 1), (b"2", 1), (b"1", 0), (b"3", 1), (b"1", 0), (b"2", 1)):
        monkeypatch.setattr(compiling, "source_digest", lambda _, source=source: source)
        kernel: Any = compiled(double)
        assert kernel(21) == 42
        assert sum(kernel.stats.cache_misses.values()) == compilations
        assert len(list(tmp_path.iterdir())) <= 2
        time.sleep(0.01)  # the file system's clock


def test_function_inside_a_function_is_refused() -> None:
    def inside(value: int) -> int:
        return value

    with pytest.raises(ValueError, match=r"stands inside another function or class; move it"):
        compiled(inside)


def test_digest_follows_imports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every way to write an import, to any depth; and the source of this distribution where another one uses it."""
    texts = {
        "__init__": "",
        "a": "from digested import b\nimport digested.below.c as c, os",
        "b": "def late():\n    from digested.d import (\n        x,\n    )",
        "below/__init__": "",
        "below/c": "from .e import x",
        "d": "",
        "below/e": "from udfs.text.kernels.compiling import compiled",
        "f": "import digested.a  # a circle",
    }
    folder = tmp_path / "digested"
    (folder / "below").mkdir(parents=True)
    monkeypatch.syspath_prepend(tmp_path)

    def digest(changed: str) -> bytes | None:
        for name, text in texts.items():
            (folder / f"{name}.py").write_text(text + "\nchanged = 1" * (name == changed))
        source_digest.cache_clear()
        sources._source.cache_clear()
        return source_digest("digested.a")

    before = digest("nothing")
    assert before is not None
    assert before == digest("nothing")
    assert all(digest(name) != before for name in ("a", "b", "below/c", "d", "below/e"))
    assert source_digest("__main__") is None
    assert source_digest("digested.absent") is None


def test_kernels_of_the_product_are_kept(tmp_path: Path) -> None:
    """Their sources can be read, and their tables are small enough to be frozen into the code."""
    program = RUN.replace("made.kernel import total", "udfs.text.kernels.words import fasttext_words as total")
    program = program.replace("int(total(np.arange(5)))", "len(total(np.frombuffer(b'some words', np.uint8))[0])")
    assert run(tmp_path, tmp_path, program=program)[:2] == (2, 0)
    assert run(tmp_path, tmp_path, program=program)[:2] == (2, 1)
