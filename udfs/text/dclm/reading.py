"""A recipe of DCLM while it is read, and what its mappers' translations share."""

from collections.abc import Iterator, Mapping
from math import inf
from types import MappingProxyType
from typing import Any, Literal

Plain = dict[str, Any]
Steps = Iterator[tuple[str, Plain]]  # what stands behind the mapper's name in the step's name, and the step
Words = Literal["fasttext", "uniseg", "split"]
Location = Literal["any", "prefix", "suffix"]

_OUR_WORDS = {"fasttext": "fasttext", "uniseg": "unicode", "split": "space"}


class Reading:
    """A recipe of DCLM while it is read: steps so far, notes, and the page keys that its enrichers write."""

    def __init__(self) -> None:
        self.steps: dict[str, Plain] = {}
        self.notes: list[str] = []
        self.by_langdetect: set[str] = set()  # the keys that langdetect was asked for
        self._keys: dict[str, Plain] = {}  # by key: the measure that an enricher writes there

    def note(self, text: str) -> None:
        """Note once what is done elsewhere or otherwise."""
        if text not in self.notes:
            self.notes.append(text)

    def add(self, name: str, step: Plain) -> None:
        """Add a step under `name`, or that with a number behind it."""
        count = sum(one == name or one.removeprefix(f"{name}_").isdecimal() for one in self.steps)
        self.steps[f"{name}_{count + 1}" if count else name] = step

    def enrich(self, key: str, step: Plain, overwrite: bool = False) -> None:
        """Add a step that only measures, named as the key that the enricher writes."""
        if key in self._keys and not overwrite:
            raise ValueError(f"the key {key!r} is written twice; name another key, or set overwrite")
        self._keys[key] = self.steps[key] = step

    def taken(self, key: str, mapper: str) -> Plain:
        """The measure that an enricher wrote to `key`, for a filter to put limits to. The enricher's step goes, since
        the filter's measures the same, unless an edit lies between the two."""
        if key not in self._keys:
            raise ValueError(
                f"{mapper} compares the page's key {key!r}, which no enricher before it writes; keys there are "
                f"{', '.join(self._keys) or 'none'}"
            )
        names = list(self.steps)
        between = names[names.index(key) + 1 :] if key in names else []
        if any("edit" in self.steps[name] for name in between):
            self.note(f"{mapper} measures {key} at its own place, behind edits that the enricher has not seen")
        else:
            self.steps.pop(key, None)
        return {**self._keys[key]}


def measure(name: str, limits: Mapping[str, float] = MappingProxyType({}), **arguments: Any) -> Plain:
    """A step that measures, with arguments and limits."""
    return {"measure": name, "arguments": arguments, **limits}


def edit(name: str, **arguments: Any) -> Plain:
    """A step that edits, with arguments."""
    return {"edit": name, "arguments": arguments}


def limits(**given: float) -> dict[str, float]:
    """The limits that limit something."""
    return {name: limit for name, limit in given.items() if abs(limit) != inf}


def words_of(model: Words, ignore_punctuation: bool) -> Plain:
    """The arguments of a measure that counts words."""
    return {"words": _OUR_WORDS[model], "punctuation": not ignore_punctuation}


def listed(banlist: str | list[str] | None, banlist_from_fname: str | None, mapper: str) -> Any:
    """The entries of a mapper's list as given, or the file they are in."""
    if banlist_from_fname is not None:
        return {"file": banlist_from_fname}
    if banlist is None:
        raise ValueError(f"{mapper} has neither banlist nor banlist_from_fname; give one")
    return [banlist] if isinstance(banlist, str) else banlist
