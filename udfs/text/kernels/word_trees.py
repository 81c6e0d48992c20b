"""Many words as one tree over code points, in arrays: the compiled form of `udfs.text.word_trees`.

A node is a beginning of words, 0 the empty one. The edges are a hash table from (node, code point) to node, so a tree
of a million nodes costs 32 bytes a node and a step costs one look, whatever the script."""

from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from udfs.text.kernels.characters import table_of
from udfs.text.kernels.compiling import compiled, inlined
from udfs.text.measures.word_lists import is_word_letter

WORD, JOINS = 1, 2  # regex \w; a letter of a word between spaces
_MIX = np.int64(-7046029254386353131)  # 2**64 divided by the golden ratio
_CODE_BITS = 21
_FIRST_BITS = np.int64(2**32 - 1)
FIRST_RUNS = 256  # where the filter by runs begins

Filters = NDArray[np.bool_]


class Tree(NamedTuple):
    """The words' edges and ends."""

    keys: NDArray[np.int64]  # shape (slots,), a power of two: node << 21 | code point; -1: nothing
    nodes: NDArray[np.int64]  # shape (slots,): where that edge leads
    ends: NDArray[np.int64]  # shape (nodes,): number of the word that ends here, -1: none
    filters: (
        Filters  # what words may begin with: 256 by their first character, the others by their first run of letters
    )


def grown(words: Iterable[str], flag: int = 0) -> Tree:
    """The tree of `words`, none of them empty, which are numbered in their order; of repeated ones the last counts.
    `flag` says what letters are (see `letters`), 0 that all characters are alike."""
    words = list(words)
    edges: dict[int, int] = {}
    ends = {}
    for number, word in enumerate(words):
        node = 0
        for char in word:
            node = edges.setdefault(node << _CODE_BITS | ord(char), len(edges) + 1)
        ends[node] = number
    ends_at = np.full(len(edges) + 1, -1, np.int64)
    ends_at[list(ends)] = list(ends.values())
    slots = 1 << max(2 * len(edges), 1).bit_length()
    keys, nodes = _table(np.array(list(edges), np.int64), np.array(list(edges.values()), np.int64), slots)
    filters = np.zeros(FIRST_RUNS + (1 << (16 * len(words)).bit_length()), np.bool_)
    codes = np.frombuffer(bytearray("".join(words).encode("utf-32-le", "surrogatepass")), np.int32)
    _filter(codes, np.cumsum([0, *map(len, words)]), filters, *letters(), flag)
    return Tree(keys, nodes, ends_at, filters)


@compiled
def _table(edges: NDArray[np.int64], nodes: NDArray[np.int64], slots: int) -> Any:
    keys, targets = np.full(slots, -1, np.int64), np.zeros(slots, np.int64)
    for i in range(edges.size):
        at = ((edges[i] * _MIX) >> 20) & (slots - 1)
        while keys[at] != -1:
            at = (at + 1) & (slots - 1)
        keys[at], targets[at] = edges[i], nodes[i]
    return keys, targets


@inlined
def child(keys: NDArray[np.int64], nodes: NDArray[np.int64], node: Any, code: Any) -> Any:
    """The node to which `code` leads from `node`, -1 where no word goes on so."""
    key = np.int64(node) << _CODE_BITS | np.int64(code)
    at = ((key * _MIX) >> 20) & (keys.size - 1)
    while keys[at] != key:
        if keys[at] == -1:
            return np.int64(-1)
        at = (at + 1) & (keys.size - 1)
    return nodes[at]


@cache
def letters() -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    """Blocks and entries of a table with the flags WORD and JOINS. Made when first asked for: it takes 0.1 s."""
    return table_of({WORD: lambda char: char.isalnum() or char == "_", JOINS: is_word_letter})


@inlined
def has(blocks: NDArray[np.uint16], entries: NDArray[np.uint16], code: Any, flag: int) -> Any:
    """Whether a code point has the flag in the table."""
    return entries[(np.int64(blocks[code >> 7]) << 7) + (code & 127)] & flag != 0


@compiled
def occurrences(
    codes: NDArray[np.int32],
    keys: NDArray[np.int64],
    nodes: NDArray[np.int64],
    ends: NDArray[np.int64],
    filters: Filters,
    blocks: NDArray[np.uint16],
    entries: NDArray[np.uint16],
    flag: int,
    strict: bool,
    most: int,
) -> tuple[int, int]:
    """How many words occur in `codes` (shape (code points,)), and how many different ones; stops at `most`.

    From left to right the longest at each place, none overlapping another. At both ends of a word: `strict`: just one
    of the two characters has the flag (regex `\\b`); else not both have it, so a flag of 0 means any place. So inside a
    run of characters with the flag no word begins, and most runs are no word's first one, which a filter tells."""
    seen = np.zeros(ends.size, np.uint8)
    count = different = at = 0
    before = False
    while at < codes.size and count < most:
        end = at + 1
        here = has(blocks, entries, codes[at], flag)
        if here:  # and not before, since runs are passed as a whole
            end, run = _run(codes, at, blocks, entries, flag)
            worth = filters[FIRST_RUNS + (run & (filters.size - FIRST_RUNS - 1))]
        else:
            worth = filters[codes[at] & (FIRST_RUNS - 1)] and (before or not strict)
        if worth:
            last, word = _longest(codes, at, keys, nodes, ends, blocks, entries, flag, strict)
            if word >= 0:
                count += 1
                different += seen[word] == 0
                seen[word] = 1
                end, here = last, has(blocks, entries, codes[last - 1], flag)
        at, before = end, here
    return count, different


@compiled
def _longest(
    codes: NDArray[np.int32],
    at: int,
    keys: NDArray[np.int64],
    nodes: NDArray[np.int64],
    ends: NDArray[np.int64],
    blocks: NDArray[np.uint16],
    entries: NDArray[np.uint16],
    flag: int,
    strict: bool,
) -> tuple[int, int]:
    """End and number of the longest word that begins at `at`; the number is -1 where there is none."""
    last, word, node = at, -1, np.int64(0)
    while at < codes.size:
        node = child(keys, nodes, node, codes[at])
        if node < 0:
            break
        here = has(blocks, entries, codes[at], flag)
        at += 1
        after = at < codes.size and has(blocks, entries, codes[at], flag)
        if ends[node] >= 0 and ((here != after) if strict else not (here and after)):
            last, word = at, ends[node]
    return last, word


@inlined
def _run(codes: NDArray[np.int32], at: int, blocks: Any, entries: Any, flag: int) -> tuple[int, Any]:
    """End and hash of the run of characters with the flag that begins at `at`."""
    state = np.int64(0)
    while at < codes.size and has(blocks, entries, codes[at], flag):
        state = (state ^ codes[at]) * _MIX
        at += 1
    return at, (state ^ (state >> 32)) & _FIRST_BITS


@compiled
def _filter(
    codes: NDArray[np.int32], starts: NDArray[np.int64], filters: Filters, blocks: Any, entries: Any, flag: int
) -> None:
    """Note how each word begins; word i is `codes[starts[i]:starts[i + 1]]`."""
    for i in range(starts.size - 1):
        word = codes[starts[i] : starts[i + 1]]
        if has(blocks, entries, word[0], flag):
            filters[FIRST_RUNS + (_run(word, 0, blocks, entries, flag)[1] & (filters.size - FIRST_RUNS - 1))] = True
        else:
            filters[word[0] & (FIRST_RUNS - 1)] = True
