"""The explained page as one HTML file: no script, nothing from elsewhere, light and dark, for keyboard and paper too.

What every part shows is in `explained`; how the text is shown is in `page_text`.
"""

from collections.abc import Iterable, Sequence

from jobs.explaining import chart, numbers
from jobs.explaining.explained import Commit, Explained, fetched, summary
from jobs.explaining.fate import Fate, Kind, State, Step, fate_of_lost
from jobs.explaining.markup import Markup, element, joined
from jobs.explaining.page_text import difference_html, legend, text_html
from jobs.explaining.rows import UNSEEN, Lost, Row, Unseen, as_json
from jobs.explaining.style import CSS
from jobs.explaining.whole import whole_page
from jobs.review.rendering import Reviewed, title_of
from udfs.programs.operations import Rejected, format_program

_BADGES = {Kind.PUBLISHED: "kept", Kind.WAITING: "waiting"}
_STATES = {State.KEPT: "kept", State.REJECTED: "dropped", State.FAILED: "dropped"}


def page(told: Explained) -> str:
    """The page of a document."""
    parts = [
        _warnings(told.warnings),
        _steps(told.fate),
        _text(told),
        _programs(told.programs),
        _duplicates(told),
        _ratings(told),
        _others(told.found.others),
        _commits(told.commits),
    ]
    return _whole(str(told.found.document["url"] or told.found.document["doc_id"]), _head(told), parts)


def page_of_lost(lost: Lost) -> str:
    """The page of what never became a document."""
    fate = fate_of_lost(lost)
    places = [(row["file"], str(row["offset"]), row["reason"], row["detail"]) for row in lost.losses]
    rows = _table(("file", "offset", "reason", "what was found"), places)
    return _whole(lost.asked, _title(lost.asked, fate), [_steps(fate), _section("Losses", rows)])


def page_of_unseen(unseen: Unseen) -> str:
    """The page of what no table knows."""
    head = [element("h1", element("bdi", unseen.asked)), element("p", UNSEEN)]
    nearest = [(row["url"], row["doc_id"]) for row in unseen.nearest]
    losses = [(r["stage"], r["reason"], f"{r['losses']:,}", r["example"], r["detail"]) for r in unseen.losses]
    parts = [_section("Nearest URLs known", _table(("url", "doc_id"), nearest))]
    if unseen.host:
        heading = f"Losses of {unseen.host}"
        parts.append(_section(heading, _table(("stage", "reason", "pages", "example", "its detail"), losses)))
    return _whole(unseen.asked, head, parts)


def _whole(title: str, head: Sequence[Markup], parts: Iterable[Markup]) -> str:
    return whole_page(f"Explained: {title[:200]}", CSS, element("header", *head), element("main", *parts))


# --- parts


def _section(heading: str, *children: str) -> Markup:
    return element("section", element("h2", heading), *children)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Markup:
    if not rows:
        return element("p", "None.")
    head = element("tr", *(element("th", name, scope="col") for name in columns))
    body = (element("tr", *(element("td", _isolated(value or "-")) for value in row)) for row in rows)
    return element("table", element("thead", head), element("tbody", *body))


def _isolated(value: str) -> Markup:
    return value if isinstance(value, Markup) else element("bdi", value)


def _badge(words: str, kind: str) -> Markup:
    return element("span", words, class_=f"badge {kind or 'waiting'}")


def _title(name: str, fate: Fate) -> list[Markup]:
    verdict = joined(_badge(fate.kind.value, _BADGES.get(fate.kind, "dropped")), f" {fate.sentence}")
    return [element("h1", element("bdi", name)), element("p", verdict)]


def _head(told: Explained) -> list[Markup]:
    row = told.found.document
    facts = [
        f"doc_id {row['doc_id']}, batch {row['batch']}, {row['crawl']}",
        f"fetched {fetched(row) or 'at an unknown time'}, encoding {row['charset'] or 'not noted'}",
    ]
    titled = [element("p", "Title: ", element("bdi", row["title"]))] if row["title"] else []
    heading = _title(row["url"] or row["doc_id"], told.fate)
    return [*heading, *titled, *(element("p", fact, class_="faint") for fact in facts)]


def _warnings(warnings: Sequence[str]) -> Markup:
    return joined(*(element("p", _badge("look out", "waiting"), f" {warning}") for warning in warnings))


def _steps(fate: Fate) -> Markup:
    rows = [
        (step.stage, joined(_badge(step.state.value, _STATES.get(step.state, "waiting")), f" {step.reason}"), step.said)
        for step in fate.steps
    ]
    table = _table(("stage", "verdict", "why"), rows)
    measured = (_numbers(step, is_open=step.stage == fate.stage) for step in fate.steps if step.numbers)
    return _section("Step by step", table, *measured)


def _numbers(step: Step, *, is_open: bool) -> Markup:
    verdicts = {True: "passes", False: "rejects", None: "-"}
    rows = [(one.name, numbers.shown(one.value), one.limits, verdicts[one.passes]) for one in step.numbers]
    summary_ = element("summary", f"What {step.stage} measured, and its limits")
    return element("details", summary_, _table(("measured", "found", "expected", "verdict"), rows), open=is_open)


def _text(told: Explained) -> Markup:
    return _section("The page as extracted", element("p", summary(told)), legend(told), text_html(told))


def _programs(programs: Sequence[Reviewed]) -> Markup:
    if not programs:
        return Markup("")
    return _section("Programs", *(part for program in programs for part in _program(program)))


def _program(program: Reviewed) -> list[Markup]:
    parts = [element("h3", title_of(program))]
    parts += [element("p", program.note)] if program.note else []
    if not program.verdicts:
        return [*parts, element("pre", program.program)] if program.program else parts
    calls = []
    for verdict in program.verdicts:
        call = verdict.call.excerpt if isinstance(verdict.call, Rejected) else format_program((verdict.call,))
        counts = "counts" if verdict.reason is None else f"rejected: {verdict.reason}"
        calls.append((_badge(counts, "dropped" if verdict.reason else "kept"), element("code", call)))
    return [*parts, _table(("verdict", "call"), calls)]


def _duplicates(told: Explained) -> Markup:
    found, parts = told.found, []
    for stage, row in found.duplicates.items():
        if not row["keep"]:
            kept = row["keeper"] or "nothing"
            parts.append(element("p", f"{stage}: {row['reason']}, similarity {row['similarity']:.3f}; kept: {kept}"))
    if found.keeper is not None:
        parts.append(element("p", "In its place: ", element("bdi", found.keeper["url"] or found.keeper["doc_id"])))
    if told.differs is not None:
        parts.append(difference_html(told.differs))
    if found.copies:
        rows = [(r["doc_id"], r["url"] or "", r["reason"] or "", f"{r['similarity']:.3f}") for r in found.copies]
        parts += [
            element("p", "Kept in the place of:"),
            _table(("doc_id", "url", "reason", "similarity"), rows),
        ]
    return _section("Duplicates", *parts) if parts else Markup("")


def _ratings(told: Explained) -> Markup:
    row = told.found.ratings
    if row is None or not told.scores:
        return Markup("")
    said = (
        f"Domain {row['domain']} (probability {row['domain_probability']:.2f}), confidence {row['confidence']:.2f}, "
        f"{row['tokens']:,} tokens, by {row['model']}."
    )
    return _section("Ratings", element("p", said), chart.bars(told.scores))


def _others(others: Sequence[Row]) -> Markup:
    rows = [(r["doc_id"], r["url"] or "", fetched(r), str(r["batch"]), r["file"]) for r in others]
    if not rows:
        return Markup("")
    return _section(
        "Other documents of this address or id", _table(("doc_id", "url", "fetched", "batch", "file"), rows)
    )


def _commits(commits: Sequence[Commit]) -> Markup:
    return _section("What decided", *(_commit(one) for one in commits)) if commits else Markup("")


def _commit(commit: Commit) -> Markup:
    title = element("summary", f"{commit.stage}: corpusmill {commit.version}, committed {commit.finished_at}")
    rows = [(name, element("code", value)) for name, value in commit.digests]
    return element(
        "details",
        title,
        _table(("part", "digest"), rows),
        element("pre", as_json(commit.settings)) if commit.settings else "",
    )
