"""DCLM's filters of the text (mlfoundations/dclm 361714b, `baselines/mappers/filters/content_filters.py`) as steps.

A function has the name, the arguments and the defaults of the mapper, and yields the steps that do what it does.
"""

from collections.abc import Callable, Mapping
from math import inf
from types import MappingProxyType
from typing import Any, Literal

from udfs.text.dclm.reading import Location, Reading, Steps, Words, limits, listed, measure, words_of


def bullet_count_filter(_: Reading, max_bullet_start_ratio: float = 0.9) -> Steps:
    yield "", measure("bullet_lines_ratio", limits(at_most=max_bullet_start_ratio))


def ellipsis_count_filter(_: Reading, max_ellipsis_end_ratio: float = 0.3) -> Steps:
    yield "", measure("ellipsis_lines_ratio", limits(at_most=max_ellipsis_end_ratio))


def alphabetic_word_ratio_filter(_: Reading, max_ratio: float = 0.2) -> Steps:
    yield "", measure("non_alphabetic_words_ratio", limits(at_most=max_ratio))


def symbol_ratio_filter(_: Reading, max_symbol_to_word_ratio: float = 0.1) -> Steps:
    yield "", measure("symbol_ratio", limits(at_most=max_symbol_to_word_ratio), scripts="any")


def alphanumeric_char_ratio_filter(_: Reading, max_alnum_ratio: float = 0.25) -> Steps:
    yield "", measure("alphanumeric_ratio", limits(at_least=max_alnum_ratio))  # a lower limit, whatever its name


def stop_word_filter(_: Reading, count_unique: bool = False, min_stop_word: int = 2) -> Steps:
    count = "unique" if count_unique else "all"
    yield "", measure("stop_word_count", limits(at_least=min_stop_word), language="en", count=count)


def word_length_filter(_: Reading, min_length: float = 0, max_length: float = inf) -> Steps:
    bounds = limits(at_least=min_length, at_most=max_length)
    if min_length <= 0:
        bounds["above"] = 0  # a page without words is rejected whatever the limit
    yield "", measure("mean_word_length", bounds, scripts="any")


def line_length_filter(_: Reading, length_type: Literal["max", "avg"] = "max", max_length: float = 1000) -> Steps:
    name = "longest_line_length" if length_type == "max" else "mean_line_length"
    yield "", measure(name, limits(at_most=max_length))


def page_length_filter(
    reading: Reading,
    length_type: Literal["word", "sentence", "line", "paragraph", "char"],
    min_length: float = 1,
    max_length: float = inf,
    model: Words = "fasttext",
    ignore_punctuation: bool = False,
    tokenizer: Literal["nltk", "blingfire"] = "blingfire",
    tokenizer_lang: str | None = None,
) -> Steps:
    bounds = limits(at_least=min_length, at_most=max_length)
    if length_type == "word":
        yield "", measure("word_count", bounds, **words_of(model, ignore_punctuation), scripts="any")
    elif length_type == "sentence":
        reading.note(f"page_length_filter: sentences are cut by rules of ours, not by {tokenizer}")
        yield "", measure("sentence_count", bounds)
    else:
        yield "", measure({"char": "character_count"}.get(length_type, f"{length_type}_count"), bounds)


def massive_web_repetition_filters(_: Reading, skip_paragraph: bool = False) -> Steps:
    yield "lines", measure("duplicate_lines_ratio", {"at_most": 0.3})
    if not skip_paragraph:
        yield "paragraphs", measure("duplicate_paragraphs_ratio", {"at_most": 0.3})
    yield "line_characters", measure("duplicate_line_characters_ratio", {"at_most": 0.2})
    if not skip_paragraph:
        yield "paragraph_characters", measure("duplicate_paragraph_characters_ratio", {"at_most": 0.2})
    for n, most in ((2, 0.2), (3, 0.18), (4, 0.16)):
        yield f"top_{n}grams", measure("top_ngram_characters_ratio", {"at_most": most}, n=n)
    for n, most in ((5, 0.15), (6, 0.14), (7, 0.13), (8, 0.12), (9, 0.11), (10, 0.1)):
        yield f"repeated_{n}grams", measure("repeated_ngram_characters_ratio", {"at_most": most}, n=n)


def repetition_filter(
    _: Reading,
    granularity: Literal["line", "paragraph"] | int,
    max_fraction: float,
    count_characters: bool = True,
    ngram_char_ratio: Literal["most_common", "all"] | None = None,
    ignore_case: bool = False,
) -> Steps:
    bounds = limits(at_most=max_fraction)
    if isinstance(granularity, str):
        counted = f"{granularity}_characters" if count_characters else f"{granularity}s"
        yield "", measure(f"duplicate_{counted}_ratio", bounds, ignore_case=ignore_case)
    elif ngram_char_ratio is None:
        raise ValueError("repetition_filter over n-grams needs ngram_char_ratio; expected most_common or all")
    else:
        name = "top" if ngram_char_ratio == "most_common" else "repeated"
        yield "", measure(f"{name}_ngram_characters_ratio", bounds, n=granularity, ignore_case=ignore_case)


def substring_filter(
    _: Reading,
    banlist: str | list[str] | None = None,
    banlist_from_fname: str | None = None,
    location: Location = "any",
    case_sensitive: bool = False,
    exact_word: bool = False,
) -> Steps:
    found = listed(banlist, banlist_from_fname, "substring_filter")
    names: dict[str, Any] = found if isinstance(found, dict) else {"words": found}
    place = {"any": "any", "prefix": "start", "suffix": "end"}[location]
    how = {"place": place, "case_sensitive": case_sensitive, "whole_words": exact_word}
    yield "", measure("listed_strings", {"below": 1}, **names, **how)


def word_removal_ratio_filter(
    reading: Reading,
    prev_word_count_key: str,
    new_word_count_key: str | None = None,
    max_removed_ratio: float = 0.05,
    ignore_punctuation: bool = True,
    model: Words = "fasttext",
) -> Steps:
    if new_word_count_key is not None:
        reading.note(f"word_removal_ratio_filter counts words itself; {new_word_count_key} is not looked at")
    if prev_word_count_key not in reading.steps:
        raise ValueError(
            f"word_removal_ratio_filter compares with the key {prev_word_count_key!r}, which no word_counter_enricher "
            "before it writes"
        )
    counted = words_of(model, ignore_punctuation)
    yield "", measure("removed_words_ratio", limits(at_most=max_removed_ratio), since=prev_word_count_key, **counted)


MAPPERS: Mapping[str, Callable[..., Steps]] = MappingProxyType(
    {
        function.__name__: function
        for function in (
            bullet_count_filter,
            ellipsis_count_filter,
            alphabetic_word_ratio_filter,
            symbol_ratio_filter,
            alphanumeric_char_ratio_filter,
            stop_word_filter,
            word_length_filter,
            line_length_filter,
            page_length_filter,
            massive_web_repetition_filters,
            repetition_filter,
            substring_filter,
            word_removal_ratio_filter,
        )
    }
)
