"""Screening: run a page through a recipe, an ordered list of steps; measure, decide, and say which step decided.

A recipe is data (`ScreenSettings.rules`). What a step can measure or cut is in `udfs.text.measures` and
`udfs.text.cuts`."""

from collections.abc import Mapping
from typing import Annotated, Literal, NamedTuple

from pydantic import BeforeValidator, Field

from udfs.settings import Section
from udfs.text.cuts import CUTS
from udfs.text.edits import Edit, apply, compose
from udfs.text.language import LanguageSettings
from udfs.text.measures import MEASURES
from udfs.text.page import Page
from udfs.text.rules import Cut, Rule, Step, with_own_names

# The language and Gopher quality rules of DCLM-Baseline in its order (dclm_baseline_refinedweb.yaml, steps 9 to 16),
# and the length rule for scripts without spaces, which is ours.
DEFAULT_RULES: Mapping[str, Rule | Cut] = {
    "language": Rule(measure="language_score", above=0.65),
    "word_count": Rule(measure="word_count", at_least=50, at_most=100_000),
    "unspaced_letters": Rule(measure="unspaced_letters", at_least=75, at_most=150_000),
    "mean_word_length": Rule(measure="mean_word_length", at_least=3, at_most=10),
    "symbol_ratio": Rule(measure="symbol_ratio", at_most=0.1),
    "bullet_lines_ratio": Rule(measure="bullet_lines_ratio", at_most=0.9),
    "ellipsis_lines_ratio": Rule(measure="ellipsis_lines_ratio", at_most=0.3),
    "non_alphabetic_words_ratio": Rule(measure="non_alphabetic_words_ratio", at_most=0.2),
    "stop_word_count": Rule(measure="stop_word_count", at_least=2),
}


class ScreenSettings(Section):
    """A recipe and how it is run."""

    rules: Annotated[dict[str, Step], BeforeValidator(with_own_names)] = Field(  # steps by name, in order
        default_factory=lambda: dict(DEFAULT_RULES)
    )
    languages: tuple[str, ...] = Field(default=(), strict=False)  # accepted (ISO 639-1); none listed: all
    after_rejection: Literal["stop", "measure"] = "stop"  # measure: take a rejected page through the other steps too
    language: LanguageSettings = LanguageSettings()  # how the language is identified


class Screened(NamedTuple):
    """What screening says about one page."""

    keep: bool
    reason: str | None  # the name of the first step that rejected it
    language: str  # "" where the page has no letters, or no step before its rejection asked for the language
    language_score: float  # the language's probability
    signals: dict[str, float]  # by name of step: what the step saw at its place in the recipe
    edits: tuple[Edit, ...]  # offsets in the text as received
    text: str | None  # after the edits; None for a rejected page


def screen(text: str, settings: ScreenSettings) -> Screened:
    """Run `text` through the steps of the recipe. Never raises, whatever the text."""
    page = Page(text, settings.languages, settings.language)
    reason: str | None = None
    signals: dict[str, float] = {}
    edits: tuple[Edit, ...] = ()
    for name, step in settings.rules.items():
        if isinstance(step, Rule):
            signal = MEASURES[step.measure](page, **step.arguments)
            rejects = signal is not None and not step.accepts(signal)
            if signal is not None:
                signals[name] = float(signal)
        else:
            page, cuts = _cut(page, name, step)
            edits = compose(edits, cuts)
            rejects = bool(cuts) and not page.text.strip()
        if rejects:
            reason = reason or name
            if settings.after_rejection == "stop":
                break
    keep = reason is None
    language, score = page.detected if keep or page.language_is_known else ("", 0.0)
    return Screened(keep, reason, language, score, signals, edits, page.text if keep else None)


def _cut(page: Page, name: str, step: Cut) -> tuple[Page, tuple[Edit, ...]]:
    """The page after one step that edits, and the step's edits in offsets of the page before it."""
    cuts = tuple(Edit(*cut, name) for cut in CUTS[step.edit](page, **step.arguments))
    return (page.edited(apply(page.text, cuts)), cuts) if cuts else (page, ())
