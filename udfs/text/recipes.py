"""Recipes: ordered steps of screening read from a file, and made part of the settings as plain data.

A recipe is a YAML file with `steps:`, written as `screen.rules` is, or a recipe of DCLM's, which
`udfs.text.dclm_recipes` translates. `screen.recipe` names a shipped one (`gopher`) or a path (`mine/gopher.yaml`). It
is read on the driver when settings are read: what it says is part of them from there on, and so of a batch's
fingerprint; the executors read no recipe. Not here: the run over a page (`udfs.text.screening`).
"""

import inspect
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath
from typing import Any, Literal, NamedTuple

import yaml

import udfs
from udfs.text import dclm_recipes, lists
from udfs.text.cuts import CUTS
from udfs.text.measures import MEASURES
from udfs.text.own_functions import is_own, own_code, own_function
from udfs.text.rules import Cut, Rule, with_own_names

DEFAULT_RECIPE = "default"
Mode = Literal["corrected", "faithful"]
Plain = dict[str, Any]
# Arguments that name a file: their values are looked for, and their content counts in the fingerprint.
_FILE_ARGUMENTS = ("file", "model")


class Recipe(NamedTuple):
    """What a file says."""

    steps: Plain  # by name, in order
    notes: tuple[str, ...] = ()  # what of it is done elsewhere or otherwise


def names() -> tuple[str, ...]:
    """The shipped recipes."""
    return tuple(sorted(one.name.removesuffix(".yaml") for one in _shipped().iterdir() if one.name.endswith(".yaml")))


def read(recipe: str, source: str = "") -> Recipe:
    """The recipe called or in the file `recipe`; `source` names one of the pipelines of a DCLM file that has several.

    Raises ValueError with one sentence where there is none, or it is no recipe. Steps are checked when they are put
    into settings, so that a wrong one may be taken out by `screen.rules`."""
    found = _load(recipe)
    try:
        if dclm_recipes.is_dclm(found):
            return Recipe(*dclm_recipes.steps_of(found, source))
        return Recipe(_steps(found, source))
    except ValueError as error:
        raise ValueError(f"recipe {recipe}: {error}") from error


def resolved(given: Any) -> Any:
    """Settings of screening in which the steps stand as they are run: the recipe's, where settings say no rules, with
    the mode in their arguments and the files of their lists found.

    Raises ValueError with one sentence for a recipe or list that is missing."""
    if not isinstance(given, Mapping):
        return given
    recipe, steps = given.get("recipe", DEFAULT_RECIPE), given.get("rules")
    if steps is None:
        steps = read_recipe(given)
    steps = with_own_names(steps)
    if not isinstance(steps, Mapping):
        return given
    folders = [Path(one) for one in (given.get("lists"), _folder(recipe)) if isinstance(one, str) and one]
    faithful = given.get("mode") == "faithful"
    return {**given, "rules": {name: _resolved(name, step, folders, faithful) for name, step in steps.items()}}


def read_recipe(given: Mapping[str, Any]) -> Plain:
    """The steps of the recipe that settings of screening name, as they are in its file."""
    return read(str(given.get("recipe", DEFAULT_RECIPE)), str(given.get("source") or "")).steps


def assets(steps: Mapping[str, Rule | Cut], digest: Callable[[str], str]) -> dict[str, str]:
    """By name what verdicts depend on beside settings and our code: `digest` of each file that steps name, and of the
    code of the user's functions. Raises ValueError where one is not to be read."""
    found: dict[str, str] = {}
    for step in steps.values():
        name = step.edit if isinstance(step, Cut) else step.measure
        if is_own(name):
            found[name] = own_code(name)
            continue
        for argument in _FILE_ARGUMENTS:
            if file := step.arguments.get(argument):
                found[str(file)] = digest(str(file))
    return found


def _shipped() -> Traversable:
    """Inside the package where it is installed or a .zip (setup.py puts them there), `conf/recipes` in a clone."""
    packaged = resources.files("udfs") / "recipes"
    return packaged if packaged.is_dir() else Path(udfs.__file__).parent.parent / "conf/recipes"


def _is_path(recipe: str) -> bool:
    return "/" in recipe or "\\" in recipe or recipe.endswith((".yaml", ".yml"))


def _folder(recipe: Any) -> str:
    return str(Path(recipe).parent) if isinstance(recipe, str) and _is_path(recipe) else ""


def _load(recipe: str) -> Any:
    file: Traversable = Path(recipe) if _is_path(recipe) else _shipped() / f"{recipe}.yaml"
    if not file.is_file():
        if _is_path(recipe):
            raise ValueError(f"there is no recipe {recipe}; name a YAML file, or one of {', '.join(names())}")
        near = get_close_matches(recipe, names(), n=1, cutoff=0.0)
        meant = f"did you mean {near[0]!r}? " if near else ""
        raise ValueError(f"{recipe!r} is no recipe; {meant}Known: {', '.join(names())}; or name a file")
    try:
        return yaml.safe_load(file.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise ValueError(f"recipe {recipe}{where}: found text that is no YAML; mend the file") from error


def _steps(found: Any, source: str) -> Plain:
    if not isinstance(found, Mapping) or not isinstance(found.get("steps"), Mapping) or not found["steps"]:
        raise ValueError("found no `steps:`, expected steps by name, as in screen.rules, or a recipe of DCLM")
    if unknown := [str(key) for key in found if key != "steps"]:
        raise ValueError(f"found the unknown key {unknown[0]}, expected `steps:` and nothing beside it")
    if source:
        raise ValueError(f"screen.source is {source!r}, but only recipes of DCLM have sources; leave it out")
    return {str(name): {} if step is None else step for name, step in found["steps"].items()}


def _resolved(name: str, step: Any, folders: list[Path], faithful: bool) -> Any:
    """One step with its files found and its mode set; a step that is none stays for the settings to refuse."""
    if isinstance(step, (Rule, Cut)):
        return step.model_copy(update={"arguments": _arguments(name, step.model_dump(), folders, faithful)})
    if not isinstance(step, Mapping) or not isinstance(step.get("arguments", {}), Mapping):
        return step
    if arguments := _arguments(name, step, folders, faithful):
        return {**step, "arguments": arguments}
    return step


def _arguments(name: str, step: Mapping[str, Any], folders: list[Path], faithful: bool) -> Plain:
    arguments = dict(step.get("arguments", {}))
    called, parameters = _called(step)
    files = () if is_own(called) else _FILE_ARGUMENTS
    for argument, value in arguments.items():
        try:
            if isinstance(value, Mapping) and set(value) == {"file"}:  # the lines of a file
                arguments[argument] = _lines(_found(str(value["file"]), folders))
            elif argument in files and argument in parameters and isinstance(value, str) and value:
                arguments[argument] = str(_found(value, folders))
        except FileNotFoundError as error:
            raise ValueError(
                f"step {name}: there is no file {error}; set screen.lists to the folder that has it, or take the step "
                f"out with `{name}: null` under screen.rules"
            ) from error
    if "file" in files and "file" in parameters:
        _check_list(name, arguments)
    return {"faithful": True, **arguments} if faithful and "faithful" in parameters else arguments


def _check_list(name: str, arguments: Plain) -> None:
    try:
        lists.check(arguments)
    except ValueError as error:
        raise ValueError(f"step {name}: {error}") from error


def _called(step: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """What a step measures or edits with, and its parameters; none where settings will refuse the step."""
    kind = "edit" if "edit" in step else "measure"
    functions: Mapping[str, Any] = CUTS if kind == "edit" else MEASURES
    called = step.get(kind)
    if not isinstance(called, str) or not (is_own(called) or called in functions):
        return "", ()
    function = own_function(called) if is_own(called) else functions[called]
    return called, tuple(inspect.signature(function).parameters)


def _found(file: str, folders: list[Path]) -> Path:
    """The file that a step means: as it stands, in `screen.lists`, or where it lies beside the recipe's folder. DCLM
    names files from the root of its repository, so the folders above are left out one by one."""
    for path in _places(file, folders):
        if path.is_file():
            return path
    raise FileNotFoundError(f"{file} (looked in {', '.join(map(str, folders)) or 'the working folder'})")


def _places(file: str, folders: list[Path]) -> Iterator[Path]:
    yield Path(file)
    parts = PurePosixPath(file).parts
    for folder in folders:
        for above in (folder, folder / ".."):
            yield from (above.joinpath(*parts[first:]) for first in range(len(parts)))


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text("utf-8").splitlines() if line]
