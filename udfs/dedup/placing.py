"""The places of one batch's documents in one task: what `jobs/minhash/keepers.py` does in joins, over arrays.

The definition is `place` of `udfs/dedup/near_duplicates.py`.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from udfs.dedup.linking import Edges, Positions, first_of_each, picked
from udfs.dedup.lookup import Ids, Sorted, distinct
from udfs.dedup.union_find import clusters_of_blocks


class Members(NamedTuple):
    """Documents of the batch that share a cluster with another document; columns of equal length.

    id       ascending
    oldest   which of the earlier batches' places the cluster has: position among those given; -1 where it is new
    founder  the first of the component's documents by rank: position among `id`
    """

    id: Ids
    oldest: Positions
    founder: Positions


def members_of(edges: Edges, past_id: Ids, past_cluster: Positions, ranked: Callable[[Ids], Positions]) -> Members:
    """Edges of a batch -> the documents that they join.

    `past_id` and `past_cluster` are the documents of earlier batches that edges lead to, each once, and a number of the
    cluster of each, from 0. An edge to one that is not among them is passed over. `ranked` gives the positions of ids
    in order of their rank, the one to keep first.
    """
    to = Sorted(past_id).places(edges.b)
    found = ~edges.is_past | (to >= 0)
    edges, to = picked(edges, found), to[found]
    past = np.flatnonzero(edges.is_past)
    inside = np.flatnonzero(~edges.is_past)
    ids = distinct([edges.a, edges.b[inside]])
    a = np.searchsorted(ids, edges.a)
    b = np.empty(len(a), np.int64)
    b[inside] = np.searchsorted(ids, edges.b[inside])
    b[past] = len(ids) + past_cluster[to[past]]  # a cluster of earlier batches is one node, beyond all documents
    component = _smallest_of_component(a, b)[: len(ids)]
    oldest = np.full(len(ids), -1, np.int64)
    reached = past[np.lexsort((edges.b[past], edges.b_batch[past], component[a[past]]))]
    firsts = reached[first_of_each(component[a[reached]])]
    oldest[component[a[firsts]]] = to[firsts]
    order = ranked(ids)
    order = order[np.argsort(component[order], kind="stable")]
    firsts = order[first_of_each(component[order])]
    founder = np.empty(len(ids), np.int64)
    founder[component[firsts]] = firsts
    return Members(ids, oldest[component], founder[component])


def _smallest_of_component(a: Ids, b: Ids) -> Ids:
    """Of each node, all of which have an edge, the smallest that it is joined to."""
    parts = list(clusters_of_blocks([(a, b)], rows=1 << 62))
    return parts[0][1] if parts else np.zeros(0, np.int64)
