"""A window over the decompressed bytes of an archive: look-ahead for the parser, and a way back inside its record."""

import re
from collections import deque
from collections.abc import Iterator

from udfs.crawl.stored import Damage, Piece

_NOT_BLANK = re.compile(rb"[^\r\n]")


class Window:
    """Positions are counted in decompressed bytes from the start of the file.

    `data[0]` lies at `base`; what lies before `hold` may be dropped. `damage` is what follows the last byte of `data`:
    no more comes until the owner has set it to None.
    """

    def __init__(self, pieces: Iterator[Piece | Damage]) -> None:
        self._pieces = pieces
        self._starts: deque[tuple[int, int]] = deque()  # (position, stored offset) of members and frames
        self.data = b""
        self.base = 0
        self.hold = 0
        self.position = 0
        self.damage: Damage | None = None
        self.ended = False

    @property
    def end(self) -> int:
        """The position behind the last byte at hand."""
        return self.base + len(self.data)

    def ensure(self, size: int) -> bool:
        """Have `size` bytes from `position` on at hand; False where the data ends before."""
        missing = self.position + size - self.end
        if missing <= 0:
            return True
        parts: list[bytes] = []
        at = self.end
        while missing > 0 and self.damage is None and not self.ended:
            piece = next(self._pieces, None)
            if piece is None:
                self.ended = True
            elif isinstance(piece, Damage):
                self.damage = piece
            else:
                if piece.offset is not None:
                    self._starts.append((at, piece.offset))
                parts.append(piece.data)
                at += len(piece.data)
                missing -= len(piece.data)
        if parts:
            keep = min(self.hold, self.position)
            self.data = b"".join((self.data[keep - self.base :], *parts))
            self.base = keep
        return missing <= 0

    def skip_blank(self) -> int:
        """Move over line ends; returns how many bytes that were."""
        start = self.position
        while True:
            found = _NOT_BLANK.search(self.data, self.position - self.base)
            if found:
                self.position = self.base + found.start()
                return self.position - start
            self.position = self.end
            if self.position - start > 1 << 16:
                self.hold = self.position  # a file of line ends costs no memory
            if not self.ensure(1):
                return self.position - start

    def stored_offset(self, position: int) -> int:
        """Where the record at `position` lies in the stored file (see `Loss.offset`). Positions must not go back."""
        while len(self._starts) > 1 and self._starts[1][0] <= position:
            self._starts.popleft()
        if not self._starts:
            return position
        start, offset = self._starts[0]
        # A first member that holds many records is a file of one member, or a plain file.
        return offset + (position - start if offset == 0 else 0)

    def starts_between(self, first: int, last: int) -> list[int]:
        """The positions in [first, last) at which a member or frame begins."""
        if len(self._starts) < 2 and not (self._starts and self._starts[0][0] >= first):
            return []
        return [start for start, _ in self._starts if first <= start < last]

    def member_at(self, position: int) -> int | None:
        """The stored offset of the member or frame that begins at this very position."""
        return next((offset for start, offset in self._starts if start == position), None)

    def slice(self, first: int, last: int) -> bytes:
        """The bytes in [first, last), which must be at hand."""
        return self.data[first - self.base : last - self.base]
