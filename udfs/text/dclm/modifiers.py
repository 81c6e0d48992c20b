"""DCLM's modifiers of the text (mlfoundations/dclm 361714b, `baselines/mappers/modifiers.py`) as steps.

A function has the name, the arguments and the defaults of the mapper, and yields the steps that do what it does.
"""

from collections.abc import Callable, Mapping
from math import inf
from types import MappingProxyType
from typing import Literal

from udfs.text.dclm.reading import Location, Reading, Steps, Words, edit, words_of

_TLDS = "baselines/mappers/iana_tlds.txt"  # DCLM's list of top-level domains, which the edit `urls` has within


def newline_removal_modifier(_: Reading, max_consecutive: int = 2) -> Steps:
    yield "", edit("newline_runs", most=max_consecutive)


def uppercase_ratio_line_modifier(_: Reading, max_ratio: float = 0.5) -> Steps:
    yield "", edit("uppercase_lines", most=max_ratio)


def numeric_ratio_line_modifier(_: Reading, max_ratio: float = 1.0) -> Steps:
    yield "", edit("numeric_lines", most=max_ratio)


def counter_line_modifier(_: Reading) -> Steps:
    yield "", edit("counter_lines")


def line_length_modifier(_: Reading, min_length: int = 0, max_length: float = inf) -> Steps:
    most = {} if max_length == inf else {"most": max_length}
    yield "", edit("short_lines", fewest=min_length, **most)


def word_length_modifier(
    _: Reading, max_length: int = 1000, model: Words = "fasttext", ignore_punctuation: bool = False
) -> Steps:
    yield "", edit("long_word_lines", longest=max_length, **words_of(model, ignore_punctuation))


def punctuation_line_modifier(_: Reading, remove_ellipses: bool = False) -> Steps:
    yield "", edit("unpunctuated_lines", ellipses=not remove_ellipses)


def citation_removal_modifier(_: Reading) -> Steps:
    yield "", edit("citations")


def substring_line_modifier(
    _: Reading,
    banlist: str | list[str],
    case_sensitive: bool = False,
    location: Location = "any",
    max_length: int | None = None,
    remove_substring_only: bool = False,
) -> Steps:
    phrases = [banlist] if isinstance(banlist, str) else banlist
    most = {} if max_length is None else {"most_words": max_length}
    remove = "phrase" if remove_substring_only else "line"
    how = {"case_sensitive": case_sensitive, "location": location, "remove": remove}
    yield "", edit("phrase_lines", phrases=phrases, **how, **most)


def within_page_dedup(_: Reading, granularity: Literal["line", "paragraph"] = "line", normalize: bool = True) -> Steps:
    yield "", edit(f"repeated_{granularity}s", normalize=normalize)


def url_removal_modifier(_: Reading, tlds_filepath: str = _TLDS) -> Steps:
    if tlds_filepath != _TLDS:
        raise ValueError("url_removal_modifier with another tlds_filepath is not done; leave it out for IANA's list")
    yield "", edit("urls")


def move_url_modifier(reading: Reading) -> Steps:
    reading.note("move_url_modifier: ingest gives each page its URL")
    yield from ()


def key_name_modifier(
    reading: Reading, old_key: str = "content", new_key: str = "text", allow_overwrite: bool = False
) -> Steps:
    reading.note(f"key_name_modifier: which column is the {new_key} (here {old_key}) is said in ingest.pages.fields")
    yield from ()


def split_lines_modifier(reading: Reading, delimiter: str = "\n") -> Steps:
    reading.note("split_lines_modifier: pages stay whole; what compares lines of all pages does so inside them")
    yield from ()


def join_lines_modifier(reading: Reading, delimiter: str = "\n") -> Steps:
    reading.note("join_lines_modifier: pages were not split")
    yield from ()


MAPPERS: Mapping[str, Callable[..., Steps]] = MappingProxyType(
    {
        function.__name__: function
        for function in (
            newline_removal_modifier,
            uppercase_ratio_line_modifier,
            numeric_ratio_line_modifier,
            counter_line_modifier,
            line_length_modifier,
            word_length_modifier,
            punctuation_line_modifier,
            citation_removal_modifier,
            substring_line_modifier,
            within_page_dedup,
            url_removal_modifier,
            move_url_modifier,
            key_name_modifier,
            split_lines_modifier,
            join_lines_modifier,
        )
    }
)
