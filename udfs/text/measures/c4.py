"""C4's rules (Raffel et al. 2020, arXiv 1910.10683) as datatrove 0.10.1 measures them (`C4QualityFilter`,
`C4ParagraphFilter`, language English).

datatrove takes a page line by line: it deletes lines, and rejects the page at the first line that has `lorem ipsum` or
a curly bracket, or in the end for fewer than 5 sentences in the lines that stay. Three measures say the same of the
page before any line is deleted; the cuts of `udfs.text.cuts.c4` delete the lines from the pages that pass. Their
arguments are those of the filter, and have to be the same in all three. DCLM's form of these rules is in
`udfs.text.cuts.lines`. Reasons of datatrove are quoted with the limits. Not here: lines that are sentences
(`split_paragraph: false`), the list of bad words."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from udfs.text.cuts.c4 import CITATION, POLICY, ends_sentence
from udfs.text.english.words import english_sentences
from udfs.text.page import Page


class Line(NamedTuple):
    """A line that has words enough, none too long, and ends as it should; with what it mentions."""

    text: str  # without citations
    lorem_ipsum: bool
    javascript: bool
    bracket: bool
    policy: bool


def lorem_ipsum_lines(
    page: Page,
    terminal_punctuation: bool = True,
    citations: bool = True,
    longest_word: int = 1000,
    fewest_words: int = 3,
    javascript: bool = True,
    first: bool = True,
) -> float | None:
    """Lines with `lorem ipsum`, in any case, of those that would stay. `lorem_ipsum`: at most 0.

    With `first` only up to the first line that `curly_bracket_lines` counts, so that of these two rules the one rejects
    whose line comes first. The other arguments as in `kept_sentence_count`."""
    count = 0
    for line in page.once(lines_of, terminal_punctuation, citations, longest_word, fewest_words):
        count += line.lorem_ipsum
        if first and line.bracket and not (javascript and line.javascript):
            break
    return count


def curly_bracket_lines(
    page: Page,
    terminal_punctuation: bool = True,
    citations: bool = True,
    longest_word: int = 1000,
    fewest_words: int = 3,
    javascript: bool = True,
) -> float | None:
    """Lines with `{` of those that would stay. `curly_bracket`: at most 0. Arguments as in `kept_sentence_count`."""
    lines = page.once(lines_of, terminal_punctuation, citations, longest_word, fewest_words)
    return sum(line.bracket and not (javascript and line.javascript) for line in lines)


def kept_sentence_count(
    page: Page,
    terminal_punctuation: bool = True,
    citations: bool = True,
    longest_word: int = 1000,
    fewest_words: int = 3,
    javascript: bool = True,
    policy: bool = True,
) -> float | None:
    """Sentences, as spaCy's sentencizer cuts each line, of the lines that would stay. `too_few_sentences`: at least 5.

    A line goes that has a word of more than `longest_word` code points or fewer than `fewest_words` words (cut at white
    space); that, after its citations are deleted with `citations`, with `terminal_punctuation` does not end as a
    sentence; that mentions JavaScript or, with `policy`, terms of use, privacy or cookies."""
    lines = page.once(lines_of, terminal_punctuation, citations, longest_word, fewest_words)
    kept = (one.text for one in lines if not ((javascript and one.javascript) or (policy and one.policy)))
    return sum(map(len, map(english_sentences, kept)))


def third_longest_line_length(page: Page) -> float | None:
    """Code points of the third longest line (cut at line feeds); 0 for fewer than three lines. mC4 (Xue et al. 2021,
    arXiv 2010.11934), `< 3 paragraphs`: at least 200."""
    lengths = sorted(map(len, page.text.split("\n")))
    return lengths[-3] if len(lengths) > 2 else 0


def lines_of(
    page: Page, terminal_punctuation: bool, citations: bool, longest_word: int, fewest_words: int
) -> list[Line]:
    """The lines (`str.splitlines`, stripped) that these rules leave."""
    found = []
    for line in map(str.strip, page.text.splitlines()):
        words = line.split()
        if len(words) < fewest_words or any(len(word) > longest_word for word in words):
            continue
        text = CITATION.sub("", line) if citations else line
        if terminal_punctuation and not ends_sentence(text):
            continue
        lower = text.lower()
        policy = any(phrase in lower for phrase in POLICY)
        found.append(Line(text, "lorem ipsum" in lower, "javascript" in lower, "{" in text, policy))
    return found


MEASURES: Mapping[str, Callable[..., float | None]] = MappingProxyType(
    {
        "lorem_ipsum_lines": lorem_ipsum_lines,
        "curly_bracket_lines": curly_bracket_lines,
        "kept_sentence_count": kept_sentence_count,
        "third_longest_line_length": third_longest_line_length,
    }
)
