"""Sections about what the corpus is made of: languages, domains and quality, scores, lengths, hosts."""

from collections import Counter
from collections.abc import Iterator, Sequence

from jobs.explaining.markup import Markup, element
from jobs.reporting import plots
from jobs.reporting.facts import Facts, Row, total
from jobs.reporting.plots import Bar
from jobs.reporting.tables import Table, figure, share, sized, table_html
from udfs.models.criteria import CRITERIA, DOMAINS

TOP_LANGUAGES = 12
UNKNOWN = "not identified"


def figure_of(title: str, drawn: str, *tables: Table) -> Markup:
    """A plot under its title, with its numbers as tables that can be opened."""
    plot = element("div", element("figcaption", title), drawn)
    if not tables:
        return element("figure", plot)
    numbers = element("details", element("summary", "Numbers"), *map(table_html, tables), open=True)
    return element("figure", plot, numbers, class_="beside")


# --- languages


def languages(facts: Facts) -> Iterator[Markup]:
    """Pages and published documents by language."""
    rows = facts.rows["languages"]
    if not rows:
        yield element("p", "No page was screened, so no language is known.")
        return
    first, others = rows[:TOP_LANGUAGES], rows[TOP_LANGUAGES:]
    cells = [(row["language"] or UNKNOWN, row["pages"], row["published"], row["tokens"]) for row in first]
    if others:
        sums = [total(others, column) for column in ("pages", "published", "tokens")]
        cells.append((f"{len(others)} others", *sums))
    pages = sum(row[1] for row in cells)
    bars = [Bar(name, count, published) for name, count, published, _ in cells]
    yield plots.legend("pages", "published")
    yield figure_of(
        "Pages by language, and how many of them are published",
        plots.bars("Pages by language", "pages", bars, of="published"),
        Table(
            "languages",
            "Languages",
            "languages",
            ("language", "pages", "share of pages", "published", "tokens"),
            [(name, count, share(count, pages), published, tokens) for name, count, published, tokens in cells],
        ),
    )


# --- domains and quality


def domains(facts: Facts) -> Iterator[Markup]:
    """Published documents by domain and quality, as a heat map."""
    rows = facts.rows["domains"]
    if not rows:
        yield element("p", "Nothing is published yet.")
        return
    counts = {(row["domain"], row["quality"]): row["documents"] for row in rows}
    sums = Counter({name: sum(counts.get((name, quality), 0) for quality in range(1, 6)) for name in DOMAINS})
    present = [name for name, documents in sums.most_common() if documents]
    cells = [(name, quality, counts.get((name, quality), 0)) for name in present for quality in range(1, 6)]
    tokens: Counter[str] = Counter()
    for row in rows:
        tokens[row["domain"]] += row["tokens"]
    table = Table(
        "domains",
        "Published documents by domain and quality (1 to 5)",
        "domains",
        ("domain", "1", "2", "3", "4", "5", "documents", "tokens"),
        [_domain_row(name, counts, tokens[name]) for name in present],
    )
    yield figure_of("Published documents by domain and quality", plots.heat_map(cells), table)


def _domain_row(name: str, counts: dict[tuple[str, int], int], tokens: int) -> tuple[str | int, ...]:
    found = [counts.get((name, quality), 0) for quality in range(1, 6)]
    return (name, *found, sum(found), tokens)


# --- scores


def scores(facts: Facts) -> Iterator[Markup]:
    """The distribution of each of the 14 scores."""
    counts = {(row["criterion"], row["score"]): row["documents"] for row in facts.rows["scores"]}
    if not counts:
        yield element("p", "No document is rated yet.")
        return
    by_score = {name: [counts.get((name, score), 0) for score in range(1, 6)] for name in CRITERIA}
    drawn = [
        element("figure", element("figcaption", name.replace("_", " ")), plots.scores(name.replace("_", " "), found))
        for name, found in by_score.items()
    ]
    rows = [(name, *found, _mean(found)) for name, found in by_score.items()]
    columns = ("criterion", "1", "2", "3", "4", "5", "mean")
    table = Table("scores", "Rated documents by score, for each criterion", "scores", columns, rows)
    yield element("p", "How many rated documents have each score, from 1 (very poor) to 5 (very good).")
    yield element("div", *drawn, class_="plots small")
    yield element("details", element("summary", "Numbers and means"), table_html(table))


def _mean(found: Sequence[int]) -> float | None:
    count = sum(found)
    return sum(score * number for score, number in enumerate(found, 1)) / count if count else None


# --- lengths


def lengths(facts: Facts) -> Iterator[Markup]:
    """How long texts are before and after."""
    found = {
        part: {row["size"]: row["documents"] for row in facts.rows["fates"] if row["part"] == part and _has_size(row)}
        for part in ("extracted", "published")
    }
    sizes = sorted({size for counts in found.values() for size in counts})
    if not sizes:
        yield element("p", "No document was read.")
        return
    classes = range(sizes[0], sizes[-1] + 1)
    rows = [(_size_class(size), found["extracted"].get(size, 0), found["published"].get(size, 0)) for size in classes]
    bars = [Bar(*row) for row in rows]
    table = Table("lengths", "Documents by bytes of text", "fates", ("bytes", "as extracted", "published"), rows)
    yield plots.legend("as extracted", "published")
    yield figure_of(
        "Documents by bytes of text, as extracted and as published",
        plots.bars("Documents by bytes of text", "as extracted", bars, of="published"),
        table,
    )
    totals = facts.totals
    if totals.published:
        before, after = totals.extracted_bytes / totals.pages, totals.published_bytes / totals.published
        yield element(
            "p",
            "On average a page has ",
            figure("totals", "bytes a page", before, sized(before)),
            " of text, a published document ",
            figure("totals", "bytes a document", after, sized(after)),
            ".",
        )


def _has_size(row: Row) -> bool:
    return row["size"] is not None


def _size_class(size: int) -> str:
    return f"{_binary(2**size)} to {_binary(2 ** (size + 1))}"


def _binary(value: int) -> str:
    """A power of two of bytes: 512 B, 1 KiB, 4 MiB."""
    at = min((value.bit_length() - 1) // 10, 4)
    return f"{value >> 10 * at:,} {('B', 'KiB', 'MiB', 'GiB', 'TiB')[at]}"


# --- hosts


def hosts(facts: Facts) -> Iterator[Markup]:
    """The hosts that give and lose most."""
    columns = ("host", "pages", "screened out", "duplicates", "other losses", "published", "tokens")
    for name, caption in (
        ("hosts_giving", "Hosts that give most published documents"),
        ("hosts_losing", "Hosts that lose most pages"),
    ):
        rows = [
            (
                row["host"] or "no address",
                row["pages"],
                row["screened_out"],
                row["duplicates"],
                row["otherwise"],
                row["published"],
                row["tokens"],
            )
            for row in facts.rows[name]
        ]
        yield table_html(Table(name, caption, name, columns, rows))
