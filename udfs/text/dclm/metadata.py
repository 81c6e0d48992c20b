"""DCLM's mappers about what a page is, rather than what its text says: URL, language, classifier, sampling, duplicates.

Of mlfoundations/dclm 361714b: `baselines/mappers/filters/metadata_filters.py`, `baselines/mappers/enrichers` and the
global `exact_dedup`. A function has the name, the arguments and the defaults of the mapper, and yields the steps that
do what it does.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Literal

from udfs.text.dclm.reading import Reading, Steps, Words, listed, measure, words_of

Identifier = Literal["fasttext", "langdetect"]

# langdetect is nearly always sure of one language, fastText's lid.176 is not.
_AS_LANGDETECT = 0.4


def detect_lang_whole_page_enricher(
    reading: Reading,
    model: Identifier,
    key_prefix: str = "language_id_whole_page",
    overwrite: bool = False,
    seed: int | None = None,
) -> Steps:
    key = f"{key_prefix}_{model}"
    if model == "langdetect":
        reading.by_langdetect.add(key)
        reading.note(
            "detect_lang_whole_page_enricher: fastText stands in for langdetect, and language_filter compares with "
            f"{_AS_LANGDETECT}: on 900 web texts that agrees with langdetect's p(en) > 0.99 on 899, while fastText's "
            "p(en) > 0.99 would reject nearly all"
        )
    reading.enrich(key, measure("language_probability"), overwrite)
    yield from ()


def detect_lang_paragraph_enricher(
    reading: Reading,
    model: Identifier,
    tokenizer: Literal["nltk", "blingfire"],
    key_prefix: str = "language_id_paragraph",
    overwrite: bool = False,
) -> Steps:
    reading.note(f"detect_lang_paragraph_enricher: sentences are cut by rules of ours, not by {tokenizer}")
    reading.enrich(f"{key_prefix}_{model}", measure("sentence_language_probability"), overwrite)
    yield from ()


def language_filter(
    reading: Reading,
    keep_languages: list[str],
    key: str = "language_id_whole_page_langdetect",
    threshold: float = 0.0,
) -> Steps:
    step = reading.taken(key, "language_filter")
    above = min(threshold, _AS_LANGDETECT) if key in reading.by_langdetect else threshold
    yield "", {**step, "arguments": {**step["arguments"], "languages": keep_languages}, "above": above}


def classify_fasttext_hq_prob_enricher(
    reading: Reading, model_filename: str = "model.bin", key: str = "fasttext_hq_prob", overwrite: bool = False
) -> Steps:
    reading.enrich(key, measure("fasttext_probability", model=model_filename), overwrite)
    yield from ()


def quality_filter(
    reading: Reading,
    key: str = "fasttext_hq_prob",
    threshold: float = 0.0,
    lower_better: bool = False,
    key_must_exist: bool = True,
) -> Steps:
    limit = "at_most" if lower_better else "at_least"
    yield "", {**reading.taken(key, "quality_filter"), limit: threshold}


def word_counter_enricher(
    reading: Reading,
    key: str = "word_count",
    overwrite: bool = False,
    ignore_punctuation: bool = True,
    model: Words = "fasttext",
) -> Steps:
    reading.enrich(key, measure("word_count", **words_of(model, ignore_punctuation), scripts="any"), overwrite)
    yield from ()


def line_counter_enricher(
    reading: Reading,
    paragraph_end: Literal["\n", "\n\n"] = "\n",
    remove_empty: Literal[True] = True,
    key: str = "num_lines",
    overwrite: bool = False,
) -> Steps:
    reading.enrich(key, measure("line_count" if paragraph_end == "\n" else "paragraph_count"), overwrite)
    yield from ()


def url_substring_filter(
    _: Reading,
    banlist: str | list[str] | None = None,
    banlist_from_fname: str | None = None,
    ignore_chars: list[str] | None = None,
    num_banned_substrs: int = 1,
    exact_domain_match: bool = False,
    match_substrings: bool = True,
    case_sensitive: bool = False,
) -> Steps:
    found = listed(banlist, banlist_from_fname, "url_substring_filter")
    names: dict[str, Any] = found if isinstance(found, dict) else {"words": found}
    if ignore_chars:
        names["ignore"] = ignore_chars
    if str(banlist_from_fname).endswith((".pkl", ".pickle")):
        raise ValueError(f"banlist_from_fname {banlist_from_fname} is a pickle; name a file of lines")
    if exact_domain_match:
        if case_sensitive:
            raise ValueError("url_substring_filter with exact_domain_match ignores case here; leave case_sensitive out")
        yield "", measure("listed_domain", {"below": 1}, **{"ignore": [], **names})
    else:
        how = {"whole_words": not match_substrings, "case_sensitive": case_sensitive}
        yield "", measure("listed_url_words", {"below": num_banned_substrs}, **names, **how)


def random_sampling_filter(reading: Reading, keep_probability: float = 0.1) -> Steps:
    if not 0 <= keep_probability <= 1:
        raise ValueError(f"keep_probability is {keep_probability}; expected a share from 0 to 1")
    reading.note("random_sampling_filter: the same pages at each run, by a hash of URL and text, instead of a new draw")
    yield "", measure("sample_position", {"below": keep_probability})


def exact_dedup(reading: Reading, content_key: str = "text", **_: Any) -> Steps:
    if content_key == "url":
        reading.note("exact_dedup by url: the stage dedup_exact does it (dedup_exact.by_url)")
    else:
        reading.note(
            f"exact_dedup by {content_key}: not done by screening; the stage dedup_exact compares whole texts "
            "(dedup_exact.by_text), not single lines of all pages"
        )
    yield from ()


MAPPERS: Mapping[str, Callable[..., Steps]] = MappingProxyType(
    {
        function.__name__: function
        for function in (
            detect_lang_whole_page_enricher,
            detect_lang_paragraph_enricher,
            language_filter,
            classify_fasttext_hq_prob_enricher,
            quality_filter,
            word_counter_enricher,
            line_counter_enricher,
            url_substring_filter,
            random_sampling_filter,
            exact_dedup,
        )
    }
)
