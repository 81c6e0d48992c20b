"""The judge page: one document, and buttons to keep, drop or skip it. Whatever the document says is shown as text."""

from collections.abc import Iterator

from jobs.explaining.markup import Markup, element, joined
from jobs.judging.look import CSS, SCRIPT
from jobs.judging.samples import DROP, KEEP, SKIP, Drawn
from jobs.judging.sitting import View

UNDO, FINISH = "undo", "finish"
MOST_LINES = 2_000
LINE_CHARS = 4_000
_HEADING_CHARS = 300  # of a title or an address
_NO_ICON = Markup('<link rel="icon" href="data:,">')  # else a browser asks the server for one


def page(view: View) -> str:
    """The page of a view."""
    document = view.document
    heading = "All documents are judged" if document is None else f"Keep or drop? Document {view.number:,}"
    return _whole(heading, view.said, _main(view, heading if document is None else f"{heading} of {view.total:,}"))


def farewell() -> str:
    """The page after the last one."""
    told = element("p", "Stored. You can close this page; the terminal prints how far rules and models agree with you.")
    return _whole("Done", "Done.", element("main", element("h1", "Done", tabindex="-1"), told))


def _whole(title: str, said: str, main: Markup) -> str:
    metas = (
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="robots", content="noindex"),
        _NO_ICON,
        element("title", f"{title} - corpusmill judge"),
        element("style", Markup(CSS)),
    )
    live = element("p", said, id="said", role="status", aria_live="polite")
    switch = element("button", "Keys", type="button", id="keys", aria_pressed="true", hidden=True)
    body = element("body", live, main, element("p", switch), element("script", Markup(SCRIPT)))
    return f"<!DOCTYPE html>\n{element('html', element('head', *metas), body, lang='en')}\n"


def _main(view: View, heading: str) -> Markup:
    parts = [element("h1", heading, tabindex="-1")]
    if view.document is None:
        parts.append(element("p", "Undo shows the last one again; Finish ends."))
    else:
        parts += _document(view.document)
    return element("main", *parts, _form(view))


def _document(document: Drawn) -> list[Markup]:
    title = [element("p", "Title: ", element("bdi", document.title[:_HEADING_CHARS]))] if document.title else []
    address = [element("p", element("bdi", document.url[:_HEADING_CHARS]), class_="faint")] if document.url else []
    return [*title, *address, element("div", *_lines(document), class_="text", role="region", aria_label="Its text")]


def _lines(document: Drawn) -> Iterator[Markup]:
    """The lines that are shown, and a note wherever something is not."""
    lines = document.text.split("\n", MOST_LINES)
    shown = 0 if len(lines) > MOST_LINES else -1  # the last line has no line end
    for line in lines[:MOST_LINES]:
        yield element("p", line[:LINE_CHARS], class_="line", dir="auto")
        if len(line) > LINE_CHARS:
            yield _more(f"{len(line) - LINE_CHARS:,} more characters of this line are not shown.")
        shown += len(line) + 1
    if shown < document.chars:
        yield _more(f"The last {document.chars - shown:,} of {document.chars:,} characters are not shown.")


def _more(note: str) -> Markup:
    return element("p", note, class_="more")


def _form(view: View) -> Markup:
    number = str(view.number)
    verdicts = [
        _button(KEEP, "Keep", "k", number),
        _button(DROP, "Drop", "d", number),
        _button(SKIP, "Skip", "s", number),
    ]
    undo = _button(UNDO, "Undo", "u", number, disabled=not view.can_undo)
    shown = [] if view.document is None else verdicts
    return element("form", *shown, undo, _button(FINISH, "Finish", "f", number), method="post", aria_label="Verdict")


def _button(name: str, label: str, key: str, number: str, *, disabled: bool = False) -> Markup:
    said = joined(f"{label} ", element("kbd", key.upper()))
    return element("button", said, name=name, value=number, class_=name, data_key=key, disabled=disabled)
