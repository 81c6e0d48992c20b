"""The steps of a recipe as data: a `Rule` compares a measure with limits, a `Cut` changes the text.

A wrong name or argument is found here, when settings are read, never while pages are screened. Not here: the measures
(`udfs.text.measures`), the cuts (`udfs.text.cuts`) and the run over a page (`udfs.text.screening`).
"""

import inspect
import json
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from math import inf, isnan
from typing import Annotated, Any, Self, get_type_hints

from pydantic import Discriminator, Field, JsonValue, Tag, TypeAdapter, ValidationError, model_validator

from udfs.settings import Section
from udfs.text import lists
from udfs.text.cuts import CUTS
from udfs.text.measures import MEASURES
from udfs.text.own_functions import is_own, own_cut, own_function, own_measure

FAILED = "failed"  # the reason of a page on which a step raised


class Rule(Section):
    """A page passes while its signal is within all four limits. A rule without limits only measures."""

    measure: str  # a name of udfs.text.measures.MEASURES, or package.module:name of a function of the user's; the
    # step's own name where it is left out
    arguments: dict[str, JsonValue] = Field(default_factory=dict)  # further arguments of the measure
    at_least: float = -inf  # inclusive
    above: float = -inf  # strict
    at_most: float = inf  # inclusive
    below: float = inf  # strict

    @model_validator(mode="after")
    def _check(self) -> Self:
        check_call(MEASURES, "measure", self.measure, self.arguments)
        if not is_own(self.measure) and "file" in inspect.signature(MEASURES[self.measure]).parameters:
            lists.check(self.arguments)
        if any(map(isnan, (self.at_least, self.above, self.at_most, self.below))):
            raise ValueError(f"a limit of {self.measure} is not a number; give a number, .inf or -.inf")
        lowest, highest = max(self.at_least, self.above), min(self.at_most, self.below)
        if lowest > highest or (lowest == highest and not self.accepts(lowest)):
            raise ValueError(
                f"no value of {self.measure} can pass: it must be {self._limits()}; "
                "move the limits so that something is between them"
            )
        return self

    def _limits(self) -> str:
        limits = {name: getattr(self, name) for name in ("at_least", "above", "at_most", "below")}
        return " and ".join(f"{name} {value:g}" for name, value in limits.items() if abs(value) != inf)

    def accepts(self, signal: float) -> bool:
        """Whether a page with this signal passes."""
        return self.at_least <= signal <= self.at_most and self.above < signal < self.below


class Cut(Section):
    """A step that changes the text; its edits have the step's name as reason. A page that it leaves without text is
    rejected."""

    edit: str  # a name of udfs.text.cuts.CUTS, or package.module:name of a function of the user's; the step's own name
    # where it is left out
    arguments: dict[str, JsonValue] = Field(default_factory=dict)  # further arguments of the cut

    @model_validator(mode="after")
    def _check(self) -> Self:
        check_call(CUTS, "edit", self.edit, self.arguments)
        return self


def _kind(step: Any) -> str:
    return "edit" if isinstance(step, Cut) or (isinstance(step, Mapping) and "edit" in step) else "measure"


Step = Annotated[Annotated[Rule, Tag("measure")] | Annotated[Cut, Tag("edit")], Discriminator(_kind)]


def with_own_names(steps: Any) -> Any:
    """Write into each step, given as plain data, what it measures or edits: by default what bears the step's own
    name."""
    if not isinstance(steps, Mapping):
        return steps
    if FAILED in steps:
        raise ValueError(f"{FAILED!r} is the reason of pages that could not be screened; name the step otherwise")
    return {name: _with_own_name(name, step) for name, step in steps.items()}


def _with_own_name(name: Any, step: Any) -> Any:
    if step is None:  # YAML reads `newline_runs:` without anything behind it as null
        step = {}
    if not isinstance(step, Mapping) or "measure" in step or "edit" in step:
        return step
    if "function" in step:
        raise ValueError(
            f"step {name} has `function:`; write `measure: {step['function']}` or `edit: {step['function']}`"
        )
    if name in CUTS:
        return {"edit": name, **step}
    _known(name, [*MEASURES, *CUTS], "step", "or say which measure it has (measure: ...)")
    return {"measure": name, **step}


def function_of(functions: Mapping[str, Callable[..., Any]], kind: str, name: str) -> Callable[..., Any]:
    """The measure or cut (`kind` says which: measure, edit) called `name`: one of `functions`, or the user's."""
    if is_own(name):
        return own_measure(name) if kind == "measure" else own_cut(name)
    return functions[name]


def check_call(functions: Mapping[str, Callable[..., Any]], kind: str, name: str, arguments: Mapping[str, Any]) -> None:
    """Raise ValueError unless there is such a measure or cut and it takes `arguments` as they are."""
    if not is_own(name):
        _known(name, functions, kind, f"or name a function of yours as package.module:{name}")
    function = own_function(name) if is_own(name) else functions[name]
    parameters = list(inspect.signature(function).parameters.values())[1:]
    if any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters):
        return
    hints = get_type_hints(function)
    for argument, value in arguments.items():
        _known(argument, [one.name for one in parameters], f"argument of {kind} {name}")
        try:
            # as JSON, where a list may stand for a tuple
            TypeAdapter(hints.get(argument, Any)).validate_json(json.dumps(value), strict=True)
        except ValidationError as error:
            message = error.errors()[0]["msg"]
            raise ValueError(f"argument {argument} of {kind} {name} is {value!r}: {message}") from error
    for one in parameters:
        if one.default is inspect.Parameter.empty and one.name not in arguments:
            raise ValueError(f"{kind} {name} is without its argument {one.name}; write it under `arguments:`")


def _known(name: Any, names: Iterable[str], kind: str, advice: str = "") -> None:
    names = list(names)
    if name in names:
        return
    nearest = get_close_matches(str(name), names, n=3, cutoff=0.0)
    if not nearest:
        raise ValueError(f"{name!r} is no {kind}; it takes none{'; ' + advice if advice else ''}")
    others = f" (also near: {', '.join(nearest[1:])})" if len(nearest) > 1 else ""
    raise ValueError(f"{name!r} is no {kind}; did you mean {nearest[0]!r}?{others}{'; ' + advice if advice else ''}")
