"""Rated texts as a trainer needs them: targets in the order of the product, the tier of each licence, and folds for
honest measuring.
"""

import hashlib
import re
from collections import Counter
from dataclasses import dataclass, fields
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.training.label_tables import read_labels
from udfs.models.criteria import CRITERIA, DOMAINS, EXTRA_SCORES
from udfs.models.manifest import SCORES

TIERS = ("open", "copyleft", "nc", "unstated")
_NON_COMMERCIAL = re.compile(r"\bnc\b|non-commercial|research use")
_OPEN = re.compile(r"cc0|cc[- ]by|mit\b|apache|bsd|public domain")
_COLUMNS = ("id", "source", "text", "domain", "licence")
_OPTIONAL = ("round", "second")


@dataclass(frozen=True)
class RatedTexts:
    """Parallel columns, one entry for each rated text."""

    texts: list[str]
    scores: NDArray[np.float64]  # rows x len(SCORES)
    domains: NDArray[np.int64]  # position in DOMAINS
    licences: list[str]
    tiers: NDArray[np.str_]
    origins: NDArray[np.str_]  # the site, book series or collection that a text is from
    pages: list[str]  # texts of one page share this
    rounds: NDArray[np.int64]  # 0 for the first round of rating, 1 for the next and so on
    second_scores: NDArray[np.float64]  # rows x len(SCORES), of a second rating; nan where there is none
    second_domains: NDArray[np.int64]

    @property
    def open(self) -> NDArray[np.bool_]:
        """The rows whose licence lets a model trained on them be given away."""
        return np.equal(self.tiers, "open")

    def chosen(self, rows: NDArray[np.bool_]) -> "RatedTexts":
        """Some of the rows."""
        columns: dict[str, Any] = {one.name: getattr(self, one.name) for one in fields(self)}
        some: dict[str, Any] = {
            name: column[rows] if isinstance(column, np.ndarray) else list(compress(column, rows))
            for name, column in columns.items()
        }
        return RatedTexts(**some)


def licence_tier(licence: str) -> str:
    """One of TIERS; what is not recognised is `unstated`, so that nothing gets into the training by mistake."""
    text = licence.lower()
    if _NON_COMMERCIAL.search(text):
        return "nc"
    if "-sa" in text or "gpl" in text:
        return "copyleft"
    return "open" if _OPEN.match(text) else "unstated"


def origin_of(source: str, page: str) -> str:
    """Where a text comes from, coarser than its id: all books of one publisher and all shapes of one page set are
    one origin.
    """
    if source == "usenet":
        return "usenet"
    origin = page.split("/", 1)[0]
    if origin.startswith("openstax"):
        return "openstax"
    return "wcxb" if origin.startswith("wcxb") else origin


def page_of(text_id: str) -> str:
    """What all shapes of one page, post or chapter share, whichever collection they came by."""
    return text_id.removeprefix("wcxb-shop/").removeprefix("usenet/")


def read_rated_texts(path: Path) -> RatedTexts:
    """Read a table of ratings (`label_tables`). Raises ValueError in one sentence for one that is none.

    The columns `round` (of the rating; rounds differ in scale) and `second` (another rating: domain, scores: the
    criteria in order, edu, format) need not be there.
    """
    rows = read_labels(path, [*_COLUMNS, *SCORES], _OPTIONAL)
    for number, row in enumerate(rows):
        _check(path, number, row)
    return RatedTexts(
        texts=[row["text"] for row in rows],
        scores=np.array([[row[name] for name in SCORES] for row in rows], dtype=np.float64),
        domains=np.array([ord(row["domain"]) - ord("A") for row in rows], dtype=np.int64),
        licences=[row["licence"] for row in rows],
        tiers=np.array([licence_tier(row["licence"]) for row in rows]),
        origins=np.array([origin_of(row["source"], row["id"]) for row in rows]),
        pages=[page_of(row["id"]) for row in rows],
        rounds=_numbered([row.get("round") or 0 for row in rows]),
        second_scores=np.array([_second_scores(row.get("second")) for row in rows]),
        second_domains=np.array([_second_domain(row.get("second")) for row in rows], dtype=np.int64),
    )


def _check(path: Path, number: int, row: dict[str, Any]) -> None:
    for name in _COLUMNS:
        if not isinstance(row[name], str) or not row[name]:
            raise ValueError(f"{path}: row {number} has {row[name]!r} as {name}, expected a text; correct the row.")
    letters = [chr(ord("A") + position) for position in range(len(DOMAINS))]
    if row["domain"] not in letters:
        raise ValueError(f"{path}: row {number} has the domain {row['domain']!r}, expected A to O; correct the row.")
    for name in SCORES:
        lowest = 1 if name in CRITERIA else 0
        if not isinstance(row[name], int) or not lowest <= row[name] <= 5:
            raise ValueError(f"{path}: row {number} has {name} {row[name]!r}, expected {lowest} to 5; correct the row.")
    if row.get("second") is not None and not _is_rating(row["second"], letters):
        raise ValueError(
            f"{path}: row {number} has a second rating that is none, expected a domain, {len(CRITERIA)} scores, edu "
            "and format; correct the row."
        )


def _is_rating(second: dict[str, Any], letters: list[str]) -> bool:
    try:
        scores = [*second["scores"], second["edu"], second["format"]]
        return (
            second["domain"] in letters
            and len(scores) == len(SCORES)
            and all(
                isinstance(value, int) and (name in EXTRA_SCORES or value >= 1) and 0 <= value <= 5
                for name, value in zip(SCORES, scores, strict=True)
            )
        )
    except (KeyError, TypeError):
        return False


def _numbered(rounds: list[int]) -> NDArray[np.int64]:
    return np.unique(np.array(rounds), return_inverse=True)[1].astype(np.int64)


def _second_scores(second: dict[str, Any] | None) -> list[float]:
    if second is None:
        return [np.nan] * len(SCORES)
    return [float(value) for value in (*second["scores"], second["edu"], second["format"])]


def _second_domain(second: dict[str, Any] | None) -> int:
    return 0 if second is None else ord(second["domain"]) - ord("A")


def page_folds(pages: list[str], folds: int, seed: int) -> NDArray[np.int64]:
    """A fold for each row by hash of its page: all shapes of one page fall into the same."""
    digests = (hashlib.sha256(f"{seed}/{page}".encode()).digest() for page in pages)
    return np.array([int.from_bytes(digest[:8]) % folds for digest in digests], dtype=np.int64)


def origin_folds(origins: NDArray[np.str_], rows: NDArray[np.bool_], folds: int) -> NDArray[np.int64]:
    """A fold for each row so that no origin is in two; origins are dealt, largest (among `rows`) first, to the
    emptiest fold.
    """
    sizes = Counter(origins[rows].tolist())
    for origin in origins.tolist():
        sizes.setdefault(origin, 0)
    filled = [0] * folds
    fold_of: dict[str, int] = {}
    for origin, size in sorted(sizes.items(), key=lambda item: (-item[1], item[0])):
        fold = filled.index(min(filled))
        fold_of[origin] = fold
        filled[fold] += size
    return np.array([fold_of[origin] for origin in origins.tolist()], dtype=np.int64)
