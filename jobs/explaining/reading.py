"""The rows about one page, read from a lake: a query for each table, with the batch of the page where it is known, so
that Delta reads no more than it has to."""

import re
from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.catalog import POSITION
from jobs.documents import in_order
from jobs.explaining.addresses import spellings
from jobs.explaining.rows import Found, Lost, Unseen
from jobs.runtime.errors import CorpusmillError
from jobs.runtime.lake import Lake
from jobs.runtime.threads import at_once
from udfs.crawl.urls import host, registered_domain

MOST_VERSIONS = 20  # documents of one address that are listed
MOST_COPIES = 20  # duplicates of a document that are listed
NEAREST = 10  # URLs that are listed for one that was never seen
COMPARED_CHARS = 300  # of a URL, by which the nearest are found
_ID = re.compile(r"[0-9a-fA-F]{32}")


def read(lake: Lake, asked: str) -> Found | Lost | Unseen:
    """All rows about a page: `asked` is a doc_id or a URL. Of several documents of one URL the one in the corpus is
    taken, or else the first one of the oldest batch; the others are listed."""
    if not lake.exists("documents"):
        raise CorpusmillError(
            f"explain: found no documents in {lake.location}; corpusmill run --input PATH reads some."
        )
    asked = asked.strip()
    is_asked = F.col("doc_id") == asked.lower() if _ID.fullmatch(asked) else F.col("url").isin(*spellings(asked))
    published = _plain(lake.read("corpus").where(is_asked).limit(MOST_VERSIONS))
    versions = _plain(_versions(lake.read("documents").where(is_asked), published))
    if versions:
        return _found(lake, versions, published)
    losses = _plain(lake.read("losses").where(is_asked).orderBy("stage", *POSITION).limit(MOST_VERSIONS))
    return Lost(asked, losses) if losses else _unseen(lake, asked)


def _versions(documents: DataFrame, published: Sequence[Mapping[str, Any]]) -> DataFrame:
    """Documents in the order of choice; only the first has its text."""
    places = [(F.col("file") == row["file"]) & (F.col("offset") == row["offset"]) for row in published]
    is_published = reduce(Column.__or__, places, F.lit(False))
    order = (F.when(is_published, 0).otherwise(1), F.col("batch"), *in_order())
    is_first = F.row_number().over(Window.orderBy(*order)) == 1
    found = documents.orderBy(*order).limit(MOST_VERSIONS)
    return found.withColumn("is_first", is_first).withColumn("text", F.when(F.col("is_first"), F.col("text")))


def _found(lake: Lake, versions: Sequence[Mapping[str, Any]], published: Sequence[Mapping[str, Any]]) -> Found:
    document = next(row for row in versions if row["is_first"])
    place = {"batch": document["batch"], "file": document["file"], "offset": document["offset"]}

    def of_page(table: str) -> list[dict[str, Any]]:
        return _plain(lake.read(table, **place))

    tables = ("screened", "duplicates", "deduplicated", "programs", "refined", "ratings", "losses")
    rows = dict(zip(tables, at_once(*(lambda table=table: of_page(table) for table in tables)), strict=True))
    duplicates = {row["stage"]: row for row in rows["duplicates"]}
    position = tuple(document[name] for name in POSITION)
    keeper, copies, progress = at_once(
        lambda: _keeper(lake, document["doc_id"], duplicates),
        lambda: _copies(lake, document["doc_id"], duplicates),
        lambda: _plain(lake.read("progress", batch=document["batch"])),
    )
    return Found(
        document,
        _first(rows["screened"]),
        duplicates,
        _first(rows["deduplicated"]),
        rows["programs"],
        _first(rows["refined"]),
        _first(rows["ratings"]),
        next((row for row in published if tuple(row[name] for name in POSITION) == position), None),
        rows["losses"],
        {row["stage"]: row for row in progress},
        _first(keeper),
        copies,
        [row for row in versions if row is not document],
    )


def _keeper(lake: Lake, doc_id: str, duplicates: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What is kept in its place, with the text that it was compared by."""
    others = [row["keeper"] for row in duplicates.values() if not row["keep"] and row["keeper"] not in {None, doc_id}]
    if not others:
        return []
    kept = lake.read("screened", doc_id=others[0]).where("keep").orderBy("batch", *POSITION)
    return _plain(kept.select("doc_id", "url", "text").limit(1))


def _copies(lake: Lake, doc_id: str, duplicates: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What it is kept in the place of."""
    if not duplicates or not all(row["keep"] for row in duplicates.values()):
        return []
    rows = lake.read("duplicates", keeper=doc_id).where("NOT keep").orderBy("similarity", "doc_id", *POSITION)
    return _plain(rows.select("stage", "doc_id", "url", "reason", "similarity").limit(MOST_COPIES))


def _unseen(lake: Lake, asked: str) -> Unseen:
    """What is known of the site and the host of a URL that no table has."""
    name = host(asked) or host(f"http://{asked}") if "." in asked or "/" in asked else ""
    if not name:
        return Unseen(asked, "", [], [])
    wanted = F.lit(asked[:COMPARED_CHARS])
    distance = F.levenshtein(F.substring("url", 1, COMPARED_CHARS), wanted)
    of_site = lake.read("documents", site=registered_domain(name))
    nearest = of_site.select("url", "doc_id", distance.alias("distance"), (F.col("host") != name).alias("elsewhere"))
    lost = lake.read("losses").where(F.lower("url").rlike(rf"^https?://\Q{name}\E([:/?#]|$)"))
    by_reason = lost.groupBy("stage", "reason").agg(
        F.count("*").alias("losses"), F.min("url").alias("example"), F.min_by("detail", "url").alias("detail")
    )
    found, losses = at_once(
        lambda: _plain(nearest.orderBy("distance", "elsewhere", "url", "doc_id").limit(NEAREST)),
        lambda: _plain(by_reason.orderBy(F.desc("losses"), "stage", "reason")),
    )
    return Unseen(asked, name, found, losses)


def _first(rows: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    return rows[0] if rows else None


def _plain(rows: DataFrame) -> list[dict[str, Any]]:
    return [row.asDict() for row in rows.collect()]
