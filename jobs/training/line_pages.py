"""Pages with their main text as the trainer of the refiner needs them: what the model is shown of their lines, which of
them stay, and how much each counts.

A page is shown in two shapes, each with labels of its own (`udfs.programs.labels`): all visible text, and the main
content as the stage `ingest` takes it, which is what the pipeline asks about. Pages without a gold text may have
strings that must stay and that must not (`gold_with`, `gold_without`): lines without one of them count for nothing.
"""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from jobs.evaluation.pages import MAX_LINES, MIN_COVERAGE, MIN_LINES, is_blank, visible_text
from jobs.evaluation.truth import read_rows
from jobs.training.rated_texts import licence_tier
from udfs.programs.labels import keep_labels
from udfs.programs.tagging.features import ShownLines, shown_lines

Shape = Literal["visible", "main"]
SHAPES: tuple[Shape, ...] = ("visible", "main")
SNIPPET_COVERAGE = 0.5
SHORT_WORDS = 3
SHORT_WEIGHT = 0.5
MOST_CHARS = 400  # beyond, a longer line counts no more
CHARS_PER_LINE = 80  # so many characters count as much as a line
USUAL_LINES = 100
TAUGHT_WEIGHT = 0.5  # of a line's worth, where its label is a model's


class LinePage(NamedTuple):
    """A page in one shape."""

    id: str
    source: str
    site: str  # pages of a site are kept together
    tier: str
    licence: str
    page_type: str
    shape: Shape
    shown: ShownLines
    chars: NDArray[np.float32]  # of each line that is shown
    keep: NDArray[np.float32]
    weight: NDArray[np.float32]  # 0 where nobody knows
    worth: NDArray[np.float32]  # the weight if somebody knew

    def taught(self, said: NDArray[np.float32]) -> "LinePage":
        """The page with what a model says of the lines of which nobody knows whether they stay."""
        unknown = self.weight == 0
        weight = np.where(unknown, TAUGHT_WEIGHT * self.worth, self.weight)
        return self._replace(keep=np.where(unknown, said, self.keep), weight=weight.astype(np.float32))


def read_line_pages(paths: Sequence[Path], shapes: Sequence[Shape] = SHAPES) -> Iterator[LinePage]:
    """All pages of the files that are of use, in each shape. Raises ValueError in one sentence."""
    for path in paths:
        for row in read_rows(path, _CHECKS, ("url", "host", "page_type", "gold_with", "gold_without")):
            for shape in shapes:
                page = _page(row, shape)
                if page:
                    yield page


def is_held_out(page: LinePage, share: float, seed: int) -> bool:
    """Whether a page is for measuring: pages of other tiers are, and a share of the sites."""
    return _is_held_out(page.site, page.tier, share, seed)


def _is_held_out(site: str, tier: str, share: float, seed: int) -> bool:
    digest = hashlib.sha256(f"{seed}/{site}".encode(errors="surrogatepass")).digest()
    return tier != "open" or int.from_bytes(digest[:8]) < share * 2**64


def hold_out(paths: Sequence[Path], folder: Path, share: float, seed: int) -> None:
    """Write the rows of the files that `is_held_out` keeps for measuring to files of the same names."""
    import pyarrow.parquet as pq

    folder.mkdir(parents=True, exist_ok=True)
    for path in paths:
        table = pq.read_table(path)
        rows = table.select(
            [name for name in ("id", "url", "host", "licence") if name in table.column_names]
        ).to_pylist()
        held = [_is_held_out(_site(row), licence_tier(row["licence"]), share, seed) for row in rows]
        pq.write_table(table.filter(held), folder / path.name, compression="zstd")


def main_content(html: str) -> str:
    """The main content of a page, as the stage `ingest` takes it by default."""
    from resiliparse.extract.html2text import extract_plain_text

    return str(extract_plain_text(html, main_content=True)).replace("\0", "\ufffd")


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


_CHECKS = {
    "id": (_is_text, "a text"),
    "source": (_is_text, "a text"),
    "licence": (_is_text, "a text"),
    "html": (lambda value: isinstance(value, str), "the page"),
    "gold_text": (lambda value: value is None or isinstance(value, str), "a text or nothing"),
    "gold_coverage": (lambda value: value is None or isinstance(value, float), "a share or nothing"),
}


def _page(row: dict[str, Any], shape: Shape) -> LinePage | None:
    is_whole = bool(row["gold_text"])
    if (row["gold_coverage"] or 0.0) < (MIN_COVERAGE if is_whole else SNIPPET_COVERAGE):
        return None
    text = visible_text(row["html"]) if shape == "visible" else main_content(row["html"])
    lines = text.split("\n")
    if not MIN_LINES <= sum(not is_blank(line) for line in lines) <= MAX_LINES:
        return None
    shown = shown_lines(text)
    keep, known = _labels(row, lines)
    if not known.any():
        return None
    chars = np.array([len(lines[number]) for number in shown.numbers], np.float32)
    words = np.expm1(shown.features[:, 1])
    each = (0.4 + 0.6 * np.minimum(chars, MOST_CHARS) / CHARS_PER_LINE) * np.where(
        words < SHORT_WORDS - 0.5, SHORT_WEIGHT, 1
    )
    worth = (each * (USUAL_LINES / max(len(chars), 20)) ** 0.5).astype(np.float32)
    return LinePage(
        row["id"],
        row["source"],
        _site(row),
        licence_tier(row["licence"]),
        row["licence"],
        row.get("page_type") or "",
        shape,
        shown,
        chars,
        keep[shown.numbers].astype(np.float32),
        worth * known[shown.numbers],
        worth,
    )


def _site(row: dict[str, Any]) -> str:
    return str(row.get("host") or row.get("url") or row["id"])


def _labels(row: dict[str, Any], lines: Sequence[str]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which lines stay, and of which that is known."""
    if row["gold_text"]:
        return np.array(keep_labels(lines, row["gold_text"])), np.ones(len(lines), bool)
    wanted, unwanted = (
        np.array([any(part and part in line for part in row.get(name) or ()) for line in lines])
        for name in ("gold_with", "gold_without")
    )
    return wanted, wanted != unwanted
