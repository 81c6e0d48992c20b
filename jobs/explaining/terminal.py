"""A page explained, as rows for a terminal: what is cut is struck through in the colour of its stage and has the sign
of its reason beside it, also without colours; nothing that the page says can act."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from jobs.explaining import numbers
from jobs.explaining.composed import Piece, Row
from jobs.explaining.explained import Explained, fetched, key_of, summary
from jobs.explaining.fate import Fate, Kind, State, Step, fate_of_lost
from jobs.explaining.rows import UNSEEN, Lost, Unseen
from jobs.explaining.terminal_parts import commits, duplicates, heading, prose, ratings, section, table
from jobs.review.rendering import Style, program_spans
from jobs.review.terminal import Paint, Span, fitted, painted, wrapped
from jobs.runtime.console import printable

PAINTS = {
    "screen": Paint.GOES,
    "dedup_substring": Paint.GOES_AS_REPEAT,
    "dedup_bloom": Paint.GOES_AS_SEEN,
    "execute": Paint.GOES_BY_PROGRAM,
}
CONTEXT_ROWS = 2  # untouched lines that are shown around touched ones
OPENING_ROWS = 6  # of a text that nothing touches
RUN_ROWS = 16  # of touched lines that follow each other, before some are left out
SHOWN_CHARS = 200  # of a touched piece
SHOWN_AROUND = 60  # of what stays in a touched line
BREAK = "↵"
WHY = 30  # the column in which the reasons of steps begin
_BRACKETS = (("[-", "-", "]"), ("(?", "?", ")"), ("{+", "+", "}"))  # without colours: cut, would be cut, put in

Rows = Iterator[list[Span]]


def rendered(told: Explained, style: Style) -> Iterator[str]:
    """The rows of an explained document, none wider than the style says (from 40 columns on)."""
    return _painted(_document(told, _wide(style)), style)


def rendered_lost(lost: Lost, style: Style) -> Iterator[str]:
    """The rows of what never became a document."""
    fate = fate_of_lost(lost)
    places = [(row["reason"], row["file"], row["offset"]) for row in lost.losses]

    def rows() -> Rows:
        yield from heading(lost.asked, fate.sentence, _paint(fate), _wide(style).width)
        yield from _steps(fate, _wide(style))
        yield from table("Where", ("reason", "file", "offset"), places, _wide(style).width)

    return _painted(rows(), style)


def rendered_unseen(unseen: Unseen, style: Style) -> Iterator[str]:
    """The rows of what no table knows."""
    width = _wide(style).width
    nearest = [(row["url"], row["doc_id"]) for row in unseen.nearest]
    losses = [(row["losses"], row["stage"], row["reason"], row["example"]) for row in unseen.losses]

    def rows() -> Rows:
        yield from heading(unseen.asked, UNSEEN, Paint.WARNS, width)
        yield from table("Nearest URLs known", ("url", "doc_id"), nearest, width)
        if unseen.host:
            columns = ("pages", "stage", "reason", "example")
            yield from table(f"Losses of {unseen.host}", columns, losses, width)

    return _painted(rows(), style)


def _painted(rows: Rows, style: Style) -> Iterator[str]:
    return (painted(row, color=style.color) for row in rows)


def _wide(style: Style) -> Style:
    return style._replace(width=max(style.width, 40))


def _paint(fate: Fate) -> Paint:
    return Paint.COUNTS if fate.kind is Kind.PUBLISHED else Paint.WARNS


def _document(told: Explained, style: Style) -> Rows:
    row = told.found.document
    yield from heading(row["url"] or row["doc_id"], told.fate.sentence, _paint(told.fate), style.width)
    facts = f"doc_id {row['doc_id']}, batch {row['batch']}, encoding {row['charset'] or 'not noted'}"
    yield from prose(facts, style.width, Paint.FAINT)
    for warning in told.warnings:
        yield from prose(warning, style.width, Paint.WARNS)
    yield from _steps(told.fate, style)
    yield from _text(told, style)
    for program in told.programs:
        yield []
        yield from program_spans(program, style)
    yield from duplicates(told, style)
    yield from ratings(told, style.width)
    columns = ("doc_id", "batch", "fetched", "file")
    others = [(r["doc_id"], r["batch"], fetched(r) or "-", r["file"]) for r in told.found.others]
    yield from table("Other documents of this address or id", columns, others, style.width) if others else ()
    yield from commits(told.commits, style)


# --- stages


def _steps(fate: Fate, style: Style) -> Rows:
    yield from section("Step by step")
    for step in fate.steps:
        paint = {State.KEPT: Paint.COUNTS, State.OFF: Paint.FAINT}.get(step.state, Paint.WARNS)
        ahead = [Span(f"{fitted(printable(step.stage), 15):<16}"), Span(f"{step.state.value:<14}", paint)]
        why = "; ".join(part for part in (step.reason, step.said) if part)
        for place, row in enumerate(prose(why, max(style.width - WHY, 10))):
            yield [*ahead, *row] if place == 0 else [Span(" " * WHY), *row]
        if step.stage == fate.stage or style.whole:
            yield from _numbers(step, style.width)


def _numbers(step: Step, width: int) -> Rows:
    for one in step.numbers:
        mark = {True: "passes", False: "rejects", None: ""}[one.passes]
        ahead = Span(f"    {mark:<8}", Paint.WARNS if one.passes is False else Paint.FAINT)
        limits = f", expected {one.limits}" if one.limits else ""
        for place, row in enumerate(prose(f"{one.name} {numbers.shown(one.value)}{limits}", width - 12)):
            yield [ahead if place == 0 else Span(" " * 12), *row]


# --- the text


def _text(told: Explained, style: Style) -> Rows:
    yield from section("The page as extracted")
    yield from prose(summary(told), style.width)
    for key in told.keys.values():
        meaning = f": {key.meaning}" if key.meaning else ""
        made = "" if key.made else "; only written down"
        said = f"{key.stage}, {key.reason}{meaning} ({key.edits:,}{made})"
        sign = Span(f"  {key.sign:<4}", PAINTS[key.stage] if style.color else Paint.PLAIN)
        for place, words in enumerate(prose(said, style.width - 6)):
            yield [sign if place == 0 else Span(" " * 6), *words]
    yield []
    digits = max(len(str(len(told.rows))), 3)
    for row in _shown(told, whole=style.whole):
        if isinstance(row, str):
            yield [Span(fitted(f"  {row}", style.width), Paint.FAINT)]
            continue
        yield from _row(row, told, digits, style)


def _shown(told: Explained, *, whole: bool) -> Iterator[Row | str]:
    """The rows to show; a string stands for those that are left out."""
    rows = told.rows
    if whole:
        yield from rows
        return
    touched = [at for at, row in enumerate(rows) if row.is_touched or row.seen_number in told.notes]
    near = {at for place in touched for at in range(place - CONTEXT_ROWS, place + CONTEXT_ROWS + 1)}
    near |= set() if touched else set(range(OPENING_ROWS))
    for is_near, run in groupby(enumerate(rows), lambda pair: pair[0] in near):
        found = [row for _, row in run]
        if not is_near:
            yield _left_out(found)
            continue
        for is_touched, same in groupby(found, lambda row: row.is_touched):
            here = list(same)
            half = RUN_ROWS // 2
            if is_touched and len(here) > RUN_ROWS:
                yield from here[:half]
                yield f"{_left_out(here[half:-half])} that are touched"
                yield from here[-half:]
            else:
                yield from here


def _left_out(rows: Sequence[Row]) -> str:
    return f"... {len(rows):,} line{'s' if len(rows) > 1 else ''}"


def _row(row: Row, told: Explained, digits: int, style: Style) -> Rows:
    mark = _mark(row)
    number = "" if row.number is None else str(row.number + 1)
    room = style.width - digits - 3
    spans = [span for piece in _shown_pieces(row) for span in _piece(piece, row, told, style)]
    if not style.whole and not row.is_touched:
        spans = [Span(fitted(span.text, room)) for span in spans]
    for place, line in enumerate(wrapped(spans, room)):
        ahead = [Span(mark, Paint.WARNS), Span(f"{number:>{digits}} ", Paint.FAINT)]
        yield [*(ahead if place == 0 else [Span(" " * (digits + 3))]), *line]
    for note in told.notes.get(row.seen_number, ()) if row.seen_number is not None else ():
        said = fitted(printable(f"^ line {row.seen_number}, {note}"), room)
        yield [Span(" " * (digits + 3)), Span(said, Paint.FAINT)]


def _mark(row: Row) -> str:
    """Whether a row stays, goes, changes, or was put in."""
    if not row.is_touched:
        return "  "
    if all(piece.put is not None and piece.cut is None for piece in row.pieces):
        return "+ "
    has_text = any(piece.cut is None and piece.text != "\n" for piece in row.pieces)
    ends = row.pieces[-1].text == "\n" and row.pieces[-1].cut is None
    return "~ " if has_text or (ends and len(row.pieces) > 1) else "- "


def _shown_pieces(row: Row) -> Iterator[Piece]:
    """Without a line break of which the piece before it says all: it stays, or goes with the line."""
    for place, piece in enumerate(row.pieces):
        is_said = not piece.is_touched or (place > 0 and piece[1:] == row.pieces[place - 1][1:])
        if piece.text == "\n" and is_said:
            return
        yield piece._replace(text=BREAK) if piece.text == "\n" else piece


def _piece(piece: Piece, row: Row, told: Explained, style: Style) -> list[Span]:
    limit = SHOWN_CHARS if piece.is_touched else SHOWN_AROUND if row.is_touched else style.width
    text = printable(piece.text if style.whole else _middle_out(piece.text, limit, keep_end=row.is_touched))
    cause = piece.cut or piece.would or piece.put
    if cause is None:
        return [Span(text)]
    key = told.keys.get(key_of(cause))
    sign = key.sign if key else "?"
    if style.color:
        paint = PAINTS[key_of(cause)[0]] if piece.cut else Paint.WOULD_GO if piece.would else Paint.COMES
        return [Span(text, paint), Span(f"[{sign}]", Paint.FAINT)]
    opening, closing, end = _BRACKETS[0 if piece.cut else 1 if piece.would else 2]
    return [Span(f"{opening}{text}{closing}{sign}{end}")]


def _middle_out(text: str, limit: int, *, keep_end: bool) -> str:
    """At most `limit` characters of a text and a little more: its ends, or its beginning alone."""
    if len(text) <= limit:
        return text
    return f"{text[: limit // 2]} … {text[-(limit // 2) :]}" if keep_end else text[: limit + 1]
