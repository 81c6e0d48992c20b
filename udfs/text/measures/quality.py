"""Language, length and symbols: the quality rules of DCLM's recipe.

They are quoted as in `dclm_baseline_refinedweb.yaml` (arXiv 2406.11794), which takes them from Gopher (Rae et al. 2021,
arXiv 2112.11446, appendix A.1.1) and RefinedWeb (arXiv 2306.01116). Not here: the limits (`udfs.text.screening`).

`scripts` says what a measure does with pages in scripts that put no space between words: `aware` judges them by letters
or not at all, `any` measures them as if they had spaces, which is what the published recipes do."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal

from udfs.text.page import Page, Words
from udfs.text.stop_words import STOP_WORDS

Scripts = Literal["aware", "any"]
Language = Literal["page", "en", "de", "fr", "es", "it", "nl", "pl", "pt", "ru", "sv"]

SYMBOLS = ("#", "...", ". . .", "…")
BULLETS = ("●", "•", "*", "-")
ELLIPSES = ("...", ". . .", "…")


def language_score(page: Page) -> float | None:
    """Probability of the page's language, 0 where that is not an accepted one. DCLM `language_filter` keeps p(en) >
    0.65, strictly."""
    language, probability = page.detected
    return probability if not page.languages or language in page.languages else 0.0


def word_count(
    page: Page, words: Words = "fasttext", punctuation: bool = False, scripts: Scripts = "aware"
) -> float | None:
    """Words that begin with a letter or digit. DCLM `page_length_filter` (fastText words, ignore_punctuation): 50 to
    100,000.

    With `punctuation` other words count too, as published without ignore_punctuation: of `unicode` words those that
    are not white space, of `fasttext` words also an end-of-line mark for each line break. Absent for pages in scripts
    without spaces; `unspaced_letters` stands in.
    """
    if scripts == "aware" and page.is_unspaced:
        return None
    found = page.words_by(words)
    if not punctuation:
        return sum(word[0].isalnum() for word in found)
    if words == "fasttext":
        # A word of fastText's may be white space to Unicode (U+00A0); DCLM leaves those out.
        return sum(not word.isspace() for word in found) + page.text.count("\n")
    return sum(not word.isspace() for word in found)


def unspaced_letters(page: Page) -> float | None:
    """Characters of Han, kana, Thai, Lao, Khmer, Myanmar and Tibetan; absent for pages in other scripts.

    The default limits, 75 to 150,000, are ours: 1.5 characters a word, about what Chinese segmenters cut, times the
    limits of `word_count`."""
    return page.unspaced_letters if page.is_unspaced else None


def mean_word_length(page: Page, scripts: Scripts = "aware") -> float | None:
    """Code points per word; 0 without words. Gopher, DCLM `word_length_filter`: 3 to 10. Absent for scripts without
    spaces."""
    if scripts == "aware" and page.is_unspaced:
        return None
    return sum(map(len, page.words)) / len(page.words) if page.words else 0.0


def symbol_ratio(page: Page, scripts: Scripts = "aware") -> float | None:
    """Hash signs and ellipses (`#`, `...`, `. . .`, `…`) per word; 1 without words. Gopher, DCLM
    `symbol_ratio_filter`: at most 0.1.

    Gopher has a ratio for each of the two symbols, DCLM their sum, as here. For scripts without spaces: per letter.
    """
    words = page.unspaced_letters if scripts == "aware" and page.is_unspaced else len(page.words)
    return sum(map(page.text.count, SYMBOLS)) / words if words else 1.0


def bullet_lines_ratio(page: Page) -> float | None:
    """Share of lines that begin with a bullet (`●`, `•`, `*`, `-`). Gopher, DCLM `bullet_count_filter`: at most 0.9."""
    return sum(line.startswith(BULLETS) for line in page.lines) / len(page.lines) if page.lines else 0.0


def ellipsis_lines_ratio(page: Page) -> float | None:
    """Share of lines that end in an ellipsis (`...`, `. . .`, `…`). Gopher, DCLM `ellipsis_count_filter`: at most
    0.3."""
    return sum(line.endswith(ELLIPSES) for line in page.lines) / len(page.lines) if page.lines else 0.0


def non_alphabetic_words_ratio(page: Page) -> float | None:
    """Share of words without a letter; 1 without words. DCLM `alphabetic_word_ratio_filter`: at most 0.2 (Gopher: 80 %
    have a letter)."""
    if not page.words:
        return 1.0
    return sum(not (word[0].isalpha() or any(map(str.isalpha, word))) for word in page.words) / len(page.words)


def stop_word_count(page: Page, language: Language = "page", count: Literal["all", "unique"] = "all") -> float | None:
    """How many words are stop words of the page's language, or of the one that is named; each word counts once for
    `unique`. Gopher, DCLM `stop_word_filter` (English for every page, repeats counted): at least 2.

    Absent for a language that has no list here (`udfs.text.stop_words`), so the rule passes.
    """
    stop_words = STOP_WORDS.get(page.detected[0] if language == "page" else language)
    if stop_words is None:
        return None
    found = [word for word in map(str.lower, page.words) if word in stop_words]
    return len(found if count == "all" else set(found))


MEASURES: Mapping[str, Callable[..., float | None]] = MappingProxyType(
    {
        "language_score": language_score,
        "word_count": word_count,
        "unspaced_letters": unspaced_letters,
        "mean_word_length": mean_word_length,
        "symbol_ratio": symbol_ratio,
        "bullet_lines_ratio": bullet_lines_ratio,
        "ellipsis_lines_ratio": ellipsis_lines_ratio,
        "non_alphabetic_words_ratio": non_alphabetic_words_ratio,
        "stop_word_count": stop_word_count,
    }
)
