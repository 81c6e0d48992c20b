"""A function of the user's as a step: `package.module:name` where a measure or an edit is named.

A measure is `(text: str, **arguments) -> float | None`. An edit is `(text: str, **arguments)` and gives the new text,
or `(start, end, replacement)` in code points, sorted and not overlapping, which explain a page better. A function whose
first parameter is annotated `Page` is given the page instead of its text. Only settings name functions, never a page.
"""

import hashlib
import importlib
import importlib.util
import inspect
from collections.abc import Callable, Iterator
from functools import cache
from math import isnan
from typing import Any, SupportsFloat, get_type_hints

from udfs.text.edits import Edit, check
from udfs.text.page import Page


def is_own(name: str) -> bool:
    """Whether a step's measure or edit is a function of the user's."""
    return ":" in name


def own_function(name: str) -> Callable[..., Any]:
    """The function called `package.module:name`. Raises ValueError with one sentence where there is none."""
    module_name, _, function_name = name.partition(":")
    try:
        module = importlib.import_module(module_name)
    except Exception as error:  # the user's module may raise anything while it is imported
        raise ValueError(
            f"the module of {name!r} cannot be imported ({type(error).__name__}: {error}); put it on the Python path "
            "of the driver and of the executors (spark-submit --py-files)"
        ) from error
    function = getattr(module, function_name, None)
    if not inspect.isfunction(function):
        raise ValueError(
            f"{name!r}: found {type(function).__name__ if function is not None else 'nothing of that name'}, expected "
            f"a function defined in {module_name}"
        )
    if not _positional(function):
        raise ValueError(f"{name!r} takes no positional argument; write it as a function of a text or of a Page")
    return function


@cache
def own_measure(name: str) -> Callable[..., float | None]:
    """The user's function as a measure of a page. It raises ValueError where it gives no number."""
    function, of_page = own_function(name), _takes_page(own_function(name))

    def measured(page: Page, **arguments: Any) -> float | None:
        signal = function(page if of_page else page.text, **arguments)
        if signal is None:
            return None
        if not isinstance(signal, SupportsFloat) or isnan(signal):
            raise ValueError(f"{name} returned {signal!r}, expected a number, or None where there is none")
        return float(signal)

    return measured


@cache
def own_cut(name: str) -> Callable[..., Iterator[tuple[int, int, str]]]:
    """The user's function as a cut of a page. It raises ValueError for spans that are not sorted, overlap or are
    outside the text, and for text with lone surrogates."""
    function, of_page = own_function(name), _takes_page(own_function(name))

    def cut(page: Page, **arguments: Any) -> Iterator[tuple[int, int, str]]:
        found = function(page if of_page else page.text, **arguments)
        spans = list(_difference(page.text, found) if isinstance(found, str) else found)
        check(len(page.text), [Edit(start, end, replacement, name) for start, end, replacement in spans])
        "".join(replacement for _, _, replacement in spans).encode()  # a lone surrogate is no text
        yield from spans

    return cut


def own_code(name: str) -> str:
    """Digest of the source of the function's module: part of what a page's verdict depends on."""
    module = inspect.getmodule(own_function(name))
    try:
        source = inspect.getsource(module) if module else ""
    except OSError as error:
        raise ValueError(f"the source of {name!r} is not to be found; put the function into a module file") from error
    return hashlib.blake2b(source.encode(), digest_size=8).hexdigest()


def _difference(before: str, after: str) -> Iterator[tuple[int, int, str]]:
    """The edits that make `after` of `before`: line by line where there are as many, deletions where lines are left
    out, else one. Linear in the length of the texts; not always the fewest characters."""
    old, new = before.split("\n"), after.split("\n")
    if len(old) == len(new):
        start = 0
        for line, changed in zip(old, new, strict=True):
            yield from _changed(start, line, changed)
            start += len(line) + 1
        return
    left_out = _left_out(old, new)
    yield from _changed(0, before, after) if left_out is None else left_out


def _changed(start: int, before: str, after: str) -> Iterator[tuple[int, int, str]]:
    """One edit, from the first character that differs to the last, of the text at `start`."""
    if before == after:
        return
    shorter = min(len(before), len(after))
    same = next((i for i in range(shorter) if before[i] != after[i]), shorter)
    room = shorter - same
    kept = next((i for i in range(room) if before[-1 - i] != after[-1 - i]), room)
    yield start + same, start + len(before) - kept, after[same : len(after) - kept]


def _left_out(old: list[str], new: list[str]) -> list[tuple[int, int, str]] | None:
    """Deletions of whole lines that leave `new`; None where no deletions do."""
    edits: list[tuple[int, int, str]] = []
    start, kept = 0, 0
    for line in old:
        end = start + len(line) + 1
        if kept < len(new) and line == new[kept]:
            kept += 1
        elif edits and edits[-1][1] == start:
            edits[-1] = (edits[-1][0], end, "")
        else:
            edits.append((start, end, ""))
        start = end
    if kept < len(new):
        return None
    if edits and edits[-1][1] == start:  # the last line goes, which has its line break before it
        edits[-1] = (edits[-1][0] - 1, start - 1, "")
    return edits


def _positional(function: Callable[..., Any]) -> list[inspect.Parameter]:
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [one for one in inspect.signature(function).parameters.values() if one.kind in kinds]


def _takes_page(function: Callable[..., Any]) -> bool:
    try:
        hint = get_type_hints(function).get(_positional(function)[0].name)
    except NameError:  # names that only a type checker sees
        return False
    return isinstance(hint, type) and issubclass(hint, Page)
