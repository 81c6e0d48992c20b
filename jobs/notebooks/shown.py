"""How notebooks show things: bars, curves and heat maps by plotly where it is installed, else the numbers themselves;
and texts of strangers as they are on a terminal, where nothing of them runs."""

import importlib
import importlib.util
from collections.abc import Sequence
from typing import Any

import pandas as pd

from jobs.runtime.console import printable


class Text(str):
    """Lines that a notebook shows as such, and not as markup."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def text(lines: Sequence[str]) -> Text:
    """Lines of which each may hold what strangers wrote."""
    return Text("\n".join(printable(line) for line in lines))


def bars(frame: pd.DataFrame, name: str, size: str, title: str, color: str | None = None) -> Any:
    """A bar for each row, the first one on top."""
    if not _has_plotly():
        return frame
    figure = _plotly().bar(frame, x=size, y=name, color=color, title=title, orientation="h", text_auto=True)
    return figure.update_yaxes(autorange="reversed", type="category")


def curves(frame: pd.DataFrame, x: str, y: str, title: str, color: str | None = None) -> Any:
    """A line for each value of `color`, or one."""
    if not _has_plotly():
        return frame if color is None else frame.pivot(index=x, columns=color, values=y)
    return _plotly().line(frame, x=x, y=y, color=color, title=title, markers=True)


def heat(frame: pd.DataFrame, row: str, column: str, size: str, title: str) -> Any:
    """A field for each pair of a row and a column, with its number; pairs that are not there are 0."""
    table = frame.pivot(index=row, columns=column, values=size).fillna(0)
    if not _has_plotly():
        return table
    return _plotly().imshow(table, title=title, text_auto=True, aspect="auto", labels={"color": size})


def _plotly() -> Any:
    """Plotly's short functions; it is no requirement of this package."""
    return importlib.import_module("plotly.express")


def _has_plotly() -> bool:
    return importlib.util.find_spec("plotly") is not None
