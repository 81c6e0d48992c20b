"""What is cut from a document whose n-grams were seen before, mode by mode, in plain Python: the definition of
`udfs.dedup.deduper`.

The modes are those of DCLM's BFF (arXiv 2406.11794, appendix L; mlfoundations/dclm, dedup/bff). A document is taken
with what was seen before it, a set or anything with `in` and `add`, and adds what is new in it:

paragraph   cut each paragraph with more than the threshold of its n-grams seen; insert those of the others at once, so
            that a document's own repeats go too. A paragraph begins with its newline.
document    the same with the whole text as the only paragraph.
old-both    as paragraph; then drop the document if more than the threshold of all its n-grams, cut or not, were seen.
            What was inserted stays.
both        n-grams run on over paragraphs; all are looked up before any is inserted. Drop the document at the threshold
            or above; else cut the paragraphs that reach it by the n-grams inside them, insert what touches none of
            those, and cut white space at the end.
substring   cut passages of at least `substring_tokens` tokens that were seen, n-gram by n-gram, or nearly (`merged`);
            insert the n-grams of the text between, and cut white space at the end.
exact       drop the document if its whole text was seen.

Where the published code does not do what it says, this does what it says: in `both` it never leaves the first
paragraph, so it cuts no other; in `substring` it loses merged passages on the way back through the text, and white
space before the first token.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from enum import StrEnum
from itertools import pairwise
from typing import Any, NamedTuple, Protocol

from udfs.dedup.bloom import BloomSettings
from udfs.dedup.ngrams import ngram_hash, ngrams, tokens
from udfs.dedup.passages import Span, joined, merged
from udfs.text.edits import Edit, apply

Key = Callable[[Sequence[str]], Hashable]


class BloomReason(StrEnum):
    """Why a document is not kept."""

    SEEN_DOCUMENT = "seen_document"  # too many of its n-grams, or its whole text, came in earlier documents
    SEEN_PARAGRAPHS = "seen_paragraphs"  # what came in earlier text was cut, and no text is left
    NO_TEXT = "no_text"  # the text that the stage received is blank


class BloomCut(StrEnum):
    """Reasons of edits."""

    SEEN_DOCUMENT = "seen_document"  # the whole text of a document that is dropped
    SEEN_PARAGRAPH = "seen_paragraph"  # a paragraph with its newline
    SEEN_SUBSTRING = "seen_substring"  # a passage
    TRAILING_SPACE = "trailing_space"  # white space at the end of what is left


class Seen(Protocol):
    """What was seen before: a set, or a filter."""

    def __contains__(self, ngram: Any, /) -> bool: ...
    def add(self, ngram: Any, /) -> None:
        """Insert an n-gram."""


class Verdict(NamedTuple):
    """What becomes of a document."""

    edits: tuple[Edit, ...]  # in code points; one over the whole text where the document is dropped
    contained: int  # n-grams that had been seen
    ngrams: int
    reason: BloomReason | None  # None where it is kept


def deduplicated(text: str, settings: BloomSettings, seen: Seen, key: Key = ngram_hash) -> Verdict:
    """Look up the n-grams of a document in `seen`, say what is cut, and insert what is new. `key` is what `seen` holds
    of an n-gram."""
    if settings.mode == "substring":
        return _substring(text, settings, seen, key)
    if settings.mode == "both":
        return _both(text, settings, seen, key)
    counts = []
    for found, end in windows(text, settings, key):
        contained = sum(ngram in seen for ngram in found)
        if settings.update and not reached(contained, len(found), settings):
            _add(seen, found)
        counts.append((contained, len(found), end))
    return of_counts(text, settings, counts)


def deduplicated_globally(texts: Iterable[str], settings: BloomSettings, key: Key = ngram_hash) -> list[Verdict]:
    """What becomes of documents when each n-gram counts as seen but where it occurs for the first time, whether or not
    it was cut there: depends on their order only, and on no filter or shard. Not for mode substring, whose passages are
    more than counts."""
    seen: set[Hashable] = set()
    verdicts = []
    for text in texts:
        counts = []
        for found, end in windows(text, settings, key):
            contained = 0
            for ngram in found:
                contained += ngram in seen
                seen.add(ngram)
            counts.append((contained, len(found), end))
        verdicts.append(of_counts(text, settings, counts))
    return verdicts


def primed(texts: Iterable[str], settings: BloomSettings, seen: Seen, key: Key = ngram_hash) -> None:
    """Insert all n-grams of `texts`."""
    for text in texts:
        if settings.mode == "substring":
            _add(seen, _passage_ngrams(text, settings, key))
        else:
            for found, _ in windows(text, settings, key):
                _add(seen, found)


def windows(text: str, settings: BloomSettings, key: Key) -> list[tuple[list[Hashable], int]]:
    """The n-grams of a text by paragraph, or of the text, and where each of these ends. In mode both a last window,
    which ends at 0, has the n-grams that cross paragraphs."""
    if settings.mode == "exact":
        return [([key((text,))], len(text))]
    bounds = [0, len(text)] if settings.mode == "document" else paragraph_bounds(text)
    if settings.mode != "both":
        return [(_all(text[start:end], settings, key), end) for start, end in pairwise(bounds)]
    found: list[tuple[list[Hashable], int]] = [([], end) for end in [*bounds[1:], 0]]
    for ngram, (first, last) in _placed(text, settings, key):
        found[first if first == last else -1][0].append(ngram)
    return found


def paragraph_bounds(text: str) -> list[int]:
    """Where paragraphs begin, each but the first at its newline, and the text's length."""
    return [0, *(at for at, character in enumerate(text) if character == "\n"), len(text)]


def _all(text: str, settings: BloomSettings, key: Key) -> list[Hashable]:
    words = [word for _, word in tokens(text)]
    return [key(ngram) for ngram in ngrams(words, settings.min_ngram, settings.max_ngram)]


def _add(seen: Seen, ngrams: Iterable[Hashable]) -> None:
    for ngram in ngrams:
        seen.add(ngram)


def reached(contained: int, ngrams: int, settings: BloomSettings) -> bool:
    """Whether so many seen n-grams make a duplicate; never where there are none (0/0)."""
    if not ngrams:
        return False
    ratio = contained / ngrams
    if settings.mode == "both":
        return ratio >= settings.threshold
    return contained > 0 if settings.mode == "exact" else ratio > settings.threshold


def of_counts(text: str, settings: BloomSettings, counts: Sequence[tuple[int, int, int]]) -> Verdict:
    """The verdict from what is contained: for each of `windows` its seen n-grams, all its n-grams, and its end."""
    contained, total = sum(one[0] for one in counts), sum(one[1] for one in counts)
    cuts, start = [], 0
    for seen_here, ngrams_here, end in counts:
        if start < end and reached(seen_here, ngrams_here, settings):
            cuts.append((start, end))
        start = end
    dropped = settings.mode != "paragraph" and reached(contained, total, settings)
    return _verdict(text, BloomCut.SEEN_PARAGRAPH, cuts, contained, total, dropped, settings.mode == "both")


def _both(text: str, settings: BloomSettings, seen: Seen, key: Key) -> Verdict:
    counts = [(sum(n in seen for n in found), len(found), end) for found, end in windows(text, settings, key)]
    removed = [reached(contained, total, settings) for contained, total, _ in counts[:-1]]
    if settings.update and not reached(sum(one[0] for one in counts), sum(one[1] for one in counts), settings):
        placed = _placed(text, settings, key)
        _add(seen, (ngram for ngram, (first, last) in placed if not any(removed[first : last + 1])))
    return of_counts(text, settings, counts)


def _placed(text: str, settings: BloomSettings, key: Key) -> list[tuple[Hashable, Span]]:
    """The n-grams over all of a text, each with its first and last paragraph."""
    lines, line, bounds = [], 0, paragraph_bounds(text)
    for start, _ in tokens(text):
        while start >= bounds[line + 1]:
            line += 1
        lines.append(line)
    length = min(len(lines), settings.max_ngram)
    found = _all(text, settings, key)
    return [(ngram, (lines[at], lines[at + length - 1])) for at, ngram in enumerate(found)]


def _passage_ngrams(text: str, settings: BloomSettings, key: Key) -> list[Hashable]:
    return _all(text, settings.model_copy(update={"min_ngram": settings.max_ngram}), key)


def _substring(text: str, settings: BloomSettings, seen: Seen, key: Key) -> Verdict:
    starts = [start for start, _ in tokens(text)]
    longest = settings.max_ngram
    found = _passage_ngrams(text, settings, key)
    contained = [ngram in seen for ngram in found]
    runs = [(at, at + longest) for at, is_seen in enumerate(contained) if is_seen]
    near = merged(joined(runs), settings.threshold)
    passages = [(start, end) for start, end in near if end - start >= settings.substring_tokens]
    if settings.update:
        edges = [0, *(edge for passage in passages for edge in passage), len(starts)]
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            _add(seen, found[start : max(end - longest + 1, start)])
    places = [*starts, len(text)]
    cuts = [(places[start], places[end]) for start, end in passages]
    return _verdict(text, BloomCut.SEEN_SUBSTRING, cuts, sum(contained), len(found), False, True)


def _verdict(
    text: str, reason: BloomCut, cuts: Sequence[Span], contained: int, total: int, dropped: bool, trimmed: bool
) -> Verdict:
    if dropped:
        whole = (Edit(0, len(text), "", BloomCut.SEEN_DOCUMENT),) if text else ()
        return Verdict(whole, contained, total, BloomReason.SEEN_DOCUMENT)
    edits = tuple(Edit(start, end, "", reason) for start, end in cuts)
    if trimmed and total:
        edits = _trimmed(text, edits)
    if apply(text, edits).strip():
        return Verdict(edits, contained, total, None)
    return Verdict(edits, contained, total, BloomReason.SEEN_PARAGRAPHS if cuts else BloomReason.NO_TEXT)


def _trimmed(text: str, edits: tuple[Edit, ...]) -> tuple[Edit, ...]:
    """The edits and those that cut white space from the end of what they leave."""
    end, more = len(text), []
    for edit in (*edits[::-1], Edit(0, 0, "", "")):
        start = max(edit.end, edit.end + len(text[edit.end : end].rstrip()))
        if start < end:
            more.append(Edit(start, end, "", BloomCut.TRAILING_SPACE))
        if start > edit.end:
            break
        end = edit.start
    return tuple(sorted((*edits, *more)))
