"""Which documents are near-duplicates, and which of them is kept: the definition that `jobs/dedup_minhash.py` equals.

Documents come in order: earlier batches first, inside a batch by id (a hash, so no order of the input decides). A
*bucket* is all documents with one band key. Each document is compared with the bucket's *representatives* in turn; the
first that it is similar to gives an edge. A document that is similar to none becomes a representative itself, as long
as the bucket has few, so a bucket of a million members costs a few million comparisons and never their square. What a
later batch needs of earlier ones is the representatives only, and going on from them is the same as doing everything
in one go: *the edges do not depend on how the documents were cut into batches*.

Clusters are the connected components of the edges. Batch by batch, a document whose component holds an earlier batch's
document is rejected, for what is published stays; of any other component one document is kept. So what is kept batch
by batch is what one run over everything keeps (with a keeper policy that puts earlier batches first), and beside it
one document of each cluster that only a later batch's documents joined to another cluster.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from udfs.dedup.union_find import clusters_of


class Signed(NamedTuple):
    """A document as this definition sees it. `rank` sorts the members of a cluster, the one to keep first."""

    id: int
    batch: int
    band_keys: tuple[int, ...]
    rank: Any


class Place(NamedTuple):
    """What became of a document: the id that names its cluster, and whether it is kept."""

    cluster: int
    keep: bool


def link(
    documents: Iterable[Signed], similar: Callable[[int, int], bool], representatives: int
) -> tuple[set[tuple[int, int]], dict[int, list[int]]]:
    """The edges (document, representative), and each bucket's representatives in order."""
    edges: set[tuple[int, int]] = set()
    buckets: dict[int, list[int]] = {}
    for document in sorted(documents, key=lambda one: (one.batch, one.id)):
        for key in document.band_keys:
            known = buckets.setdefault(key, [])
            match = next((other for other in known if similar(document.id, other)), None)
            if match is not None:
                edges.add((document.id, match))
            elif len(known) < representatives:
                known.append(document.id)
    return edges, buckets


def place(documents: Sequence[Signed], edges: set[tuple[int, int]], *, drop_all: bool = False) -> dict[int, Place]:
    """The place of every document. A component that holds documents of earlier batches belongs to the cluster of the
    oldest of those that its members are linked to; any other is named after its first member by rank."""
    places: dict[int, Place] = {}
    batch_of = {document.id: document.batch for document in documents}
    for batch in sorted({document.batch for document in documents}):
        now = {document.id: document for document in documents if document.batch == batch}
        own = [(a, b) for a, b in edges if a in now]
        joined = clusters_of([(a, b) if b in now else (a, _node(places[b].cluster)) for a, b in own])
        for members in _groups(joined, now):
            past = [(batch_of[b], b) for a, b in own if a in members and b not in now]
            first = min(members, key=lambda one: now[one].rank)
            if past:
                cluster, kept = places[min(past)[1]].cluster, None
            else:
                cluster, kept = first, None if drop_all and len(members) > 1 else first
            places |= {member: Place(cluster, member == kept) for member in members}
    return places


def _node(cluster: int) -> int:
    """A cluster of earlier batches as a node that is no document's, whose ids have 64 bits."""
    return cluster + (1 << 64)


def _groups(joined: Mapping[int, int], now: Iterable[int]) -> Iterable[set[int]]:
    groups: dict[int, set[int]] = {}
    for document in now:
        groups.setdefault(joined.get(document, document), set()).add(document)
    return groups.values()
