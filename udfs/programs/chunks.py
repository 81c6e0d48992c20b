"""A document as numbered lines in windows that fit a model, without losing a character (ProX, arXiv 2409.17115,
section 2.2; the packing is that of its published code, `trunc_text`).

Lines are what newlines separate, and nothing else ends one. They are numbered over the whole document from 0, so a
program names the same line whatever chunk it was written for. All chunks of a text, also those that no model is shown,
cover it from its first to its last character; nothing is counted twice.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

from pydantic import Field

from udfs.programs.lengths import words
from udfs.settings import Section

Measure = Callable[[Sequence[str]], Sequence[int]]
"""What each of some numbered lines costs of a window."""

# A line of more characters for each unit of the window is over-long without being measured, so that neither a line of
# 10 MB nor a word of 10 MB can fill memory. The longest token of Llama 2 has 16 characters.
CHARACTERS_PER_UNIT = 32

_BATCH_CHARS = 1 << 18  # lines that are measured at a time
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class ChunkSettings(Section):
    """How a document is cut for a model."""

    window: int = Field(default=1500, ge=50, le=1_000_000, description="most tokens or words in a chunk, prompt aside")
    unit: Literal["tokens", "words"] = Field(
        default="tokens", description="tokens of the model's own tokenizer, or words where there is none"
    )
    long_lines: Literal["skip", "split", "compat"] = Field(
        default="skip",
        description="a line over the window: skip it (no model sees it, it stays), split it into chunks of its own, or "
        "send it whole as the published code does",
    )
    chunks_max: int = Field(
        default=1000, ge=1, description="most chunks of one document that a model is shown; what follows stays as it is"
    )


class Chunk(NamedTuple):
    """`text[start:end]` is the chunk's lines, without the newline behind the last; positions are code points.

    A piece of a line that was split has that line as its first and its last one, and ends inside it: what a program
    says of the line was said by a model that saw this piece alone.
    """

    number: int  # place among the chunks of the document, skipped ones counted
    first_line: int
    last_line: int  # the last one itself, not the one behind it
    start: int
    end: int
    skipped: Literal["", "long_line", "many_chunks"] = ""  # why no model is shown it


def numbered_line(number: int, line: str) -> str:
    """`[007]the line`: at least three digits, no blank."""
    return f"[{number:03d}]{line}"


def numbered(lines: str, first_line: int) -> str:
    """The lines of a chunk, each behind its number in the document."""
    return "\n".join(numbered_line(first_line + place, line) for place, line in enumerate(lines.split("\n")))


def chunks(text: str, measure: Measure, settings: ChunkSettings) -> list[Chunk]:
    """The chunks of `text` in its order; none of an empty one.

    A chunk takes lines as long as their costs fit the window together. Time and memory follow the text's length.
    """
    if not text:
        return []
    lines = text.split("\n")
    found: list[Chunk] = []
    start = shown = 0
    for first, last, is_long in _runs(_costs(lines, measure, settings), settings.window):
        end = start + sum(map(len, lines[first : last + 1])) + last - first
        skipped: Literal["", "long_line"] = "long_line" if is_long and settings.long_lines == "skip" else ""
        is_split = is_long and settings.long_lines == "split"
        spans = _pieces(lines[first], first, start, measure, settings) if is_split else [(start, end)]
        for begin, stop in spans:
            if not skipped and shown == settings.chunks_max:
                found.append(Chunk(len(found), first, len(lines) - 1, begin, len(text), "many_chunks"))
                return found
            found.append(Chunk(len(found), first, last, begin, stop, skipped))
            shown += not skipped
        start = end + 1
    return found


def stitched(found: Sequence[Chunk], parts: Sequence[str]) -> str:
    """The text whose chunks have become `parts`: with a newline between them where `chunks` cut at one.

    Raises ValueError where there is not one part for each chunk.
    """
    if len(found) != len(parts):
        raise ValueError(f"found {len(parts)} parts for {len(found)} chunks, expected as many; give every chunk one")
    pieces: list[str] = []
    done = 0
    for chunk, part in zip(found, parts, strict=True):
        pieces += ("\n" * (chunk.start - done), part)
        done = chunk.end
    return "".join(pieces)


def merged_program(programs: Iterable[str]) -> str:
    """The programs of a document's chunks as one, as the published code runs them: blanks around each cut off."""
    return "\n".join(program.strip(" ") for program in programs)


def measure_of(settings: ChunkSettings, tokenizer: Any) -> Measure:
    """The measure that the settings name; `tokenizer` (as `udfs.models.tokens.load_tokenizer` gives it) may be None
    for words. Raises ValueError for tokens without one."""
    if settings.unit == "words":
        return word_costs
    if tokenizer is None:
        raise ValueError(
            "found no tokenizer, but unit is tokens; name the tokenizer.json of the model, or set unit: words"
        )
    return token_costs(tokenizer)


def token_costs(tokenizer: Any) -> Measure:
    """Tokens of each line and one for the newline behind it.

    The published code counts the line's first token `<s>` and no newline, which is the same number.
    """

    def measure(lines: Sequence[str]) -> list[int]:
        try:
            encoded = tokenizer.encode_batch_fast(lines, add_special_tokens=False)
        except (TypeError, UnicodeEncodeError):  # a lone surrogate, which is no text
            clean = [_LONE_SURROGATE.sub("\ufffd", line) for line in lines]
            encoded = tokenizer.encode_batch_fast(clean, add_special_tokens=False)
        return [len(one) + 1 for one in encoded]

    return measure


def word_costs(lines: Sequence[str]) -> list[int]:
    """Words of each line; in scripts without spaces, characters."""
    return [words(line) for line in lines]


def _costs(lines: Sequence[str], measure: Measure, settings: ChunkSettings) -> Iterator[int]:
    longest = settings.window * CHARACTERS_PER_UNIT
    batch: list[str] = []
    size = 0
    for number, line in enumerate(lines):
        if len(line) > longest:
            yield from measure(batch)
            yield settings.window + 1
            batch, size = [], 0
            continue
        batch.append(numbered_line(number, line))
        size += len(batch[-1])
        if size > _BATCH_CHARS:
            yield from measure(batch)
            batch, size = [], 0
    yield from measure(batch)


def _runs(costs: Iterable[int], window: int) -> Iterator[tuple[int, int, bool]]:
    """First and last line of each chunk, and whether it is one line that is over-long."""
    first = used = number = 0
    for number, cost in enumerate(costs):
        if used + cost <= window:
            used += cost
            continue
        if number > first:
            yield first, number - 1, False
        first, used = number, cost
        if cost > window:
            yield number, number, True
            first, used = number + 1, 0
    if first <= number:
        yield first, number, False


def _pieces(
    line: str, number: int, offset: int, measure: Measure, settings: ChunkSettings
) -> Iterator[tuple[int, int]]:
    """Cut an over-long line, which begins at `offset`, so that each piece with its number fits the window."""
    start = 0
    while start < len(line):
        end = _piece_end(line, start, number, measure, settings.window)
        yield offset + start, offset + end
        start = end


def _piece_end(line: str, start: int, number: int, measure: Measure, window: int) -> int:
    sample = line[start : start + window * 2]
    size = min(
        len(sample) * window // max(measure([numbered_line(number, sample)])[0], 1), window * CHARACTERS_PER_UNIT
    )
    while True:
        end = _after_blank(line, start, start + max(size, 1))
        (cost,) = measure([numbered_line(number, line[start:end])])
        if cost <= window or end - start == 1:
            return end
        size = (end - start) * window * 19 // (cost * 20)  # a little less than its share, so that few tries do


def _after_blank(line: str, start: int, end: int) -> int:
    """Where to cut at `end` or before it: behind the last blank of the second half, if there is one."""
    if end >= len(line):
        return len(line)
    blank = line.rfind(" ", (start + end) // 2, end)
    return end if blank < 0 else blank + 1
