"""The words of a line as rows of the model's table: what the model is shown of its words."""

import numpy as np
from numpy.typing import NDArray

from udfs.programs.tagging.features import ShownLines
from udfs.text.kernels.line_facts import shown_tokens

ENDINGS = 2048  # rows for words that are not in the table, by their endings
FIRST_WORD = 1 + ENDINGS  # row 0 is no word
HEAD_TOKENS, TAIL_TOKENS = 11, 5
SHOWN = HEAD_TOKENS + TAIL_TOKENS


def rows_of(shown: ShownLines, table: NDArray[np.uint64]) -> NDArray[np.int32]:
    """Of each line the rows of its first and last tokens, (lines, SHOWN), 0 behind. `table` is sorted."""
    places = np.searchsorted(table, shown.hashes)
    places[places == len(table)] = 0
    is_known = table[places] == shown.hashes if len(table) else np.zeros(len(places), bool)
    endings = 1 + (shown.endings % np.uint64(ENDINGS)).astype(np.int64)
    return shown_tokens(shown.bounds, np.where(is_known, FIRST_WORD + places, endings), HEAD_TOKENS, TAIL_TOKENS)
