"""Parts of what the terminal shows of a page that are not its text: headings, tables, duplicates, commits."""

from collections.abc import Iterator, Sequence

from jobs.explaining.differences import Side, shortened
from jobs.explaining.explained import Commit, Explained
from jobs.review.rendering import Style
from jobs.review.terminal import Paint, Span, fitted, wrapped
from jobs.runtime.console import printable

AROUND = 40  # characters of what two texts have in common that are shown beside a difference
SHOWN_CHARS = 2000  # of words that only one text has
_PAINTS = {Side.BOTH: Paint.PLAIN, Side.HERE: Paint.GOES, Side.THERE: Paint.COMES}
_MARKS = {Side.BOTH: ("", ""), Side.HERE: ("[-", "-]"), Side.THERE: ("{+", "+}")}

Rows = Iterator[list[Span]]


def heading(name: str, verdict: str, paint: Paint, width: int) -> Rows:
    """What the page is called, and what it is now."""
    yield from wrapped([Span(printable(name), Paint.BOLD)], width)
    yield from wrapped([Span(printable(verdict), paint)], width)


def section(title: str) -> Rows:
    """An empty row and a title."""
    yield []
    yield [Span(title, Paint.BOLD)]


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], width: int) -> Rows:
    """Rows as columns; a row that is too wide goes on in the next one."""
    yield from section(printable(title))
    if not rows:
        yield [Span("  none")]
        return
    cells = [[printable(f"{cell:,}" if isinstance(cell, int) else str(cell or "-")) for cell in row] for row in rows]
    widths = [max(len(name), *(len(row[at]) for row in cells)) for at, name in enumerate(columns)]
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
        yield from wrapped([Span(printable(said))], style.width)
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
        spans.append(Span(f"{begin}{printable(text)}{end}", _PAINTS[one.side]))
    yield from wrapped(spans, style.width)


def commits(found: Sequence[Commit], style: Style) -> Rows:
    """What decided: the version and the digests of code and models of each stage."""
    if not found:
        return
    yield from section("What decided")
    for commit in found:
        yield from wrapped([Span(f"{commit.stage:<16}{commit.version}, {commit.finished_at} UTC")], style.width)
        shown = [(name, value) for name, value in commit.digests if style.whole or name.startswith(("code", "model"))]
        for name, value in shown:
            yield from wrapped([Span(printable(f"    {name}  {value}"), Paint.FAINT)], style.width)
