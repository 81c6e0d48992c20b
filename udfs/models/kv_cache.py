"""Keys and values of the tokens that a decoder has seen: one block of memory, read as the past and written as the
present of the same run.

Each row belongs to one answer and is a block of its own for every layer, so any rows beside each other can be bound to
a run as they are: one row while its prompt is read, all of them while answers grow.
"""

import mmap
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from udfs.models.session import Provider, device_memory

Shape = tuple[int, ...]


class KvLayout(NamedTuple):
    """What a graph keeps of one token."""

    layers: int
    kv_heads: int
    head_size: int
    dtype: np.dtype[Any]  # float32, or float16 in fp16 graphs

    @property
    def token_bytes(self) -> int:
        """Bytes of one token over all layers."""
        return 2 * self.layers * self.kv_heads * self.head_size * self.dtype.itemsize


class KvCache:
    """`rows` answers of up to `room` tokens each. It knows nothing of which of them are valid."""

    def __init__(self, layout: KvLayout, rows: int, room: int, provider: Provider, gpu: int = 0) -> None:
        self.rows = rows
        self.room = room
        self._layout = layout
        self._provider = provider
        self._gpu = gpu
        shape = (2 * layout.layers, rows, layout.kv_heads, room, layout.head_size)
        if provider == "cpu":
            self._array = _untouched(shape, layout.dtype)
            self._address = self._array.ctypes.data
        else:
            self._owner, self._address = device_memory(shape, layout.dtype, provider, gpu)

    def bind(self, binding: Any, first: int, count: int) -> None:
        """Bind `count` rows from `first` on to a run, as past and as present."""
        layout = self._layout
        row_bytes = layout.kv_heads * self.room * layout.head_size * layout.dtype.itemsize
        shape = (count, layout.kv_heads, self.room, layout.head_size)
        for block in range(2 * layout.layers):
            name = f"{block // 2}.{('key', 'value')[block % 2]}"
            where = self._address + (block * self.rows + first) * row_bytes
            binding.bind_input(f"past_key_values.{name}", self._provider, self._gpu, layout.dtype, shape, where)
            binding.bind_output(f"present.{name}", self._provider, self._gpu, layout.dtype, shape, where)

    @property
    def can_copy(self) -> bool:
        """Whether `copy` works; onnxruntime offers no copy inside a device's memory."""
        return self._provider == "cpu"

    def copy(self, source: int, target: int, tokens: int) -> None:
        """Copy the first `tokens` of one row to another."""
        self._array[:, target, :, :tokens] = self._array[:, source, :, :tokens]


def _untouched(shape: Shape, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Memory that costs nothing before it is written to: rows have room for the longest answer, and take from the
    machine, page by page, what they hold.

    numpy's own allocations ask for huge pages, which would take it all with the first token of each row.
    """
    size = int(np.prod(shape)) * dtype.itemsize
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_NOHUGEPAGE"):  # Linux
        memory.madvise(mmap.MADV_NOHUGEPAGE)
    return np.frombuffer(memory, dtype).reshape(shape)
