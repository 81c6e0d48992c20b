"""Texts to be labelled: rows of files with `id` and `text`, and what is known of them.

`source` says which collection a text is from; splits are made for each. `url` keeps pages of a host together, `lang`
and `licence` are handed on. All four may be missing. A row without id or text, and one whose id was there before, is
bad and passed over.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from udfs.models.dataman.truncation import cleaned
from udfs.teaching.rows import BadRow, FaultError, records, text_in

SOURCE = "own"
"""The source of texts that name none."""

_COLUMNS = ("id", "text", "source", "lang", "url", "licence")


class Text(NamedTuple):
    """A text to be labelled; `lang`, `url` and `licence` are "" where nothing is known."""

    id: str
    text: str
    source: str = SOURCE
    lang: str = ""
    url: str = ""
    licence: str = ""


def read_texts(paths: Sequence[Path]) -> Iterator[Text | BadRow]:
    """The texts of files, in order."""
    seen: set[str] = set()
    for path in paths:
        for one in records(path, _COLUMNS):
            if isinstance(one, BadRow):
                yield one
                continue
            number, record = one
            text = to_text(record)
            if isinstance(text, str):
                yield BadRow(path.name, number, text)
            elif text.id in seen:
                yield BadRow(path.name, number, "the id was there before")
            else:
                seen.add(text.id)
                yield text


def to_text(record: Mapping[str, Any]) -> Text | str:
    """The record as a text, or what is wrong with it. Fields of other names are passed over."""
    try:
        found = Text(**{name: text_in(record, name) for name in _COLUMNS})
    except FaultError as fault:
        return str(fault)
    if not found.id or not found.text.strip():
        return f"expected a string in {'text' if found.id else 'id'}, found nothing"
    if not cleaned(found.text).strip():
        return "expected a text, found image links alone"
    return found if found.source else found._replace(source=SOURCE)
