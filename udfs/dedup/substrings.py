"""Exact substring dedup: cut what stood, for `tokens` tokens or more, in an earlier text or earlier in the same one.

This is the definition, a dictionary of all windows of `tokens` tokens; `udfs/dedup/kernels/windows.py` and
`jobs/dedup_substring.py` give the same answer at the size of a crawl.

A token is a segment of UAX-29 that is not blank, compared as it is written; white space between tokens does not count.
Documents come in an explicit order. A window of tokens is a repeat if the same tokens stand in an earlier document, or
earlier in the same document without sharing a token with it; all tokens of a repeat are cut. So of "a a a a ..." the
first `tokens` tokens stay, and no text is cut for being like itself one word further on.

The first copy stays, in the earliest document that has it. Lee et al. (2021, "Deduplicating Training Data Makes
Language Models Better", section 4.1), who look for repeats of 50 tokens with a suffix array, cut every copy they find;
then nothing is left of a text that two documents share. Two repeats that meet are cut together, though nothing has to
hold both of them: what is promised is that every window of the cut has an earlier place, not the cut as a whole.

How the stage finds repeats without comparing pairs. Of each `tokens` tokens in a row the run of `anchor_tokens` with
the smallest hash is an anchor. Two equal windows have equal anchors, so a window whose anchor occurs once in the batch
is no repeat: Schleimer, Wilkerson, Aiken (2003, "Winnowing: Local Algorithms for Document Fingerprinting", section 3)
prove it, with k = `anchor_tokens` and t = `tokens`. About one run in (tokens - anchor_tokens + 2) / 2 is an anchor, and
only these are shuffled for every document. The windows of anchors that occur again are then hashed whole (128 bits),
and of equal ones the first in order stays. The alternative, to link each anchor to earlier ones and extend the match
both ways, needs pairs: links to the first occurrence only are not enough, because two later documents may have more in
common with each other than with the first, and all pairs of a million occurrences are too many. Hashing windows costs
one row for each token of a repeat, whatever the number of copies, and joins no text with text.

"Exact" is as good as the hashes: 64 bits of a token, 128 bits of a window.
"""

from collections.abc import Iterable, Sequence
from typing import Self

from pydantic import Field, model_validator

from udfs.settings import Section
from udfs.text.edits import Edit
from udfs.text.words import unicode_word_spans

REASON = "repeated_substring"
GAPS = ("", " ", "\n", "\n\n")  # what stands in place of a cut, by the level of the gap; see `gap_level`

Span = tuple[int, int]


class SubstringSettings(Section):
    """Which repeats are cut, and how they are looked for."""

    enabled: bool = Field(False, description="cut texts that occurred before in the batch, and write `repeats`")
    tokens: int = Field(
        50, ge=2, le=1000, description="tokens (UAX-29, punctuation too) of the shortest repeat that is cut"
    )
    anchor_tokens: int = Field(
        25,
        ge=1,
        le=1000,
        description="tokens of an anchor, at most `tokens`; more of them make more anchors to shuffle and fewer false "
        "alarms, and change no result",
    )

    @model_validator(mode="after")
    def _anchors_fit(self) -> Self:
        if self.anchor_tokens > self.tokens:
            raise ValueError(
                f"found anchor_tokens {self.anchor_tokens} with tokens {self.tokens}, expected an anchor no longer "
                f"than a repeat; set anchor_tokens to {(self.tokens + 1) // 2}"
            )
        return self


def token_spans(text: str) -> list[Span]:
    """Where the tokens are: start and end in code points."""
    return [(start, end) for start, end in unicode_word_spans(text) if not text[start:end].isspace()]


def cut_repeats(texts: Iterable[str], settings: SubstringSettings) -> list[tuple[Edit, ...]]:
    """What is cut of each text, the texts in their order."""
    first: dict[tuple[str, ...], tuple[int, int]] = {}
    cuts = []
    for document, text in enumerate(texts):
        spans = token_spans(text)
        repeated = repeated_windows(document, [text[start:end] for start, end in spans], first, settings.tokens)
        cuts.append(tuple(edit(text, spans, *run) for run in joined_runs(repeated, settings.tokens)))
    return cuts


def repeated_windows(
    document: int, tokens: Sequence[str], first: dict[tuple[str, ...], tuple[int, int]], size: int
) -> list[int]:
    """Where windows of `size` tokens begin that are repeats. `first` has for each window of earlier documents the
    document and place of its first copy; those of this document are put in."""
    repeated = []
    for at in range(len(tokens) - size + 1):
        earlier, place = first.setdefault(tuple(tokens[at : at + size]), (document, at))
        if earlier < document or place + size <= at:
            repeated.append(at)
    return repeated


def joined_runs(starts: Iterable[int], size: int) -> list[Span]:
    """First and last window of each run of windows that overlap or touch; `starts` ascend."""
    runs: list[Span] = []
    for at in starts:
        if runs and at <= runs[-1][1] + size:
            runs[-1] = (runs[-1][0], at)
        else:
            runs.append((at, at))
    return [(first, last + size) for first, last in runs]


def edit(text: str, spans: Sequence[Span], first: int, end: int) -> Edit:
    """The cut of the tokens from number `first` up to, not including, number `end`.

    It takes the white space on both sides along and leaves the stronger of the two gaps in normal form, so that words
    are not glued together and paragraphs stay apart: nothing at either end of the text, else two line feeds, one, or a
    space, and a space also where there was no gap.
    """
    start, stop = spans[first - 1][1] if first else 0, spans[end][0] if end < len(spans) else len(text)
    if first == 0 or end == len(spans):
        return Edit(start, stop, "", REASON)
    before, after = text[start : spans[first][0]], text[spans[end - 1][1] : stop]
    return Edit(start, stop, GAPS[max(gap_level(before), gap_level(after))], REASON)


def gap_level(gap: str) -> int:
    """Level of the gap between two tokens, an index of GAPS: 1, and one more for each of its first two line feeds."""
    return 1 + min(gap.count("\n"), 2)
