"""A digest of all the source that a compiled function can depend on.

Everything that a function can call or freeze into its code is in its module or in one that this imports, directly or
not. Imports are found by their text, so what a module imports under another name at run time is not seen; a line of a
docstring that looks like an import only makes the digest depend on more.
"""

import hashlib
import importlib.util
import pkgutil
import re
from collections.abc import Callable, Iterator
from functools import cache
from importlib.machinery import ModuleSpec
from pathlib import Path

_IMPORT = re.compile(r"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import\b|import[ \t]+([^\n#;]+))", re.MULTILINE)
_OURS = __name__.partition(".")[0]


@cache
def source_digest(module: str) -> bytes | None:
    """Digest of the source of `module` and of what it imports of its own top-level package and of ours; None where one
    of them has no source that can be read (a script, a prompt, a distribution without its .py files).

    Modules are read once in a process, when they are first asked for: at the import of the first kernel that can call
    them. So what is changed under a running process is not mistaken for what it runs.
    """
    if _spec(module) is None:
        return None
    tops = frozenset((module.partition(".")[0], _OURS))
    waiting, met = [module], {module}
    digest = hashlib.sha256()
    while waiting:
        name = waiting.pop()
        source = _source(name)
        if source is None:
            return None
        digest.update(f"{name} {len(source)}\n{source}".encode())
        found = _imports(name, tops) - met
        waiting += sorted(found, reverse=True)
        met |= found
    return digest.digest()


@cache
def _imports(module: str, tops: frozenset[str]) -> frozenset[str]:
    """Modules below `tops` that a module imports. Of a package all direct modules too, since `from package import name`
    may mean one."""
    return frozenset(_imported(module, _source(module) or "", tops))


def _imported(module: str, source: str, tops: frozenset[str]) -> Iterator[str]:
    for one, several in _IMPORT.findall(source):
        for written in [one] if one else (part.split()[0] for part in several.split(",") if part.split()):
            name = _absolute(written, module)
            if name.partition(".")[0] not in tops:
                continue
            yield name
            if one and (found := _spec(name)) and found.submodule_search_locations is not None:
                yield from (f"{name}.{each.name}" for each in pkgutil.iter_modules(found.submodule_search_locations))


def _absolute(name: str, module: str) -> str:
    spec = _spec(module)
    return importlib.util.resolve_name(name, spec.parent) if name.startswith(".") and spec else name


@cache
def _source(module: str) -> str | None:
    spec = _spec(module)
    if spec is None or spec.origin is None:  # a name that is no module, or a folder without __init__.py: adds nothing
        return ""
    read: Callable[[str], str | None] | None = getattr(spec.loader, "get_source", None)  # a loader of .zip has it
    try:
        return read(module) if read else Path(spec.origin).read_text("utf-8")
    except (ImportError, OSError):
        return None


@cache
def _spec(module: str) -> ModuleSpec | None:
    try:
        return importlib.util.find_spec(module)
    except (ImportError, ValueError):  # ValueError: a module that was made at run time
        return None
