"""Archives stored as lz4 frames: fastwarc decodes a frame, this module finds its end, so damage stays in one."""

from collections.abc import Iterator

from fastwarc.stream_io import Lz4Reader

from udfs.crawl.losses import LossReason
from udfs.crawl.stored import BLOCK_BYTES, Damage, Piece, Stored

LZ4_MAGIC = b"\x04\x22\x4d\x18"


class _Lz4Frame:
    """The bytes of one lz4 frame as a file: follows the block sizes, so that it ends where the frame ends."""

    def __init__(self, stored: Stored) -> None:
        self._stored = stored
        flags = stored.peek(5)[-1]
        self._todo = 7 + (8 if flags & 0x08 else 0) + (4 if flags & 0x01 else 0)
        self._block_checksum_bytes = 4 if flags & 0x10 else 0
        self._frame_checksum_bytes = 4 if flags & 0x04 else 0
        self._last = False

    def tell(self) -> int:
        """The offset in the stored file."""
        return self._stored.offset

    def seek(self, offset: int, whence: int = 0) -> int:
        """fastwarc never asks for it."""
        raise OSError("a frame is only read forward")

    def close(self) -> None:
        """The stored file is the caller's."""

    def read(self, size: int = -1) -> bytes:
        """The next bytes of the frame, empty at its end."""
        if not self._todo and not self._last:
            mark = self._stored.peek(4)
            block_bytes = int.from_bytes(mark, "little") & 0x7FFFFFFF
            self._last = block_bytes == 0
            self._todo = 4 + (self._frame_checksum_bytes if self._last else block_bytes + self._block_checksum_bytes)
        data = bytes(self._stored.take(min(self._todo, size) if size >= 0 else self._todo))
        self._stored.advance(len(data))
        self._todo -= len(data)
        return data


def lz4_pieces(stored: Stored) -> Iterator[Piece | Damage]:
    """Decompress frame by frame."""
    while stored.peek(1):
        offset = stored.offset
        if stored.peek(4) != LZ4_MAGIC:
            stored.find(LZ4_MAGIC)
            yield Damage(
                offset,
                LossReason.BAD_COMPRESSION,
                f"found {stored.offset - offset} bytes that are no lz4 frame",
                cut=False,
            )
            continue
        made = 0
        try:
            reader = Lz4Reader(_Lz4Frame(stored))
            while data := reader.read(BLOCK_BYTES):
                yield Piece(None if made else offset, data)
                made += len(data)
        except (OSError, ValueError, IndexError) as error:
            stored.seek(offset + 1)
            found = stored.find(LZ4_MAGIC)
            reason = LossReason.BAD_COMPRESSION if found else LossReason.TRUNCATED_FILE
            yield Damage(offset, reason, f"an lz4 frame is damaged or cut: {error}", cut=made > 0)
