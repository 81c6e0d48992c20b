"""Two lakes compared: figures, reasons and settings that differ."""

import json
from collections.abc import Iterator
from typing import Any

from jobs.explaining.markup import Markup, element
from jobs.reporting.facts import Facts, is_published, reason_of
from jobs.reporting.tables import Cell, Size, Table, table_html
from jobs.views import STAGE_ORDER

FIGURES = {
    "pages": "pages read",
    "published": "published",
    "tokens": "tokens",
    "published_bytes": "bytes of text published",
    "languages": "languages published",
    "lost": "lost",
    "seconds": "seconds",
}


def comparison(first: Facts, second: Facts) -> Iterator[Markup]:
    """What differs between two lakes: totals, documents by what became of them, settings."""
    yield table_html(_totals(first, second))
    yield table_html(_fates(first, second))
    rows = list(_settings(first, second))
    if not rows:
        yield element("p", "The stages have the same settings.")
        return
    heads = (element("th", name, scope="col") for name in ("setting", "this", "other"))
    body = (
        element("tr", element("th", name, scope="row"), *(element("td", element("code", one)) for one in values))
        for name, *values in rows
    )
    caption = element("caption", "Settings that differ")
    whole = element("table", caption, element("thead", element("tr", *heads)), element("tbody", *body))
    yield element("div", whole, class_="wide", tabindex="0", role="region", aria_label="Settings that differ")


def _totals(first: Facts, second: Facts) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for name, said in FIGURES.items():
        ours, theirs = getattr(first.totals, name), getattr(second.totals, name)
        kind = Size if name.endswith("bytes") else type(ours)
        rows.append((said, kind(ours), kind(theirs), round(theirs - ours, 3)))
    return Table("compared", "Totals", "fates", ("what", "this", "other", "difference"), rows)


def _fates(first: Facts, second: Facts) -> Table:
    counts: dict[tuple[str, str], list[int]] = {}
    for at, facts in enumerate((first, second)):
        for row in facts.fates:
            reason = "published" if is_published(row) else reason_of(row)
            counts.setdefault((row["stage"], reason), [0, 0])[at] += row["documents"]
    keys = sorted(counts, key=lambda key: (STAGE_ORDER.index(key[0]), -max(counts[key]), key[1]))
    rows: list[tuple[Cell, ...]] = [(*key, *counts[key], counts[key][1] - counts[key][0]) for key in keys]
    columns = ("stage", "what became of them", "this", "other", "difference")
    return Table("compared_fates", "Documents by what became of them", "fates", columns, rows, keys=2)


def _settings(first: Facts, second: Facts) -> Iterator[tuple[str, str, str]]:
    for stage in STAGE_ORDER:
        ours, theirs = (dict(_leaves(facts.settings(stage), stage)) for facts in (first, second))
        for key in sorted(ours.keys() | theirs.keys()):
            if ours.get(key) != theirs.get(key):
                yield key, ours.get(key, "-"), theirs.get(key, "-")


def _leaves(settings: Any, path: str) -> Iterator[tuple[str, str]]:
    """Settings by their dotted names, as JSON."""
    if isinstance(settings, dict) and settings:
        for key, value in settings.items():
            yield from _leaves(value, f"{path}.{key}")
    else:
        yield path, json.dumps(settings, ensure_ascii=False, default=str)
