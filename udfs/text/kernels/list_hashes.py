"""Kernels for `udfs.text.kernels.lists`: hash names, all lines of a list at once, and look hashes up.

Domains are hashed from their last byte to the first, so that one pass over a host gives the hashes of all domains above
it; addresses from the first byte, so that one pass gives those of all their beginnings.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from udfs.text.kernels.compiling import compiled, inlined

Hashes = NDArray[np.uint64]
Utf8 = NDArray[np.uint8]

_MIX, _SHIFT = np.uint64(0x9E3779B97F4A7C15), np.uint64(29)
_LAST_MIX, _LAST_SHIFT, _HALF = np.uint64(0xFF51AFD7ED558CCD), np.uint64(33), np.uint64(32)
_NEWLINE, _RETURN, _TAB, _SPACE, _DOT, _STAR = 10, 13, 9, 32, 46, 42


@inlined
def _mixed(state: Any, byte: int) -> Any:
    state = (state ^ np.uint64(byte)) * _MIX
    return state ^ (state >> _SHIFT)


@inlined
def _finished(state: Any) -> Any:
    state = (state ^ (state >> _LAST_SHIFT)) * _LAST_MIX
    return state ^ (state >> _LAST_SHIFT)


@inlined
def _lower(byte: int) -> int:
    return byte + 32 if 65 <= byte <= 90 else byte


@inlined
def _hash_of(data: Utf8, start: int, end: int) -> Any:
    """Hash of `data[start:end]`, in ASCII lower case, from its end."""
    state = np.uint64(0)
    for i in range(end - 1, start - 1, -1):
        state = _mixed(state, _lower(data[i]))
    return _finished(state)


@compiled
def backward(name: Utf8) -> Any:
    """Hash of a name from its last byte on; ASCII capitals as small letters."""
    return _hash_of(name, 0, name.size)


@compiled
def forward(name: Utf8) -> Any:
    """Hash of a name from its first byte on."""
    state = np.uint64(0)
    for byte in name:
        state = _mixed(state, byte)
    return _finished(state)


@compiled
def _is_among(hashes: Hashes, wanted: Any) -> bool:
    """Whether sorted hashes have this one. They are spread evenly, so where one stands says how far away another is:
    two or three looks come to within some places of it, each look being what the memory takes to answer."""
    size, last = np.uint64(hashes.size), hashes.size - 1
    if last < 0:
        return False
    at: Any = np.int64(((wanted >> _HALF) * size) >> _HALF)
    for _ in range(3):
        if hashes[at] < wanted:
            at = min(at + np.int64((((wanted - hashes[at]) >> _HALF) * size) >> _HALF), last)
        else:
            at = max(at - np.int64((((hashes[at] - wanted) >> _HALF) * size) >> _HALF), 0)
    low = high = at
    step = 8
    while low > 0 and hashes[low] > wanted:
        low, step = max(low - step, 0), step * 2
    while high < last and hashes[high] < wanted:
        high, step = min(high + step, last), step * 2
    while low < high:
        middle = (low + high) >> 1
        if hashes[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return bool(hashes[low] == wanted)


@inlined
def _has_domain(hashes: Hashes, data: Utf8, start: int, end: int, parents: bool) -> bool:
    state = np.uint64(0)
    for i in range(end - 1, start - 1, -1):
        state = _mixed(state, _lower(data[i]))
        if (i == start or (parents and data[i - 1] == _DOT)) and _is_among(hashes, _finished(state)):
            return True
    return False


@compiled
def has_domain(hashes: Hashes, name: Utf8, parents: bool) -> bool:
    """Whether a host (as `site` writes it), or with `parents` a domain above it, is listed."""
    return _has_domain(hashes, name, 0, name.size, parents)


@compiled
def have_domains(hashes: Hashes, names: Utf8, bounds: NDArray[np.int64], parents: bool) -> NDArray[np.bool_]:
    """`has_domain` of many: host i is `names[bounds[i]:bounds[i + 1]]`; shape (hosts,)."""
    found = np.empty(bounds.size - 1, np.bool_)
    for i in range(found.size):
        found[i] = _has_domain(hashes, names, bounds[i], bounds[i + 1], parents)
    return found


@compiled
def has_address(hashes: Hashes, address: Utf8) -> bool:
    """Whether an address (as `address` writes it) or one of its beginnings is listed."""
    state = np.uint64(0)
    for i in range(address.size):
        byte = address[i]
        ends = byte in (47, 63, 38, 61, 35, 59)  # / ? & = # ;
        if ends and i > 0 and _is_among(hashes, _finished(state)):
            return True
        state = _mixed(state, byte)
    return address.size > 0 and _is_among(hashes, _finished(state))


@compiled
def hash_lines(data: Utf8, faithful: bool, is_table: bool, categories: Hashes, kind: Any) -> Any:
    """Hashes of the domains of all lines, shape (entries,), and where the lines that are not plain ASCII are, shape
    (lines, 2). Of a table only rows of this kind and, where there are any, of these categories."""
    lines = 1
    for byte in data:
        lines += byte == _NEWLINE
    hashes, odd = np.empty(lines, np.uint64), np.empty((lines, 2), np.int64)
    made = strange = start = 0
    while start < data.size:
        end, first_tab, last_tab, plain = start, -1, -1, True
        while end < data.size and data[end] != _NEWLINE:
            byte = data[end]
            if is_table and byte == _TAB and last_tab < 0:
                first_tab, last_tab = (end, -1) if first_tab < 0 else (first_tab, end)
            elif byte < _SPACE or byte >= 0x80:
                plain = plain and byte == _RETURN and (end + 1 == data.size or data[end + 1] == _NEWLINE)
            end += 1
        after = end + 1
        if not plain:
            odd[strange, 0], odd[strange, 1] = start, end
            strange += 1
        else:
            if end > start and data[end - 1] == _RETURN:
                end -= 1
            if is_table:
                end = first_tab if _is_picked(data, first_tab, last_tab, end, categories, kind) else start
            begin, end = (start, end) if faithful else _trimmed(data, start, end)
            if end > begin:
                hashes[made] = _hash_of(data, begin, end)
                made += 1
        start = after
    return hashes[:made], odd[:strange]


@inlined
def _is_picked(data: Utf8, first_tab: int, last_tab: int, end: int, categories: Hashes, kind: Any) -> bool:
    if last_tab < 0 or _hash_of(data, last_tab + 1, end) != kind:
        return False
    picked = categories.size == 0
    category = _hash_of(data, first_tab + 1, last_tab)
    for one in categories:
        picked = picked or one == category
    return picked


@compiled
def _trimmed(data: Utf8, start: int, end: int) -> tuple[int, int]:
    """Without what `listed_name` leaves out."""
    while end > start and data[end - 1] == _SPACE:
        end -= 1
    while start < end and data[start] == _SPACE:
        start += 1
    while start < end and (data[start] == _STAR or data[start] == _DOT):
        start += 1
    while end > start and data[end - 1] == _DOT:
        end -= 1
    if end - start > 4 and data[start] | 32 == 119 and data[start + 1] | 32 == 119 and data[start + 2] | 32 == 119:
        dots = 0
        for i in range(start + 4, end):
            dots += data[i] == _DOT
        if data[start + 3] == _DOT and dots:
            start += 4
    return start, end


@compiled
def unrepeated(hashes: Hashes) -> int:
    """Move the different ones of sorted hashes to the front; how many they are."""
    kept = 0
    for i in range(hashes.size):
        if kept == 0 or hashes[i] != hashes[kept - 1]:
            hashes[kept] = hashes[i]
            kept += 1
    return kept
