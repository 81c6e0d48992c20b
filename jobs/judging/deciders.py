"""What the stages say of documents that a person judged: screening as a whole and rule by rule, programs by who wrote
them, the rater score by score. As the tables stand now, read by the documents' places."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pyspark.sql import functions as F

from jobs.catalog import FAILURES
from jobs.explaining import numbers
from jobs.explaining.rows import Found
from jobs.judging.thresholds import PLACE, SCORE_LIMIT, SCORES
from jobs.runtime.lake import Lake
from jobs.runtime.threads import at_once
from udfs.models.criteria import CRITERIA

Place = tuple[Any, ...]
_READ = {
    "screened": ("keep", "reason", "signals"),
    "refined": ("keep", "reason", "programs"),
    "ratings": ("keep", "model", "expected", *SCORES),
    "programs": ("model", "program"),
}


class Said(NamedTuple):
    """A decider's word on a document. `score`: how much it is for keeping, where it says more than yes or no."""

    keeps: bool
    score: float | None = None


Words = Mapping[str, Said]
"""By decider: `screen`, `screen.word_count`, `execute`, `execute by MODEL`, `rate.overall_score by MODEL`."""


def deciders(lake: Lake, places: Sequence[Place], limits: Mapping[str, float]) -> dict[Place, Words]:
    """What each decider says of each document; a document of which no table has a row has none. `limits` of scores that
    are judged by another than SCORE_LIMIT, by name."""
    if not places:
        return {}
    wanted = lake.spark.createDataFrame([tuple(one) for one in places], "batch INT, file STRING, offset BIGINT")
    batches = sorted({place[0] for place in places})

    def read(table: str) -> list[dict[str, Any]]:
        rows = lake.read(table).where(F.col("batch").isin(batches)).join(F.broadcast(wanted), list(PLACE), "left_semi")
        return [row.asDict() for row in rows.select(*PLACE, *_READ[table]).collect()]

    *found, commits = at_once(
        *(lambda table=table: read(table) for table in _READ),
        lambda: [row.asDict() for row in lake.read("progress", stage="screen").collect()],
    )
    screened, refined, ratings = ({_place(row): row for row in rows} for rows in found[:-1])
    writers = defaultdict(set)
    for row in found[-1]:
        if row["program"]:
            writers[_place(row)].add(row["model"])
    commit_of = {row["batch"]: row for row in commits}
    return {
        place: {
            **dict(_of_screen(screened.get(place), commit_of.get(place[0]))),
            **dict(_of_execute(refined.get(place), sorted(writers[place]))),
            **dict(_of_rate(ratings.get(place), limits)),
        }
        for place in places
    }


def _place(row: Mapping[str, Any]) -> Place:
    return tuple(row[name] for name in PLACE)


def _of_screen(row: Mapping[str, Any] | None, commit: Mapping[str, Any] | None) -> Iterator[tuple[str, Said]]:
    if row is None or row["reason"] in FAILURES:
        return
    yield "screen", Said(row["keep"])
    measured = numbers.of_screen(Found(row, screened=row, progress={"screen": commit} if commit else {}))
    for number in measured:
        if number.passes is not None:
            yield f"screen.{number.name}", Said(number.passes)


def _of_execute(row: Mapping[str, Any] | None, writers: Sequence[str]) -> Iterator[tuple[str, Said]]:
    if row is None or not row["programs"] or row["reason"] in FAILURES:
        return
    yield "execute", Said(row["keep"])
    yield f"execute by {' + '.join(writers) or 'nobody named'}", Said(row["keep"])


def _of_rate(row: Mapping[str, Any] | None, limits: Mapping[str, float]) -> Iterator[tuple[str, Said]]:
    if row is None or not row["keep"]:
        return
    expected = row["expected"] or ()
    for name in SCORES:
        value = row[name]
        if value is None:
            continue
        if name in CRITERIA and len(expected) > CRITERIA.index(name):
            value = expected[CRITERIA.index(name)]
        limit = limits.get(name, SCORE_LIMIT)
        yield f"rate.{name} >= {limit:g} by {row['model'][:12]}", Said(value >= limit, float(value))


def limit_of(design: str) -> dict[str, float]:
    """The limit of a sample around a score, by the score's name."""
    told = json.loads(design)
    kind, _, name = told["name"].partition(".")
    return {name: told["limit"]} if kind == "rate" else {}
