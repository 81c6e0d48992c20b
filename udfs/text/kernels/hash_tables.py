"""Open-addressing tables from 64-bit keys to numbers, as two arrays."""

import numpy as np

from udfs.text.kernels.compiling import compiled, inlined


@compiled
def table_of(keys, values):
    """An open-addressing table: keys (0 is free), values."""
    slots = 16
    while slots < 2 * len(keys):
        slots *= 2
    table_keys, table_values = np.zeros(slots, np.uint64), np.empty(slots, np.int64)
    for i in range(len(keys)):
        key = keys[i] | np.uint64(1)
        slot = np.int64((key >> np.uint64(1)) & np.uint64(slots - 1))
        while table_keys[slot] != 0:
            slot = (slot + 1) & (slots - 1)
        table_keys[slot], table_values[slot] = key, values[i]
    return table_keys, table_values


@inlined
def found(table, key):
    """The value of a key, or -1."""
    keys, values = table
    slot = np.int64((key >> np.uint64(1)) & np.uint64(len(keys) - 1))
    while keys[slot] != 0:
        if keys[slot] == key:
            return values[slot]
        slot = (slot + 1) & (len(keys) - 1)
    return np.int64(-1)
