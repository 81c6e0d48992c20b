"""Lines as `str.splitlines` cuts them, for kernels."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from udfs.text.kernels.characters import LINE_END, Utf8, characters_with, classes_of, decode
from udfs.text.kernels.compiling import inlined

_CR, _LF = 0x0D, 0x0A


def _first_bytes() -> NDArray[np.bool_]:
    """Bytes that are line ends, or begin characters that may be."""
    return np.isin(np.arange(256), [end.encode()[0] for end in characters_with(LINE_END)])


LINE_END_BYTES = _first_bytes()


@inlined
def line_end(text: Utf8, at: int) -> tuple[Any, Any]:
    """Where the line that begins at `at` ends, and where the next one begins, or the text ends."""
    while at < text.size:
        if not LINE_END_BYTES[text[at]]:
            at += 1
            continue
        code, width = decode(text, at)
        if classes_of(code) & LINE_END:
            following = at + width
            if code == _CR and following < text.size and text[following] == _LF:
                following += 1
            return at, following
        at += width
    return at, at
