"""Tables of the report: numbers for readers, with their exact values beside them, and the query that gave them."""

from collections.abc import Sequence
from typing import NamedTuple

from jobs.explaining.markup import Markup, element
from jobs.explaining.numbers import shown as shown_number

Cell = str | int | float | None


class Share(float):
    """A share, shown as per cent."""


class Size(int):
    """A number of bytes, shown in a fitting unit."""


class Table(NamedTuple):
    """A table by name. The first `keys` columns name a row; `query` is the query that its numbers come from,
    empty where they are no rows."""

    name: str
    caption: str
    query: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[Cell, ...]]
    keys: int = 1


def shown(value: Cell) -> str:
    """A value as people read it."""
    if value is None:
        return "-"
    if isinstance(value, Share):
        return f"{value:.1%}".replace("%", " %")
    if isinstance(value, Size):
        return sized(value)
    return shown_number(value) if isinstance(value, int | float) else value


def sized(value: float) -> str:
    """Bytes in decimal units: 999 B, 12.3 kB, 4.56 GB."""
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 1000 or unit == "TB":
            break
        value /= 1000
    return f"{value:,.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.3g} {unit}"


def counted(value: float) -> str:
    """A number in few characters: 9,999, 12.3 k, 4.56 M."""
    if value < 10_000:
        return f"{value:,.0f}"
    for unit in ("k", "M", "G"):
        value /= 1000
        if value < 1000 or unit == "G":
            break
    return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}"


def share(part: float, whole: float) -> Share | None:
    """A part of a whole; None of nothing."""
    return Share(part / whole) if whole else None


def figure(name: str, column: str, value: int | float, said: str = "", key: str = "") -> Markup:
    """A number in a sentence, with its exact value; `key` says of what."""
    exact = _exact(value)
    return element("data", said or shown(value), value=exact, data_name=name, data_key=key, data_column=column)


def table_html(table: Table) -> Markup:
    """The table, which can be scrolled where it is wider than the page; in words where it is empty."""
    if not table.rows:
        return element("p", f"{table.caption}: none.")
    numeric = [_is_numeric(table, at) for at in range(len(table.columns))]
    heads = (
        element("th", name, scope="col", class_="number" if is_number else "")
        for name, is_number in zip(table.columns, numeric, strict=True)
    )
    body = (element("tr", *(_cell(table, at, row[at], numeric[at]) for at in range(len(row)))) for row in table.rows)
    how = element("a", "SQL", href=f"#sql-{table.query}", class_="how") if table.query else ""
    caption = element("caption", table.caption, " ", how)
    whole = element(
        "table",
        caption,
        element("thead", element("tr", *heads)),
        element("tbody", *body),
        data_name=table.name,
        data_query=table.query,
    )
    return element("div", whole, class_="wide", tabindex="0", role="region", aria_label=table.caption)


def _is_numeric(table: Table, at: int) -> bool:
    return at >= table.keys and any(isinstance(row[at], int | float) for row in table.rows)


def _cell(table: Table, at: int, value: Cell, is_number: bool) -> Markup:
    if at < table.keys:
        said = shown(value)
        return element("th", element("bdi", said) if isinstance(value, str) else said, scope="row")
    if isinstance(value, int | float):
        return element("td", shown(value), class_="number", data_column=table.columns[at], data_value=_exact(value))
    return element("td", shown(value), class_="number") if is_number else element("td", element("bdi", shown(value)))


def _exact(value: int | float) -> str:
    return repr(float(value)) if isinstance(value, float) else str(int(value))
