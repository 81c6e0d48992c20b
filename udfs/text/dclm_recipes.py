"""Recipes of DCLM, as its `baselines_configs/*.yaml` write them: each mapper becomes the steps of ours that do it.

What a mapper does that is no screening (renaming keys, comparing pages with pages) is done by another stage here and
becomes a note. Not here: the table of mappers (`udfs.text.dclm`), and how our own recipes are read (`recipes`).
"""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from udfs.text.dclm import filters, metadata, modifiers
from udfs.text.dclm.reading import Plain, Reading
from udfs.text.rules import check_call

MAPPERS = {**filters.MAPPERS, **modifiers.MAPPERS, **metadata.MAPPERS}
# A step is the name of a mapper with its arguments, or this word: write what there is to disk.
_COMMIT = "commit"


def is_dclm(found: Any) -> bool:
    """Whether what a YAML file holds is a recipe of DCLM: a list of sources with steps."""
    return (
        isinstance(found, list) and bool(found) and all(isinstance(one, Mapping) and "source" in one for one in found)
    )


def steps_of(found: Sequence[Mapping[str, Any]], source: str) -> tuple[dict[str, Plain], tuple[str, ...]]:
    """The steps by name, in order, and notes about what is done elsewhere or otherwise.

    `source` names one of the file's pipelines; "" stands for the only one. A step has its mapper's name, a second one
    of that name `_2` behind it. Raises ValueError with one sentence for anything that cannot be read."""
    reading = Reading()
    for number, step in enumerate(_pipeline(found, source), 1):
        if step == _COMMIT:
            reading.note("commit: a stage commits each batch as a whole")
            continue
        _translate(reading, number, step)
    return reading.steps, tuple(reading.notes)


def _pipeline(found: Sequence[Mapping[str, Any]], source: str) -> Sequence[Any]:
    names = [str(one["source"]) for one in found]
    if not source and len(names) != 1:
        raise ValueError(f"found the sources {', '.join(names)}; say which with screen.source")
    if source and source not in names:
        raise ValueError(f"screen.source is {source!r}, and its sources are {', '.join(names)}; name one of them")
    steps = found[names.index(source) if source else 0].get("steps")
    if not isinstance(steps, list) or not steps:
        raise ValueError(f"source {source or names[0]} has no list of `steps:`; a step is `func:` with its arguments")
    return steps


def _translate(reading: Reading, number: int, step: Any) -> None:
    if not isinstance(step, Mapping) or not isinstance(step.get("func"), str):
        raise ValueError(f"step {number} is {step!r}; a step is `commit`, or `func:` with its arguments")
    func = step["func"]
    if "." in func:
        raise ValueError(
            f"step {number} calls the function {func} of your own; it has another form here, so write the step into "
            "screen.rules as `measure: package.module:name` or `edit: package.module:name`"
        )
    given = {str(key): value for key, value in step.items() if key not in ("func", "module")}
    if "_aggregate" in given:
        reading.note(f"{func}: what it aggregates is a query over screened.signals here")
    arguments = {key: value for key, value in given.items() if not key.startswith("_")}
    try:
        if func not in MAPPERS:
            near = get_close_matches(func, MAPPERS, n=1, cutoff=0.0)[0]
            raise ValueError(
                f"{func!r} is no DCLM function known here; did you mean {near!r}? Known: {', '.join(MAPPERS)}"
            )
        check_call(MAPPERS, "DCLM function", func, arguments)
        for suffix, made in MAPPERS[func](reading, **arguments):
            reading.add(f"{func}_{suffix}" if suffix else func, made)
    except ValueError as error:
        raise ValueError(f"step {number}: {error}") from error
