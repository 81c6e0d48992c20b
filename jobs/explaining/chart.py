"""Ratings as bars, in SVG; the numbers stand beside them, and the picture says them in words."""

from collections.abc import Sequence

from jobs.explaining.explained import Score
from jobs.explaining.markup import Markup, element

MOST = 5
ROW, NAMES, BAR, WIDTH = 22, 190, 250, 560  # user units of the picture


def spoken(score: Score) -> str:
    """A score in words: `coherence 4 of 5 (expected 3.87)`."""
    expected = "" if score.expected is None else f" (expected {score.expected:.2f})"
    return f"{score.name.replace('_', ' ')} {score.value} of {MOST}{expected}"


def bars(scores: Sequence[Score]) -> Markup:
    """A bar for each score, from 0 to 5; a stroke stands where the value before rounding is."""
    height = ROW * len(scores)
    label = f"Ratings: {', '.join(map(spoken, scores))}"
    rows = [part for place, score in enumerate(scores) for part in _bar(score, ROW * place)]
    return element("svg", *rows, viewBox=f"0 0 {WIDTH} {height}", role="img", aria_label=label)


def _bar(score: Score, top: int) -> list[Markup]:
    base, middle = str(top + ROW - 7), top + 4
    parts = [
        element("text", score.name.replace("_", " "), x=str(NAMES - 8), y=base, text_anchor="end"),
        element("rect", class_="track", x=str(NAMES), y=str(middle), width=str(BAR), height="14", rx="2"),
        element(
            "rect", class_="bar", x=str(NAMES), y=str(middle), width=str(BAR * score.value // MOST), height="14", rx="2"
        ),
    ]
    said = str(score.value)
    if score.expected is not None:
        x = f"{NAMES + BAR * min(max(score.expected, 0), MOST) / MOST:.1f}"
        parts.append(element("line", class_="tick", x1=x, x2=x, y1=str(middle - 2), y2=str(middle + 16)))
        said += f"  ({score.expected:.2f})"
    return [*parts, element("text", said, x=str(NAMES + BAR + 10), y=base)]
