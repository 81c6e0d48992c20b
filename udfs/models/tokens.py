"""The part of a text that an encoder sees, and the length of the whole text in tokens.

A text of any length is tokenised in pieces of bounded size, so memory does not follow the text: only the first and the
last tokens are kept.
"""

from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from udfs.models.manifest import ModelError

PIECE_CHARS = 1 << 15


class Window(NamedTuple):
    """`ids`: the first `head` and the last `tail` token ids of a text, all of them where it is no longer; `tokens`:
    its length in tokens.
    """

    ids: list[int]
    tokens: int


def load_tokenizer(path: Path) -> Any:
    """A `tokenizers.Tokenizer` without truncation and padding, to which `[SEP]` in a text is five ordinary
    characters. Raises ModelError.
    """
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises plain Exception for every fault of the file
        sentence = " ".join(str(error).split())[:300]
        raise ModelError(
            f"{path} cannot be read as a tokenizer ({sentence}); restore the file or make the model anew."
        ) from None
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.encode_special_tokens = True
    return tokenizer


def window(tokenizer: Any, text: str, head: int, tail: int, piece_chars: int = PIECE_CHARS) -> Window:
    """Tokenise `text` and keep its ends; no special tokens are added or counted.

    The count equals that of the undivided text, but for a run of `piece_chars` characters without a blank, which is cut
    inside. Raises what the tokenizer raises for a text that is no valid Unicode (TypeError, UnicodeEncodeError).
    """
    first: list[int] = []
    last: deque[int] = deque(maxlen=tail)
    tokens = 0
    for piece in pieces(text, piece_chars):
        ids = tokenizer.encode(piece, add_special_tokens=False).ids
        tokens += len(ids)
        taken = head - len(first)
        first += ids[:taken]
        last.extend(ids[taken:])
    return Window(first + list(last), tokens)


def pieces(text: str, piece_chars: int) -> Iterator[str]:
    """Cut `text` into pieces of at most `piece_chars` characters, each after the last blank or newline that fits, if
    there is one.
    """
    start = 0
    while len(text) - start > piece_chars:
        end = start + piece_chars
        blank = max(text.rfind(" ", start, end), text.rfind("\n", start, end))
        end = blank + 1 if blank > start else end
        yield text[start:end]
        start = end
    yield text[start:]
