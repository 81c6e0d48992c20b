"""Programs from the text that a model wrote: whatever it is, it gives a program. Nothing of it is evaluated.

A call stands at the beginning of a line, or behind another call; white space, comments, code fences and semicolons
around it do not matter, and inside its parentheses line ends do not either. A call or line that cannot be read becomes
`Rejected`, and reading goes on at the next line. Each line is looked at twice at most (once as a part of the call
before it, because no call's arguments reach over the beginning of another call), so time is linear.

Not here: what needs the text that the program is about, such as whether a line exists (`udfs.programs.execution`).
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields
from functools import lru_cache
from typing import NamedTuple

from udfs.programs.literals import Value, is_cut, literal
from udfs.programs.operations import (
    EXCERPT_CHARS,
    OPERATIONS,
    CallReason,
    Normalize,
    Operation,
    Program,
    Rejected,
    RemoveAll,
    RemoveLines,
)

_BETWEEN = re.compile(r"(?:[\s;,]++|\.(?!\w)|#[^\n]*+|```[\w+-]++(?=\s|\Z)|`++)*+")
_INSIDE = re.compile(r"(?:\s++|#[^\n]*+)*+")
_CALL = re.compile(r"([^\W\d]\w*+)[ \t]*+\(\s*+")
_LAST_WORD = re.compile(r"(\w++)[ \t]*+\Z")
_KEYWORD = re.compile(r"([^\W\d]\w*+)\s*+=\s*+")

REMEMBERED_CHARS = 40  # most programs of documents are one of two, and many of chunks one of a few
# Calls as models mostly write them, read at once: several times quicker than argument by argument, and the same.
_NUMBER_THERE, _STRING_THERE = "([0-9]{1,18})", '"([^"\\\\\r\n\ud800-\udfff]*+)"'
_PLAIN = re.compile(
    rf"remove_lines\((?:start={_NUMBER_THERE}, end={_NUMBER_THERE}|{_NUMBER_THERE}, {_NUMBER_THERE})\)|"
    rf"normalize\(source_str={_STRING_THERE}, target_str={_STRING_THERE}\)"
)


class _Shape(NamedTuple):
    """What binding needs to know of a class of operations."""

    make: Callable[..., Operation]
    places: dict[str, int]  # of the argument, by each of its names
    fields: tuple[str, ...]
    types: tuple[object, ...]
    required: frozenset[int]


def _shape(kind: type[Operation]) -> _Shape:
    known = fields(kind)
    return _Shape(
        kind,
        {name: place for place, names in enumerate(kind.arguments) for name in names},
        tuple(field.name for field in known),
        tuple(field.type for field in known),
        frozenset(place for place, field in enumerate(known) if field.default is MISSING),
    )


_SHAPES = {name: _shape(kind) for kind in OPERATIONS for name in kind.names}


class _Arguments(NamedTuple):
    """The arguments of a call and the place behind its closing parenthesis."""

    positional: list[Value]
    keywords: list[tuple[str, Value]]
    end: int


def parse(text: str) -> Program:
    """The operations that `text` calls and what of it was rejected, in order. Never raises."""
    return _remembered(text) if len(text) <= REMEMBERED_CHARS else tuple(_parsed(text))


@lru_cache(maxsize=1024)
def _remembered(text: str) -> Program:
    return tuple(_parsed(text))


def _parsed(text: str) -> Iterator[Operation | Rejected]:
    at = _end_of(_BETWEEN, text, 0)
    while at < len(text):
        if plain := _PLAIN.match(text, at):
            yield _read_at_once(plain)
            at = _end_of(_BETWEEN, text, plain.end())
            continue
        call = _CALL.match(text, at)
        if call is None:
            yield _no_call(text, at)
            at = _line_end(text, at)
        else:
            arguments = _arguments(text, call.end())
            if isinstance(arguments, _Arguments):
                yield _bound(call[1], arguments) or _rejected(_misfit(call[1]), text, at, arguments.end)
                at = arguments.end
            else:
                cut = is_cut(text, arguments)
                yield _rejected(CallReason.TRUNCATED if cut else _misfit(call[1]), text, at)
                at = len(text) if cut else _line_end(text, at)
        at = _end_of(_BETWEEN, text, at)


def _read_at_once(plain: re.Match[str]) -> Operation:
    first, last, positional_first, positional_last, source, target = plain.groups()
    if source is not None:
        return Normalize(source, target)
    return RemoveLines(int(first or positional_first), int(last or positional_last))


def _end_of(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _rejected(reason: CallReason, text: str, at: int, end: int | None = None) -> Rejected:
    end = min(at + EXCERPT_CHARS, _line_end(text, at) if end is None else end)
    return Rejected(reason, text[at:end])


def _misfit(name: str) -> CallReason:
    return CallReason.BAD_ARGUMENTS if name in _SHAPES else CallReason.UNKNOWN_CALL


def _no_call(text: str, at: int) -> Rejected:
    """A line that is no call: the beginning of one where the text ends inside a known name."""
    word = _LAST_WORD.match(text, at)
    cut = word is not None and any(name.startswith(word[1]) for name in _SHAPES)
    return _rejected(CallReason.TRUNCATED if cut else CallReason.NOT_A_CALL, text, at)


def _arguments(text: str, at: int) -> _Arguments | int:
    """The arguments of the call whose opening parenthesis is before `at`, or the place that cannot be read."""
    positional: list[Value] = []
    keywords: list[tuple[str, Value]] = []
    at = _end_of(_INSIDE, text, at)
    if text.startswith(")", at):
        return _Arguments(positional, keywords, at + 1)
    while True:
        keyword = _KEYWORD.match(text, at)
        start = keyword.end() if keyword else at
        found = literal(text, start)
        if found is None or (keywords and not keyword):
            return start
        if keyword:
            keywords.append((keyword[1], found[0]))
        else:
            positional.append(found[0])
        at = _end_of(_INSIDE, text, found[1])
        separator = text[at : at + 1]
        if separator not in {",", ")"}:
            return at
        at += 1
        if separator == ",":
            at = _end_of(_INSIDE, text, at)
        if separator == ")":
            return _Arguments(positional, keywords, at)
        if text.startswith(")", at):  # a comma behind the last argument
            return _Arguments(positional, keywords, at + 1)


def _bound(name: str, arguments: _Arguments) -> Operation | None:
    """The operation that the call is, None where there is none with such arguments."""
    shape = _SHAPES.get(name)
    if shape is None:
        return None
    if name == "remove_lines" and not arguments.positional and arguments.keywords == [("all", True)]:
        return RemoveAll()
    values = dict(enumerate(arguments.positional))
    for keyword, value in arguments.keywords:
        place = shape.places.get(keyword)
        if place is None or place in values:
            return None
        values[place] = value
    if not shape.required <= values.keys() or len(arguments.positional) > len(shape.fields):
        return None
    if any(type(value) is not shape.types[place] for place, value in values.items()):
        return None
    return shape.make(**{shape.fields[place]: value for place, value in values.items()})
