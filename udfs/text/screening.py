"""Screening: run a page through a recipe, an ordered list of steps; measure, decide, and say which step decided.

A recipe is data (`ScreenSettings.rules`). What a step can measure or cut is in `udfs.text.measures` and
`udfs.text.cuts`."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any, Generic, Literal, NamedTuple, TypeVar

from pydantic import BeforeValidator, Field, model_validator

from udfs.settings import Section
from udfs.text.cuts import CUTS
from udfs.text.edits import Edit, apply, compose
from udfs.text.language import LanguageSettings
from udfs.text.measures import MEASURES
from udfs.text.page import Page
from udfs.text.recipes import DEFAULT_RECIPE, Mode, read_recipe, resolved
from udfs.text.rules import Cut, Rule, Step, function_of, with_own_names


class ScreenSettings(Section):
    """A recipe and how it is run."""

    recipe: str = DEFAULT_RECIPE  # by name or file: the steps, which `rules` then changes, adds to or (null) takes away
    source: str = ""  # which pipeline of a DCLM recipe, where the file has several
    lists: str = ""  # folder of the lists that a recipe names; looked for beside the recipe where left out
    mode: Mode = "corrected"  # faithful: with the defects of the published code, in steps that know them
    rules: Annotated[dict[str, Step], BeforeValidator(with_own_names)] = Field(  # steps by name, in order
        default_factory=dict  # never called: `_resolve` puts the recipe's there
    )
    languages: tuple[str, ...] = Field(default=(), strict=False)  # accepted (ISO 639-1); none listed: all
    after_rejection: Literal["stop", "measure"] = "stop"  # measure: take a rejected page through the other steps too
    language: LanguageSettings = LanguageSettings()  # how the language is identified

    @model_validator(mode="before")
    @classmethod
    def _resolve(cls, given: Any) -> Any:
        return resolved(given)

    @classmethod
    def defaults_for(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        """The defaults where settings, merged from all files, are `given`: with the steps of the recipe they name."""
        return {**cls.model_validate({}).model_dump(), "rules": read_recipe(given)}


E = TypeVar("E")  # a page's edits: as `Edit`s for the definition, as arrays for the compiled run


class Planned(NamedTuple):
    """A step made ready to run."""

    name: str
    rule: Rule | None  # None for a step that edits
    call: Callable[..., Any]  # of a rule: page -> signal; else (page, edits) -> (page, edits)


class Taken(NamedTuple, Generic[E]):
    """A page that was taken through a recipe; its signals are `page.past`."""

    page: Page
    reason: str | None  # the first step that rejected it
    edits: E


class Screened(NamedTuple):
    """What screening says about one page."""

    keep: bool
    reason: str | None  # the name of the first step that rejected it
    language: str  # "" where the page has no letters, or no step before its rejection asked for the language
    language_score: float  # the language's probability
    signals: dict[str, float]  # by name of step: what the step saw at its place in the recipe
    edits: tuple[Edit, ...]  # offsets in the text as received
    text: str | None  # after the edits; None for a rejected page


def screen(text: str, settings: ScreenSettings, url: str = "") -> Screened:
    """Run `text` through the steps of the recipe, in plain Python: the definition of `udfs.text.screener`, which is
    compiled. Raises what a step raises, and UnicodeEncodeError for lone surrogates, which are no text."""
    page = Page(text, settings.languages, settings.language, url)
    assert page.utf8 is not None  # encodes the text
    steps = planned(settings, MEASURES, lambda name, step, _: partial(_edited, name, bound(CUTS, "edit", step)))
    edits: tuple[Edit, ...] = ()
    taken = take(page, steps, edits, stop=settings.after_rejection == "stop")
    keep = taken.reason is None
    return Screened(
        keep,
        taken.reason,
        *language_of(taken, settings),
        taken.page.past,
        taken.edits,
        taken.page.text if keep else None,
    )


def planned(
    settings: ScreenSettings,
    measures: Mapping[str, Callable[..., Any]],
    cut: Callable[[str, Cut, int], Callable[..., Any]],
) -> tuple[Planned, ...]:
    """The recipe's steps with what runs them: the measures given, and for the step of a number what `cut` makes."""
    return tuple(
        Planned(name, step, bound(measures, "measure", step))
        if isinstance(step, Rule)
        else Planned(name, None, cut(name, step, number))
        for number, (name, step) in enumerate(settings.rules.items())
    )


def take(page: Page, steps: tuple[Planned, ...], edits: E, *, stop: bool) -> Taken[E]:
    """The page after all steps; with `stop` only to the first that rejects it.

    A step that edits rejects a page that is empty behind it, or that it left nothing but white space of: its signal is
    0 then, and else there is none."""
    reason: str | None = None
    for name, rule, call in steps:
        if rule is not None:
            signal = call(page)
            if signal is not None:
                page.past[name] = signal = float(signal)
            rejects = signal is not None and not rule.accepts(signal)
        else:
            before = page
            page, edits = call(page, edits)
            rejects = not len(page.utf8) or (page is not before and page.is_blank)
            if rejects:
                page.past[name] = 0.0  # so that a page rejected before is known to end here too
        if rejects:
            reason = reason or name
            if stop:
                break
    return Taken(page, reason, edits)


def language_of(taken: Taken[Any], settings: ScreenSettings) -> tuple[str, float]:
    """Language and probability: of every page that is kept, where settings say so, and of others where a step has
    asked."""
    wanted = taken.reason is None and settings.language.of == "kept"
    return taken.page.detected if wanted or taken.page.language_is_known else ("", 0.0)


def bound(functions: Mapping[str, Callable[..., Any]], kind: str, step: Rule | Cut) -> Callable[..., Any]:
    """The function of a step with the step's arguments."""
    function = function_of(functions, kind, step.measure if isinstance(step, Rule) else step.edit)
    return partial(function, **step.arguments) if step.arguments else function


def _edited(name: str, cut: Callable[..., Any], page: Page, edits: tuple[Edit, ...]) -> tuple[Page, tuple[Edit, ...]]:
    """The page and all its edits after one step that edits."""
    cuts = tuple(Edit(start, end, replacement, name) for start, end, replacement in cut(page))
    return (page.edited(apply(page.text, cuts)), compose(edits, cuts)) if cuts else (page, edits)
