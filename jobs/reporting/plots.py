"""Plots as static SVG: drawn by Altair and vl-convert, in the colours of the page.

What the library draws is rebuilt element by element from a closed list, so the page needs no inline style, follows
light and dark, and says nothing that was not escaped here. Each plot says its numbers in words too.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from xml.etree import ElementTree

import altair as alt
import vl_convert

from jobs.explaining.markup import Markup, element
from jobs.explaining.numbers import shown
from jobs.runtime.console import printable

# Colours that stand for classes of the page's style, in what the library draws.
_CLASSES = {"#000001": "ink", "#000002": "faint", "#000003": "grid", "#000004": "broad", "#000005": "narrow"}
_INK, _FAINT, _GRID, _BROAD, _NARROW = _CLASSES
_GROUPS, _SHAPES = {"g"}, {"path", "text"}
_KEPT = ("transform", "d", "text-anchor", "fill-opacity")
_BAR, _WIDTH, _LABEL_CHARS = 24, 240, 20


class Bar(NamedTuple):
    """A value by its name, and a part of it or another value of the same, drawn inside."""

    label: str
    value: float
    inner: float | None = None


def legend(broad: str, narrow: str) -> Markup:
    """What broad and narrow bars are."""
    entries = (
        element("li", element("span", "", class_=f"swatch {kind}"), name)
        for kind, name in (("broad", broad), ("narrow", narrow))
    )
    return element("ul", *entries, class_="legend swatches", aria_label="What the bars are")


def bars(title: str, column: str, rows: Sequence[Bar], of: str = "") -> Markup:
    """A bar for each row, from the top, with its number behind it; `of` names the inner bars."""
    values = [
        {"at": at, "name": _short(row.label), "value": row.value, "inner": row.inner, "said": _said(row)}
        for at, row in enumerate(rows)
    ]
    order = [value["name"] for value in values]
    most = max((max(row.value, row.inner or 0) for row in rows), default=0) or 1
    y = alt.Y("name:N", sort=order, axis=alt.Axis(title=None, labelLimit=150, minExtent=120))
    x = alt.X("value:Q", axis=None, scale=alt.Scale(domain=[0, most]))
    whole = alt.Chart(alt.Data(values=values)).encode(y=y)
    layers = [
        whole.mark_bar(color=_BROAD if of else _NARROW, height=15).encode(x=x, description="said:N"),
        whole.mark_text(align="left", dx=5, color=_INK).encode(x=alt.datum(most), text="said:N"),
    ]
    if of:
        inner = whole.mark_bar(color=_NARROW, height=7).encode(x=alt.X("inner:Q"), description="said:N")
        layers.insert(1, inner)
    drawn = alt.layer(*layers).properties(width=_WIDTH, height=_BAR * len(rows))
    said = [f"{row.label}: {shown(row.value)} {column}" + _inner(row, of) for row in rows]
    return _drawn(drawn, title, said, "bars")


def _said(row: Bar) -> str:
    return shown(row.value) + (f" · {shown(row.inner)}" if row.inner is not None else "")


def _inner(row: Bar, of: str) -> str:
    return f", {shown(row.inner)} {of}" if row.inner is not None else ""


def scores(title: str, counts: Sequence[int]) -> Markup:
    """A column for each score from 1 on, with its number above it."""
    values = [{"score": str(score), "documents": count} for score, count in enumerate(counts, 1)]
    base = alt.Chart(alt.Data(values=values)).encode(
        x=alt.X("score:O", axis=alt.Axis(title=None, labelAngle=0)),
        y=alt.Y("documents:Q", axis=None, scale=alt.Scale(domain=[0, max(*counts, 1)])),
    )
    columns = base.mark_bar(color=_NARROW, width=20)
    digits = ".2s" if max(counts) > 9999 else ","
    numbers = base.mark_text(dy=-7, color=_INK).encode(text=alt.Text("documents:Q", format=digits))
    drawn = alt.layer(columns, numbers).properties(width=150, height=70)
    said = [f"score {score}: {count:,}" for score, count in enumerate(counts, 1)]
    return _drawn(drawn, title, said, "columns")


def heat_map(cells: Sequence[tuple[str, int, int]]) -> Markup:
    """A cell for each (domain, quality, documents), shaded by its number, which stands in it."""
    values = [
        {
            "domain": domain.replace("_", " "),
            "quality": str(quality),
            "documents": count,
            "said": f"{count:,}" if count else "",
        }
        for domain, quality, count in cells
    ]
    most = max(count for *_, count in cells) or 1
    base = alt.Chart(alt.Data(values=values)).encode(
        x=alt.X("quality:O", axis=alt.Axis(title="quality", orient="top", labelAngle=0)),
        y=alt.Y("domain:N", sort=list(dict.fromkeys(value["domain"] for value in values)), axis=alt.Axis(title=None)),
    )
    # At most so dark that the number in the cell can be read, in light and in dark.
    shade = alt.FillOpacity("documents:Q", legend=None, scale=alt.Scale(domain=[0, most], range=[0, 0.45], type="sqrt"))
    rects = base.mark_rect(fill=_NARROW).encode(fillOpacity=shade)
    numbers = base.mark_text(color=_INK).encode(text="said:N")
    domains = len({domain for domain, *_ in cells})
    drawn = alt.layer(rects, numbers).properties(width=270, height=26 * domains)
    said = [f"{domain} quality {quality}: {count:,}" for domain, quality, count in cells if count]
    return _drawn(drawn, "Published documents by domain and quality", said, "heat")


# --- from the library's SVG to the page's


def _drawn(chart: Any, title: str, said: Sequence[str], class_: str) -> Markup:
    axis = {"labelColor": _INK, "titleColor": _INK, "domain": False, "ticks": False, "grid": False}
    # Larger than the page's own 13 pixels, so that what is measured here leaves room for wider fonts there.
    font = {"labelFontSize": 15, "titleFontSize": 15, "titleFontWeight": "normal", "labelPadding": 6}
    config = {"axis": axis | font, "view": {"stroke": None}, "text": {"fontSize": 15}, "background": None, "padding": 2}
    specification = chart.to_dict() | {"config": config}
    root = ElementTree.fromstring(vl_convert.vegalite_to_svg(specification))  # noqa: S314  # our own, just drawn
    width, height = (float(root.get(name, "0").removesuffix("px")) for name in ("width", "height"))
    label = f"{title}: {'; '.join(said)}"
    return element(
        "svg", *_children(root), viewBox=f"0 0 {width:g} {height:g}", role="img", aria_label=label, class_=class_
    )


def _children(node: ElementTree.Element) -> Iterator[Markup]:
    for child in node:
        tag = child.tag.rpartition("}")[2]
        colors = [_CLASSES[value] for name in ("fill", "stroke") if (value := child.get(name)) in _CLASSES]
        if tag in _GROUPS or (tag in _SHAPES and colors):  # what has no colour of ours is a frame that nobody sees
            yield _rebuilt(tag, child, colors)


def _rebuilt(tag: str, node: ElementTree.Element, colors: Sequence[str]) -> Markup:
    attributes = {name.replace("-", "_"): _rounded(value) for name in _KEPT if (value := node.get(name))}
    texts = [node.text] if tag == "text" and node.text else []
    return element(tag, *texts, *_children(node), class_=colors[0] if colors else "", **attributes)


def _rounded(numbers: str) -> str:
    return re.sub(r"\d+\.\d{3,}", lambda found: f"{float(found.group()):.2f}", numbers)


def _short(label: str) -> str:
    said = printable(label)
    return said if len(said) <= _LABEL_CHARS else said[: _LABEL_CHARS - 1] + "…"
