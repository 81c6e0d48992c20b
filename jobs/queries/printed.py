"""The rows of an answer on a terminal: aligned columns, numbers to the right, and long cells cut with a mark, so that a
row is a line; where the columns are too many for that, a block of lines for each row."""

import json
import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa

from jobs.review.terminal import columns_of, fitted
from jobs.runtime.console import printable

MOST_IN_CELL = 80  # columns of a cell where no terminal says how wide a line may be
LEAST_IN_CELL = 8  # a table whose text columns would be narrower is shown in blocks
GAP = "  "
_EXACT = 1e15  # from here on a float has no decimals anyway


def as_text(rows: pa.Table, width: int) -> str:
    """`rows` as a table, or as blocks. `width`: columns of the terminal, 0 where there is none."""
    names = [printable(name) for name in rows.column_names]
    columns = [[cell(value) for value in column.to_pylist()] for column in rows.columns]
    is_number = [_is_number(kind) for kind in rows.schema.types]
    sizes = [max(_size(one) for one in (name, *cells)) for name, cells in zip(names, columns, strict=True)]
    most = width or MOST_IN_CELL
    sizes = [size if fixed else min(size, most) for size, fixed in zip(sizes, is_number, strict=True)]
    fitting = _narrowed(sizes, is_number, width)
    if fitting is None:
        return _blocks(names, columns, width)
    lines = [names, ["-" * size for size in fitting], *(list(line) for line in zip(*columns, strict=True))]
    return "\n".join(_line(line, fitting, is_number) for line in lines)


def cell(value: Any) -> str:
    """A value as one line of text; null is a dash."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return number(value)
    return printable(" ".join(plain(value, short=True).split()))


def number(value: float) -> str:
    """A float with four digits that count, and all digits before the point."""
    if not math.isfinite(value) or (value and not 1e-4 <= abs(value) < _EXACT):
        return f"{value:.4g}"
    whole = len(str(int(abs(value))))
    shown = f"{value:.{max(4 - whole, 0)}f}" if abs(value) >= 1 else f"{value:.4g}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def plain(value: Any, *, short: bool = False) -> str:
    """A value that is no float as text: a moment in UTC without its zone, bytes as hexadecimal digits, what is nested
    as JSON, in which floats may be short."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(" ", "microseconds" if value.microsecond else "seconds")
    if isinstance(value, (bytes, bytearray)):
        return value.hex()
    if isinstance(value, (Mapping, list)):
        return json.dumps(_for_json(value, short=short), ensure_ascii=False)
    return str(value)


def _for_json(value: Any, *, short: bool) -> Any:
    """Nested values for JSON; a map, which Arrow has as pairs, is an object."""
    if isinstance(value, Mapping):
        return {str(key): _for_json(one, short=short) for key, one in value.items()}
    if isinstance(value, list) and value and all(isinstance(one, tuple) and len(one) == 2 for one in value):
        return {str(key): _for_json(one, short=short) for key, one in value}
    if isinstance(value, list):
        return [_for_json(one, short=short) for one in value]
    if isinstance(value, float) and math.isfinite(value):
        return float(number(value)) if short else value
    return value if value is None or isinstance(value, (bool, int, str)) else plain(value)


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _size(text: str) -> int:
    return len(text) if text.isascii() else sum(map(columns_of, text))


def _narrowed(sizes: Sequence[int], is_number: Sequence[bool], width: int) -> list[int] | None:
    """Sizes that fit into a line: the widest columns of text give way first, all to the same size. None where they
    would have to become too narrow."""
    gaps = len(GAP) * (len(sizes) - 1)
    if not width or sum(sizes) + gaps <= width:
        return list(sizes)
    for most in range(max(sizes), LEAST_IN_CELL - 1, -1):
        tried = [size if fixed else min(size, most) for size, fixed in zip(sizes, is_number, strict=True)]
        if sum(tried) + gaps <= width:
            return tried
    return None


def _line(cells: Sequence[str], sizes: Sequence[int], is_number: Sequence[bool]) -> str:
    parts = []
    for text, size, right in zip(cells, sizes, is_number, strict=True):
        shown = fitted(text, size)
        blank = " " * (size - _size(shown))
        parts.append(blank + shown if right else shown + blank)
    return GAP.join(parts).rstrip()


def _blocks(names: Sequence[str], columns: Sequence[Sequence[str]], width: int) -> str:
    left = min(max(map(_size, names)), width // 2)
    blocks = []
    for place in range(len(columns[0])):
        lines = [f"row {place + 1}", "-" * min(width, left + 10)]
        for name, cells in zip(names, columns, strict=True):
            shown = fitted(name, left)
            lines.append(f"{shown}{' ' * (left - _size(shown))}{GAP}{fitted(cells[place], width - left - len(GAP))}")
        blocks.append("\n".join(line.rstrip() for line in lines))
    return "\n\n".join(blocks) or "no rows"
