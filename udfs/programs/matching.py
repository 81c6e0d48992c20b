"""Where many strings stand in a text, all at once: the leftmost, of those the longest, then on behind it.

That is what `re.finditer` finds for an alternation of the strings, longest first, which is the definition
(tests/udfs/test_execution.py). A regular expression tries every string at every place, though. Here a few strings are
looked for one by one, which is fastest for what models write; many go through one pass of an Aho-Corasick automaton
(CACM 18(6), 1975), so that time is linear in the text and the strings together, whatever they are."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from udfs.text.kernels.compiling import compiled, inlined

FEW = 8  # strings that are looked for one by one: there the automaton is as fast, on a page of 3,000 characters

_Points = NDArray[np.uint32]
_Numbers = NDArray[np.int64]
_CHARACTERS = 0x110000
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(32)


class Match(NamedTuple):
    """`text[start:end]` is the string with this number."""

    start: int
    end: int
    number: int


class Table(NamedTuple):
    """The automaton: the next state (`targets`) by state and character (`keys`), and where there is none the state to
    fall back to, that of the longest ending which is the beginning of another string."""

    keys: _Numbers
    targets: _Numbers
    fallbacks: _Numbers


def matches(text: str, start: int, end: int, strings: Sequence[str]) -> list[Match]:
    """The matches of `strings` (all different, none empty) in `text[start:end]`, from left to right."""
    if not strings:
        return []
    return (_one_by_one if len(strings) <= FEW else _at_once)(text, start, end, strings)


def _one_by_one(text: str, start: int, end: int, strings: Sequence[str]) -> list[Match]:
    """Time is linear in the text for each string: each is searched from where it was last found."""
    found = [text.find(string, start, end) for string in strings]
    open_numbers = [number for number, place in enumerate(found) if place >= 0]
    matches = []
    while open_numbers:
        best = min(open_numbers, key=lambda number: (found[number], -len(strings[number])))
        behind = found[best] + len(strings[best])
        matches.append(Match(found[best], behind, best))
        for number in open_numbers:
            if found[number] < behind:
                found[number] = text.find(strings[number], behind, end)
        open_numbers = [number for number in open_numbers if found[number] >= 0]
    return matches


def _at_once(text: str, start: int, end: int, strings: Sequence[str]) -> list[Match]:
    order = sorted(range(len(strings)), key=lambda number: -len(strings[number]))
    lengths = np.array([len(strings[number]) for number in order], np.int64)
    found = longest_from(_points(text[start:end]), _points("".join(strings[number] for number in order)), lengths)
    places = np.flatnonzero(found >= 0)
    matches = []
    done = 0
    for place, rank in zip(places.tolist(), found[places].tolist(), strict=True):
        if place >= done:
            done = place + int(lengths[rank])
            matches.append(Match(start + place, start + done, order[rank]))
    return matches


def _points(text: str) -> _Points:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


@compiled
def longest_from(text: _Points, strings: _Points, lengths: _Numbers) -> _Numbers:
    """For each place of `text` the number of the longest string that begins there, -1 where none does.

    `strings` are the strings one after the other, longest first, `lengths` their lengths. The automaton is one of the
    strings read backwards and goes over the text backwards, so the longest string that ends in a state begins at the
    place that has been reached. States are made by depth, so what a state falls back to is there before it."""
    most = strings.size + 1
    size = 4
    while size < 2 * most:
        size *= 2
    table = Table(np.full(size, -1), np.zeros(size, np.int64), np.zeros(most, np.int64))
    outputs = np.full(most, -1)
    reached, begins = np.zeros(lengths.size, np.int64), np.cumsum(lengths) - lengths
    used = 1
    for depth in range(lengths[0]):
        for number in range(lengths.size):
            if lengths[number] <= depth:
                break
            parent = reached[number]
            key = parent * _CHARACTERS + strings[begins[number] + lengths[number] - 1 - depth]
            slot = _slot(table.keys, key)
            if table.keys[slot] == -1:
                if parent:
                    table.fallbacks[used] = _next(table, table.fallbacks[parent], key % _CHARACTERS)
                outputs[used] = outputs[table.fallbacks[used]]
                table.keys[slot], table.targets[slot] = key, used
                used += 1
            reached[number] = table.targets[slot]
            if lengths[number] == depth + 1:
                outputs[reached[number]] = number
    found = np.full(text.size, -1)
    state = 0
    for place in range(text.size - 1, -1, -1):
        state = _next(table, state, text[place])
        found[place] = outputs[state]
    return found


@inlined
def _next(table: Table, state: Any, character: Any) -> Any:
    """The state after `character`: that of the longest string, or end of one, that begins there."""
    while True:
        slot = _slot(table.keys, state * _CHARACTERS + np.int64(character))
        if table.keys[slot] != -1 or state == 0:
            break
        state = table.fallbacks[state]
    return table.targets[slot]  # 0 in an empty slot


@inlined
def _slot(keys: _Numbers, key: Any) -> Any:
    """Where `key` is in a table of numbers with open addressing, or the empty slot (-1) where it would be."""
    mask = keys.size - 1
    slot = np.int64(np.uint64(key) * _MULTIPLIER >> _SHIFT) & mask
    while keys[slot] != key and keys[slot] != -1:
        slot = (slot + 1) & mask
    return slot
