"""What a teacher is shown of a text: cleaned as DataMan cleans it, and of a long one its beginning and its end.

The first and the last 947 tokens stay, with no mark between them, as in DataMan's annotation (its raters are shown
another cut, in `udfs.models.dataman.truncation`). Tokens are those of any tokenizer, or words where none is given. The
text is cut at offsets, never decoded from tokens: what is shown stands in the text. All of it takes time linear in the
text, and memory for a piece of it.
"""

import re
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from udfs.models.dataman.truncation import cleaned
from udfs.models.tokens import PIECE_CHARS, pieces
from udfs.text.scripts import UNSPACED

HALF_TOKENS = 947

Span = tuple[int, int]
Spans = Callable[[str], Iterator[Span]]
"""Where the tokens of a text are, in order, in code points."""

# A character of a script without spaces, or a run of others; a run of more than 24 is several words, so that no text
# is all one word.
_WORD = re.compile(rf"{UNSPACED.pattern}|(?:(?!{UNSPACED.pattern})\S){{1,24}}")


def words(text: str) -> Iterator[Span]:
    """The words of a text: what is between white space; a character each in scripts that put none between words."""
    return (match.span() for match in _WORD.finditer(text))


def tokens_of(tokenizer: Any) -> Spans:
    """Tokens of a tokenizer from `udfs.models.tokens.load_tokenizer`, those of the undivided text but for one where a
    piece of a long text ends."""

    def spans(text: str) -> Iterator[Span]:
        place = 0
        for piece in pieces(text, PIECE_CHARS):
            for start, end in tokenizer.encode(piece, add_special_tokens=False).offsets:
                yield place + start, place + end
            place += len(piece)

    return spans


def clipped(text: str, spans: Spans = words, half: int = HALF_TOKENS) -> str:
    """The first and the last `half` tokens of a text, or all of it where it has no more; without white space at the
    ends."""
    head, count = 0, 0
    starts: deque[int] = deque(maxlen=half)
    for start, end in spans(text):
        count += 1
        starts.append(start)
        if count <= half:
            head = max(head, end)
    if count <= 2 * half:
        return text.strip()
    return (text[:head] + text[max(starts[0], head) :]).strip()


def shown(text: str, spans: Spans = words, half: int = HALF_TOKENS) -> str:
    """What a teacher is shown of a text."""
    return clipped(cleaned(text), spans, half)
