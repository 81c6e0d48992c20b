"""Sentences: how many there are, and of which language they are."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from udfs.text.english.words import english_sentences
from udfs.text.language import detect
from udfs.text.page import Page


def sentence_count(page: Page) -> float | None:
    """Sentences that are not blank, cut by spaCy's rules for English. DCLM `page_length_filter` (sentence), which C4
    has from 3, cuts them by nltk's trained Punkt model, so near the limit the two may differ."""
    return len(page.once(_sentences))


def sentence_language_probability(page: Page, languages: tuple[str, ...] = ()) -> float | None:
    """Mean probability of the language over the sentences whose most probable language is one of `languages` (none
    listed: any); 0 where there is no such sentence. DCLM `detect_lang_paragraph_enricher`, which has no limit."""
    found = [detect(sentence, page.language_settings) for sentence in page.once(_sentences)]
    taken = [probability for name, probability in found if name and (not languages or name in languages)]
    return sum(taken) / len(taken) if taken else 0.0


def _sentences(page: Page) -> list[str]:
    cut = (page.text[start:end] for start, end in english_sentences(page.text))
    return [sentence for sentence in cut if not sentence.isspace() and sentence]


MEASURES: Mapping[str, Callable[..., float | None]] = MappingProxyType(
    {"sentence_count": sentence_count, "sentence_language_probability": sentence_language_probability}
)
