"""Parts of labelled texts for training, validation and tests, and the balance of the training part.

As DataMan (arXiv 2502.19363, section 3): 100 rows of each source to test, 100 to validate, the rest to train; sources
are balanced between low and high overall scores by rows that occur again. Unlike there, pages of a host stay together,
across sources too, and chance is a hash: what a row's part is depends on the rows, not on their order.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Literal, NamedTuple

from pydantic import Field

from udfs.crawl.urls import host
from udfs.settings import Section

Part = Literal["train", "valid", "test"]

_HELD_OUT: tuple[Part, ...] = ("test", "valid")
_HIGH = 3  # overall scores from here on are high


class SplitSettings(Section):
    """How rows are dealt to parts, and how the training part is balanced."""

    held_out_rows: int = Field(default=100, ge=0, description="rows of each source in the test part, and in valid")
    held_out_ratio: float = Field(
        default=0.1, ge=0, le=0.5, description="at most this share of a source in the test part, and in valid"
    )
    seed: int = Field(default=0, description="another seed, other parts")
    balance_quotient: int = Field(default=5, ge=1, description="q: the difference of low and high is divided by it")
    balance_times: int = Field(default=0, ge=0, description="k: how many times a q-th of it is added; 0 adds nothing")


class Row(NamedTuple):
    """What dealing looks at."""

    id: str
    source: str
    url: str
    overall: int


def parts_of(rows: Sequence[Row], settings: SplitSettings) -> list[Part]:
    """The part of each row.

    Hosts (rows without a URL: ids) come in the order of a hash, and each goes to the test part if that has room for it
    in all sources it occurs in, else to valid, else to train. So a host that is larger than a part trains.
    """
    groups: dict[str, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        groups[_group(row)].append(place)
    sizes = Counter(row.source for row in rows)
    room = {
        (part, source): min(settings.held_out_rows, int(size * settings.held_out_ratio))
        for source, size in sizes.items()
        for part in _HELD_OUT
    }
    parts: list[Part] = ["train"] * len(rows)
    for _, places in sorted(groups.items(), key=lambda group: _chance(settings.seed, "part", group[0])):
        wanted = Counter(rows[place].source for place in places)
        for part in _HELD_OUT:
            if all(room[part, source] >= count for source, count in wanted.items()):
                for source, count in wanted.items():
                    room[part, source] -= count
                for place in places:
                    parts[place] = part
                break
    return parts


def balanced(rows: Sequence[Row], settings: SplitSettings) -> list[int]:
    """Places of rows that are added to these, with repetition, so that low (1, 2) and high overall scores of each
    source come nearer: `min(|high - low| // q, minority) * k` rows of the minority."""
    sides: dict[str, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for place, row in enumerate(rows):
        sides[row.source][row.overall >= _HIGH].append(place)
    added: list[int] = []
    for source, (low, high) in sorted(sides.items()):
        minority = min(low, high, key=len)
        gap = abs(len(high) - len(low)) // settings.balance_quotient
        minority = sorted(minority, key=lambda place: _chance(settings.seed, "copy", rows[place].id))
        copies = range(min(gap, len(minority)) * settings.balance_times)
        added += [minority[_chance(settings.seed, source, str(copy)) % len(minority)] for copy in copies]
    return added


def _group(row: Row) -> str:
    name = host(row.url).removeprefix("www.")
    return f"host {name}" if name else f"id {row.id}"


def _chance(seed: int, *names: str) -> int:
    said = "\0".join([str(seed), *names]).encode(errors="surrogatepass")
    return int.from_bytes(hashlib.sha256(said).digest()[:8])
