"""A document with its programs, as rows for a terminal: what goes is struck through, what is put in its place stands
beside it, and under the text are the programs, call by call."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from jobs.review.lines import Kind, Line, Piece, marked_lines
from jobs.review.terminal import Paint, Span, fitted, painted, wrapped
from jobs.review.verdicts import Verdict
from jobs.runtime.console import printable
from udfs.programs.chunks import numbered_line
from udfs.programs.effects import TO_THE_END
from udfs.programs.operations import Rejected, format_program
from udfs.text.edits import Edit

CONTEXT_LINES = 2  # untouched lines that are shown around touched ones
OPENING_LINES = 6  # of a text that nothing touches
RUN_LINES = 12  # of lines that go one after the other, before some of them are left out
SHOWN_CALLS = 30
SHOWN_CHARS = 200  # of a piece that is cut or put in
SHOWN_AROUND = 60  # characters of what stays in a touched line


class Reviewed(NamedTuple):
    """A program, what it is about, and its calls. Where they were not judged one by one, `verdicts` is empty and `note`
    says why; the program is shown as it was written."""

    level: str
    chunk: int
    first_line: int
    last_line: int
    program: str
    model: str
    finish: str
    score: float | None
    verdicts: Sequence[Verdict]
    note: str = ""


class Document(NamedTuple):
    """A document before its programs, and what became of it by them."""

    doc_id: str
    url: str
    batch: int
    text: str
    keep: bool
    reason: str
    edits: Sequence[Edit]
    words: int
    words_removed: int
    programs: Sequence[Reviewed]


class Style(NamedTuple):
    """How rows are printed. `whole`: every line and call, in full."""

    width: int = 80
    color: bool = False
    whole: bool = False


def rendered(document: Document, style: Style) -> Iterator[str]:
    """The rows of a document, without line ends, none wider than the style says (from 40 columns on)."""
    width = max(style.width, 40)
    for spans in _spans(document, style._replace(width=width)):
        yield painted(spans, color=style.color)


def _spans(document: Document, style: Style) -> Iterator[list[Span]]:
    yield from _heading(document, style.width)
    yield []
    shown = _shown(marked_lines(document.text, document.edits), whole=style.whole)
    digits = len(numbered_line(document.text.count("\n"), ""))
    for line in shown:
        if isinstance(line, str):
            yield [Span(fitted(f"  {line}", style.width), Paint.FAINT)]
        else:
            yield from _line(line, digits, style)
    for program in document.programs:
        yield []
        yield from program_spans(program, style)


def _heading(document: Document, width: int) -> Iterator[list[Span]]:
    name = f"{document.doc_id}  {document.url}".rstrip()
    yield [Span(fitted(printable(name), width), Paint.BOLD)]
    became = "kept" if document.keep else f"rejected: {document.reason}"
    left = document.words - document.words_removed
    if not document.keep and not document.edits:
        left = 0
    counts = f"batch {document.batch}, {document.words:,} words before, {left:,} after"
    verdict = Span(printable(became), Paint.COUNTS if document.keep else Paint.WARNS)
    yield from wrapped([verdict, Span(f"; {counts}")], width)


# --- the text


def _shown(lines: Sequence[Line], *, whole: bool) -> Iterator[Line | str]:
    """The lines to show; a string stands for those that are left out."""
    if whole:
        yield from lines
        return
    touched = [line.number for line in lines if line.is_touched]
    near = {at for number in touched for at in range(number - CONTEXT_LINES, number + CONTEXT_LINES + 1)}
    near |= set() if touched else set(range(OPENING_LINES))
    for is_near, run in groupby(lines, lambda line: line.number in near):
        found = list(run)
        if is_near:
            for _, same in groupby(found, lambda line: line.goes):
                yield from _folded(list(same))
        else:
            yield _left_out(found)


def _folded(run: list[Line]) -> Iterator[Line | str]:
    """Lines of one kind: of those that go, where they are many, without those in the middle."""
    half = RUN_LINES // 2
    if len(run) <= RUN_LINES or not run[0].goes:
        yield from run
        return
    yield from run[:half]
    yield f"{_left_out(run[half:-half])} that go"
    yield from run[-half:]


def _left_out(lines: Sequence[Line]) -> str:
    return f"... {len(lines):,} line{'s' if len(lines) > 1 else ''}"


def _line(line: Line, digits: int, style: Style) -> Iterator[list[Span]]:
    """The rows of a line: those that follow the first are indented to its text."""
    mark = "- " if line.goes else "~ " if line.is_touched else "  "
    number = numbered_line(line.number, "").rjust(digits)
    room = style.width - 2 - digits - 1
    spans = [_piece(piece, line, style) for piece in line.pieces]
    if not style.whole and not line.is_touched:
        spans = [Span(fitted(span.text, room)) for span in spans]
    painted_mark = Span(mark, Paint.WARNS if line.is_touched else Paint.PLAIN)
    for place, row in enumerate(wrapped(spans, room)):
        ahead = [painted_mark, Span(f"{number} ", Paint.FAINT)] if place == 0 else [Span(" " * (3 + digits))]
        yield [*ahead, *row]


def _piece(piece: Piece, line: Line, style: Style) -> Span:
    limit = SHOWN_CHARS if piece.kind is not Kind.STAYS else SHOWN_AROUND if line.is_touched else style.width
    cut = piece.text if style.whole else _middle_out(piece.text, limit, keep_end=line.is_touched)
    text = printable(cut)
    if piece.kind is Kind.STAYS:
        return Span(text)
    if style.color:
        return Span(text, Paint.GOES if piece.kind is Kind.CUT else Paint.COMES)
    if line.goes:
        return Span(text)
    return Span(f"[-{text}-]" if piece.kind is Kind.CUT else f"{{+{text}+}}")


def _middle_out(text: str, limit: int, *, keep_end: bool) -> str:
    """At most `limit` characters of a text and a little more: its ends, or its beginning alone."""
    if len(text) <= limit:
        return text
    return f"{text[: limit // 2]} … {text[-(limit // 2) :]}" if keep_end else text[: limit + 1]


# --- the programs


def program_spans(program: Reviewed, style: Style) -> Iterator[list[Span]]:
    """The rows of a program: what it is about, and its calls."""
    yield [Span(fitted(printable(title_of(program)), style.width), Paint.BOLD)]
    if program.note:
        yield from wrapped([Span(f"  {printable(program.note)}", Paint.WARNS)], style.width)
    if program.verdicts:
        rows: Iterable[list[Span]] = (_verdict(verdict) for verdict in program.verdicts)
        count = len(program.verdicts)
    else:
        written = program.program.split("\n") if program.program else []
        rows, count = ([Span(f"  {printable(line)}")] for line in written), len(written)
    for number, row in enumerate(rows):
        if number == SHOWN_CALLS and not style.whole:
            yield [Span(f"  ... {count - number:,} more", Paint.FAINT)]
            return
        yield from wrapped(row, style.width) if style.whole else [_fitted_row(row, style.width)]


def title_of(program: Reviewed) -> str:
    """What a program is about, and who wrote it."""
    last = "the end" if program.last_line >= TO_THE_END else str(program.last_line)
    lines = f"chunk {program.chunk}, lines {program.first_line} to {last}"
    about = "program of the document" if program.level == "document" else f"program of {lines}"
    score = "" if program.score is None else f", score {program.score:.2f}"
    return f"{about} ({program.model or 'no model'}, {program.finish}{score})"


def _verdict(verdict: Verdict) -> list[Span]:
    if verdict.reason is None:
        mark = Span("  counts    ", Paint.COUNTS)
    else:
        mark = Span(f"  rejected  {verdict.reason}: ", Paint.WARNS)
    call = verdict.call.excerpt if isinstance(verdict.call, Rejected) else format_program((verdict.call,))
    return [mark, Span(printable(call))]


def _fitted_row(row: Sequence[Span], width: int) -> list[Span]:
    """A row cut to the width; only the last span may be long."""
    *ahead, last = row
    used = sum(len(span.text) for span in ahead)
    return [*ahead, last._replace(text=fitted(last.text, max(width - used, 2)))]
