"""Sections about the work: duplicates, programs, time, settings and versions."""

from collections.abc import Iterator, Sequence

from jobs.explaining.differences import Difference, Side, difference, shortened
from jobs.explaining.markup import Markup, element
from jobs.explaining.rows import as_json
from jobs.reporting import plots
from jobs.reporting.corpus_sections import figure_of
from jobs.reporting.facts import Facts, Row
from jobs.reporting.plots import Bar
from jobs.reporting.tables import Cell, Table, figure, table_html
from jobs.runtime.console import moment

AROUND = 250  # characters of what two texts have in common that are shown beside a difference


# --- duplicates


def duplicates(facts: Facts) -> Iterator[Markup]:
    """Clusters by size, the largest ones, and a pair side by side."""
    for stage in ("dedup_exact", "dedup_minhash"):
        if facts.is_off(stage):
            yield element("p", f"{stage} is switched off.")
    rows = facts.rows["clusters"]
    if not rows:
        yield element("p", "No two documents were found to be the same.")
        return
    yield table_html(_sizes(rows))
    yield table_html(_largest(rows))
    yield from _pair(facts)


def _sizes(rows: Sequence[Row]) -> Table:
    found: dict[tuple[str, int], list[int]] = {}
    for row in rows:
        sums = found.setdefault((row["stage"], row["up_to"]), [0, 0, 0])
        for at, column in enumerate(("clusters", "documents", "kept")):
            sums[at] += row[column]
    cells: list[tuple[Cell, ...]] = [(stage, _size_name(up_to), *found[stage, up_to]) for stage, up_to in sorted(found)]
    columns = ("stage", "documents in a cluster", "clusters", "documents", "kept")
    return Table("cluster_sizes", "Clusters of duplicates by size", "clusters", columns, cells, keys=2)


def _size_name(up_to: int) -> str:
    least = {2: 2, 3: 3, 5: 4, 10: 6, 100: 11, 1000: 101}.get(up_to)
    if least is None:
        return "more than 1,000"
    return str(least) if least == up_to else f"{least} to {up_to:,}"


def _largest(rows: Sequence[Row]) -> Table:
    named = [row for row in rows if row["cluster"]]
    cells = [(row["stage"], row["cluster"], row["documents"], row["kept"], row["url"] or "no address") for row in named]
    columns = ("stage", "named after", "documents", "kept", "address")
    return Table("largest_clusters", "The largest clusters of each stage", "clusters", columns, cells, keys=2)


def _pair(facts: Facts) -> Iterator[Markup]:
    for row in facts.rows["pair"]:
        gone = facts.texts.get((row["file"], row["offset"]))
        kept = facts.texts.get((row["kept_file"], row["kept_offset"]))
        if gone is None or kept is None:
            return
        number = figure("pair", "similarity", float(row["similarity"]), f"{row['similarity']:.3f}")
        yield element("h3", "A pair side by side")
        yield element("p", f"The least similar pair of {row['stage']} ({row['reason']}): similarity ", number, ".")
        found = difference(gone, kept)
        yield element(
            "div",
            _side("Went", row["url"] or row["doc_id"], found, Side.HERE),
            _side("Is kept", row["kept_url"] or row["kept_id"], found, Side.THERE),
            class_="two",
        )


def _side(title: str, name: str, found: Difference, side: Side) -> Markup:
    """One of two texts, with what only it has marked."""
    words = (one for one in shortened(found, AROUND) if one is None or one.side in {Side.BOTH, side})
    tag, class_ = ("del", "here") if side is Side.HERE else ("ins", "there")
    parts = [
        element("span", " […] ", class_="faint")
        if one is None
        else (one.text if one.side is Side.BOTH else element(tag, one.text, class_=class_))
        for one in words
    ]
    head = element("p", element("b", title), ": ", element("bdi", name, class_="url"))
    return element("div", head, element("p", *parts, class_="excerpt", dir="auto"))


# --- programs


def programs(facts: Facts) -> Iterator[Markup]:
    """What programs did: calls by operation, calls that do not count by reason, and sums."""
    if facts.is_off("propose"):
        yield element("p", "propose is switched off (propose.proposer), so no program was written.")
    rows = facts.rows["programs"]
    sums = [(row["name"], row["number"]) for row in rows if row["kind"] == "all"]
    if not any(number for name, number in sums if name == "programs"):
        yield element("p", "No program was executed.")
        return
    tables = []
    for kind, name, caption in (
        ("operation", "operations", "Calls that count, by operation"),
        ("rejected", "rejected_calls", "Calls that do not count, by reason"),
    ):
        cells = [(row["name"], row["number"], row["documents"]) for row in rows if row["kind"] == kind]
        tables.append(Table(name, caption, "programs", (kind, "calls", "documents"), cells))
    tables.append(Table("programs", "Programs altogether", "programs", ("what", "number"), sums))
    yield element("div", *map(table_html, tables), class_="plots")


# --- time


def time(facts: Facts) -> Iterator[Markup]:
    """Time and throughput by stage."""
    rows = [row for row in facts.stages if not facts.is_off(row["stage"])]
    if not rows:
        yield element("p", "Nothing is done yet.")
        return
    columns = ("stage", "batches", "documents in", "kept", "rejected", "lost", "seconds", "documents/s")
    cells = [
        (
            row["stage"],
            row["batches"],
            row["documents_in"],
            row["kept"],
            row["rejected"],
            row["lost"],
            float(row["seconds"]),
            row["documents_in"] / row["seconds"] if row["seconds"] else None,
        )
        for row in rows
    ]
    bars = [Bar(row["stage"], float(row["seconds"])) for row in rows]
    table = Table("stages", "What each stage did, over all batches", "stages", columns, cells)
    yield figure_of("Seconds by stage", plots.bars("Seconds by stage", "seconds", bars), table)
    off = [row["stage"] for row in facts.stages if facts.is_off(row["stage"])]
    if off:
        yield element("p", f"Switched off: {', '.join(off)}.")


# --- settings


def settings(facts: Facts) -> Iterator[Markup]:
    """Settings, code and models of each stage's latest commit, and the version of each table."""
    cells = list(facts.versions.items())
    yield table_html(Table("versions", "Delta version of each table", "", ("table", "version"), cells))
    for row in facts.stages:
        yield _commit(facts, row)


def _commit(facts: Facts, row: Row) -> Markup:
    latest = row["latest"]
    if facts.is_off(row["stage"]):
        return element("p", element("b", row["stage"]), " is switched off.")
    various = "; batches of it have other settings than the latest" if row["settings"] > 1 else ""
    title = f": corpusmill {latest['code_version']}, committed {moment(latest['finished_at'])} UTC{various}"
    digests = [(name, value) for name, value in sorted(latest["parts"].items()) if name != "settings"]
    rows = (
        element("tr", element("th", name, scope="row"), element("td", element("code", value)))
        for name, value in digests
    )
    depended = element("table", element("tbody", *rows))
    return element(
        "details",
        element("summary", element("b", row["stage"]), title),
        element("div", depended, class_="wide", tabindex="0", role="region", aria_label=f"Parts of {row['stage']}"),
        element("pre", as_json(facts.settings(row["stage"]))),
    )
