"""What a rater learns from beside the ratings: texts with a domain that their source says, what people judged, and
texts of which nobody said anything.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from jobs.evaluation.pages import visible_text
from jobs.evaluation.truth import domain_number, read_judgements
from jobs.training.label_tables import read_labels
from jobs.training.line_pages import main_content
from jobs.training.rated_texts import RatedTexts, licence_tier, origin_of, page_of
from udfs.models.criteria import DOMAINS

FEWEST_COMPARED = 8
FEWEST_CHARS = 80  # of a text that is rated by a network
BEGINNING = 500  # characters; texts that begin alike are taken for versions of one
LOOKED_AT, LATIN_SHARE = 2000, 0.8
USUAL_AGREEMENT = 0.75  # of a source's domain with the rater's, measured on all that have both


class DomainTexts(NamedTuple):
    """Texts that nobody rated, of the open tier. A cell is a source and a domain."""

    texts: list[str]
    domains: list[int]
    weights: list[float]  # share of the cell's rated texts whose rating agrees with the source
    cells: list[str]
    origins: list[str]

    def drawn(self, count: int, seed: int, without: set[str]) -> list[int]:
        """Positions of `count` texts at most, each cell as likely as another, none of the origins `without`."""
        order = np.random.default_rng(seed).permutation(len(self.texts)).tolist()
        order = [place for place in order if self.origins[place] not in without]
        of_cell: dict[str, list[int]] = defaultdict(list)
        for place in order:
            of_cell[self.cells[place]].append(place)
        ranks = {place: rank for some in of_cell.values() for rank, place in enumerate(some)}
        return sorted(order, key=lambda place: ranks[place])[:count]


NO_DOMAIN_TEXTS = DomainTexts([], [], [], [], [])


@dataclass(frozen=True)
class Labels:
    """All that a rater learns from."""

    rated: RatedTexts
    domains: DomainTexts
    judged: dict[str, bool]  # whether people called a text good
    digests: tuple[str, ...]  # of the tables: ratings, domains, judgements; empty for one that is not given
    unrated: list[str] = field(default_factory=list)  # texts that a deeper network is to rate


def read_domain_texts(path: Path, rated: RatedTexts, rows: Sequence[int]) -> DomainTexts:
    """Read a table with id, source, text, domain (name or letter) and licence; texts that are rated are left out.

    `rows` are the rated texts that the agreement may be measured on. Raises ValueError in one sentence.
    """
    found = read_labels(path, ("id", "source", "text", "domain", "licence"), ())
    for number, row in enumerate(found):
        if domain_number(row["domain"]) < 0:
            raise ValueError(
                f"{path}: row {number} has the domain {row['domain']!r}, expected a name or A to O; correct the row."
            )
    cells = [f"{row['source']}/{domain_number(row['domain'])}" for row in found]
    trained = {rated.pages[row]: int(rated.domains[row]) for row in rows}
    compared, agreed = Counter[str](), Counter[str]()
    for row, cell in zip(found, cells, strict=True):
        page = page_of(row["id"])
        if page in trained:
            compared[cell] += 1
            agreed[cell] += trained[page] == domain_number(row["domain"])
    known, pages = set(rated.texts), set(rated.pages)
    kept = [
        (
            row["text"],
            domain_number(row["domain"]),
            _share(agreed[cell], compared[cell]),
            cell,
            origin_of(row["source"], page_of(row["id"])),
        )
        for row, cell in zip(found, cells, strict=True)
        if row["text"]
        and row["text"] not in known
        and page_of(row["id"]) not in pages
        and licence_tier(row["licence"] or "") == "open"
    ]
    return DomainTexts(*(list(column) for column in zip(*kept, strict=True))) if kept else NO_DOMAIN_TEXTS


def _share(agreed: int, compared: int) -> float:
    return agreed / compared if compared >= FEWEST_COMPARED else USUAL_AGREEMENT


def read_judged(path: Path) -> dict[str, bool]:
    """Whether people called a text good. Raises ValueError in one sentence."""
    return {one.text.text: one.good for one in read_judgements(path)}


def of_domains(texts: DomainTexts) -> dict[str, int]:
    """How many texts each domain has."""
    return dict(Counter(DOMAINS[number] for number in texts.domains).most_common())


def read_unrated(paths: Sequence[Path], rated: RatedTexts, held: NDArray[np.bool_], most: int, seed: int) -> list[str]:
    """Texts of the open tier that are neither rated nor of the pages and origins `held` out (rows of `rated`): of the
    tables with id, licence, and text or html, `most` rows of each. A page gives two texts, all that is visible and the
    main content. Texts in scripts that the encoder cannot read are left out. Raises ValueError in one sentence.
    """
    pages = {page for page, out in zip(rated.pages, held, strict=True) if out}
    origins = set(rated.origins[held].tolist()) - set(rated.origins[rated.open & ~held].tolist())
    seen = set(rated.texts)
    found = []

    def is_free(row: dict[str, Any]) -> bool:
        page = page_of(row["id"])
        origin = origin_of(row.get("source") or "", page)
        return licence_tier(row["licence"] or "") == "open" and page not in pages and origin not in origins

    for number, path in enumerate(paths):
        rows = read_labels(path, ("id", "licence"), ("source", "text", "html"))
        order = np.random.default_rng((seed, number)).permutation(len(rows))[:most].tolist()
        for text in chain.from_iterable(_texts_of(rows[place]) for place in order if is_free(rows[place])):
            versions = {text, text[:BEGINNING]}
            if len(text) >= FEWEST_CHARS and not seen & versions and _is_latin(text):
                seen |= versions
                found.append(text)
    return found


def _texts_of(row: dict[str, Any]) -> Iterator[str]:
    if row.get("text"):
        yield row["text"]
    if row.get("html"):
        yield visible_text(row["html"])
        yield main_content(row["html"])


def _is_latin(text: str) -> bool:
    letters = [char for char in text[:LOOKED_AT] if char.isalpha()]
    return sum(map(str.isascii, letters)) > LATIN_SHARE * len(letters)
