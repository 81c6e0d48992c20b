"""The stored bytes of an archive with look-ahead, and what becomes of them: pieces of decompressed bytes and damage."""

from typing import BinaryIO, NamedTuple

from udfs.crawl.losses import LossReason

BLOCK_BYTES = 1 << 18
PROBE_BYTES = 1 << 12  # stored bytes that are enough to see how a member begins


class Piece(NamedTuple):
    """Decompressed bytes; `offset`, on the first piece of a member or frame, is where that begins in the file."""

    offset: int | None
    data: bytes


class Damage(NamedTuple):
    """Stored bytes that could not be decompressed. `cut`: the member gave a part of its bytes before."""

    offset: int
    reason: LossReason
    detail: str
    cut: bool


class Stored:
    """The stored file with look-ahead; seeks back only after damage."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._block = b""
        self._at = 0
        self.offset = 0

    def take(self, size: int) -> memoryview:
        """Up to `size` bytes from here, at least one where there is one; `advance` says how many were used."""
        if self._at >= len(self._block):
            self._block = self._stream.read(BLOCK_BYTES)
            self._at = 0
        return memoryview(self._block)[self._at : self._at + size]

    def peek(self, size: int) -> bytes:
        """Exactly `size` bytes from here, fewer at the end of the file."""
        while len(self._block) - self._at < size:
            more = self._stream.read(BLOCK_BYTES)
            if not more:
                break
            self._block = self._block[self._at :] + more
            self._at = 0
        return self._block[self._at : self._at + size]

    def advance(self, size: int) -> None:
        """Move on by bytes that `take` or `peek` has shown."""
        self._at += size
        self.offset += size

    def seek(self, offset: int) -> None:
        """Move anywhere."""
        self._stream.seek(offset)
        self._block, self._at, self.offset = b"", 0, offset

    def find(self, magic: bytes, last: int | None = None) -> bool:
        """Move to the next `magic` (not past offset `last`), or to the end of the file."""
        while True:
            head = self.peek(max(len(magic), PROBE_BYTES))
            place = self._block.find(magic, self._at)
            if place >= 0:
                self.advance(place - self._at)
                return last is None or self.offset <= last
            if len(head) < PROBE_BYTES or (last is not None and self.offset > last):
                self.advance(len(head))
                return False
            self.advance(len(self._block) - self._at - len(magic) + 1)
