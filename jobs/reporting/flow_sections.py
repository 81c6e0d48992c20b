"""Sections about what became of the pages: survival by stage and reason, and examples of each reason."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from jobs.explaining.markup import Markup, element, joined
from jobs.explaining.meanings import meaning
from jobs.explaining.numbers import limits_of
from jobs.explaining.numbers import shown as shown_number
from jobs.reporting.facts import Facts, Row, is_published, reason_of, total
from jobs.reporting.sankey import Branch, Said, Stop, sankey
from jobs.reporting.tables import Size, Table, counted, figure, share, sized, table_html

MOST_BRANCHES = 12  # of a stage; the rest is drawn as one
KINDS = {"screen": "screened", "dedup_exact": "twin", "dedup_minhash": "twin", "dedup_bloom": "seen", "execute": "gone"}
MEASURED = {
    "screen": "measured",
    "dedup_exact": "similarity to the one that is kept",
    "dedup_minhash": "similarity to the one that is kept",
    "dedup_bloom": "share of n-grams seen before",
    "execute": "words left",
}


# --- survival


def flow(facts: Facts) -> Iterator[Markup]:
    """Survival of documents, bytes and tokens, as diagrams and a table."""
    totals = facts.totals
    if not totals.pages:
        yield element("p", "No document was read.")
        return
    ratio = tokens_per_byte(facts)
    yield element(
        "div",
        _diagram(facts, "Documents", "documents", counted),
        _diagram(facts, "Bytes of text", "bytes", sized),
        _diagram(facts, "Tokens, about", "tokens", counted) if ratio else "",
        class_="plots three",
    )
    yield element(
        "p",
        "Bytes are those of the text as extracted, UTF-8; what stages cut from pages that stay is a branch of its own. "
        "Tokens are counted for published texts only, by the rater's tokenizer; those of other texts are taken to be "
        "as many a byte.",
        class_="faint",
    )
    yield table_html(_fates(facts))


def tokens_per_byte(facts: Facts) -> float:
    """Tokens a byte of the published texts; 0 where there are none."""
    totals = facts.totals
    return totals.tokens / totals.published_bytes if totals.published_bytes else 0.0


def _value(row: Row, column: str, ratio: float) -> float:
    value = row["documents"] if column == "documents" else row["bytes"] or 0
    return float(value * ratio if column == "tokens" else value)


def _diagram(facts: Facts, title: str, column: str, said: Said) -> Markup:
    ratio = tokens_per_byte(facts)
    gone = [row for row in facts.fates if not is_published(row)]
    stops = [
        Stop(stage, _branches(stage, [(reason_of(row), _value(row, column, ratio)) for row in rows]))
        for stage, rows in groupby(gone, lambda row: row["stage"])
    ]
    totals = facts.totals
    left = {"documents": totals.published, "bytes": totals.published_bytes, "tokens": totals.tokens}[column]
    source = sum(_value(row, column, ratio) for row in facts.fates)
    cut = source - left - sum(one.value for stop in stops for one in stop.branches)
    if column != "documents" and cut > 0:
        stops.append(Stop("pages that stay", [Branch("cut out", cut, "cut")]))
    drawn = sankey(
        f"Survival, {title.lower()}", Branch("as extracted", source, ""), stops, Branch("published", left, "kept"), said
    )
    return element("figure", element("figcaption", title), drawn)


def _branches(stage: str, gone: Sequence[tuple[str, float]]) -> list[Branch]:
    kind = KINDS.get(stage, "lost")
    shown = gone if len(gone) <= MOST_BRANCHES else gone[: MOST_BRANCHES - 1]
    rest = gone[len(shown) :]
    branches = [Branch(reason, value, "lost" if reason == "failed" else kind) for reason, value in shown]
    return branches + [Branch(f"{len(rest)} other reasons", sum(value for _, value in rest), kind)] * bool(rest)


def _fates(facts: Facts) -> Table:
    ratio, pages = tokens_per_byte(facts), facts.totals.pages
    rows = [
        (
            row["stage"],
            "published" if is_published(row) else reason_of(row),
            row["documents"],
            share(row["documents"], pages),
            Size(row["bytes"] or 0),
            Size(row["bytes_left"]) if is_published(row) else None,
            row["tokens"] if is_published(row) else round((row["bytes"] or 0) * ratio),
        )
        for row in facts.fates
    ]
    columns = ("stage", "what became of them", "documents", "share", "bytes as extracted", "bytes published", "tokens")
    return Table("fates", "Documents by the stage that ended their way", "fates", columns, rows, keys=2)


# --- reasons


def reasons(facts: Facts) -> Iterator[Markup]:
    """Each reason with its meaning, its numbers and three examples."""
    counts: dict[tuple[str, str], tuple[str, int]] = {
        (row["stage"], reason_of(row)): ("fates", row["documents"]) for row in facts.fates if not is_published(row)
    }
    counts |= {
        (row["stage"], row["reason"]): ("losses", row["losses"])
        for row in facts.rows["losses"]
        if row["stage"] in {"ingest", "propose"}
    }
    found = {
        key: list(rows) for key, rows in groupby(facts.rows["examples"], lambda row: (row["stage"], row["reason"]))
    }
    if not found:
        yield element("p", "Nothing was rejected or lost.")
        return
    yield element(
        "p",
        "The examples are the first by hash. ",
        element("code", "corpusmill explain URL"),
        " shows a page with all that was done to it.",
    )
    for (stage, reason), (name, count) in counts.items():
        if (stage, reason) in found:
            column = "documents" if name == "fates" else "losses"
            number = figure(name, column, count, key=f"{stage} / {reason}")
            yield _reason(facts, stage, reason, number, found[stage, reason])


def _reason(facts: Facts, stage: str, reason: str, count: Markup, examples: Sequence[Row]) -> Markup:
    said = meaning(stage, reason) or _limits(facts, stage, reason)
    head = joined(element("b", reason), " ", element("span", stage, class_="tag"), " ", count)
    summary = element("summary", head, f": {said}" if said else "")
    return element("details", summary, element("ol", *(_example(facts, one) for one in examples)))


def _limits(facts: Facts, stage: str, reason: str) -> str:
    settings = facts.settings(stage) if stage == "screen" else None
    rules: Mapping[str, Any] = settings.get("rules", {}) if isinstance(settings, dict) else {}
    step = rules.get(reason, {})
    limits = limits_of(step) if "measure" in step else ""
    return f"{step['measure']} is expected to be {limits}" if limits else ""


def _example(facts: Facts, row: Row) -> Markup:
    parts: list[str] = [element("bdi", row["url"] or f"{row['file']}, at {row['offset']}", class_="url")]
    if row["measured"] is not None:
        key = f"{row['stage']} / {row['reason']} / {row['place']}"
        number = figure("examples", "measured", float(row["measured"]), shown_number(row["measured"]), key)
        parts += [" ", element("span", f"{MEASURED.get(row['stage'], 'measured')} ", number, class_="faint")]
    if row["said"] and row["stage"] not in MEASURED:
        parts.append(element("p", element("bdi", row["said"]), class_="faint"))
    text = facts.texts.get((row["file"], row["offset"])) if row["doc_id"] else None
    if text:
        parts.append(element("p", text + " …" * (len(text) >= 300), class_="excerpt", dir="auto"))
    return element("li", *parts)


def losses(facts: Facts) -> Iterator[Markup]:
    """What could not be processed."""
    rows = [(row["stage"], row["reason"], row["losses"], row["files"]) for row in facts.rows["losses"]]
    if not rows:
        yield element("p", "Nothing was lost: each record could be read and each document processed.")
        return
    lost = figure("totals", "lost", total(facts.rows["losses"], "losses"))
    yield element("p", lost, " records, rows or documents could not be processed; each has a row in losses.")
    meanings = {(stage, reason): meaning(stage, reason) for stage, reason, *_ in rows}
    table = Table(
        "losses",
        "Losses by stage and reason",
        "losses",
        ("stage", "reason", "losses", "files", "meaning"),
        [(*row, meanings[row[0], row[1]]) for row in rows],
        keys=2,
    )
    yield table_html(table)
