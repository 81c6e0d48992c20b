"""Where a stream of documents goes, as a Sankey diagram in SVG: the trunk runs down, stage by stage, and what leaves it
turns to the right, each reason with its name and number. Widths are in proportion; the layout is for a phone's width,
and for paper.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from jobs.explaining.markup import Markup, element

WIDTH, TRUNK, TURN = 400, 120, 26  # user units: of the picture, of all documents, between trunk and labels
STAGE_ROW, LEAST_ROW, GAP = 26, 20, 7
LONGEST_LABEL = 25
Said = Callable[[float], str]


class Branch(NamedTuple):
    """What leaves the stream: its name, how much, and its kind, which is a class of the style."""

    label: str
    value: float
    kind: str


class Stop(NamedTuple):
    """A stage with all that leaves there."""

    label: str
    branches: Sequence[Branch]


def sankey(title: str, source: Branch, stops: Sequence[Stop], rest: Branch, said: Said) -> Markup:
    """The diagram. `said` writes a number; branches and what is left of `rest` are `source` together."""
    drawing = _Drawing(source, said)
    parts = [*drawing.head(source), *(part for stop in stops for part in drawing.stop(stop)), *drawing.foot(rest)]
    parts.insert(0, drawing.trunk())
    label = f"{title}: {described(source, stops, rest, said)}"
    box = f"0 0 {WIDTH} {drawing.y:.0f}"
    return element("svg", *parts, viewBox=box, role="img", aria_label=label, class_="sankey")


def described(source: Branch, stops: Sequence[Stop], rest: Branch, said: Said) -> str:
    """The diagram in words."""
    gone = [f"{stop.label} {one.label} {said(one.value)}" for stop in stops for one in stop.branches]
    return "; ".join((f"{source.label} {said(source.value)}", *gone, f"{rest.label} {said(rest.value)}"))


class _Drawing:
    """The diagram as far as it is drawn: down to `y`, with so much still in the trunk."""

    def __init__(self, source: Branch, said: Said) -> None:
        self.y = 0.0
        self.scale = TRUNK / source.value if source.value else 0.0
        self.width = TRUNK if source.value else 0.0
        self.said = said
        self._steps: list[tuple[float, float]] = []  # right edge of the trunk, and down to where

    def trunk(self) -> Markup:
        """What stays, as one shape."""
        down = "".join(f"H{_number(right)}V{_number(bottom)}" for right, bottom in self._steps)
        return element("path", d=f"M0 {LEAST_ROW}{down}H0Z", class_="trunk")

    def head(self, source: Branch) -> Iterator[Markup]:
        """What comes in."""
        self.y = LEAST_ROW
        yield from self._named(source, self.y - 6, "stop")
        self._grow(8)

    def stop(self, stop: Stop) -> Iterator[Markup]:
        """A stage's name, and what leaves there."""
        self._grow(STAGE_ROW)
        yield element("text", stop.label, x=_number(TRUNK + TURN), y=_number(self.y - 7), class_="stop")
        yield element(
            "line", class_="grid", x1=_number(TRUNK + TURN), x2=str(WIDTH), y1=_number(self.y), y2=_number(self.y)
        )
        for branch in stop.branches:
            yield from self._branch(branch)

    def foot(self, rest: Branch) -> Iterator[Markup]:
        """What is left."""
        self._grow(STAGE_ROW)
        yield element("rect", class_=rest.kind, x="0", y=_number(self.y), width=_number(max(self.width, 1)), height="7")
        self.y += LEAST_ROW
        yield from self._named(rest, self.y - 10, "stop")

    def _branch(self, branch: Branch) -> Iterator[Markup]:
        """A ribbon from the trunk's right edge that bends to the right."""
        width = branch.value * self.scale
        shown = max(width, 0.8)
        row = max(LEAST_ROW, width + GAP)
        top = self.y + (row - shown) / 2
        right, left, end = self.width, self.width - width, TRUNK + TURN - 8
        self.width = max(left, 0)
        path = (
            f"M{_number(right - shown)} {_number(self.y)}Q{_number(right - shown)} {_number(top + shown)} {end} "
            f"{_number(top + shown)}V{_number(top)}Q{_number(right)} {_number(top)} {_number(right)} {_number(self.y)}Z"
        )
        tip = element("title", f"{branch.label}: {self.said(branch.value)}")
        yield element("path", tip, d=path, class_=f"ribbon {branch.kind}")
        yield element("rect", class_=branch.kind, x=str(end), y=_number(top), width="4", height=_number(shown))
        yield from self._named(branch, self.y + row / 2 + 4)
        self._grow(row)

    def _named(self, branch: Branch, y: float, class_: str = "") -> Iterator[Markup]:
        name = branch.label if len(branch.label) <= LONGEST_LABEL else branch.label[: LONGEST_LABEL - 1] + "…"
        yield element("text", name, x=_number(TRUNK + TURN), y=_number(y), class_=class_)
        yield element("text", self.said(branch.value), x=str(WIDTH), y=_number(y), text_anchor="end", class_=class_)

    def _grow(self, height: float) -> None:
        self.y += height
        self._steps.append((self.width, self.y))


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
