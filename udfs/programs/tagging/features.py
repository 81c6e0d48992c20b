"""What the model is shown of the lines of a text beside their words: their shape, their place and their neighbours.

Lines with nothing to see are not shown; that they stand between two others is a feature of these.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from udfs.programs.tagging.facts import FACTS, KINDS
from udfs.text.kernels.line_facts import line_facts

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]
Hashes = NDArray[np.uint64]

LONG_CHARS = 60
PARAGRAPH_CHARS = 120
WINDOWS = (1, 3, 8, 25)  # lines on both sides whose mean is a feature
MOST_BLANKS = 3

_SHAPE = (
    "chars", "words", "letters", "upper", "digits", "spaces", "capitals", "commas", "stops", "separators", "unspaced",
    "links", "ats", "brackets", "longest", "word_chars",
)  # fmt: skip
_PLACE = (
    "blanks_before", "blanks_after", "place", "from_start", "from_end", "place_by_chars", "copies", "is_copy",
    "to_paragraph_before", "to_paragraph_after", "known_words", "sentence",
)  # fmt: skip
_PAGE = ("page_lines", "page_chars", "page_long_ratio", "page_mean_chars")
_AROUND = tuple(f"{name}_{size}" for size in WINDOWS for name in ("chars", "long", "stops", "capitals"))
FEATURES = (
    *_SHAPE,
    *(f"first_{kind}" for kind in range(KINDS)),
    *(f"last_{kind}" for kind in range(KINDS)),
    *_PLACE,
    *_PAGE,
    *_AROUND,
)


class ShownLines(NamedTuple):
    """The lines of a text with something to see. Tokens of line i are those from bounds[i] to bounds[i + 1]."""

    numbers: Integers  # of the lines in the text, ascending
    features: Floats  # (lines, FEATURES)
    bounds: Integers  # (lines + 1,)
    hashes: Hashes  # of tokens
    endings: Hashes


def shown_lines(text: str) -> ShownLines:
    """What the model is shown of a text, but for its vocabulary. Lone surrogates are taken for U+FFFD."""
    utf8 = np.frombuffer(text.encode("utf-8", "replace"), np.uint8)
    facts, keys, bounds, hashes, endings, is_word = line_facts(utf8)
    counts = dict(zip(FACTS, facts.T, strict=True))
    numbers = np.flatnonzero(counts["tokens"])
    lines = {name: values[numbers].astype(np.float64) for name, values in counts.items()}
    bounds = np.append(bounds[numbers], bounds[-1])  # lines that are left out have no tokens
    lines["length"] = lines["chars"] + lines["unspaced"]  # a character without spaces says as much as two letters
    known = _known_words(lines["length"], bounds, hashes, is_word)
    columns = [
        *_shape(lines),
        *_kinds(lines["first"]),
        *_kinds(lines["last"]),
        *_place(lines, numbers, len(facts), keys[numbers], known),
        *_page(lines["length"]),
        *_around(lines),
    ]
    features = np.array(columns, np.float32).reshape(len(FEATURES), -1).T
    return ShownLines(numbers, np.ascontiguousarray(features), bounds, hashes, endings)


def _shape(lines: dict[str, NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    chars, words = np.maximum(lines["chars"], 1), np.maximum(lines["words"], 1)
    letters = np.maximum(lines["letters"], 1)
    return [
        np.log1p(lines["chars"]),
        np.log1p(lines["words"]),
        lines["letters"] / chars,
        lines["upper"] / letters,
        lines["digits"] / chars,
        lines["spaces"] / chars,
        lines["capitals"] / words,
        np.minimum(lines["commas"] / words, 1),
        np.minimum(lines["stops"] / words, 1),
        np.minimum(lines["separators"] / words, 1),
        lines["unspaced"] / chars,
        np.minimum(lines["links"], 3),
        np.minimum(lines["ats"], 3),
        np.minimum(lines["brackets"] / words, 1),
        np.log1p(lines["longest"]),
        np.minimum(lines["chars"] / words, 30) / 10,
    ]


def _kinds(kinds: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = (kinds[None, :] == np.arange(KINDS)[:, None]).astype(np.float64)
    return found


def _place(
    lines: dict[str, NDArray[np.float64]], numbers: Integers, line_count: int, keys: Hashes, known: NDArray[np.float64]
) -> list[NDArray[np.float64]]:
    count = len(numbers)
    gaps = np.diff(np.concatenate([[-1], numbers, [line_count]])) - 1
    order = np.arange(count)
    _, first, inverse, copies = np.unique(keys, return_index=True, return_inverse=True, return_counts=True)
    behind = np.cumsum(lines["length"])
    is_paragraph = lines["length"] >= PARAGRAPH_CHARS
    before = order - np.maximum.accumulate(np.where(is_paragraph, order, -count - 1))
    after = np.minimum.accumulate(np.where(is_paragraph, order, 2 * count)[::-1])[::-1] - order
    return [
        np.minimum(gaps[:-1], MOST_BLANKS) / MOST_BLANKS,
        np.minimum(gaps[1:], MOST_BLANKS) / MOST_BLANKS,
        (order + 0.5) / max(count, 1),
        np.log1p(order),
        np.log1p(count - 1 - order),
        (behind - lines["length"] / 2) / max(behind[-1] if count else 1, 1),
        np.log(copies[inverse]),
        (first[inverse] != order).astype(np.float64),
        np.log1p(np.minimum(before, 50)),
        np.log1p(np.minimum(after, 50)),
        known,
        ((lines["last"] == 5) & (lines["words"] >= 8)).astype(np.float64),
    ]


def _page(chars: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    total, count = chars.sum(), len(chars)
    values = (np.log1p(count), np.log1p(total), chars[chars >= LONG_CHARS].sum() / max(total, 1), total / max(count, 1))
    return [np.full(count, value) for value in (*values[:3], np.log1p(values[3]))]


def _around(lines: dict[str, NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    """Means over the lines around each line, itself among them."""
    words = np.maximum(lines["words"], 1)
    values = np.array(
        [
            np.log1p(lines["length"]),
            lines["length"] >= LONG_CHARS,
            np.minimum(lines["stops"] / words, 1),
            lines["capitals"] / words,
        ]
    )
    count = values.shape[1]
    sums = np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, axis=1)], axis=1)
    order = np.arange(count)
    found: list[NDArray[np.float64]] = []
    for size in WINDOWS:
        low, high = np.maximum(order - size, 0), np.minimum(order + size + 1, count)
        found += list((sums[:, high] - sums[:, low]) / np.maximum(high - low, 1))
    return found


def _known_words(
    chars: NDArray[np.float64], bounds: Integers, hashes: Hashes, is_word: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """The share of a line's words that occur in another line of PARAGRAPH_CHARS or more characters."""
    sizes = np.diff(bounds)
    line_of = np.repeat(np.arange(len(sizes)), sizes)
    is_long = (chars >= PARAGRAPH_CHARS)[line_of] & is_word
    unique, inverse = np.unique(hashes, return_inverse=True)
    # How many long lines have the word: of a long line's own words one is its own.
    pairs = np.unique(inverse[is_long] * np.int64(len(sizes) + 1) + line_of[is_long])
    in_lines = np.bincount(pairs // (len(sizes) + 1), minlength=len(unique))
    elsewhere = in_lines[inverse] > np.where((chars >= PARAGRAPH_CHARS)[line_of], 1, 0)
    found = np.bincount(line_of, elsewhere & is_word, len(sizes))
    return found / np.maximum(np.bincount(line_of, is_word, len(sizes)), 1)
