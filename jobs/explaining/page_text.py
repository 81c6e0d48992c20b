"""The text of the explained page in HTML: lines with their numbers, cuts struck through, programs beside."""

from collections.abc import Iterator
from itertools import groupby

from jobs.explaining.composed import Cause, Piece, Row
from jobs.explaining.differences import Difference, Side, shortened
from jobs.explaining.explained import Explained, Key, key_of
from jobs.explaining.markup import Markup, element, joined

BREAK = "↵"
AROUND = 300  # characters of what two texts have in common that are shown beside a difference


def legend(told: Explained) -> Markup:
    """What the signs mean; nothing where nothing was done."""
    entries = [element("li", _entry(key)) for key in told.keys.values()]
    if not entries:
        return Markup("")
    if any(piece.put for piece in told.pieces):
        entries.append(element("li", element("ins", "underlined"), " was put in by the stage of the sign behind it"))
    return element("ul", *entries, class_="legend", aria_label="What the signs mean")


def _entry(key: Key) -> Markup:
    times = f"{key.edits:,} edit{'s' if key.edits != 1 else ''}"
    meaning = f": {key.meaning}" if key.meaning else ""
    made = "" if key.made else "; only written down, the text stays"
    sample = element("del", key.sign, class_=key.stage)
    return joined(sample, f" {key.stage}, {key.reason}{meaning} ({times}{made})")


def text_html(told: Explained) -> Markup:
    """All lines. A cut or what was put in can be reached by keyboard and says its reason; parts of one line with one
    reason and nothing between them are one stop, and a link leads past them all."""
    past = element("p", element("a", "Skip the text", href="#behind", class_="skip"))
    language = (told.found.screened or {}).get("language") or ""
    lines = element("div", *(_row(row, told) for row in told.rows), class_="page", lang=language)
    return joined(past, lines, element("span", "", id="behind", tabindex="-1"))


def _row(row: Row, told: Explained) -> Markup:
    notes = told.notes.get(row.seen_number, []) if row.seen_number is not None else []
    number = "" if row.number is None else str(row.number + 1)
    parts = [
        element("span", number, class_="no"),
        element("span", *_pieces(row, told), class_="line", dir="auto"),
    ]
    if notes:
        lines = (element("p", f"line {row.seen_number}, {note}") for note in notes)
        parts.append(element("div", *lines, class_="note"))
    return element("div", *parts, class_="row beside" if notes else "row")


def _pieces(row: Row, told: Explained) -> Iterator[Markup]:
    for causes, run in groupby(row.pieces, lambda piece: piece[1:]):
        found = "".join(piece.text for piece in run)
        if any(causes):
            yield _marked(Piece(found.replace("\n", BREAK), *causes), told)
        else:
            yield joined(found.removesuffix("\n"))


def _marked(piece: Piece, told: Explained) -> Markup:
    shown = joined(piece.text)
    for kind, cause in (("put", piece.put), ("cut", piece.cut), ("would", piece.would)):
        if cause is not None:
            shown = _mark(shown, kind, cause, told)
    return shown


def _mark(shown: Markup, kind: str, cause: Cause, told: Explained) -> Markup:
    stage, reason = key_of(cause)
    key = told.keys.get((stage, reason))
    said = {"put": "put in", "cut": "cut", "would": "would be cut"}[kind]
    why = f"{said} by {stage}: {reason}" + (f" ({key.meaning})" if key and key.meaning else "")
    tag = {"put": "ins", "cut": "del", "would": "span"}[kind]
    classes = f"mark {'' if kind == 'put' else stage}{' would' if kind == 'would' else ''}".strip()
    sign = key.sign if key else "?"
    return element(tag, shown, class_=classes, tabindex="0", title=why, data_sign=sign)


def difference_html(found: Difference) -> Markup:
    """The words of both texts: what only this one has struck through, what only the other has underlined."""
    if found.is_none:
        return element("p", "The texts are equal word for word" + ("." if found.is_whole else ", as far as compared."))
    parts = [
        Markup(' <span class="faint">[…]</span> ') if one is None else _words(one.side, one.text)
        for one in shortened(found, AROUND)
    ]
    note = "" if found.is_whole else " The ends of the texts are too long to compare, and left out."
    explained = element("p", "Struck through: only here. Underlined: only in what is kept." + note, class_="faint")
    return joined(explained, element("div", *parts, class_="difference", dir="auto"))


def _words(side: Side, text: str) -> Markup:
    if side is Side.BOTH:
        return joined(text)
    if side is Side.HERE:
        return element("del", text, class_="here", title="only on this page")
    return element("ins", text, class_="there", title="only on the page that is kept")
