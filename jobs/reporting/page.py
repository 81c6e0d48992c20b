"""The report as one HTML file: no script, nothing from elsewhere, light and dark, for keyboard, phone and paper.

Of two lakes each section shows both, side by side, behind a table of what differs.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from jobs.explaining.markup import Markup, element, joined
from jobs.explaining.style import CSS
from jobs.explaining.whole import whole_page
from jobs.reporting import corpus_sections, flow_sections, work_sections
from jobs.reporting.comparison import comparison
from jobs.reporting.facts import Facts
from jobs.reporting.reading import QUERIES
from jobs.reporting.style import REPORT_CSS
from jobs.reporting.tables import counted, figure, share, shown, sized
from jobs.runtime.console import duration, moment

SECTIONS: tuple[tuple[str, str, Callable[[Facts], Iterable[Markup]]], ...] = (
    ("flow", "What became of the pages", flow_sections.flow),
    ("reasons", "Why pages went, with examples", flow_sections.reasons),
    ("domains", "Domains and quality", corpus_sections.domains),
    ("scores", "Scores", corpus_sections.scores),
    ("languages", "Languages", corpus_sections.languages),
    ("lengths", "Length before and after", corpus_sections.lengths),
    ("duplicates", "Duplicates", work_sections.duplicates),
    ("programs", "Programs", work_sections.programs),
    ("hosts", "Hosts", corpus_sections.hosts),
    ("losses", "Losses", flow_sections.losses),
    ("time", "Time and throughput", work_sections.time),
    ("settings", "Settings, versions and models", work_sections.settings),
)


def page(told: Sequence[Facts]) -> str:
    """The file, of one lake or of two."""
    name = " and ".join(facts.name for facts in told)
    compared = [_section("comparison", "What differs", comparison(*told))] if len(told) == 2 else []
    parts = [_section(at, title, _side_by_side(told, build)) for at, title, build in SECTIONS]
    return whole_page(
        f"Report: {name[:200]}",
        CSS + REPORT_CSS,
        element("header", *_head(told)),
        _contents(with_comparison=len(told) == 2),
        element("main", *compared, *parts, _section("sql", "How the numbers were counted", _queries())),
    )


def _section(at: str, title: str, parts: Iterable[Markup]) -> Markup:
    return element("section", element("h2", title), *parts, id=at)


def _side_by_side(told: Sequence[Facts], build: Callable[[Facts], Iterable[Markup]]) -> Iterable[Markup]:
    if len(told) == 1:
        return build(told[0])
    sides = (
        element("div", element("p", element("b", element("bdi", facts.name))), *build(facts), data_lake=letter)
        for facts, letter in zip(told, "ab", strict=True)
    )
    return (element("div", *sides, class_="lakes"),)


def _contents(*, with_comparison: bool) -> Markup:
    names = [("comparison", "What differs")] * with_comparison + [(at, title) for at, title, _ in SECTIONS]
    links = (element("li", element("a", title, href=f"#{at}")) for at, title in (*names, ("sql", "SQL")))
    return element("nav", element("ul", *links), aria_label="Contents")


# --- what stands first


def _head(told: Sequence[Facts]) -> Iterator[Markup]:
    yield element("h1", "Report of ", *(element("bdi", facts.name, class_="url") for facts in told[:1]))
    if len(told) == 2:
        yield element("p", "beside ", element("bdi", told[1].name, class_="url"))
    for facts, letter in zip(told, "ab", strict=False):
        yield element("p", _as_of(facts), class_="faint")
        yield element("dl", *_tiles(facts), class_="tiles", data_lake=letter if len(told) == 2 else "")


def _as_of(facts: Facts) -> str:
    times = [row["latest"]["finished_at"] for row in facts.stages]
    if not times:
        return f"An empty lake. corpusmill {facts.version}."
    return f"As of the commit of {max(map(moment, times))} UTC, by corpusmill {facts.version}."


def _tiles(facts: Facts) -> Iterator[Markup]:
    totals = facts.totals
    kept = share(totals.published, totals.pages)
    yield _tile("pages read", _total("pages", totals.pages, counted(totals.pages)))
    yield _tile("published", _total("published", totals.published, counted(totals.published)))
    if kept is not None:
        yield _tile("of the pages", _total("published share", kept, shown(kept)))
    yield _tile("tokens", _total("tokens", totals.tokens, counted(totals.tokens)))
    yield _tile("of text", _total("published bytes", totals.published_bytes, sized(totals.published_bytes)))
    yield _tile("languages", _total("languages", totals.languages))
    yield _tile("input files", _total("files", totals.files))
    yield _tile("as stored", _total("stored bytes", totals.stored_bytes, sized(totals.stored_bytes)))
    yield _tile("lost", _total("lost", totals.lost))
    yield _tile("of work", _total("seconds", totals.seconds, duration(totals.seconds)))


def _total(column: str, value: int | float, said: str = "") -> Markup:
    return figure("totals", column, value, said)


def _tile(name: str, value: Markup) -> Markup:
    return element("div", element("dt", name), element("dd", value))


# --- queries


def _queries() -> Iterator[Markup]:
    yield element(
        "p",
        "Each table and figure names the query that its numbers come from. They are shown as they were run; ",
        element("code", "corpusmill sql"),
        " runs them again.",
    )
    for query in QUERIES:
        summary = element("summary", joined(element("b", query.name), f": {query.about}"))
        yield element("details", summary, element("pre", query.sql.strip()), id=f"sql-{query.name}")
