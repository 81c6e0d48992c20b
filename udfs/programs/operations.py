"""Operations: what a model may do to a document, as values; and programs, which are tuples of them.

ProX (arXiv 2409.17115, table 1) has three generations of names for the same few calls, and its successors have more.
An operation's class lists all names of its call and of its arguments. Reading (`udfs.programs.parsing`) and writing
(`format_program`) follow from that, so a new operation is one class here, in `OPERATIONS`, and one case in
`udfs.programs.effects`.

Not here: inserting or rewriting lines (UltraX's `add_line`). An operation deletes, or replaces what stands in the text.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import ClassVar

from udfs.text.escapes import escaped

NUMBER_DIGITS = 18  # of a line number; a longer one is no line of any text
EXCERPT_CHARS = 80


class CallReason(StrEnum):
    """Why a call, or a line that is none, was not executed."""

    NOT_A_CALL = "not_a_call"  # the line is prose, or something else that is neither a call nor a comment
    UNKNOWN_CALL = "unknown_call"  # no operation has this name
    BAD_ARGUMENTS = "bad_arguments"  # the arguments cannot be read, or are not those of the operation
    TRUNCATED = "truncated"  # the program ends inside this call, as at the limit of tokens
    REPEATED = "repeated"  # the same call stands in this program before
    WRONG_LEVEL = "wrong_level"  # a chunk's program may not decide on the whole document
    CONTRADICTED = "contradicted"  # the program has already said otherwise of the document, or of the same string
    BAD_RANGE = "bad_range"  # the first line is negative, or comes after the last
    LINE_OUT_OF_RANGE = "line_out_of_range"  # none of the lines is in the chunk that the program is about
    MISSING_TARGET = "missing_target"  # the string is not in the chunk, or only inside a longer one to be replaced
    SHORT_SOURCE = "short_source"  # the string is too short to be sure of what it means
    COMMON_SOURCE = "common_source"  # the string is too often in the chunk, or is too much of it
    OVER_BUDGET = "over_budget"  # a good call in a program that has too many errors
    UNSURE = "unsure"  # the program drops the document, with a score below execute.min_drop_score


# What speaks against the rest of the program. Not the others: a cut or looping output, prose around the calls and a
# string that was copied badly say nothing about the lines that other calls name.
ERRORS = frozenset(
    {
        CallReason.UNKNOWN_CALL,
        CallReason.BAD_ARGUMENTS,
        CallReason.WRONG_LEVEL,
        CallReason.CONTRADICTED,
        CallReason.BAD_RANGE,
        CallReason.LINE_OUT_OF_RANGE,
    }
)


@dataclass(frozen=True, slots=True)
class KeepDocument:
    """The document stays."""

    names: ClassVar = ("keep_doc", "keep_document")
    arguments: ClassVar = ()


@dataclass(frozen=True, slots=True)
class DropDocument:
    """The document goes."""

    names: ClassVar = ("drop_doc", "drop_document")
    arguments: ClassVar = ()


@dataclass(frozen=True, slots=True)
class KeepChunk:
    """Nothing is to be done in this chunk. The released chunk model says `untouch_doc()`."""

    names: ClassVar = ("keep_chunk", "skip_chunk", "untouch_doc", "keep_all")
    arguments: ClassVar = ()


@dataclass(frozen=True, slots=True)
class RemoveAll:
    """All lines of the chunk go. Also written `remove_lines(all=True)`."""

    names: ClassVar = ("remove_all",)
    arguments: ClassVar = ()


@dataclass(frozen=True, slots=True)
class RemoveLines:
    """The lines `first` to `last` go, both included. Lines end at `\\n` and are counted from 0 over the whole
    document."""

    first: int
    last: int
    names: ClassVar = ("remove_lines",)
    arguments: ClassVar = (("start", "line_start", "first"), ("end", "line_end", "last"))


@dataclass(frozen=True, slots=True)
class Normalize:
    """Each `source` in the chunk becomes `target`."""

    source: str
    target: str = ""
    names: ClassVar = ("normalize", "replace_str")
    arguments: ClassVar = (("source_str", "source", "old_str", "old"), ("target_str", "target", "new_str", "new"))


Operation = KeepDocument | DropDocument | KeepChunk | RemoveAll | RemoveLines | Normalize
OPERATIONS: tuple[type[Operation], ...] = (KeepDocument, DropDocument, KeepChunk, RemoveAll, RemoveLines, Normalize)


@dataclass(frozen=True, slots=True)
class Rejected:
    """A call that is not executed, and how it began (at most EXCERPT_CHARS characters)."""

    reason: CallReason
    excerpt: str


Program = tuple[Operation | Rejected, ...]


def name_of(operation: Operation) -> str:
    """The canonical name of an operation's call."""
    name: str = operation.names[0]
    return name


def format_program(program: Iterable[Operation | Rejected]) -> str:
    """The canonical text of a program, a call a line; `parse` of it gives the same operations.

    What was rejected becomes a comment. Line numbers have up to NUMBER_DIGITS digits, strings no surrogates."""
    return "\n".join(_comment(one) if isinstance(one, Rejected) else _call(one) for one in program)


def _comment(rejected: Rejected) -> str:
    return f"# {rejected.reason}: {quoted(rejected.excerpt)}"


def _call(operation: Operation) -> str:
    values = [getattr(operation, field.name) for field in fields(operation)]
    said = [
        f"{names[0]}={quoted(value) if isinstance(value, str) else value}"
        for names, value in zip(operation.arguments, values, strict=True)
    ]
    return f"{name_of(operation)}({', '.join(said)})"


_ESCAPED = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def quoted(string: str) -> str:
    """`string` as a literal of Python in double quotes, on one line; what cannot be printed is escaped."""
    if string.isprintable() and '"' not in string and "\\" not in string:
        return f'"{string}"'
    return f'"{"".join(_ESCAPED.get(c) or (c if c.isprintable() else escaped(c)) for c in string)}"'
