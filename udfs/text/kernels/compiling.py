"""`@compiled`: machine code by numba, kept on disk between processes.

How to add a kernel: write a function at the top level of a module of this package, over `uint8[::1]` and `int64[::1]`
arrays and numbers, and put `@compiled` on it. It is compiled at its first call for each set of argument types, so keep
those few. Small functions that kernels call in their loops (less than about ten lines) get `@inlined` instead: LLVM
puts them into every caller, and they cannot be called from many places for nothing. Tables are NumPy arrays at the top
level of a module: numba freezes them into the code, so they must follow from the source and the interpreter alone.
A kernel has no bounds checks (an index out of bounds corrupts the process), wraps negative indices, has IEEE floats
(no fast-math), releases the interpreter's lock, and divides by zero without an error.

Why not numba's own cache: it looks at the file of the outermost function only, so it would go on with old code when a
callee in another module changes; processes with different sources overwrite each other's files; and it writes beside
the package, or into a folder that others may be able to write. Here an entry is one file, named by a digest of all that
the code depends on: the source of the function's module and of every module of its distribution which that imports,
directly or not; the versions of Python, numba and llvmlite; the processor; the argument types. It is written once and
replaced as a whole, so processes that compile the same at the same time do no harm. Sources are read through the import
system, so from a .zip too; what has none (a prompt) is not kept.

The entries are pickles, which can run any code when they are read. So the folder (in the user's cache folder, else in
the temporary one) must belong to the user and be closed to all others; where there is no such folder nothing is kept,
and every process compiles what it needs. Removing the folder is always safe.
"""

import hashlib
import importlib
import logging
import os
import pickle
import platform
import stat
import sys
import tempfile
import uuid
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numba
import numpy as np
from numba.core import config
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps
from numba.misc.appdirs import AppDirs

from udfs.text.kernels.sources import source_digest

F = TypeVar("F", bound=Callable[..., Any])

KEPT_ENTRIES = 20  # of one function, for other types, sources and versions; those that were read last
_CHECK_BYTES = 32
_LLVMLITE = importlib.import_module("llvmlite").__version__  # it has no types to import it by
_LOG = logging.getLogger(__name__)


def compiled(function: F) -> F:
    """`function` as machine code; see the module's docstring. Its first call with types that do not fit raises numba's
    TypingError. Raises ValueError for a function that is not at the top level of a module."""
    return _compiled(function, forceinline=False)


def inlined(function: F) -> F:
    """As `compiled`, and put into each compiled caller."""
    return _compiled(function, forceinline=True)


def _compiled(function: F, forceinline: bool) -> F:
    if function.__qualname__ != function.__name__:
        raise ValueError(f"{function.__qualname__} stands inside another function or class; move it to its module")
    kernel = numba.njit(nogil=True, boundscheck=False, fastmath=False, error_model="numpy", forceinline=forceinline)(
        function
    )
    folder, digest = cache_folder(), source_digest(function.__module__)
    if folder is not None and digest is not None:
        kernel._cache = DiskCache(function, folder, digest)  # as `cache=True` sets numba's own
    machine_code: F = kernel
    return machine_code


@cache
def cache_folder() -> Path | None:
    """Where compiled code is kept; None where no folder is private to the user."""
    folders = (
        Path(AppDirs(appname="corpusmill", appauthor=False).user_cache_dir) / "kernels",
        Path(tempfile.gettempdir()) / f"corpusmill-kernels-{os.geteuid()}",
    )
    for folder in folders:
        if is_private(folder):
            return folder
    _LOG.warning("none of %s is private to this user: each process compiles all kernels", ", ".join(map(str, folders)))
    return None


def is_private(folder: Path) -> bool:
    """Whether `folder` (made where it is absent) is a real folder of this user's that nobody else can read or write,
    and this user can."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()  # a link is none, wherever it leads
        ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077
        if ours:
            tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return ours


class DiskCache:
    """The entries of one function, with the methods by which numba's dispatcher asks a cache."""

    def __init__(self, function: Callable[..., Any], folder: Path, digest: bytes) -> None:
        self.cache_path = str(folder)
        self._folder = folder
        self._name = f"{function.__module__}.{function.__name__}"
        self._code = repr(
            (
                self._name,
                function.__code__.co_firstlineno,  # a module may define a name twice
                digest.hex(),
                (sys.version, platform.machine(), numba.__version__, _LLVMLITE, np.__version__),
            )
        )

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The compiled function for the argument types `sig`, None where there is no sound entry."""
        target_context.refresh()
        path = self._path(sig, target_context.codegen())
        try:
            entry = path.read_bytes()
            os.utime(path)
        except OSError:
            return None
        check, payload = entry[:_CHECK_BYTES], entry[_CHECK_BYTES:]
        if hashlib.sha256(payload).digest() != check:  # cut off by a full disk or a crash
            return None
        return CompileResult._rebuild(target_context, *pickle.loads(payload))  # noqa: S301  the folder is private

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep a compiled function; where that fails, it is compiled again by the next process."""
        if data.lifted or data.library.has_dynamic_globals:
            _LOG.warning("%s is not kept: it has pointers or a table above 1 MB; pass it as an argument", self._name)
            return
        path = self._path(sig, data.codegen)
        payload = dumps(data._reduce())
        parts = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
        try:
            self._remove_oldest()
            parts.write_bytes(hashlib.sha256(payload).digest() + payload)
            parts.replace(path)
        except OSError as error:
            _LOG.warning("%s is not kept: %s", self._name, error)
            parts.unlink(missing_ok=True)

    def flush(self) -> None:
        """Remove all entries of this function, also those of other sources and versions."""
        for path in self._folder.glob(f"{self._name}-*"):
            path.unlink(missing_ok=True)

    def _path(self, sig: Any, codegen: Any) -> Path:
        options = (config.OPT, config.BOUNDSCHECK, config.DEBUGINFO_DEFAULT)  # a person may set them to find a fault
        key = repr((self._code, str(sig), codegen.magic_tuple(), options))
        return self._folder / f"{self._name}-{hashlib.sha256(key.encode()).hexdigest()[:40]}"

    def _remove_oldest(self) -> None:
        found = []
        for path in self._folder.glob(f"{self._name}-*"):
            with suppress(FileNotFoundError):  # another process does the same
                found.append((path.stat().st_mtime, path))
        for _, path in sorted(found)[: -KEPT_ENTRIES + 1]:
            path.unlink(missing_ok=True)
