"""Parts of what the terminal shows of a page that are not its text: headings, tables, duplicates, commits."""

import textwrap
from collections.abc import Iterator, Sequence

from jobs.explaining.chart import MOST
from jobs.explaining.differences import Side, shortened
from jobs.explaining.explained import Commit, Explained, Score
from jobs.review.rendering import Style
from jobs.review.terminal import Paint, Span, fitted, wrapped
from jobs.runtime.console import printable

AROUND = 40  # characters of what two texts have in common that are shown beside a difference
BAR = 20  # columns of a bar
NEWLINE = "\n"
CELL = 60  # characters up to which a column is as wide as its longest value
SHOWN_CHARS = 2000  # of words that only one text has
_PAINTS = {Side.BOTH: Paint.PLAIN, Side.HERE: Paint.GOES, Side.THERE: Paint.COMES}
_MARKS = {Side.BOTH: ("", ""), Side.HERE: ("[-", "-]"), Side.THERE: ("{+", "+}")}

Rows = Iterator[list[Span]]


def heading(name: str, verdict: str, paint: Paint, width: int) -> Rows:
    """What the page is called, and what it is now."""
    yield from wrapped([Span(printable(name), Paint.BOLD)], width)
    yield from prose(verdict, width, paint)


def prose(text: str, width: int, paint: Paint = Paint.PLAIN, *, indent: int = 0) -> Rows:
    """Text in rows that end between words where they can; those that follow the first are indented."""
    for place, row in enumerate(textwrap.wrap(printable(text), width, subsequent_indent=" " * indent) or [""]):
        ahead = [Span(" " * indent)] if place and indent else []
        for at, part in enumerate(wrapped([Span(row.strip() if place else row, paint)], max(width - indent, 2))):
            yield [*ahead, *part] if at == 0 else [Span(" " * indent), *part]


def section(title: str) -> Rows:
    """An empty row and a title."""
    yield []
    yield [Span(title, Paint.BOLD)]


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], width: int) -> Rows:
    """Rows as columns; a row that is too wide goes on in the next one."""
    yield from section(fitted(printable(title), width))
    if not rows:
        yield [Span("  none")]
        return
    cells = [[printable(f"{cell:,}" if isinstance(cell, int) else str(cell or "-")) for cell in row] for row in rows]
    widths = [min(max(len(name), *(len(row[at]) for row in cells)), CELL) for at, name in enumerate(columns)]
    for place, row in enumerate([list(columns), *cells]):
        text = "  ".join(cell.ljust(size) for cell, size in zip(row, widths, strict=True)).rstrip()
        yield from wrapped([Span(f"  {text}", Paint.FAINT if place == 0 else Paint.PLAIN)], width)


def duplicates(told: Explained, style: Style) -> Rows:
    """What it is a duplicate of with the difference in words, and what is a duplicate of it."""
    found = told.found
    rejecting = [(stage, row) for stage, row in found.duplicates.items() if not row["keep"]]
    if not rejecting and not found.copies:
        return
    yield from section("Duplicates")
    for stage, row in rejecting:
        said = f"{stage}: {row['reason']}, similarity {row['similarity']:.3f}; kept: {row['keeper'] or 'nothing'}"
        yield from prose(said, style.width)
    if found.keeper is not None:
        yield from wrapped([Span(printable(f"in its place: {found.keeper['url'] or '-'}"))], style.width)
    yield from _difference(told, style)
    if found.copies:
        rows = [(r["doc_id"], r["reason"], f"{r['similarity']:.3f}", r["url"] or "-") for r in found.copies]
        yield from table("Kept in the place of", ("doc_id", "reason", "similarity", "url"), rows, style.width)


def _difference(told: Explained, style: Style) -> Rows:
    found = told.differs
    if found is None:
        return
    if found.is_none:
        yield [Span("the texts are equal word for word" + ("" if found.is_whole else ", as far as compared"))]
        return
    yield [Span("[-only here-] {+only in what is kept+}", Paint.FAINT)]
    spans = []
    for one in found.words if style.whole else shortened(found, AROUND):
        if one is None:
            spans.append(Span(" … ", Paint.FAINT))
            continue
        begin, end = ("", "") if style.color else _MARKS[one.side]
        text = one.text if style.whole else fitted(one.text, SHOWN_CHARS)
        spans.append(Span(f"{begin}{printable(text.replace(NEWLINE, '↵'))}{end}", _PAINTS[one.side]))
    yield from wrapped(spans, style.width)


def commits(found: Sequence[Commit], style: Style) -> Rows:
    """What decided: the version and the digests of code and models of each stage."""
    if not found:
        return
    yield from section("What decided")
    for commit in found:
        yield from wrapped([Span(printable(f"{commit.stage:<16}{commit.version}, {commit.finished_at}"))], style.width)
        shown = [(name, value) for name, value in commit.digests if style.whole or name.startswith(("code", "model"))]
        for name, value in shown:
            yield from wrapped([Span(printable(f"    {name}  {value}"), Paint.FAINT)], style.width)


def ratings(told: Explained, width: int) -> Rows:
    """A bar for each score, the number beside it."""
    row = told.found.ratings
    if row is None or not told.scores:
        return
    yield from section("Ratings")
    domain = f"domain {row['domain']} ({row['domain_probability']:.2f})"
    yield from prose(f"{domain}, confidence {row['confidence']:.2f}, {row['model']}", width)
    for score in told.scores:
        yield [Span(fitted(f"{score.name.replace('_', ' '):<27}", width - BAR - 9)), *_bar(score)]


def _bar(score: Score) -> list[Span]:
    full = BAR * score.value // MOST
    expected = "" if score.expected is None else f" ({score.expected:.2f})"
    room = "·" * (BAR - full)
    return [Span("█" * full, Paint.COUNTS), Span(room, Paint.FAINT), Span(f" {score.value}{expected}")]
