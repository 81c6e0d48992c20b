"""English words and sentences as datatrove counts them: the tokens and sentences of spaCy's blank English pipeline.

datatrove 0.10.1 cuts English with `spacy.blank("en")` and the rule-based sentencizer (spaCy 3.8.18 here), so the
verdicts of its Gopher and FineWeb filters follow from these tokens. spaCy's documentation ("Linguistic features:
Tokenization", "Sentencizer") gives the rules; the lists stand in `udfs.text.english.exceptions`. This is the
definition; `udfs.text.kernels.english.words` is its compiled twin.

How a text is cut:
1. into runs of white space and runs of anything else; one space after a word is dropped, other white space is a token;
2. from each run of anything else signs are taken off, one in front and one behind in each turn, until no more can be
   or an exception is left;
3. what is left is whole if it is an exception's part or a URL, else it is cut at signs inside it;
4. tokens of the whole text in a row that together spell an exception are replaced by it (":" and ")" by ":)").

Only tokens are cut, nothing is normalised.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from itertools import accumulate

from udfs.text.english.exceptions import (
    ALPHA,
    CURRENCIES,
    EXCEPTIONS,
    LOWER,
    PUNCTUATION,
    QUOTES,
    SENTENCE_ENDS,
    SYMBOLS,
    UNITS,
    UPPER,
)
from udfs.text.english.urls import is_url

DIGITS = frozenset("0123456789")
BOTH_SIDES = PUNCTUATION | QUOTES | SYMBOLS | frozenset("—–")
"""Signs that are taken off in front and behind."""
IN_FRONT = BOTH_SIDES | frozenset("§%=") | frozenset(sign for sign in CURRENCIES if len(sign) == 1)
POSSESSIVES = ("'s", "'S", "’s", "’S")
AFTER_DIGIT = UNITS | CURRENCIES | {"+"}
LONGEST_AFTER_DIGIT = max(map(len, AFTER_DIGIT))
BEFORE_FULL_STOP = DIGITS | LOWER | PUNCTUATION | QUOTES | frozenset("%²-+|")
"""Characters after which a full stop is taken off; the bar is a slip of spaCy's pattern."""
BETWEEN_DIGITS = frozenset("+-*^")
BETWEEN = ("-", "–", "—", "--", "---", "——", "~", ":", "<", ">", "=", "/")
"""Signs between letters at which a word is cut."""
LOWER_OR_QUOTE, UPPER_OR_QUOTE = LOWER | QUOTES, UPPER | QUOTES
ELLIPSIS = re.compile(r"\.\.+")
LONGEST_EXCEPTION = max(map(len, EXCEPTIONS))

Span = tuple[int, int]
Exceptions = Mapping[str, tuple[str, ...]]


def english_words(text: str) -> list[Span]:
    """The words of `text` as code-point offsets: spaCy's tokens without those of white space (datatrove's
    `split_into_words(text, "eng")`)."""
    return [(start, end) for start, end in _tokens(text) if not text[start].isspace()]


def english_sentences(text: str) -> list[Span]:
    """The sentences of `text`: code-point offsets that tile it (datatrove's `split_into_sentences(text, "eng")`, which
    has one sentence for an empty text).

    A sentence ends before the first token after a full stop (or its like) that is no punctuation. White space is such a
    token, so a text that ends in a full stop and a newline has a last sentence of white space.
    """
    spans = _tokens(text)
    bounds = [0]
    ended = False
    for i, (start, end) in enumerate(spans):
        token = text[start:end]
        if token in SENTENCE_ENDS:
            ended = True
        elif ended and not all(unicodedata.category(character).startswith("P") for character in token):
            bounds.append(spans[i - 1][1])
            ended = False
    return list(zip(bounds, [*bounds[1:], len(text)], strict=True))


def _tokens(text: str) -> list[Span]:
    """All of spaCy's tokens, those of white space included."""
    spans: list[Span] = []
    for start, end in _runs(text):
        ends = [end] if text[start].isspace() else [start + length for length in _cut(text[start:end])]
        spans.extend(zip([start, *ends], ends, strict=False))
    return _joined(text, spans)


def _runs(text: str) -> Iterator[Span]:
    for match in re.finditer(r"\s+|\S+", text):
        start, end = match.span()
        after_word_comes_space = start > 0 and text[start] == " "
        if start + after_word_comes_space < end:
            yield start + after_word_comes_space, end


@lru_cache(1 << 16)
def _cut(run: str, *, with_exceptions: bool = True) -> tuple[int, ...]:
    """Where the tokens of a run end."""
    exceptions = EXCEPTIONS if with_exceptions else {}
    start, end = 0, len(run)
    in_front, behind_it = [], []  # ends of the tokens taken off
    while start < end and not _is_exception(run, start, end, exceptions):
        front = _front(run, start, end)
        if front and _is_exception(run, start + front, end, exceptions):
            behind = 0
        else:
            behind = _behind(run, start + front, end)
            if behind and _is_exception(run, start, end - behind, exceptions):
                front = 0
        if not front and not behind:
            break
        if front:
            start += front
            in_front.append(start)
        if behind:
            behind_it.append(end)
            end -= behind
    rest = [start + cut for cut in _cut_rest(run[start:end], exceptions)]
    return (*in_front, *rest, *reversed(behind_it))


def _is_exception(run: str, start: int, end: int, exceptions: Exceptions) -> bool:
    return end - start <= LONGEST_EXCEPTION and run[start:end] in exceptions


def _cut_rest(rest: str, exceptions: Exceptions) -> list[int]:
    """Where the tokens end of what is left when nothing more can be taken off."""
    if rest in exceptions:
        return list(accumulate(map(len, exceptions[rest])))
    cuts = {len(rest)} - {0}
    at = len(rest) if is_url(rest) else 0
    while at < len(rest):
        length = _inside(rest, at)
        if length and at:
            cuts |= {at, at + length}
        at += length or 1
    return sorted(cuts)


def _front(run: str, start: int, end: int) -> int:
    """Length of the sign to take off in front of `run[start:end]`, 0 for none."""
    sign = run[start]
    if sign == ".":
        return _dots(run, start, end)
    if sign == "+":
        return int(start + 1 == end or run[start + 1] not in DIGITS)
    if sign in "UCA":
        return next((len(name) for name in ("US$", "C$", "A$") if run.startswith(name, start, end)), 0)
    return int(sign in IN_FRONT)


def _dots(run: str, start: int, end: int) -> int:
    """Length of the row of full stops at `start` where it is an ellipsis, else 0."""
    row = ELLIPSIS.match(run, start, end)
    return len(row[0]) if row else 0


def _behind(run: str, start: int, end: int) -> int:
    """Length of the sign to take off behind `run[start:end]`, 0 for none: the longest that fits."""
    if start == end:
        return 0
    if run[end - 1] == ".":
        dots = 1
        while end - dots > start and run[end - dots - 1] == ".":
            dots += 1
        return dots if dots > 1 else int(_full_stop_goes(run[max(start, end - 3) : end - 1]))
    if run.endswith("……", start, end) or run.endswith(POSSESSIVES, start, end):
        return 2
    if run[end - 1] in BOTH_SIDES:
        return 1
    for length in range(1, min(LONGEST_AFTER_DIGIT, end - start - 1) + 1):
        if run[end - length - 1] in DIGITS:
            return length if run[end - length : end] in AFTER_DIGIT else 0
    return 0


def _full_stop_goes(before: str) -> bool:
    """Whether the full stop after these two characters or fewer is taken off: it is not after one capital letter (an
    initial), but it is after two and after the sign of a temperature."""
    last, last_but_one = before[-1:], before[-2:-1]
    return (
        last in BEFORE_FULL_STOP
        or (last in UPPER and last_but_one in UPPER)
        or (last in set("FCK") and last_but_one == "°")
    )


def _inside(rest: str, at: int) -> int:
    """Length of the sign at `at` at which `rest` is cut, 0 for none."""
    sign = rest[at]
    dots = _dots(rest, at, len(rest))
    if dots or sign == "…" or sign in SYMBOLS:
        return dots or 1
    before, after = rest[max(at - 1, 0) : at], rest[at + 1 : at + 2]
    if before in DIGITS and sign in BETWEEN_DIGITS and (after in DIGITS or after == "-"):
        return 1
    if sign == "." and before in LOWER_OR_QUOTE and after in UPPER_OR_QUOTE:
        return 1
    if sign == "," and before in ALPHA and after in ALPHA:
        return 1
    if before in ALPHA or before in DIGITS:
        return next((len(one) for one in BETWEEN if rest.startswith(one, at) and rest[at + len(one) :][:1] in ALPHA), 0)
    return 0


@cache
def rows() -> dict[str, list[tuple[str, ...]]]:
    """The rows of tokens that spell an exception, by their first token: what would become of each exception without the
    exceptions, where that is more than one token."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for word in EXCEPTIONS:
        ends = _cut(word, with_exceptions=False)
        row = tuple(word[start:end] for start, end in zip((0, *ends), ends, strict=False))
        if len(row) > 1:
            found.setdefault(row[0], []).append(row)
    return found


def _joined(text: str, spans: list[Span]) -> list[Span]:
    """`spans` with each row of tokens that spells an exception replaced by the exception's parts.

    As in spaCy, rows are found by their tokens whether or not a space stands between, and of rows that overlap the
    longest counts (the first of equals); it keeps its tokens where a space is inside, and hides the shorter rows.
    """
    words = [text[start:end] for start, end in spans]
    by_first, found = rows(), []
    for start, word in enumerate(words):
        found += [
            (start, start + len(row)) for row in by_first.get(word, ()) if tuple(words[start : start + len(row)]) == row
        ]
    taken: set[int] = set()
    parts: dict[int, tuple[int, list[Span]]] = {}
    for start, end in sorted(found, key=lambda row: (row[0] - row[1], row[0])):
        first, last = spans[start][0], spans[end - 1][1]
        if start not in taken and end - 1 not in taken and text[first:last] in EXCEPTIONS:
            ends = [first + cut for cut in _cut(text[first:last])]
            parts[start] = end, list(zip([first, *ends], ends, strict=False))
        taken.update(range(start, end))
    joined: list[Span] = []
    at = 0
    while at < len(spans):
        end, row_spans = parts.get(at, (at + 1, spans[at : at + 1]))
        joined += row_spans
        at = end
    return joined
