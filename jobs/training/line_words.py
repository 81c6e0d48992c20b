"""The words that the refiner's model knows, and what MiniLM says of them.

A row of the table of words is a token that occurs on several pages of the training data, or a whole word of MiniLM's
vocabulary; the vectors of the latter are MiniLM's output for the word alone, reduced to their main components. What is
not in the table shares a row with words of the same ending.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jobs.training.encoder import encoder_folder
from jobs.training.line_pages import LinePage
from udfs.programs.tagging.facts import token_hash, tokens_of
from udfs.programs.tagging.words import FIRST_WORD

Hashes = NDArray[np.uint64]
FEWEST_PAGES = 3
FIXED_WIDTH = 64
_RUN_WORDS = 512


class Words(NamedTuple):
    """The table: `hashes` ascending, and a vector for each row (FIRST_WORD + words, FIXED_WIDTH); zeros where MiniLM
    says nothing."""

    hashes: Hashes
    vectors: NDArray[np.float32]


def known_words(pages: Iterable[LinePage]) -> Words:
    """The table for the pages of the training data."""
    seen: dict[int, int] = {}
    for page in pages:
        for value in np.unique(page.shown.hashes).tolist():
            seen[value] = seen.get(value, 0) + 1
    names = _encoder_words()
    by_hash = {token_hash(name): place for place, name in reversed(list(enumerate(names)))}
    often = {value for value, count in seen.items() if count >= FEWEST_PAGES}
    hashes = np.array(sorted(often | set(by_hash)), np.uint64)
    vectors = np.zeros((FIRST_WORD + len(hashes), FIXED_WIDTH), np.float32)
    reduced = _reduced(_encoded(names))
    for row, value in enumerate(hashes.tolist()):
        if value in by_hash:
            vectors[FIRST_WORD + row] = reduced[by_hash[value]]
    return Words(hashes, vectors)


def _encoder_words() -> list[str]:
    """Whole words of MiniLM's vocabulary that are one token of ours, in its order."""
    names = (encoder_folder() / "vocab.txt").read_text("utf-8").split("\n")
    return [name for name in names if name and not name.startswith(("##", "[")) and len(list(tokens_of(name))) == 1]


def _encoded(names: Sequence[str]) -> NDArray[np.float32]:
    """MiniLM's output for each word alone, the mean over its tokens."""
    import torch
    from transformers import BertModel

    from udfs.models.tokens import load_tokenizer

    tokenizer = load_tokenizer(Path(encoder_folder()) / "tokenizer.json")
    model = BertModel.from_pretrained(encoder_folder(), add_pooling_layer=False).eval()
    ids = torch.tensor([tokenizer.encode(name).ids[:3] for name in names])  # each is one token between two marks
    with torch.no_grad():
        runs = [model(input_ids=some).last_hidden_state.mean(1) for some in ids.split(_RUN_WORDS)]
    found: NDArray[np.float32] = torch.cat(runs).numpy()
    return found


def _reduced(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The first FIXED_WIDTH main components, of unit size on average; the sign of each is that of its largest
    weight."""
    centred = (vectors - vectors.mean(0)).astype(np.float64)
    _, axes = np.linalg.eigh(centred.T @ centred)
    axes = axes[:, ::-1][:, :FIXED_WIDTH]
    axes *= np.sign(axes[np.abs(axes).argmax(0), np.arange(FIXED_WIDTH)])
    found = centred @ axes
    reduced: NDArray[np.float32] = (found / found.std(0) ** 0.5 / np.mean(found.std(0) ** 0.5)).astype(np.float32)
    return reduced
