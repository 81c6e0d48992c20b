"""Plots as inline SVG, written by hand: figures with their intervals on one axis. Colours are the page's."""

import math
from collections.abc import Iterator, Sequence
from html import escape
from typing import NamedTuple

WIDTH, LABELS, NUMBERS = 480, 184, 120  # narrow, so that a phone shows letters of nine pixels
ROW, TOP, BOTTOM = 22, 8, 26
LONGEST_LABEL = 26


class Bar(NamedTuple):
    """A figure to draw; `low` and `high` None where there is no interval."""

    label: str
    value: float
    low: float | None
    high: float | None


def dot_plot(title: str, bars: Sequence[Bar]) -> str:
    """One line for each figure: a dot, its interval, its value in figures. The axis goes from 0, or what is below, to 1
    or what is above."""
    axis = _Axis(bars)
    height = TOP + ROW * len(bars) + BOTTOM
    said = "; ".join(f"{bar.label} {bar.value:.3f}" for bar in bars)
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(f"{title}: {said}")}">',
        *axis.grid(height),
        *(part for place, bar in enumerate(bars) for part in _row(bar, axis, TOP + ROW * place + ROW / 2)),
        "</svg>",
    ]
    return "\n".join(parts)


class _Axis:
    """Where values are."""

    def __init__(self, bars: Sequence[Bar]) -> None:
        ends = [end for bar in bars for end in (bar.value, bar.low, bar.high) if end is not None]
        self.low = min(0.0, math.floor(min(ends, default=0.0) * 5) / 5)
        self.high = max(1.0, math.ceil(max(ends, default=1.0) * 5) / 5)

    def at(self, value: float) -> float:
        room = WIDTH - LABELS - NUMBERS
        return round(LABELS + room * (value - self.low) / (self.high - self.low), 1)

    def grid(self, height: int) -> Iterator[str]:
        """A line and a number for each step."""
        bottom = height - BOTTOM
        steps = round((self.high - self.low) * 5)
        every = max(math.ceil(steps / 8), 1)
        for step in range(0, steps + 1, every):
            value = self.low + step / 5
            x = self.at(value)
            yield f'<line class="grid" x1="{x}" y1="{TOP}" x2="{x}" y2="{bottom}"/>'
            yield f'<text class="tick" x="{x}" y="{bottom + 16}" text-anchor="middle">{value:.1f}</text>'


def _row(bar: Bar, axis: _Axis, y: float) -> Iterator[str]:
    label = bar.label if len(bar.label) <= LONGEST_LABEL else bar.label[: LONGEST_LABEL - 1] + "…"
    yield f'<text x="{LABELS - 8}" y="{y + 4}" text-anchor="end">{escape(label)}</text>'
    number = f"{bar.value:.3f}"
    if bar.low is not None and bar.high is not None:
        yield f'<line class="interval" x1="{axis.at(bar.low)}" y1="{y}" x2="{axis.at(bar.high)}" y2="{y}"/>'
        number += f" ({bar.low:.2f}–{bar.high:.2f})"
    yield f'<circle class="dot" cx="{axis.at(bar.value)}" cy="{y}" r="4.5"/>'
    yield f'<text class="number" x="{WIDTH - NUMBERS + 10}" y="{y + 4}">{number}</text>'
