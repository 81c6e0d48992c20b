"""From defaults, YAML files and `--set key=value` to one frozen, strict settings value.

Later wins: the defaults of the settings classes, then each `--conf` file in the order given, then each `--set`. Every
wrong key or value is one sentence that names where it was written, what was found, what was expected, and the nearest
valid key. Nothing here starts Spark, so a wrong setting costs no time.
"""

import difflib
import json
import types
import typing
from collections.abc import Mapping, Sequence
from functools import reduce
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from jobs.runtime.errors import CorpusmillError
from udfs.settings import Section

S = TypeVar("S", bound=Section)
Plain = dict[str, Any]


def load(model: type[S], files: Sequence[str | Path] = (), assignments: Sequence[str] = ()) -> S:
    """Settings of class `model` from YAML `files` and `key.path=value` `assignments`, over the defaults.

    Raises CorpusmillError with one sentence for a file that is missing or no YAML mapping, an unknown key, or a value
    of a wrong type.
    """
    layers: list[Plain] = []
    sources: dict[tuple[str, ...], str] = {}
    for file in files:
        layers.append(_read_yaml(Path(file)))
        _note_sources(layers[-1], (), str(file), sources)
    for assignment in assignments:
        layers.append(_parse_assignment(assignment))
        _note_sources(layers[-1], (), f"--set {assignment}", sources)
    for layer in layers:
        _refuse_unknown_keys(model, layer, (), sources)
    given: Plain = reduce(merge, layers, {})
    try:
        # Not model_dump_json, which writes an infinite limit as null.
        defaults = json.loads(json.dumps(_defaults(model, given), default=str))
        # JSON mode: strict about "50" for 50, yet lists become tuples and whole numbers become floats, as YAML writes
        # them.
        return model.model_validate_json(json.dumps(reduce(merge, layers, defaults), default=str))
    except ValidationError as error:
        raise CorpusmillError(_sentence(error, sources)) from None


def _defaults(model: type[Section], given: Plain) -> Plain:
    """The defaults of all sections. A section with a `defaults_for` has others where settings name a recipe."""
    defaults = model().model_dump()
    for name, field in model.model_fields.items():
        defaults_for = getattr(field.annotation, "defaults_for", None)
        if defaults_for is not None and isinstance(given.get(name), Mapping):
            try:
                defaults[name] = defaults_for(given[name])
            except ValueError as error:
                raise CorpusmillError(f"{name}: {error}.") from None
    return defaults


def merge(under: Mapping[str, Any], over: Mapping[str, Any]) -> Plain:
    """`over` laid on `under`, mapping by mapping; any other value, a list too, is replaced whole. Keys keep the order
    of `under`.

    A null takes a key away: a rule out of a recipe, or a setting back to its default.
    """
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        if value is None:
            merged.pop(key, None)
            continue
        merged[key] = merge(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return merged


def _read_yaml(path: Path) -> Plain:
    if not path.is_file():
        raise CorpusmillError(
            f"--conf {path}: found no such file, expected a YAML file of settings; conf/local.yaml shows every key."
        )
    try:
        found = yaml.safe_load(path.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        where = getattr(error, "problem_mark", None)
        line = f", line {where.line + 1}" if where else ""
        raise CorpusmillError(
            f"{path}{line}: found text that is no YAML, expected `key: value` lines; mend the file."
        ) from None
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise CorpusmillError(
            f"{path}: found a YAML {type(found).__name__}, expected a mapping of settings such as `screen:`."
        )
    return found


def _parse_assignment(assignment: str) -> Plain:
    key, equals, value = assignment.partition("=")
    if not equals or not key.strip():
        raise CorpusmillError(
            f"--set {assignment}: found no `key=value`, expected for example --set run.max_failed_ratio=0.05."
        )
    try:
        parsed = yaml.safe_load(value) if value else ""
    except yaml.YAMLError:
        parsed = value
    *sections, last = key.strip().split(".")
    layer: Plain = {last: parsed}
    for section in reversed(sections):
        layer = {section: layer}
    return layer


def _note_sources(value: Any, path: tuple[str, ...], source: str, sources: dict[tuple[str, ...], str]) -> None:
    sources[path] = source
    if isinstance(value, Mapping):
        for key, below in value.items():
            _note_sources(below, (*path, str(key)), source, sources)


def _refuse_unknown_keys(
    model: type[BaseModel], values: Plain, path: tuple[str, ...], sources: dict[tuple[str, ...], str]
) -> None:
    """Unknown keys are refused before types are checked, with the nearest valid key, at every depth of sections."""
    for key, value in values.items():
        here = (*path, str(key))
        field = model.model_fields.get(str(key))
        if field is None:
            raise CorpusmillError(_unknown_key(here, tuple(model.model_fields), sources))
        for section in _sections_of(field.annotation):
            if isinstance(value, Mapping):
                _refuse_unknown_keys(section, dict(value), here, sources)


def _sections_of(annotation: Any) -> list[type[BaseModel]]:
    """The section a field holds directly (not through a mapping or a list, whose keys are the user's own)."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is typing.Union:
        return [section for option in typing.get_args(annotation) for section in _sections_of(option)]
    return []


def _unknown_key(path: tuple[str, ...], valid: Sequence[str], sources: dict[tuple[str, ...], str]) -> str:
    near = difflib.get_close_matches(path[-1], valid, n=1, cutoff=0.5)
    advice = f"did you mean {'.'.join((*path[:-1], near[0]))}?" if near else "see conf/local.yaml for every key."
    where = sources.get(path, "settings")
    return f"{where}: found the unknown key {'.'.join(path)}, expected one of {', '.join(valid)}; {advice}"


def _sentence(error: ValidationError, sources: dict[tuple[str, ...], str]) -> str:
    """The first thing pydantic found, said as: where, what was found, what was expected."""
    first = error.errors()[0]
    path = tuple(str(part) for part in first["loc"])
    known = next((sources[path[:length]] for length in range(len(path), 0, -1) if path[:length] in sources), "settings")
    if first["type"] == "value_error":  # our own validators speak in whole sentences
        return f"{known}: {'.'.join(path) + ': ' if path else ''}{first['ctx']['error']}"
    if first["type"] == "extra_forbidden":
        return f"{known}: found the unknown key {'.'.join(path)}; see conf/local.yaml for every key."
    expected = first["msg"].removeprefix("Input should be ").removeprefix("a valid ")
    return f"{known}: {'.'.join(path)}: found {first['input']!r}, expected {expected}; mend the value."
