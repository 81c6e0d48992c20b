"""Find records in decompressed bytes, whatever those bytes are: the tolerant path of the reader.

Every record that is intact is given, everything else is a `Loss`, and the search goes on at the next record. Bytes are
read once, forward; a record larger than the limits is never held.
"""

import re
from collections.abc import Iterator

from udfs.crawl.compression import ARC_LINE, WARC_LINE
from udfs.crawl.losses import Loss, LossReason
from udfs.crawl.warc import PAGE_KINDS, Head, ReadLimits, Record, arc_head, counted, is_confirmed, parsed, warc_head
from udfs.crawl.window import Window

# Both begin with a plain line end, which the engine finds fast.
_NEXT_WARC = re.compile(rb"\n(?i:WARC)/\d+\.\d+[ \t]*\r?\n(?=[A-Za-z][\w\-]*[ \t]*:)")
_NEXT_ARC = re.compile(rb"\n" + ARC_LINE.pattern)
_LINE_BYTES = 1 << 13  # the longest first line of a record that is recognised


class Scanner:
    """Parses one archive. Each method leaves the window behind what it has dealt with."""

    def __init__(self, window: Window, limits: ReadLimits, is_arc: bool | None = None) -> None:
        self._window = window
        self._limits = limits
        self._is_arc = is_arc  # None until the first record

    def items(self) -> Iterator[Record | Loss]:
        """Every record and loss of the file."""
        window = self._window
        while True:
            window.skip_blank()
            window.hold = window.position
            if window.ensure(1):
                head = self._head()
                yield head if isinstance(head, Loss) else self._record(head)
            elif window.damage is not None:
                yield self._damage_loss()
            elif window.ended:
                return

    def resume_offset(self) -> int | None:
        """Where in the stored file another reader can go on: None unless a member begins at the next record."""
        window = self._window
        window.skip_blank()
        return window.member_at(window.position) if window.ensure(1) else None

    def _damage_loss(self, head: Head | None = None) -> Loss:
        """The damage at the end of the window, as the loss of a record or of bytes before one; reading can go on."""
        damage = self._window.damage
        assert damage is not None
        self._window.damage = None
        if head is not None:
            return head.loss(damage.reason, damage.detail)
        return Loss(damage.offset, damage.reason, damage.detail)

    def _is_damage_here(self) -> bool:
        """Whether the member that gave the bytes before this position broke off here."""
        window = self._window
        return window.position == window.end and window.damage is not None and window.damage.cut

    # Headers

    def _at_record(self) -> bool:
        """Whether a record begins here."""
        window = self._window
        window.ensure(16)
        if self._is_arc is not True and WARC_LINE.match(window.data, window.position - window.base):
            return True
        if self._is_arc is False:
            return False
        window.ensure(_LINE_BYTES)
        return ARC_LINE.match(window.data, window.position - window.base) is not None

    def _head(self) -> Head | Loss:
        window = self._window
        offset = window.stored_offset(window.position)
        if not self._at_record():
            start_of_file = self._is_arc is None
            skipped = self._seek_record()
            if self._is_damage_here():
                return self._damage_loss()
            if start_of_file and window.position == window.end and window.ended:
                return Loss(
                    offset, LossReason.UNREADABLE_FILE, f"found {skipped} bytes and no record of a WARC or ARC file"
                )
            return Loss(offset, LossReason.BAD_RECORD, f"found {skipped} bytes that are no record header")
        warc = WARC_LINE.match(window.data, window.position - window.base)
        self._is_arc = warc is None
        if warc:
            return self._warc_head(offset)
        line = ARC_LINE.match(window.data, window.position - window.base)
        assert line is not None
        window.position = window.base + line.end()
        return arc_head(offset, line)

    def _warc_head(self, offset: int) -> Head | Loss:
        window = self._window
        end = self._header_end()
        if end is None:
            skipped = self._seek_record()
            if self._is_damage_here():
                return self._damage_loss()
            at_end = window.position == window.end and window.ended
            reason = LossReason.TRUNCATED_FILE if at_end else LossReason.BAD_RECORD
            return Loss(offset, reason, f"a record header of {skipped} bytes has no end")
        block = window.slice(window.position, end)
        window.position = end
        return warc_head(offset, block)

    def _header_end(self) -> int | None:
        """The position behind the blank line; None where another record begins before, or there is no such line."""
        window = self._window
        size = 1 << 12
        while True:
            complete = window.ensure(size)
            first = window.position - window.base
            last = first + self._limits.max_header_bytes
            crlf = window.data.find(b"\r\n\r\n", first, last)
            bare = window.data.find(b"\n\n", first, crlf if crlf >= 0 else last)
            end = bare + 2 if bare >= 0 else crlf + 4
            if bare >= 0 or crlf >= 0:
                inner = window.data.find(b"\nWARC/", first, end)
                return None if inner >= 0 and _NEXT_WARC.match(window.data, inner) else window.base + end
            if not complete or size >= self._limits.max_header_bytes:
                return None
            size *= 2

    # The next record

    def _next_record(self, first: int, last: int) -> int | None:
        """The position in [first, last), all at hand, at which the next record begins."""
        window = self._window
        found = []
        low, high = first - window.base, last - window.base
        for is_arc, pattern in ((False, _NEXT_WARC), (True, _NEXT_ARC)):
            if self._is_arc in (None, is_arc) and (match := pattern.search(window.data, low - 1)):
                found.append(match.start() + 1)
        # A member may open with a record although the one before it does not end with a line.
        for start in window.starts_between(first, last):
            at = start - window.base
            if WARC_LINE.match(window.data, at) or (self._is_arc and ARC_LINE.match(window.data, at)):
                found.append(at)
        return window.base + min(found) if found and min(found) < high else None

    def _seek_record(self, until: int | None = None) -> int:
        """Move to the next record behind this byte, or to the end of the data (to `until`, if that comes first).

        Returns how many bytes were skipped.
        """
        window = self._window
        start = window.position
        first = start + 1
        while True:
            last = window.end if until is None else min(until, window.end)
            found = self._next_record(first, last) if first < last else None
            if found is not None:
                window.position = found
            elif last == until:
                window.position = until
            else:
                first = max(first, last - _LINE_BYTES)  # a first line may be cut by the window's end
                window.position = last
                window.hold = first - 1
                if window.ensure(1):
                    continue
            window.hold = window.position
            return window.position - start

    # Contents

    def _record(self, head: Head) -> Record | Loss:
        window = self._window
        if not head.kind:
            return head.loss(LossReason.BAD_RECORD, f"no WARC-Type in the header; skipped {self._seek_record()} bytes")
        if head.length is None:
            return head.loss(LossReason.BAD_RECORD, f"no readable Content-Length; skipped {self._seek_record()} bytes")
        if head.length > self._limits.max_page_bytes + self._limits.max_header_bytes:
            return self._large_record(head, head.length)
        start, end = window.position, window.position + head.length
        if not window.ensure(head.length):
            return self._cut_record(head, start)
        for member in window.starts_between(start + 1, end):
            window.position = member
            if self._at_record():
                return head.loss(
                    LossReason.TRUNCATED_FILE, f"the record ends after {member - start} of {head.length} bytes"
                )
        window.position = end
        return self._bad_end(head, start, end) or parsed(head, window.slice(start, end), self._limits.max_page_bytes)

    def _large_record(self, head: Head, length: int) -> Record | Loss:
        """Skip a record too large to hold. Its length is not trusted: a record found inside it is the next one."""
        window = self._window
        end = window.position + length
        skipped = self._seek_record(until=end)
        if window.position == window.end < end and window.damage is not None:
            loss = self._damage_loss(head)
        else:
            loss = head.loss(LossReason.TRUNCATED_FILE, f"the record ends after {skipped} of {length} bytes")
        if head.kind in PAGE_KINDS:
            return head.loss(
                LossReason.TOO_LARGE, f"the record has {length} bytes, more than {self._limits.max_page_bytes}"
            )
        return counted(head) if window.position == end else loss

    def _cut_record(self, head: Head, start: int) -> Loss:
        """A record whose content goes beyond the data. Too long a Content-Length may hide records that are there."""
        window = self._window
        found = self._next_record(start, window.end)
        if found is not None:
            window.position = found
            return head.loss(
                LossReason.BAD_RECORD, f"Content-Length is {head.length}, the next record begins after {found - start}"
            )
        window.position = window.end
        if window.damage is not None:
            return self._damage_loss(head)
        return head.loss(
            LossReason.TRUNCATED_FILE, f"the file ends after {window.end - start} of {head.length} bytes of the record"
        )

    def _bad_end(self, head: Head, start: int, end: int) -> Loss | None:
        """Check that a record or the end follows the content. Else the length may be wrong and the page incomplete."""
        window = self._window
        blank = window.skip_blank()
        if not window.ensure(1):
            return self._damage_loss(head) if self._is_damage_here() else None
        if self._at_record():
            return None
        found = self._next_record(start, end)
        if found is not None:
            window.position = found
            return head.loss(
                LossReason.BAD_RECORD, f"Content-Length is {head.length}, the next record begins after {found - start}"
            )
        separator = b"\n" if self._is_arc else b"\r\n\r\n"
        if head.kind not in PAGE_KINDS or window.slice(end, end + blank).startswith(separator):
            return None  # garbage between records, which the next step skips
        if is_confirmed(window.slice(start, end)):
            return None
        skipped = self._seek_record()
        return head.loss(
            LossReason.BAD_RECORD, f"no end of record after {head.length} bytes, but {skipped} more that are no record"
        )
